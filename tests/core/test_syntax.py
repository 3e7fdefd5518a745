"""Options, weights and lists of what not to show, read out of prompts."""

import pytest

from overpaint.syntax import read


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a (red:1.4) door", "a red door"),
        ("a ((red)) door", "a red door"),
        ("a (((red))) door", "a red door"),
        ("a [red] door", "a red door"),
        ("a [(red:1.4) and old] door", "a red and old door"),
        ("(masterpiece, best quality:1.2), door", "masterpiece, best quality, door"),
        (r"saber \(fate\)", "saber (fate)"),
        ("a door <lora:oldDoors:0.8>", "a door"),
        ("hot::2 dog::1", "hot, dog"),
    ],
)
def test_weights_become_plain_words(text: str, plain: str) -> None:
    """For a model that does not read weights, the words stay and the signs go."""
    reading = read(text, weights=False)

    assert reading.text == plain


@pytest.mark.parametrize(
    "text",
    [
        "a house (the left one) by the sea",
        "a door (red (dark red))",
        '{"colours": ["red", "blue"], "size": [1, 2]}',
        "he smiled --and left",
        "a dash — 3 of them; well-known, half-- open",
        "std::vector, 12:30, 4:3",
        "two  blanks\nand a line (",
        "a sign that says --arrival",
        "100% cotton, #3 & more",
    ],
)
@pytest.mark.parametrize("weights", [True, False])
def test_prose_stays_as_it_is(text: str, weights: bool) -> None:
    """What only looks a little like syntax is not touched, and nothing is said about it."""
    reading = read(text, weights=weights)

    assert reading.text == text
    assert not reading.notes
    assert not reading.unwanted


def test_weights_are_kept_for_models_that_read_them() -> None:
    """A weighted prompt goes to Stable Diffusion as it was written."""
    text = r"a ((red)) door (with brass:1.4), [old], \(x\) <lora:doors:1>"

    assert read(text, weights=True).text == text


@pytest.mark.parametrize(
    ("text", "strong"),
    [
        ("a (red:1.4) door", ["red"]),
        ("a ((red)) door", ["red"]),
        ("a (red:1.1) door", []),
        ("[red] door", []),
        ("(old ((red)) door:1.3)", ["old red door"]),
        (f"({'word ' * 40}:1.5)", []),
    ],
)
def test_only_strong_weights_are_worth_words(text: str, strong: list[str]) -> None:
    """What a weight of 1.2 and more was for is remembered, unless it is nearly everything."""
    assert read(text, weights=False).strong == strong


@pytest.mark.parametrize(
    ("text", "left", "option"),
    [
        ("a cat --ar 16:9", "a cat", "--ar 16:9"),
        ("a cat —ar 16:9 in hat", "a cat in hat", "—ar 16:9"),
        ("--ar 3:2 --v 6.1 a cat", "a cat", "--v 6.1"),
        ("a cat --seed 123, sleeping", "a cat, sleeping", "--seed 123"),
        ("a cat --style raw --s 250", "a cat", "--style raw"),
        ("a cat --q .5 --tile", "a cat, seamless tileable pattern", "--tile"),
        ("a cat --sref https://example.org/a.png?b=1", "a cat", "--sref"),
    ],
)
def test_options_of_other_tools_are_left_out_with_a_note(text: str, left: str, option: str) -> None:
    """Each option is quoted in a note that says why it is not needed."""
    reading = read(text, weights=True)

    assert reading.text == left
    assert any(option in each for each in reading.notes)


def test_the_note_on_an_aspect_says_where_the_size_comes_from() -> None:
    """A user who asks for a shape learns that the selection decides it."""
    assert read("x --ar 16:9", weights=True).notes == [
        "'--ar 16:9' was left out: the size comes from the selection."
    ]


@pytest.mark.parametrize(
    ("text", "left", "unwanted"),
    [
        ("a street --no cars, people", "a street", ["cars, people"]),
        ("a street --no cars --ar 1:1 --no people", "a street", ["cars", "people"]),
        ("a street --no cars\nat night", "a street\nat night", ["cars"]),
        ("a street --no", "a street", []),
        ("a street\nNegative prompt: cars\nSteps: 20, Sampler: x", "a street", ["cars"]),
    ],
)
def test_what_must_not_be_shown_is_taken_out(text: str, left: str, unwanted: list[str]) -> None:
    """`--no`, and a pasted negative prompt, leave the prompt for where they belong."""
    reading = read(text, weights=True)

    assert (reading.text, reading.unwanted) == (left, unwanted)
