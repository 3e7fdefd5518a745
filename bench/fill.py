"""How well the offline engine fills holes, against a stated baseline.

    python -m bench.fill            all photographs, every engine, contact sheets
    python -m bench.fill --quick    a few of them, under a minute

Photographs of 0.25 megapixels that packages ship (bench.photos), each with three holes of about
5, 15 and 30 % of its area in three shapes (bench.holes). Ours goes the way a command goes: only a
crop with context is seen. Baseline: the same library, PyPatchMatch, called plainly on the whole
picture with the same radius, in the same run. Beside them OpenCV's Telea and the best other
engine that installs from a package, Resynthesizer (GPL-3, measured only, used if installed).
Numbers: bench.metrics. Look at out/bench/fill-*.png too: no number sees nonsense.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench import engines, holes, metrics, photos, sheet

from overpaint.engine import fill

OUT = Path(__file__).resolve().parents[1] / "out" / "bench"
PIXELS = 250_000
PHOTOS, SEEDS = 17, (1, 2)
QUICK_PHOTOS, QUICK_SEEDS = 3, (1,)
FEWEST = 10
SEAM_GOAL, SHARP_GOAL = 1.2, 0.8
NOISE = 0.02
"""How much a median moves with other seeds."""

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    """One hole in one photograph: *place* seeds where it lies, *seed* how it is filled."""

    photo: photos.Photo
    shape: str
    share: float
    place: int
    seed: int

    def read(self) -> tuple[Rgb, npt.NDArray[np.bool_]]:
        """Return the truth and the hole."""
        truth = photos.load(self.photo, PIXELS)
        height, width = truth.shape[:2]
        return truth, holes.hole(self.shape, self.share, width, height, self.place)


@dataclass(frozen=True, slots=True)
class Result:
    """What one engine made of one case; *seconds* of processor time."""

    filled: Rgb
    seam: float
    sharp: float
    psnr: float
    seconds: float


def cases(count: int, seeds: Sequence[int]) -> list[Case]:
    """Return three holes a photograph: each share once, the shapes taking turns."""
    return [
        Case(photo, holes.SHAPES[(i + j) % len(holes.SHAPES)], share, 1000 * i + j, seed)
        for photo in photos.available(count)
        for i in [photos.PHOTOS.index(photo)]  # the same holes whatever else is installed
        for j, share in enumerate(holes.SHARES)
        for seed in seeds
    ]


def use(radius: int) -> None:
    """Let a worker fill with patches of that radius, ours and the baseline alike."""
    fill.RADIUS = radius


def measure(case: Case) -> dict[str, Result]:
    """Return what every engine makes of *case*."""
    import cv2

    cv2.setNumThreads(1)  # the cases run side by side already
    truth, hole = case.read()
    hidden = truth.copy()
    hidden[hole] = 0  # no engine can peek
    results = {}
    for name, engine in engines.engines().items():
        started = time.process_time()
        filled = engine(hidden, hole, case.seed)
        seconds = time.process_time() - started
        filled = np.where(hole[..., None], filled, truth)
        results[name] = Result(
            filled,
            metrics.seam(filled, truth, hole),
            metrics.sharp(filled, truth, hole),
            metrics.psnr(filled, truth, hole),
            seconds,
        )
    return results


def median(results: Sequence[Result], number: Callable[[Result], float]) -> float:
    return float(np.median([number(result) for result in results]))


def table(done: list[tuple[Case, dict[str, Result]]]) -> None:
    """Print medians and worst cases, each beside its ratio to the baseline."""
    names = list(done[0][1])
    baseline = [results[names[1]] for _, results in done]
    seam, sharp = (lambda r: r.seam), (lambda r: r.sharp)
    shares = "".join(f"{f'at {share:.0%}':>13}" for share in holes.SHARES)
    print(f"{'':21}seam /base worst  sharp /base worst   PSNR CPU s   seam, sharp{shares}")
    for name in names:
        mine = [results[name] for _, results in done]
        shares = ""
        for share in holes.SHARES:
            some = [results[name] for case, results in done if case.share == share]
            shares += f"{median(some, seam):8.2f}{median(some, sharp):5.2f}"
        print(
            f"{name:20}{median(mine, seam):5.2f}{median(mine, seam) / median(baseline, seam):6.2f}"
            f"{max(map(seam, mine)):6.2f}{median(mine, sharp):7.2f}"
            f"{median(mine, sharp) / median(baseline, sharp):6.2f}{min(map(sharp, mine)):6.2f}"
            f"{median(mine, lambda r: r.psnr):7.1f}{median(mine, lambda r: r.seconds):6.2f}"
            f"{'':14}{shares}"
        )
    if len(names) < 4:
        print("(no other engine: pip install resynthesizer, or opencv-contrib-python-headless)")


def worst(done: list[tuple[Case, dict[str, Result]]]) -> None:
    """Print our worst cases, and what the baseline makes of them."""
    ours, base = list(done[0][1])[:2]

    def line(what: str, number: Callable[[Result], float], some: list[int]) -> None:
        listed = (
            f"{case.photo.name} {case.share:.0%} {case.shape} {number(results[ours]):.2f}"
            f" ({number(results[base]):.2f})"
            for case, results in (done[i] for i in some)
        )
        print(f"worst {what} (baseline): {', '.join(listed)}")

    everything = [i for i, (case, _) in enumerate(done) if case.seed == SEEDS[0]]
    clearest = sorted(everything, key=lambda i: -done[i][1][ours].seam)[:4]
    softest = sorted(everything, key=lambda i: done[i][1][ours].sharp)[:4]
    line("seam ", lambda r: r.seam, clearest)
    line("sharp", lambda r: r.sharp, softest)


def verdict(done: list[tuple[Case, dict[str, Result]]]) -> bool:
    """Print which goals are met, and whether all are."""
    ours, base = ([results[name] for _, results in done] for name in list(done[0][1])[:2])
    seam, sharp = median(ours, lambda r: r.seam), median(ours, lambda r: r.sharp)
    base_seam, base_sharp = median(base, lambda r: r.seam), median(base, lambda r: r.sharp)
    goals = {
        f"median seam {seam:.3f}, at most {SEAM_GOAL}": seam <= SEAM_GOAL,
        f"median sharpness {sharp:.3f}, at least {SHARP_GOAL}": sharp >= SHARP_GOAL,
        f"seam no worse than the whole picture's {base_seam:.3f}": seam <= base_seam + NOISE,
        f"sharpness no worse than the whole picture's {base_sharp:.3f}": sharp
        >= base_sharp - NOISE,
    }
    for goal, met in goals.items():
        print(f"{'met   ' if met else 'MISSED'}  {goal}")
    return all(goals.values())


def write_sheets(done: list[tuple[Case, dict[str, Result]]]) -> None:
    """Write one contact sheet a share: the hole, every engine, the truth."""
    for share in holes.SHARES:
        rows = []
        for case, results in done:
            if case.share != share or case.seed != SEEDS[0]:
                continue
            truth, hole = case.read()
            before = truth.copy()
            before[hole] = (255, 0, 255)
            cells = [(f"{case.photo.name}, {case.shape}", before)]
            cells += [
                (f"{name}: seam {r.seam:.2f} sharp {r.sharp:.2f}", r.filled)
                for name, r in results.items()
            ]
            rows.append([*cells, ("truth", truth)])
        sheet.write(OUT / f"fill-{round(share * 100):02}.png", rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the fill of the offline engine.")
    parser.add_argument("--quick", action="store_true", help="a few photographs, no sheets")
    parser.add_argument("--radius", type=int, default=fill.RADIUS, help="of the patches")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    some = cases(QUICK_PHOTOS, QUICK_SEEDS) if options.quick else cases(PHOTOS, SEEDS)
    number = len({case.photo.name for case in some})
    print(f"{number} photographs, {len(some)} fills an engine, patches of radius {options.radius}")
    if number < FEWEST and not options.quick:
        print(f"fewer than {FEWEST} photographs: install what was left out (bench/photos.py)")
    started = time.perf_counter()
    with ProcessPoolExecutor(options.jobs, initializer=use, initargs=(options.radius,)) as pool:
        done = list(zip(some, pool.map(measure, some), strict=True))
    table(done)
    worst(done)
    met = verdict(done)
    if not options.quick:
        write_sheets(done)
        print(f"look at {OUT}/fill-*.png")
    print(f"{time.perf_counter() - started:.0f} s")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
