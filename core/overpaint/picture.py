"""Pixels on their way in and out of an edit.

Colour is R'G'B' with the sRGB transfer curve, straight (not premultiplied) alpha last. 8-bit
pictures in sRGB travel as uint8 0..255; all others as float32, where 0..1 is sRGB's range and
values outside it are colours that sRGB cannot hold.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.errors import SelectionMismatch
from overpaint.geometry import Box, Extent
from overpaint.language import _
from overpaint.mask import Mask

__all__ = ["Patch", "Pixels", "Source"]

Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What one edit may see: the region's pixels, its selection, and what of it shows.

    *pixels* has shape (height, width, 4), *selection* and *shown* (height, width). *shown* is
    the layer's own mask (255 shows, 0 hides), or None where it has none: pixels that nobody
    sees are not to be copied from.
    """

    pixels: Pixels
    selection: Mask
    shown: Mask | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 4:
            raise ValueError(f"pixels are (height, width, 4), not {self.pixels.shape}")
        for name, plane in ((_("selection"), self.selection), (_("layer mask"), self.shown)):
            if plane is not None and plane.shape != self.pixels.shape[:2]:
                raise SelectionMismatch(
                    _(
                        "The {name} is {width}x{height} pixels, "
                        "the picture {picture_width}x{picture_height}."
                    ).format(
                        name=name,
                        width=plane.shape[1],
                        height=plane.shape[0],
                        picture_width=self.pixels.shape[1],
                        picture_height=self.pixels.shape[0],
                    ),
                    _("Both must have the same size."),
                )

    @property
    def extent(self) -> Extent:
        height, width = self.pixels.shape[:2]
        return Extent(width, height)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A result fitted back: RGBA over *region*, and the mask under which it shows.

    *pixels* has the dtype of the source; where the provider left a pixel as it was, it is the
    source's own. *mask* is the selection after grow and feather.
    """

    region: Box
    pixels: Pixels
    mask: Mask
