"""Values of procedure arguments and results: plain ones to GObject's and back, by GType."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Callable

from gi.repository import Babl, Gegl, Gimp, Gio, GLib, GObject

from gimpfu.color import RGB
from gimpfu.errors import GimpError
from gimpfu.host import Ref
from gimpfu.parasite import Parasite

from . import objects

_COLOR = "R'G'B'A float"  # Gegl.Color's own numbers are linear light


@lru_cache(maxsize=1)
def start_gegl() -> None:
    """Make GEGL usable; GIMP has not done so yet when it asks a plug-in for its procedures."""
    Gegl.init(None)


def color_to_gimp(color: RGB) -> Any:
    """Make a Gegl.Color of a gamma-encoded colour."""
    start_gegl()
    made = Gegl.Color.new("black")
    made.set_bytes(Babl.format(_COLOR), GLib.Bytes.new(struct.pack("4f", *color.floats)))
    return made


def color_from_gimp(color: Any) -> RGB:
    """Make a gamma-encoded colour of a Gegl.Color."""
    data = color.get_bytes(Babl.format(_COLOR)).get_data()
    return RGB(*(round(part, 6) for part in struct.unpack("4f", data)))


def file_to_gimp(path: str) -> Any:
    """Make a file of a path, or of an address such as `file:///...`."""
    is_address = "://" in path
    return Gio.File.new_for_uri(path) if is_address else Gio.File.new_for_path(path)


def file_from_gimp(file: Any) -> str:
    """Return a file's path, or its address if it is not on this machine."""
    return str(file.get_path() or file.get_uri())


def _parasite_to_gimp(parasite: Parasite) -> Any:
    signed = [byte - 256 if byte > 127 else byte for byte in parasite.data]  # gint8 to PyGObject
    return Gimp.Parasite.new(parasite.name, parasite.flags, signed)


def _parasite_from_gimp(found: Any) -> Parasite:
    data = bytes(number & 255 for number in found.get_data())
    return Parasite(found.get_name(), found.get_flags(), data)


def _array_to_gimp(gtype: str, put: Callable[..., None], items: list[Any]) -> Any:
    # A GValue given to set_property crashes PyGObject; the boxed array inside it does not.
    value = GObject.Value()
    value.init(GObject.type_from_name(gtype))
    put(value, items)
    return value.get_boxed()


def _array_from_gimp(gtype: str, get: Callable[[Any], Any], boxed: Any) -> list[Any]:
    value = GObject.Value()
    value.init(GObject.type_from_name(gtype))
    value.set_boxed(boxed)
    return list(get(value))


_TO: dict[str, Callable[[Any], Any]] = {
    "GeglColor": color_to_gimp,
    "GFile": file_to_gimp,
    "GimpParasite": _parasite_to_gimp,
    "GBytes": lambda data: GLib.Bytes.new(bytes(data)),
    "GimpDoubleArray": lambda items: _array_to_gimp(
        "GimpDoubleArray", Gimp.value_set_double_array, items
    ),
    "GimpInt32Array": lambda items: _array_to_gimp(
        "GimpInt32Array", Gimp.value_set_int32_array, items
    ),
}
_FROM: dict[str, Callable[[Any], Any]] = {
    "GeglColor": color_from_gimp,
    "GFile": file_from_gimp,
    "GimpParasite": _parasite_from_gimp,
    "GBytes": lambda data: data.get_data(),
    "GStrv": list,
    "GimpDoubleArray": lambda boxed: _array_from_gimp(
        "GimpDoubleArray", Gimp.value_get_double_array, boxed
    ),
    "GimpInt32Array": lambda boxed: _array_from_gimp(
        "GimpInt32Array", Gimp.value_get_int32_array, boxed
    ),
}
_PLAIN = (bool, int, float, str)


def set_argument(config: Any, name: str, gtype: str, value: Any) -> None:
    """Put one argument into a configuration."""
    if gtype == "GimpCoreObjectArray":
        config.set_core_object_array(name, [objects.object_of(ref) for ref in value])
        return
    if value is None:
        config.set_property(name, None)
    elif isinstance(value, Ref):
        config.set_property(name, objects.object_of(value))
    else:
        config.set_property(name, _TO.get(gtype, _unchanged)(value))


def check_taken(config: Any, procedure: str, name: str, value: Any) -> None:
    """Raise if an enum or a choice has no such value: GIMP only prints a warning."""
    taken = config.get_property(name)
    if value is not None and (taken if isinstance(taken, str) else int(taken)) != value:
        raise GimpError(f"{procedure}: {name} cannot be {value!r}")


def result(values: Any, index: int, gtype: str) -> Any:
    """Return one result as a plain value; boxed ones are copied, they die with `values`."""
    if gtype == "GimpCoreObjectArray":
        return [objects.ref_of(thing) for thing in values.get_core_object_array(index)]
    found = values.index(index)
    if found is None or isinstance(found, _PLAIN):
        return _number(found)
    if gtype in _FROM:
        return _FROM[gtype](found)
    return objects.ref_of(found)


def _number(value: Any) -> Any:
    """Return an enum value as a plain int; everything else as it is."""
    return int(value) if isinstance(value, int) and type(value) not in _PLAIN else value


def _unchanged(value: Any) -> Any:
    return value
