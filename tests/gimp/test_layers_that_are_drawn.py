"""One style over layers whose pixels are not all: text, links, paths, filters, masks of groups."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from tests import lab
from tests.core.test_files_xcf import Console
from tests.drift.providers import Negative
from tests.gimp import home as gimp_home
from tests.gimp.test_layers import MAKING, TELLING, leaves, structure
from tests.gimp.test_matrix import provided
from tests.gimp.test_round_trip import CORE

from overpaint import cli
from overpaint.providers import registry

pytestmark = pytest.mark.gimp

# Links and paths as layers are new in GIMP 3.2. *folder* is where the linked picture is put.
DOCUMENT = (
    MAKING
    + """
from pathlib import Path
from gi.repository import Gio

def filtered(item, operation):
    item.append_filter(Gimp.DrawableFilter.new(item, operation, operation))

def words(name, x, y):
    text = Gimp.TextLayer.new(image, name, Gimp.context_get_font(), 24, Gimp.Unit.pixel())
    add(text, None, offsets=(x, y))
    return text

def file(name):
    return Gio.File.new_for_path(str(Path(folder) / name))

pixels("Paper", None, 0, WIDTH, HEIGHT, alpha=False)
masked = group("Masked group", None, opacity=80.0)
pixels("In the masked group", masked, 3, offsets=(10, 10))
mask = masked.create_mask(Gimp.AddMaskType.WHITE)
masked.add_mask(mask)
mask.get_buffer().set(Gegl.Rectangle.new(5, 5, 20, 20), "Y u8", bytes((40,)) * 400)
filtered(pixels("Blurred", None, 5, offsets=(50, 20)), "gegl:gaussian-blur")
filtered(pixels("With a shadow", None, 6, offsets=(70, 40)), "gegl:dropshadow")
turned = group("Inverted group", None)
pixels("In the inverted group", turned, 7, offsets=(20, 60))
filtered(turned, "gegl:invert-gamma")
first = words("Words", 0, 0)
filtered(words("Blurred words", 20, 70), "gegl:gaussian-blur")
if hasattr(Gimp, "LinkLayer"):
    small = Gimp.Image.new(40, 30, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(small, "", 40, 30, Gimp.ImageType.RGB_IMAGE, 100, Gimp.LayerMode.NORMAL)
    small.insert_layer(layer, None, 0)
    layer.fill(Gimp.FillType.FOREGROUND)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, small, file("linked.png"), None)
    add(Gimp.LinkLayer.new(image, file("linked.png")), None, offsets=(90, 10))
    path = Gimp.Path.new(image, "Outline")
    image.insert_path(path, None, 0)
    stroke = path.bezier_stroke_new_moveto(10, 10)
    path.bezier_stroke_lineto(stroke, 60, 10)
    path.bezier_stroke_lineto(stroke, 60, 60)
    path.stroke_close(stroke)
    shape = Gimp.VectorLayer.new(image, path)
    add(shape, None)
    shape.refresh()
    filtered(shape, "gegl:gaussian-blur")
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("in.xcf"), None)
"""
)
COMMAND = """
before = tree(image)
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-style-layers")
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [first])
config.set_property("which", "all")
config.set_property("prompt", "negative")
config.set_property("seed", 7)
result = procedure.run(config)
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("out.xcf"), None)
report({
    "status": int(result.index(0)),
    "error": Gimp.get_pdb().get_last_error(),
    "before": before,
    "after": tree(Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("out.xcf"))),
})
"""


@pytest.fixture(scope="module", params=lab.VERSIONS)
def in_gimp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Such a document, and what it is after the command, a save and an opening."""
    gimp = provided(request.param)
    home: Path = tmp_path_factory.mktemp(f"drawn-{request.param}")
    made = "providers.Negative()"
    code = CORE.format(core=str(gimp_home.ROOT / "core"), root=str(gimp_home.ROOT), made=made)
    gimp_home.install(gimp, home, gimp_home.core_argv(gimp, code))
    script = f"folder = {str(home)!r}\n" + DOCUMENT + TELLING + COMMAND
    room = gimp_home.room(gimp, home)
    (report,) = gimp.batch(script, room, timeout=300, resources=True).reports
    assert report["status"] == 3, report["error"]
    return report


@pytest.fixture(scope="module", params=lab.VERSIONS)
def by_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Such a document, and what it is after the command line; with an .ora file."""
    gimp = provided(request.param)
    room = Console(gimp, tmp_path_factory.mktemp("drawn"))
    source, xcf, ora = (room.folder / name for name in ("in.xcf", "out.xcf", "out.ora"))
    sandbox = gimp.sandbox(room.home, binds=[room.folder])

    def run(script: str) -> Any:
        start = f"folder = {str(room.folder)!r}\n"
        (report,) = gimp.batch(start + script, sandbox, resources=True).reports
        return report

    before = run(DOCUMENT + TELLING + "report(tree(image))")
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "get", lambda *_: Negative())
        patch.setenv("OVERPAINT_GIMP", room.command)
        patch.setenv("OVERPAINT_DATA", str(room.home / "data"))
        patch.setenv("OVERPAINT_CONFIG", str(room.home / "config"))
        patch.setattr("tempfile.tempdir", str(room.folder))
        words = ["style", str(source), "--each-layer", "--prompt", "negative", "--json", "-o"]
        assert cli.run([*words, str(xcf)]) == 0
        patch.setattr("sys.stdout", told)
        assert cli.run([*words, str(ora)]) == 0
    load = "from gi.repository import Gio\nimage = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, "
    after = run(TELLING + load + f"Gio.File.new_for_path({str(xcf)!r}))\nreport(tree(image))")
    notices = " ".join(json.loads(told.getvalue())["notices"])
    return {"before": before, "after": after, "ora": ora, "notices": notices}


def check(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """The new group is the old tree in negative, and the old layers are hidden."""
    new, *old = after
    assert structure(new["children"]) == structure(before)
    for was, now in zip(leaves(before), leaves(new["children"]), strict=True):
        assert now["pixels"] == was["negative"], was["name"]
    assert [{**node, "visible": True} for node in old] == before


def test_the_style_outlasts_saving_whatever_gimp_draws_itself(in_gimp: dict[str, Any]) -> None:
    """Also that of links and paths, which GIMP draws anew; filters and masks are still there."""
    check(in_gimp["before"], in_gimp["after"])
    filters = [name for node in leaves(in_gimp["before"]) for name in node["filters"]]
    assert "gegl:dropshadow" in filters


def test_the_command_line_does_the_same_to_an_xcf(by_file: dict[str, Any]) -> None:
    """With the same filters and masks, in the same places."""
    check(by_file["before"], by_file["after"])


def test_an_ora_has_filters_in_its_pixels_and_says_what_is_left_out(
    by_file: dict[str, Any],
) -> None:
    """A shadow makes its layer larger; filters and masks of groups are named."""
    with zipfile.ZipFile(by_file["ora"]) as archive:
        stack = ET.fromstring(archive.read("stack.xml"))
        found = [each for each in stack.iter("layer") if each.get("name") == "With a shadow"]
        sizes = [Image.open(archive.open(each.get("src", ""))).size for each in found]
    assert all(width > 60 and height > 50 for width, height in sizes)
    assert len(sizes) == 2
    assert "no masks of groups; they are left out: Masked group" in by_file["notices"]
    assert "no filters of groups; they are left out: Inverted group" in by_file["notices"]
