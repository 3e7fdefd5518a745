"""The words that a model gets for a recipe."""

import re
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.dialect import Dialect, MaskUse, Role, Text
from overpaint.prompt import compose
from overpaint.recipe import MAX_PROMPT, Edit, Part, Recipe

GEMINI = Dialect(instructs=True, mask=MaskUse.PICTURE)
OPENAI = Dialect(instructs=True, mask=MaskUse.FIELD)
MASKLESS = Dialect(instructs=True)
DIFFUSION = Dialect(instructs=False, negative=True, weights=True, mask=MaskUse.FIELD)
FLUX = Dialect(instructs=False, mask=MaskUse.FIELD)
ALL = [GEMINI, OPENAI, MASKLESS, DIFFUSION, FLUX]


def said(dialect: Dialect, edit: Edit = Edit.INPAINT, *references: Role, **recipe: Any) -> Text:
    return compose(Recipe(edit=edit, **recipe), dialect, references)


dialects = st.builds(
    Dialect,
    instructs=st.booleans(),
    negative=st.booleans(),
    weights=st.booleans(),
    mask=st.sampled_from(MaskUse),
    longest=st.integers(1, 3000) | st.just(32_000),
)
# Text of what prompts are made of, much likelier to hit something than any text.
pieces = st.lists(
    st.sampled_from(
        ["(", ")", "[", "]", ":1.3", ":", "--ar 16:9", "--no ", "--seed", " ", "a", "red", ",",
         "\n", "<lora:x:1>", "::2", "\\", '"', "—v 6", "Negative prompt: b", ".", "remove "]
    ),
    max_size=30,
).map("".join)  # fmt: skip
texts = pieces | st.text(max_size=300)
recipes = st.builds(
    Recipe,
    edit=st.sampled_from(Edit),
    prompt=texts,
    negative=texts,
    parts=st.dictionaries(st.sampled_from(Part), texts, max_size=4),
)
roles = st.lists(st.sampled_from(Role), max_size=3)
# Brackets that cross, as in "([a)]", weigh nothing anywhere.
WEIGHT = re.compile(r"\([^()]*:\s*\d*\.?\d+\s*\)|\(\([^()]*\)\)|\[[^\[\]()\"]*[a-z][^\[\]()\"]*\]")


@given(recipes, dialects, roles)
@settings(max_examples=300, deadline=None)
def test_any_wish_becomes_words_that_the_model_takes(
    recipe: Recipe, dialect: Dialect, references: list[Role]
) -> None:
    """Nothing raises or is too long, and no weight reaches a model that does not read them."""
    text = compose(recipe, dialect, references)

    assert max(len(text.prompt), len(text.negative)) <= dialect.longest
    if not dialect.weights:
        assert not WEIGHT.search(text.prompt)
        assert not WEIGHT.search(text.negative)
    if not dialect.negative:
        assert not text.negative
    assert text == compose(recipe, dialect, references)
    assert len(set(text.notes)) == len(text.notes)
    assert all(note[-1] == "." for note in text.notes)


words = st.lists(st.text(string.ascii_letters, min_size=2, max_size=9), min_size=1, max_size=30)


@given(words, words, st.sampled_from(ALL), st.sampled_from(Edit), roles)
@settings(deadline=None)
def test_the_users_words_survive(
    free: list[str], style: list[str], dialect: Dialect, edit: Edit, references: list[Role]
) -> None:
    """Every plain word is said, in the prompt or in what must not be shown."""
    text = said(
        dialect,
        edit,
        *references,
        prompt="x " + " ".join(free),
        parts={Part.STYLE: " ".join(style)},
    )

    if edit is Edit.REMOVE and dialect is FLUX:
        assert "cannot be told" in " ".join(text.notes)
        free = []
    everything = f"{text.prompt} {text.negative}"
    assert all(word in everything for word in [*free, *style])


plain_texts = words.map(" ".join)


@given(
    st.builds(
        Recipe,
        edit=st.sampled_from(Edit),
        prompt=plain_texts | st.just(""),
        negative=plain_texts | st.just(""),
        parts=st.dictionaries(st.sampled_from(Part), plain_texts),
    ),
    st.sampled_from(ALL),
    roles,
)
@settings(deadline=None)
def test_words_that_were_composed_before_are_sent_as_they_are(
    recipe: Recipe, dialect: Dialect, references: list[Role]
) -> None:
    """A previewed text that the user takes over as the prompt is not wrapped a second time."""
    once = compose(recipe, dialect, references)
    taken = Recipe(edit=recipe.edit, prompt=once.prompt, negative=once.negative)

    again = compose(taken, dialect, references)

    assert (again.prompt, again.negative) == (once.prompt, once.negative)


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("edit", Edit)
def test_a_common_wish_can_be_composed_twice(dialect: Dialect, edit: Edit) -> None:
    """The final text, used as a prompt with the same parts, stays the final text."""
    wish: dict[str, Any] = {
        "prompt": "a ((red)) door --no people --ar 1:1",
        "negative": "blur",
        "parts": {Part.STYLE: "watercolour", Part.SUBJECT: "a fox", Part.SETTING: "a wood"},
    }
    once = said(dialect, edit, Role.STYLE, **wish)

    twice = said(
        dialect, edit, Role.STYLE, **{**wish, "prompt": once.prompt, "negative": once.negative}
    )

    assert (twice.prompt, twice.negative) == (once.prompt, once.negative)


def test_longest_wish_is_quick_enough_to_be_previewed() -> None:
    """Hostile texts of full length take seconds at most, not minutes."""
    for hostile in ("(", "((x))", "([x:1.2)]", "--no ", "--ar ", " ", "[", "a, ", "\\("):
        text = f"a{hostile * MAX_PROMPT}"[: MAX_PROMPT - 1] + "b"
        for dialect in (GEMINI, DIFFUSION):
            assert len(said(dialect, prompt=text, negative=text).prompt) <= MAX_PROMPT


# Instructions


def test_a_mask_picture_is_explained() -> None:
    """A model that gets the mask as a second picture is told what white and black mean."""
    prompt = said(GEMINI, prompt="a wooden door").prompt

    assert prompt.startswith("The first picture is the one to edit. The second picture is a mask")
    assert "white marks what to change, black what to keep identical" in prompt
    assert "\na wooden door\n" in prompt
    assert "Continue light, shadows, perspective, focus and grain" in prompt


def test_a_mask_field_needs_no_second_picture() -> None:
    """Where the request has a place for the mask, the words only point to it."""
    prompt = said(OPENAI, prompt="a wooden door").prompt

    assert "masked area" in prompt
    assert "second picture" not in prompt


def test_without_any_mask_the_user_is_told_to_say_where() -> None:
    """A model that cannot be shown the selection needs words; without any, a note says so."""
    assert any("where" in note for note in said(MASKLESS, Edit.REMOVE).notes)
    assert not said(MASKLESS, Edit.REMOVE, prompt="the lamp on the left").notes
    assert "mask" not in said(MASKLESS, Edit.REMOVE, prompt="the lamp").prompt


@pytest.mark.parametrize(
    ("dialect", "edit", "places"),
    [
        (GEMINI, Edit.INPAINT, ("third", "fourth")),
        (OPENAI, Edit.INPAINT, ("second", "third")),
        (GEMINI, Edit.GENERATE, ("first", "second")),
    ],
)
def test_references_are_numbered_after_what_is_edited(
    dialect: Dialect, edit: Edit, places: tuple[str, str]
) -> None:
    """Each reference is called by its place among all pictures that are sent, and its role."""
    prompt = said(dialect, edit, Role.SUBJECT, Role.STYLE, prompt="a fox").prompt

    assert f"The {places[0]} picture shows the subject" in prompt
    assert f"The {places[1]} picture shows the style" in prompt


def test_removing_says_what_takes_the_place() -> None:
    """The user's words name what goes, the setting what is there instead."""
    prompt = said(GEMINI, Edit.REMOVE, prompt="the lamp", parts={Part.SETTING: "a hedge"}).prompt

    assert "Remove from the white area what follows" in prompt
    assert prompt.index("the lamp") < prompt.index("Put there instead: Setting: a hedge.")
    assert "what would be seen behind it" in prompt


def test_a_style_can_come_from_a_reference_alone() -> None:
    """Without words, the style is that of the style reference."""
    prompt = said(GEMINI, Edit.STYLE, Role.SCENE, Role.STYLE).prompt

    assert "in the style of the fourth picture" in prompt
    assert "keep its subjects, shapes, poses and composition" in prompt


def test_what_must_not_be_shown_becomes_a_sentence() -> None:
    """An instruction model without a field for it reads it in the prompt."""
    text = said(GEMINI, prompt="a street --no cars", negative="people, cars")

    assert "Do not show: cars or people." in text.prompt
    assert text.negative == ""


def test_parts_are_said_by_name_after_free_text() -> None:
    """Subject and action come first, then the user's sentence, then the other parts, named."""
    parts = {Part.MOOD: "calm", Part.ACTION: "asleep", Part.SUBJECT: "a fox"}
    prompt = said(OPENAI, Edit.GENERATE, prompt="Snow falls.", parts=parts).prompt

    assert prompt.endswith("\na fox asleep. Snow falls. Mood: calm.")


def test_strong_weights_become_an_emphasis() -> None:
    """What was weighted is named once more, and the note says why."""
    text = said(OPENAI, prompt="a (red:1.4) door")

    assert "a red door\nEmphasis on red." in text.prompt
    assert text.notes == (
        "Weights such as '(red:1.4)' became plain words: this model does not read them.",
    )


# Descriptions


def test_a_diffusion_model_gets_the_users_words_only() -> None:
    """Nothing is said around a description; parts are joined to it with commas."""
    text = said(
        DIFFUSION,
        prompt="a (red:1.3) door --no people",
        negative="blurry",
        parts={Part.STYLE: "oil painting"},
    )

    assert text == Text("a (red:1.3) door, oil painting", "people, blurry")


def test_removing_describes_the_empty_place() -> None:
    """A diffusion model is asked for background, and not to show what is to go."""
    text = said(DIFFUSION, Edit.REMOVE, prompt="Remove the lamp post.", negative="blurry")

    assert text.prompt.startswith("empty background")
    assert text.negative == "the lamp post, blurry"


@pytest.mark.parametrize(
    ("instruction", "description"),
    [
        ("Replace the door with a red gate", "a red gate"),
        ("turn the house into a castle.", "a castle"),
        ("add two trees", "two trees"),
        ("please draw me a sheep", "a sheep"),
    ],
)
def test_a_plain_instruction_becomes_a_description(instruction: str, description: str) -> None:
    """'Replace the door with a gate' is sent as what will be seen, and a note says so."""
    text = said(DIFFUSION, prompt=instruction)

    assert text.prompt.rstrip(".") == description
    assert f"'{instruction}' was sent as '{text.prompt}'." in text.notes[0]
    assert instruction in said(OPENAI, prompt=instruction).prompt


@pytest.mark.parametrize(
    "description",
    [
        "paint splatter on a wall",
        "turn of the century house, open to the garden",
        "place with a view into the valley",
        "show jumping, a horse in mid-air",
        "replace the man with a hat with a woman with a dog",
        "change the colour to red",
        "cut out paper stars",
        "Add a tree. Keep the sky.",
    ],
)
def test_a_description_stays_as_it_is(description: str) -> None:
    """Only what cannot mean anything else is taken for an instruction."""
    assert said(DIFFUSION, prompt=description) == Text(description)


def test_to_remove_by_inpainting_is_understood() -> None:
    """A diffusion model that is told to remove something would show it, so it is told otherwise."""
    text = said(DIFFUSION, prompt="Remove the lamp post.")

    assert text.prompt.startswith("empty background")
    assert text.negative == "the lamp post"
    assert "'Remove the lamp post.' was sent as 'empty background" in text.notes[0]


def test_a_part_that_is_said_already_is_not_repeated() -> None:
    """No words twice, whether they came as a part or as free text."""
    text = said(DIFFUSION, prompt="a fox, oil painting", parts={Part.STYLE: "oil painting"})

    assert text.prompt == "a fox, oil painting"


def test_a_model_that_cannot_be_told_what_not_to_show_is_not() -> None:
    """Naming it in a description would bring it about, so it is left out with a note."""
    text = said(FLUX, prompt="a street", negative="cars")

    assert text.prompt == "a street"
    assert text.notes == (
        "What the picture must not show was left out: this model has no way to say it (cars).",
    )


# Length


def test_our_own_sentences_give_way_to_the_users_words() -> None:
    """Before a word of the user is cut, what Overpaint adds beside the task is left out."""
    wish = "word " * 100
    text = said(Dialect(instructs=True, mask=MaskUse.FIELD, longest=700), prompt=wish)

    assert wish.strip() in text.prompt
    assert "without a visible seam" not in text.prompt
    assert not text.notes


def test_a_wish_that_is_too_long_is_cut_between_words_with_a_note() -> None:
    """Never silently: the note has the numbers."""
    text = said(Dialect(instructs=False, longest=50), prompt="word " * 20)

    assert text.prompt == " ".join(["word"] * 10)
    assert text.notes == (
        "The prompt was cut to 49 of its 99 characters: this model takes at most 50.",
    )
