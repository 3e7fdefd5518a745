#!/usr/bin/env python3
"""A plug-in with one procedure for each rule of the gimpfu shim that a real GIMP has to confirm.

What a procedure was given is appended to `$HOME/gimpfu-fixture.jsonl`, for the test to read.
"""

# ruff: noqa: EXE001, F403, F405, ARG001 - written as scripts for gimpfu are; installed executable

import json
from contextlib import suppress
from pathlib import Path

from gimpfu import *

gettext.install("gimp20-python", gimp.locale_directory, unicode=True)

IMAGE = [(PF_IMAGE, "image", "Input image", None), (PF_DRAWABLE, "drawable", "Input layer", None)]
ALL = [
    (PF_INT32, "whole", "_Whole number:", 7),
    (PF_INT8, "small", "Small number", 200),
    (PF_FLOAT, "real", "_Real number:", 0.25),
    (PF_STRING, "String_Name", "S_tring:", "a string"),
    (PF_TEXT, "text", "Te_xt:", "two\nlines"),
    (PF_TOGGLE, "toggle", "To_ggle", True),
    (PF_SLIDER, "slider", "S_lider:", 3, (0, 10, 0.5)),
    (PF_SPINNER, "spinner", "Spi_nner:", 4, (0, 100, 2)),
    (PF_ADJUSTMENT, "fine", "Fine spinner", 0.5, [0, 1, 0.05]),
    (PF_RADIO, "radio", "_Radio", 2, (("One", 1), ("_Two", 2), ("Three", "3"))),
    (PF_OPTION, "option", "_Option", 1, ("first", "second", "third")),
    (PF_COLOR, "color", "_Colour:", (255, 128, 0)),
    (PF_FILE, "file", "_File", ""),
    (PF_FILENAME, "filename", "F_ilename", "/tmp/out.png"),
    (PF_DIRNAME, "dirname", "_Dirname", "/tmp"),
    (PF_IMAGE, "image", "_Other image", None),
    (PF_LAYER, "layer", "Other la_yer", None),
    (PF_CHANNEL, "channel", "Other channel", None),
    (PF_DRAWABLE, "drawable", "Other drawable", None),
    (PF_VECTORS, "path", "A _path", None),
    (PF_ITEM, "", "Any item", None),
]


RESOURCES = [
    (PF_FONT, "font", "_Font", "DejaVu Sans Bold"),
    (PF_BRUSH, "brush", "_Brush", "2. Hardness 050"),
    (PF_PATTERN, "pattern", "_Pattern", ""),
    (PF_GRADIENT, "gradient", "_Gradient", "no such gradient"),
    (PF_PALETTE, "palette", "P_alette", ""),
]


def note(name, *given):
    """Tell the test what this procedure was given."""
    line = {
        "name": name,
        "types": [type(g).__name__ for g in given],
        "values": list(map(repr, given)),
    }
    with Path("~/gimpfu-fixture.jsonl").expanduser().open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def every_type(image, drawable, *rest):
    note("all", image, drawable, *rest)


def old_form(image, drawable, size):
    note("old", image, drawable, size)


def no_image(text):
    note("no-image", text)
    made = gimp.Image(32, 16, RGB)
    return made, 42, f"done: {text}", gimp.displays_flush


def results(image, drawable):
    layer = gimp.Layer(image, "made", 8, 8, RGBA_IMAGE)
    image.insert_layer(layer)
    return layer, 42, 0.5, "text", True


def ends(image, drawable, how):
    note("ends", how)
    if how == "fail":
        fail("The fixture gives up.")
    if how == "error":
        raise error("The fixture raises an error.")
    if how == "bug":
        return {}["missing"]
    if how == "cancel":
        raise CancelError
    if how == "caught":
        with suppress(error):
            fail("The fixture fails and goes on.")
    if how == "message":
        gimp.message("The fixture has something to say.")
    return None


def resources(image, drawable, *names):
    note("resources", *names)


def choose(image, drawable, option):
    note("choice", option)


def many(image, drawables):
    note("many", image, drawables)


def one(image, drawable):
    note("one", image, drawable)


def started():
    note("on_run")


def register_all():
    author = ("the tests", "the tests", "2026")
    register(
        "plug_in_fixture_all", "_Every type", "help", *author, "_Every Type...", "*",
        [*IMAGE, *ALL], [], every_type, menu="<Image>/Filters/Fixture", on_run=started,
    )  # fmt: skip
    register(
        "fixture-old-form", "Old form", "", *author, "<Image>/Filters/Fixture/_Old Form...",
        "rgb*,\tGray*", [(PF_SPINNER, "size", "Size", 3, (1, 9, 1))], [], old_form,
    )  # fmt: skip
    register(
        "python_fu_fixture_no_image", "No image", "", *author, "No _Image...", "",
        [(PF_STRING, "text", "Text", "x")],
        [(PF_IMAGE, "image", "the image"), (PF_INT32, "number", ""), (PF_STRING, "told", "")],
        lambda text: no_image(text)[:3], menu="<Toolbox>/Xtns/Fixture",
    )  # fmt: skip
    register(
        "plug-in-fixture-results", "Results", "", *author, "Results", "*", IMAGE,
        [(PF_LAYER, "layer", "l"), (PF_INT32, "n", ""), (PF_FLOAT, "f", ""), (PF_STRING, "s", ""),
         (PF_TOGGLE, "b", "")],
        results, menu="<Image>/Filters/Fixture",
    )  # fmt: skip
    register(
        "plug-in-fixture-ends", "Ends", "", *author, "Ends...", "*",
        [*IMAGE, (PF_STRING, "how", "How", "well")], [], ends, menu="<Image>/Filters/Fixture",
    )  # fmt: skip
    register(
        "plug-in-fixture-many", "Many", "", *author, "Many", "*", IMAGE, [], many,
        menu="<Image>/Filters/Fixture", many_drawables=True,
    )  # fmt: skip
    register(
        "plug-in-fixture-layer", "Layer", "", *author, "_Layer Only", "*",
        [IMAGE[0], (PF_LAYER, "layer", "A layer", None)], [], one,
    )  # fmt: skip
    register(
        "plug-in-fixture-choice", "Choice", "", *author, None, "*",
        [*IMAGE, (PF_OPTION, "option", "Option", 0, ("a", "b"))], [], choose,
    )  # fmt: skip
    register(
        "plug-in-fixture-resources", "Resources", "", *author, "Resources...", "*",
        [*IMAGE, *RESOURCES], [], resources, menu="<Image>/Filters/Fixture",
    )  # fmt: skip
    register(
        "plug-in-fixture-one", "One", "", *author, "One", "*", IMAGE, [], one,
        menu="<Image>/Filters/Fixture",
    )  # fmt: skip


register_all()
main()
