"""Reading what is to be edited: the layer, the selection, a region of both.

Straight from the buffers, and only the region; never duplicates the image, and changes nothing.
"""

import struct
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Tuple

from gimpfu import INDEXED, gimp, pdb
from shell import messages
from wire import BYTES_PER_PIXEL, WITH_ALPHA, Rectangle

__all__ = [
    "MASK_FORMAT",
    "RegionRead",
    "Selected",
    "Target",
    "examine",
    "in_strips",
    "look",
    "read",
    "read_selection",
    "strips",
    "travel_format",
]

DEEP_FORMAT = "R'G'B'A float"
MASK_FORMAT = "Y u8"
LOOK_FORMAT = "R'G'B'A u8"
STRIP = 1 << 20
"""About how many bytes are read or written at a time."""
TILE = 64
"""GIMP keeps layers in tiles of so many rows."""


@dataclass(frozen=True)
class Target:
    """The layer to be edited, known to be suitable, its place and the selection's bounds.

    *everything*: nothing is selected, so all of the layer is, as with GIMP's own filters.
    *selector* is the channel that says what is selected, its corner on the canvas at *corner*.
    """

    image: Any
    layer: Any
    place: Rectangle
    canvas_width: int
    canvas_height: int
    selection: Rectangle
    everything: bool = False
    selector: Any = None
    corner: Tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Selected:
    """What is selected inside *box*: in 8 bits, and in the image's own depth."""

    box: Rectangle
    in_bytes: bytes
    native: bytes


@dataclass(frozen=True)
class RegionRead:
    """What is read of a region besides its pixels, which :func:`strips` reads in *format*."""

    region: Rectangle
    format: str
    shown: Optional[bytes]
    selected: Selected


# What selects a pixel wholly, in the depths that GIMP keeps a selection in.
_SELECTED = {
    "u8": b"\xff",
    "u16": b"\xff" * 2,
    "u32": b"\xff" * 4,
    "half": struct.pack("e", 1),
    "float": struct.pack("f", 1),
    "double": struct.pack("d", 1),
}


def examine(image: Any, layer: Any, or_everything: bool = False, mask: Any = None) -> Target:
    """Return what is to be edited; raises DocumentUnsuitable with what to do about it.

    With *or_everything*, no selection means all of the layer. *mask* is a layer whose mask is
    taken for the selection.
    """
    if image.base_type == INDEXED:
        raise messages.image_indexed()
    if image.floating_selection is not None:
        raise messages.floating_selection()
    if not isinstance(layer, gimp.Layer):
        raise messages.channel_active()
    if isinstance(layer, gimp.GroupLayer):
        raise messages.group_active(layer.name)
    item: Any = layer
    while item is not None:
        if pdb.gimp_item_get_lock_content(item):
            raise messages.layer_locked(item.name)
        if not item.visible:
            raise messages.layer_invisible(item.name)
        item = item.parent
    selector, corner = image.selection, (0, 0)
    if mask is not None:
        selector, corner = mask.mask, mask.offsets
        found = _bounds(selector, corner)
    else:
        non_empty, x1, y1, x2, y2 = pdb.gimp_selection_bounds(image)
        found = Rectangle(x1, y1, x2 - x1, y2 - y1) if non_empty else None
    everything = or_everything and found is None
    if not (found or everything):
        raise messages.nothing_selected()
    selection = found or Rectangle(0, 0, 1, 1)
    place = Rectangle(*layer.offsets, layer.width, layer.height)
    if everything:
        x, y = max(place.x, 0), max(place.y, 0)
        right = min(place.x + place.width, image.width)
        bottom = min(place.y + place.height, image.height)
        if x >= right or y >= bottom:
            raise messages.layer_outside(layer.name)
        selection = Rectangle(x, y, right - x, bottom - y)
    elif not _overlap(selector, corner, selection, place):
        raise messages.selection_outside(layer.name)
    return Target(
        image=image,
        layer=layer,
        place=place,
        canvas_width=image.width,
        canvas_height=image.height,
        selection=selection,
        everything=everything,
        selector=selector,
        corner=corner,
    )


def _bounds(mask: Any, corner: Tuple[int, int]) -> Optional[Rectangle]:
    """Return the tightest bounds of what *mask* shows; None where it hides all."""
    width, height = mask.width, mask.height
    data = mask.read_pixels(0, 0, width, height, MASK_FORMAT)
    rows = [data[start : start + width] for start in range(0, len(data), width)]
    shown = [y for y, row in enumerate(rows) if row.count(0) < width]
    if not shown:
        return None
    left = min(width - len(rows[y].lstrip(b"\0")) for y in shown)
    right = max(len(rows[y].rstrip(b"\0")) for y in shown)
    top, bottom = shown[0], shown[-1] + 1
    return Rectangle(corner[0] + left, corner[1] + top, right - left, bottom - top)


def _overlap(
    selector: Any, corner: Tuple[int, int], selection: Rectangle, place: Rectangle
) -> bool:
    """Tell whether anything is selected on the layer; *selection* are the tightest bounds."""
    if place.contains(selection):
        return True
    x, y = max(selection.x, place.x), max(selection.y, place.y)
    right = min(selection.x + selection.width, place.x + place.width)
    bottom = min(selection.y + selection.height, place.y + place.height)
    if x >= right or y >= bottom:
        return False
    box = (x - corner[0], y - corner[1], right - x, bottom - y)
    selected = selector.read_pixels(*box, MASK_FORMAT)
    return bool(selected.count(0) < len(selected))


def read_selection(target: Target) -> Selected:
    """Return the selection inside its bounds: outside of them all is 0."""
    selector, box = target.selector, target.selection
    same = selector.format == MASK_FORMAT
    if target.everything:
        count = box.width * box.height
        native = _SELECTED[selector.format.split()[-1]] * count
        return Selected(box, native if same else b"\xff" * count, native)
    where = _on_selector(target)
    native = selector.read_pixels(*where, None)
    return Selected(box, native if same else selector.read_pixels(*where, MASK_FORMAT), native)


def read(target: Target, region: Rectangle, selected: Selected) -> RegionRead:
    """Return in which format *region* of the canvas travels, and the layer's mask in it."""
    layer = target.layer
    pixel_format = travel_format(target.image, layer.format)
    if not target.place.contains(region):
        pixel_format = WITH_ALPHA[pixel_format]
    mask = layer.mask
    hides = mask is not None and layer.apply_mask
    return RegionRead(
        region=region,
        format=pixel_format,
        shown=mask.read_pixels(*_on_layer(target, region), MASK_FORMAT) if hides else None,
        selected=selected,
    )


def strips(target: Target, source: RegionRead) -> Iterator[bytes]:
    """Read the layer's pixels from the top, some rows at a time: each can travel while the next
    is read. What lies outside the layer reads as transparent.
    """
    x, y, width, height = _on_layer(target, source.region)
    # Asked for its own format by name, GIMP would first spend a third of a second on looking
    # for a conversion.
    form = None if source.format == target.layer.format else source.format
    for top, rows in in_strips(height, width * BYTES_PER_PIXEL[source.format]):
        yield target.layer.read_pixels(x, y + top, width, rows, form)


def in_strips(height: int, row: int) -> Iterator[Tuple[int, int]]:
    """Yield first row and number of rows of each strip of *height* rows of *row* bytes."""
    most = TILE * max(STRIP // (row * TILE), 1)
    for top in range(0, height, most):
        yield top, min(most, height - top)


def _on_layer(target: Target, region: Rectangle) -> Rectangle:
    place = target.place
    return Rectangle(region.x - place.x, region.y - place.y, region.width, region.height)


def look(target: Target, region: Rectangle, longest: int) -> Tuple[int, int, bytes]:
    """Return what *region* of the layer looks like: width, height, R'G'B'A u8, for a dialog."""
    place = target.place
    scale = min(1.0, longest / max(region.width, region.height))
    size = (max(1, int(region.width * scale)), max(1, int(region.height * scale)))
    box = (region.x - place.x, region.y - place.y, region.width, region.height)
    return (*size, target.layer.read_scaled(*box, size, LOOK_FORMAT))


def _on_selector(target: Target) -> Rectangle:
    x, y, width, height = target.selection
    return Rectangle(x - target.corner[0], y - target.corner[1], width, height)


def travel_format(image: Any, stored: str) -> str:
    """Return the format in which a layer of *image* travels whose own is *stored*.

    What is 8-bit sRGB already travels as it is stored, all else as floats, which hold any colour.
    """
    return stored if stored in BYTES_PER_PIXEL and image.is_srgb else DEEP_FORMAT
