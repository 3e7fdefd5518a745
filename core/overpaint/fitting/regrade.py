"""The inverse of a regrade as a value: curves, a matrix, a slow gain; and applying it.

OpenCV is imported where it is used, so that a core process starts fast.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field as default

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "TONES", "Regrade", "apply", "field_basis"]

Rgb = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SPECK = 1.5
"""Pixels; clipped areas smaller than about this are noise."""
BINS = 512
"""How many tones a curve is given at; in between it is straight."""
TONES = np.linspace(0, 1, BINS)


@dataclass(frozen=True, slots=True, eq=False)
class Regrade:
    """The inverse of a regrade: *curves* (3, BINS) over 0..1, *matrix* (3, 3), *field* (5, 3).

    *family*: of which shapes the curves are made (see :mod:`regression`).
    *ends* (2, 3): what becomes of black and of white, where the regrade clipped tones that the
    curves know nothing of; NaN where the curves may decide.
    """

    curves: Floats
    matrix: Floats
    field: Floats
    family: tuple[int, ...]
    ends: Floats = default(default_factory=lambda: np.full((2, 3), np.nan))

    def curved(self, x: Floats) -> Floats:
        return np.stack([np.interp(x[:, c], TONES, self.curves[c]) for c in range(3)], axis=1)

    def __call__(self, x: Floats, place: Floats) -> Floats:
        return (self.curved(x) @ self.matrix.T) * (1 + field_basis(place) @ self.field)


def apply(regrade: Regrade, picture: Rgb, changed: Flags) -> Rgb:
    """Return *picture* with *regrade*; outside *changed* every pixel depends on itself alone."""
    import cv2

    # 16-bit tables: exact enough for 16-bit pictures, and ten times as fast as interpolation.
    steps = 65536
    tones = np.linspace(0, 1, steps)
    index = np.asarray(cv2.multiply(picture, np.full(4, 65535.0), dtype=cv2.CV_16U), np.uint16)
    result = np.empty(picture.shape, np.float32)

    def look_up(c: int) -> None:
        table = np.interp(tones, TONES, regrade.curves[c]).astype(np.float32)
        result[..., c] = np.take(table, index[..., c], mode="clip")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(look_up, range(3)))
    if not np.array_equal(regrade.matrix, np.eye(3)):
        result = np.asarray(cv2.transform(result, regrade.matrix), np.float32)
    if regrade.field.any():
        height, width = picture.shape[:2]
        side = 2 / max(height, width)
        rows, columns = np.linspace(0, height, 33), np.linspace(0, width, 33)
        place = np.stack(np.meshgrid(columns * side - 1, rows * side - 1), axis=-1)
        gain = (1 + field_basis(place) @ regrade.field).astype(np.float32)
        result *= _enlarged(gain, width, height)
    _end(regrade.ends, picture, result, changed)
    return np.asarray(np.clip(result, 0, 1, out=result), np.float32)


def _end(ends: Floats, picture: Rgb, result: Rgb, changed: Flags) -> None:
    """Give black and white in *picture* their own tones in *result*, in areas rather than specks.

    Noise at the limit would otherwise jump between what the curves say and what the end says.
    """
    import cv2

    for c in range(3):
        plane = None
        for end, tone in zip((0.0, 1.0), ends[:, c], strict=True):
            if np.isnan(tone):
                continue
            plane = cv2.extractChannel(picture, c) if plane is None else plane
            near = np.clip(1 - np.abs(plane - np.float32(end)) * 255, 0, 1)
            areas = np.clip(4 * cv2.GaussianBlur(near, (0, 0), SPECK) - 1, 0, 1)
            share = np.where(changed, near * areas, near)
            result[..., c] += share * (np.float32(tone) - result[..., c])


def field_basis(place: Floats) -> Floats:
    u, v = place[..., 0], place[..., 1]
    return np.stack([u, v, u * u, u * v, v * v], axis=-1)


def _enlarged(grid: Rgb, width: int, height: int) -> Rgb:
    """*grid*, whose outer samples lie on the picture's borders, at the picture's size."""
    import cv2

    steps = grid.shape[0] - 1
    scale = np.array([[width / steps, 0, -0.5], [0, height / steps, -0.5]])
    return np.asarray(
        cv2.warpAffine(
            grid, scale, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )
