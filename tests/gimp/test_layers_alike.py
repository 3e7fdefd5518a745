"""One document styled in GIMP and by the command line: the same layers come of it."""

import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.test_matrix import provided

from overpaint import cli

pytestmark = pytest.mark.gimp

WIDTH, HEIGHT = 320, 240
LAYERS = {"Sky": (0, 0, WIDTH, HEIGHT), "Hill": (-20, 90, 260, 150), "Tree": (180, 40, 90, 170)}
STYLE, SEED = "great-wave", 7

IN_GIMP = """
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-style-layers")
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [image.get_layers()[0]])
config.set_property("which", "all")
config.set_property("named-style", style)
config.set_property("provider", "embedded")
config.set_property("seed", seed)
result = procedure.run(config)
if int(result.index(0)) != 3:
    raise RuntimeError(Gimp.get_pdb().get_last_error())
for layer in image.get_layers()[0].get_children():
    width, height = layer.get_width(), layer.get_height()
    box = Gegl.Rectangle.new(0, 0, width, height)
    pixels = layer.get_buffer().get(box, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    name = layer.get_name().split(" #")[0]  # GIMP gives no two layers one name
    with open(path + "." + name, "wb") as file:
        file.write(pixels)
    report([name, width, height, *list(layer.get_offsets())[-2:]])
"""


def document(path: Path) -> None:
    """A picture in three layers, the first undermost, the others with hard edges.

    Soft ones GIMP blends in linear light, OpenRaster as the numbers are: the wholes would differ,
    and with them the look that all layers are given.
    """
    rng = np.random.default_rng(4)
    stack = ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        for name, (x, y, width, height) in LAYERS.items():
            small = rng.integers(0, 255, (height // 12, width // 12, 3)).astype(np.uint8)
            shown = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
            if name != "Sky":
                across = np.abs(np.linspace(-1, 1, width))
                down = np.abs(np.linspace(-1, 1, height))[:, None]
                inside = across**2 + down**2 < 1
                shown.putalpha(Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)))
            file = io.BytesIO()
            shown.save(file, "PNG")
            archive.writestr(f"data/{name}.png", file.getvalue())
            stack = f'<layer name="{name}" src="data/{name}.png" x="{x}" y="{y}"/>{stack}'
        head = f'<image version="0.0.3" w="{WIDTH}" h="{HEIGHT}">'
        archive.writestr("stack.xml", f"{head}<stack>{stack}</stack></image>")


def styled_layers(path: Path) -> dict[str, np.ndarray]:
    """The styled layers of what the command line wrote, by their names: RGBA, uint8."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("stack.xml"))
        for layer in root.iter("layer"):
            name, source = layer.get("name", ""), archive.read(layer.get("src", ""))
            # The styled ones lie above the old ones, which have the same names.
            found.setdefault(name, np.asarray(Image.open(io.BytesIO(source)).convert("RGBA")))
    return found


@pytest.mark.parametrize("version", lab.VERSIONS)
def test_gimp_and_the_command_line_make_the_same_layers(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Style, seed and document alike: no pixel that shows differs by more than one in 255."""
    gimp = provided(version)
    home = tmp_path / "home"
    gimp_home.install(gimp, home)
    document(home / "doc.ora")
    names = {"path": str(home / "doc.ora"), "style": STYLE, "seed": SEED}
    given = "".join(f"{name} = {json.dumps(value)}\n" for name, value in names.items())
    batch = gimp.batch(given + IN_GIMP, gimp_home.room(gimp, home), timeout=300)

    monkeypatch.setenv("OVERPAINT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path / "config"))
    words = ["style", str(home / "doc.ora"), "--each-layer", "--style", STYLE]
    words += ["--provider", "embedded", "--seed", str(SEED), "-o", str(tmp_path / "out.ora")]
    assert cli.run(words) == 0
    ours = styled_layers(tmp_path / "out.ora")
    source = styled_layers(home / "doc.ora")

    assert [report[0] for report in batch.reports] == list(LAYERS)[::-1]
    for name, width, height, x, y in batch.reports:
        assert (x, y, width, height) == LAYERS[name]
        theirs = np.fromfile(f"{home}/doc.ora.{name}", np.uint8).reshape(height, width, 4)
        off = np.abs(theirs.astype(int) - ours[name])[theirs[..., 3] > 0]
        assert off.max() <= 1, (name, off.max())
        assert np.abs(ours[name].astype(int) - source[name])[..., :3].mean() > 5, "nothing styled"
