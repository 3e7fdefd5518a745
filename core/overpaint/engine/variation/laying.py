"""Blocks laid side by side into a picture, each joined to its neighbours where it differs least."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.cut import path, ring
from overpaint.engine.variation.lines import lines
from overpaint.engine.variation.looks import CELLS
from overpaint.geometry import Box
from overpaint.hidden import painted_over
from overpaint.mask import bounds

__all__ = ["Laying"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

OVERLAP = 5
"""How much neighbouring blocks overlap, in cells."""
TINT = 14.0
"""By how many levels a block's colours may be moved towards what was there, at most."""
FOLLOW = 0.5
"""What a line of the old counts beside what a new block has to continue."""
RIM = 4.0
"""Pixels from the edge of the selection over which the new comes in, at least."""


@dataclass(slots=True, eq=False)
class Laying:
    """The picture as it grows, at its own size and in cells.

    *small* is the old picture in cells, hidden pixels in the nearest colours that show; *known*
    marks pixels that a new block has to continue, *wanted* those that it has to cover.
    """

    cell: int
    before: Rgb
    missing: Flags
    visible: Flags
    picture: Rgb
    small: Floats
    out_small: Floats
    whole_small: Flags
    lines: Floats
    known: Flags = field(init=False)
    known_small: Floats = field(init=False)
    wanted: Flags = field(init=False)
    band: Floats = field(init=False)

    @classmethod
    def begin(cls, pixels: Rgb, missing: Flags, visible: Flags, cell: int) -> "Laying":
        """Return the work before the first block is laid."""
        import cv2

        height, width = missing.shape
        below, beside = -height % cell, -width % cell
        before = painted_over(pixels, visible)
        before = (
            np.asarray(
                cv2.copyMakeBorder(before, 0, below, 0, beside, cv2.BORDER_REFLECT_101), np.uint8
            )
            if min(height, width) > cell
            else np.pad(before, ((0, below), (0, beside), (0, 0)), mode="edge")
        )
        missing, visible = (
            np.pad(flags, ((0, below), (0, beside))) for flags in (missing, visible)
        )
        size = (before.shape[1] // cell, before.shape[0] // cell)
        small = np.asarray(
            cv2.resize(before.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32
        )

        laying = cls(
            cell=cell,
            before=before,
            missing=missing,
            visible=visible,
            picture=before.copy(),
            small=small,
            out_small=small.copy(),
            whole_small=_covered(visible, size) > 0.999,
            lines=lines(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32))[1],
        )
        laying.leave(np.zeros((size[1], size[0]), np.bool_))
        return laying

    def leave(self, kept: Flags) -> None:
        """Leave the cells that are *kept* as they are: what is laid has to go on from them."""
        import cv2

        height, width = self.missing.shape
        large = cv2.resize(kept.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        self.missing &= large == 0
        self.band = _band(self.missing, self.visible, OVERLAP * self.cell)
        self.known = self.visible & (~self.missing | (self.band > 0))
        self.known_small = _covered(self.known, self.small.shape[1::-1])
        self.wanted = self.missing & ~self.known

    def weights(self, y: int, x: int) -> Floats:
        """Return what each cell of the block at *y*, *x* counts, when others are held against it.

        What is known has to go on, and lines of the old should, so that nothing straight is bent.
        """
        here = Box(x, y, CELLS, CELLS).slices
        return np.asarray(np.maximum(self.known_small[here], FOLLOW * self.lines[here]))

    def wanted_small(self) -> Flags:
        """Return in which cells something is wanted."""
        return _covered(self.missing, self.small.shape[1::-1]) > 0

    def grid(self, random: np.random.Generator) -> tuple[list[int], list[int]]:
        """Return the rows and columns at which blocks begin; chance moves the whole grid."""
        box = bounds(self.wanted.view(np.uint8))
        if box is None:
            return [], []
        step = CELLS - OVERLAP
        high, wide = self.small.shape[:2]
        down, across = (int(shift) for shift in random.integers(0, step, 2))
        first_row, first_column = box.y // self.cell, box.x // self.cell
        rows = range(first_row - OVERLAP - down, -(-box.bottom // self.cell), step)
        columns = range(first_column - OVERLAP - across, -(-box.right // self.cell), step)
        return (
            sorted({min(max(row, 0), high - CELLS) for row in rows}),
            sorted({min(max(column, 0), wide - CELLS) for column in columns}),
        )

    def is_wanted(self, y: int, x: int) -> bool:
        cell, side = self.cell, CELLS * self.cell
        here = self.wanted[y * cell : y * cell + side, x * cell : x * cell + side]
        return bool(here.any())

    def lay(self, y: int, x: int, top: int, left: int, *, flipped: bool) -> None:
        """Lay the block at *top*, *left* over the one at *y*, *x*, all in cells."""
        import cv2

        cell, side = self.cell, CELLS * self.cell
        there = Box(x * cell, y * cell, side, side).slices
        block = self._closest(y, x, top, left, flipped=flipped)
        block = block + self._tint(y, x, top, left, side, flipped=flipped)
        old = self.picture[there].astype(np.float32)
        known = self.known[there]
        gap = np.square(block - old).sum(axis=2)
        share = _joint(gap, known, OVERLAP * cell, cell)
        share[~self.missing[there]] = 0
        mixed = old + share[..., None] * (block - old)
        self.picture[there] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        self.known[there] |= self.missing[there]
        small = Box(x, y, CELLS, CELLS).slices
        self.out_small[small] = cv2.resize(
            self.picture[there].astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA
        )
        self.known_small[small] = cv2.resize(
            self.known[there].astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA
        )
        self.wanted[there] = False

    def _closest(self, y: int, x: int, top: int, left: int, *, flipped: bool) -> Floats:
        """Return the block at *top*, *left*, or one less than a cell beside it.

        The one that goes on best from what lies at *y*, *x*: lines fit to the pixel.
        """
        import cv2

        cell, side = self.cell, CELLS * self.cell
        weight = cv2.resize(self.weights(y, x), (side, side), interpolation=cv2.INTER_NEAREST)
        old = self.picture[Box(x * cell, y * cell, side, side).slices].astype(np.float32)
        down, across = top * cell, left * cell
        above, before = min(down, cell - 1), min(across, cell - 1)
        window = np.s_[
            down - above : down + side + cell - 1, across - before : across + side + cell - 1
        ]
        around = self.before[window].astype(np.float32)
        if weight.any() and self.visible[window].all():
            if flipped:
                old, weight = old[:, ::-1].copy(), weight[:, ::-1].copy()
            # By their light alone: a third of the work, which is most of it in large pictures.
            light, wanted = (cv2.cvtColor(it, cv2.COLOR_RGB2GRAY) for it in (around, old))
            gaps = cv2.matchTemplate(light, wanted, cv2.TM_SQDIFF, mask=weight)
            above, before = (int(at) for at in np.unravel_index(gaps.argmin(), gaps.shape))
        block = around[above : above + side, before : before + side]
        return np.asarray(block[:, ::-1] if flipped else block, np.float32)

    def _tint(self, y: int, x: int, top: int, left: int, side: int, *, flipped: bool) -> Floats:
        """Return by how much the block's colours move towards the old ones, smoothly."""
        import cv2

        parts = 2
        wide = CELLS // parts

        def means(row: int, column: int) -> Floats:
            block = self.small[row : row + CELLS, column : column + CELLS]
            found = block.reshape(parts, wide, parts, wide, 3).mean(axis=(1, 3))
            return np.asarray(found, np.float32)

        own = means(top, left)
        if flipped:
            own = own[:, ::-1]
        shift = np.clip(means(y, x) - own, -TINT, TINT)
        return np.asarray(
            cv2.resize(shift, (side, side), interpolation=cv2.INTER_LINEAR), np.float32
        )

    def finish(self) -> Floats:
        """Cut the new picture into the old one; return the share of the new at each pixel."""
        import cv2

        size = (self.small.shape[1], self.small.shape[0])
        missing = (
            cv2.resize(self.missing.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
        )
        free = cv2.resize(self.band, size, interpolation=cv2.INTER_AREA) > 0
        gap = np.sqrt(np.square(self.out_small - self.small).sum(axis=2))
        new = ring(gap, missing & ~free, missing & free)
        share = cv2.resize(
            new.astype(np.float32), self.missing.shape[::-1], interpolation=cv2.INTER_LINEAR
        )
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), 0.7 * self.cell), np.float32)
        share = np.clip((share - 0.5) * 2 + 0.5, 0, 1)
        # Where the old does not show, or nothing lies beside it to go on from, all is new.
        share[self.missing & (self.band <= 0)] = 1
        share *= _faded(self.missing, self.visible)
        old, made = self.before.astype(np.float32), self.picture.astype(np.float32)
        mixed = old + share[..., None] * (made - old)
        self.picture[:] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        return np.asarray(share, np.float32)


def _covered(flags: Flags, size: tuple[int, int]) -> Floats:
    """Return which share of each cell is set, the picture being *size* cells wide and high."""
    import cv2

    found = cv2.resize(flags.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(found, np.float32)


def _faded(missing: Flags, visible: Flags) -> Floats:
    """Return 0 outside *missing*, rising to 1 over the first RIM pixels from what is to be seen."""
    import cv2

    outside = visible & ~missing
    if not outside.any():
        return missing.astype(np.float32)
    depth = cv2.distanceTransform((~outside).view(np.uint8), cv2.DIST_L2, 5)
    share = np.clip(depth / RIM, 0, 1).astype(np.float32)
    share[~missing] = 0
    share[missing & ~visible] = 1  # nothing of the old is there to be seen
    return np.asarray(share, np.float32)


def _band(missing: Flags, visible: Flags, width: int) -> Floats:
    """Return, above 0, where the old may go on into the selection: about *width* px of its rim.

    A thin part of the selection keeps two thirds of it for the new.
    """
    import cv2

    outside = visible & ~missing
    if not outside.any():
        return np.zeros(missing.shape, np.float32)
    distance = np.asarray(
        cv2.distanceTransform((~outside).view(np.uint8), cv2.DIST_L2, 5), np.float32
    )
    count, found = cv2.connectedComponents(missing.view(np.uint8))
    labels = np.asarray(found, np.int64)
    depth = np.zeros(count, np.float32)
    np.maximum.at(depth, labels[missing], distance[missing])
    limit = np.minimum(np.float32(width), depth / 3)
    limit[0] = 0
    return np.where(missing & visible, np.maximum(limit[labels] - distance, 0), 0).astype(
        np.float32
    )


def _joint(gap: Floats, known: Flags, overlap: int, cell: int) -> Floats:
    """Return the share of a new block over what is *known* around it: cut on up to four sides."""
    import cv2

    share = np.ones(gap.shape, np.float32)
    for turns in range(4):
        # Views: what is written to them is in *share*.
        side, beside = np.rot90(share, turns), np.rot90(known, turns)[:, :overlap]
        if beside.mean() > 0.5:
            kept = path(np.rot90(gap, turns)[:, :overlap])
            side[:, :overlap] *= np.arange(overlap)[None, :] >= kept[:, None]
    width = 2 * ((cell + 1) // 2) + 1
    soft = np.asarray(cv2.GaussianBlur(share, (width, width), 0), np.float32)
    # Where nothing was yet, the block comes as it is.
    soft[~known] = 1
    return soft
