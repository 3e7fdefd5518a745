"""What blocks of a picture look like, from afar, and which have no equal in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CELLS", "Sources", "without_equal"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

CELLS = 16
"""Side of a block where blocks are compared; the picture is reduced until blocks are that small."""
STEP = 4
"""Cells that count as one where a block's look is compared."""
PARTS = (CELLS // STEP) ** 2
RELIEF = 1.5
"""How much the roughness of a block counts beside its colours."""
COLOUR = 2.5
"""How much colours count beside light and dark: where a thing of one colour is in light and in
shade, leaves of another are another thing."""
SOURCES = 9000
"""How many blocks of the picture are looked at."""
ALIKE, STRANGE = 6.0, 36.0
"""How far, in levels, the look nearest to that of a block is where the two are equals whatever
else there is, and where they are none."""
MOVED = 0.85
"""Between the two they are equals if no farther apart than this share of what the block is from
itself, moved by STEP: gravel is like any gravel, but a window is not like half a window."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The blocks to choose from: where they begin, in cells, and what they look like.

    The look of a block is the mean colour and the roughness of each STEP by STEP cells of it.
    """

    planes: Floats
    y: Ints
    x: Ints
    looks: Floats

    @classmethod
    def of(cls, small: Floats, whole: Flags, random: np.random.Generator) -> "Sources | None":
        """Return the blocks of *small*, float32 (height, width, 3), that are *whole* throughout.

        A chance choice of them where there are many, None where there is none.
        """
        height, width = whole.shape
        if height < CELLS or width < CELLS:
            return None
        import cv2

        total = cv2.integral(whole.astype(np.uint8))
        full = (
            total[CELLS:, CELLS:]
            - total[:-CELLS, CELLS:]
            - total[CELLS:, :-CELLS]
            + total[:-CELLS, :-CELLS]
        ) == CELLS * CELLS
        where = np.flatnonzero(full)
        if not where.size:
            return None
        if where.size > SOURCES:
            where = np.sort(random.choice(where, SOURCES, replace=False))
        y, x = np.divmod(where, full.shape[1])
        planes = _planes(small)
        return cls(planes, y, x, _looks(planes, y, x))

    def distances(self, y: Ints, x: Ints) -> Floats:
        """Return how far the look of the block at each cell is from each source's, a cell, squared.

        Of shape (cells, sources).
        """
        these = _looks(self.planes, y, x)
        own, all_ = (np.einsum("ij,ij->i", it, it) for it in (these, self.looks))
        far = own[:, None] + all_[None, :] - 2 * (these @ self.looks.T)
        return np.asarray(np.maximum(far, 0) / PARTS, np.float32)

    def limits(self, y: Ints, x: Ints) -> Floats:
        """Return how far the look of each block may be from that of its equal, a cell, squared."""
        last = (self.planes.shape[0] - CELLS, self.planes.shape[1] - CELLS)
        own = _looks(self.planes, y, x)
        gaps = []
        for down, across in ((STEP, 0), (-STEP, 0), (0, STEP), (0, -STEP)):
            beside = np.clip(y + down, 0, last[0]), np.clip(x + across, 0, last[1])
            gaps.append(np.square(_looks(self.planes, *beside) - own).sum(axis=1) / PARTS)
        moved = np.sqrt(np.mean(gaps, axis=0))
        return np.asarray(np.square(np.clip(MOVED * moved, ALIKE, STRANGE)), np.float32)

    def near(self, y: Ints | int, x: Ints | int, apart: float) -> Flags:
        """Return which blocks are nearer than *apart* cells to the one at *y*, *x*."""
        far = np.maximum(np.abs(self.y - y), np.abs(self.x - x))
        return np.asarray(far < apart)


def without_equal(wanted: Flags, sources: Sources, apart: float) -> Flags:
    """Return which cells of *wanted* lie in what has no equal *apart* cells away or farther.

    What is smaller than half a block is overlooked.
    """
    import cv2

    high, wide = wanted.shape
    columns = np.arange(0, wide - CELLS + 1, STEP)
    strange = []
    for row in range(0, high - CELLS + 1, STEP):
        inside = np.asarray(wanted[row : row + CELLS].any(axis=0))
        asked = np.array([inside[x : x + CELLS].any() for x in columns])
        strange.append(np.zeros(len(columns), np.float32))
        if not asked.any():
            continue
        x = columns[asked]
        y = np.full(len(x), row)
        far = sources.distances(y, x)
        far[sources.near(y[:, None], x[:, None], apart)] = np.inf
        best = far.min(axis=1)
        best[np.isinf(best)] = 0  # a picture hardly larger than a block: it is all there is
        strange[-1][asked] = np.sqrt(best / sources.limits(y, x))
    # Each block speaks for its middle, of STEP by STEP cells.
    soft = cv2.GaussianBlur(np.stack(strange), (3, 3), 0)
    soft = cv2.resize(soft, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_LINEAR)
    before = (CELLS - STEP) // 2
    below, beside = high - before - soft.shape[0], wide - before - soft.shape[1]
    framed = cv2.copyMakeBorder(soft, before, below, before, beside, cv2.BORDER_REPLICATE)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CELLS // 2 + 1,) * 2)
    found = cv2.morphologyEx((framed > 1).astype(np.uint8), cv2.MORPH_CLOSE, disc)
    _, labels, facts, _ = cv2.connectedComponentsWithStats(found)
    large = facts[:, cv2.CC_STAT_AREA] >= CELLS * CELLS // 2
    large[0] = False
    grown = cv2.dilate(large[labels].astype(np.uint8), disc)
    return np.asarray((grown > 0) & wanted)


def _looks(planes: Floats, y: Ints, x: Ints) -> Floats:
    steps = np.arange(0, CELLS, STEP)
    rows = (y[:, None] + steps)[:, :, None]
    columns = (x[:, None] + steps)[:, None, :]
    return np.asarray(planes[rows, columns].reshape(len(y), -1), np.float32)


def _planes(small: Floats) -> Floats:
    """Return the mean colour and the roughness of the STEP x STEP cells from each cell on."""
    import cv2

    blurred = cv2.GaussianBlur(small, (0, 0), 1.5)
    rough = np.abs(small - blurred).mean(axis=2) * RELIEF * 3**0.5

    def means(plane: Floats) -> Floats:
        found = cv2.boxFilter(
            plane, -1, (STEP, STEP), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE
        )
        return np.asarray(found, np.float32)

    light = small.mean(axis=2, keepdims=True)
    seen = light + COLOUR * (small - light)
    return np.dstack([means(seen), means(np.asarray(rough, np.float32))])
