"""The last hundredths of a pixel of a drift: from the pixels themselves, as they will be sampled.

The pyramid that finds a drift stops at a smaller picture and samples it by straight lines, which
leaves two or three hundredths of a pixel; in fine detail these show. Here blocks with much contrast
are sampled at full size by the very kernel that resamples the picture, and Gauss-Newton (Lucas,
Kanade, 1981) moves them; each block has a brightness of its own, a parabola of the source's, so a
regrade does not matter. Blocks that fit worse than others were changed and count for little.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting import lanczos, warp
from overpaint.fitting.warp import Colours, Drift, Flags
from overpaint.geometry import Extent

__all__ = ["polished"]

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SIDE = 24
"""Of a block, in pixels of what was sent."""
HALO = 2
"""Pixels around a block that smoothing and slopes need."""
MOST = 64
"""Blocks to look at."""
FEWEST = 8
EXPECTED = 0.1
"""How far off the drift may be, as a standard deviation in pixels."""
FARTHEST = 0.3
"""What moves anything further is no last hundredth."""
CROWDING = 4.0
"""Neighbouring pixels err alike: so many count as one."""


def polished(sent: Colours, candidate: Colours, known: Flags, drift: Drift) -> Drift:
    """Return *drift*, which has no bend, as exactly as the *known* pixels of *sent* tell.

    *sent*: uint8, or float32 in 0..1, (height, width, 3); *candidate*: likewise, of any size.
    *known*: bool (height, width). The drift itself comes back where too little of them has
    contrast, or where what is found does not fit better.
    """
    extent = Extent(known.shape[1], known.shape[0])
    blocks = _chosen(sent, known, drift, extent)
    if blocks is None:
        return drift
    views = _Views(candidate, drift, extent, blocks)
    seen = views.sampled(drift)
    before, change = _step(blocks, blocks.soft, _smooth(seen), extent)
    if np.abs(change).reshape(2, 2).sum(axis=1).max() > FARTHEST:  # at the crop's edges
        return drift
    moved = _moved(drift, change, extent)
    seen = views.sampled(moved)
    after, _ = _step(blocks, blocks.soft, _smooth(seen), extent)
    if after >= before:
        return drift
    # The finest detail reaches no further than a pixel, but near the end it knows best.
    _, rest = _step(blocks, blocks.sharp, seen[:, 1:-1, 1:-1], extent)
    return _moved(moved, rest, extent)


@dataclass(frozen=True, slots=True, eq=False)
class _Shades:
    """The brightness of blocks, (n, SIDE, SIDE), and its slopes."""

    grey: Numbers
    slope_x: Numbers
    slope_y: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """*x*, *y* (n,): where each begins; what it shows, smoothed and as it is."""

    x: Places
    y: Places
    soft: _Shades
    sharp: _Shades


def _chosen(sent: Colours, known: Flags, drift: Drift, extent: Extent) -> _Blocks | None:
    """Return the blocks with the most contrast, along either axis; None where there are few."""
    import cv2

    height, width = (side // SIDE * SIDE for side in known.shape)
    size = (width // SIDE, height // SIDE)
    if not (width and height):
        return None
    usable = (known & warp.covered(drift, extent)).view(np.uint8) * np.uint8(255)
    reach = 2 * HALO + 1
    # Past the border nothing is known.
    padded = cv2.copyMakeBorder(usable, HALO, HALO, HALO, HALO, cv2.BORDER_CONSTANT)
    firm = cv2.erode(padded, np.ones((reach, reach), np.uint8))[HALO:-HALO, HALO:-HALO]
    whole = cv2.resize(firm[:height, :width], size, interpolation=cv2.INTER_AREA) == 255
    if np.count_nonzero(whole) < FEWEST:
        return None
    half = cv2.resize(
        sent[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA
    )
    grey = cv2.cvtColor(half, cv2.COLOR_RGB2GRAY)
    ranks = []
    for across, down in ((1, 0), (0, 1)):
        slopes = np.abs(cv2.Sobel(grey, cv2.CV_32F, across, down))
        energy = cv2.resize(slopes, size, interpolation=cv2.INTER_AREA) * whole
        ranks.append(np.argsort(energy.ravel())[::-1][: min(MOST // 2, np.count_nonzero(whole))])
    rows, columns = np.unravel_index(np.unique(np.concatenate(ranks)), whole.shape)
    y, x = rows * SIDE, columns * SIDE
    around = np.arange(-HALO, SIDE + HALO)
    taken = sent[(y[:, None] + around)[:, :, None], (x[:, None] + around)[:, None, :]]
    shown = _grey(taken)
    return _Blocks(x, y, _shades(_smooth(shown)), _shades(shown[:, 1:-1, 1:-1]))


def _shades(grey: Numbers) -> _Shades:
    """Return *grey* (n, SIDE + 2, SIDE + 2) less its edges, which give the slopes."""
    return _Shades(
        grey[:, 1:-1, 1:-1],
        (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2,
        (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2,
    )


def _grey(colours: Colours) -> Numbers:
    """Return the brightness of colours (..., 3), 0..1."""
    unit = 1 / 255 if colours.dtype == np.uint8 else 1.0
    return np.asarray(colours.sum(axis=-1, dtype=np.float64) * (unit / 3))


def _smooth(blocks: Numbers) -> Numbers:
    """Return blocks (n, h, w) without their finest detail, one pixel narrower on each side."""
    rows = (blocks[:, :-2] + 2 * blocks[:, 1:-1] + blocks[:, 2:]) / 4
    return np.asarray((rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4)


class _Views:
    """What a candidate shows around some blocks, ready to be sampled at slightly moved places."""

    def __init__(self, candidate: Colours, drift: Drift, extent: Extent, blocks: _Blocks) -> None:
        height, width = candidate.shape[:2]
        self._extent, self._size = extent, Extent(width, height)
        self._blocks = blocks
        across, down = warp.lines(self._size, drift, extent)
        self._columns = _around(across, blocks.x)
        self._rows = _around(down, blocks.y)
        taken = candidate[
            lanczos.mirrored(self._rows, height)[:, :, None],
            lanczos.mirrored(self._columns, width)[:, None, :],
        ]
        self._grey = _grey(taken)

    def sampled(self, drift: Drift) -> Numbers:
        """Return what *drift* puts into the blocks and a pixel around: (n, SIDE + 2, SIDE + 2)."""
        across, down = warp.lines(self._size, drift, self._extent)
        left = _weights(down, self._blocks.y, self._rows)
        right = _weights(across, self._blocks.x, self._columns)
        return np.asarray(left @ self._grey @ right.transpose(0, 2, 1))


def _places(line: lanczos.Line, begin: Places) -> Numbers:
    """Return where the pixels of blocks, with one around them, lie along a line."""
    return np.asarray(line.start + line.step * (begin[:, None] + np.arange(-1, SIDE + 1)))


def _around(line: lanczos.Line, begin: Places) -> Places:
    """Return the candidate's pixels that blocks are mixed from, (n, k); it may lie outside."""
    reach = lanczos.reach(line) + 1  # they may move a little
    places = _places(line, begin)
    first = np.floor(places[:, :1] - reach).astype(np.intp)
    count = int(np.ceil(line.step * (SIDE + 1) + 2 * reach)) + 1
    return np.asarray(first + np.arange(count))


def _weights(line: lanczos.Line, begin: Places, taken: Places) -> Numbers:
    return lanczos.kernel(_places(line, begin)[:, :, None] - taken[:, None, :], line)


def _step(blocks: _Blocks, shades: _Shades, seen: Numbers, extent: Extent) -> tuple[float, Numbers]:
    """Return how badly *seen* fits *shades*, and what would make it fit: shift and stretch in x,
    in y.

    In pixels of what was sent, the stretch by what it moves the crop's edge.
    """
    count = len(seen)
    grey, seen = shades.grey.reshape(count, -1), seen.reshape(count, -1)
    tones = np.stack([np.ones_like(grey), grey, grey * grey], axis=-1)
    across = tones.transpose(0, 2, 1)
    inverse = np.linalg.inv(across @ tones + 1e-9 * np.eye(3))

    def explained(values: Numbers) -> Numbers:
        """Return the coefficients by which *tones* explain *values* (n, p, k): (n, 3, k)."""
        return np.asarray(inverse @ (across @ values))

    curve = explained(seen[..., None])[..., 0]
    contrast = curve[:, 1:2] + 2 * curve[:, 2:] * grey
    half_x, half_y = (extent.width - 1) / 2, (extent.height - 1) / 2
    inside = np.arange(SIDE)
    u = ((blocks.x[:, None] + inside - half_x) / half_x)[:, None, :]
    v = ((blocks.y[:, None] + inside - half_y) / half_y)[:, :, None]
    slopes = np.stack(
        [shades.slope_x, shades.slope_x * u, shades.slope_y, shades.slope_y * v], axis=-1
    ).reshape(count, -1, 4)
    # What is seen lies where it moves to: the source's slope, in the candidate's contrast.
    columns = np.concatenate([slopes * contrast[..., None], seen[..., None]], axis=-1)
    columns -= tones @ explained(columns)
    products = columns.transpose(0, 2, 1) @ columns
    power = products[:, 4, 4] / grey.shape[1]
    usual = float(np.median(power)) + 1e-12
    trust = np.square(1 / (1 + power / (4 * usual)))
    noise = CROWDING * float((trust * power).sum() / trust.sum()) + 1e-12
    total = np.einsum("n,nij->ij", trust, products) / noise
    change = np.linalg.solve(total[:4, :4] + np.eye(4) / EXPECTED**2, -total[:4, 4])
    return noise, np.asarray(change)


def _moved(drift: Drift, change: Numbers, extent: Extent) -> Drift:
    """Return *drift* where what it shows at x is shown at x + change."""
    shift_x, stretch_x, shift_y, stretch_y = (float(each) for each in change)
    return replace(
        drift,
        shift_x=drift.shift_x + drift.scale_x * shift_x,
        shift_y=drift.shift_y + drift.scale_y * shift_y,
        scale_x=drift.scale_x * (1 + stretch_x / ((extent.width - 1) / 2)),
        scale_y=drift.scale_y * (1 + stretch_y / ((extent.height - 1) / 2)),
    )
