"""What an edit costs besides the engine, in a real GIMP: it must not grow with the picture.

    python -m bench.cost

A selection of 1024x1024 pixels in a picture of 6 megapixels and in one of 96. Baseline: what
other plug-ins do just to get the pixels out (duplicate the image, flatten it, crop it, export it
as PNG, read that file; "lean" crops before it flattens), in the same GIMP, in the same run, for
the same region. Ours is the way out, the plan, the way back and the insert together.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PHOTO = "skimage/data/astronaut.png"
RUNS = 5
SIZES = {"6 MP": (3000, 2000), "96 MP": (12000, 8000)}
OURS = ("plan", "read", "prepare", "composite", "transfer", "insert")
NO_ENGINE = (
    "import sys; sys.path.insert(0, {!r})\n"
    "from overpaint.engine import fill\n"
    "fill.fill = lambda pixels, hole, seed: 255 - pixels[hole.window.slices]\n"
    "from overpaint.serve import main; main()"
)
IN_GIMP = """
import os, time
folder = {folder!r}
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-remove")

def build(width, height):
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "Photo", width, height, 0, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    tile = open(os.path.join(folder, "tile"), "rb").read()
    buffer = layer.get_buffer()
    for y in range(0, height, 1000):
        for x in range(0, width, 1000):
            buffer.set(Gegl.Rectangle.new(x, y, 1000, 1000), "R'G'B' u8", tile)
    buffer.flush()
    corner = width // 2 - 512, height // 2 - 512
    image.select_ellipse(Gimp.ChannelOps.REPLACE, *corner, 1024, 1024)
    return image, layer

def edit(image, layer):
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    result = procedure.run(config)
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()
    new = result.index(1)
    size = new.get_width(), new.get_height(), *new.get_offsets()[1:]
    image.remove_layer(new)
    time.sleep(1)  # GIMP packs its tiles meanwhile, as between two edits of a user
    return size

def as_others_do(image, width, height, x, y, lean):
    started = time.monotonic()
    copy = image.duplicate()
    if lean:
        copy.crop(width, height, x, y)
        copy.flatten()
    else:
        copy.flatten()
        copy.crop(width, height, x, y)
    path = os.path.join(folder, "other.png")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, copy, Gio.File.new_for_path(path), None)
    data = open(path, "rb").read()
    copy.delete()
    assert data
    seconds = time.monotonic() - started
    time.sleep(1)
    return seconds

image, layer = build(1000, 1000)
edit(image, layer)
for name, (width, height) in {sizes!r}.items():
    image, layer = build(width, height)
    region = [edit(image, layer) for _ in range({runs})][-1]
    others = [as_others_do(image, *region, False) for _ in range({runs})]
    leanest = [as_others_do(image, *region, True) for _ in range({runs})]
    report([name, others, leanest])
    image.delete()
"""


def main() -> None:
    from bench.demo import any_gimp
    from tests.gimp import home

    gimp = any_gimp()
    with tempfile.TemporaryDirectory(prefix="overpaint-cost-") as folder:
        timings = Path(folder) / "timings"
        python = home.core_argv(gimp)[0]
        home.install(gimp, Path(folder), [python, "-I", "-c", NO_ENGINE.format(str(ROOT / "core"))])
        (Path(folder) / "tile").write_bytes(photograph().tobytes())
        room = home.room(gimp, Path(folder), OVERPAINT_TIMINGS=str(timings))
        code = IN_GIMP.format(folder=folder, sizes=SIZES, runs=RUNS)
        reports = gimp.batch(code, room, timeout=900).reports
        lines = [json.loads(line) for line in timings.read_text().splitlines()][1:]
    print(f"GIMP {gimp.release}, {RUNS} runs each, medians in ms")
    head = "".join(f"{phase:>11}" for phase in OURS)
    print(f"{'':8}{head}{'ours':>10}{'others':>10}{'ratio':>8}{'lean':>10}{'ratio':>8}")
    whole = {}
    for number, (name, others, leanest) in enumerate(reports):
        runs = lines[number * RUNS : (number + 1) * RUNS]
        cells = "".join(f"{median(run[phase] for run in runs):11.1f}" for phase in OURS)
        ours = whole[name] = median(sum(run[phase] for phase in OURS) for run in runs)
        other, lean = median(others), median(leanest)
        ratios = f"{other:10.1f}{other / ours:8.1f}{lean:10.1f}{lean / ours:8.1f}"
        print(f"{name:8}{cells}{ours:10.1f}{ratios}")
    small, large = whole.values()
    print(f"96 MP against 6 MP: {large / small:.2f}x (goal: at most 1.5x)")


def photograph() -> np.ndarray:
    """Return 1000x1000 pixels as a camera takes them: a photograph enlarged, with its noise."""
    photo = Path(str(metadata.distribution("scikit-image").locate_file(PHOTO)))
    enlarged = Image.open(photo).convert("RGB").resize((1000, 1000), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).normal(0, 2, (1000, 1000, 3))
    return np.clip(np.rint(np.asarray(enlarged) + noise), 0, 255).astype(np.uint8)


def median(seconds: Iterable[float]) -> float:
    """Return the median in milliseconds."""
    return 1000 * statistics.median(seconds)


if __name__ == "__main__":
    main()
