"""How PF parameters and results are declared to GIMP 3, and their values read and written."""

from __future__ import annotations

from typing import Any, Callable

from gi.repository import Gimp, GObject

from gimpfu import labels, pf
from gimpfu.color import RGB
from gimpfu.handles import Handle, wrap

from . import convert, objects, resources

_FLAGS = GObject.ParamFlags.READWRITE
_HUGE = 1.7976931348623157e308
_ACTIONS = {
    "open": Gimp.FileChooserAction.OPEN,
    "save": Gimp.FileChooserAction.SAVE,
    "folder": Gimp.FileChooserAction.SELECT_FOLDER,
}
_OBJECTS = ("image", "layer", "channel", "drawable", "item", "path")


def declare(procedure: Any, param: pf.Param, label: str) -> None:
    """Add an argument to a procedure that is being created."""
    kind = str(param.type.argument)
    shown = (param.argument, label, labels.plain(param.description) or param.name)
    add = _DECLARE.get(kind) or _DECLARE["object"]
    add(procedure, param, shown)


def _add_integer(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    low, high, _step = param.range
    procedure.add_int_argument(*shown, int(low), int(high), param.initial, _FLAGS)


def _add_spin(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    low, high, _step = param.range
    default = param.initial
    if param.is_whole:
        procedure.add_int_argument(*shown, int(low), int(high), default, _FLAGS)
    else:
        procedure.add_double_argument(*shown, low, high, default, _FLAGS)


def _add_double(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    low, high = param.range[:2] if param.type.extra == "range" else (-_HUGE, _HUGE)
    procedure.add_double_argument(*shown, low, high, param.initial, _FLAGS)


def _add_string(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    procedure.add_string_argument(*shown, param.initial, _FLAGS)


def _add_boolean(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    procedure.add_boolean_argument(*shown, param.initial, _FLAGS)


def _add_choice(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    choice = Gimp.Choice.new()
    for number, (label, value) in enumerate(param.choices):
        choice.add(str(value), number, labels.plain(label), "")
    procedure.add_choice_argument(*shown, choice, param.initial, _FLAGS)


def _add_color(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    # GIMP (3.0.4, 3.2.6) tells other callers that the default is transparent black, whatever it is.
    default = convert.color_to_gimp(param.initial)
    procedure.add_color_argument(*shown, True, default, _FLAGS)


def _add_file(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    default = param.initial
    is_folder = bool(default) and default.endswith("/")
    action = _ACTIONS["folder" if is_folder else param.type.widget]
    file = convert.file_to_gimp(default) if default else None
    procedure.add_file_argument(*shown, action, True, file, _FLAGS)


def _add_resource(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    # While GIMP starts, it has no resources yet; without a default the current one is taken.
    default = resources.find(str(param.type.argument), param.initial or "")
    add = getattr(procedure, f"add_{param.type.argument}_argument")
    add(*shown, False, default, default is None, _FLAGS)


def _add_object(procedure: Any, param: pf.Param, shown: tuple[str, str, str]) -> None:
    getattr(procedure, f"add_{param.type.argument}_argument")(*shown, True, _FLAGS)


_DECLARE: dict[str, Callable[[Any, pf.Param, tuple[str, str, str]], None]] = {
    "int": _add_integer,
    "int16": _add_integer,
    "int8": _add_integer,
    "spin": _add_spin,
    "double": _add_double,
    "string": _add_string,
    "boolean": _add_boolean,
    "choice": _add_choice,
    "color": _add_color,
    "file": _add_file,
    "object": _add_object,
    **dict.fromkeys(resources.CLASSES, _add_resource),
}


def read(config: Any, param: pf.Param) -> Any:
    """Return a configured value as a plain one."""
    value = config.get_property(param.argument)
    if value is None:
        return None
    kind = param.type.argument
    if kind == "color":
        return convert.color_from_gimp(value)
    if kind == "file":
        return convert.file_from_gimp(value)
    if kind in resources.CLASSES:
        return value.get_name()
    return wrap(objects.ref_of(value)) if kind in _OBJECTS else value


def write(config: Any, param: pf.Param, value: Any) -> None:
    """Configure a plain value."""
    if isinstance(value, RGB):
        value = convert.color_to_gimp(value)
    elif isinstance(value, Handle):
        value = objects.object_of(value.ref)
    elif param.type.argument == "file" and value is not None:
        value = convert.file_to_gimp(value)
    elif param.type.argument in resources.CLASSES:
        value = resources.named(str(param.type.argument), value)
    config.set_property(param.argument, value)


_RESULTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "int": ("int", (-(2**31), 2**31 - 1, 0)),
    "int16": ("int", (-(2**15), 2**15 - 1, 0)),
    "int8": ("int", (0, 255, 0)),
    "spin": ("int", (-(2**31), 2**31 - 1, 0)),
    "double": ("double", (-_HUGE, _HUGE, 0.0)),
    "string": ("string", ("",)),
    "choice": ("string", ("",)),
    "boolean": ("boolean", (False,)),
    "file": ("string", ("",)),
    **dict.fromkeys(resources.CLASSES, ("string", ("",))),
}


def declare_result(procedure: Any, kind: pf.PFType, name: str, description: str) -> None:
    """Add a result to a procedure that is being created."""
    shown = (name, name, description or name)
    if kind.argument == "color":
        procedure.add_color_from_string_return_value(*shown, True, "black", _FLAGS)
    elif kind.argument in _RESULTS:
        method, rest = _RESULTS[kind.argument]
        getattr(procedure, f"add_{method}_return_value")(*shown, *rest, _FLAGS)
    else:
        getattr(procedure, f"add_{kind.argument}_return_value")(*shown, True, _FLAGS)


def put_result(values: Any, index: int, spec: Any, value: Any) -> None:
    """Put one result of a script into the values that GIMP gets."""
    if isinstance(value, Handle):
        value = objects.object_of(value.ref)
    elif isinstance(value, RGB):
        value = convert.color_to_gimp(value)
    elif spec.value_type.name == "gboolean":
        value = bool(value)
    values.remove(index)
    values.insert(index, GObject.Value(spec.value_type, value))
