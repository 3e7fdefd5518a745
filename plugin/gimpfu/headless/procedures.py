"""The part of GIMP 3's procedure database that works in memory.

A function gets the store and the records of the objects; the line above it is GIMP's own signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from gimpfu import enums
from gimpfu.signatures import Signature, parse

from .model import Item, Store


@dataclass(frozen=True)
class Entry:
    """A procedure: its signature, its function, and whether it changes the image (an undo step)."""

    signature: Signature
    function: Callable[..., Any]
    changes: bool


TABLE: dict[str, Entry] = {}
Function = TypeVar("Function", bound=Callable[..., Any])


def procedure(name: str, notation: str, changes: bool = False) -> Callable[[Function], Function]:
    """Decorate the function of a procedure."""

    def remember(function: Function) -> Function:
        TABLE[name] = Entry(parse(name, notation), function, changes)
        return function

    return remember


# -- properties: a row of flags makes a get and a set procedure, a row of fields a get ------------

_FLAGS = (
    ("gimp-item", "item:GimpItem", "visible", "gboolean", True),
    ("gimp-item", "item:GimpItem", "lock-content", "gboolean", False),
    ("gimp-item", "item:GimpItem", "lock-position", "gboolean", False),
    ("gimp-item", "item:GimpItem", "lock-visibility", "gboolean", False),
    ("gimp-item", "item:GimpItem", "color-tag", "GimpColorTag", 0),
    ("gimp-item", "item:GimpItem", "expanded", "gboolean", True),
    ("gimp-layer", "layer:GimpLayer", "opacity", "gdouble[0..100]", 100.0),
    ("gimp-layer", "layer:GimpLayer", "mode", "GimpLayerMode", enums.LAYER_MODE_NORMAL),
    ("gimp-layer", "layer:GimpLayer", "lock-alpha", "gboolean", False),
    ("gimp-layer", "layer:GimpLayer", "apply-mask", "gboolean", True),
    ("gimp-layer", "layer:GimpLayer", "edit-mask", "gboolean", True),
    ("gimp-layer", "layer:GimpLayer", "show-mask", "gboolean", False),
    ("gimp-channel", "channel:GimpChannel", "opacity", "gdouble[0..100]", 100.0),
    ("gimp-channel", "channel:GimpChannel", "show-masked", "gboolean", False),
    ("gimp-channel", "channel:GimpChannel", "color", "GeglColor", None),
)
_FIELDS: tuple[tuple[str, str, str, Callable[[Any], Any]], ...] = (
    ("gimp-image-get-width", "image:GimpImage", "width:gint", lambda i: i.width),
    ("gimp-image-get-height", "image:GimpImage", "height:gint", lambda i: i.height),
    ("gimp-image-get-base-type", "image:GimpImage", "t:GimpImageBaseType", lambda i: i.base_type),
    (
        "gimp-image-get-precision",
        "image:GimpImage",
        "precision:GimpPrecision",
        lambda _: enums.PRECISION_U8_GAMMA,
    ),
    ("gimp-image-get-file", "image:GimpImage", "file:GFile", lambda i: i.filename),
    ("gimp-image-is-dirty", "image:GimpImage", "dirty:gboolean", lambda i: bool(i.undo)),
    (
        "gimp-image-get-resolution",
        "image:GimpImage",
        "x:gdouble y:gdouble",
        lambda i: i.resolution,
    ),
    (
        "gimp-image-undo-is-enabled",
        "image:GimpImage",
        "enabled:gboolean",
        lambda i: not i.undo_frozen,
    ),
    ("gimp-item-get-name", "item:GimpItem", "name:gchararray", lambda i: i.name),
    ("gimp-item-get-tattoo", "item:GimpItem", "tattoo:guint", lambda i: i.ref.id),
    (
        "gimp-item-is-group",
        "item:GimpItem",
        "group:gboolean",
        lambda i: i.ref.kind == "group-layer",
    ),
    ("gimp-drawable-get-width", "drawable:GimpDrawable", "width:gint", lambda i: i.width),
    ("gimp-drawable-get-height", "drawable:GimpDrawable", "height:gint", lambda i: i.height),
    ("gimp-drawable-get-bpp", "drawable:GimpDrawable", "bpp:gint", lambda i: i.bpp),
    ("gimp-drawable-has-alpha", "drawable:GimpDrawable", "alpha:gboolean", lambda i: i.has_alpha),
    ("gimp-drawable-is-rgb", "drawable:GimpDrawable", "rgb:gboolean", lambda i: "R" in i.format),
    ("gimp-drawable-is-gray", "drawable:GimpDrawable", "g:gboolean", lambda i: "Y" in i.format),
    ("gimp-drawable-is-indexed", "drawable:GimpDrawable", "i:gboolean", lambda _: False),
    (
        "gimp-drawable-get-offsets",
        "drawable:GimpDrawable",
        "x:gint y:gint",
        lambda i: i.offsets,
    ),
    ("gimp-layer-is-floating-sel", "layer:GimpLayer", "floating:gboolean", lambda _: False),
)


def _flag_procedures(prefix: str, owner: str, name: str, gtype: str, default: Any) -> None:
    def getter(_store: Store, item: Item) -> Any:
        return item.flags.get(name, default)

    def setter(_store: Store, item: Item, value: Any) -> None:
        item.flags[name] = value

    procedure(f"{prefix}-get-{name}", f"{owner} -> {name}:{gtype}")(getter)
    procedure(f"{prefix}-set-{name}", f"{owner} {name}:{gtype}", changes=True)(setter)


def _field_procedure(name: str, owner: str, returns: str, read: Callable[[Any], Any]) -> None:
    procedure(name, f"{owner} -> {returns}")(lambda _store, record: read(record))


for _row in _FLAGS:
    _flag_procedures(*_row)
for _field in _FIELDS:
    _field_procedure(*_field)
