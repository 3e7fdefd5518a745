"""Taking away noise that a model added, down to the level of the source.

A Wiener filter on the variance around each pixel (Lee, "Digital Image Enhancement and Noise
Filtering by Use of Local Statistics", 1980), with a noise that was measured, not guessed: what is
rougher than the noise is detail and stays. It aims at the source's level of grain, not at none.
OpenCV is imported where it is used, so that a core process starts fast.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["quieted"]

Rgb = npt.NDArray[np.float32]

SIDE = 5
"""Of the neighbourhood that tells detail from noise, in pixels."""


def quieted(picture: Rgb, now: float, wanted: float) -> Rgb:
    """Return *picture*, whose noise has the variance *now* in each channel, with that *wanted*."""
    import cv2

    def around(plane: Rgb) -> Rgb:
        size = (SIDE, SIDE)
        return np.asarray(cv2.blur(plane, size, borderType=cv2.BORDER_REFLECT), np.float32)

    mean = around(picture)
    third = np.full((1, 3), 1 / 3, np.float32)
    power = cv2.transform(around(picture * picture) - mean * mean, third)
    # Of the variance found in a window, its own mean has taken a share.
    power = np.maximum(power * (SIDE**2 / (SIDE**2 - 1)), 1e-9)
    detail = np.clip(1 - now / power, 0, 1)
    kept = detail + (1 - detail) * np.float32((wanted / now) ** 0.5)
    return np.asarray(mean + kept[..., None] * (picture - mean), np.float32)
