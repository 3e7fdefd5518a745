"""Scale and shift of a candidate by Gauss-Newton, from normal equations summed over tiles.

Robust pixel weights, symmetric gradients. Source: Lucas, Kanade, "An iterative image registration
technique", 1981; Benhimane, Malis, "Real-time image-based tracking of planes using efficient
second-order minimization", 2004.

Tiles, so that any smooth model can be fitted to them, those whose content really changed can be
left out, and half of them can judge what the other half found.
"""

from dataclasses import dataclass

import numpy as np

from overpaint.fitting.levels import TILE, Level, Numbers, gradient, total
from overpaint.fitting.warp import Drift, Flags, spline_at
from overpaint.geometry import Extent

__all__ = ["Tiles", "displacement", "distance", "grid", "refine", "step", "tiles_of"]

SETTLED = 0.03
"""Pixels of a level: by less it need not be moved again there; the next one sees better."""
BLOCKS = 6
"""Along each side, of the tiles that judge together."""


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Normal equations of each tile for a displacement in pixels of the crop at full size.

    Centres *x*, *y*; *xx*, *xy*, *yy*: how firmly the tile holds its place; *bx*, *by*: where it
    pulls. A displacement d adds d' A d - 2 b' d to the squared error. All float64 (n,).
    """

    x: Numbers
    y: Numbers
    xx: Numbers
    xy: Numbers
    yy: Numbers
    bx: Numbers
    by: Numbers
    noise: float

    def chosen(self, flags: Flags) -> "Tiles":
        """Return only those tiles."""
        values = (self.x, self.y, self.xx, self.xy, self.yy, self.bx, self.by)
        x, y, xx, xy, yy, bx, by = (each[flags] for each in values)
        return Tiles(x, y, xx, xy, yy, bx, by, self.noise)

    def black(self, extent: Extent) -> Flags:
        """Return which tiles lie on the black fields of a chess board over the crop."""
        columns = np.floor(BLOCKS * (self.x + 0.5) / extent.width)
        rows = np.floor(BLOCKS * (self.y + 0.5) / extent.height)
        black: Flags = (columns + rows) % 2 == 0
        return black

    def misfit(self, dx: Numbers, dy: Numbers) -> Numbers:
        """Return what a displacement leaves of each tile's own pull, in units of the noise."""
        determinant = self.xx * self.yy - self.xy**2 + 1e-12
        ox = (self.yy * self.bx - self.xy * self.by) / determinant - dx
        oy = (self.xx * self.by - self.xy * self.bx) / determinant - dy
        return (self.xx * ox * ox + 2 * self.xy * ox * oy + self.yy * oy * oy) / self.noise


def tiles_of(level: Level, drift: Drift) -> Tiles:
    """Return what the tiles of *level* ask for on top of *drift*, robustly weighted."""
    normal, weight = level.sampled(drift)
    gx, gy = level.gradient
    ox, oy = gradient(normal)
    gx, gy = (gx + ox) * np.float32(0.5), (gy + oy) * np.float32(0.5)
    rest = normal - level.normal
    # Cauchy's weights; the scale is that of the residual itself.
    squares = rest * rest
    spread = float((weight * squares).sum()) / max(float(weight.sum()), 1) + 1e-4
    weight = np.asarray(weight / (1 + squares / np.float32(2 * spread)), np.float32)
    height, width = weight.shape
    wx, wy = weight * gx, weight * gy
    amount = total(weight)
    chosen = amount > TILE
    across, down = level.sent.width / width, level.sent.height / height
    # Where a tile's known pixels are, on average.
    at = np.maximum(amount, 1e-9)
    x = total(weight * np.arange(width, dtype=np.float32)) / at
    y = total(weight * np.arange(height, dtype=np.float32)[:, None]) / at
    noise = float((weight * squares).sum()) / max(float(weight.sum()), 1) + 1e-6
    values = {
        "x": (x + 0.5) * across - 0.5,
        "y": (y + 0.5) * down - 0.5,
        "xx": total(wx * gx) / across**2,
        "xy": total(wx * gy) / (across * down),
        "yy": total(wy * gy) / down**2,
        "bx": -total(wx * rest) / across,
        "by": -total(wy * rest) / down,
    }
    return Tiles(**{name: value[chosen] for name, value in values.items()}, noise=noise)


def refine(level: Level, drift: Drift, steps: int) -> Drift:
    """Return *drift* after some Gauss-Newton steps of scale and shift at *level*."""
    for _ in range(steps):
        tiles = tiles_of(level, drift)
        if not len(tiles.x):
            return drift
        moved = step(tiles, level.sent, drift)
        change = max(
            abs(moved.shift_x - drift.shift_x),
            abs(moved.shift_y - drift.shift_y),
            abs(moved.scale_x - drift.scale_x) * level.sent.width / 2,
            abs(moved.scale_y - drift.scale_y) * level.sent.height / 2,
        )
        drift = moved
        if change * level.factor < SETTLED:
            break
    return drift


def step(tiles: Tiles, extent: Extent, drift: Drift) -> Drift:
    """Return *drift* with its scale and shift moved to where *tiles* pull."""
    half_x, half_y = extent.width / 2, extent.height / 2
    u, v = (tiles.x + 0.5) / half_x - 1, (tiles.y + 0.5) / half_y - 1
    zero, one = np.zeros_like(u), np.ones_like(u)
    # Unknown: shift x, edge displacement x, shift y, edge displacement y, in pixels.
    in_x, in_y = np.stack([one, u, zero, zero]), np.stack([zero, zero, one, v])
    now = np.array(
        [
            drift.shift_x,
            (drift.scale_x - 1) * half_x,
            drift.shift_y,
            (drift.scale_y - 1) * half_y,
        ]
    )
    # What nothing speaks for stays small: models seldom drift further than this.
    prior = 1 / np.array([20.0, 0.05 * half_x, 20.0, 0.05 * half_y]) ** 2
    trust = np.ones_like(u)
    change = np.zeros(4)
    for _ in range(3):
        xx, xy, yy = (trust * each / tiles.noise for each in (tiles.xx, tiles.xy, tiles.yy))
        cross = (in_x * xy) @ in_y.T
        matrix = (in_x * xx) @ in_x.T + cross + cross.T + (in_y * yy) @ in_y.T
        pull = in_x @ (trust * tiles.bx / tiles.noise) + in_y @ (trust * tiles.by / tiles.noise)
        change = np.linalg.solve(matrix + np.diag(prior), pull - prior * now)
        misfit = tiles.misfit(change @ in_x, change @ in_y)
        trust = 1 / (1 + misfit / (4 * np.median(misfit) + 1e-9))
    now = now + change
    return Drift(
        float(1 + now[1] / half_x), float(1 + now[3] / half_y), float(now[0]), float(now[2])
    )


def distance(drift: Drift, extent: Extent) -> float:
    """Return by how many pixels *drift* moves things, on average over a grid on the crop."""
    dx, dy = displacement(drift, extent, *grid(extent))
    return float(np.hypot(dx, dy).mean())


def grid(extent: Extent) -> tuple[Numbers, Numbers]:
    """Return the places x and y of a grid over the crop, each float64 (n,)."""
    x, y = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    return x.ravel() * (extent.width - 1), y.ravel() * (extent.height - 1)


def displacement(drift: Drift, extent: Extent, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Return by how much *drift* moves the crop's places *x*, *y* (each float (n,))."""
    dx = (drift.scale_x - 1) * (x - (extent.width - 1) / 2) + drift.shift_x
    dy = (drift.scale_y - 1) * (y - (extent.height - 1) / 2) + drift.shift_y
    if drift.bend is not None:
        rows, columns = drift.bend.dx.shape
        across = spline_at((x + 0.5) / extent.width, columns)
        down = spline_at((y + 0.5) / extent.height, rows)
        dx = dx + np.einsum("nr,rc,nc->n", down, drift.bend.dx, across)
        dy = dy + np.einsum("nr,rc,nc->n", down, drift.bend.dy, across)
    return dx, dy
