"""What an edit costs besides the engine, in a real GIMP: it must not grow with the picture.

    python -m bench.cost

A selection of 1024x1024 pixels in a picture of 6 megapixels and in one of 96; drawn anew before
each edit, as a user does. Ours is everything but the engine: the plan, reading, preparing,
compositing, transfer between the processes, the insert. That a core starts, and the plug-in's
own process, is shown apart: it happens while the dialog is open.

The baseline is what other plug-ins do, in the same GIMP, in turn with our edits, for the same
region. Out: duplicate the image, crop it, flatten it, export it as PNG, read that file; or
flatten before cropping. Back: write the answer's PNG, load it as a layer, place and insert it,
and make a mask of the selection.
"""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from overpaint import app
from overpaint.geometry import Box, Extent
from overpaint.recipe import Edit, Recipe

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PHOTO = "skimage/data/astronaut.png"
RUNS = 9
SIDE = 1024
SIZES = {"6 MP": (3000, 2000), "96 MP": (12000, 8000)}
OUT = ("plan", "read")
BACK = ("prepare", "composite", "transfer", "insert")
OURS = (*OUT, *BACK)
FAR, MUCH = 10.0, 1.5
"""The goals: how many times cheaper than the baseline, how much dearer in the larger picture."""
NO_ENGINE = (
    "import sys; sys.path.insert(0, {!r})\n"
    "import cv2, patchmatch\n"
    "from overpaint.engine import fill\n"
    "fill.fill = lambda pixels, hole, seed: 255 - pixels[hole.window.slices]\n"
    "from overpaint.serve import main; main()"
)
IN_GIMP = """
import os, time
folder = {folder!r}
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-remove")
path = os.path.join(folder, "other.png")
file = Gio.File.new_for_path(path)

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
    return image, layer

def select(image):
    corner = image.get_width() // 2 - {side} // 2, image.get_height() // 2 - {side} // 2
    image.select_ellipse(Gimp.ChannelOps.REPLACE, *corner, {side}, {side})

def edit(image, layer):
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    started = time.monotonic()
    result = procedure.run(config)
    seconds = time.monotonic() - started
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()
    image.remove_layer(result.index(1))
    return seconds

def out(image, x, y, width, height, flatten_first):
    started = time.monotonic()
    copy = image.duplicate()
    if flatten_first:
        copy.flatten()
    copy.crop(width, height, x, y)
    if not flatten_first:
        copy.flatten()
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, copy, file, None)
    data = open(path, "rb").read()
    copy.delete()
    return time.monotonic() - started, data

def back(image, layer, x, y, data):
    started = time.monotonic()
    image.undo_group_start()
    with open(path, "wb") as answer:
        answer.write(data)
    new = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file)
    new.set_offsets(x, y)
    image.insert_layer(new, None, 0)
    new.add_mask(new.create_mask(Gimp.AddMaskType.SELECTION))
    image.undo_group_end()
    seconds = time.monotonic() - started
    image.remove_layer(new)
    return seconds

def settled(seconds):
    time.sleep(1)  # GIMP packs its tiles meanwhile, as between two edits of a user
    return seconds

image, layer = build(1000, 1000)
select(image)
edit(image, layer)
for name, (width, height, *region) in {sizes!r}.items():
    image, layer = build(width, height)
    runs = []
    for _ in range({runs}):
        select(image)
        run = {{"command": settled(edit(image, layer))}}
        seconds, data = out(image, *region, False)
        run["out"] = settled(seconds)
        select(image)
        run["back"] = settled(back(image, layer, *region[:2], data))
        run["flattened"] = settled(out(image, *region, True)[0])
        runs.append(run)
    report([name, runs])
    for _ in range({runs}):
        settled(edit(image, layer))
    image.delete()
"""


def main() -> None:
    from bench.demo import any_gimp
    from tests.gimp import home

    gimp = any_gimp()
    sizes = {name: (*size, *region(*size)) for name, size in SIZES.items()}
    with tempfile.TemporaryDirectory(prefix="overpaint-cost-") as folder:
        timings = Path(folder) / "timings"
        argv = home.core_argv(gimp, NO_ENGINE.format(str(ROOT / "core")))
        home.install(gimp, Path(folder), argv)
        (Path(folder) / "tile").write_bytes(photograph().tobytes())
        room = home.room(gimp, Path(folder), OVERPAINT_TIMINGS=str(timings))
        code = IN_GIMP.format(folder=folder, sizes=sizes, runs=RUNS, side=SIDE)
        reports = gimp.batch(code, room, timeout=1800).reports
        lines = [json.loads(line) for line in timings.read_text().splitlines()][1:]
    print(f"GIMP {gimp.release}, {RUNS} runs each, medians in ms, load {os.getloadavg()[0]:.1f}")
    ours = {}
    for number, (name, _) in enumerate(reports):
        start = 2 * number * RUNS
        ours[name] = lines[start : start + RUNS]
        ours[f"{name} again"] = lines[start + RUNS : start + 2 * RUNS]
    print_ours(ours)
    print_verdict(ours, {name: theirs(runs) for name, runs in reports})
    for name, runs in reports:
        command = median(run["command"] for run in runs)
        start = median(run["start"] for run in ours[name])
        print(f"{name}: click to layer {command:.0f}, of it the core's start {start:.0f}")


def region(width: int, height: int) -> tuple[int, int, int, int]:
    """Return what an edit of that picture reads."""
    selected = Box(width // 2 - SIDE // 2, height // 2 - SIDE // 2, SIDE, SIDE)
    box = app.plan(Recipe(edit=Edit.REMOVE), selected, Extent(width, height)).region
    return box.x, box.y, box.width, box.height


def theirs(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the baseline's medians."""
    return {
        "out": median(run["out"] for run in runs),
        "flattened first": median(run["flattened"] for run in runs),
        "out and back": median(run["out"] + run["back"] for run in runs),
    }


def spent(runs: list[dict[str, float]], phases: Iterable[str] = OURS) -> float:
    """Return the median of what those phases took together."""
    return median(sum(run[phase] for phase in phases) for run in runs)


def print_ours(ours: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{'ours':16}{''.join(f'{phase:>11}' for phase in OURS)}{'out':>9}{'all':>9}")
    for name, runs in ours.items():
        cells = "".join(f"{spent(runs, [phase]):11.1f}" for phase in OURS)
        print(f"{name:16}{cells}{spent(runs, OUT):9.1f}{spent(runs):9.1f}")
    print("again: the same selection; without a window GIMP then has to look for its bounds")


def print_verdict(
    ours: dict[str, list[dict[str, float]]], others: dict[str, dict[str, float]]
) -> None:
    print(f"\n{'others / ours':44}{''.join(f'{name:>26}' for name in others)}")
    for title, which, phases in (
        ("GOAL: out, crop first / all", "out", OURS),
        ("out, flatten first / all", "flattened first", OURS),
        ("out, crop first / out", "out", OUT),
        ("out, flatten first / out", "flattened first", OUT),
        ("out and back, crop first / all", "out and back", OURS),
    ):
        line = ""
        for name, values in others.items():
            us = spent(ours[name], phases)
            ratio = values[which] / us
            met = (" met" if ratio >= FAR else " NOT") if title.startswith("GOAL") else ""
            cell = f"{values[which]:.0f} / {us:.0f} = {ratio:.1f}x{met}"
            line += f"{cell:>26}"
        print(f"{title:44}{line}")
    small, large = (spent(ours[name]) for name in others)
    met = "met" if large <= MUCH * small else "NOT"
    print(f"GOAL: at least {FAR:.0f}x")
    print(f"GOAL: 96 MP against 6 MP at most {MUCH}x: {large / small:.2f}x {met}\n")


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
