"""The pixels of a run as PNG files for the eye: 8 bits, whatever the source has."""

from collections.abc import Iterator

import numpy as np

from overpaint.codec import encode_png
from overpaint.picture import Source

__all__ = ["for_the_eye"]


def for_the_eye(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield names and PNG files; what lies beyond sRGB is clipped."""
    pixels = source.pixels
    if pixels.dtype != np.uint8:
        pixels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    yield "source", encode_png(np.asarray(pixels, np.uint8))
    yield "selection", encode_png(source.selection)
