"""GIMP's own objects and the `Ref`s that mean them."""

from __future__ import annotations

from typing import Any

from gi.repository import Gimp

from gimpfu.errors import GimpError
from gimpfu.host import Ref

# GObject type -> kind; what is not listed here has no wrapper.
KINDS = {
    "GimpImage": "image",
    "GimpLayer": "layer",
    "GimpTextLayer": "text-layer",
    "GimpGroupLayer": "group-layer",
    "GimpVectorLayer": "vector-layer",
    "GimpLinkLayer": "link-layer",
    "GimpChannel": "channel",
    "GimpLayerMask": "layer-mask",
    "GimpSelection": "selection",
    "GimpPath": "path",
    "GimpDrawableFilter": "filter",
    "GimpDisplay": "display",
}
_CLASSES = {
    "item": Gimp.Item,
    "image": Gimp.Image,
    "display": Gimp.Display,
    "filter": Gimp.DrawableFilter,
}


def ref_of(thing: Any) -> Ref:
    """Return what means one of GIMP's objects."""
    return Ref(KINDS[type(thing).__gtype__.name], thing.get_id())


def object_of(ref: Ref) -> Any:
    """Return GIMP's object, or raise if the user has closed or deleted it meanwhile."""
    found = find(ref.family, ref.id)
    if found is None:
        raise GimpError(f"the {ref.kind} {ref.id} no longer exists")
    return found


def find(family: str, number: int) -> Any:
    """Return the object with this number, or None; `get_by_id` alone also makes dead ones."""
    kind = _CLASSES[family]
    return kind.get_by_id(number) if kind.id_is_valid(number) else None
