"""OpenCV's side of reading and writing: pictures that Pillow cannot hold.

From and to memory, because OpenCV opens no file names beyond ASCII on Windows.
"""

from collections.abc import Sequence

import numpy as np

from overpaint.errors import FileUnwritable
from overpaint.files.document import Numbers

__all__ = ["decode", "encode"]

_SWAPPED = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}


def decode(data: bytes) -> Numbers | None:
    """Return (height, width, channels) with red first, in the file's own depth, or None."""
    import cv2

    _quiet()
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        return None
    picture = found[..., None] if found.ndim == 2 else found
    return np.asarray(np.take(picture, _SWAPPED[picture.shape[2]], axis=2))


def encode(extension: str, pixels: Numbers, settings: Sequence[int] = ()) -> bytes:
    """Return the file that OpenCV makes of (height, width, channels) with red first."""
    import cv2

    _quiet()
    fits, data = cv2.imencode(
        extension, np.take(pixels, _SWAPPED[pixels.shape[2]], axis=2), list(settings)
    )
    if not fits:
        raise FileUnwritable(f"This picture cannot be written as {extension}.", "Choose another.")
    return data.tobytes()


def _quiet() -> None:
    import cv2

    # What is wrong with a file is said once, by an error of ours.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
