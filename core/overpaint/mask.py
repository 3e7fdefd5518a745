"""Masks: which pixels change, and how much.

A mask is an array of shape (height, width) and dtype uint8; 0 keeps a pixel as it is, 255
replaces it, and values between blend. A pixel counts as changed from 1 on.
OpenCV is imported where it is used, so that a core process starts fast.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box

__all__ = ["Mask", "adjust", "bounds", "feather", "grow", "islands"]

Mask: TypeAlias = npt.NDArray[np.uint8]


def bounds(mask: Mask) -> Box | None:
    """Return the smallest box around all pixels that change; None where none does."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return Box.spanning(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def adjust(mask: Mask, *, grow_px: int, feather_px: int) -> Mask:
    """Return *mask* grown, then feathered: what an edit changes, from what the user selected."""
    return feather(grow(mask, grow_px), feather_px)


def grow(mask: Mask, px: int) -> Mask:
    """Return *mask* with its edge moved outwards by *px* pixels (0 or more), softness kept.

    A grey dilation by a disc of that radius: the result is nowhere below *mask*, and for 0 it is
    *mask* itself.
    """
    if px <= 0:
        return mask
    import cv2

    # Large discs cost their area per pixel; a disc is close to a chain of smaller ones.
    result = mask
    while px > 0:
        step = min(px, 8)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * step + 1, 2 * step + 1))
        result = np.asarray(cv2.dilate(result, disc), dtype=np.uint8)
        px -= step
    return result


def feather(mask: Mask, px: int) -> Mask:
    """Return *mask* with its edge softened over *px* pixels on either side (0 or more).

    A Gaussian of standard deviation px / 2, cut at px: nothing changes farther from the edge.
    The picture's border is not an edge: what reaches it stays as strong there. For 0 it is *mask*
    itself.
    """
    if px <= 0:
        return mask
    import cv2

    side = 2 * px + 1
    blurred = cv2.GaussianBlur(
        mask.astype(np.float32), (side, side), px / 2, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.clip(np.rint(blurred), 0, 255), dtype=np.uint8)


def islands(hole: npt.NDArray[np.bool_], reach: int) -> list[Box]:
    """Return the bounds of the parts of *hole* that lie more than *reach* pixels apart.

    Parts whose bounds come nearer than that share one box. In order of area, largest first.
    """
    import cv2

    # Dilating first joins what is near, so that a speckled selection has few parts to compare.
    side = max(1, reach) | 1
    near_ones = cv2.dilate(hole.astype(np.uint8), np.ones((side, side), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near_ones, connectivity=8)
    boxes = []
    for number, row in enumerate(stats[1:], start=1):
        around = Box(*(int(value) for value in row[:4]))
        inside = bounds((hole[around.slices] & (labels[around.slices] == number)).view(np.uint8))
        assert inside is not None  # dilating starts from a pixel of the hole
        boxes.append(inside.moved(around.x, around.y))
    merged: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b.width * b.height, b.x, b.y), reverse=True):
        new = box
        # Swallowing one neighbour may bring the next within reach: repeat until it is quiet.
        while near := [other for other in merged if new.grown(reach).intersection(other)]:
            for other in near:
                merged.remove(other)
                new = new.union(other)
        merged.append(new)
    return sorted(merged, key=lambda b: (b.width * b.height, b.x, b.y), reverse=True)
