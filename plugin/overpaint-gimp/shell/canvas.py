"""Reading a region of the active layer, and laying a result over it.

Reads straight from the buffers, only the region; never duplicates the image. Writes one new
layer, in one undo group.
"""

import json
import struct
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Dict, Iterator, List, Optional, Tuple

from gimpfu import (
    ADD_MASK_BLACK,
    GRAY,
    GRAYA_IMAGE,
    INDEXED,
    LAYER_MODE_NORMAL,
    RGBA_IMAGE,
    gimp,
    pdb,
)
from shell import messages
from wire import BYTES_PER_PIXEL, WITH_ALPHA, Blob, PatchMade, Rectangle

__all__ = [
    "PARASITE",
    "PERSISTENT",
    "PROVENANCE",
    "Blank",
    "RegionRead",
    "Selected",
    "Spot",
    "Target",
    "above",
    "changed_outside",
    "declare",
    "examine",
    "insert",
    "look",
    "read",
    "read_selection",
    "recipe_text",
    "results_on",
    "strips",
    "travel_format",
]

PARASITE = "overpaint-recipe"
PROVENANCE = "overpaint-provenance"
DECLARED = {
    "source_type": "Xmp.iptcExt.DigitalSourceType",
    "system": "Xmp.iptcExt.AISystemUsed",
    "model": "Xmp.iptcExt.AISystemVersionUsed",
}
"""What of a provenance an image's metadata say, which GIMP writes into files."""
PERSISTENT = 1
DEEP_FORMAT = "R'G'B'A float"
MASK_FORMAT = "Y u8"
LOOK_FORMAT = "R'G'B'A u8"
STRIP = 1 << 20
"""About how many bytes are read at a time."""
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
class Spot:
    """Where new layers go: into *parent*, or the top level for None, at *position* from its top."""

    image: Any
    parent: Any
    position: int


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


def above(layer: Any) -> Spot:
    """Return the place right above *layer*, and above earlier results that lie on it: among them
    a new one would not be seen.
    """
    image = layer.image
    position = pdb.gimp_image_get_item_position(image, layer)
    return Spot(image, layer.parent, position - len(results_on(layer)))


def results_on(layer: Any) -> List[Any]:
    """Return what Overpaint has made of *layer*: the results right above it, the lowest first."""
    siblings = layer.image.layers if layer.parent is None else layer.parent.children
    position = pdb.gimp_image_get_item_position(layer.image, layer)
    return list(takewhile(_is_result, reversed(siblings[:position])))


def _is_result(item: Any) -> bool:
    """Tell whether Overpaint has made *item*, or what is in it."""
    made = item
    while isinstance(made, gimp.GroupLayer) and made.children:
        made = made.children[0]
    return made.parasite_find(PARASITE) is not None


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
    tiles = STRIP // (width * BYTES_PER_PIXEL[source.format] * TILE)
    rows = TILE * max(tiles, 1)
    for top in range(0, height, rows):
        yield target.layer.read_pixels(x, y + top, width, min(rows, height - top), form)


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


def _framed(plane: bytes, box: Rectangle, region: Rectangle) -> bytes:
    """Return *plane*, which has the pixels of *box*, with zeros around it up to *region*."""
    if box == region:
        return plane
    size = len(plane) // (box.width * box.height)
    above, left = box.y - region.y, box.x - region.x
    below, right = region.height - above - box.height, region.width - left - box.width
    before, after, row = bytes(left * size), bytes(right * size), box.width * size
    parts = [bytes(above * region.width * size)]
    for start in range(0, len(plane), row):
        parts += (before, plane[start : start + row], after)
    parts.append(bytes(below * region.width * size))
    return b"".join(parts)


def insert(
    spot: Spot,
    source: Optional[RegionRead],
    patches: List[PatchMade],
    name: str,
    grouped: bool = False,
    blank: "Optional[Blank]" = None,
) -> Any:
    """Lay *patches* as new layers on *spot*, under masks; return the topmost, or their group.

    The first lies on top, the others are hidden; all of it is one step to undo. Each
    patch covers all that is selected of *source*. The mask is the selection as it was read, in
    the image's own depth, unless the patch brings its own. What was active stays active, so that
    the command can be repeated on it. *grouped*: several come into a group of that name. *blank*
    becomes the first that it fits.
    """
    image = spot.image
    active = image.selected_layers
    inserted: List[Any] = []
    outside = 0
    image.undo_group_start()
    try:
        parent, position = spot.parent, spot.position
        if grouped and len(patches) > 1:
            inserted.append(gimp.GroupLayer(image, name))
            image.insert_layer(inserted[0], parent, position)
            parent, position = inserted[0], 0
        for number, patch in enumerate(patches):
            layer = _insert_layer(image, parent, position + number, source, patch, name, blank)
            if parent is None or parent not in inserted:
                inserted.append(layer)
            layer.visible = number == 0
            outside += changed_outside(source, patch, layer)
        if outside:
            _take_back(image, inserted)
        if active:
            pdb.gimp_image_set_selected_layers(image, len(active), active)
        if not outside:
            declare(image, [patch.provenance for patch in patches])
    except RuntimeError as error:  # what GIMP's own refusals are
        _take_back(image, inserted)
        raise messages.insert_failed(str(error)) from error
    except BaseException:
        _take_back(image, inserted)
        raise
    finally:
        image.undo_group_end()
    if outside:
        raise messages.overran(outside)
    return inserted[0]


def _take_back(image: Any, layers: List[Any]) -> None:
    for layer in layers:
        image.remove_layer(layer)


def changed_outside(source: Optional[RegionRead], patch: PatchMade, layer: Any) -> int:
    """Return how many pixels changed that must not have, read back from GIMP after an insert.

    What shows of the new layer is decided by its place and its mask, so these are compared with
    what was asked for.
    """
    region = patch.region
    if (*layer.offsets, layer.width, layer.height) != tuple(region):
        return region.width * region.height
    if patch.mask is None and source is not None:
        mask = layer.mask.read_pixels(0, 0, region.width, region.height, None)
        wanted = _framed(source.selected.native, source.selected.box, region)
    else:
        mask = layer.mask.read_pixels(0, 0, region.width, region.height, MASK_FORMAT)
        wanted = bytes(patch.mask or b"")
    if mask == wanted:
        return 0
    size = len(wanted) // (region.width * region.height)
    pixels = range(0, len(wanted), size)
    return sum(mask[start : start + size] != wanted[start : start + size] for start in pixels)


class Blank:
    """A layer under the mask of a selection, not in its image yet and of no colour: made while a
    model works, since GIMP takes its time for it. Whoever made one drops it in the end.
    """

    def __init__(self, image: Any, name: str, selected: Selected) -> None:
        self._region = selected.box
        self._layer: Any = _masked(image, name, selected.box, selected, None)

    def take(self, patch: PatchMade) -> Any:
        """Return the layer, once, if it fits *patch*; else None."""
        if patch.mask is not None or patch.region != self._region:
            return None
        taken, self._layer = self._layer, None
        return taken

    def drop(self) -> None:
        """Delete the layer, unless it was taken."""
        if self._layer is not None:
            gimp.delete(self._layer)
            self._layer = None


def _masked(
    image: Any,
    name: str,
    region: Rectangle,
    selected: Optional[Selected],
    mask_bytes: Optional[Blob],
) -> Any:
    """Return a layer over *region*, not in its image yet, under *mask_bytes* or the selection."""
    x, y, width, height = region
    kind = GRAYA_IMAGE if image.base_type == GRAY else RGBA_IMAGE
    layer = gimp.Layer(image, name, width, height, kind, 100.0, LAYER_MODE_NORMAL)
    try:
        layer.set_offsets(x, y)
        mask = layer.create_mask(ADD_MASK_BLACK)
        layer.add_mask(mask)
        if mask_bytes is not None:
            mask.write_pixels(0, 0, width, height, MASK_FORMAT, mask_bytes)
        elif selected is not None:
            box = selected.box
            where = (box.x - x, box.y - y, box.width, box.height)
            mask.write_pixels(*where, None, selected.native)
        layer.edit_mask = False
    except BaseException:
        gimp.delete(layer)
        raise
    return layer


def _insert_layer(
    image: Any,
    parent: Any,
    position: int,
    source: Optional[RegionRead],
    patch: PatchMade,
    name: str,
    blank: Optional[Blank],
) -> Any:
    layer = None if blank is None else blank.take(patch)
    if layer is None:
        selected = None if source is None else source.selected
        layer = _masked(image, name, patch.region, selected, patch.mask)
    try:
        # Complete before it is inserted, so that the undo step is one layer and nothing else.
        form = None if layer.format == patch.format else patch.format
        layer.write_pixels(0, 0, layer.width, layer.height, form, patch.pixels)
        layer.attach_new_parasite(PARASITE, PERSISTENT, recipe_text(patch.recipe))
        layer.attach_new_parasite(PROVENANCE, PERSISTENT, recipe_text(patch.provenance))
        image.insert_layer(layer, parent, position)
    except BaseException:
        gimp.delete(layer)
        raise
    return layer


def declare(image: Any, made: List[Dict[str, Any]]) -> None:
    """Say in the image's metadata that a model made a part of it, where one did.

    What is said already stays: it is of the whole picture, or of an earlier part.
    """
    for provenance in made:
        if not provenance.get("source_type"):
            continue
        for key, tag in DECLARED.items():
            value = provenance.get(key)
            if value and not image.metadata_tag(tag):
                image.set_metadata_tag(tag, value)
        return


def recipe_text(recipe: Dict[str, Any]) -> str:
    """Return the recipe as it is stored on its layer."""
    return json.dumps(recipe, ensure_ascii=False, sort_keys=True)
