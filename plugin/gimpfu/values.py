"""Values between scripts and the host: wrappers become `Ref`s, enums are translated, and back."""

from __future__ import annotations

from typing import Any

from . import handles, host
from .enum_changes import FROM_GIMP3, TO_GIMP3
from .signatures import Parameter

# Which kinds of object a parameter of this type accepts.
KINDS: dict[str, frozenset[str]] = {
    "GimpImage": frozenset(("image",)),
    "GimpItem": host.ITEM_KINDS,
    "GimpDrawable": host.LAYER_KINDS | host.CHANNEL_KINDS,
    "GimpLayer": host.LAYER_KINDS,
    "GimpTextLayer": frozenset(("text-layer",)),
    "GimpGroupLayer": frozenset(("group-layer",)),
    "GimpDrawableFilter": frozenset(("filter",)),
    "GimpChannel": host.CHANNEL_KINDS,
    "GimpLayerMask": frozenset(("layer-mask",)),
    "GimpSelection": frozenset(("selection",)),
    "GimpPath": frozenset(("path",)),
    "GimpDisplay": frozenset(("display",)),
}


def call(name: str, *arguments: Any) -> Any:
    """Run a procedure of GIMP 3 with script values; return None, the one result, or a tuple."""
    here = host.current()
    signature = here.signature(name)
    takes = signature.parameters if signature else ()
    gives = signature.returns if signature else ()
    sent = [to_host(parameter, value) for parameter, value in zip(takes, arguments)]
    received = here.call(name, *sent, *arguments[len(takes) :])
    results = tuple(from_host(parameter, value) for parameter, value in zip(gives, received))
    if len(results) < 2:
        return results[0] if results else None
    return results


def to_host(parameter: Parameter, value: Any) -> Any:
    """Turn one script value into what the host takes for this parameter."""
    if value is None:
        return None
    if parameter.gtype in KINDS:
        ref = value.ref if isinstance(value, handles.Handle) else None
        if ref is None or ref.kind not in KINDS[parameter.gtype]:
            raise TypeError(f"wrong parameter type: {parameter.name} cannot be {value!r}")
        return ref
    if parameter.gtype == "GimpCoreObjectArray":
        if not all(isinstance(item, handles.Handle) for item in value):
            raise TypeError(f"wrong parameter type: {parameter.name} cannot be {value!r}")
        return [item.ref for item in value]
    changed = TO_GIMP3.get(parameter.gtype)
    return changed.get(int(value), value) if changed else value


def from_host(parameter: Parameter, value: Any) -> Any:
    """Turn one host value into what scripts see: lists are fresh lists of wrappers."""
    if isinstance(value, host.Ref):
        return handles.wrap(value)
    if parameter.gtype == "GimpCoreObjectArray":
        return [handles.wrap(item) for item in value or ()]
    changed = FROM_GIMP3.get(parameter.gtype)
    return changed.get(int(value), value) if changed else value
