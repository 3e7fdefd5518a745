"""What of a layer is made anew: the part that is not transparent, and nothing of what nobody sees.

Two layers that look the same are the same here, however large they are around it and whatever
colours lie under what is transparent.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box
from overpaint.hidden import painted_over
from overpaint.mask import Mask, bounds
from overpaint.picture import Pixels, Source

__all__ = ["Content", "anchor_picture", "content", "laid_back", "opaque_colours"]

Rgb: TypeAlias = npt.NDArray[np.uint8]

_HALF = 128
"""As in composite: a colour that is less than half opaque is anybody's guess."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """*box* of a layer, in its own coordinates; *source* are its pixels, selected where they show.

    *digest*: SHA-256 over these, equal for layers that look the same.
    """

    box: Box
    source: Source
    digest: str


def content(pixels: Pixels, shown: Mask | None = None) -> Content | None:
    """Return what there is of a layer, RGBA (height, width, 4); None where all is transparent.

    *shown* is its layer mask, where what that hides is to count as hidden.
    """
    shows = pixels[..., 3] > 0
    if shown is not None:
        shows &= shown > 0
    box = bounds(shows.view(np.uint8))
    if box is None:
        return None
    part, inside = pixels[box.slices], shows[box.slices]
    if not inside.all():
        part = part.copy()
        part[~inside] = 0
    mask = None if shown is None else np.ascontiguousarray(shown[box.slices])
    told = sha256(f"{part.dtype.str} {part.shape} {mask is not None}".encode())
    told.update(np.ascontiguousarray(part).data)
    if mask is not None:
        told.update(mask.data)
    selection = inside.view(np.uint8) * np.uint8(255)
    return Content(box, Source(part, selection, mask), told.hexdigest())


def laid_back(pixels: Pixels, found: Content, colours: Pixels) -> Pixels:
    """Return a layer with the *colours* (height, width, 3) of its content: its alpha stays as it
    is, to the bit, and so do colours that nobody sees.
    """
    made: Pixels = pixels.copy()
    inside = made[found.box.slices]
    selected = found.source.selection > 0
    np.copyto(inside[..., :3], colours, where=selected[..., None])
    return made


def anchor_picture(pixels: Pixels) -> Rgb:
    """Return a flattened document, RGBA, as uint8 (height, width, 3) of the same size.

    What is transparent takes the nearest colours, so that nothing that nobody sees counts.
    """
    colours, shows = opaque_colours(pixels)
    return colours if shows.all() else painted_over(colours, shows)


def opaque_colours(pixels: Pixels) -> tuple[Rgb, npt.NDArray[np.bool_]]:
    """Return a copy of RGBA pixels' colours as uint8, and where they are at least half opaque."""
    if pixels.dtype == np.uint8:
        colours = np.array(pixels[..., :3], np.uint8, order="C")
        shows = pixels[..., 3] >= _HALF
    else:
        scaled = np.clip(np.nan_to_num(pixels[..., :3]), 0, 1) * 255
        colours = np.rint(scaled).astype(np.uint8)
        shows = pixels[..., 3] >= _HALF / 255
    return colours, shows
