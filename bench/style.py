"""What styles, strokes, variations and fills cost offline, and how that grows with the picture.

    python -m bench.style

For each size, in a process of its own: seconds per megapixel and the peak of memory, beside
cv2.stylization and beside the style network in one strip of the whole picture instead of many; and
whether the borders of the strips show: the jump across them against the jumps beside them. Then the
ratios: to cv2.stylization and to the network in one strip at 4 megapixels, and how seconds per
megapixel grow from the smallest size to the largest.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import cv2
import numpy as np
import numpy.typing as npt

from overpaint import styles
from overpaint.engine.provider import Embedded
from overpaint.engine.style import network, strokes, weights
from overpaint.engine.style.painting import BRUSHES
from overpaint.engine.style.steps import finished
from overpaint.look import Look
from overpaint.providers.base import Candidate, Job
from overpaint.recipe import Edit

ROOT = Path(__file__).resolve().parents[1]
Rgb = npt.NDArray[np.uint8]

SIZES = {1: (1200, 833), 4: (2400, 1667), 12: (4200, 2857), 24: (6000, 4000)}
WORKS = ("network", "one strip", "stylization", "strokes", "style", "variation", "fill")
SMALL = 4
"""Megapixels up to which the network in one strip fits into the memory of most machines."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--one", nargs=2, metavar=("WORK", "MEGAPIXELS"), help="only this")
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], int(arguments.one[1]))
        return
    print("Seconds per megapixel, and the peak of memory in MB; a selection of a tenth for the")
    print("last two.")
    print(f"{'':14}" + "".join(f"{size:>8} MP{'':8}" for size in SIZES))
    seconds: dict[tuple[str, int], float] = {}
    for work in WORKS:
        cells = []
        for size in SIZES:
            if work == "one strip" and size > SMALL:
                cells.append(f"{'-':>19}")
                continue
            command = [sys.executable, "-m", "bench.style", "--one", work, str(size)]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            cells.append(told.stdout.splitlines()[-1])
            seconds[work, size] = float(cells[-1].split()[0])
        print(f"{work:14}" + "".join(cells), flush=True)
    small, large = min(SIZES), max(SIZES)
    print(f"{'ratios':14}{'stylization':>13}{'one strip':>11}{f'{small} to {large} MP':>12}")
    for work in WORKS:
        own = seconds[work, SMALL]
        beside = own / seconds["stylization", SMALL], own / seconds["one strip", SMALL]
        grown = seconds.get((work, large), float("nan")) / seconds[work, small]
        print(f"{work:14}{beside[0]:13.2f}{beside[1]:11.2f}{grown:12.2f}")


def one(work: str, size: int) -> None:
    """Print what *work* takes on a picture of that many megapixels."""
    width, height = SIZES[size]
    picture = photograph(width, height)
    started = time.perf_counter()
    seam = RUNS[work](picture)
    seconds = (time.perf_counter() - started) / (width * height / 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    extra = "" if seam is None else f" {seam:.2f}"
    print(f"{seconds:8.2f}{peak:6.0f}{extra:5}")


def photograph(width: int, height: int) -> Rgb:
    """A photograph of that size: enlarged, with the grain that a large one has."""
    from bench import photos

    photo = next(each for each in photos.available(12) if each.name == "china")
    whole = cv2.resize(photos.load(photo, 10**8), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(1).integers(-5, 6, (height, width, 1), np.int8)
    return np.asarray(cv2.add(whole, np.repeat(grain, 3, 2), dtype=cv2.CV_8U), np.uint8)


def _vector() -> npt.NDArray[np.float32]:
    return weights.styles()[styles.get("great-wave").vector]


def _network(picture: Rgb) -> float:
    made, _ = finished(network.run(picture, _vector()))
    rows = max(network.LEAST_ROWS, network.STRIP // picture.shape[1]) // 4 * 4
    jumps = np.abs(np.diff(made.astype(np.int16), axis=0)).mean(axis=(1, 2))
    borders = np.arange(rows - 1, len(jumps), rows)
    # The network draws in fours, so that rows differ by their place among four.
    beside = np.concatenate([borders + 4 * step for step in (-2, -1, 1, 2)])
    return float(jumps[borders].mean() / jumps[beside[beside < len(jumps)]].mean())


def _one_strip(picture: Rgb) -> None:
    network.STRIP = 10**12
    finished(network.run(picture, _vector()))


def _stylization(picture: Rgb) -> None:
    cv2.stylization(picture)


def _strokes(picture: Rgb) -> None:
    unit = (picture.shape[0] * picture.shape[1] / strokes.SKETCH) ** 0.5
    finished(strokes.paint(picture, BRUSHES["oil"], unit, 1))


def _by_engine(edit: Edit, look: Look | None = None) -> Callable[[Rgb], None]:
    def run(picture: Rgb) -> None:
        height, width = picture.shape[:2]
        mask = np.full((height, width), 255, np.uint8)
        if edit is not Edit.STYLE:
            mask[:] = 0
            axes = (int(width * 0.178), int(height * 0.178))
            cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
        job = Job(
            edit=edit,
            prompt="",
            seed=4,
            pixels=picture,
            mask=mask,
            visible=np.ones((height, width), np.bool_),
            look=look or Look(),
        )

        async def make() -> None:
            async for event in Embedded().run(job, None):
                if isinstance(event, Candidate):
                    return

        anyio.run(make)

    return run


RUNS: dict[str, Callable[[Rgb], float | None]] = {
    "network": _network,
    "one strip": _one_strip,
    "stylization": _stylization,
    "strokes": _strokes,
    "style": _by_engine(Edit.STYLE, Look(style="impressionist")),
    "variation": _by_engine(Edit.VARIATION),
    "fill": _by_engine(Edit.REMOVE),
}

if __name__ == "__main__":
    main()
