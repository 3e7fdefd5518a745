"""Drifts of place: what lies where it should not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from tests.drift.base import Colours, Drift, Moving, Points, extent_of

from overpaint.geometry import Extent

__all__ = [
    "Cut",
    "Reframe",
    "Resize",
    "Rotate",
    "Rounded",
    "Scaled",
    "Shift",
    "SizedZoom",
    "Wobble",
    "Zoom",
    "resize",
]


@dataclass(frozen=True)
class Shift(Moving):
    """Everything *dx* pixels to the right and *dy* down (Nano Banana)."""

    dx: float
    dy: float

    def map(self, points: Points, extent: Extent) -> Points:
        del extent
        return points + np.array([self.dx, self.dy])

    def unmap(self, points: Points, extent: Extent) -> Points:
        del extent
        return points - np.array([self.dx, self.dy])


@dataclass(frozen=True)
class Zoom(Moving):
    """Everything larger about the centre: *across* times as wide, *down* times as high."""

    across: float
    down: float

    def map(self, points: Points, extent: Extent) -> Points:
        centre = _centre(extent)
        return (points - centre) * (self.across, self.down) + centre

    def unmap(self, points: Points, extent: Extent) -> Points:
        centre = _centre(extent)
        return (points - centre) / (self.across, self.down) + centre


@dataclass(frozen=True)
class Rotate(Moving):
    """Everything turned about the centre, clockwise as one looks at it."""

    degrees: float

    def map(self, points: Points, extent: Extent) -> Points:
        centre = _centre(extent)
        return (points - centre) @ self._turn + centre

    def unmap(self, points: Points, extent: Extent) -> Points:
        centre = _centre(extent)
        return (points - centre) @ self._turn.T + centre

    @property
    def _turn(self) -> npt.NDArray[np.float64]:
        angle = np.radians(self.degrees)
        return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


class _Window(Moving):
    """A rectangle of what was sent fills the whole picture."""

    def window(self, extent: Extent) -> tuple[float, float, float, float]:
        """Left, top, width and height of that rectangle, counted from the outer corner."""
        raise NotImplementedError

    def map(self, points: Points, extent: Extent) -> Points:
        left, top, width, height = self.window(extent)
        factors = (extent.width / width, extent.height / height)
        return (points + 0.5 - (left, top)) * factors - 0.5

    def unmap(self, points: Points, extent: Extent) -> Points:
        left, top, width, height = self.window(extent)
        factors = (extent.width / width, extent.height / height)
        return (points + 0.5) / factors + (left, top) - 0.5


@dataclass(frozen=True)
class Cut(_Window):
    """Strips cut off at *right* and *below*, in pixels, and the rest stretched (FLUX.2 ports)."""

    right: float
    below: float

    def window(self, extent: Extent) -> tuple[float, float, float, float]:
        return 0, 0, extent.width - self.right, extent.height - self.below


@dataclass(frozen=True)
class Rounded(_Window):
    """What exceeds a multiple of pixels cut off, and the rest stretched (A1111, SwarmUI).

    *anchor* says which part stays: (0, 0) the upper left, (0.5, 0.5) the middle.
    """

    multiple: int
    anchor: tuple[float, float] = (0.5, 0.5)

    def window(self, extent: Extent) -> tuple[float, float, float, float]:
        right, below = extent.width % self.multiple, extent.height % self.multiple
        x, y = self.anchor
        return right * x, below * y, extent.width - right, extent.height - below


@dataclass(frozen=True)
class SizedZoom(_Window):
    """A zoom that depends on the size sent, another one across than down (Qwen-Image-Edit).

    The model works at about *budget* pixels; there each side becomes the nearest multiple of
    *multiple*, by showing less of the picture or more than all of it. With 112 that is up to 6 %
    either way; a size that fits comes back unmoved.
    """

    multiple: int = 112
    budget: int = 1024 * 1024

    def window(self, extent: Extent) -> tuple[float, float, float, float]:
        factor = (self.budget / extent.pixels) ** 0.5
        width, height = (
            max(1, round(side * factor / self.multiple)) * self.multiple / factor
            for side in (extent.width, extent.height)
        )
        return (extent.width - width) / 2, (extent.height - height) / 2, width, height


@dataclass(frozen=True)
class Reframe(_Window):
    """Another framing of the scene (FLUX.2): nearer by the share *by* of the sides, or, below 0,
    farther away. *anchor* says where: (0, 0) keeps the upper left corner.
    """

    by: float
    anchor: tuple[float, float] = (0.5, 0.5)

    def window(self, extent: Extent) -> tuple[float, float, float, float]:
        width, height = extent.width * (1 - self.by), extent.height * (1 - self.by)
        x, y = self.anchor
        return (extent.width - width) * x, (extent.height - height) * y, width, height


@dataclass(frozen=True)
class Wobble(Moving):
    """A smooth drift that differs from place to place, by *px* where it is largest.

    *seed* chooses the waves; none has more than one and a half periods across the picture.
    """

    px: float
    seed: int = 0

    def map(self, points: Points, extent: Extent) -> Points:
        return points + self._bend(points, extent)

    def unmap(self, points: Points, extent: Extent) -> Points:
        found = points
        # Each round divides the error by ten or more.
        for _ in range(6):
            found = points - self._bend(found, extent)
        return found

    def _bend(self, points: Points, extent: Extent) -> Points:
        raw = self._waves(points / (extent.width, extent.height))
        steps = np.linspace(0, 1, 25)
        everywhere = self._waves(np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2))
        bend: Points = raw * (self.px / np.hypot(*everywhere.T).max())
        return bend

    def _waves(self, places: Points) -> Points:
        """Sums of three waves each for x and y, at *places* in 0..1."""
        rng = np.random.default_rng(self.seed)
        frequency = rng.uniform(0.4, 1.0, (2, 3, 2)) * rng.choice([-1.0, 1.0], (2, 3, 2))
        phase = rng.uniform(0, 2 * np.pi, (2, 3))
        angles = 2 * np.pi * np.einsum("nk,cwk->ncw", places, frequency) + phase
        waves: Points = np.cos(angles).sum(axis=2)
        return waves


class _Sized(Drift):
    """The whole picture at another size, as a good resampler makes it."""

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        return resize(colours, self.returned(extent_of(colours)))

    def map(self, points: Points, extent: Extent) -> Points:
        return (points + 0.5) * self._factors(extent) - 0.5

    def unmap(self, points: Points, extent: Extent) -> Points:
        return (points + 0.5) / self._factors(extent) - 0.5

    def _factors(self, extent: Extent) -> tuple[float, float]:
        new = self.returned(extent)
        return new.width / extent.width, new.height / extent.height


@dataclass(frozen=True)
class Resize(_Sized):
    """The same size whatever was sent, the picture stretched to it."""

    to: Extent

    def returned(self, extent: Extent) -> Extent:
        del extent
        return self.to


@dataclass(frozen=True)
class Scaled(_Sized):
    """*factor* times the size that was sent."""

    factor: float

    def returned(self, extent: Extent) -> Extent:
        return extent.scaled(self.factor)


def resize(colours: Colours, extent: Extent) -> Colours:
    """Return *colours* at size *extent*: Lanczos, without aliasing when it gets smaller."""
    size = (extent.width, extent.height)
    planes = [
        np.asarray(Image.fromarray(colours[..., n]).resize(size, Image.Resampling.LANCZOS))
        for n in range(3)
    ]
    return np.stack(planes, axis=2)


def _centre(extent: Extent) -> Points:
    return np.array([(extent.width - 1) / 2, (extent.height - 1) / 2])
