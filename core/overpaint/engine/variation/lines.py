"""Where a picture has lines, and which way they run."""

import numpy as np
import numpy.typing as npt

from overpaint.engine import slopes

__all__ = ["lines"]

Floats = npt.NDArray[np.float32]

FAINT = 3.0
"""Levels a pixel: of a line with less contrast one is less than half sure."""


def lines(grey: Floats, spread: float) -> tuple[Floats, Floats]:
    """Return the direction across the line at each pixel, (2, height, width), and how sure it is.

    *grey* is float32 (height, width) in levels; *spread*: over how many pixels a direction is
    averaged, a line is longer than that. The direction is across and down, of length 1;
    sure is 1 where nothing but a line is, and 0 where what is there has no direction.
    """
    xx, yy, xy = found = slopes.tensor(grey, spread)
    angle = slopes.across(found)
    one_way = np.hypot(xx - yy, 2 * xy)
    sure = (one_way / (xx + yy + 1e-6)) ** 2 * one_way / (one_way + FAINT**2)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32), sure.astype(np.float32)
