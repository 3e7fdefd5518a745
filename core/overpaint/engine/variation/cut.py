"""Where two pictures change over into each other: along what differs least."""

import numpy as np
import numpy.typing as npt

__all__ = ["path", "ring"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LEVELS = 24
STEPS = 6


def path(gap: Floats) -> Ints:
    """Return, for each row of *gap* (rows, columns), the column of the cheapest way down it.

    The way moves by at most one column a row. Efros, Freeman, "Image Quilting for Texture
    Synthesis and Transfer", 2001, section 2.
    """
    rows, columns = gap.shape
    total = np.full((rows, columns + 2), np.inf, np.float32)
    total[0, 1:-1] = gap[0]
    for row in range(1, rows):
        above = total[row - 1]
        best = np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
        np.add(gap[row], best, out=total[row, 1:-1])
    way = np.empty(rows, np.int64)
    way[-1] = at = int(total[-1].argmin())
    for row in range(rows - 2, -1, -1):
        at += int(total[row, at - 1 : at + 2].argmin()) - 1
        way[row] = at
    return way - 1


def ring(gap: Floats, new: Flags, free: Flags) -> Flags:
    """Return *new*, grown into the *free* pixels around it until what is left belongs to the old.

    The border comes to lie where *gap*, how much old and new differ, is least: both sides are let
    into what differs most first, and meet where it differs least. A watershed of the differences,
    in LEVELS steps; for seams first used by Gracias, Mahoor, Negahdaripour, Gleason, "Fast image
    blending using watersheds and graph cuts", 2009. All (height, width).
    """
    import cv2

    mine = new.astype(np.uint8)
    old = (~(new | free)).astype(np.uint8)
    left = free.astype(np.uint8)
    if not left.any():
        return new
    soft = cv2.GaussianBlur(gap, (0, 0), 1)
    levels = np.quantile(soft[free], np.linspace(1, 0, LEVELS + 1)[1:])
    for level in levels:
        high = (soft >= level).view(np.uint8)
        for _ in range(STEPS):
            before = int(left.sum())
            mine |= _grown(mine) & left & high
            left &= ~mine & 1
            old |= _grown(old) & left & high
            left &= ~old & 1
            if int(left.sum()) == before:
                break
    while left.any():
        before = int(left.sum())
        mine |= _grown(mine) & left
        left &= ~mine & 1
        old |= _grown(old) & left
        left &= ~old & 1
        if int(left.sum()) == before:  # apart from both: nothing old reaches it
            mine |= left
            break
    return mine.astype(np.bool_)


def _grown(flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray(cv2.dilate(flags, cross), np.uint8)
