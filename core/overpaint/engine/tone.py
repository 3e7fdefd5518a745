"""Which tone belongs where in a hole: a guide for surroundings that are nearly smooth.

In a sky or on a wall all patches look alike to PyPatchMatch: its distances are whole numbers, of
which one is about two tones over a patch, so that step by step a fill may drift away from what
surrounds it, and a dark ellipse stays where something was removed. There the tone that a membrane
held at the border of the hole would have tells patches apart.
OpenCV is imported where it is used, so that a core process starts fast.
"""

import numpy as np
import numpy.typing as npt

from overpaint.membrane import BLOCK, diffused, reduced

__all__ = ["guide", "is_smooth"]

Rgb = npt.NDArray[np.uint8]
Planes = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

RING = 16
"""How far around a hole its surroundings are looked at, in pixels."""
SMOOTH = 3.0
"""Up to this standard deviation of luminance, in 8-bit tones over 5x5 pixels, nothing is seen."""
MOSTLY = 0.5
"""This share of the surroundings has to be smooth: the guide doubles the time of a fill."""
TEXTURED = 0.1
"""How much what shows texture counts at the border: a sky does not take the tone of the ground."""
SOFTENED = 8.0
"""Sigma in pixels by which tones outside the hole are softened."""
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
RANGE = 0.45
"""What white differs from black by in the guide: the library counts from 0.5 on backwards."""


def is_smooth(picture: Rgb, missing: Flags, usable: Flags) -> bool:
    """Whether most of what is *usable* around what is *missing* shows hardly any texture.

    *picture*: uint8 (height, width, 3), the others bool (height, width).
    """
    ring = _near(missing) & usable
    return bool(ring.any()) and float(np.mean(_smooth(picture, usable)[ring])) >= MOSTLY


def guide(picture: Rgb, missing: Flags, usable: Flags) -> Planes:
    """Return what tone belongs to each block of BLOCK pixels, as the library's regularity map.

    float32 (rows, columns, 3): luminance and red against blue, 0..RANGE, and zeros. Outside the
    hole the picture's own tones, softened; inside those of the border, carried on.
    """
    import cv2

    border = _near(missing) & usable
    weight = np.where(_smooth(picture, usable), 1, TEXTURED).astype(np.float32) * border
    carried = _mean(diffused(_sums(picture, weight)))
    known = _sums(picture, usable.astype(np.float32))
    soft = cv2.GaussianBlur(known, (0, 0), SOFTENED / BLOCK, borderType=cv2.BORDER_CONSTANT)
    own = _mean(np.asarray(soft, np.float32))
    inside = reduced(missing.astype(np.float32))[..., None] > 0
    tones = np.where(inside, carried, own)
    result = np.zeros(tones.shape, np.float32)
    result[..., 0] = tones @ LUMINANCE * (RANGE / 255)
    result[..., 1] = (tones[..., 0] - tones[..., 2] + 255) * (RANGE / 510)
    return result


def _near(missing: Flags) -> Flags:
    import cv2

    side = 2 * RING + 1
    return np.asarray(cv2.dilate(missing.view(np.uint8), np.ones((side, side), np.uint8)) > 0)


def _smooth(picture: Rgb, usable: Flags) -> Flags:
    """Where what is *usable* of 5x5 pixels hardly differs."""
    import cv2

    counted = usable.astype(np.float32)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32) * counted
    share = np.maximum(cv2.blur(counted, (5, 5)), np.float32(1e-6))
    mean, square = cv2.blur(grey, (5, 5)) / share, cv2.blur(grey * grey, (5, 5)) / share
    return np.asarray(square - mean * mean <= SMOOTH**2)


def _sums(picture: Rgb, weight: Planes) -> Planes:
    """Return colours times *weight*, and *weight*, as means over blocks."""
    return np.dstack((reduced(picture * weight[..., None]), reduced(weight)))


def _mean(sums: Planes) -> Planes:
    return np.asarray(sums[..., :3] / np.maximum(sums[..., 3:], 1e-6), np.float32)
