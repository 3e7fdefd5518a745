"""Guided quilting: the selection anew, out of blocks of the picture that lie elsewhere.

Blocks of the selection are replaced by others of the picture that look, blurred, like what was
there, and whose edges agree with what lies around. Each is cut out where that shows least, and is
only laid if it does not show: what nothing fits stays as it is.

Source of the method: Efros, Freeman, "Image Quilting for Texture Synthesis and Transfer", 2001, and
Kwatra, Schoedl, Essa, Turk, Bobick, "Graphcut Textures", 2003, section 3.1, whose blocks lie over a
whole picture. Ours differs in ranking blocks at a reduced size, in taking them from the picture
itself, in the penalty for taking one twice, and in leaving out what would show.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.laying import Laying
from overpaint.engine.variation.looks import CELLS, Sources, without_equal

__all__ = ["CELLS", "Style", "quilt"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

SHORTLIST = 400
"""How many of the blocks, those that look most alike, are held against what lies around."""
AGAIN = 0.5
"""What taking a block again that is in use costs, as a share of the usual misfit."""
TRIES = 6
"""How many of these are cut out, at most; the first that does not show is laid."""
SHOWS = 1.8
"""How much the edge of a block stands out, beside roughness, where an eye finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How to quilt. *cell*: pixels of the picture to a cell, so blocks are CELLS times as large.

    *closeness*: what the look of the old counts beside fitting what lies around. *apart*: from how
    many pixels away blocks come, at least.
    """

    cell: int
    closeness: float
    apart: int


def quilt(
    pixels: Rgb, missing: Flags, visible: Flags, style: Style, seed: int
) -> Generator[float, None, Rgb | None]:
    """Quilt *missing* anew; yields how far it is, 0..1, and returns the picture.

    *pixels*: uint8 (height, width, 3); *missing* and *visible* bool (height, width). Only blocks
    that are visible throughout are copied. None where no block is: the picture, or what shows of
    it, is smaller than a block. Nothing outside *missing* differs. The same seed gives the same.
    """
    laying = Laying.begin(pixels, missing, visible, style.cell)
    random = np.random.default_rng(seed)
    sources = Sources.of(laying.small, laying.whole_small, random)
    if sources is None:
        return None
    laying.leave(without_equal(laying.wanted_small(), sources, style.apart / style.cell))
    uses = np.zeros(laying.small.shape[:2], np.float32)
    places = laying.grid(random)
    for number, at in enumerate(places):
        yield number / len(places)
        for top, left in _choices(laying, sources, at, style, uses, random):
            piece = laying.piece(*at, top, left)
            if piece is not None and (piece.shows <= SHOWS or laying.is_empty(*at)):
                laying.lay(piece)
                half = CELLS // 2
                uses[max(0, top - half) : top + half, max(0, left - half) : left + half] += 1
                break
    yield 1.0
    return np.where(missing[..., None], laying.picture, pixels)


def _choices(
    laying: Laying,
    sources: Sources,
    at: tuple[int, int],
    style: Style,
    uses: Floats,
    random: np.random.Generator,
) -> list[tuple[int, int]]:
    """Return up to TRIES blocks to lay at *at*, by their cells; none where it has no equal."""
    y, x = at
    here = np.array([y]), np.array([x])
    (far,) = sources.distances(*here)
    equal = (far <= sources.limits(*here)) & ~sources.near(y, x, style.apart / style.cell)
    best = np.flatnonzero(equal)
    if len(best) > SHORTLIST:
        best = best[np.argpartition(far[best], SHORTLIST - 1)[:SHORTLIST]]
    if not len(best):
        return []
    top, left = sources.y[best], sources.x[best]
    reach = np.arange(CELLS)
    blocks = laying.small[(top[:, None] + reach)[:, :, None], (left[:, None] + reach)[:, None, :]]
    weight = laying.weights(y, x)
    gap = blocks - laying.out_small[y : y + CELLS, x : x + CELLS]
    seam = np.einsum("nijc,nijc,ij->n", gap, gap, weight) / max(float(weight.sum()), 1.0)
    cost = style.closeness * far[best] + seam
    floor = float(np.sort(cost)[:5].mean()) + 1
    cost = cost + AGAIN * floor * uses[top, left]
    # Chance decides a little, so that seeds differ.
    cost = cost * random.uniform(1, 1.2, len(cost))
    order = np.argsort(cost, kind="stable")[:TRIES]
    return [(int(top[number]), int(left[number])) for number in order]
