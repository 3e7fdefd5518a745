"""Finding faces with BlazeFace, in windows of several sizes.

Bazarevsky, Kartynnik, Vakunov, Raveendran, Grundmann, "BlazeFace: Sub-millisecond Neural Face
Detection on Mobile GPUs", 2019. The network looks at a square of 128 pixels and finds faces that
fill a good part of it, hence the windows. Faces from the front, that is: none from behind, and
profiles are not promised. NOTICE beside this file says whose the weights are.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box, Extent
from overpaint.mask import bounds

__all__ = ["find"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

SIDE = 128
GRIDS = ((16, 2), (8, 6))
"""The network's anchors: cells a side, and how many anchors each has."""
SURE = 0.8
"""Of the photographs in bench/photos.py, those with faces score 0.92 and more, others 0.70."""
SMALLEST = 96
"""Pixels of the smallest window; smaller faces are not looked for."""
LEVELS = 4
FILE = "face_detection_short_range.tflite"


def find(picture: Rgb, missing: Flags) -> list[Box]:
    """Return where faces are that *missing* touches; *picture* uint8 (height, width, 3).

    One face may be found more than once.
    """
    box = bounds(missing.view(np.uint8))
    if box is None:
        return []
    height, width = missing.shape
    whole = Extent(width, height).box
    found = []
    for window in _windows(whole, box):
        face = _look(picture, window)
        inside = None if face is None else face.intersection(whole)
        if inside is not None and missing[inside.slices].any():
            found.append(inside)
    return found


def _windows(whole: Box, box: Box) -> Iterator[Box]:
    """Yield squares that overlap each other by half, of several sizes, where they touch *box*."""
    side = max(whole.width, whole.height)
    for _ in range(LEVELS):
        if side < min(SMALLEST, max(whole.width, whole.height)):
            return
        step = max(1, side // 2)
        for y in range(0, max(1, whole.height - step), step):
            for x in range(0, max(1, whole.width - step), step):
                window = Box(x, y, side, side)
                if window.intersection(box) is not None:
                    yield window
        side //= 2


def _look(picture: Rgb, window: Box) -> Box | None:
    """Return the face in *window* of which the network is surest, None if of none."""
    import cv2

    part = picture[window.y : window.bottom, window.x : window.right]
    square = np.zeros((window.height, window.width, 3), np.uint8)
    square[: part.shape[0], : part.shape[1]] = part
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    net = _net()
    net.setInput(cv2.dnn.blobFromImage(small, 1 / 127.5, (SIDE, SIDE), (127.5,) * 3))
    scores = np.asarray(net.forward("classificators")).ravel()
    best = int(scores.argmax())
    if 1 / (1 + np.exp(-float(scores[best]))) < SURE:
        return None
    x, y, width, height = np.asarray(net.forward("regressors"))[0, best, :4] / SIDE
    centre_x, centre_y = _anchors()[best] + (x, y)
    return Box(
        window.x + round(window.width * (centre_x - width / 2)),
        window.y + round(window.height * (centre_y - height / 2)),
        max(1, round(window.width * width)),
        max(1, round(window.height * height)),
    )


@cache
def _anchors() -> npt.NDArray[np.float64]:
    return np.array(
        [
            ((x + 0.5) / cells, (y + 0.5) / cells)
            for cells, count in GRIDS
            for y in range(cells)
            for x in range(cells)
            for _ in range(count)
        ]
    )


@cache
def _net() -> Any:
    import cv2

    data = resources.files(__package__).joinpath(FILE).read_bytes()
    return cv2.dnn.readNetFromTFLite(np.frombuffer(data, np.uint8))
