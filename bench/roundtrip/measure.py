"""Measuring one case: every method's result against the truth."""

import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from bench import metrics
from bench.methods import BASELINES, Fit, composite, ours, registered, told, unregistered
from bench.roundtrip.cases import Case, make
from bench.roundtrip.rows import Row, Scene, Score
from tests.drift import recoverable
from tests.drift.base import extent_of, to_colours
from tests.drift.oracle import inside

from overpaint.mask import bounds

__all__ = ["below_of", "measure", "run_methods"]

CAP = 60.0
FEW = 100
"""Pixels; a PSNR of fewer is left out."""

Rgb = npt.NDArray[np.uint8]


def run_methods(case: Case) -> tuple[dict[str, Fit], dict[str, float]]:
    """Every method's result, and its CPU seconds per megapixel."""
    extent, known = extent_of(case.truth), case.mask == 0
    calls: dict[str, Callable[[], Fit]] = {
        name: lambda method=method: method(case.below, case.returned, case.mask)
        for name, method in BASELINES.items()
    }
    calls["ours"] = lambda: ours(case.sent, case.returned.copy(), case.mask, known)
    calls["oracle"] = lambda: told(case.returned, case.drift, extent)
    fits, seconds = {}, {}
    for name, call in calls.items():
        started = time.process_time()
        fits[name] = call()
        seconds[name] = (time.process_time() - started) / (extent.pixels / 1e6)
    return fits, seconds


def below_of(case: Case, method: str) -> Rgb:
    """What lies under a method's result: in ours, what was really sent."""
    return case.sent if method == "ours" else case.below


def measure(label: str, scene: Scene, shape: str, names: tuple[str, ...]) -> Row:
    case = make(label, scene, shape, names)
    hole = case.mask >= 128
    counted = recoverable(case.truth, case.drift, hole)
    outside = case.mask == 0
    fits, seconds = run_methods(case)
    aim = composite(case.below, to_colours(case.truth), case.mask)

    box = bounds(hole.view(np.uint8))
    around = box.grown(2).intersection(extent_of(aim).box).slices

    def psnr(result: Rgb) -> float:
        if counted.sum() < FEW:
            return float("nan")
        return min(CAP, metrics.psnr(result, aim, counted))

    scores, exact = {}, False
    for name, fit in fits.items():
        result = composite(below_of(case, name), fit.picture, case.mask)
        off = cv2.absdiff(result, case.below)[outside]
        scores[name] = Score(
            psnr(result),
            metrics.seam(result[around], aim[around], hole[around]),
            int(off.max(initial=0)),
            seconds[name],
        )
        if name == "ours":
            exact = np.array_equal(result, case.below)
    plain = unregistered(case.returned, case.drift, extent_of(case.truth))
    fit = registered(fits["ours"], case.sent, case.returned, outside)
    error, worst = endpoint(case, fit)
    return Row(
        label,
        scene,
        shape,
        scores,
        error,
        worst,
        fit.reframed,
        psnr(composite(case.below, plain.picture, case.mask)),
        exact,
    )


def endpoint(case: Case, fit: Fit) -> tuple[float, float]:
    """How far *fit*'s places are from the true ones in the selection: mean and largest, in px.

    Counted in pixels of what was sent; points that left the returned picture do not count.
    """
    if fit.places is None:
        return float("nan"), float("nan")
    extent, came = extent_of(case.truth), case.drift.returned(extent_of(case.truth))
    rows, columns = np.nonzero(case.mask >= 128)
    some = np.linspace(0, len(rows) - 1, min(len(rows), 4000)).astype(int)
    rows, columns = rows[some], columns[some]
    true = case.drift.map(np.stack([columns, rows], axis=1).astype(float), extent)
    held = inside(true, came, 0)
    if not held.any():
        return 0.0, 0.0
    true = (true + 0.5) * (extent.width / came.width, extent.height / came.height) - 0.5
    x, y = (np.asarray(plane)[rows, columns] for plane in fit.places)
    far = np.hypot(x - true[:, 0], y - true[:, 1])[held]
    return float(far.mean()), float(far.max())
