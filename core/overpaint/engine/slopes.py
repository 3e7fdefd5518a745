"""Which way light and dark run in a picture, averaged so that opposite slopes agree.

By the structure tensor: Bigun, Granlund, "Optimal Orientation Detection of Linear Symmetry", 1987.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["across", "tensor"]

Floats = npt.NDArray[np.float32]


def tensor(light: Floats, sigma: float) -> Floats:
    """Return of float32 (height, width) *light* the squared slopes xx and yy and their product xy.

    In (3, height, width), averaged over *sigma* pixels; a slope is in levels a pixel.
    """
    import cv2

    x = cv2.Scharr(light, cv2.CV_32F, 1, 0) / 32
    y = cv2.Scharr(light, cv2.CV_32F, 0, 1) / 32
    return np.stack([cv2.GaussianBlur(it, (0, 0), sigma) for it in (x * x, y * y, x * y)])


def across(slopes: Floats) -> Floats:
    """Return the angle, (height, width), across which *slopes* are steepest; lines run along."""
    xx, yy, xy = slopes
    return np.asarray(0.5 * np.arctan2(2 * xy, xx - yy), np.float32)
