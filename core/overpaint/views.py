"""What a dialog shows of an edit: the crop with its mask drawn over it, and how a patch would lie.

All pictures here are uint8 (height, width, 3), sRGB, and no larger than a dialog wants them.
OpenCV is imported where it is used, so that a core process starts fast.
"""

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Extent
from overpaint.mask import Mask
from overpaint.picture import Patch, Pixels, Source

__all__ = ["before", "fitted", "flat", "framed", "masked", "result"]

Rgb = npt.NDArray[np.uint8]

TINT = (235, 40, 60)
"""What a selection is drawn in: GIMP's own quick mask is red as well."""
STRENGTH = 0.5
CHECKS = 8
"""Side of the squares that show through where nothing is, as GIMP draws them."""
LIGHT, DARK = 153, 102


def fitted(extent: Extent, longest: int) -> Extent:
    """Return *extent* made no longer than *longest* on either side, its shape kept."""
    scale = min(1.0, longest / max(extent.width, extent.height))
    return Extent(max(1, round(extent.width * scale)), max(1, round(extent.height * scale)))


def framed(picture: Rgb, longest: int) -> Rgb:
    """Return *picture* no longer than *longest* on either side."""
    height, width = picture.shape[:2]
    return np.asarray(_small(picture, fitted(Extent(width, height), longest)), np.uint8)


def before(source: Source, longest: int) -> Rgb:
    """Return what the layer shows of *source*."""
    size = fitted(source.extent, longest)
    return flat(_small(_eight_bit(source.pixels), size), _shown(source, size))


def result(source: Source, patch: Patch, longest: int) -> Rgb:
    """Return what the layer would show with *patch*, which covers all of *source*, over it."""
    size = fitted(source.extent, longest)
    below = before(source, longest).astype(np.float32)
    above = _small(_eight_bit(patch.pixels), size).astype(np.float32)
    share = _small(patch.mask, size).astype(np.float32)[..., None] / 255 * above[..., 3:] / 255
    return np.asarray(np.rint(below + (above[..., :3] - below) * share), np.uint8)


def masked(picture: Rgb, mask: Mask) -> Rgb:
    """Return *picture* tinted by *mask*, which is of the same part at any size."""
    height, width = picture.shape[:2]
    share = _small(mask, Extent(width, height)).astype(np.float32)[..., None] * (STRENGTH / 255)
    tinted = picture + (np.array(TINT, np.float32) - picture) * share
    return np.asarray(np.rint(tinted), np.uint8)


def _small(plane: npt.NDArray[np.uint8], size: Extent) -> npt.NDArray[np.uint8]:
    import cv2

    if plane.shape[:2] == (size.height, size.width):
        return plane
    fine = size.width <= plane.shape[1] and size.height <= plane.shape[0]
    how = cv2.INTER_AREA if fine else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (size.width, size.height), interpolation=how), np.uint8)


def _eight_bit(pixels: Pixels) -> npt.NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    bounded = np.clip(np.nan_to_num(pixels), 0, 1)
    return np.asarray(np.rint(bounded * 255), np.uint8)


def _shown(source: Source, size: Extent) -> npt.NDArray[np.float32] | None:
    if source.shown is None:
        return None
    return _small(source.shown, size).astype(np.float32) / np.float32(255)


def flat(rgba: npt.NDArray[np.uint8], shown: npt.NDArray[np.float32] | None = None) -> Rgb:
    """Return *rgba*, of which the share *shown* (0..1) shows, over grey checks."""
    if shown is None and (rgba[..., 3] == 255).all():
        return np.ascontiguousarray(rgba[..., :3])
    height, width = rgba.shape[:2]
    y, x = np.ogrid[:height, :width]
    checks = np.where((x // CHECKS + y // CHECKS) % 2, DARK, LIGHT)[..., None]
    share = rgba[..., 3].astype(np.float32) / 255
    if shown is not None:
        share = share * shown
    return np.asarray(np.rint(checks + (rgba[..., :3] - checks) * share[..., None]), np.uint8)
