"""Membranes: what a border says, carried smoothly over the area inside it.

By convolution with a kernel that falls with the third power of the distance, built from a pyramid
(Farbman, Fattal, Lischinski, "Convolution Pyramids", 2011; Farbman et al., "Coordinates for
Instant Image Cloning", 2009). A membrane is smooth, so it is worked out on blocks of pixels:
:func:`reduced`, then :func:`diffused`, then :func:`enlarged`. Whoever diffuses weighted values
and their weights alike, and divides the ones by the others, gets the weighted mean.
OpenCV is imported where it is used, so that a core process starts fast.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK", "diffused", "enlarged", "reduced"]

Planes = npt.NDArray[np.float32]

BLOCK = 4
"""Side of a block, in pixels."""


def reduced(planes: Planes) -> Planes:
    """Return means over blocks of float32 (height, width) or (height, width, up to 4).

    The last blocks of a row or column that is no multiple of BLOCK are filled up with nothing.
    """
    import cv2

    height, width = planes.shape[:2]
    below, right = -height % BLOCK, -width % BLOCK
    if below or right:
        planes = np.asarray(
            cv2.copyMakeBorder(planes, 0, below, 0, right, cv2.BORDER_CONSTANT), np.float32
        )
    size = ((width + right) // BLOCK, (height + below) // BLOCK)
    return np.asarray(cv2.resize(planes, size, interpolation=cv2.INTER_AREA), np.float32)


def diffused(planes: Planes) -> Planes:
    """Return *planes*, float32 (rows, columns, up to 4), convolved with the membrane's kernel."""
    import cv2

    levels = [cv2.GaussianBlur(planes, (3, 3), 0, borderType=cv2.BORDER_CONSTANT)]
    while max(levels[-1].shape[:2]) > 2:
        levels.append(cv2.pyrDown(levels[-1]))
    result = levels.pop()
    while levels:
        level = levels.pop()
        # A Gaussian twice as wide has a quarter of the height; half of that: the third power.
        result = level + 0.5 * cv2.pyrUp(result, dstsize=(level.shape[1], level.shape[0]))
    return np.asarray(result, np.float32)


def enlarged(planes: Planes, shape: tuple[int, ...]) -> Planes:
    """Return *planes* of blocks as planes of pixels, *shape* (height, width, ...) of them."""
    import cv2

    rows, columns = planes.shape[:2]
    size = (columns * BLOCK, rows * BLOCK)
    full = cv2.resize(planes, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[: shape[0], : shape[1]], np.float32)
