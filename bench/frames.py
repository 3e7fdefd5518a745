"""How much an animation flickers in a style: frames styled alone, and as a sequence.

    python -m bench.frames

24 frames of a still scene as a camera takes it, with fresh noise in each, and one object that
moves across it. Flicker is the mean absolute difference of consecutive styled frames over that
of the frames themselves, outside the object. Alone: each with its own statistics, same seed. A
contact sheet shows every sixth frame, and how far two frames apart differ.

    python -m bench.frames --memory

Four frames of 24 megapixels in oil, one thing moving in them: the peak of memory, in MB.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

import anyio
import cv2
import numpy as np
import numpy.typing as npt

from overpaint import app
from overpaint.geometry import Box
from overpaint.layers import LayerInput, LayerMade
from overpaint.look import Look
from overpaint.recipe import Edit, Recipe

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "out" / "bench" / "frames.png"
Rgb = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

COUNT, SIZE, RADIUS = 24, (640, 427), 45
NOISE = 3.0
"""Levels of 255: what a camera adds at ISO 800 or so."""
NEAR = 12
"""Pixels around the object that do not count as outside: strokes and the network reach so far."""
STYLES = ("starry-night", "impressionist", "great-wave", "palette-knife")
GOAL = 1 / 3
LARGE, FEW, MOST = (6000, 4000), 4, 1000
"""Frames that are large, how many of them, and the MB that they may take."""


def main() -> None:
    from bench import photos, sheet

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--memory", action="store_true", help="only the memory of large frames")
    if parser.parse_args().memory:
        memory()
        return
    by_name = {each.name: each for each in photos.available(12)}
    scene = cv2.resize(photos.load(by_name["china"], 10**6), SIZE, interpolation=cv2.INTER_AREA)
    ball = cv2.resize(photos.load(by_name["flower"], 10**6), (2 * RADIUS, 2 * RADIUS))
    frames, outside = zip(*film(np.asarray(scene), np.asarray(ball)), strict=True)
    print(f"{'flicker':16}{'alone':>8}{'together':>10}{'ratio':>8}   goal {GOAL:.2f}")
    rows = []
    for name in STYLES:
        recipe = Recipe(edit=Edit.STYLE, seed=4, look=Look(style=name))
        alone = [styled(recipe, [each], frames=False)[0] for each in frames]
        together = styled(recipe, frames, frames=True)
        flickers = [flicker(made, frames, outside) for made in (alone, together)]
        ratio = flickers[1] / flickers[0]
        met = "met" if ratio <= GOAL else "NOT"
        print(f"{name:16}{flickers[0]:8.2f}{flickers[1]:10.2f}{ratio:8.2f}   {met}", flush=True)
        for label, made in (("alone", alone), ("together", together)):
            row = [(f"{name} {label} {at}", made[at]) for at in range(0, COUNT, 6)]
            apart = 3 * cv2.absdiff(made[12], made[13])
            rows.append([*row, ("12 against 13, x3", np.asarray(apart, np.uint8))])
    sheet.write(SHEET, rows)
    print(f"Look at {SHEET.relative_to(ROOT)}.")


def memory() -> None:
    """Print the peak of this process over a few large frames, which are made as they are read."""
    from bench.style import photograph

    width, height = LARGE
    scene = photograph(width // 4, height // 4)

    def reader(at: int):
        async def read():
            pixels = np.full((height, width, 4), 255, np.uint8)
            pixels[..., :3] = cv2.resize(scene, LARGE, interpolation=cv2.INTER_NEAREST)
            x = 1000 + 300 * at
            pixels[1500:2300, x : x + 800, :3] = 200, 60, 40
            return pixels

        return read

    inputs = [
        LayerInput(id=str(at), name=f"frame {at}", box=Box(0, 0, width, height), read=reader(at))
        for at in reversed(range(FEW))
    ]
    recipe = Recipe(edit=Edit.STYLE, seed=4, look=Look(style="oil"))

    async def run() -> None:
        async with app.style_layers(recipe, inputs, reader(FEW - 1), frames=True) as events:
            async for _event in events:
                pass

    with tempfile.TemporaryDirectory(prefix="overpaint-frames-") as folder:
        os.environ["OVERPAINT_DATA"] = folder
        anyio.run(run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{FEW} frames of 24 MP: {peak:.0f} MB   {'met' if peak < MOST else 'NOT'}, goal {MOST}")


def film(scene: Rgb, ball: Rgb) -> list[tuple[Rgb, Mask]]:
    """Return the frames, and where each shows nothing but the scene."""
    rng = np.random.default_rng(7)
    height, width = scene.shape[:2]
    frames = []
    for number in range(COUNT):
        x = RADIUS + 8 + number * (width - 2 * RADIUS - 16) // (COUNT - 1)
        y = round(height / 2 + 60 * np.sin(number / 4))
        clean = scene.copy()
        disc = np.zeros((height, width), np.uint8)
        cv2.circle(disc, (x, y), RADIUS, 255, -1)
        there = np.zeros_like(scene)
        there[y - RADIUS : y + RADIUS, x - RADIUS : x + RADIUS] = ball
        clean[disc > 0] = there[disc > 0]
        noisy = clean + rng.normal(0, NOISE, clean.shape)
        around = cv2.dilate(disc, np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8))
        frames.append((np.clip(np.rint(noisy), 0, 255).astype(np.uint8), around == 0))
    return frames


def styled(recipe: Recipe, pictures: "tuple[Rgb, ...] | list[Rgb]", *, frames: bool) -> list[Rgb]:
    """Return *pictures*, the first frame first, in the style of *recipe*."""
    opaque = [np.dstack([each, np.full(each.shape[:2], 255, np.uint8)]) for each in pictures]
    box = Box(0, 0, opaque[0].shape[1], opaque[0].shape[0])

    def reader(at: int):
        async def read():
            return opaque[at]

        return read

    # The topmost layer comes first, and is the last frame.
    inputs = [
        LayerInput(id=str(at), name=f"frame {at}", box=box, read=reader(at))
        for at in reversed(range(len(opaque)))
    ]
    made: dict[int, Rgb] = {}

    async def run() -> None:
        async with app.style_layers(recipe, inputs, reader(-1), frames=frames) as events:
            async for event in events:
                if isinstance(event, LayerMade):
                    made[int(event.id)] = np.ascontiguousarray(event.pixels[..., :3])

    with tempfile.TemporaryDirectory(prefix="overpaint-frames-") as folder:
        os.environ["OVERPAINT_DATA"] = folder
        anyio.run(run)
    return [made[at] for at in range(len(opaque))]


def flicker(made: list[Rgb], frames: tuple[Rgb, ...], outside: tuple[Mask, ...]) -> float:
    """Return how much more *made* changes from frame to frame than *frames* do."""
    changes = []
    for at in range(1, len(made)):
        here = outside[at - 1] & outside[at]
        mine = np.abs(made[at].astype(np.int16) - made[at - 1])[here].mean()
        theirs = np.abs(frames[at].astype(np.int16) - frames[at - 1])[here].mean()
        changes.append(mine / theirs)
    return float(np.mean(changes))


if __name__ == "__main__":
    main()
