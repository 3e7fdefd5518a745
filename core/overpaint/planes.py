"""Pixels as they travel between shell and core, to arrays and back."""

import numpy as np

from overpaint.picture import Pixels
from overpaint.wire import Blob

__all__ = ["blank", "decode", "encode"]

DEEP = "R'G'B'A float"


def blank(pixel_format: str, shape: tuple[int, int]) -> Pixels:
    """Return room for pixels that travel in a format, as :func:`decode` returns them."""
    if pixel_format == DEEP:
        return np.empty((*shape, 4), np.float32)
    return np.empty((*shape, 4), np.uint8)


def decode(pixels: Blob, pixel_format: str, shape: tuple[int, int]) -> Pixels:
    """Return pixels of a format that travels as RGBA (height, width, 4), uint8 or float32."""
    if pixel_format == DEEP:
        return np.frombuffer(pixels, np.float32).reshape(*shape, 4)
    samples = np.frombuffer(pixels, np.uint8).reshape(*shape, -1)
    channels = samples.shape[2]
    if channels == 4:
        return samples
    import cv2

    if channels == 3:
        return np.asarray(cv2.cvtColor(samples, cv2.COLOR_RGB2RGBA), np.uint8)
    rgba = cv2.cvtColor(np.ascontiguousarray(samples[..., 0]), cv2.COLOR_GRAY2RGBA)
    if channels == 2:
        rgba[..., 3] = samples[..., 1]
    return np.asarray(rgba, np.uint8)


def encode(pixels: Pixels, pixel_format: str) -> Blob:
    """Return RGBA pixels in a format with alpha; grey is the red of three equal channels."""
    samples = pixels[..., [0, 3]] if pixel_format == "Y'A u8" else pixels
    return np.ascontiguousarray(samples).data.cast("B")
