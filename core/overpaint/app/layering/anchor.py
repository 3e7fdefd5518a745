"""What holds all layers of a document together: a picture, and what tells it from others."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from overpaint import layers
from overpaint.geometry import Extent
from overpaint.layers import Content
from overpaint.picture import Pixels

__all__ = ["Anchor", "anchor", "looked_at"]

_PIXELS = 2_000_000
"""Of an anchor that a model looks at: more is only paid for."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """*picture*: uint8 (height, width, 3), None where nothing holds the layers together.
    *digest* is a part of the key under which each layer is kept.
    """

    picture: npt.NDArray[np.uint8] | None = None
    digest: str = ""


def anchor(picture: npt.NDArray[np.uint8]) -> Anchor:
    """Return *picture*, uint8 (height, width, 3), as an anchor."""
    told = sha256(str(picture.shape).encode())
    told.update(np.ascontiguousarray(picture).data)
    return Anchor(picture, told.hexdigest())


def looked_at(whole: Pixels, found: Content, colours: Pixels) -> Anchor:
    """Return the document in its new style, as small as a model needs to look at it.

    *whole* is the flattened document, *found* its content, whose new look *colours* are.
    """
    from PIL import Image

    picture = layers.anchor_picture(layers.laid_back(whole, found, colours))
    height, width = picture.shape[:2]
    factor = (_PIXELS / (width * height)) ** 0.5
    if factor >= 1:
        return anchor(picture)
    small = Extent(width, height).scaled(factor)
    resized = Image.fromarray(picture).resize((small.width, small.height), Image.Resampling.LANCZOS)
    return anchor(np.asarray(resized, np.uint8))
