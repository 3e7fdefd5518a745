"""How far variations are from what was there, from each other, and whether their border shows.

    python -m bench.variations

Four candidates, by seeds that follow each other, of an ellipse in photographs of landscape,
foliage, rock and water. The distance of two pictures is CIEDE2000 between them after a blur of 2,
6 and 18 pixels, averaged over the three and over the selection: what an eye sees of them from near
and from afar; grain does not count. Beside it the distance that fresh noise of a camera (sigma 3)
makes, as the baseline from which on something is another picture at all, and that of another part
of the photograph. Seam: the jump across the border against that in the photograph. A contact sheet
shows all.
"""

from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from bench import engine, metrics, photos, sheet

from overpaint.recipe import Edit

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "out" / "bench" / "variations.png"
Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

PIXELS = 300_000
NAMES = ("dune", "china", "storm", "meadow", "grass", "leaf", "gravel", "brick", "water")
SEEDS = (4, 5, 6, 7)
SCALES = (2, 6, 18)
NOISE = 3.0
SEAM, TIMES = 1.15, 3.0
"""The goals: the seam of each candidate, and distances in multiples of the noise's."""


def main() -> None:
    print(f"{'CIEDE2000':12}{'noise':>7}{'from source':>13}{'from each other':>17}", end="")
    print(f"{'elsewhere':>11}{'worst seam':>12}   goals x{TIMES:.0f}, {SEAM}")
    rows = []
    for photo in photos.named(*NAMES):
        picture = photos.load(photo, PIXELS)
        height, width = picture.shape[:2]
        mask = np.zeros((height, width), np.uint8)
        axes = (round(0.3 * width), round(0.33 * height))
        cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
        inside = mask > 0
        made = [engine.made(Edit.VARIATION, picture, mask=mask, seed=seed) for seed in SEEDS]
        seen = [layers_of(each) for each in made]
        source = layers_of(picture)
        grain = np.random.default_rng(1).normal(0, NOISE, picture.shape)
        noisy = np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
        noise = distance(layers_of(noisy), source, inside)
        moved = np.roll(picture, (height // 3, width // 3), (0, 1))
        elsewhere = distance(layers_of(moved), source, inside)
        away = min(distance(each, source, inside) for each in seen)
        each_other = min(distance(one, other, inside) for one, other in combinations(seen, 2))
        seam = max(metrics.seam(each, picture, inside) for each in made)
        met = min(away, each_other) >= TIMES * noise and seam < SEAM
        print(
            f"{photo.name:12}{noise:7.2f}{away:7.2f} ({away / noise:3.0f}x)"
            f"{each_other:10.2f} ({each_other / noise:3.0f}x){elsewhere:11.2f}{seam:12.2f}"
            f"   {'met' if met else 'NOT'}",
            flush=True,
        )
        shown = picture.copy()
        edge, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(shown, edge, -1, (255, 255, 255), 2)
        labels = (f"seed {seed}" for seed in SEEDS)
        rows.append([(photo.name, shown), *zip(labels, made, strict=True)])
    sheet.write(SHEET, rows)
    print(f"Look at {SHEET.relative_to(ROOT)}.")


def layers_of(picture: Rgb) -> list[Floats]:
    """Return *picture* in CIELAB at the three scales."""
    from skimage.color import rgb2lab

    floats = picture.astype(np.float32) / 255
    return [rgb2lab(cv2.GaussianBlur(floats, (0, 0), scale)) for scale in SCALES]


def distance(one: list[Floats], other: list[Floats], inside: Flags) -> float:
    from skimage.color import deltaE_ciede2000

    apart = [deltaE_ciede2000(a[inside], b[inside]).mean() for a, b in zip(one, other, strict=True)]
    return float(np.mean(apart))


if __name__ == "__main__":
    main()
