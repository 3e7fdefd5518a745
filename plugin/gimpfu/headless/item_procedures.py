"""Procedures of items: names, parents, drawables, layers and their masks."""

from __future__ import annotations

import copy
from typing import Optional

from gimpfu import enums
from gimpfu.errors import GimpError
from gimpfu.host import Rect

from . import formats
from .model import Item, Picture, Store, layer_format
from .procedures import procedure
from .selection_procedures import bounds

# -- items ---------------------------------------------------------------------------------------


@procedure("gimp-item-set-name", "item:GimpItem name:gchararray", changes=True)
def _set_name(store: Store, item: Item, name: str) -> None:
    item.name = store.unique_name(item, name)


@procedure("gimp-item-get-image", "item:GimpItem -> image:GimpImage")
def _get_image(store: Store, item: Item) -> Picture:
    return store.pictures[item.image]


@procedure("gimp-item-get-parent", "item:GimpItem -> parent:GimpItem")
def _get_parent(store: Store, item: Item) -> Optional[Item]:
    return None if item.parent is None else store.items[item.parent]


@procedure("gimp-item-get-children", "item:GimpItem -> children:GimpCoreObjectArray")
def _get_children(store: Store, item: Item) -> list[Item]:
    return [store.items[number] for number in item.children]


@procedure("gimp-item-delete", "item:GimpItem")
def _delete_item(store: Store, item: Item) -> None:
    if item.attached:
        raise GimpError(f"gimp-item-delete: {item.name} is in an image; remove it from there")
    if item.mask is not None:
        del store.items[item.mask]
    del store.items[item.ref.id]


# -- drawables -----------------------------------------------------------------------------------


@procedure("gimp-drawable-type", "drawable:GimpDrawable -> type:GimpImageType")
def _type(_store: Store, drawable: Item) -> int:
    base = enums.RGB_IMAGE if "R" in drawable.format else enums.GRAY_IMAGE
    return base + int(drawable.has_alpha)


@procedure("gimp-drawable-type-with-alpha", "drawable:GimpDrawable -> type:GimpImageType")
def _type_with_alpha(store: Store, drawable: Item) -> int:
    return _type(store, drawable) | 1


_ALL = "drawable:GimpDrawable x:gint y:gint width:gint height:gint"


@procedure("gimp-drawable-update", _ALL)
def _update(_store: Store, _drawable: Item, *_box: int) -> None:
    """Nothing is on screen."""


@procedure("gimp-drawable-fill", "drawable:GimpDrawable fill-type:GimpFillType", changes=True)
def _fill(_store: Store, drawable: Item, fill_type: int) -> None:
    # GIMP 3's numbers; the colours are GIMP's defaults, black on white
    shades = {0: b"\0", 1: b"\xff", 3: b"\xff", 4: b"\0"}
    if fill_type not in shades:
        raise GimpError("the headless host fills with foreground, background, white or nothing")
    components = drawable.bpp
    pixel = bytearray(shades[fill_type] * components)
    if drawable.has_alpha:
        pixel[-1] = 0 if fill_type == 4 else 255
    drawable.pixels[:] = bytes(pixel) * (drawable.width * drawable.height)


@procedure(
    "gimp-drawable-mask-bounds",
    "drawable:GimpDrawable -> non-empty:gboolean x1:gint y1:gint x2:gint y2:gint",
)
def _mask_bounds(store: Store, drawable: Item) -> tuple[bool, int, int, int, int]:
    some, *box = bounds(store, store.pictures[drawable.image])
    if not some:
        return False, 0, 0, drawable.width, drawable.height
    (dx, dy), (x1, y1, x2, y2) = drawable.offsets, box
    left, right = (min(max(x - dx, 0), drawable.width) for x in (x1, x2))
    top, bottom = (min(max(y - dy, 0), drawable.height) for y in (y1, y2))
    return True, left, top, right, bottom


# -- layers --------------------------------------------------------------------------------------


@procedure(
    "gimp-layer-new",
    "image:GimpImage name:gchararray width:gint[1..524288] height:gint[1..524288]"
    " type:GimpImageType opacity:gdouble[0..100] mode:GimpLayerMode -> layer:GimpLayer",
)
def _layer_new(
    store: Store,
    image: Picture,
    name: str,
    width: int,
    height: int,
    kind: int,
    opacity: float,
    mode: int,
) -> Item:
    if kind // 2 != image.base_type:
        raise GimpError("gimp-layer-new: the layer's type does not fit the image")
    layer = store.new_item("layer", image, name, width, height, layer_format(kind))
    layer.flags.update(opacity=opacity, mode=mode)
    return layer


@procedure("gimp-group-layer-new", "image:GimpImage name:gchararray -> group:GimpGroupLayer")
def _group_new(store: Store, image: Picture, name: str) -> Item:
    pixel_format = layer_format(2 * image.base_type + 1)
    return store.new_item("group-layer", image, name, image.width, image.height, pixel_format)


@procedure("gimp-layer-copy", "layer:GimpLayer -> copy:GimpLayer")
def _layer_copy(store: Store, layer: Item) -> Item:
    made = copy.deepcopy(layer)
    made.ref = layer.ref._replace(id=store.new_number())
    made.name = f"{layer.name} copy"
    made.attached, made.parent = False, None
    store.items[made.ref.id] = made
    if layer.mask is not None:
        mask = copy.deepcopy(store.items[layer.mask])
        mask.ref = mask.ref._replace(id=store.new_number())
        store.items[mask.ref.id] = mask
        made.mask, mask.parent = mask.ref.id, None
    return made


@procedure("gimp-layer-add-alpha", "layer:GimpLayer", changes=True)
def _add_alpha(store: Store, layer: Item) -> None:
    target = layer_format(_type(store, layer) | 1)
    layer.pixels = bytearray(formats.convert(bytes(layer.pixels), layer.format, target))
    layer.format = target


@procedure("gimp-layer-set-offsets", "layer:GimpLayer offx:gint offy:gint", changes=True)
def _set_offsets(store: Store, layer: Item, x: int, y: int) -> None:
    layer.offsets = (x, y)
    if layer.mask is not None:
        store.items[layer.mask].offsets = (x, y)


@procedure("gimp-layer-get-mask", "layer:GimpLayer -> mask:GimpLayerMask")
def _get_mask(store: Store, layer: Item) -> Optional[Item]:
    return None if layer.mask is None else store.items[layer.mask]


@procedure(
    "gimp-layer-create-mask", "layer:GimpLayer mask-type:GimpAddMaskType -> mask:GimpLayerMask"
)
def _create_mask(store: Store, layer: Item, mask_type: int) -> Item:
    picture = store.pictures[layer.image]
    size = layer.width, layer.height
    mask = store.new_item("layer-mask", picture, f"{layer.name} mask", *size, "Y u8")
    mask.offsets = layer.offsets
    if mask_type == enums.ADD_MASK_WHITE:
        mask.pixels[:] = b"\xff" * len(mask.pixels)
    elif mask_type == enums.ADD_MASK_SELECTION:
        chosen = store.items[picture.selection]
        mask.pixels[:] = chosen.read(Rect(*layer.offsets, *size))
    elif mask_type != enums.ADD_MASK_BLACK:
        raise GimpError("the headless host makes white, black and selection masks")
    return mask


@procedure("gimp-layer-add-mask", "layer:GimpLayer mask:GimpLayerMask", changes=True)
def _add_mask(_store: Store, layer: Item, mask: Item) -> None:
    if layer.mask is not None:
        raise GimpError("gimp-layer-add-mask: the layer already has a mask")
    if (mask.width, mask.height) != (layer.width, layer.height):
        raise GimpError("gimp-layer-add-mask: the mask is not as large as the layer")
    layer.mask, mask.attached = mask.ref.id, True


@procedure("gimp-layer-remove-mask", "layer:GimpLayer mode:GimpMaskApplyMode", changes=True)
def _remove_mask(store: Store, layer: Item, mode: int) -> None:
    if layer.mask is None:
        raise GimpError("gimp-layer-remove-mask: the layer has no mask")
    if mode == enums.MASK_APPLY:
        if not layer.has_alpha:
            _add_alpha(store, layer)
        mask, step = store.items[layer.mask].pixels, layer.bpp
        alpha = layer.pixels[step - 1 :: step]
        layer.pixels[step - 1 :: step] = bytes((a * m + 127) // 255 for a, m in zip(alpha, mask))
    layer.mask = None
