"""The main job once, for people to look at: a rocket is removed from a photograph.

Runs Remove Selection in a real GIMP 3, or, where none can be had, the same plug-in code without
GIMP. Writes out/demo.xcf and out/demo.png, and prints where the time went.

The photograph is scikit-image's "rocket": SpaceX, public domain.
"""

import json
import os
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from overpaint.files import openraster
from overpaint.files.document import Document, Result
from overpaint.geometry import Box
from overpaint.mask import feather
from overpaint.picture import Patch
from overpaint.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out"
sys.path.insert(0, str(ROOT))

PHOTO = "skimage/data/rocket.jpg"
ELLIPSE = (275, 90, 90, 330)  # x, y, width, height: round the rocket
FEATHER = 12
PHASES = {
    "start": "start the core",
    "read": "read the region",
    "plan": "plan",
    "prepare": "prepare",
    "provider": "fill",
    "composite": "composite",
    "transfer": "send and receive",
    "insert": "insert the layer",
}

IN_GIMP = """
from pathlib import Path
folder = Path({folder!r})
photo = Gio.File.new_for_path(str(folder / "photo.jpg"))
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, photo)
layer = image.get_layers()[0]
layer.set_name("Photograph")
image.select_ellipse(Gimp.ChannelOps.REPLACE, *{ellipse})
Gimp.Selection.feather(image, {feather})
box = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
pixels = layer.get_buffer().get(box, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
(folder / "before").write_bytes(pixels)
selection = image.get_selection().get_buffer()
(folder / "selection").write_bytes(selection.get(box, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-remove")
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [layer])
result = procedure.run(config)
assert result.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()
xcf = Gio.File.new_for_path(str(folder / "demo.xcf"))
assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, xcf, None)
merged = image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
pixels = merged.get_buffer().get(box, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
(folder / "after").write_bytes(pixels)
report(Gimp.version())
"""


def main() -> None:
    from tests import lab

    photo = Path(str(metadata.distribution("scikit-image").locate_file(PHOTO)))
    before = np.asarray(Image.open(photo).convert("RGB"))
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overpaint-demo-") as folder:
        try:
            gimp = any_gimp()
        except lab.LabUnavailable as error:
            print(f"No GIMP 3 can be had here: {error}\nThe same plug-in code runs without GIMP.")
            selection, after = without_gimp(before, Path(folder))
        else:
            before, selection, after = in_gimp(gimp, photo, before.shape, Path(folder))
        seconds = json.loads((Path(folder) / "timings").read_text())
    write_picture(before, selection, after)
    unchanged = np.array_equal(before[selection == 0], after[selection == 0])
    print(f"Pixels outside the selection: {'unchanged' if unchanged else 'CHANGED'}")
    for phase, words in PHASES.items():
        print(f"  {words:18} {1000 * seconds[phase]:8.1f} ms")
    print(f"  {'all':18} {1000 * sum(seconds.values()):8.1f} ms")


def any_gimp():
    """Return the machine's own GIMP 3, or set one up."""
    from tests import lab
    from tests.lab.gimp import host_gimp

    own = [gimp for version in lab.VERSIONS if (gimp := host_gimp(version))]
    return own[0] if own else lab.provide(lab.VERSIONS[0])


def in_gimp(gimp, photo: Path, shape: tuple[int, ...], folder: Path):
    """Run the plug-in in GIMP; return the photograph as GIMP reads it, selection and result."""
    from tests.gimp import home

    home.install(gimp, folder)
    (folder / "photo.jpg").write_bytes(photo.read_bytes())
    code = IN_GIMP.format(folder=str(folder), ellipse=ELLIPSE, feather=FEATHER)
    room = home.room(gimp, folder, OVERPAINT_TIMINGS=str(folder / "timings"))
    done = gimp.batch(code, room)
    (OUT / "demo.xcf").write_bytes((folder / "demo.xcf").read_bytes())
    print(f"Removed the rocket in GIMP {done.reports[0]}: {OUT / 'demo.xcf'}")

    def plane(name: str, *size: int) -> np.ndarray:
        return np.frombuffer((folder / name).read_bytes(), np.uint8).reshape(size)

    return plane("before", *shape), plane("selection", *shape[:2]), plane("after", *shape)


def without_gimp(before: np.ndarray, folder: Path):
    """Run the plug-in on the shim's headless host; return selection and result."""
    sys.path[:0] = [str(ROOT / "plugin"), str(ROOT / "plugin" / "overpaint-gimp")]
    import overpaint.wire
    from gimpfu import headless

    sys.modules["wire"] = overpaint.wire
    spec = folder / "core.json"
    spec.write_text(json.dumps({"argv": [sys.executable, "-I", "-m", "overpaint.serve"]}))
    os.environ["OVERPAINT_LAUNCH"] = str(spec)
    os.environ["OVERPAINT_TIMINGS"] = str(folder / "timings")
    height, width = before.shape[:2]
    host = headless.Host()
    host.load(ROOT / "plugin" / "overpaint-gimp" / "overpaint-gimp.py")
    image = host.new_image(width, height)
    layer = host.add_layer(image, "Photograph", before.tobytes())
    selection = ellipse(width, height)
    host.set_selection(image, selection.tobytes())
    outcome = host.run("plug-in-overpaint-remove", image, layer)
    if outcome.message:
        raise SystemExit(outcome.message)
    new = image.layers[0]
    size = (0, 0, new.width, new.height)
    recipe = new.parasite_find("overpaint-recipe").data.rstrip(b"\0").decode()
    shape = (new.height, new.width)
    patch = Patch(
        Box(*new.offsets, new.width, new.height),
        np.frombuffer(new.read_pixels(*size, "R'G'B'A u8"), np.uint8).reshape(*shape, 4),
        np.frombuffer(new.mask.read_pixels(*size, "Y u8"), np.uint8).reshape(shape),
    )
    document = Document(before)
    (OUT / "demo.ora").write_bytes(
        openraster.write(document, [Result(patch, Recipe.from_json(recipe))])
    )
    print(f"Removed the rocket without GIMP: {OUT / 'demo.ora'}")
    return selection, document.merged(patch).pixels


def ellipse(width: int, height: int) -> np.ndarray:
    """Return the selection that GIMP would make."""
    x, y, w, h = ELLIPSE
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    inside = ((columns - x) / w * 2 - 1) ** 2 + ((rows - y) / h * 2 - 1) ** 2 <= 1
    return feather(np.where(inside, 255, 0).astype(np.uint8), FEATHER)


def write_picture(before: np.ndarray, selection: np.ndarray, after: np.ndarray) -> None:
    """Write before, selection, after, side by side."""
    grey = np.repeat(selection[..., None], 3, axis=2)
    gap = np.full((before.shape[0], 8, 3), 255, np.uint8)
    Image.fromarray(np.hstack([before, gap, grey, gap, after])).save(OUT / "demo.png")
    print(f"Before, selection, after: {OUT / 'demo.png'}")


if __name__ == "__main__":
    main()
