"""The bend of a candidate: a smooth displacement on top of its scale and shift.

A grid of B-spline coefficients under the prior of a Gaussian process (Rasmussen, Williams,
"Gaussian Processes for Machine Learning", 2006), which goes on smoothly into the hole; fitted to
the tiles, kept where it helps tiles that it was not fitted to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from overpaint.fitting.levels import Level, Numbers
from overpaint.fitting.tiles import Tiles, distance, tiles_of
from overpaint.fitting.warp import Bend, Drift, Flags, spline_at
from overpaint.geometry import Extent

__all__ = ["bent"]

COEFFICIENTS = 7
"""Of the bend, along each side."""
REACHES = (3.0, 0.7, 0.4)
"""Over which part of the crop a bend stays alike: from nearly flat, a turn or a shear, to wavy."""
BEND = 3.0
"""How far bends go, as a standard deviation in pixels."""
TILT = 40.0
"""Likewise what of them is a plain shift, scale, turn or shear: those are free."""
MAX_SHARE = 0.8
"""Of the misfit that a bend may leave on tiles that it was not fitted to."""
MIN_BEND = 0.08
"""Bends by less than this many pixels, on average, are not worth the risk inside the hole."""
MAX_BENT_ERROR = 0.95
"""Of the straight drift's error, that a bend may leave."""
MIN_TILES = 12
"""That must judge, and be judged."""
CORRELATED = 4.0
"""Neighbouring pixels do not err independently: this many count as one."""


def bent(pyramid: Sequence[Level], straight: Drift) -> Drift:
    """Return *straight* with a smooth bend added, where the evidence for one is clear."""
    drift = straight
    for level in pyramid[-2:]:
        for _ in range(2):
            tiles = tiles_of(level, drift)
            if len(tiles.x) < 2 * COEFFICIENTS:
                return straight
            bend = _flex(tiles, level.sent, drift.bend)
            if bend is None:
                break
            drift = replace(drift, bend=bend)
    if drift.bend is None or distance(Drift(bend=drift.bend), pyramid[-1].sent) < MIN_BEND:
        return straight
    finest = pyramid[-1]
    clear = finest.error(drift) < MAX_BENT_ERROR * finest.error(straight)
    return drift if clear else straight


def _flex(tiles: Tiles, extent: Extent, bend: Bend | None) -> Bend | None:
    """Return *bend* moved to where *tiles* pull; None where that would not help other tiles.

    Each half of the tiles, in blocks like those of a chess board, judges what the other half
    finds; the reach that both like best is fitted to all of them.
    """
    count = COEFFICIENTS
    basis = np.einsum(
        "nr,nc->nrc",
        spline_at((tiles.y + 0.5) / extent.height, count).astype(np.float64),
        spline_at((tiles.x + 0.5) / extent.width, count).astype(np.float64),
    ).reshape(-1, count * count)
    now = (
        np.zeros((2, count * count))
        if bend is None
        else np.stack([bend.dx.ravel(), bend.dy.ravel()]).astype(np.float64)
    )
    still = tiles.misfit(np.zeros_like(tiles.x), np.zeros_like(tiles.x))
    scale = 4 * float(np.median(still)) + 1e-9
    black = tiles.black(extent)
    if min(black.sum(), (~black).sum()) < MIN_TILES:
        return None
    halves = [(~half, _pulls(tiles, basis, half, now)) for half in (black, ~black)]

    def left(reach: float) -> float:
        """Return the share of the misfit that is left on tiles that were not fitted to."""
        total = 0.0
        for judges, pulls in halves:
            misfit = tiles.misfit(*(pulls.change(reach) @ basis.T))[judges]
            total += float((misfit / (1 + misfit / scale)).sum())
        return total / float((still / (1 + still / scale)).sum())

    shares = {reach: left(reach) for reach in REACHES}
    best = min(shares, key=lambda reach: shares[reach])
    if shares[best] > MAX_SHARE:
        return None
    everyone = _pulls(tiles, basis, np.ones_like(black), now)
    dx, dy = (now + everyone.change(best)).astype(np.float32)
    return Bend(dx.reshape(count, count), dy.reshape(count, count))


@dataclass(frozen=True, slots=True, eq=False)
class _Pulls:
    """What tiles ask of the coefficients *now* (2, n) of a bend: a matrix and a right side."""

    matrix: Numbers
    pull: Numbers
    now: Numbers

    def change(self, reach: float) -> Numbers:
        """Return how the coefficients should change, (2, n), if bends reach so far."""
        count = self.now.shape[1]
        stiff = _stiffness(reach)
        matrix = self.matrix + np.kron(np.eye(2), stiff)
        change = np.linalg.solve(matrix, self.pull - (self.now @ stiff).ravel())
        return np.asarray(change.reshape(2, count), np.float64)


def _pulls(tiles: Tiles, basis: Numbers, chosen: Flags, now: Numbers) -> _Pulls:
    """Sum up the *chosen* tiles, less those that a first fit cannot reconcile with the others."""
    some = tiles.chosen(chosen)
    basis = basis[chosen]
    misfit = some.misfit(np.zeros_like(some.x), np.zeros_like(some.x))
    pulls = _summed(some, basis, misfit, now)
    misfit = some.misfit(*(pulls.change(REACHES[1]) @ basis.T))
    return _summed(some, basis, misfit, now)


def _summed(tiles: Tiles, basis: Numbers, misfit: Numbers, now: Numbers) -> _Pulls:
    # Not with @: the threads of BLAS wait for each other when the machine has other things to do.
    trust = 1 / (1 + misfit / (4 * float(np.median(misfit)) + 1e-9)) / (CORRELATED * tiles.noise)
    xx, xy, yy = (
        np.einsum("ta,tb->ab", basis * (trust * each)[:, None], basis)
        for each in (tiles.xx, tiles.xy, tiles.yy)
    )
    pull = np.concatenate([basis.T @ (trust * tiles.bx), basis.T @ (trust * tiles.by)])
    return _Pulls(np.block([[xx, xy], [xy, yy]]), pull, now)


@cache
def _stiffness(reach: float) -> Numbers:
    """Return how firmly the coefficients of a bend of this *reach* hold each other: (n, n)."""
    along = (np.arange(COEFFICIENTS) - 1) / (COEFFICIENTS - 3) - 0.5
    y, x = (each.ravel() for each in np.meshgrid(along, along, indexing="ij"))
    squares = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    tilt = 1 + x[:, None] * x + y[:, None] * y
    expected = BEND**2 * np.exp(-squares / (2 * reach**2)) + TILT**2 * tilt
    return np.asarray(np.linalg.inv(expected + 1e-3 * np.eye(len(x))), np.float64)
