"""A drawn picture whose strokes follow the form of what they show.

The network draws in a weave that lies the same way on everything: lines over faces, cells in
skies. Averaged along the lines of the picture, a weave becomes strokes that run along them.
Cabral, Leedom, "Imaging Vector Fields Using Line Integral Convolution", 1993.
"""

import numpy as np
import numpy.typing as npt

from overpaint.engine import slopes
from overpaint.engine.style.steps import Steps

__all__ = ["along"]

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

NEAR, FAR = 3.0, 12.0
"""Over how many pixels the direction of a line is averaged: where there is one, and elsewhere."""
SHARE = 0.15
"""What the far directions count beside the near: enough where nothing is near."""
ROWS = 256
"""Rows at once."""


def along(drawn: Rgb, picture: Rgb, length: int) -> Steps[Rgb]:
    """Return *drawn* averaged along the lines of *picture*, *length* pixels in both directions.

    Both uint8 (height, width, 3). Yields after each strip of rows; strips do not show.
    """
    if length < 1:
        return drawn
    made = np.empty_like(drawn)
    height = drawn.shape[0]
    reach = round(4 * FAR) + length + 2
    for start in range(0, height, ROWS):
        stop = min(start + ROWS, height)
        low, high = max(0, start - reach), min(height, stop + reach)
        strip = _averaged(drawn[low:high], _directions(picture[low:high]), length)
        made[start:stop] = strip[start - low : stop - low]
        yield stop / height
    return made


def _directions(picture: Rgb) -> Floats:
    """Return unit vectors, (2, height, width) as x, y, along the lines of *picture*."""
    import cv2

    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    near, far = (slopes.tensor(light, sigma) for sigma in (NEAR, FAR))
    angle = slopes.across(near + np.float32(SHARE) * far)
    return np.stack([-np.sin(angle), np.cos(angle)])


def _averaged(drawn: Rgb, directions: Floats, length: int) -> Rgb:
    import cv2

    edge = cv2.BORDER_REPLICATE
    height, width = drawn.shape[:2]
    total = drawn.astype(np.float32)
    for first in (directions, -directions):
        y, x = np.mgrid[:height, :width].astype(np.float32)
        way = first
        for _ in range(length):
            x, y = x + way[0], y + way[1]
            total += cv2.remap(drawn, x, y, cv2.INTER_LINEAR, borderMode=edge)
            here = np.stack(
                [cv2.remap(it, x, y, cv2.INTER_NEAREST, borderMode=edge) for it in directions]
            )
            # A line has no sense: it goes on the way it came.
            way = np.where((here * way).sum(axis=0) < 0, -here, here)
    return np.asarray(np.rint(total / (2 * length + 1)), np.uint8)
