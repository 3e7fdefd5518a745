"""Twelve photographs in ten styles: contact sheets to be looked at, and how rough flat parts get.

    python -m bench.sheets

Where a photograph is flat, as skies are, a style that scrawls shows most. Printed for each style:
how much light varies there within a small square, in levels of 255 (the median of the flat parts of
all photographs), its ratio to what cv2.stylization leaves, and to the photographs themselves.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from bench import engine, photos, sheet

from overpaint.look import Look
from overpaint.recipe import Edit

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "bench"
Rgb = npt.NDArray[np.uint8]

PIXELS = 350_000
STYLES = (
    "impressionist",
    "oil",
    "palette-knife",
    "pointillist",
    "van-gogh",
    "starry-night",
    "renoir",
    "great-wave",
    "kandinsky",
    "durer",
)
ROWS = 4
"""Photographs on one sheet."""
SQUARE = 25
"""Pixels: about the length of a stroke at this size."""
FLAT = 3.0
"""Levels of 255: what varies less within a square is flat."""


def main() -> None:
    rough: dict[str, list[float]] = {}
    rows = []
    for photo in photos.available(12):
        picture = photos.load(photo, PIXELS)
        flat = _rough(picture) < FLAT
        made = {"stylization": np.asarray(cv2.stylization(picture), np.uint8)}
        made |= {name: engine.made(Edit.STYLE, picture, look=Look(style=name)) for name in STYLES}
        for name, one in {"photograph": picture, **made}.items():
            rough.setdefault(name, []).extend(_rough(one)[flat][::50].tolist())
        rows.append([(photo.name, picture), *((name, made[name]) for name in STYLES)])
    for start in range(0, len(rows), ROWS):
        path = OUT / f"styles-{start // ROWS + 1}.png"
        sheet.write(path, rows[start : start + ROWS])
        print(f"Look at {path.relative_to(ROOT)}.")
    usual = {name: float(np.median(found)) for name, found in rough.items()}
    print(f"{'flat parts':16}{'levels':>8}{'to stylization':>16}{'to photograph':>15}")
    for name, found in usual.items():
        ratios = found / usual["stylization"], found / usual["photograph"]
        print(f"{name:16}{found:8.2f}{ratios[0]:16.2f}{ratios[1]:15.2f}")


def _rough(picture: Rgb) -> npt.NDArray[np.float32]:
    """Return how much light varies around each pixel, as a standard deviation."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.blur(light, (SQUARE, SQUARE))
    square = cv2.blur(light * light, (SQUARE, SQUARE))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


if __name__ == "__main__":
    main()
