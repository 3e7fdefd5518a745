"""Where a picture has lines, and which way they run."""

import numpy as np
import numpy.typing as npt

__all__ = ["lines"]

Floats = npt.NDArray[np.float32]

SPREAD = 1.5
"""Over how many pixels a direction is averaged: a line is longer than that."""
FAINT = 3.0
"""Levels a pixel: of a line with less contrast one is less than half sure."""


def lines(grey: Floats) -> tuple[Floats, Floats]:
    """Return the direction across the line at each pixel, (2, height, width), and how sure it is.

    *grey* is float32 (height, width) in levels. The direction is across and down, of length 1;
    sure is 1 where nothing but a line is, and 0 where what is there has no direction.

    By the structure tensor: Bigun, Granlund, "Optimal Orientation Detection of Linear Symmetry",
    1987.
    """
    import cv2

    x = cv2.Scharr(grey, cv2.CV_32F, 1, 0) / 32
    y = cv2.Scharr(grey, cv2.CV_32F, 0, 1) / 32
    xx, yy, xy = (cv2.GaussianBlur(it, (0, 0), SPREAD) for it in (x * x, y * y, x * y))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    one_way = np.hypot(xx - yy, 2 * xy)
    sure = (one_way / (xx + yy + 1e-6)) ** 2 * one_way / (one_way + FAINT**2)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32), sure.astype(np.float32)
