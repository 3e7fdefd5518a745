"""The plan: which rectangle of the picture one edit reads, and what of it is sent at which size.

Two steps. From the selection's bounds alone comes the *region*, the one rectangle that is read.
From the selection itself come the *shots*: one, or one for each far-apart piece, or overlapping
tiles where a model's largest picture would lose too much resolution.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from overpaint.errors import SelectionEmpty
from overpaint.geometry import Box, Extent
from overpaint.language import _
from overpaint.mask import Mask, bounds, islands
from overpaint.recipe import Oversize, Recipe
from overpaint.sizes import Sizes

__all__ = ["MIN_CONTEXT", "Plan", "Shot", "make_plan", "make_shots"]

MIN_CONTEXT = 64
"""Pixels around even the smallest selection: less shows a model nothing but a smear."""
KEEP = 2 / 3
"""Fitting that keeps less than this much of the linear resolution gives way to tiles."""
ENLARGE = 2.0
"""Tiny selections get more surroundings rather than being enlarged beyond this."""
AS_IT_IS = 1.5
"""Below this factor a picture is not enlarged: it gets more surroundings, and exact pixels."""
OVERLAP = 96
"""Pixels that neighbouring tiles share, at least."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to be sent: *box* of what was read, resized to *working*.

    *box* may reach beyond what there is, where a model takes no other shape: those pixels are
    mirrored, and are never looked at when the result comes back.
    """

    box: Box
    working: Extent

    @property
    def resolution(self) -> float:
        """How much of the linear resolution the model gets: 1 for all of it."""
        return min(1.0, self.working.width / self.box.width)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be read, changed and sent; *shots* are boxes of the canvas."""

    region: Box
    changed: Box
    shots: tuple[Shot, ...]

    @property
    def resolution(self) -> float:
        return min(shot.resolution for shot in self.shots)


def make_plan(recipe: Recipe, selection: Box, canvas: Extent, sizes: Sizes) -> Plan:
    """Return the plan for a *selection* (its bounds) on a picture of size *canvas*.

    Without a context of the recipe's own, each side gets about as much context as the selection
    is long in that direction: what fills a hole best is most often within one hole's size of it
    (measured in bench/fill.py). Large selections get less, down to an eighth, for the sake of time:
    they have enough to copy from all the same. What is sent to a model gets less as soon as it is
    as large as the model's native picture, down to a fourteenth: pixels beyond that cost money, or
    resolution.
    The region never leaves the canvas. Raises SelectionEmpty where the selection lies outside.
    """
    changed = selection.grown(recipe.grow + recipe.feather).intersection(canvas.box)
    if changed is None or selection.intersection(canvas.box) is None:
        raise SelectionEmpty(
            _("The selection lies outside the picture."), _("Select a part of the picture first.")
        )
    shots = _shots(recipe, changed, canvas.box, sizes)
    region = changed
    for shot in shots:
        seen = shot.box.intersection(canvas.box)
        region = region.union(seen) if seen is not None else region
    return Plan(region=region, changed=changed, shots=shots)


def make_shots(recipe: Recipe, mask: Mask, sizes: Sizes) -> tuple[Shot, ...]:
    """Return what is to be sent of a region that was read, whose pixels change by *mask*.

    Boxes are of the region. Far-apart pieces of the mask go apart where that takes fewer
    requests, or as many and keeps more of the resolution.
    """
    height, width = mask.shape
    region = Extent(width, height).box
    changed = bounds(mask)
    if changed is None or sizes.anything:
        return (Shot(region, region.extent),)
    together = _shots(recipe, changed, region, sizes)
    together = tuple(shot for shot in together if _touches(shot, mask))
    if len(together) == 1 and together[0].resolution == 1:
        return together
    pieces = islands(mask > 0, 2 * MIN_CONTEXT)
    apart = tuple(
        shot
        for piece in pieces
        for shot in _shots(recipe, piece, region, sizes)
        if _touches(shot, mask)
    )
    return min(together, apart, key=lambda shots: (len(shots), -min(s.resolution for s in shots)))


def _shots(recipe: Recipe, changed: Box, canvas: Box, sizes: Sizes) -> tuple[Shot, ...]:
    needed = _with_context(recipe, changed, sizes.native).intersection(canvas)
    assert needed is not None  # it holds *changed*, which lies on the canvas
    if sizes.anything:
        return (Shot(needed, needed.extent),)
    fitted = _frame(needed, canvas, sizes, exact=recipe.context is not None)
    if recipe.oversize is Oversize.FIT or fitted.resolution == 1:
        return (fitted,)
    if recipe.oversize is Oversize.AUTO and fitted.resolution >= KEEP:
        return (fitted,)
    return tuple(_tiles(changed, canvas, sizes))


def _with_context(recipe: Recipe, changed: Box, native: int | None) -> Box:
    if recipe.context is not None:
        return changed.grown(recipe.context)
    across, down = _context(changed.width), _context(changed.height)
    if native is not None:
        share = _share(changed, across, down, native)
        across = min(across, max(_least(changed.width), int(share * across)))
        down = min(down, max(_least(changed.height), int(share * down)))
    return Box(
        changed.x - across,
        changed.y - down,
        changed.width + 2 * across,
        changed.height + 2 * down,
    )


def _context(length: int) -> int:
    return max(MIN_CONTEXT, min(length, 192 + length // 8))


def _least(length: int) -> int:
    return max(MIN_CONTEXT, length // 14)


def _share(changed: Box, across: int, down: int, pixels: int) -> float:
    """Return how much of a context keeps the whole within *pixels*: 1 for all, 0 for none of it.

    The positive root of (width + 2 t across) (height + 2 t down) = pixels.
    """
    square, rest = 4 * across * down, changed.extent.pixels - pixels
    linear = 2 * (across * changed.height + down * changed.width)
    root = (sqrt(max(0.0, linear**2 - 4.0 * square * rest)) - linear) / (2 * square)
    return min(1.0, max(0.0, root))


def _frame(needed: Box, canvas: Box, sizes: Sizes, *, exact: bool) -> Shot:
    """Return the best shot that holds *needed*: resolution first, then few invented pixels."""
    options = [
        _placed(needed, canvas, working, exact=exact) for working in sizes.working(needed.extent)
    ]

    def cost(shot: Shot) -> tuple[float, int, int]:
        real = shot.box.intersection(canvas)
        invented = shot.box.extent.pixels - (real.extent.pixels if real else 0)
        return -round(shot.resolution, 2), invented, shot.box.extent.pixels

    return min(options, key=cost)


def _placed(needed: Box, canvas: Box, working: Extent, *, exact: bool) -> Shot:
    factor = min(working.width / needed.width, working.height / needed.height)
    if factor >= 1 and not exact:
        factor = 1.0 if factor < AS_IT_IS else min(factor, ENLARGE)
    width = max(needed.width, round(working.width / factor))
    height = max(needed.height, round(working.height / factor))
    box = Box(
        _start(needed.x, needed.width, width, canvas.x, canvas.width),
        _start(needed.y, needed.height, height, canvas.y, canvas.height),
        width,
        height,
    )
    return Shot(box, working)


def _start(start: int, length: int, wanted: int, low: int, whole: int) -> int:
    """Return where *wanted* pixels begin that hold *length* from *start*, inside if they can."""
    begin = start - (wanted - length) // 2
    if wanted >= whole:
        return low - (wanted - whole) // 2
    return min(max(begin, low), low + whole - wanted)


def _tiles(changed: Box, canvas: Box, sizes: Sizes) -> Iterator[Shot]:
    """Yield overlapping tiles at the picture's own resolution that cover *changed*."""
    side = int((sizes.native or sizes.largest) ** 0.5)
    shape = Extent(min(side, changed.width + 2 * OVERLAP), min(side, changed.height + 2 * OVERLAP))
    working = min(
        sizes.working(shape),
        key=lambda extent: (extent.pixels < shape.pixels, abs(extent.pixels - shape.pixels)),
    )
    around = changed.grown(OVERLAP).intersection(canvas)
    assert around is not None  # it holds *changed*
    for y in _starts(around.y, around.height, working.height, canvas.y, canvas.height):
        for x in _starts(around.x, around.width, working.width, canvas.x, canvas.width):
            box = Box(x, y, working.width, working.height)
            if box.intersection(changed) is not None:
                yield Shot(box, working)


def _starts(start: int, length: int, tile: int, low: int, whole: int) -> list[int]:
    """Return where tiles begin that cover *length* pixels from *start*, evenly overlapping."""
    if tile >= length:
        return [_start(start, length, tile, low, whole)]
    overlap = min(OVERLAP, tile // 4)
    count = -(-(length - overlap) // (tile - overlap))
    step = (length - tile) / (count - 1)
    return [start + round(number * step) for number in range(count)]


def _touches(shot: Shot, mask: Mask) -> bool:
    height, width = mask.shape
    inside = shot.box.intersection(Extent(width, height).box)
    return inside is not None and bool(np.any(mask[inside.slices]))
