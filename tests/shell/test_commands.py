"""The commands on the headless host: the same plug-in file, the real core, no GIMP."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gimpfu import enums, gimp, headless
from shell import recipes, result_layers

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugin" / "overpaint-gimp" / "overpaint-gimp.py"
WIDTH, HEIGHT = 120, 90
BAD_CORE = Path(__file__).parents[1] / "process" / "bad_core.py"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> headless.Host:
    """A host that has loaded the plug-in, with the real core."""
    launch(tmp_path, monkeypatch, [sys.executable, "-I", "-m", "overpaint.serve"])
    host = headless.Host()
    host.load(PLUGIN)
    return host


def launch(folder: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    spec = folder / "core.json"
    spec.write_text(json.dumps({"argv": argv}))
    monkeypatch.setenv("OVERPAINT_LAUNCH", str(spec))


def scene(host: headless.Host, selection: bytes | None = None):
    """A striped image with one layer and a soft square selection."""
    image = host.new_image(WIDTH, HEIGHT)
    pixels = bytes(
        channel
        for y in range(HEIGHT)
        for x in range(WIDTH)
        for channel in (x * 2 % 256, (x // 8 * 40 + y) % 256, 90)
    )
    layer = host.add_layer(image, "Photo", pixels)
    host.set_selection(image, soft_square() if selection is None else selection)
    return image, layer


def soft_square() -> bytes:
    rows = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            inside = 40 <= x < 70 and 30 <= y < 50
            rows.append(255 if inside and x != 40 else 77 if inside else 0)
    return bytes(rows)


def test_removing_adds_one_masked_layer_above(host: headless.Host) -> None:
    """One new layer above the target, masked by the selection to the byte, in one undo group."""
    image, layer = scene(host)
    before = layer.read_pixels(0, 0, WIDTH, HEIGHT, None)

    host.run("plug-in-overpaint-remove", image, layer)

    new, old = image.layers
    assert old == layer
    assert layer.read_pixels(0, 0, WIDTH, HEIGHT, None) == before
    x, y = new.offsets
    selected = image.selection.read_pixels(x, y, new.width, new.height, "Y u8")
    assert new.mask.read_pixels(0, 0, new.width, new.height, "Y u8") == selected
    assert len(host.undo_steps(image)) == 1
    assert image.active_layer == layer


@pytest.mark.parametrize("feather", [0, 9])
def test_no_layer_is_left_over(host: headless.Host, feather: int) -> None:
    """Whatever layer or mask a run makes is in the image afterwards."""
    image, layer = scene(host)
    known = set(host._store.items)

    host.run("plug-in-overpaint-remove", image, layer, feather=feather)

    (new, _old) = image.layers
    assert set(host._store.items) - known == {new.ID, new.mask.ID}


def test_undo_takes_it_all_back(host: headless.Host) -> None:
    """One step back is the former document."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-remove", image, layer)

    host.undo(image)

    assert image.layers == [layer]


def test_the_recipe_is_on_the_layer_and_makes_it_again(host: headless.Host) -> None:
    """The new layer carries its recipe; running with its seed gives the same pixels."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-remove", image, layer)
    first = image.layers[0]
    recipe = json.loads(first.parasite_find(result_layers.PARASITE).data.rstrip(b"\0"))

    host.run("plug-in-overpaint-remove", image, layer, seed=recipe["seed"])

    again = image.layers[1]
    assert recipe["edit"] == "remove"
    size = (0, 0, first.width, first.height, None)
    assert first.read_pixels(*size) == again.read_pixels(*size)


def test_a_layer_is_named_after_its_prompt(host: headless.Host) -> None:
    """Long prompts are cut, and what the engine cannot do is said."""
    image, layer = scene(host)

    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a  very\nlong " + "prompt " * 20)

    assert image.layers[0].name.startswith("a very long prompt")
    assert len(image.layers[0].name) <= 40
    assert any("cannot read prompts" in message for message in host.messages)


def test_progress_is_shown(host: headless.Host) -> None:
    """The progress bar says what is going on."""
    image, layer = scene(host)

    host.run("plug-in-overpaint-remove", image, layer)

    assert any("Filling" in str(step.value) for step in host.progress)


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("exits-at-once", "ended before it was done"),
        ("dies-midway", "ended before it was done"),
        ("prints-text", "does not speak its protocol"),
        ("garbage-midway", "does not speak its protocol"),
        ("other-version", "different releases"),
        ("other-region", "does not speak its protocol"),
        ("no-patch", "does not speak its protocol"),
        ("fails", "It is raining"),
    ],
)
def test_a_bad_core_is_one_message_and_no_change(
    host: headless.Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: str,
    sentence: str,
) -> None:
    """Whatever a core does wrong: one message, and not one undo step."""
    monkeypatch.setenv("OVERPAINT_WIRE_PARENT", str(ROOT / "core" / "overpaint"))
    launch(tmp_path, monkeypatch, [sys.executable, str(BAD_CORE), behaviour])
    image, layer = scene(host)

    outcome = host.run("plug-in-overpaint-remove", image, layer)

    assert sentence in outcome.message
    assert image.layers == [layer]
    assert not host.undo_steps(image)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (None, "not installed"),
        ("{", "cannot be read"),
        ('{"argv": []}', "names no command"),
        ('{"argv": ["/nowhere/python"]}', "could not be started"),
    ],
)
def test_a_missing_core_is_told_with_what_to_do(
    host: headless.Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: str | None,
    sentence: str,
) -> None:
    """Every way in which the launch spec can be wrong says to run the installer again."""
    path = tmp_path / "other.json"
    if spec is not None:
        path.write_text(spec)
    monkeypatch.setenv("OVERPAINT_LAUNCH", str(path))
    image, layer = scene(host)

    outcome = host.run("plug-in-overpaint-remove", image, layer)

    assert sentence in outcome.message
    assert "installer" in outcome.message


def test_an_insert_that_fails_midway_leaves_nothing(
    host: headless.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If GIMP refuses the mask, the layer is taken out again and the undo group is closed."""
    image, layer = scene(host)

    def refuse(_layer: object, _kind: int) -> None:
        raise RuntimeError("no memory for a mask")

    monkeypatch.setattr(type(layer), "create_mask", refuse)
    outcome = host.run("plug-in-overpaint-remove", image, layer)

    assert "no memory for a mask" in outcome.message
    assert image.layers == [layer]


def test_a_result_that_overruns_its_selection_is_taken_back(
    host: headless.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If what GIMP holds of a mask is not what was asked for, nothing is added to the image."""
    image, layer = scene(host)

    def overrun(mask: Any, *what: Any) -> None:
        write(mask, *what)
        write(mask, 0, 0, 3, 2, None, bytes([9] * 6))

    write = gimp.Channel.write_pixels
    monkeypatch.setattr(gimp.Channel, "write_pixels", overrun)
    outcome = host.run("plug-in-overpaint-remove", image, layer)

    assert "6 pixels outside the selection" in outcome.message
    assert image.layers == [layer]


def test_a_defect_while_inserting_leaves_the_document_as_it_was(
    host: headless.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong after a layer is in the image, that layer does not stay."""
    image, layer = scene(host)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(result_layers, "declare", fail)
    host.run("plug-in-overpaint-remove", image, layer)

    assert image.layers == [layer]


def test_a_good_result_says_that_nothing_else_changed(host: headless.Host) -> None:
    """After every insert the check says what it found."""
    image, layer = scene(host)

    host.run("plug-in-overpaint-remove", image, layer)

    assert any("0 pixels changed" in str(step.value) for step in host.progress)


def test_grey_pictures_stay_grey(host: headless.Host) -> None:
    """A grey image gets a grey layer."""
    image = host.new_image(WIDTH, HEIGHT, enums.GRAY)
    pixels = bytes((x * 2 + y) % 256 for y in range(HEIGHT) for x in range(WIDTH))
    layer = host.add_layer(image, "Photo", pixels)
    host.set_selection(image, soft_square())

    host.run("plug-in-overpaint-remove", image, layer)

    assert image.layers[0].is_gray


def test_candidates_lie_above_each_other_the_first_on_top(host: headless.Host) -> None:
    """Several candidates are one group and one step to undo; the first is shown, the others not."""
    image, layer = scene(host)

    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a door", count=3, seed=9)

    group, below = image.layers
    recipes = [
        json.loads(each.parasite_find(result_layers.PARASITE).data.rstrip(b"\0"))
        for each in group.children
    ]
    assert group.name == "a door"
    assert [recipe["seed"] for recipe in recipes] == [9, 10, 11]
    assert [each.visible for each in group.children] == [True, False, False]
    assert below == layer
    assert len(host.undo_steps(image)) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_an_edit_is_made_again_right_after_it(host: headless.Host, count: int) -> None:
    """The edited layer is still the active one: the result right above it is what is meant."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a boat", seed=4, count=count)
    old = image.layers[0] if count == 1 else image.layers[0].children[0]
    host.set_selection(image, bytes(WIDTH * HEIGHT))

    host.run("plug-in-overpaint-edit-again", image, layer)

    siblings = image.layers if count == 1 else image.layers[0].children
    assert siblings[1] == old
    assert siblings[0].name.startswith("a boat")
    assert siblings[0].offsets == old.offsets


def test_the_last_edit_is_made_again(host: headless.Host) -> None:
    """Of several results on the edited layer the one that was made last is meant."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a boat", seed=4)
    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a ship", seed=4)

    host.run("plug-in-overpaint-edit-again", image, layer)

    assert [each.name.split(" #")[0] for each in image.layers] == [
        "a ship",
        "a ship",
        "a boat",
        layer.name,
    ]


def test_an_edit_is_made_again_in_its_place(host: headless.Host) -> None:
    """Without a selection, the layer's own mask says where; the result goes above the old one."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-inpaint", image, layer, prompt="a boat", seed=4)
    old = image.layers[0]
    host.set_selection(image, bytes(WIDTH * HEIGHT))

    host.run("plug-in-overpaint-edit-again", image, old, seed=4)

    new = image.layers[0]
    assert image.layers == [new, old, layer]
    assert new.name.startswith("a boat")
    size = (0, 0, old.width, old.height)
    assert new.offsets == old.offsets
    assert new.mask.read_pixels(*size, "Y u8") == old.mask.read_pixels(*size, "Y u8")
    assert new.read_pixels(*size, None) == old.read_pixels(*size, None)


def test_an_edit_is_made_again_on_what_is_selected_now(host: headless.Host) -> None:
    """A selection goes before the place that the recipe was made for."""
    image, layer = scene(host)
    host.run("plug-in-overpaint-inpaint", image, layer)
    old = image.layers[0]
    selection = bytearray(WIDTH * HEIGHT)
    selection[20 * WIDTH + 5 : 20 * WIDTH + 25] = bytes([255]) * 20
    host.set_selection(image, bytes(selection))

    host.run("plug-in-overpaint-edit-again", image, old)

    new = image.layers[0]
    assert (*new.offsets, new.width, new.height) == (5, 20, 20, 1)


@pytest.mark.parametrize(("parts", "said"), [("soft light", "soft light"), ("glow: much", "glow")])
def test_what_is_no_part_of_a_prompt_is_refused(host: headless.Host, parts: str, said: str) -> None:
    """A line without a part, or with one that nobody knows, is told, and nothing is changed."""
    image, layer = scene(host)

    outcome = host.run("plug-in-overpaint-inpaint", image, layer, parts=parts)

    assert said in outcome.message
    assert image.layers == [layer]


def test_a_layer_without_a_recipe_is_refused(host: headless.Host) -> None:
    """Edit Again says which layers it works on."""
    image, layer = scene(host)

    outcome = host.run("plug-in-overpaint-edit-again", image, layer)

    assert "not made by Overpaint" in outcome.message
    assert image.layers == [layer]


@pytest.mark.parametrize(
    "recipe",
    [
        {"edit": "inpaint", "prompt": "a boat", "negative": "people", "seed": 3, "strength": 0.5},
        {"edit": "style", "prompt": "", "look": {"style": "oil", "stroke": 2.0}, "seed": 9},
        {"edit": "variation", "prompt": "older", "parts": {"lighting": "soft", "mood": "calm"}},
    ],
)
def test_what_a_layer_stores_comes_back_into_the_fields(recipe: dict[str, object]) -> None:
    """From a recipe to the fields and back, nothing that the user said is lost."""
    again = recipes.recipe(str(recipe["edit"]), recipes.values(recipe))

    for name, value in recipe.items():
        if name == "look":
            assert {**again[name], **value} == again[name]  # type: ignore[dict-item]
        else:
            assert again[name] == value


def test_who_and_what_join_the_prompt_of_an_edit_that_is_made_again() -> None:
    """The window has no fields for them: nothing goes along that it does not show."""
    parts = {"subject": "a boat", "action": "sailing", "mood": "calm"}

    again = recipes.values({"edit": "inpaint", "prompt": "", "parts": parts})

    assert again["prompt"] == "a boat, sailing"
    assert again["parts"] == "mood: calm"
