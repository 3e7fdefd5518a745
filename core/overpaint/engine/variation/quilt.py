"""Guided quilting: the selection anew, out of blocks of the picture that lie elsewhere.

Every block of the selection is replaced by another block of the picture that continues its
neighbours and looks, blurred, like what was there. Blocks meet along the path on which they differ
least. What has no equal elsewhere stays as it is. What was there before goes on a little into the
selection, up to a cut where old and new agree best, so that its edge shows nowhere.

Source of the method: Efros, Freeman, "Image Quilting for Texture Synthesis and Transfer", 2001.
Ours differs in ranking blocks at a reduced size, in taking them from the picture itself, in the
penalty for taking one twice, and in the cut around the whole.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.laying import Laying
from overpaint.engine.variation.looks import CELLS, Sources, without_equal

__all__ = ["CELLS", "Quilted", "Style", "quilt"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

SHORTLIST = 400
"""How many of the blocks, those that look most alike, are held against the neighbours."""
AGAIN = 0.5
"""What taking a block again that is in use costs, as a share of the usual misfit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How to quilt. *cell*: pixels of the picture to a cell, so blocks are CELLS times as large.

    *closeness*: what the look of the old counts beside fitting the neighbours. *apart*: from how
    many pixels away blocks come, at least. *choices*: among how many of the best chance decides.
    *mirrored*: whether blocks may be taken mirrored left to right.
    """

    cell: int
    closeness: float
    apart: int
    choices: int = 3
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Quilted:
    """The picture, and which of its pixels are new."""

    picture: Rgb
    changed: Flags


def quilt(
    pixels: Rgb, missing: Flags, visible: Flags, style: Style, seed: int
) -> Generator[float, None, Quilted | None]:
    """Quilt *missing* anew; yields how far it is, 0..1, and returns what it made.

    *pixels*: uint8 (height, width, 3); *missing* and *visible* bool (height, width). Only blocks
    that are visible throughout are copied. None where no block is: the picture, or what shows of
    it, is smaller than a block. Nothing outside *missing* differs. The same seed gives the same.
    """
    height, width = missing.shape
    laying = Laying.begin(pixels, missing, visible, style.cell)
    random = np.random.default_rng(seed)
    sources = Sources.of(laying.small, laying.whole_small, random)
    if sources is None:
        return None
    laying.leave(without_equal(laying.wanted_small(), sources, style.apart / style.cell))
    rows, columns = laying.grid(random)
    uses = np.zeros(laying.small.shape[:2], np.float32)
    for number, y in enumerate(rows):
        yield number / len(rows)
        row = [x for x in columns if laying.is_wanted(y, x)]
        if not row:
            continue
        at = np.full(len(row), y), np.array(row)
        far = sources.distances(*at)
        far[far > sources.limits(*at)[:, None]] = np.inf
        for x, distance in zip(row, far, strict=True):
            top, left, flipped = _choose(laying, sources, distance, (y, x), style, uses, random)
            laying.lay(y, x, top, left, flipped=flipped)
            half = CELLS // 2
            uses[max(0, top - half) : top + half, max(0, left - half) : left + half] += 1
    yield 1.0
    share = laying.finish()
    return Quilted(laying.picture[:height, :width], share[:height, :width] > 0)


def _choose(
    laying: Laying,
    sources: Sources,
    distance: Floats,
    at: tuple[int, int],
    style: Style,
    uses: Floats,
    random: np.random.Generator,
) -> tuple[int, int, bool]:
    """Return which block is laid at *at*, by its cells, and whether mirrored.

    *distance*: how far each source's look is, without end where it is no equal. Where none is one,
    the block that lies there is laid again: it is joined to its neighbours.
    """
    y, x = at
    apart = style.apart / style.cell
    far = np.where(sources.near(y, x, apart), np.inf, distance)
    if not np.isfinite(far).any():
        return y, x, False
    count = min(SHORTLIST, len(far))
    best = np.argpartition(far, count - 1)[:count]
    best = best[np.isfinite(far[best])]
    top, left = sources.y[best], sources.x[best]
    reach = np.arange(CELLS)
    blocks = laying.small[(top[:, None] + reach)[:, :, None], (left[:, None] + reach)[:, None, :]]
    flipped = np.zeros(len(best), np.bool_)
    if style.mirrored:
        blocks = np.concatenate([blocks, blocks[:, :, ::-1]])
        flipped = np.repeat([False, True], len(best))
        best = np.concatenate([best, best])
    there = laying.out_small[y : y + CELLS, x : x + CELLS]
    weight = laying.weights(y, x)
    gap = blocks - there
    seam = np.einsum("nijc,nijc,ij->n", gap, gap, weight) / max(float(weight.sum()), 1.0)
    look = far[best]
    if style.mirrored:
        look = look + np.where(flipped, 0.1 * look.mean(), 0)
    cost = style.closeness * look + seam
    floor = float(np.partition(cost, min(4, len(cost) - 1))[:5].mean()) + 1
    cost = (
        cost
        + AGAIN
        * floor
        * uses[
            np.minimum(sources.y[best], uses.shape[0] - 1),
            np.minimum(sources.x[best], uses.shape[1] - 1),
        ]
    )
    order = np.argsort(cost, kind="stable")[: style.choices]
    fair = order[cost[order] <= 1.2 * cost[order[0]] + 1]
    pick = int(random.choice(fair))
    return int(sources.y[best[pick]]), int(sources.x[best[pick]]), bool(flipped[pick])
