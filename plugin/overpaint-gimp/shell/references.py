"""Pictures that go along with an edit: another layer, another open image, or a file."""

from typing import Any

import wire
from gimpfu import CLIP_TO_IMAGE, gimp, pdb
from shell import messages

__all__ = ["of_file", "of_layer"]

FORMAT = "R'G'B'A u8"


def of_layer(layer: Any, role: str) -> wire.Reference:
    """Return what *layer* shows, of this image or of any other that is open."""
    width, height = layer.width, layer.height
    pixels = layer.read_pixels(0, 0, width, height, FORMAT)
    return wire.Reference(role=role, width=width, height=height, pixels=pixels)


def of_file(path: str, role: str) -> wire.Reference:
    """Return the picture in a file that GIMP can open, converted to sRGB by it.

    Raises DocumentUnsuitable where GIMP cannot.
    """
    try:
        image = pdb.gimp_file_load(path, path)
    except RuntimeError as error:  # what GIMP's own refusals are
        raise messages.reference_unreadable(path, str(error)) from error
    try:
        return of_layer(image.merge_visible_layers(CLIP_TO_IMAGE), role)
    except RuntimeError as error:  # no layer is visible
        raise messages.reference_unreadable(path, str(error)) from error
    finally:
        gimp.delete(image)
