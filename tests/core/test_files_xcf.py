"""XCF and OpenRaster as a real GIMP 3.0 and 3.2 see them."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests import lab

from overpaint.cli import run
from overpaint.files import Document, Result, load, save
from overpaint.geometry import Box
from overpaint.picture import Patch
from overpaint.recipe import Edit, Recipe

pytestmark = pytest.mark.gimp

ROOT = Path(__file__).parents[2]
REGION = Box(5, 6, 30, 20)
INPAINT = Recipe(edit=Edit.INPAINT, prompt="grüner Ball", seed=1)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

# Stands in for GIMP's console program: enters the lab's room, where that program is.
CONSOLE = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests import lab
gimp = lab.gimp({version!r})
room = gimp.sandbox(Path({home!r}), binds=[Path({folder!r})])
gimp.prepare(room.home)
done = room.run([gimp.console, *sys.argv[1:]], check=False)
sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""

LOOK = """
from gi.repository import Gio
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path({path!r}))
image_size = [image.get_width(), image.get_height()]
for layer in image.get_layers():
    def numbers(drawable, format):
        size = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
        return list(drawable.get_buffer().get(size, 1.0, format, Gegl.AbyssPolicy.NONE))
    mask = layer.get_mask()
    recipe = layer.get_parasite("overpaint-recipe")
    report({{
        "name": layer.get_name(),
        "offsets": list(layer.get_offsets())[1:],
        "size": [layer.get_width(), layer.get_height()],
        "pixels": numbers(layer, None),
        "mask": numbers(mask, "Y u8") if mask else None,
        "recipe": bytes(n & 255 for n in recipe.get_data()).decode() if recipe else None,
        "profile": image.get_color_profile() is not None,
    }})
"""


class Console:
    """One GIMP of the lab, and a folder that it sees."""

    def __init__(self, gimp: lab.Gimp, folder: Path) -> None:
        self.gimp = gimp
        self.folder = folder / "seen"
        self.folder.mkdir()
        self.home = folder / "home"
        script = folder / "console.py"
        text = CONSOLE.format(
            root=str(ROOT), version=gimp.version, home=str(self.home), folder=str(self.folder)
        )
        script.write_text(text)
        self.command = shlex.join([sys.executable, str(script)])

    def look(self, path: Path) -> list[dict[str, Any]]:
        room = self.gimp.sandbox(self.home, binds=[self.folder])
        return self.gimp.batch(LOOK.format(path=str(path)), room).reports


@pytest.fixture(scope="module", params=lab.VERSIONS)
def console(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    try:
        gimp = lab.gimp(request.param)
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        found = Console(gimp, tmp_path_factory.mktemp("console"))
        patch.setenv("OVERPAINT_GIMP", found.command)
        patch.setattr("tempfile.tempdir", str(found.folder))
        yield found


def document(dtype: type, channels: int) -> Document:
    rng, shape = np.random.default_rng(1), (40, 50, channels)
    pixels = rng.uniform(0, 1, shape) * (1 if dtype == np.float32 else np.iinfo(dtype).max)
    return Document(pixels.astype(dtype), PROFILE if channels > 2 else None, (300.0, 300.0))


def patch_for(original: Document) -> Patch:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:25] = np.arange(200).reshape(10, 20) + 20
    source = original.source(REGION, mask)
    pixels = source.pixels.copy()
    pixels[mask > 0] = 64 if pixels.dtype == np.uint8 else 0.25
    pixels[mask > 0, 3] = 255 if pixels.dtype == np.uint8 else 1
    return Patch(REGION, pixels, mask)


@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.uint8, 3), (np.uint8, 2), (np.uint16, 4), (np.float32, 1)]
)
def test_an_xcf_holds_the_original_and_the_result_under_its_mask(
    console: Console, dtype: type, channels: int
) -> None:
    """Both layers to the bit in the file's own depth, the exact mask, the name and the recipe."""
    original = document(dtype, channels)
    patch = patch_for(original)
    path = console.folder / "out.xcf"

    save(path, original, [Result(patch, INPAINT)])

    above, below = console.look(path)
    # GIMP may add an alpha channel behind the others.
    base = np.frombuffer(bytes(below["pixels"]), dtype).reshape(40, 50, -1)
    layer = np.frombuffer(bytes(above["pixels"]), dtype).reshape(20, 30, -1)
    assert (below["name"], above["name"]) == ("Original", "grüner Ball")
    assert (above["offsets"], above["size"]) == ([5, 6], [30, 20])
    assert np.array_equal(original.pixels, base[..., :channels])
    assert np.array_equal(original.layer(patch), layer[..., :channels])
    assert np.array_equal(patch.mask.ravel(), above["mask"])
    assert below["mask"] is None
    assert Recipe.from_json(above["recipe"]) == INPAINT
    assert above["profile"] == (channels > 2)
    assert [each.name for each in console.folder.iterdir()] == ["out.xcf"]


def test_gimp_opens_the_openraster_file(console: Console) -> None:
    """The same two layers, the mask as transparency."""
    original = document(np.uint8, 3)
    path = console.folder / "out.ora"

    save(path, original, [Result(patch_for(original), INPAINT)])

    above, below = console.look(path)
    base = np.array(below["pixels"], np.uint8).reshape(40, 50, -1)
    layer = np.array(above["pixels"], np.uint8).reshape(20, 30, 4)
    assert (below["name"], above["name"], above["offsets"]) == ("Original", "grüner Ball", [5, 6])
    assert np.array_equal(original.pixels, base[..., :3])
    assert np.array_equal(patch_for(original).mask, layer[..., 3])
    path.unlink()


def test_the_command_line_writes_an_xcf(console: Console, tmp_path: Path) -> None:
    """From two files to a layered document, by the command that a user types."""
    y, x = np.mgrid[:90, :120]
    photo = np.stack([x * 2, y * 2, (x + y) % 40 * 6], axis=2).astype(np.uint8)
    mask = np.zeros((90, 120), np.uint8)
    mask[30:50, 40:70] = 255
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    out = console.folder / "out.xcf"

    words = ["remove", tmp_path / "photo.png", "--mask", tmp_path / "mask.png", "-o", out]
    status = run([*map(str, words), "--seed", "5"])

    above, below = console.look(out)
    assert status == 0
    assert np.array_equal(load(tmp_path / "photo.png").pixels.ravel(), below["pixels"])
    assert (above["name"], json.loads(above["recipe"])["seed"]) == ("Removed", 5)
