"""How a candidate moved against what was sent, as a value; and sampling it so that it fits.

A drift maps pixels of the sent crop to where the candidate shows them, both in pixels of the
crop: what is left after a plain rescale of the candidate to the crop's size.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.fitting import lanczos
from overpaint.geometry import Extent

__all__ = ["IDENTITY", "Bend", "Drift", "covered", "lines", "resample", "spline", "spline_at"]

Colours = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

LOBES = 3
"""Of the Lanczos low-pass that goes before reducing, as in every picture editor."""


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """A smooth displacement on top of scale and shift, in pixels of the sent crop.

    *dx* and *dy*: float32 (rows, columns), at least 4 x 4, the coefficients of a uniform bicubic
    B-spline whose outermost spans end at the crop's edges. All equal is a plain shift.
    """

    dx: Plane
    dy: Plane


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the candidate shows the pixel (x, y) of the sent crop, in pixels of the crop.

    Coordinates are of pixel centres, 0 to width - 1. With the crop's centre
    cx = (width - 1) / 2, x becomes cx + scale_x * (x - cx) + shift_x, plus *bend* at (x, y); y
    likewise. A scale above 1 means that the candidate shows things larger, a shift above 0 that
    it shows them further right or down. A candidate of another size is taken as if it had been
    rescaled to the crop's size, edge to edge.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    bend: Bend | None = None

    @property
    def is_identity(self) -> bool:
        """Whether nothing moved at all."""
        return self == IDENTITY

    @property
    def zoom(self) -> float:
        """How much larger the candidate shows things, over both axes."""
        return float((self.scale_x * self.scale_y) ** 0.5)

    def places(self, extent: Extent) -> tuple[Plane, Plane]:
        """Return x and y in the candidate of every pixel of the crop: float32 (height, width)."""
        x = _places(extent.width, self.scale_x, self.shift_x)
        y = _places(extent.height, self.scale_y, self.shift_y)
        if self.bend is None:
            shape = (extent.height, extent.width)
            return np.broadcast_to(x, shape).copy(), np.broadcast_to(y[:, None], shape).copy()
        rows, columns = self.bend.dx.shape
        across = spline(extent.width, columns).T
        down = spline(extent.height, rows)
        # Not with @: the threads of BLAS wait for each other when the machine is busy.
        dx, dy = (
            np.einsum("hr,rw->hw", down, each @ across) for each in (self.bend.dx, self.bend.dy)
        )
        return x + dx, y[:, None] + dy


IDENTITY = Drift()


def spline(length: int, count: int) -> Plane:
    """Return the weights of *count* B-spline coefficients at each of *length* pixel centres.

    float32 (length, count); every row sums to 1. Uniform cubic B-splines: de Boor, "A Practical
    Guide to Splines", 1978.
    """
    return spline_at((np.arange(length) + 0.5) / length, count)


def spline_at(position: npt.NDArray[np.floating], count: int) -> Plane:
    """Return the weights of *count* coefficients at positions 0..1, float32 (n, count)."""
    spans = count - 3
    along = np.clip(position, 0, 1) * spans
    first = np.minimum(along.astype(np.intp), spans - 1)
    t = along - first
    pieces = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    weights = np.zeros((len(along), count), np.float32)
    rows = np.arange(len(along))
    for offset, piece in enumerate(pieces):
        weights[rows, first + offset] = piece / 6
    return weights


def resample(candidate: Colours, drift: Drift, extent: Extent) -> Plane:
    """Return *candidate* as it would be had it not drifted: float32 (height, width, 3), 0..1.

    *candidate*: uint8, or float32 in 0..1, of any size; *extent* is the sent crop's. Each pixel is
    sampled once from the candidate itself with Lanczos, after a low-pass where the candidate is
    larger than the crop. Where nothing moved and the size is the crop's, the candidate's own
    values come back. Pixels beyond the candidate's border (see :func:`covered`) mirror what lies
    inside. Lanczos may leave 0..1 beside hard edges.
    """
    height, width = candidate.shape[:2]
    picture = _unit(candidate)
    if drift.is_identity and (width, height) == (extent.width, extent.height):
        return picture
    if drift.bend is None:
        return lanczos.resample(picture, *lines(Extent(width, height), drift, extent))
    import cv2

    across, down = width / extent.width, height / extent.height
    low_x, low_y = _low_pass(across * drift.scale_x), _low_pass(down * drift.scale_y)
    if len(low_x) > 1 or len(low_y) > 1:
        picture = np.asarray(
            cv2.sepFilter2D(picture, -1, low_x, low_y, borderType=cv2.BORDER_REFLECT), np.float32
        )
    x, y = drift.places(extent)
    x, y = (x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5
    sampled = cv2.remap(picture, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(sampled, np.float32)


def lines(candidate: Extent, drift: Drift, extent: Extent) -> tuple[lanczos.Line, lanczos.Line]:
    """Return where the columns and the rows of a crop lie in its candidate, less any bend."""
    return (
        _line(candidate.width, extent.width, drift.scale_x, drift.shift_x),
        _line(candidate.height, extent.height, drift.scale_y, drift.shift_y),
    )


def _line(candidate: int, crop: int, scale: float, shift: float) -> lanczos.Line:
    """Return where the crop's pixels lie along one axis of the candidate, in its own pixels."""
    step = scale * candidate / crop
    middle = (crop / 2 + shift) * candidate / crop - 0.5
    return lanczos.Line(middle - step * (crop - 1) / 2, step, crop)


def covered(drift: Drift, extent: Extent) -> Flags:
    """Return where the candidate has real pixels for the crop: bool (height, width)."""
    if drift.bend is None:
        x = _places(extent.width, drift.scale_x, drift.shift_x)
        y = _places(extent.height, drift.scale_y, drift.shift_y)[:, None]
    else:
        x, y = drift.places(extent)
    across: Flags = (x >= -0.5) & (x <= extent.width - 0.5)
    return across & (y >= -0.5) & (y <= extent.height - 0.5)


def _unit(candidate: Colours) -> Plane:
    if candidate.dtype == np.uint8:
        return candidate * np.float32(1 / 255)
    return candidate.astype(np.float32, copy=False)


def _places(length: int, scale: float, shift: float) -> Plane:
    centre = (length - 1) / 2
    return (centre + scale * (np.arange(length) - centre) + shift).astype(np.float32)


def _low_pass(reduction: float) -> Plane:
    """Return the taps that keep what survives a reduction; a single 1 where there is none."""
    if reduction <= 1.02:
        return np.ones(1, np.float32)
    radius = int(np.ceil(LOBES * reduction)) - 1
    at = np.arange(-radius, radius + 1) / reduction
    taps = np.sinc(at) * np.sinc(at / LOBES)
    return np.asarray(taps / taps.sum(), np.float32)
