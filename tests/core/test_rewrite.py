"""Asking a language model for a better prompt, and reading what it answers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint import rewrite
from overpaint.dialect import Dialect, MaskUse, Role
from overpaint.errors import AnswerUnusable, RecipeInvalid
from overpaint.recipe import Edit, Part, Recipe
from overpaint.rewrite import Rewritten, accept, ask, read

GEMINI = Dialect(instructs=True, mask=MaskUse.PICTURE)
DIFFUSION = Dialect(instructs=False, negative=True, weights=True, longest=400)
PROMPT = "An old oak door, half open, in a wall of grey stone."


def question(dialect: Dialect = GEMINI, *references: Role, **recipe: Any) -> rewrite.Question:
    return ask(Recipe(**{"edit": Edit.INPAINT, "prompt": "a door", **recipe}), dialect, references)


def test_the_wish_holds_all_that_the_user_said() -> None:
    """Free text, parts and what must not be seen, without options of other tools."""
    asked = question(
        prompt="a ((red)) door --no people --ar 16:9",
        parts={Part.STYLE: "watercolour", Part.SUBJECT: "a door"},
        negative="cars",
    )

    assert asked.wish == (
        "a red door\nSubject: a door\nStyle: watercolour\nMust not be seen: people, cars"
    )
    assert "a red door" not in asked.instructions


@pytest.mark.parametrize("edit", Edit)
def test_the_instructions_fit_edit_and_model(edit: Edit) -> None:
    """Each edit has its own; a model that wants descriptions gets no sentences of command."""
    told = question(edit=edit).instructions
    described = question(DIFFUSION, edit=edit).instructions

    assert "complete sentences" in told
    assert "phrases with commas" in described
    assert "150 words" in told
    assert "50 words" in described
    others = {question(edit=other).instructions for other in Edit if other is not edit}
    assert told not in others
    assert "{" not in told + described


def test_references_are_mentioned_by_their_role() -> None:
    """The language model does not see them, and is told so."""
    told = question(GEMINI, Role.STYLE, Role.SUBJECT, Role.STYLE).instructions

    assert "for: style, subject." in told


def test_nothing_cannot_be_rewritten() -> None:
    """Without a wish nobody is asked."""
    with pytest.raises(RecipeInvalid):
        question(prompt=" --ar 1:1 ")


@pytest.mark.parametrize(
    "answer",
    [
        PROMPT,
        f'"{PROMPT}"',
        f"“{PROMPT}”",
        f"**{PROMPT}**",
        f"```\n{PROMPT}\n```",
        f"```text\n{PROMPT}",
        f"Here is the prompt:\n\n```\n{PROMPT}\n```\n\nLet me know if you want changes!",
        f"Here is your rewritten prompt: {PROMPT}",
        f"Sure! Here's a full image prompt:\n\n{PROMPT}",
        f"Sure, I can help with that.\n\n{PROMPT}",
        f"Certainly.\nHere is an improved version of it:\n**Prompt:** {PROMPT}",
        f"Prompt: {PROMPT}",
        f"**Rewritten prompt:**\n\n{PROMPT}",
        f"## Image prompt\n{PROMPT}",
        f"{PROMPT}\n\nNote: I added the wall.",
        f"{PROMPT}\n\n---\nFeel free to ask.",
        f"<think>The user wants a door: {{}}\n</think>\n\n{PROMPT}",
        f'{{"prompt": "{PROMPT}"}}',
        f'```json\n{{"Prompt": "{PROMPT}", "notes": 3}}\n```',
        f'Here it is:\n```json\n[{{"text": "{PROMPT}"}}]\n```',
        f'"Prompt: {PROMPT}"',
        f"  {PROMPT.replace(' ', '  ')}\r\n\n",
        f"Okay! {PROMPT}\x00",
    ],
)
def test_the_prompt_is_found_in_what_models_say_around_it(answer: str) -> None:
    """Greetings, labels, fences, quotation marks, JSON, thoughts and remarks are taken away."""
    assert read(answer, GEMINI) == Rewritten(PROMPT)


@pytest.mark.parametrize(
    "answer",
    [
        "Great wall of China.\nA winding ridge: towers in fog.",
        "Here is where the road ends: a gate.",
        'A sign that reads "OPEN", beside one that reads "SHUT"',
        '"OPEN" on one door and "SHUT"',
        "A prompt: box of a theatre, seen from the stage.",
        '{"scene": "a wall", "colours": ["red"]}',
        "Sure-footed goats on a cliff.",
    ],
)
def test_what_belongs_to_the_prompt_stays(answer: str) -> None:
    """Words that only look a little like talk are not cut."""
    assert read(answer, GEMINI) == Rewritten(answer)


@pytest.mark.parametrize(
    ("answer", "negative"),
    [
        (f"{PROMPT}\nNegative: people, cars.", "people, cars"),
        (f"{PROMPT}\n\n**Negative prompt:** people", "people"),
        (f"```\n{PROMPT}\n```\nNegative: people", "people"),
        (f"{PROMPT}\nNegative: none", ""),
        (f'{{"prompt": "{PROMPT}", "negative_prompt": ["people", "cars"]}}', "people, cars"),
    ],
)
def test_what_must_not_be_seen_is_kept_apart(answer: str, negative: str) -> None:
    """It comes as a last line, or under a name of its own."""
    assert read(answer, DIFFUSION) == Rewritten(PROMPT, negative)


@pytest.mark.parametrize(
    "answer", ["", " \n", "```\n```", "Here is the prompt:\n", "...", "<think>"]
)
def test_an_answer_without_a_prompt_is_an_error(answer: str) -> None:
    """The user keeps their own words."""
    with pytest.raises(AnswerUnusable):
        read(answer, GEMINI)


def test_an_endless_answer_is_bounded() -> None:
    """No longer than the model takes, cut between words, and read quickly."""
    read_text = read("word and, " * 100_000, DIFFUSION).prompt

    assert len(read_text) <= 400
    assert read_text.endswith(("word", "and"))
    for hostile in (
        "```\n",
        "<think>",
        "[" * 9 + '"',
        "Here is ",
        "sure, ",
        "\nNote: ",
        "**",
        " ",
        "\n",
    ):
        try:
            read(f"a{hostile * 20_000}b", GEMINI)
            read(hostile * 20_000, GEMINI)
        except AnswerUnusable:
            continue


answers = st.lists(
    st.sampled_from(
        ["```", "\n", "Here is the prompt:", "Prompt:", '"', "{", "}", ":", "Negative: ", "a", " ",
         "**", "Sure!", "<think>", "</think>", "Note:", '{"prompt": "x"}', "---", "“", "'"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(answers | st.text(max_size=200), st.integers(1, 200))
@settings(deadline=None)
def test_any_answer_is_a_prompt_or_an_error(answer: str, longest: int) -> None:
    """Whatever a language model says."""
    try:
        rewritten = read(answer, Dialect(instructs=True, longest=longest))
    except AnswerUnusable:
        return

    assert 0 < len(rewritten.prompt) <= longest
    assert len(rewritten.negative) <= longest


def test_what_is_accepted_replaces_prompt_and_parts() -> None:
    """The parts are in the new words already; what must not be seen is added up."""
    recipe = Recipe(
        edit=Edit.INPAINT, prompt="a door", parts={Part.STYLE: "ink"}, negative="cars", seed=3
    )

    accepted = accept(recipe, Rewritten(PROMPT, "people"))

    assert (accepted.prompt, accepted.parts, accepted.negative) == (PROMPT, {}, "cars, people")
    assert accepted.seed == 3
    assert accept(accepted, Rewritten(PROMPT, "people")) == accepted
