"""Presets: ours, the user's, what they add, and what is said of a file that is wrong."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overpaint import presets
from overpaint.dialect import Dialect
from overpaint.errors import RecipeInvalid
from overpaint.presets import Preset, apply
from overpaint.prompt import compose
from overpaint.recipe import Edit, Part, Recipe

DOCS = Path(__file__).parents[2] / "docs" / "presets.md"
RECIPE = Recipe(edit=Edit.INPAINT, prompt="a door", parts={Part.STYLE: "soft"}, negative="blur")


def test_the_built_in_presets_are_sound(tmp_path: Path) -> None:
    """About thirty, each with a name, a category, and words that a model can be given."""
    found = presets.load(tmp_path)

    assert not found.problems
    assert len(found.by_id) >= 30
    assert {each.category for each in found.by_id.values()} >= {
        "Illustration",
        "Photography",
        "Retouching",
        "Games",
    }
    names = [each.name for each in found.by_id.values()]
    assert len(set(names)) == len(names)
    for preset in found.by_id.values():
        values = dict.fromkeys(preset.asks_for, "something")
        recipe = apply(preset, Recipe(edit=Edit.INPAINT), values)
        text = compose(recipe, Dialect(instructs=False, negative=True, longest=1000))
        assert text.prompt
        assert not text.notes
        assert "{" not in text.prompt


def test_a_preset_adds_to_what_the_user_says() -> None:
    """The user's words come first; nothing is said twice, however often it is applied."""
    preset = Preset(
        id="x", name="X", parts={Part.STYLE: "ink", Part.MOOD: "calm"}, negative="photo"
    )

    once = apply(preset, RECIPE)

    assert once.prompt == "a door"
    assert once.parts == {Part.STYLE: "soft, ink", Part.MOOD: "calm"}
    assert once.negative == "blur, photo"
    assert apply(preset, once) == once


def test_a_template_takes_its_fields_from_values_parts_and_usual_values() -> None:
    """In this order; a part that was used is not said a second time."""
    preset = Preset(
        id="x", name="X", prompt="{subject} of {material}, {light}", fields={"light": "dim"}
    )
    recipe = Recipe(edit=Edit.GENERATE, parts={Part.SUBJECT: "a box", Part.MOOD: "calm"})

    filled = apply(preset, recipe, {"material": "{wood}"})

    assert preset.asks_for == ("subject", "material", "light")
    assert filled.prompt == "a box of {wood}, dim"
    assert filled.parts == {Part.MOOD: "calm"}


def test_free_text_goes_where_the_template_wants_it() -> None:
    """{prompt} is its place; without one it follows the template."""
    inside = Preset(id="x", name="X", prompt="icon of {prompt}, centred")
    after = Preset(id="x", name="X", prompt="an icon")

    assert apply(inside, RECIPE).prompt == "icon of a door, centred"
    assert apply(after, RECIPE).prompt == "an icon. a door"


def test_a_field_without_a_value_is_asked_for() -> None:
    """The error names the preset and the field."""
    preset = Preset(id="x", name="Icon", prompt="icon of {subject}")

    with pytest.raises(RecipeInvalid, match="'Icon' needs a value for 'subject'"):
        apply(preset, RECIPE)


def test_the_user_can_add_and_replace(tmp_path: Path) -> None:
    """A file in the user's folder adds presets; one of an id of ours takes its place."""
    (tmp_path / "mine.toml").write_text(
        '[my-style]\nname = "Mine"\nstyle = "dots"\nedits = ["style"]\n'
        '[watercolour]\nstyle = "my own"\n',
        encoding="utf-8",
    )

    found = presets.load(tmp_path)

    assert found.get("my-style").edits == {Edit.STYLE}
    assert found.get("my-style").own
    assert found.get("watercolour").parts == {Part.STYLE: "my own"}
    assert not found.get("gouache").own


GOOD = '[good]\nstyle = "dots"\n'


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        (f"{GOOD}[bad\n", 3, "not TOML"),
        (f'{GOOD}[bad]\nstyle = "open\n', 4, "not TOML"),
        (f'{GOOD}[bad]\n\nstyle = "x"\ncolour = "red"\n', 6, "'colour' is not known"),
        (f"{GOOD}[bad]\nstyle = 3\n", 4, "style must be text"),
        (f"{GOOD}[bad]\nname = 'x'\n", 3, "says nothing"),
        (f'{GOOD}[bad]\nedits = ["paint"]\nstyle = "x"', 4, "edits must be a list"),
        (f'{GOOD}["Bad One"]\nstyle = "x"', 3, "no name for a preset"),
        (f"bad = 3\n{GOOD}", 1, "not a table"),
        (f'{GOOD}[bad]\nprompt = "a {{b}}"\nfields = {{ c = "x" }}', 5, "no field {c}"),
        (f'{GOOD}[bad]\nprompt = "a"\n[bad.fields]\nc = "x"', 3, "no field {c}"),
        (f'{GOOD}[bad]\nstyle = "{"x" * 5000}"', 4, "longer than 4000"),
        (f'{GOOD}[good]\nstyle = "x"', 3, "not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    tmp_path: Path, text: str, line: int, complaint: str
) -> None:
    """The sentence names file, line and fault; other files and presets stay usable."""
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    (tmp_path / "b.toml").write_text('[other]\nmood = "calm"\n', encoding="utf-8")

    found = presets.load(tmp_path)

    [problem] = found.problems
    assert problem.startswith(f"{tmp_path / 'a.toml'}, line {line}: ")
    assert complaint in problem
    assert "other" in found.by_id
    assert "gouache" in found.by_id
    assert ("good" in found.by_id) == ("not TOML" not in complaint)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """Another encoding, a folder, a file that is too large, a link to nowhere: a sentence each."""
    (tmp_path / "a.toml").write_bytes(GOOD.encode() + b'[bad]\nstyle = "\xe4"\n')
    (tmp_path / "b.toml").mkdir()
    (tmp_path / "c.toml").write_bytes(b"#" * ((1 << 20) + 1))
    (tmp_path / "d.toml").symlink_to(tmp_path / "nowhere")

    problems = presets.load(tmp_path).problems

    assert [re.sub(r".*/", "", problem) for problem in problems] == [
        "a.toml, line 4: this is not UTF-8. Save the file in UTF-8.",
        "b.toml cannot be read: it is not a file.",
        "c.toml cannot be read: it is larger than 1 MB.",
        "d.toml cannot be read: it is not a file.",
    ]


@given(st.text(max_size=200) | st.binary(max_size=100))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_the_others(tmp_path: Path, content: str | bytes) -> None:
    """Whatever a file holds, the built-in presets are there."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    (tmp_path / "a.toml").write_bytes(data)

    assert len(presets.load(tmp_path).by_id) >= 30


def test_an_unknown_preset_is_told_with_what_is_wrong(tmp_path: Path) -> None:
    """Whoever misses a preset of their own learns which file was not read."""
    (tmp_path / "a.toml").write_text("[bad", encoding="utf-8")

    with pytest.raises(RecipeInvalid, match=r"no preset called 'bad'.*a\.toml, line 1"):
        presets.load(tmp_path).get("bad")


def test_the_example_in_the_docs_is_one(tmp_path: Path) -> None:
    """What docs/presets.md shows can be put into a file as it is."""
    [example] = re.findall(
        r"^```toml\n(.*?)^```$", DOCS.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")

    found = presets.load(tmp_path)

    assert not found.problems
    assert found.get("label").asks_for == ("content", "subject")
    assert found.get("my-poster").parts


def test_without_a_folder_there_are_the_built_in_ones(tmp_path: Path) -> None:
    """Most users have no folder of their own."""
    assert not presets.load(tmp_path / "none").problems
