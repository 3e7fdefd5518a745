"""Blocks laid into a picture, one over another, each cut out where that shows least."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.cut import patch, visible_at
from overpaint.engine.variation.looks import CELLS
from overpaint.geometry import Box
from overpaint.hidden import painted_over
from overpaint.mask import bounds

__all__ = ["MARGIN", "Laying", "Piece"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

MARGIN = 5
"""How far from its edge a block may be cut, in cells; what is nearer its middle is always taken."""
SOFT = 2
"""Over how many cells on both sides of the cut broad differences come in."""
BROAD = 0.3
"""What a broad difference, that comes in over that way, counts beside one at the cut."""
STEP = 8
"""Cells from one block to the next."""
TINT = 14.0
"""By how many levels a block's colours may be moved towards those around it, at most."""
RIM = 4
"""Pixels from the edge of the selection over which the new comes in."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A block *laid* into the picture around it, and which pixels are mostly its own.

    *shows*: how much its edge stands out where it does most.
    """

    y: int
    x: int
    laid: Floats
    new: Flags
    shows: float


@dataclass(slots=True, eq=False)
class Laying:
    """The picture as it changes, at its own size and in cells.

    *small* is the old picture in cells, hidden pixels in the nearest colours that show. *known*
    marks pixels that a new block has to continue: at first all that are visible. Rows and columns
    at the end that make no whole cell stay as they are.
    """

    cell: int
    before: Rgb
    missing: Flags
    visible: Flags
    small: Floats
    whole_small: Flags
    picture: Rgb = field(init=False)
    known: Flags = field(init=False)
    out_small: Floats = field(init=False)

    @classmethod
    def begin(cls, pixels: Rgb, missing: Flags, visible: Flags, cell: int) -> "Laying":
        """Return the work before the first block is laid."""
        import cv2

        high, wide = (side // cell for side in missing.shape)
        before = painted_over(pixels, visible)
        even = np.s_[: high * cell, : wide * cell]
        if not (high and wide):
            small = np.zeros((high, wide, 3), np.float32)
        else:
            # Resized as they are: as floats a large picture would take four times its memory.
            found = cv2.resize(before[even], (wide, high), interpolation=cv2.INTER_AREA)
            small = found.astype(np.float32)
        return cls(
            cell=cell,
            before=before,
            missing=missing.copy(),
            visible=visible,
            small=small,
            whole_small=np.asarray(visible[even].reshape(high, cell, wide, cell).all(axis=(1, 3))),
        )

    def __post_init__(self) -> None:
        self.picture = self.before.copy()
        self.known = self.visible.copy()
        self.out_small = self.small.copy()

    def leave(self, kept: Flags) -> None:
        """Leave the cells that are *kept* as they are."""
        for y, x in np.argwhere(kept):
            self.missing[self._place(int(y), int(x), 1)] = False

    def wanted_small(self) -> Flags:
        """Return in which cells something is wanted."""
        high, wide = self.whole_small.shape
        even = self.missing[: high * self.cell, : wide * self.cell]
        return np.asarray(even.reshape(high, self.cell, wide, self.cell).any(axis=(1, 3)))

    def grid(self, random: np.random.Generator) -> list[tuple[int, int]]:
        """Return where blocks begin, in cells; chance moves the whole grid and mixes the order.

        Each has something in its middle that is wanted.
        """
        wanted = self.wanted_small()
        box = bounds(wanted.view(np.uint8))
        if box is None:
            return []
        high, wide = wanted.shape
        down, across = (int(shift) for shift in random.integers(0, STEP, 2))
        rows = range(box.y - MARGIN - down, box.bottom, STEP)
        columns = range(box.x - MARGIN - across, box.right, STEP)
        places = {
            (min(max(row, 0), high - CELLS), min(max(column, 0), wide - CELLS))
            for row in rows
            for column in columns
        }
        middle = np.s_[MARGIN : CELLS - MARGIN, MARGIN : CELLS - MARGIN]
        found = sorted(
            (y, x) for y, x in places if wanted[Box(x, y, CELLS, CELLS).slices][middle].any()
        )
        return [found[number] for number in random.permutation(len(found))]

    def is_empty(self, y: int, x: int) -> bool:
        """Return whether the block at *y*, *x* has pixels that show nothing as yet."""
        there = self._place(y, x, CELLS)
        return bool((self.missing[there] & ~self.known[there]).any())

    def weights(self, y: int, x: int) -> Floats:
        """Return what each cell of the block at *y*, *x* counts, when others are held against it.

        What may lie on its edge, where something is known there.
        """
        known = self.known[self._place(y, x, CELLS)].reshape(CELLS, self.cell, CELLS, self.cell)
        found = known.mean(axis=(1, 3), dtype=np.float32)
        found[MARGIN : CELLS - MARGIN, MARGIN : CELLS - MARGIN] = 0
        return np.asarray(found, np.float32)

    def piece(self, y: int, x: int, top: int, left: int) -> Piece | None:
        """Return the block at *top*, *left* as it would lie at *y*, *x*, all in cells.

        None where nothing of it would.
        """
        import cv2

        there, edge = self._place(y, x, CELLS), MARGIN * self.cell
        old = self.picture[there].astype(np.float32)
        known, missing = self.known[there], self.missing[there]
        weights = self.weights(y, x)
        block = self._closest(old, weights, top, left)
        block += _tint(old - block, weights)
        middle, allowed = np.zeros_like(missing), np.zeros_like(missing)
        middle[edge:-edge, edge:-edge] = True
        soft = SOFT * self.cell
        allowed[soft:-soft, soft:-soft] = True
        new = patch(old, block, known & ~(middle & missing), missing & (allowed | ~known))
        if not new.any():
            return None
        gap = block - old
        # Broad differences come in over as wide a way as they are broad, fine ones at the cut:
        # Burt, Adelson, "A Multiresolution Spline with Application to Image Mosaics", 1983.
        width = (2 * soft + 1,) * 2
        broad, wide = (cv2.GaussianBlur(it, width, 0) for it in (gap, new.astype(np.float32)))
        wide[new & ~known] = 1
        low = old + wide[..., None] * broad
        laid = low + new[..., None] * (gap - broad)
        narrow = (2 * ((self.cell + 1) // 2) + 1,) * 2
        shows = visible_at(old, block, laid, new & known, BROAD * broad, self.cell)
        share = cv2.GaussianBlur(new.astype(np.float32), narrow, 0)
        share[new & ~known] = 1
        return Piece(y, x, low + share[..., None] * (gap - broad), new, shows)

    def lay(self, piece: Piece) -> None:
        """Lay *piece* into the picture."""
        import cv2

        there = self._place(piece.y, piece.x, CELLS)
        old = self.picture[there].astype(np.float32)
        mixed = old + self._faded(there)[..., None] * (piece.laid - old)
        self.picture[there] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        self.known[there] |= piece.new
        self.out_small[Box(piece.x, piece.y, CELLS, CELLS).slices] = cv2.resize(
            self.picture[there], (CELLS, CELLS), interpolation=cv2.INTER_AREA
        )

    def _place(self, y: int, x: int, cells: int) -> tuple[slice, slice]:
        side = cells * self.cell
        return Box(x * self.cell, y * self.cell, side, side).slices

    def _closest(self, old: Floats, weights: Floats, top: int, left: int) -> Floats:
        """Return the block at *top*, *left*, or one less than a cell beside it.

        The one whose edge is most like that of *old*: lines fit to the pixel.
        """
        import cv2

        cell, side = self.cell, CELLS * self.cell
        down, across = top * cell, left * cell
        above, before = min(down, cell - 1), min(across, cell - 1)
        window = np.s_[
            down - above : down + side + cell - 1, across - before : across + side + cell - 1
        ]
        around = self.before[window]
        if weights.any() and self.visible[window].all():
            # By their light alone: a third of the work, which is most of it in large pictures.
            light, wanted = (
                cv2.cvtColor(it.astype(np.float32), cv2.COLOR_RGB2GRAY) for it in (around, old)
            )
            mask = cv2.resize(weights, (side, side), interpolation=cv2.INTER_NEAREST)
            gaps = cv2.matchTemplate(light, wanted, cv2.TM_SQDIFF, mask=mask)
            above, before = (int(at) for at in np.unravel_index(gaps.argmin(), gaps.shape))
        return around[above : above + side, before : before + side].astype(np.float32)

    def _faded(self, there: tuple[slice, slice]) -> Floats:
        """Return 0 outside *missing*, rising to 1 over RIM pixels from what is to be seen there."""
        import cv2

        rows, columns = there
        top, left = min(RIM, rows.start), min(RIM, columns.start)
        around = np.s_[
            rows.start - top : rows.stop + RIM, columns.start - left : columns.stop + RIM
        ]
        missing, visible = self.missing[around], self.visible[around]
        outside = visible & ~missing
        share = missing.astype(np.float32)
        if outside.any():
            depth = cv2.distanceTransform((~outside).view(np.uint8), cv2.DIST_L2, 5)
            share *= np.where(visible, np.clip(depth / RIM, 0, 1), 1)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return share[top : top + height, left : left + width]


def _tint(gap: Floats, weights: Floats) -> Floats:
    """Return the plane through *gap*, how far a block is from what is there, around its middle.

    By least squares; light that falls off is brighter on one side. At most TINT levels.
    """
    import cv2

    side = len(gap)
    small = np.clip(
        cv2.resize(gap, (CELLS, CELLS), interpolation=cv2.INTER_AREA), -2 * TINT, 2 * TINT
    )
    at = (np.arange(CELLS) + 0.5) / CELLS - 0.5
    down, across = np.meshgrid(at, at, indexing="ij")
    terms = np.stack([np.ones_like(down), down, across], axis=2).reshape(-1, 3)
    # Weighing planes down a little: where hardly anything is known they would tilt.
    heavy = weights.reshape(-1, 1) * terms
    system = heavy.T @ terms + np.diag([1e-3, 0.5, 0.5])
    found = np.linalg.solve(system, heavy.T @ small.reshape(-1, 3))
    plane = np.clip((terms @ found).reshape(CELLS, CELLS, 3), -TINT, TINT).astype(np.float32)
    return np.asarray(cv2.resize(plane, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
