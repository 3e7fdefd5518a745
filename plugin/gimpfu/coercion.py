"""GIMP 2.10's rules for values in procedure calls: what scripts may pass, and what comes back."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from . import enums
from .color import rgb
from .signatures import Parameter
from .values import KINDS

ARRAYS = frozenset(
    (
        "GimpInt32Array",
        "GimpDoubleArray",
        "GBytes",
        "GStrv",
        "GimpCoreObjectArray",
        "GimpColorArray",
    )
)
_OBJECTS = {
    "GimpImage": enums.PDB_IMAGE,
    "GimpItem": enums.PDB_ITEM,
    "GimpDrawable": enums.PDB_DRAWABLE,
    "GimpChannel": enums.PDB_CHANNEL,
    "GimpLayerMask": enums.PDB_CHANNEL,
    "GimpSelection": enums.PDB_SELECTION,
    "GimpPath": enums.PDB_VECTORS,
    "GimpDisplay": enums.PDB_DISPLAY,
}
_TYPES = {
    "gdouble": enums.PDB_FLOAT,
    "gchararray": enums.PDB_STRING,
    "GFile": enums.PDB_STRING,
    "GeglColor": enums.PDB_COLOR,
    "GimpParasite": enums.PDB_PARASITE,
    "GimpInt32Array": enums.PDB_INT32ARRAY,
    "GimpCoreObjectArray": enums.PDB_INT32ARRAY,
    "GimpDoubleArray": enums.PDB_FLOATARRAY,
    "GBytes": enums.PDB_INT8ARRAY,
    "GStrv": enums.PDB_STRINGARRAY,
    "GimpColorArray": enums.PDB_COLORARRAY,
}


def pdb_type(gtype: str) -> int:
    """Return 2.10's number for a type of GIMP 3."""
    if gtype in _TYPES:
        return _TYPES[gtype]
    return _OBJECTS.get(gtype, enums.PDB_LAYER if gtype in KINDS else enums.PDB_INT32)


def _text(value: Any) -> str:
    return str(value)


def _color(value: Any) -> Any:
    return rgb(value)


def _same(value: Any) -> Any:
    return value


def _many(convert: Callable[[Any], Any]) -> Callable[[Iterable[Any]], list[Any]]:
    return lambda sequence: [convert(item) for item in sequence]


_TAKE: dict[str, Callable[[Any], Any]] = {
    "gint": int,
    "guint": int,
    "gboolean": lambda value: bool(int(value)),
    "gdouble": float,
    "gchararray": _text,
    "GFile": _text,
    "GeglColor": _color,
    "GimpParasite": _same,
    "GimpInt32Array": _many(int),
    "GimpDoubleArray": _many(float),
    "GBytes": bytes,
    "GStrv": _many(_text),
    "GimpColorArray": _many(_color),
    "GimpCoreObjectArray": _many(_same),
    **dict.fromkeys(KINDS, _same),
}
_NULLABLE = frozenset(("gchararray", "GFile", *KINDS))


def take(parameter: Parameter, value: Any) -> Any:
    """Turn what a script passed into the parameter's type, or raise TypeError; enums are ints."""
    if value is None and parameter.gtype in _NULLABLE:
        return None
    convert = _TAKE.get(parameter.gtype, int)
    try:
        return convert(value)
    except (TypeError, ValueError) as problem:
        raise TypeError(f"wrong parameter type: {parameter.name} cannot be {value!r}") from problem


def give(parameter: Parameter, value: Any) -> tuple[Any, ...]:
    """Return a result as scripts get it: booleans as ints, an array as its length and a tuple."""
    if parameter.gtype == "gboolean":
        return (int(value),)
    if parameter.gtype == "GimpCoreObjectArray":
        return (len(value), tuple(item.ID for item in value))
    if parameter.gtype in ARRAYS:
        items = tuple(value or ())
        return (len(items), items)
    return (value,)
