"""Registered procedures in a real GIMP: how they are declared, called by programs, and end."""

from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.gimp.gimpfu_fixtures import rooms

pytestmark = pytest.mark.gimp

LEADING = [
    ["run-mode", "GimpRunMode"],
    ["image", "GimpImage"],
    ["drawables", "GimpCoreObjectArray"],
]


class Room:
    """What the calls returned, and what the fixture noted that it was given."""

    def __init__(self, version: str, home: Path) -> None:
        gimp, _sandbox = rooms.with_fixture(version, home)
        self.facts: dict[str, Any] = rooms.facts(version, home, "in_gimp_calls.py")
        self.notes = rooms.notes(home)
        assert gimp.version == version

    def given(self, name: str) -> list[list[Any]]:
        """Types and values of each call of one procedure."""
        return [[note["types"], note["values"]] for note in self.notes if note["name"] == name]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A GIMP of each version in which all of `in_gimp_calls.py` ran."""
    return Room(request.param, tmp_path_factory.mktemp("home"))


def test_a_procedure_is_declared_as_registered(room: Room) -> None:
    """Label, menu, image types, documentation and arguments arrive in GIMP."""
    found = room.facts["registered"]["plug-in-fixture-all"]

    assert found["label"] == "_Every Type..."
    assert found["menus"] == ["<Image>/Filters/Fixture"]
    assert [found["types"], found["blurb"], found["author"]] == ["*", "Every type", "the tests"]
    assert found["arguments"][:3] == LEADING


def test_arguments_get_valid_and_unique_names_in_order(room: Room) -> None:
    """Capitals, underscores, doubles, reserved and empty names become names that GIMP 3 takes."""
    names = [name for name, _kind in room.facts["registered"]["plug-in-fixture-all"]["arguments"]]

    assert names[3:] == [
        *("whole", "small", "real", "string-name", "text", "toggle", "slider", "spinner", "fine"),
        *("radio", "option", "color", "file", "filename", "dirname"),
        *("image-2", "layer", "channel", "drawable", "path", "arg"),
    ]


def test_the_old_form_is_understood(room: Room) -> None:
    """A path in the label makes the menu, and image and drawable come before the script's own."""
    found = room.facts["registered"]["python-fu-fixture-old-form"]

    assert found["label"] == "_Old Form..."
    assert found["menus"] == ["<Image>/Filters/Fixture"]
    assert found["types"] == "RGB*, GRAY*"
    assert found["arguments"] == [*LEADING, ["size", "gint"]]
    assert room.facts["old_form"] == [3]
    assert room.given("old")[0][0] == ["Image", "Layer", "int"]


def test_a_procedure_without_image_needs_none(room: Room) -> None:
    """Without image types it can always be called; its old menu is moved to one that exists."""
    found = room.facts["registered"]["python-fu-fixture-no-image"]

    assert found["arguments"] == [["run-mode", "GimpRunMode"], ["text", "gchararray"]]
    assert found["menus"] == ["<Image>/Filters/Fixture"]
    assert room.facts["no_image"] == [3, "[Untitled]", 42, "done: hello"]


def test_results_come_back_as_declared(room: Room) -> None:
    """Objects, numbers, text and truth values reach the caller."""
    assert room.facts["results"] == [3, "made", 42, 0.5, "text", True]


def test_a_program_gives_values_of_pdb_types(room: Room) -> None:
    """What is not given has its default; numbers, choices and objects arrive as 2.10 had them."""
    assert room.facts["defaults"] == room.facts["given"] == [3]
    types, values = room.given("all")[0]

    assert types[:6] == ["Image", "Layer", "int", "int", "float", "str"]
    assert types[7:14] == ["int", "float", "int", "int", "str", "int", "RGB"]
    assert values[2:5] == ["7", "200", "0.25"]
    assert values[11:13] == ["'2'", "1"]
    assert values[14:17] == ["None", "'/tmp/out.png'", "'/tmp'"]
    changed = room.given("all")[1][1]
    assert [changed[2], changed[5], changed[8], changed[9]] == ["-3", "'Grüße'", "2.5", "10"]
    assert changed[11:13] == ["'1'", "2"]
    assert changed[18] == "<gimp.Layer 'Second'>"


def test_repeating_gives_values_as_the_dialog_would(room: Room) -> None:
    """With last values a toggle is a bool, a spinner a float, a radio the value itself."""
    assert room.facts["last_values"] == [3]
    types, values = room.given("all")[2]

    assert types[7:14] == ["bool", "float", "float", "float", "int", "int", "RGB"]
    assert values[7:13] == ["True", "3.0", "4.0", "0.5", "2", "1"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("well", [3]),
        ("fail", [0, "The fixture gives up."]),
        ("error", [0, "The fixture raises an error."]),
        ("bug", [0, "The plug-in Ends stopped with KeyError: 'missing'"]),
        ("cancel", [4]),
        ("caught", [3]),
    ],
)
def test_a_run_ends_with_status_and_sentence(room: Room, how: str, expected: list[Any]) -> None:
    """Success, failure with one sentence, or cancelled: nothing else."""
    assert room.facts["ends"][how] == expected


def test_exactly_one_drawable_is_handed_over(room: Room) -> None:
    """A layer, a mask or a channel; several or none end the run with what to do about it."""
    found = room.facts["one"]

    assert found["one"] == found["mask"] == found["channel"] == [3]
    assert found["none"][0] == found["two"][0] == 0
    assert found["none"][1].startswith("Select exactly one layer: none is selected.")
    assert found["two"][1].startswith("Select exactly one layer: 2 are selected.")
    assert [types[1] for types, _values in room.given("one")[:3]] == ["Layer", "Channel", "Channel"]


def test_a_layer_parameter_takes_no_mask(room: Room) -> None:
    """A procedure that wants a layer says so when a mask is selected."""
    good, bad = room.facts["layer_only"]

    assert good == [3]
    assert bad[0] == 0
    assert "works on a layer" in bad[1]


def test_many_drawables_come_as_a_list(room: Room) -> None:
    """With `many_drawables` the function gets all of them, also when there is none."""
    assert room.facts["many"] == [[3], [3]]
    values = [values[1] for _types, values in room.given("many")]

    assert values == ["[]", "[<gimp.Layer 'Background'>, <gimp.Layer 'Second'>]"]


def test_a_script_calls_it_through_pdb(room: Room) -> None:
    """`pdb` leaves the run mode out, returns the values, and raises on failure and cancelling."""
    inserted, number, real, text, truth, told = room.facts["from_script"]

    assert [inserted, number, real, text, truth] == [True, 42, 0.5, "text", 1]
    assert told[0] == "GimpError: The fixture gives up."
    assert told[1] == "GimpError: plug-in-fixture-ends was cancelled"
    assert told[2].startswith("TypeError: wrong number of parameters")
    assert told[3] == "GimpError: plug-in-fixture-choice: option cannot be 'nope'"
    assert room.given("choice") == [[["int"], ["1"]]]
