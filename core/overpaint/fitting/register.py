"""Finding how a candidate moved against what was sent, from the known pixels alone.

Models redraw the whole crop: recoloured, shifted, zoomed by a few per cent. What lies outside the
selection is known, so it tells how. Three steps, all on luminance that is normalised by its local
mean and contrast, which takes most of a recolouring away:

1. Coarse: scales in x and y times a masked normalised cross-correlation of gradients over all
   shifts. Source: Padfield, "Masked Object Registration in the Fourier Domain", 2012; gradients
   as complex numbers from Argyriou, Vlachos, "Estimation of sub-pixel motion using gradient
   cross-correlation", 2003.
2. Fine: Gauss-Newton from coarse to fine over a pyramid, robust pixel weights, symmetric
   gradients. Source: Lucas, Kanade, "An iterative image registration technique", 1981; Benhimane,
   Malis, "Real-time image-based tracking of planes using efficient second-order minimization",
   2004. The normal equations are summed over tiles, so that any smooth model can be fitted to
   the tiles, tiles whose content really changed can be left out, and half of them can judge what
   the other half found.
3. Bend: a grid of B-spline coefficients under the prior of a Gaussian process (Rasmussen,
   Williams, "Gaussian Processes for Machine Learning", 2006), which goes on smoothly into the
   hole; fitted to the same tiles, kept where it helps tiles that it was not fitted to.

Everything is numpy and OpenCV: scipy has nothing here that they lack.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from overpaint.fitting.warp import IDENTITY, Bend, Colours, Drift, Flags, Plane, spline_at
from overpaint.geometry import Extent

__all__ = ["Kind", "Registration", "register"]

Numbers = npt.NDArray[np.float64]

COARSE = 96
"""Side of the picture that is searched, in pixels, as the square root of its area."""
FINE = 512
"""Side of the largest picture that is registered on; half the crop's if that is more."""
FINEST = 1024
"""But never more than this."""
TILE = 16
"""Side of a tile, in pixels of each level of the pyramid."""
CONTRAST = 0.02
"""Local contrast (of 1) below which a pixel says nothing: noise and JPEG reach that far."""
RADIUS = 8
"""Of the neighbourhood that luminance is normalised by, in pixels of each level."""
MIN_INFORMATIVE = 400
"""Pixels of the finest level with contrast; fewer are nothing to register on."""
MIN_LIKENESS = 0.25
"""Correlation on the known pixels below which the candidate shows something else there."""
MIN_WHOLE = 0.4
"""Likewise, over the whole picture, to call it framed anew."""
MIN_ALIKE = 0.7
"""Correlation of a tile that shows the same thing in both pictures."""
DOUBTFUL = 0.4
"""Errors above this are believed only where some tiles agree firmly: the others were changed."""
MIN_AGREEING = 0.2
"""Share of the tiles that must, then."""
MAX_APART = 0.5
"""Pixels that two halves of the evidence may differ by, each from their mean."""
MIN_LESS = 0.5
"""Pixels that must be gained before a drift is searched for parts that nothing asks for."""
SNAP = 0.04
"""Drifts below this many pixels, on average over the crop, are none."""
SNAP_WEAK, SNAP_ERROR = 0.3, 0.97
"""Likewise those below so many pixels that leave so much of the error."""
MAX_ZOOM = 0.15
"""Models drift by up to 6 %, and by 14 % where they cut to a multiple of 112 pixels; from here on,
as a logarithm, the picture was framed anew."""
MAX_SHIFT = 0.12
"""Likewise, of the crop's sides."""
SCALES = (0.94, 0.97, 1.0, 1.03, 1.06)
DRIFTS = tuple(product(SCALES, SCALES))
"""Scales in x and y to start from where models drift."""
SIGNIFICANT = 30.0
"""Likewise, by the square root of how many pixels say something: few may agree by chance."""
MIN_SEEN = 0.15
"""Share of the known pixels that the candidate must still show."""
FRAMINGS = (
    *((scale, scale) for scale in np.geomspace(0.66, 1.5, 29).tolist()),
    *((one, other) for one, other in product((1.0, 1.03, 1.07, 1.11, 1.15), repeat=2)),
)
"""Likewise, where they cut off more than a few pixels, or frame the picture anew."""
COEFFICIENTS = 7
"""Of the bend, along each side."""
REACHES = (3.0, 0.7, 0.4)
"""Over which part of the crop a bend stays alike: from nearly flat, a turn or a shear, to wavy."""
BEND = 3.0
"""How far bends go, as a standard deviation in pixels."""
TILT = 40.0
"""Likewise what of them is a plain shift, scale, turn or shear: those are free."""
BLOCKS = 6
"""Along each side, of the tiles that judge together."""
MAX_SHARE = 0.8
"""Of the misfit that a bend may leave on tiles that it was not fitted to."""
MIN_BEND = 0.08
"""Bends by less than this many pixels, on average, are not worth the risk inside the hole."""
MAX_BENT_ERROR = 0.95
"""Of the straight drift's error, that a bend may leave."""
MIN_TILES = 12
"""That must judge, and be judged."""
CORRELATED = 4.0
"""Neighbouring pixels do not err independently: this many count as one."""


class Kind(Enum):
    """What became of the registration."""

    EXACT = "exact"
    """The candidate is what was sent wherever that is known: there is nothing to undo."""
    ALIGNED = "aligned"
    """The drift was found (it may be none, when only the colours changed)."""
    REFUSED = "refused"
    """The evidence is too weak: the candidate is used as it is, plainly rescaled."""
    REFRAMED = "reframed"
    """The model framed the picture anew; the drift says how, for whoever wants to undo it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The drift and what speaks for it.

    *before* and *after*: the error on the known pixels, 0 (the same structure) to 1 (nothing in
    common), plainly rescaled and with the drift undone. *informative*: how many known pixels of
    the crop have enough contrast to register on. *reason*: one sentence for the log.
    """

    kind: Kind
    drift: Drift
    before: float
    after: float
    informative: int
    reason: str


def register(sent: Colours, candidate: Colours, known: Flags) -> Registration:
    """Return how *candidate* moved against *sent*, judged by the *known* pixels of *sent*.

    *sent*: sRGB, uint8, or float32 in 0..1, (height, width, 3). *candidate*: likewise, of any
    size. *known*: bool (height, width), False where the candidate was free to change, or where
    *sent* does not show.
    """
    if not known.any():
        return Registration(Kind.REFUSED, IDENTITY, 1.0, 1.0, 0, "No known pixel was sent.")
    if _is_exact(sent, candidate, known):
        reason = "The candidate is what was sent on the known pixels."
        return Registration(Kind.EXACT, IDENTITY, 0.0, 0.0, int(known.sum()), reason)
    pyramid = _pyramid(sent, candidate, known)
    finest = pyramid[-1]
    pixels = round(np.count_nonzero(finest.informative) / finest.factor**2)
    before = finest.error(IDENTITY)

    def refused(reason: str) -> Registration:
        return Registration(Kind.REFUSED, IDENTITY, before, before, pixels, reason)

    if np.count_nonzero(finest.informative) < MIN_INFORMATIVE:
        return refused(f"The known pixels are too flat to register on ({pixels} with contrast).")
    drift = _search(pyramid, DRIFTS)
    if not finest.believes(drift) or _is_reframed(drift, finest.sent):
        coarse = pyramid[:2]
        framing = _search(coarse, FRAMINGS)
        if coarse[-1].error(framing) < coarse[-1].error(drift):
            for level in pyramid[2:]:
                framing = _refine(level, framing, 3)
            drift = min(drift, framing, key=finest.error)
    if not finest.believes(drift):
        # Zoomed in so far that nothing known is left to be seen? What was to change may tell.
        whole = _pyramid(sent, candidate, np.ones_like(known))[:2]
        framing = _search(whole, FRAMINGS)
        if whole[-1].error(framing) < 1 - MIN_WHOLE and _is_reframed(framing, finest.sent):
            return _reframed(framing, before, finest.error(framing), pixels)
        return refused(
            "The candidate shows something else on the known pixels (error "
            f"{finest.error(drift):.2f} of 1 at best; {pixels} pixels with contrast), so it was "
            "not registered."
        )
    if _is_reframed(drift, finest.sent):
        return _reframed(drift, before, finest.error(drift), pixels)
    drift = _simplest(finest, _bend(pyramid, drift))
    after = finest.error(drift)
    size = _size(drift, finest.sent)
    if size < SNAP or (size < SNAP_WEAK and after > SNAP_ERROR * before):
        reason = f"The candidate did not move (error {before:.3f}, {pixels} pixels with contrast)."
        return Registration(Kind.ALIGNED, IDENTITY, before, before, pixels, reason)
    apart = _disagreement(finest, drift)
    if apart > MAX_APART:
        return refused(
            f"Two halves of the known pixels place the candidate {apart:.1f} px apart, so it was "
            f"not registered ({pixels} pixels with contrast)."
        )
    if after >= before:
        return refused(f"No drift lowers the error of {before:.2f} on the known pixels.")
    reason = (
        f"The candidate was moved by {drift.shift_x:.2f}, {drift.shift_y:.2f} px and scaled by "
        f"{drift.scale_x:.4f}, {drift.scale_y:.4f}{'' if drift.bend is None else ', and bent'} "
        f"(error {before:.3f} before, {after:.3f} after; {pixels} pixels with contrast)."
    )
    return Registration(Kind.ALIGNED, drift, before, after, pixels, reason)


def _simplest(level: "_Level", drift: Drift) -> Drift:
    """Return *drift* without what the known pixels do not ask for: along a fence, say."""
    allowed = 1.1 * level.error(drift) + 0.01
    for across in (True, False):
        if across:
            part = Drift(scale_x=drift.scale_x, shift_x=drift.shift_x)
            simpler = replace(drift, scale_x=1.0, shift_x=0.0)
        else:
            part = Drift(scale_y=drift.scale_y, shift_y=drift.shift_y)
            simpler = replace(drift, scale_y=1.0, shift_y=0.0)
        if _size(part, level.sent) > MIN_LESS and level.error(simpler) < allowed:
            drift = simpler
    return drift


def _disagreement(level: "_Level", drift: Drift) -> float:
    """Return by how many pixels two halves of the tiles would place things apart, on average.

    The halves are the black and the white fields of a chess board. Infinite where one has none.
    """
    tiles = _tiles(level, drift)
    black = tiles.black(level.sent)
    if min(black.sum(), (~black).sum()) < 2:
        return float("inf")
    ones, others = (
        _displacement(
            _step(tiles.chosen(half), level.sent, replace(drift, bend=None)),
            level.sent,
            *_grid(level.sent),
        )
        for half in (black, ~black)
    )
    return float(np.hypot(ones[0] - others[0], ones[1] - others[1]).mean()) / 2


def _is_exact(sent: Colours, candidate: Colours, known: Flags) -> bool:
    if sent.shape != candidate.shape:
        return False
    import cv2

    difference = cv2.absdiff(_bytes(sent), _bytes(candidate))
    same = np.asarray(cv2.inRange(difference, (0, 0, 0), (1, 1, 1))) > 0
    return bool(np.count_nonzero(known & ~same) <= 0.005 * np.count_nonzero(known))


def _bytes(picture: Colours) -> npt.NDArray[np.uint8]:
    if picture.dtype == np.uint8:
        return picture.astype(np.uint8, copy=False)
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)


def _reframed(drift: Drift, before: float, after: float, pixels: int) -> Registration:
    reason = (
        f"The model framed the picture anew: zoomed by {drift.zoom:.2f}, moved by "
        f"{drift.shift_x:.0f}, {drift.shift_y:.0f} px (error {before:.2f} before, "
        f"{after:.2f} after undoing it)."
    )
    return Registration(Kind.REFRAMED, drift, before, after, pixels, reason)


def _size(drift: Drift, extent: Extent) -> float:
    """Return by how many pixels *drift* moves things, on average over a grid on the crop."""
    dx, dy = _displacement(drift, extent, *_grid(extent))
    return float(np.hypot(dx, dy).mean())


def _is_reframed(drift: Drift, extent: Extent) -> bool:
    zoomed = max(abs(np.log(drift.scale_x)), abs(np.log(drift.scale_y))) > MAX_ZOOM
    side = max(32, min(extent.width, extent.height))
    return bool(zoomed or max(abs(drift.shift_x), abs(drift.shift_y)) > MAX_SHIFT * side)


def _grid(extent: Extent) -> tuple[Numbers, Numbers]:
    x, y = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    return x.ravel() * (extent.width - 1), y.ravel() * (extent.height - 1)


def _displacement(drift: Drift, extent: Extent, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
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


# The pyramid


@dataclass(slots=True, eq=False)
class _Level:
    """Both pictures at one size, the candidate plainly rescaled to it.

    *sent* is the extent of the crop at full size, *factor* how large this level is against it.
    *weight*: float32, the share of each pixel that is known. *firm*: where all around is known.
    *plain* and *likeness*: the candidate's luminance, and the sent picture's, normalised.
    """

    sent: Extent
    factor: float
    weight: Plane
    firm: Plane
    norm: Plane
    normal: Plane
    gradient: tuple[Plane, Plane]
    informative: Flags
    candidate: Plane

    @property
    def extent(self) -> Extent:
        height, width = self.weight.shape
        return Extent(width, height)

    def here(self, drift: Drift) -> Drift:
        """Return *drift* in pixels of this level."""
        if self.factor == 1:
            return drift
        bend = drift.bend
        if bend is not None:
            factor = np.float32(self.factor)
            bend = Bend(bend.dx * factor, bend.dy * factor)
        return replace(
            drift,
            shift_x=drift.shift_x * self.extent.width / self.sent.width,
            shift_y=drift.shift_y * self.extent.height / self.sent.height,
            bend=bend,
        )

    def sampled(self, drift: Drift) -> tuple[Plane, Plane]:
        """Return the candidate with *drift* undone, normalised, and the weights to compare by."""
        import cv2

        here = self.here(drift)
        width, height = self.extent.width, self.extent.height
        border = cv2.BORDER_REPLICATE
        if here.bend is None:
            matrix = np.zeros((2, 3))
            matrix[0, 0], matrix[1, 1] = here.scale_x, here.scale_y
            matrix[0, 2] = (1 - here.scale_x) * (width - 1) / 2 + here.shift_x
            matrix[1, 2] = (1 - here.scale_y) * (height - 1) / 2 + here.shift_y
            x = here.scale_x * np.arange(width) + matrix[0, 2]
            y = here.scale_y * np.arange(height)[:, None] + matrix[1, 2]
            how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            undone = cv2.warpAffine(
                self.candidate, matrix, (width, height), flags=how, borderMode=border
            )
        else:
            x, y = here.places(self.extent)
            undone = cv2.remap(self.candidate, x, y, cv2.INTER_LINEAR, borderMode=border)
        covered = ((x > 0.5) & (x < width - 1.5)) & ((y > 0.5) & (y < height - 1.5))
        normal, _ = _normalise(np.asarray(undone, np.float32), self.weight, self.norm)
        return normal, self.firm * covered

    def agreeing(self, drift: Drift) -> float:
        """Return the share of the known tiles that show the same thing in both pictures, 0..1."""
        normal, weight = self.sampled(drift)
        weighted = weight * self.normal
        both, one, other = (
            _total(plane)
            for plane in (weighted * normal, weighted * self.normal, weight * normal * normal)
        )
        counted = _total(weight * self.informative) > TILE * TILE / 4
        if not counted.any():
            return 0.0
        alike = both > MIN_ALIKE * np.sqrt(one * other)
        return float(alike[counted].mean())

    def believes(self, drift: Drift) -> bool:
        """Return whether both pictures show the same with *drift* undone, as far as is known."""
        error = self.error(drift)
        count = max(1, int(np.count_nonzero(self.informative)))
        if 1 - error < max(MIN_LIKENESS, SIGNIFICANT / count**0.5):
            return False
        return error < DOUBTFUL or self.agreeing(drift) > MIN_AGREEING

    def error(self, drift: Drift) -> float:
        """Return 1 minus the correlation of both pictures where they are known, 0..1."""
        normal, weight = self.sampled(drift)
        weighted = weight * self.normal
        both = float((weighted * normal).sum())
        one, other = float((weighted * self.normal).sum()), float((weight * normal * normal).sum())
        if weight.sum() < MIN_SEEN * self.firm.sum() or one <= 0 or other <= 0:
            return 1.0
        return float(np.clip(1 - both / (one * other) ** 0.5, 0, 1))


def _pyramid(sent: Colours, candidate: Colours, known: Flags) -> list[_Level]:
    """Return both pictures at growing sizes, the coarsest first."""
    height, width = known.shape
    extent = Extent(width, height)
    side = extent.pixels**0.5
    smallest = min(side, (candidate.shape[0] * candidate.shape[1]) ** 0.5)
    largest = min(max(FINE, min(side / 2, FINEST)), smallest)
    sides = [largest]
    while sides[-1] > COARSE * 1.5:
        sides.append(max(COARSE, sides[-1] / 2))
    ours, theirs = _luminance(sent), _luminance(candidate)
    shown = known.astype(np.float32)
    levels = []
    for wanted in sides:
        factor = wanted / side
        size = (max(8, round(width * factor)), max(8, round(height * factor)))
        ours, theirs = _resized(ours, size), _resized(theirs, size)
        shown = _resized(shown, size)
        levels.append(_level(extent, ours, theirs, shown))
    return levels[::-1]


def _luminance(picture: Colours) -> Plane:
    import cv2

    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    return grey * np.float32(1 / 255) if grey.dtype == np.uint8 else grey.astype(np.float32)


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    import cv2

    if plane.shape == size[::-1]:
        return plane
    reduces = plane.shape[1] >= size[0] and plane.shape[0] >= size[1]
    how = cv2.INTER_AREA if reduces else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=how), np.float32)


def _level(sent: Extent, ours: Plane, theirs: Plane, shown: Plane) -> _Level:
    import cv2

    ours, theirs = (
        np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.7), np.float32) for plane in (ours, theirs)
    )
    weight = np.where(shown > 0.99, np.float32(1), np.float32(0))
    if not weight.any():
        weight = shown
    firm = np.asarray(cv2.erode(weight, np.ones((3, 3), np.uint8)), np.float32)
    if not firm.any():
        firm = weight
    norm = np.maximum(_box(weight), np.float32(1e-3))
    normal, deviation = _normalise(ours, weight, norm)
    return _Level(
        sent=sent,
        factor=(ours.size / sent.pixels) ** 0.5,
        weight=weight,
        firm=firm,
        norm=norm,
        normal=normal,
        gradient=_gradient(normal),
        informative=(deviation > CONTRAST) & (firm > 0),
        candidate=theirs,
    )


def _box(plane: Plane) -> Plane:
    import cv2

    size = 2 * RADIUS + 1
    blurred = cv2.boxFilter(plane, -1, (size, size), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def _normalise(plane: Plane, weight: Plane, norm: Plane) -> tuple[Plane, Plane]:
    """Return *plane* less its local mean, by its local deviation, and the deviation.

    Both are taken over what is known only: normalised convolution, Knutsson, Westin, 1993.
    """
    weighted = weight * plane
    mean = _box(weighted) / norm
    variance = np.maximum(_box(weighted * plane) / norm - mean * mean, np.float32(0))
    normal = (plane - mean) / np.sqrt(variance + np.float32(CONTRAST**2))
    return normal, np.sqrt(variance)


def _gradient(plane: Plane) -> tuple[Plane, Plane]:
    import cv2

    taps, one = np.array([-0.5, 0, 0.5], np.float32), np.ones(1, np.float32)
    gx = cv2.sepFilter2D(plane, -1, taps, one, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.sepFilter2D(plane, -1, one, taps, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


# Coarse


def _search(pyramid: Sequence[_Level], scales: Sequence[tuple[float, float]]) -> Drift:
    """Return the drift that fits best, found over *scales* and all shifts, then refined."""
    coarsest = pyramid[0]
    drifts = [IDENTITY, *_correlate(coarsest, scales)]
    refined = [_refine(coarsest, drift, 5) for drift in drifts]
    best = min(
        refined, key=lambda drift: coarsest.error(drift) + 1e-3 * _size(drift, Extent(1000, 1000))
    )
    for level in pyramid[1:]:
        best = _refine(level, best, 3)
    return best


def _correlate(level: _Level, scales: Sequence[tuple[float, float]]) -> list[Drift]:
    """Return the most promising drifts at *level*, at most three, the best first."""
    import cv2

    height, width = level.weight.shape
    size = (cv2.getOptimalDFTSize(height * 5 // 4), cv2.getOptimalDFTSize(width * 5 // 4))

    def spectrum(*planes: Plane) -> npt.NDArray[np.complex64]:
        padded = np.zeros((*size, 2), np.float32)
        for index, plane in enumerate(planes):
            padded[:height, :width, index] = plane
        return np.asarray(cv2.dft(padded)).view(np.complex64)[..., 0]

    def back(product: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        planes = np.ascontiguousarray(product).view(np.float32).reshape(*size, 2)
        return np.asarray(cv2.dft(planes, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)).view(
            np.complex64
        )[..., 0]

    gx, gy = level.gradient
    ours = spectrum(level.firm * gx, level.firm * gy).conj()
    energy = level.firm * (gx * gx + gy * gy)
    mask, ours_energy = spectrum(level.firm).conj(), spectrum(energy).conj()
    everywhere = np.ones_like(level.weight)
    theirs, _ = _normalise(level.candidate, everywhere, _box(everywhere))
    tx, ty = _gradient(theirs)
    planes = cv2.merge([tx, ty, everywhere])
    found = []
    total = float(energy.sum())
    for scale_x, scale_y in scales:
        matrix = np.array(
            [
                [scale_x, 0, (1 - scale_x) * (width - 1) / 2],
                [0, scale_y, (1 - scale_y) * (height - 1) / 2],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(planes, matrix, (width, height), flags=flags)
        sx, sy, cover = (np.asarray(plane, np.float32) for plane in cv2.split(warped))
        product = back(spectrum(sx, sy) * ours).real
        theirs_energy = np.maximum(back(spectrum(sx * sx + sy * sy) * mask).real, 0)
        seen = np.maximum(back(spectrum(cover) * ours_energy).real, 0)
        score = product / np.sqrt(theirs_energy * seen + 0.01 * total * total)
        score = np.where(seen > MIN_SEEN * total, score * (seen / total) ** 0.25, 0)
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        dy, dx = (
            (int(y) + size[0] // 2) % size[0] - size[0] // 2,
            (int(x) + size[1] // 2) % size[1] - size[1] // 2,
        )
        # What the scaled candidate shows dx further right, the candidate shows scale * dx further.
        drift = Drift(
            float(scale_x),
            float(scale_y),
            dx * scale_x * level.sent.width / width,
            dy * scale_y * level.sent.height / height,
        )
        found.append((float(score.max()), drift))
    found.sort(key=lambda each: -each[0])
    return [drift for _, drift in found[:3]]


# Fine


@dataclass(frozen=True, slots=True, eq=False)
class _Tiles:
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

    def chosen(self, flags: Flags) -> "_Tiles":
        """Return only those tiles."""
        values = (self.x, self.y, self.xx, self.xy, self.yy, self.bx, self.by)
        x, y, xx, xy, yy, bx, by = (each[flags] for each in values)
        return _Tiles(x, y, xx, xy, yy, bx, by, self.noise)

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


def _total(plane: npt.NDArray[np.floating]) -> Numbers:
    """Return the sum of *plane* over each tile, float64 (n,)."""
    import cv2

    height, width = plane.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), np.float32)
    padded[:height, :width] = plane
    mean = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(mean, np.float64).ravel() * TILE**2


def _tiles(level: _Level, drift: Drift) -> _Tiles:
    normal, weight = level.sampled(drift)
    gx, gy = level.gradient
    ox, oy = _gradient(normal)
    gx, gy = (gx + ox) * np.float32(0.5), (gy + oy) * np.float32(0.5)
    rest = normal - level.normal
    # Cauchy's weights; the scale is that of the residual itself.
    squares = rest * rest
    spread = float((weight * squares).sum()) / max(float(weight.sum()), 1) + 1e-4
    weight = np.asarray(weight / (1 + squares / np.float32(2 * spread)), np.float32)
    height, width = weight.shape
    wx, wy = weight * gx, weight * gy
    amount = _total(weight)
    chosen = amount > TILE
    across, down = level.sent.width / width, level.sent.height / height
    # Where a tile's known pixels are, on average.
    at = np.maximum(amount, 1e-9)
    x = _total(weight * np.arange(width, dtype=np.float32)) / at
    y = _total(weight * np.arange(height, dtype=np.float32)[:, None]) / at
    noise = float((weight * squares).sum()) / max(float(weight.sum()), 1) + 1e-6
    values = {
        "x": (x + 0.5) * across - 0.5,
        "y": (y + 0.5) * down - 0.5,
        "xx": _total(wx * gx) / across**2,
        "xy": _total(wx * gy) / (across * down),
        "yy": _total(wy * gy) / down**2,
        "bx": -_total(wx * rest) / across,
        "by": -_total(wy * rest) / down,
    }
    return _Tiles(**{name: value[chosen] for name, value in values.items()}, noise=noise)


def _refine(level: _Level, drift: Drift, steps: int) -> Drift:
    """Return *drift* after some Gauss-Newton steps of scale and shift at *level*."""
    for _ in range(steps):
        tiles = _tiles(level, drift)
        if not len(tiles.x):
            return drift
        moved = _step(tiles, level.sent, drift)
        change = max(
            abs(moved.shift_x - drift.shift_x),
            abs(moved.shift_y - drift.shift_y),
            abs(moved.scale_x - drift.scale_x) * level.sent.width / 2,
            abs(moved.scale_y - drift.scale_y) * level.sent.height / 2,
        )
        drift = moved
        if change * level.factor < 0.01:
            break
    return drift


def _step(tiles: _Tiles, extent: Extent, drift: Drift) -> Drift:
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


# Bend


def _bend(pyramid: Sequence[_Level], straight: Drift) -> Drift:
    """Return *straight* with a smooth bend added, where the evidence for one is clear."""
    drift = straight
    for level in pyramid[-2:]:
        for _ in range(2):
            tiles = _tiles(level, drift)
            if len(tiles.x) < 2 * COEFFICIENTS:
                return straight
            bend = _flex(tiles, level.sent, drift.bend)
            if bend is None:
                break
            drift = replace(drift, bend=bend)
    if drift.bend is None or _size(Drift(bend=drift.bend), pyramid[-1].sent) < MIN_BEND:
        return straight
    finest = pyramid[-1]
    clear = finest.error(drift) < MAX_BENT_ERROR * finest.error(straight)
    return drift if clear else straight


def _flex(tiles: _Tiles, extent: Extent, bend: Bend | None) -> Bend | None:
    """Return *bend* moved to where *tiles* pull; None where that would not help other tiles.

    Each half of the tiles, in blocks like those of a chess board, judges what the other half
    finds; the reach that both like best is fitted to all of them.
    """
    count = COEFFICIENTS
    basis = np.einsum(
        "nr,nc->nrc",
        spline_at((tiles.y + 0.5) / extent.height, count).astype(np.float64),
        spline_at((tiles.x + 0.5) / extent.width, count).astype(np.float64),
    ).reshape(-1, count * count)
    now = (
        np.zeros((2, count * count))
        if bend is None
        else np.stack([bend.dx.ravel(), bend.dy.ravel()]).astype(np.float64)
    )
    still = tiles.misfit(np.zeros_like(tiles.x), np.zeros_like(tiles.x))
    scale = 4 * float(np.median(still)) + 1e-9
    black = tiles.black(extent)
    if min(black.sum(), (~black).sum()) < MIN_TILES:
        return None
    halves = [(~half, _pulls(tiles, basis, half, now)) for half in (black, ~black)]

    def left(reach: float) -> float:
        """Return the share of the misfit that is left on tiles that were not fitted to."""
        total = 0.0
        for judges, pulls in halves:
            misfit = tiles.misfit(*(pulls.change(reach) @ basis.T))[judges]
            total += float((misfit / (1 + misfit / scale)).sum())
        return total / float((still / (1 + still / scale)).sum())

    shares = {reach: left(reach) for reach in REACHES}
    best = min(shares, key=lambda reach: shares[reach])
    if shares[best] > MAX_SHARE:
        return None
    everyone = _pulls(tiles, basis, np.ones_like(black), now)
    dx, dy = (now + everyone.change(best)).astype(np.float32)
    return Bend(dx.reshape(count, count), dy.reshape(count, count))


@dataclass(frozen=True, slots=True, eq=False)
class _Pulls:
    """What tiles ask of the coefficients *now* (2, n) of a bend: a matrix and a right side."""

    matrix: Numbers
    pull: Numbers
    now: Numbers

    def change(self, reach: float) -> Numbers:
        """Return how the coefficients should change, (2, n), if bends reach so far."""
        count = self.now.shape[1]
        stiff = _stiffness(reach)
        matrix = self.matrix + np.kron(np.eye(2), stiff)
        change = np.linalg.solve(matrix, self.pull - (self.now @ stiff).ravel())
        return np.asarray(change.reshape(2, count), np.float64)


def _pulls(tiles: _Tiles, basis: Numbers, chosen: Flags, now: Numbers) -> _Pulls:
    """Sum up the *chosen* tiles, less those that a first fit cannot reconcile with the others."""
    some = tiles.chosen(chosen)
    basis = basis[chosen]
    misfit = some.misfit(np.zeros_like(some.x), np.zeros_like(some.x))
    pulls = _summed(some, basis, misfit, now)
    misfit = some.misfit(*(pulls.change(REACHES[1]) @ basis.T))
    return _summed(some, basis, misfit, now)


def _summed(tiles: _Tiles, basis: Numbers, misfit: Numbers, now: Numbers) -> _Pulls:
    # Not with @: the threads of BLAS wait for each other when the machine has other things to do.
    trust = 1 / (1 + misfit / (4 * float(np.median(misfit)) + 1e-9)) / (CORRELATED * tiles.noise)
    xx, xy, yy = (
        np.einsum("ta,tb->ab", basis * (trust * each)[:, None], basis)
        for each in (tiles.xx, tiles.xy, tiles.yy)
    )
    pull = np.concatenate([basis.T @ (trust * tiles.bx), basis.T @ (trust * tiles.by)])
    return _Pulls(np.block([[xx, xy], [xy, yy]]), pull, now)


@cache
def _stiffness(reach: float) -> Numbers:
    """Return how firmly the coefficients of a bend of this *reach* hold each other: (n, n)."""
    along = (np.arange(COEFFICIENTS) - 1) / (COEFFICIENTS - 3) - 0.5
    y, x = (each.ravel() for each in np.meshgrid(along, along, indexing="ij"))
    squares = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    tilt = 1 + x[:, None] * x + y[:, None] * y
    expected = BEND**2 * np.exp(-squares / (2 * reach**2)) + TILT**2 * tilt
    return np.asarray(np.linalg.inv(expected + 1e-3 * np.eye(len(x))), np.float64)
