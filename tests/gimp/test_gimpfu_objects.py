"""The shim's objects, `gimp` and `pdb` in a real GIMP: 2.10's answers from GIMP 3."""

from typing import Any

import pytest
from tests import lab
from tests.gimp.gimpfu_fixtures import rooms

pytestmark = pytest.mark.gimp
Facts = dict[str, Any]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What `in_gimp_objects.py` found out in each GIMP."""
    return rooms.facts(request.param, tmp_path_factory.mktemp("home"), "in_gimp_objects.py")


def test_wrappers_are_equal_but_not_identical(facts: Facts) -> None:
    """Two wrappers of one thing are equal, hash alike and show its name; lists are plain lists."""
    image, layer, equal, different, listed, index, by_id, *nothing = facts["identity"]

    assert image == "<gimp.Image '[Untitled]'>"
    assert layer == "<gimp.Layer 'Bäckground'>"
    assert [equal, different, listed, index, by_id] == [True, 2, True, 0, True]
    assert nothing == [None, None, False]


def test_an_image_tells_its_properties(facts: Facts) -> None:
    """Sizes, type, names, selected things and resolution are as pygimp gave them."""
    found = facts["image"]

    assert found[:6] == [40, 30, True, 150, "[Untitled]", None]
    assert found[6:10] == [True] * 4
    assert found[10:14] == [[], [], "<gimp.Channel 'Selection Mask'>", None]
    assert found[14:] == ["/tmp/a b.xcf", "a b.xcf", [150.0, 75.0]]


def test_a_layer_can_be_changed(facts: Facts) -> None:
    """What is set is what is read; visibility is the layer's own."""
    found = facts["layer"]

    assert found[:4] == [40.0, False, "renamed", True]
    assert found[4:10] == [[3, -2], 40, 4, True, True, False]
    assert found[10:] == [True, [0, 0, 40, 30], None, None]


def test_groups_have_children_and_images_can_be_duplicated(facts: Facts) -> None:
    """`layers` is the top level, `children` a group's; positions count from the top."""
    children, of_group, parent, none, top, position, kinds, copy, left = facts["tree"]

    assert children == of_group == "[<gimp.Layer 'Layer copy'>]"
    assert [parent, none] == ["<gimp.GroupLayer 'Group'>", "[]"]
    assert top == "[<gimp.GroupLayer 'Group'>, <gimp.Layer 'Layer'>]"
    assert [position, kinds] == [1, ["GroupLayer", "Layer"]]
    assert [copy, left] == [[2, True], "[<gimp.Layer 'Layer'>]"]


def test_layer_masks_are_channels(facts: Facts) -> None:
    """A mask is a Channel, added and removed, with the layer's flags for it."""
    assert facts["masks"] == [True, True, "Channel", True, True, False, False, True]


def test_fill_types_mean_what_they_meant(facts: Facts) -> None:
    """TRANSPARENT_FILL and WHITE_FILL keep 2.10's numbers, which GIMP 3 uses for other things."""
    assert facts["fill_types"] == [0, [255, 255, 255, 255]]


def test_parasites_carry_bytes(facts: Facts) -> None:
    """Any bytes survive on an image, an item and GIMP itself; a missing one is None."""
    assert facts["parasites"] == [[True, 1, True, None]] * 3 + ["Grüße"]


@pytest.mark.parametrize(
    ("what", "kinds", "said"),
    [
        ("range", ["RuntimeError"], "opacity is 255, but must lie between 0 and 100"),
        ("negative", ["RuntimeError"], "width is -5"),
        ("enum", ["RuntimeError"], "mode cannot be 999"),
        ("choice", ["RuntimeError"], "precision cannot be 4711"),
        ("objects", ["TypeError"], "layers cannot be [1]"),
        ("read-only", ["AttributeError"], "width cannot be set"),
        ("kind", ["TypeError"], "wrong parameter type"),
        ("count", ["TypeError"], "wrong number of parameters"),
        ("unknown", ["RuntimeError", "AttributeError"], "procedure not found"),
        ("unknown item", ["KeyError"], "no-such-procedure"),
        ("changed", ["RuntimeError", "AttributeError"], "procedure not found: gimp_edit_paste"),
        ("failure", ["RuntimeError"], "gimp-image-undo-group-end failed"),
        ("keyword", ["TypeError"], "only the keyword run_mode"),
    ],
)
def test_what_gimp_would_swallow_is_refused(
    facts: Facts, what: str, kinds: list[str], said: str
) -> None:
    """Values out of range, unknown names and failures raise at once, as scripts expect."""
    found_kinds, sentence = facts["refusals"][what]

    assert found_kinds == kinds
    assert said in sentence


def test_pdb_answers_in_the_spelling_of_gimp_2(facts: Facts) -> None:
    """Old names, dashes or underscores, booleans as ints, arrays as length and IDs."""
    found = facts["pdb"]

    assert found["bounds"] == [0, 0, 0, 40, 30]
    assert [found["empty"], found["layers"], found["ids"], found["parent"]] == [1, 1, True, None]
    name = "gimp-item-get-lock-content"
    assert found["lock"] == [0, 0, f"<pdb function '{name}'>", name]
    assert found["new"] == "<gimp.Layer 'made'>"
    assert found["old names"] == [40, 4]
    assert found["active"] == "<gimp.Layer 'Layer'>"
    assert found["has"] == [False, True, True]
    assert found["params"] == [[[11, "item", "The item"]], 1, 7]
    assert found["colour"] == "gimpcolor.RGB(0.0, 0.0, 0.0, 1.0)"
    assert [found["is gimp's"], found["query"], found["dir"]] == [
        True,
        ["gimp-item-is-group"],
        True,
    ]


def test_arrays_of_numbers_go_both_ways(facts: Facts) -> None:
    """The length is a value of its own, before the array, in arguments and results."""
    assert facts["arrays"] == [[2, [4.0, 2.5]], [1, 5, 3, 20, 20]]


def test_the_module_has_strings_and_two_versions(facts: Facts) -> None:
    """`gimp.version` is 2.10's; the folders are strings; the real version is there as well."""
    found = facts["module"]

    assert found["version"] == [2, 10, 36]
    assert found["host"] in ([["3", "0"], ["3", "2"]])
    assert found["strings"] == ["str", "str"]
    assert found["user"]
    assert found["own"].startswith("/")
    assert found["plug-ins"].endswith("/gimp/3.0")
    assert found["display"] == "<gimp.Display -1>"  # there are no windows here


def test_undo_can_be_grouped_and_frozen(facts: Facts) -> None:
    """Undo groups work, and freezing switches recording off."""
    assert facts["undo"] == [True, True, False, True]
