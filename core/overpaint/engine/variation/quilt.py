"""Guided quilting: the selection anew, out of blocks of the picture that lie elsewhere.

Every block of the selection is replaced by another block of the picture that continues its
neighbours and looks, blurred, like what was there. Blocks meet along the path on which they differ
least. What was there before goes on a little into the selection, up to a cut where old and new
agree best, so that the edge of the selection shows nowhere.

Source of the method: Efros, Freeman, "Image Quilting for Texture Synthesis and Transfer", 2001.
Ours differs in ranking blocks at a reduced size, in taking them from the picture itself, in the
penalty for taking one twice, and in the cut around the whole.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.cut import path, ring
from overpaint.geometry import Box
from overpaint.hidden import painted_over
from overpaint.mask import bounds

__all__ = ["CELLS", "Quilted", "Style", "quilt"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

CELLS = 16
"""Side of a block where blocks are compared; the picture is reduced until blocks are that small."""
OVERLAP = 5
"""How much neighbouring blocks overlap, in the same cells."""
STEP = 4
"""Cells that count as one where a block's look is compared."""
SOURCES = 9000
"""How many blocks of the picture are looked at."""
SHORTLIST = 96
"""How many of them, those that look most alike, are held against the neighbours."""
RELIEF = 1.5
"""How much the roughness of a block counts beside its colours."""
TINT = 14.0
"""By how many levels a block's colours may be moved towards what was there, at most."""
RIM = 4.0
"""Pixels from the edge of the selection over which the new comes in, at least."""
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
    """The picture, which of its pixels are new, and how badly blocks fit.

    *misfit*: the median, over blocks, of how far the chosen look is from what was there, as a
    share of how far any two blocks of the picture are from each other.
    """

    picture: Rgb
    changed: Flags
    misfit: float


@dataclass(slots=True, eq=False)
class _Sources:
    """The blocks to choose from: where they begin, in cells, and what they look like."""

    y: Ints
    x: Ints
    looks: Floats
    squares: Floats = field(init=False)
    spread: float = field(init=False)

    def __post_init__(self) -> None:
        self.squares = np.einsum("ij,ij->i", self.looks, self.looks)
        self.spread = 2 * float(self.looks.var(axis=0).sum()) + 1


def quilt(
    pixels: Rgb, missing: Flags, visible: Flags, style: Style, seed: int
) -> Generator[float, None, Quilted | None]:
    """Quilt *missing* anew; yields how far it is, 0..1, and returns what it made.

    *pixels*: uint8 (height, width, 3); *missing* and *visible* bool (height, width). Only blocks
    that are visible throughout are copied. None where no block is: the picture, or what shows of
    it, is smaller than a block. Nothing outside *missing* differs. The same seed gives the same.
    """
    height, width = missing.shape
    cell = style.cell
    work = _Work.begin(pixels, missing, visible, cell)
    random = np.random.default_rng(seed)
    sources = work.sources(random)
    if sources is None:
        return None
    misfits: list[float] = []
    rows, columns = work.grid(random)
    uses = np.zeros(work.small.shape[:2], np.float32)
    for number, y in enumerate(rows):
        yield number / len(rows)
        row = [x for x in columns if work.is_wanted(y, x)]
        if not row:
            continue
        looks = work.looks(np.full(len(row), y), np.array(row))
        far = _distances(looks, sources)
        for x, distance in zip(row, far, strict=True):
            chosen, flipped, misfit = _choose(work, sources, distance, (y, x), style, uses, random)
            misfits.append(misfit / sources.spread)
            work.lay(y, x, int(sources.y[chosen]), int(sources.x[chosen]), flipped=flipped)
            top, left = int(sources.y[chosen]), int(sources.x[chosen])
            half = CELLS // 2
            uses[max(0, top - half) : top + half, max(0, left - half) : left + half] += 1
    yield 1.0
    share = work.finish()
    picture = work.picture[:height, :width]
    changed = share[:height, :width] > 0
    return Quilted(picture, changed, float(np.median(misfits)) if misfits else 0.0)


def _distances(looks: Floats, sources: _Sources) -> Floats:
    """Return how far each look is from each source's, squared and summed, (looks, sources)."""
    own = np.einsum("ij,ij->i", looks, looks)
    far = own[:, None] + sources.squares[None, :] - 2 * (looks @ sources.looks.T)
    return np.asarray(np.maximum(far, 0), np.float32)


def _choose(
    work: "_Work",
    sources: _Sources,
    distance: Floats,
    at: tuple[int, int],
    style: Style,
    uses: Floats,
    random: np.random.Generator,
) -> tuple[int, bool, float]:
    """Return which source is laid at *at*, whether mirrored, and how far its look is."""
    y, x = at
    apart = style.apart / style.cell
    near = (np.abs(sources.y - y) < apart) & (np.abs(sources.x - x) < apart)
    far = np.where(near, np.inf, distance)
    if not np.isfinite(far).any():  # a picture hardly larger than a block
        far = distance
    count = min(SHORTLIST, len(far))
    best = np.argpartition(far, count - 1)[:count]
    best = best[np.isfinite(far[best])]
    top, left = sources.y[best], sources.x[best]
    reach = np.arange(CELLS)
    blocks = work.small[(top[:, None] + reach)[:, :, None], (left[:, None] + reach)[:, None, :]]
    flipped = np.zeros(len(best), np.bool_)
    if style.mirrored:
        blocks = np.concatenate([blocks, blocks[:, :, ::-1]])
        flipped = np.repeat([False, True], len(best))
        best = np.concatenate([best, best])
    there = work.out_small[y : y + CELLS, x : x + CELLS]
    weight = work.known_small[y : y + CELLS, x : x + CELLS]
    gap = blocks - there
    seam = np.einsum("nijc,nijc,ij->n", gap, gap, weight) / max(float(weight.sum()), 1.0)
    look = far[best] / (CELLS // STEP) ** 2
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
    return int(best[pick]), bool(flipped[pick]), float(far[best[pick]])


@dataclass(slots=True, eq=False)
class _Work:
    """The picture as it grows, at its own size and in cells.

    *guide* is the old picture in cells, hidden pixels in the nearest colours that show; *known*
    marks pixels that a new block has to continue.
    """

    cell: int
    before: Rgb
    missing: Flags
    visible: Flags
    picture: Rgb
    small: Floats
    out_small: Floats
    known: Flags
    known_small: Floats
    whole_small: Flags
    wanted: Flags
    band: Floats

    @classmethod
    def begin(cls, pixels: Rgb, missing: Flags, visible: Flags, cell: int) -> "_Work":
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

        def covered(flags: Flags) -> Floats:
            return np.asarray(
                cv2.resize(flags.astype(np.float32), size, interpolation=cv2.INTER_AREA),
                np.float32,
            )

        band = _band(missing, visible, OVERLAP * cell)
        known = visible & (~missing | (band > 0))
        return cls(
            cell=cell,
            before=before,
            missing=missing,
            visible=visible,
            picture=before.copy(),
            small=small,
            out_small=small.copy(),
            known=known,
            known_small=covered(known),
            whole_small=covered(visible) > 0.999,
            wanted=missing & ~known,
            band=band,
        )

    def sources(self, random: np.random.Generator) -> _Sources | None:
        """Return the blocks that show throughout, a chance choice of them where there are many."""
        height, width = self.whole_small.shape
        if height < CELLS or width < CELLS:
            return None
        import cv2

        total = cv2.integral(self.whole_small.astype(np.uint8))
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
        return _Sources(y, x, self.looks(y, x))

    def looks(self, y: Ints, x: Ints) -> Floats:
        """Return what the blocks at those cells of the old picture look like, (blocks, numbers)."""
        planes = _planes(self.small)
        steps = np.arange(0, CELLS, STEP)
        rows = (np.asarray(y)[:, None] + steps)[:, :, None]
        columns = (np.asarray(x)[:, None] + steps)[:, None, :]
        rows = np.minimum(rows, planes.shape[0] - 1)
        columns = np.minimum(columns, planes.shape[1] - 1)
        return np.asarray(planes[rows, columns].reshape(len(y), -1), np.float32)

    def grid(self, random: np.random.Generator) -> tuple[list[int], list[int]]:
        """Return the rows and columns at which blocks begin; chance moves the whole grid."""
        box = bounds(self.wanted.view(np.uint8)) or bounds(self.missing.view(np.uint8))
        assert box is not None  # nobody quilts nothing
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
        block = self.before[Box(left * cell, top * cell, side, side).slices].astype(np.float32)
        if flipped:
            block = block[:, ::-1]
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

    return np.dstack([means(small), means(np.asarray(rough, np.float32))])


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
    """Return the share of a new block over what is *known* beside it: cut on up to two sides."""
    import cv2

    share = np.ones(gap.shape, np.float32)
    if known[:, :overlap].mean() > 0.5:
        kept = path(gap[:, :overlap])
        share[:, :overlap] *= np.arange(overlap)[None, :] >= kept[:, None]
    if known[:overlap].mean() > 0.5:
        kept = path(gap[:overlap].T)
        share[:overlap] *= np.arange(overlap)[:, None] >= kept[None, :]
    side = 2 * ((cell + 1) // 2) + 1
    soft = np.asarray(cv2.GaussianBlur(share, (side, side), 0), np.float32)
    # Where nothing was yet, the block comes as it is.
    soft[~known] = 1
    return soft
