"""Reading a region of the active layer, and laying a result over it.

Reads straight from the buffers, only the region; never duplicates the image. Writes one new
layer, in one undo group.
"""

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional

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
from wire import PatchMade, Rectangle

__all__ = ["PARASITE", "RegionRead", "Target", "examine", "insert", "read"]

PARASITE = "overpaint-recipe"
PERSISTENT = 1
EIGHT_BIT = (150, 175)  # Gimp.Precision U8_NON_LINEAR and U8_PERCEPTUAL
MASK_FORMAT = "Y u8"


@dataclass(frozen=True)
class Target:
    """The layer to be edited, known to be suitable, with the selection's bounds on it."""

    image: Any
    layer: Any
    canvas_width: int
    canvas_height: int
    selection: Rectangle
    format: str


@dataclass(frozen=True)
class RegionRead:
    """What was read, as the wire carries it; *native_selection* is in the image's own depth."""

    region: Rectangle
    pixels: bytes
    selection: bytes
    native_selection: bytes
    shown: Optional[bytes]


def examine(image: Any, layer: Any) -> Target:
    """Return what is to be edited; raises DocumentUnsuitable with what to do about it."""
    if image.base_type == INDEXED:
        raise messages.image_indexed()
    if image.floating_selection is not None:
        raise messages.floating_selection()
    if not isinstance(layer, gimp.Layer):
        raise messages.channel_active()
    if isinstance(layer, gimp.GroupLayer):
        raise messages.group_active(layer.name)
    item = layer
    while item is not None:
        if pdb.gimp_item_get_lock_content(item):
            raise messages.layer_locked(item.name)
        if not item.visible:
            raise messages.layer_invisible(item.name)
        item = item.parent
    non_empty, x1, y1, x2, y2 = pdb.gimp_selection_bounds(image)
    if not non_empty:
        raise messages.nothing_selected()
    _check_overlap(image, layer, x1, y1, x2, y2)
    eight_bit = image.precision in EIGHT_BIT and image.is_srgb
    return Target(
        image=image,
        layer=layer,
        canvas_width=image.width,
        canvas_height=image.height,
        selection=Rectangle(x1, y1, x2 - x1, y2 - y1),
        format="R'G'B'A u8" if eight_bit else "R'G'B'A float",
    )


def _check_overlap(image: Any, layer: Any, x1: int, y1: int, x2: int, y2: int) -> None:
    left, top = layer.offsets
    x1, y1 = max(x1, left), max(y1, top)
    x2, y2 = min(x2, left + layer.width), min(y2, top + layer.height)
    if x1 < x2 and y1 < y2:
        selected = image.selection.read_pixels(x1, y1, x2 - x1, y2 - y1, MASK_FORMAT)
        if selected.count(0) < len(selected):
            return
    raise messages.selection_outside(layer.name)


def read(target: Target, region: Rectangle) -> RegionRead:
    """Return the layer's pixels, its mask and the selection inside *region* of the canvas.

    What lies outside the layer reads as transparent.
    """
    x, y, width, height = region
    left, top = target.layer.offsets
    on_layer = (x - left, y - top, width, height)
    mask = target.layer.mask
    hides = mask is not None and target.layer.apply_mask
    return RegionRead(
        region=region,
        pixels=target.layer.read_pixels(*on_layer, target.format),
        selection=target.image.selection.read_pixels(*region, MASK_FORMAT),
        native_selection=target.image.selection.read_pixels(*region, None),
        shown=mask.read_pixels(*on_layer, MASK_FORMAT) if hides else None,
    )


def insert(target: Target, source: RegionRead, patch: PatchMade, name: str) -> Any:
    """Lay *patch* over the target as a new layer above it, under a mask; return that layer.

    *patch* covers the region of *source*. The mask is the selection as it was read, in the
    image's own depth, unless the edit changed it. The target stays the active layer, so that
    the command can be repeated on it.
    """
    image = target.image
    image.undo_group_start()
    try:
        return _insert_layer(target, source, patch, name)
    except RuntimeError as error:  # what GIMP's own refusals are
        raise messages.insert_failed(str(error)) from error
    finally:
        image.undo_group_end()


def _insert_layer(target: Target, source: RegionRead, patch: PatchMade, name: str) -> Any:
    image, (x, y, width, height) = target.image, patch.region
    kind = GRAYA_IMAGE if image.base_type == GRAY else RGBA_IMAGE
    layer = gimp.Layer(image, name, width, height, kind, 100.0, LAYER_MODE_NORMAL)
    inserted = False
    try:
        # Filled before it is inserted, so that the undo step holds the layer and not its tiles.
        layer.set_offsets(x, y)
        layer.write_pixels(0, 0, width, height, patch.format, bytes(patch.pixels))
        layer.attach_new_parasite(PARASITE, PERSISTENT, recipe_text(patch.recipe))
        above = pdb.gimp_image_get_item_position(image, target.layer)
        image.insert_layer(layer, target.layer.parent, above)
        inserted = True
        mask = layer.create_mask(ADD_MASK_BLACK)
        layer.add_mask(mask)
        if patch.mask is None:
            mask.write_pixels(0, 0, width, height, None, source.native_selection)
        else:
            mask.write_pixels(0, 0, width, height, MASK_FORMAT, bytes(patch.mask))
        layer.edit_mask = False
        image.active_layer = target.layer
    except BaseException:
        if inserted:
            image.remove_layer(layer)
        else:
            gimp.delete(layer)
        raise
    return layer


def recipe_text(recipe: Dict[str, Any]) -> str:
    """Return the recipe as it is stored on its layer."""
    return json.dumps(recipe, ensure_ascii=False, sort_keys=True)
