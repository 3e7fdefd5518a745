"""The pyramid that candidates are registered on: both pictures, normalised, at growing sizes.

Luminance is normalised by its local mean and contrast over what is known, which takes most of a
recolouring away. Source: normalised convolution, Knutsson, Westin, 1993.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting.warp import Bend, Colours, Drift, Flags, Plane
from overpaint.geometry import Extent

__all__ = ["Level", "box", "gradient", "normalise", "pyramid_of", "total"]

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
MIN_LIKENESS = 0.25
"""Correlation on the known pixels below which the candidate shows something else there."""
SIGNIFICANT = 30.0
"""Likewise, by the square root of how many pixels say something: few may agree by chance."""
MIN_ALIKE = 0.7
"""Correlation of a tile that shows the same thing in both pictures."""
DOUBTFUL = 0.4
"""Errors above this are believed only where some tiles agree firmly: the others were changed."""
MIN_AGREEING = 0.2
"""Share of the tiles that must, then."""
MIN_SEEN = 0.15
"""Share of the known pixels that the candidate must still show."""


@dataclass(slots=True, eq=False)
class Level:
    """Both pictures at one size, the candidate plainly rescaled to it.

    *sent* is the extent of the crop at full size, *factor* how large this level is against it.
    *weight*: float32, the share of each pixel that is known. *firm*: where all around is known.
    *normal*: the sent picture's luminance, normalised by what lies around it; *norm*: the weight
    there. *gradient*: of that luminance; *informative*: where it has contrast. *candidate*: the
    candidate's luminance, as it is. Errors once measured are kept: they are asked for repeatedly.
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
    _errors: dict[Drift, float] = field(default_factory=dict)

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
        normal, _ = normalise(np.asarray(undone, np.float32), self.weight, self.norm)
        return normal, self.firm * covered

    def agreeing(self, drift: Drift) -> float:
        """Return the share of the known tiles that show the same thing in both pictures, 0..1."""
        normal, weight = self.sampled(drift)
        weighted = weight * self.normal
        both, one, other = (
            total(plane)
            for plane in (weighted * normal, weighted * self.normal, weight * normal * normal)
        )
        counted = total(weight * self.informative) > TILE * TILE / 4
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
        if drift not in self._errors:
            self._errors[drift] = self._error(drift)
        return self._errors[drift]

    def _error(self, drift: Drift) -> float:
        normal, weight = self.sampled(drift)
        weighted = weight * self.normal
        both = float((weighted * normal).sum())
        one, other = float((weighted * self.normal).sum()), float((weight * normal * normal).sum())
        if weight.sum() < MIN_SEEN * self.firm.sum() or one <= 0 or other <= 0:
            return 1.0
        return float(np.clip(1 - both / (one * other) ** 0.5, 0, 1))


def pyramid_of(sent: Colours, candidate: Colours, known: Flags) -> list[Level]:
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


def _level(sent: Extent, ours: Plane, theirs: Plane, shown: Plane) -> Level:
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
    norm = np.maximum(box(weight), np.float32(1e-3))
    normal, deviation = normalise(ours, weight, norm)
    return Level(
        sent=sent,
        factor=(ours.size / sent.pixels) ** 0.5,
        weight=weight,
        firm=firm,
        norm=norm,
        normal=normal,
        gradient=gradient(normal),
        informative=(deviation > CONTRAST) & (firm > 0),
        candidate=theirs,
    )


def box(plane: Plane) -> Plane:
    """Return the mean of *plane* around each pixel; beyond the edges there is nothing."""
    import cv2

    size = 2 * RADIUS + 1
    blurred = cv2.boxFilter(plane, -1, (size, size), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def normalise(plane: Plane, weight: Plane, norm: Plane) -> tuple[Plane, Plane]:
    """Return *plane* less its local mean, by its local deviation, and the deviation.

    Both are taken over what is known only: normalised convolution, Knutsson, Westin, 1993.
    """
    weighted = weight * plane
    mean = box(weighted) / norm
    variance = np.maximum(box(weighted * plane) / norm - mean * mean, np.float32(0))
    normal = (plane - mean) / np.sqrt(variance + np.float32(CONTRAST**2))
    return normal, np.sqrt(variance)


def gradient(plane: Plane) -> tuple[Plane, Plane]:
    """Return the slopes of *plane* in x and y."""
    import cv2

    taps, one = np.array([-0.5, 0, 0.5], np.float32), np.ones(1, np.float32)
    gx = cv2.sepFilter2D(plane, -1, taps, one, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.sepFilter2D(plane, -1, one, taps, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


def total(plane: npt.NDArray[np.floating]) -> Numbers:
    """Return the sum of *plane* over each tile, float64 (n,)."""
    import cv2

    height, width = plane.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), np.float32)
    padded[:height, :width] = plane
    mean = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(mean, np.float64).ravel() * TILE**2
