"""Procedures of whole images: their trees, undo, copies."""

from __future__ import annotations

import copy
from typing import Any, Optional

from gimpfu.errors import GimpError

from .model import Item, Picture, Store
from .procedures import procedure


@procedure(
    "gimp-image-new",
    "width:gint[1..524288] height:gint[1..524288] type:GimpImageBaseType -> image:GimpImage",
)
def _new(store: Store, width: int, height: int, base_type: int) -> Picture:
    if base_type not in (0, 1):
        raise GimpError("the headless host has no indexed images")
    return store.new_picture(width, height, base_type)


@procedure("gimp-image-delete", "image:GimpImage")
def _delete(store: Store, image: Picture) -> None:
    for number in [n for n, item in store.items.items() if item.image == image.ref.id]:
        del store.items[number]
    del store.pictures[image.ref.id]


@procedure("gimp-image-duplicate", "image:GimpImage -> copy:GimpImage")
def _duplicate(store: Store, image: Picture) -> Picture:
    made = copy.deepcopy(image)
    made.ref = image.ref._replace(id=store.new_number())
    made.undo, made.undo_depth, made.undo_frozen = [], 0, 0
    store.pictures[made.ref.id] = made
    own = [item for item in store.items.values() if item.image == image.ref.id]
    renumbered = {item.ref.id: store.new_number() for item in own}
    for item in own:
        twin = copy.deepcopy(item)
        twin.ref = item.ref._replace(id=renumbered[item.ref.id])
        twin.image = made.ref.id
        twin.parent = None if item.parent is None else renumbered[item.parent]
        twin.mask = None if item.mask is None else renumbered[item.mask]
        twin.children = [renumbered[number] for number in item.children]
        store.items[twin.ref.id] = twin
    made.layers = [renumbered[number] for number in image.layers]
    made.channels = [renumbered[number] for number in image.channels]
    made.selected = [renumbered[number] for number in image.selected]
    made.selection = renumbered[image.selection]
    return made


@procedure("gimp-get-images", "-> images:GimpCoreObjectArray")
def _images(store: Store) -> list[Picture]:
    return list(reversed(store.pictures.values()))


@procedure("gimp-image-get-name", "image:GimpImage -> name:gchararray")
def _name(_store: Store, image: Picture) -> str:
    if image.filename is None:
        return "[Untitled]"
    return image.filename.replace("\\", "/").rsplit("/", 1)[-1]


@procedure("gimp-image-set-file", "image:GimpImage file:GFile")
def _set_file(_store: Store, image: Picture, path: Optional[str]) -> None:
    image.filename = path


@procedure("gimp-image-set-resolution", "image:GimpImage x:gdouble y:gdouble", changes=True)
def _set_resolution(_store: Store, image: Picture, x: float, y: float) -> None:
    image.resolution = (x, y)


@procedure("gimp-displays-flush", "")
def _flush(_store: Store) -> None:
    """Nothing is on screen."""


# -- trees ---------------------------------------------------------------------------------------


@procedure("gimp-image-get-layers", "image:GimpImage -> layers:GimpCoreObjectArray")
def _layers(store: Store, image: Picture) -> list[Item]:
    return [store.items[number] for number in image.layers]


@procedure("gimp-image-get-channels", "image:GimpImage -> channels:GimpCoreObjectArray")
def _channels(store: Store, image: Picture) -> list[Item]:
    return [store.items[number] for number in image.channels]


@procedure("gimp-image-get-paths", "image:GimpImage -> paths:GimpCoreObjectArray")
def _paths(_store: Store, _image: Picture) -> list[Item]:
    return []


@procedure("gimp-image-get-floating-sel", "image:GimpImage -> layer:GimpLayer")
def _floating(_store: Store, _image: Picture) -> None:
    return None


def _chosen(store: Store, image: Picture, *kinds: str) -> list[Item]:
    found = [store.items[number] for number in image.selected if number in store.items]
    return [item for item in found if item.ref.kind in kinds]


@procedure("gimp-image-get-selected-layers", "image:GimpImage -> layers:GimpCoreObjectArray")
def _selected_layers(store: Store, image: Picture) -> list[Item]:
    return _chosen(store, image, "layer", "group-layer")


@procedure("gimp-image-get-selected-channels", "image:GimpImage -> items:GimpCoreObjectArray")
def _selected_channels(store: Store, image: Picture) -> list[Item]:
    return _chosen(store, image, "channel")


@procedure("gimp-image-get-selected-drawables", "image:GimpImage -> items:GimpCoreObjectArray")
def _selected_drawables(store: Store, image: Picture) -> list[Item]:
    return _chosen(store, image, "layer", "group-layer", "channel", "layer-mask")


@procedure("gimp-image-set-selected-layers", "image:GimpImage layers:GimpCoreObjectArray")
@procedure("gimp-image-set-selected-channels", "image:GimpImage items:GimpCoreObjectArray")
def _select(_store: Store, image: Picture, items: list[Item]) -> None:
    image.selected = [item.ref.id for item in items]


_WHERE = "parent:GimpLayer position:gint"


@procedure("gimp-image-insert-layer", f"image:GimpImage layer:GimpLayer {_WHERE}", changes=True)
@procedure(
    "gimp-image-insert-channel",
    "image:GimpImage channel:GimpChannel parent:GimpChannel position:gint",
    changes=True,
)
def _insert(
    store: Store, image: Picture, item: Item, parent: Optional[Item], position: int
) -> None:
    if item.attached:
        raise GimpError(f"gimp-image-insert-layer: {item.name} is in an image already")
    if item.image != image.ref.id:
        raise GimpError(f"gimp-image-insert-layer: {item.name} belongs to another image")
    active = store.items.get(image.selected[0]) if image.selected else None
    if position < 0 and parent is None and active is not None and active.attached:
        item.parent = active.parent  # -1 means above the active layer, in its group
    else:
        item.parent = None if parent is None else parent.ref.id
    siblings = store.siblings(item)
    if position < 0:
        beside = active is not None and active.ref.id in siblings
        position = siblings.index(active.ref.id) if beside and active else 0
    item.name = store.unique_name(item, item.name)
    siblings.insert(position, item.ref.id)
    item.attached = True
    image.selected = [item.ref.id]


@procedure("gimp-image-remove-layer", "image:GimpImage layer:GimpLayer", changes=True)
@procedure("gimp-image-remove-channel", "image:GimpImage channel:GimpChannel", changes=True)
def _remove(store: Store, image: Picture, item: Item) -> None:
    if not item.attached:
        raise GimpError(f"gimp-image-remove-layer: {item.name} is not in the image")
    siblings = store.siblings(item)
    at = siblings.index(item.ref.id)
    siblings.remove(item.ref.id)
    for number in (item.ref.id, *_descendants(store, item)):
        del store.items[number]
    if item.ref.id in image.selected:
        image.selected = siblings[at : at + 1] or siblings[-1:]


def _descendants(store: Store, item: Item) -> list[int]:
    found = [] if item.mask is None else [item.mask]
    for number in item.children:
        found += [number, *_descendants(store, store.items[number])]
    return found


@procedure("gimp-image-get-item-position", "image:GimpImage item:GimpItem -> position:gint")
def _position(store: Store, _image: Picture, item: Item) -> int:
    if not item.attached:
        raise GimpError(f"gimp-image-get-item-position: {item.name} is not in the image")
    return store.siblings(item).index(item.ref.id)


@procedure("gimp-image-get-layer-by-name", "image:GimpImage name:gchararray -> layer:GimpLayer")
def _by_name(store: Store, image: Picture, name: str) -> Optional[Item]:
    own = (i for i in store.items.values() if i.image == image.ref.id and i.attached)
    return next((i for i in own if i.name == name and i.ref.kind.endswith("layer")), None)


# -- undo ----------------------------------------------------------------------------------------


@procedure("gimp-image-undo-group-start", "image:GimpImage")
def _group_start(store: Store, image: Picture) -> None:
    store.start_group(image)


@procedure("gimp-image-undo-group-end", "image:GimpImage")
def _group_end(store: Store, image: Picture) -> None:
    store.end_group(image)


def _freeze(image: Picture, by: int) -> bool:
    image.undo_frozen = max(0, image.undo_frozen + by)
    return True


@procedure("gimp-image-undo-freeze", "image:GimpImage -> done:gboolean")
def _undo_freeze(_store: Store, image: Picture) -> bool:
    return _freeze(image, 1)


@procedure("gimp-image-undo-thaw", "image:GimpImage -> done:gboolean")
@procedure("gimp-image-undo-enable", "image:GimpImage -> done:gboolean")
def _undo_thaw(_store: Store, image: Picture) -> bool:
    return _freeze(image, -1)


@procedure("gimp-image-undo-disable", "image:GimpImage -> done:gboolean")
def _undo_disable(_store: Store, image: Picture) -> bool:
    image.undo.clear()
    return _freeze(image, 1)


@procedure("gimp-image-clean-all", "image:GimpImage")
def _clean(_store: Store, image: Picture) -> Any:
    """Whether an image is saved is not kept here."""
