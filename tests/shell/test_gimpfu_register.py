"""`register()`: the checks, the names, the menus and the parameters of GIMP 2, without GIMP."""

from collections.abc import Iterator
from typing import Any

import pytest

import gimpfu
from gimpfu import (
    PF_BOOL,
    PF_COLOR,
    PF_DISPLAY,
    PF_DRAWABLE,
    PF_FILE,
    PF_FLOAT,
    PF_FONT,
    PF_IMAGE,
    PF_INT,
    PF_INT8,
    PF_LAYER,
    PF_OPTION,
    PF_RADIO,
    PF_SLIDER,
    PF_SPINNER,
    PF_STRING,
    enums,
    error,
    pf,
    pf_names,
    register,
    registry,
)

IMAGE = (PF_IMAGE, "image", "Image", None)
DRAWABLE = (PF_DRAWABLE, "drawable", "Drawable", None)


@pytest.fixture(autouse=True)
def _only_own_registrations() -> Iterator[None]:
    before = dict(registry.REGISTERED)
    registry.REGISTERED.clear()
    yield
    registry.REGISTERED.clear()
    registry.REGISTERED.update(before)


def registered(name: str = "plug-in-x", **given: Any) -> registry.Registration:
    values = {
        "label": "X",
        "imagetypes": "*",
        "params": [],
        "results": [],
        "function": print,
        "menu": "<Image>/Filters",
        **given,
    }
    first = [values.pop(key) for key in ("label", "imagetypes", "params", "results", "function")]
    register(name, "blurb", "help", "author", "copyright", "2026", *first, **values)
    return list(registry.REGISTERED.values())[-1]


def test_the_star_import_gives_scripts_what_gimp_2_gave() -> None:
    """All PF types and constants by name, with the functions; nothing else, nothing twice."""
    names = {"register", "main", "fail", "error", "CancelError", "gimp", "pdb", "gettext", "math"}
    constants = {name for name in vars(enums) if name.isupper()}
    types = {name for name in vars(pf_names) if name.startswith("PF_")}

    assert set(gimpfu.__all__) == names | {"t", "N_"} | constants | types
    assert len(gimpfu.__all__) == len(set(gimpfu.__all__))
    assert type(gimpfu.RGB) is int
    assert gimpfu.TRUE == True  # noqa: E712 - as scripts compare


def test_every_type_has_a_row() -> None:
    """Each PF constant has exactly one row in the table, under its own number and name."""
    constants = {name: value for name, value in vars(pf_names).items() if name.startswith("PF_")}

    assert set(constants.values()) == set(pf.TYPES)
    assert all(constants[row.name] == number for number, row in pf.TYPES.items())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("my_filter", "python-fu-my-filter"),
        ("python_fu_x", "python-fu-x"),
        ("python-fu-x", "python-fu-x"),
        ("plug_in_x", "plug-in-x"),
        ("plug-in-x", "plug-in-x"),
        ("extension-x", "extension-x"),
        ("file_x_save", "file-x-save"),
        ("plugin-x", "python-fu-plugin-x"),
        ("", "python-fu-"),
    ],
)
def test_names_get_the_prefix_and_dashes(given: str, expected: str) -> None:
    """`python-fu-` is put before what has none of the known prefixes."""
    assert registered(given).name == expected


@pytest.mark.parametrize(
    "given",
    [
        {"name": "with space"},
        {"name": "ümlaut"},
        {"params": [(PF_INT, "with space", "", 0)]},
        {"params": [(PF_INT, "short", "")]},
        {"params": [("PF_INT", "text", "", 0)]},
        {"params": [(1.0, "float", "", 0)]},
        {"params": [(True, "bool", "", 0)]},
        {"params": [(4711, "unknown", "", 0)]},
        {"params": [(PF_SLIDER, "no-range", "", 0)]},
        {"params": [(PF_OPTION, "no-labels", "", 0, ())]},
        {"params": [(PF_SLIDER, "half-a-range", "", 0, (5,))]},
        {"params": [(PF_SPINNER, "no-number", "", "x", (0, 5, 1))]},
        {"params": [(PF_RADIO, "no-pairs", "", 0, ("a", "b", "c"))]},
        {"params": [(PF_INT, "no-number", "", "seven")]},
        {"params": [(PF_COLOR, "no-colour", "", "no such colour")]},
        {"results": [(PF_INT, "short")]},
        {"results": [(PF_INT, "bad name", "")]},
        {"function": "not callable"},
        {"imagetypes": "CMYK"},
        {"label": "<Save>/X", "menu": None},
    ],
    ids=str,
)
def test_mistakes_are_refused_at_once(given: dict[str, Any]) -> None:
    """A registration that breaks a rule raises `gimpfu.error` and leaves nothing behind."""
    with pytest.raises(error):
        registered(given.pop("name", "plug-in-x"), **given)

    assert not registry.REGISTERED


def test_a_type_that_is_missing_is_named() -> None:
    """Registering a display parameter says that this type is not supported yet."""
    with pytest.raises(error, match="PF_DISPLAY is not supported yet"):
        registered(params=[(PF_DISPLAY, "display", "", None)])


@pytest.mark.parametrize(
    ("label", "menu", "names"),
    [
        ("<Image>/Filters/Old/_X...", "<Image>/Filters/Old", ["image", "drawable", "size"]),
        ("<Layers>/X", "<Layers>", ["size"]),
        ("<Toolbox>/Xtns/X", "<Image>/Filters", ["size"]),
        ("<Toolbox>/Xtns/Languages/Python-Fu/X", "<Image>/Filters/Development/Python-Fu", ["size"]),
        ("<Toolbox>/Tools/X", "<Image>/Tools", ["size"]),
        ("<Vectors>/X", "<Paths>", ["size"]),
        ("no path", None, ["size"]),
        (None, None, ["size"]),
    ],
)
def test_the_old_form_has_menu_and_label_in_one(
    label: str | None, menu: str | None, names: list[str]
) -> None:
    """The label's last part is the entry; an image menu brings image and drawable along."""
    found = registered(label=label, menu=None, params=[(PF_INT, "size", "", 1)])

    assert found.menu == menu
    assert found.label == (label.rsplit("/", 1)[-1] if label else None)
    assert [param.name for param in found.params] == names


def test_the_new_form_inserts_nothing() -> None:
    """With a menu given, a `/` in the label is only a character."""
    found = registered(label="Do this/that", menu="<Image>/Filters")

    assert [found.label, found.menu, found.params] == ["Do this/that", "<Image>/Filters", ()]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("*", "*"),
        ("RGB*,GRAY*", "RGB*, GRAY*"),
        ("RGB* GRAY*", "RGB*, GRAY*"),
        ("rgb*,\tGray* , Indexed*", "RGB*, GRAY*, INDEXED*"),
        ("", ""),
        (None, ""),
        ("  ", ""),
    ],
)
def test_image_types_are_read_as_scripts_write_them(given: str | None, expected: str) -> None:
    """Case, tabs and spaces do not matter; nothing means that no image is needed."""
    assert registered(imagetypes=given).imagetypes == expected


@pytest.mark.parametrize(
    ("imagetypes", "params", "supplied"),
    [
        ("*", [IMAGE, DRAWABLE, (PF_INT, "n", "", 1)], 2),
        ("*", [IMAGE, (PF_LAYER, "layer", "", None)], 2),
        ("*", [IMAGE, (PF_INT, "n", "", 1), DRAWABLE], 1),
        ("*", [IMAGE], 1),
        ("*", [DRAWABLE], 0),
        ("*", [], 0),
        ("", [IMAGE, DRAWABLE], 0),
    ],
)
def test_the_host_gives_what_leads(
    imagetypes: str, params: list[tuple[Any, ...]], supplied: int
) -> None:
    """Image and drawable come from GIMP where they lead and the procedure works on an image."""
    found = registered(imagetypes=imagetypes, params=params)

    assert found.supplied == supplied
    assert [param.name for param in found.asked] == [row[1] for row in params[supplied:]]


def test_arguments_are_valid_and_unique() -> None:
    """Every odd name gets its own valid name, in the same order."""
    odd = ["Size", "size", "", "run-mode", "procedure", "2nd", "_x_", "image"]
    found = registered(params=[IMAGE, DRAWABLE, *((PF_INT, name, "", 0) for name in odd)])
    names = [param.argument for param in found.asked]

    assert names == [
        "size",
        "size-2",
        "arg",
        "run-mode-2",
        "procedure-2",
        "arg-2nd",
        "x",
        "image-2",
    ]


@pytest.mark.parametrize(
    ("row", "initial"),
    [
        ((PF_INT, "n", "", "12"), 12),
        ((PF_INT, "n", "", None), 0),
        ((PF_FLOAT, "n", "", 3), 3.0),
        ((PF_SLIDER, "n", "", 20, (0, 10, 1)), 10.0),
        ((PF_SPINNER, "n", "", -3, [1, 100, 1]), 1),
        ((PF_SPINNER, "n", "", 0.5, (0, 1, 0.1)), 0.5),
        ((PF_OPTION, "n", "", 7, ("a", "b")), "0"),
        ((PF_RADIO, "n", "", 2, (("One", 1), ("Two", 2))), "2"),
        ((PF_RADIO, "n", "", "z", (("A", "a"), ("B", "b"))), "a"),
        ((PF_BOOL, "n", "", 1), True),
        ((PF_STRING, "n", "", None), None),
        ((PF_FONT, "n", "", "Sans"), "Sans"),
        ((PF_FILE, "n", "", ""), None),
        ((PF_LAYER, "n", "", 0), None),
    ],
    ids=str,
)
def test_defaults_of_the_wild_are_understood(row: tuple[Any, ...], initial: Any) -> None:
    """Texts for numbers, values out of range and unknown choices become a value that works."""
    assert registered(params=[row]).params[0].initial == initial


def test_values_out_of_range_are_refused_later() -> None:
    """Only defaults are moved in; a value that is given must lie in the range."""
    small, spin = registered(
        params=[(PF_INT8, "small", "", 0), (PF_SPINNER, "spin", "", 1, (1, 5, 1))]
    ).params

    with pytest.raises(error, match="small is 256"):
        small.to_config(256)
    with pytest.raises(error, match="spin is 6"):
        spin.to_config(6)


@pytest.mark.parametrize(
    ("row", "config", "dialog", "program"),
    [
        ((PF_BOOL, "n", "", 0), True, True, 1),
        ((PF_SPINNER, "n", "", 1, (0, 9, 1)), 4, 4.0, 4),
        ((PF_SPINNER, "n", "", 0.5, (0, 9, 0.5)), 1.5, 1.5, 1),
        ((PF_SLIDER, "n", "", 1, (0, 9, 1)), 4, 4.0, 4.0),
        ((PF_RADIO, "n", "", 1, (("One", 1), ("Two", 2))), "2", 2, "2"),
        ((PF_OPTION, "n", "", 1, ("a", "b")), "1", 1, 1),
        ((PF_STRING, "n", "", ""), None, "", None),
    ],
    ids=str,
)
def test_values_have_the_class_that_gimp_2_gave(
    row: tuple[Any, ...], config: Any, dialog: Any, program: Any
) -> None:
    """A function gets other classes from the dialog than from a program, as it always did."""
    param = registered(params=[row]).params[0]

    assert [param.from_dialog(config), param.from_pdb(config)] == [dialog, program]
    assert type(param.from_dialog(config)) is type(dialog)
    assert type(param.from_pdb(config)) is type(program)


def test_results_get_valid_and_unique_names_too() -> None:
    """Results may have no name, or the same one twice."""
    found = registered(results=[(PF_INT, "", ""), (PF_INT, "A_b", ""), (PF_INT, "a-b", "")])

    assert [result.name for result in found.results] == ["arg", "a-b", "a-b-2"]


def test_a_file_registers_as_often_as_it_likes() -> None:
    """Each call adds a procedure."""
    for number in range(3):
        registered(f"plug-in-{number}")

    assert list(registry.REGISTERED) == ["plug-in-0", "plug-in-1", "plug-in-2"]
