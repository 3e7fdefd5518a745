"""Drifts that nobody can undo: what is blurred, noisy, coarse or painted over."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from tests.drift.base import Colours, Drift, extent_of, to_bytes, to_colours
from tests.drift.move import resize

from overpaint.geometry import Extent

__all__ = ["Blur", "Jpeg", "Noise", "Repaint", "Resampled"]


@dataclass(frozen=True)
class Blur(Drift):
    """Less detail: a Gaussian of standard deviation *px*."""

    px: float

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        return np.asarray(cv2.GaussianBlur(colours, (0, 0), self.px), np.float32)


@dataclass(frozen=True)
class Noise(Drift):
    """Grain: Gaussian, independent in every value, standard deviation in 8-bit levels."""

    levels: float

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        grain = rng.standard_normal(colours.shape, dtype=np.float32)
        return colours + grain * np.float32(self.levels / 255)


@dataclass(frozen=True)
class Jpeg(Drift):
    """Through a JPEG of that *quality*, colours at half resolution as usual."""

    quality: int = 85

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        bgr = cv2.cvtColor(to_bytes(colours), cv2.COLOR_RGB2BGR)
        _, file = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        back = cv2.cvtColor(cv2.imdecode(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        return to_colours(np.asarray(back, np.uint8))


@dataclass(frozen=True)
class Resampled(Drift):
    """Made at the nearest size that *multiple* divides, then resized back."""

    multiple: int

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        extent = extent_of(colours)
        return resize(resize(colours, self._made(extent)), extent)

    def _made(self, extent: Extent) -> Extent:
        width, height = (
            max(1, round(side / self.multiple)) * self.multiple
            for side in (extent.width, extent.height)
        )
        return Extent(width, height)


@dataclass(frozen=True)
class Repaint(Drift):
    """Other content in blobs that cover the *share* of the picture: the mask was ignored.

    The other content is the picture upside down: its own colours, in the wrong place. *keep*,
    bool (height, width), is where nothing is painted over.
    """

    share: float
    seed: int = 0
    keep: npt.NDArray[np.bool_] | None = field(default=None, compare=False)

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        height, width = colours.shape[:2]
        coarse = np.random.default_rng(self.seed).standard_normal((7, 7)).astype(np.float32)
        hills = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        free = np.ones((height, width), np.bool_) if self.keep is None else ~self.keep
        shore = np.quantile(hills[free], 1 - self.share) if free.any() else np.inf
        painted = (free & (hills > shore))[..., None]
        return np.where(painted, colours[::-1], colours).astype(np.float32)
