"""One style over layers that are held, or whose masks are shown: in GIMP and by the command line.

Held is what the user locked: a place, an eye, what is transparent, or all of it.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.core.test_files_xcf import Console
from tests.gimp import home as gimp_home
from tests.gimp.test_layers import MAKING
from tests.gimp.test_matrix import provided

from overpaint import cli

pytestmark = pytest.mark.gimp

HELPERS = (
    MAKING
    + """
import hashlib
from gi.repository import Gio

def state(item):
    mask = item.get_mask()
    return {
        "name": item.get_name().split(" #")[0],
        "visible": item.get_visible(),
        "locks": [item.get_lock_content(), item.get_lock_position(), item.get_lock_visibility(),
                  item.get_lock_alpha()],
        "mask": mask and [item.get_apply_mask(), item.get_edit_mask(), item.get_show_mask()],
        "parasites": [each for each in item.get_parasite_list() if each.startswith("mine")],
        "below": [state(child) for child in item.get_children()] if item.is_group() else [],
    }

def masked(layer, **states):
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    for name, value in states.items():
        getattr(layer, f"set_{name}_mask")(value)
    return layer

def words(name):
    text = Gimp.TextLayer.new(image, name, Gimp.context_get_font(), 20, Gimp.Unit.pixel())
    text.attach_parasite(Gimp.Parasite.new("mine", 1, [1, 2]))
    return add(masked(text, edit=False, show=True), None)

def file(name):
    return Gio.File.new_for_path(folder + "/" + name)

def call(which, chosen):
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-style-layers")
    config = procedure.create_config()
    config.set_property("image", image)
    drawables = [] if chosen.is_group() else [chosen]
    config.set_core_object_array("drawables", drawables)
    image.set_selected_layers([chosen])
    config.set_property("which", which)
    config.set_property("prompt", "van gogh")
    config.set_property("seed", 7)
    result = procedure.run(config)
    return int(result.index(0)), Gimp.get_pdb().get_last_error()

def digest(layer):
    size = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    data = layer.get_buffer().get(size, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(data).hexdigest()
"""
)
HELD = """
masked(pixels("Mask off", None, 1), apply=False)
masked(pixels("Mask edited", None, 2), edit=True)
masked(pixels("Mask shown", None, 3), edit=False, show=True)
pixels("Place", None, 4).set_lock_position(True)
pixels("Alpha", None, 5).set_lock_alpha(True)
pixels("Eye", None, 6).set_lock_visibility(True)
seen = group("Eye of a group", None)
pixels("In it", seen, 7)
seen.set_lock_visibility(True)
text = words("Words")
text.set_lock_position(True)
text.set_lock_visibility(True)
before = [state(item) for item in image.get_layers()]
"""
IN_GIMP = (
    HELPERS
    + HELD
    + """
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("held.xcf"), None)
told = call("all", text)
report({"told": told, "before": before, "after": [state(item) for item in image.get_layers()]})

found = []
for shown in (False, True):
    image = Gimp.Image.new(WIDTH, HEIGHT, Gimp.ImageBaseType.RGB)
    layer = masked(pixels("A", None, 1, WIDTH, HEIGHT), show=shown)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file(f"shown-{int(shown)}.xcf"), None)
    told = call("all", layer)
    found.append(digest(image.get_layers()[0].get_children()[0]))
    assert layer.get_show_mask() == shown, "the mask is no longer shown as it was"
report({"told": told, "found": found})

image = Gimp.Image.new(WIDTH, HEIGHT, Gimp.ImageBaseType.RGB)
layer = pixels("A", None, 1, WIDTH, HEIGHT)
pair = group("Pair", None)
image.reorder_item(layer, pair, 0)
empty = Gimp.Layer.new(image, "", 9, 9, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
add(empty, pair)
twice = []
for _ in range(2):
    before = {each.get_id() for each in image.get_layers()}
    told = call("selected", pair)
    (new,) = (each for each in image.get_layers() if each.get_id() not in before)
    twice.append([image.get_item_position(new), digest(new.get_children()[0].get_children()[1])])
report({"told": told, "twice": twice})
image.remove_layer(image.get_layers()[0])
image.remove_layer(image.get_layers()[0])
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("hidden.xcf"), None)

image = Gimp.Image.new(WIDTH, HEIGHT, Gimp.ImageBaseType.RGB)
locked = pixels("Locked", None, 1)
locked.set_lock_content(True)
told = call("selected", locked)
report({"told": told, "layers": [state(item) for item in image.get_layers()]})
"""
)
LOOK = (
    HELPERS
    + """
found = []
for name in ("shown-0-out.xcf", "shown-1-out.xcf", "hidden-out.xcf"):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file(name))
    made = image.get_layers()[0]
    while made.is_group():
        made = made.get_children()[-1]
    found.append(digest(made))
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("held-out.xcf"))
report({"after": [state(item) for item in image.get_layers()], "found": found})
"""
)


DOCUMENTS = ("held", "shown-0", "shown-1", "hidden")


@pytest.fixture(scope="module", params=lab.VERSIONS)
def reports(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What came of the documents, by the command in GIMP and by the command line."""
    gimp = provided(request.param)
    home: Path = tmp_path_factory.mktemp(f"held-{request.param}")
    gimp_home.install(gimp, home)
    script = f"folder = {str(home)!r}\n"
    made = gimp.batch(
        script + IN_GIMP, gimp_home.room(gimp, home), timeout=300, resources=True
    ).reports
    console = Console(gimp, tmp_path_factory.mktemp("held-files"))
    for name in DOCUMENTS:
        shutil.copy(home / f"{name}.xcf", console.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVERPAINT_GIMP", console.command)
        patch.setenv("OVERPAINT_DATA", str(console.home / "data"))
        patch.setenv("OVERPAINT_CONFIG", str(console.home / "config"))
        patch.setattr("tempfile.tempdir", str(console.folder))
        for name in DOCUMENTS:
            path, out = (console.folder / f"{name}{end}.xcf" for end in ("", "-out"))
            words = ["style", str(path), "--each-layer", "--prompt", "van gogh", "--seed", "7"]
            assert cli.run([*words, "-o", str(out)]) == 0
    sandbox = gimp.sandbox(console.home, binds=[console.folder])
    script = f"folder = {str(console.folder)!r}\n"
    (files,) = gimp.batch(script + LOOK, sandbox, resources=True).reports
    held, shown, twice, nothing = made
    return {"held": held, "shown": shown, "twice": twice, "nothing": nothing, "files": files}


def hidden(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "visible": False} for each in items]


@pytest.mark.parametrize("way", ["held", "files"])
def test_what_is_held_is_as_it_was_in_both_groups(reports: dict[str, Any], way: str) -> None:
    """Locks, parasites and what is shown of masks; and a locked eye hides the old all the same."""
    assert reports["held"]["told"][0] == 3, reports["held"]["told"]
    (new, *old), before = reports[way]["after"], reports["held"]["before"]

    assert new["below"] == before
    assert old == hidden(before)


@pytest.mark.parametrize("way", ["shown", "files"])
def test_a_mask_that_is_shown_does_not_change_the_style(reports: dict[str, Any], way: str) -> None:
    """The look comes from the picture, not from the grey that GIMP shows in its place."""
    plain, shown, *_ = reports[way]["found"]
    assert plain == shown


def test_the_same_command_on_layers_that_it_hid_gives_the_same_look(
    reports: dict[str, Any],
) -> None:
    """Not the look of what it has made, which covers them; nor that of nothing, in a file. It lies
    on top, where it is seen.
    """
    first, second = reports["twice"]["twice"]
    *_, of_file = reports["files"]["found"]

    assert first == second == [0, of_file]


def test_where_nothing_can_be_styled_nothing_is_added(reports: dict[str, Any]) -> None:
    """The command fails and says why; the document is as it was."""
    nothing = reports["nothing"]
    status, error = nothing["told"]
    assert status != 3
    assert "Locked (it is locked)" in error
    assert [(each["name"], each["visible"]) for each in nothing["layers"]] == [("Locked", True)]
