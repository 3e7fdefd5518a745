"""Hidden pixels: their own colours are nobody's choice, those of the nearest that show are better.

OpenCV is imported where it is used, so that a core process starts fast.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["painted_over"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def painted_over(picture: Rgb, shows: Flags) -> Rgb:
    """Return *picture* with every pixel that does not show in the colour of the nearest that does.

    *picture*: uint8 (height, width, 3), *shows*: bool (height, width). Grey where nothing shows.
    """
    import cv2

    if shows.all():
        return picture.copy()
    if not shows.any():
        return np.full_like(picture, 128)
    _, nearest = cv2.distanceTransformWithLabels(
        (~shows).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    palette = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    palette[nearest[shows]] = picture[shows]
    painted: Rgb = palette[nearest]
    return painted
