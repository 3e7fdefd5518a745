"""How well layers that are styled one by one fit together again.

    python -m bench.layers

A document of 40 layers that shows a photograph: a background, and cut-outs with soft edges that lie
where they were cut out. Each layer gets the style by itself; then the flattened result is
compared with the flattened document in that style (mean CIEDE2000). Together: with the
statistics of the whole, as Transfer Style to Layers does it. Alone: each layer in its place, with
its own. Apart: each as a picture of its own, so that size and place of the strokes are its own as
well. Strokes without the network have no statistics, so that *alone* is *together*: for them
*apart* counts. A contact sheet shows all.
"""

import os
import tempfile
from pathlib import Path

import anyio
import cv2
import numpy as np
import numpy.typing as npt

from overpaint import app, styles
from overpaint.geometry import Box
from overpaint.layers import LayerInput, LayerMade
from overpaint.look import Look
from overpaint.recipe import Edit, Recipe

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "out" / "bench" / "layers.png"
Rgba = npt.NDArray[np.uint8]

COUNT, SIZE = 40, (960, 640)
STYLES = ("great-wave", "starry-night", "impressionist", "palette-knife")
GOAL, SHARE = 6.0, 0.5
"""Mean CIEDE2000, and its share of what layers alone give."""


def main() -> None:
    from bench import photos, sheet
    from skimage.color import deltaE_ciede2000, rgb2lab

    by_name = {each.name: each for each in photos.available(12)}
    photo = cv2.resize(photos.load(by_name["china"], 10**6), SIZE, interpolation=cv2.INTER_AREA)
    layers = document(np.asarray(photo, np.uint8))
    whole = flattened(layers)
    print(
        f"{'CIEDE2000':16}{'together':>10}{'alone':>8}{'apart':>8}{'to alone':>10}{'to apart':>10}"
        f"   goals {GOAL:.0f}, {SHARE}"
    )
    rows = []
    for name in STYLES:
        recipe = Recipe(edit=Edit.STYLE, seed=4, look=Look(style=name))
        canvas = Box(0, 0, *SIZE)
        (wanted,) = styled(recipe, [(canvas, opaque(whole))], opaque(whole))
        together = flattened(styled(recipe, layers, opaque(whole)))
        alone = flattened(
            [made for each in layers for made in styled(recipe, [each], on_canvas(*each))]
        )
        apart = flattened([(box, styled_apart(recipe, pixels)) for box, pixels in layers])
        target = rgb2lab(wanted[1][..., :3])
        off = [
            float(deltaE_ciede2000(target, rgb2lab(made)).mean())
            for made in (together, alone, apart)
        ]
        draws = bool(styles.get(name).vector)
        met = off[0] < GOAL and off[0] <= SHARE * off[1 if draws else 2]
        print(
            f"{name:16}{off[0]:10.2f}{off[1]:8.2f}{off[2]:8.2f}{off[0] / off[1]:10.2f}"
            f"{off[0] / off[2]:10.2f}   {'met' if met else 'NOT'}",
            flush=True,
        )
        rows.append(
            [
                (f"{name}, flattened first", np.ascontiguousarray(wanted[1][..., :3])),
                (f"layers together, {off[0]:.1f}", together),
                (f"layers alone, {off[1]:.1f}", alone),
                (f"layers apart, {off[2]:.1f}", apart),
            ]
        )
    sheet.write(SHEET, rows)
    print(f"Look at {SHEET.relative_to(ROOT)}.")


def styled_apart(recipe: Recipe, pixels: Rgba) -> Rgba:
    """Return a layer in the style of *recipe*, as a picture of its own."""
    box = Box(0, 0, pixels.shape[1], pixels.shape[0])
    ((_, made),) = styled(recipe, [(box, pixels)], pixels)
    return made


def document(photo: npt.NDArray[np.uint8]) -> list[tuple[Box, Rgba]]:
    """Return the layers, the lowest first, each with its place."""
    rng = np.random.default_rng(3)
    layers = [(Box(0, 0, *SIZE), opaque(photo))]
    while len(layers) < COUNT:
        width, height = (int(side) for side in rng.integers(60, 360, 2))
        x = int(rng.integers(0, SIZE[0] - width))
        y = int(rng.integers(0, SIZE[1] - height))
        alpha = np.zeros((height, width), np.uint8)
        axes = (width // 2 - 8, height // 2 - 8)
        cv2.ellipse(alpha, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 3), np.uint8)
        box = Box(x, y, width, height)
        layers.append((box, np.dstack([photo[box.slices], alpha])))
    return layers


def opaque(colours: npt.NDArray[np.uint8]) -> Rgba:
    return np.dstack([colours, np.full(colours.shape[:2], 255, np.uint8)])


def on_canvas(box: Box, pixels: Rgba) -> Rgba:
    """Return what a document of that layer alone shows."""
    canvas = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    canvas[box.slices] = pixels
    return canvas


def flattened(layers: list[tuple[Box, Rgba]]) -> npt.NDArray[np.uint8]:
    """Lay them over each other, the first lowest."""
    canvas = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    for box, pixels in layers:
        alpha = pixels[..., 3:] / np.float32(255)
        canvas[box.slices] = pixels[..., :3] * alpha + canvas[box.slices] * (1 - alpha)
    return np.rint(canvas).astype(np.uint8)


def styled(recipe: Recipe, layers: list[tuple[Box, Rgba]], whole: Rgba) -> list[tuple[Box, Rgba]]:
    """Return the layers in the style of *recipe*, with the statistics of *whole*."""

    def reader(pixels: Rgba):
        async def read():
            return pixels

        return read

    inputs = [
        LayerInput(id=str(at), name=f"layer {at}", box=box, read=reader(pixels))
        for at, (box, pixels) in enumerate(layers)
    ]
    made: dict[int, Rgba] = {}

    async def run() -> None:
        async with app.style_layers(recipe, inputs, reader(whole)) as events:
            async for event in events:
                if isinstance(event, LayerMade):
                    made[int(event.id)] = np.asarray(event.pixels, np.uint8)

    with tempfile.TemporaryDirectory(prefix="overpaint-layers-") as folder:
        os.environ["OVERPAINT_DATA"] = folder
        anyio.run(run)
    return [(box, made[at]) for at, (box, _) in enumerate(layers)]


if __name__ == "__main__":
    main()
