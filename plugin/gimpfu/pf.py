"""The PF_* table: one row for each kind of parameter a script can declare.

A row says how GIMP 3 declares the argument, which widget shows it, and how its value gets from
GIMP's configuration to the script and back. Configuration values are plain: bool, int, float, str
(also for paths and choices), RGB, or a wrapper object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional

from . import enums
from . import pf_names as names
from .color import rgb
from .errors import error

Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Param:
    """One declared parameter; `argument` is the valid and unique name under which GIMP knows it."""

    type: PFType
    name: str
    description: str
    default: Any
    extra: Any
    argument: str

    @property
    def choices(self) -> Choices:
        """Label and value of each choice of PF_RADIO and PF_OPTION."""
        if self.type.extra == "labels":
            return tuple((str(label), index) for index, label in enumerate(self.extra))
        return tuple((str(label), value) for label, value in self.extra)

    @property
    def range(self) -> tuple[float, float, float]:
        """Lowest value, highest value, and step of a number."""
        if self.type.extra != "range":
            return (*_LIMITS[str(self.type.argument)], 1)
        low, high, step = (*self.extra, 1)[:3]
        return low, high, step

    @property
    def initial(self) -> Any:
        """The default as a configuration value.

        Scripts exist whose default is out of range or no choice; GIMP 2's widgets moved it in.
        """
        try:
            return self.to_config(self._moved_in())
        except (TypeError, ValueError) as problem:
            raise error(f"{self.name}: {self.extra!r} does not fit {self.type.name}") from problem

    def _moved_in(self) -> Any:
        if self.type.extra == "range":
            low, high, _step = self.range
            return min(max(float(self.default or 0), low), high)
        known = [str(value) for _label, value in self.choices] if self.type.extra else []
        return known[0] if known and str(self.default) not in known else self.default

    @property
    def is_whole(self) -> bool:
        """Whether a PF_SPINNER counts in whole numbers."""
        return all(float(number).is_integer() for number in (*self.range, self.default or 0))

    def from_dialog(self, value: Any) -> Any:
        """Turn a configuration value into what the function gets in an interactive run."""
        return self.type.dialog_value(self, value)

    def from_pdb(self, value: Any) -> Any:
        """Turn a configuration value into what the function gets when a program calls."""
        return self.type.pdb_value(self, value)

    def to_config(self, value: Any) -> Any:
        """Turn a script's value, such as the default, into a configuration value."""
        try:
            return self.type.config_value(self, value)
        except (TypeError, ValueError) as problem:
            raise error(f"{self.name}: {value!r} is no value for {self.type.name}") from problem


Conversion = Callable[[Param, Any], Any]


@dataclass(frozen=True)
class PFType:
    """A row of the table; `argument` is None where a type is not supported yet."""

    name: str
    number: int
    argument: Optional[str]
    pdb_type: int
    dialog_value: Conversion
    pdb_value: Conversion
    config_value: Conversion
    widget: str
    extra: str = ""
    wraps: str = ""


_LIMITS = {"int": (-(2**31), 2**31 - 1), "int16": (-(2**15), 2**15 - 1), "int8": (0, 255)}


def _same(_param: Param, value: Any) -> Any:
    return value


def _int(_param: Param, value: Any) -> int:
    return int(value or 0)


def _float(_param: Param, value: Any) -> float:
    return float(value or 0)


def _bool(_param: Param, value: Any) -> bool:
    return bool(value)


def _str(_param: Param, value: Any) -> str:
    return "" if value is None else str(value)


def _str_or_none(_param: Param, value: Any) -> Optional[str]:
    return None if value is None else str(value)


def _path(_param: Param, value: Any) -> Optional[str]:
    return str(value) if value else None


def _color(_param: Param, value: Any) -> Any:
    return rgb((0, 0, 0) if value is None else value)


def _whole(param: Param, value: Any) -> int:
    return int(_within(param, int(value or 0)))


def _slid(param: Param, value: Any) -> float:
    return _within(param, float(value or 0))


def _spun(param: Param, value: Any) -> float:
    return _whole(param, value) if param.is_whole else _slid(param, value)


def _within(param: Param, value: float) -> float:
    low, high, _step = param.range
    if not low <= value <= high:
        raise error(f"{param.name} is {value}, but must lie between {low} and {high}")
    return value


def _chosen(param: Param, value: Any) -> Any:
    """Return the value that stands behind a choice's text in the configuration."""
    for _label, choice in param.choices:
        if str(choice) == str(value):
            return choice
    raise error(f"{param.name} has no choice {value!r}")


def _choice(param: Param, value: Any) -> str:
    if value is None:
        return str(param.choices[0][1])
    return str(_chosen(param, value))


def _object(_param: Param, value: Any) -> Any:
    return value or None  # scripts write None, 0 or "" for "nothing chosen beforehand"


_WHOLE = (_int, _int, _whole)
_TEXT = (_str, _str_or_none, _str_or_none)
_PATH = (_path, _path, _path)
_THING = (_same, _same, _object)


def _row(
    name: str,
    argument: Optional[str],
    pdb_type: str,
    values: tuple[Conversion, Conversion, Conversion],
    widget: str,
    *,
    extra: str = "",
    wraps: str = "",
) -> PFType:
    number, pdb_number = vars(names)[name], vars(enums)[f"PDB_{pdb_type}"]
    return PFType(name, number, argument, pdb_number, *values, widget, extra, wraps)


# name, GIMP 3's argument, GIMP 2's PDB type, conversions (dialog, program, configuration), widget
_ROWS = (
    _row("PF_INT32", "int", "INT32", _WHOLE, "entry"),
    _row("PF_INT16", "int16", "INT16", _WHOLE, "entry"),
    _row("PF_INT8", "int8", "INT8", _WHOLE, "entry"),
    _row("PF_FLOAT", "double", "FLOAT", (_float, _float, _float), "entry"),
    _row("PF_STRING", "string", "STRING", _TEXT, "entry"),
    _row("PF_COLOR", "color", "COLOR", (_color, _color, _color), "color"),
    _row("PF_ITEM", "item", "ITEM", _THING, "item", wraps="Item"),
    _row("PF_DISPLAY", None, "DISPLAY", _THING, "none", wraps="Display"),
    _row("PF_IMAGE", "image", "IMAGE", _THING, "image", wraps="Image"),
    _row("PF_LAYER", "layer", "LAYER", _THING, "item", wraps="Layer"),
    _row("PF_CHANNEL", "channel", "CHANNEL", _THING, "item", wraps="Channel"),
    _row("PF_DRAWABLE", "drawable", "DRAWABLE", _THING, "item", wraps="Drawable"),
    _row("PF_VECTORS", "path", "VECTORS", _THING, "item", wraps="Vectors"),
    _row("PF_TOGGLE", "boolean", "INT32", (_bool, _int, _bool), "toggle"),
    _row("PF_SLIDER", "double", "FLOAT", (_float, _float, _slid), "scale", extra="range"),
    _row("PF_SPINNER", "spin", "INT32", (_float, _int, _spun), "spin", extra="range"),
    _row("PF_FONT", "font", "STRING", _TEXT, "resource"),
    _row("PF_FILE", "file", "STRING", _PATH, "open"),
    _row("PF_BRUSH", "brush", "STRING", _TEXT, "resource"),
    _row("PF_PATTERN", "pattern", "STRING", _TEXT, "resource"),
    _row("PF_GRADIENT", "gradient", "STRING", _TEXT, "resource"),
    _row("PF_RADIO", "choice", "STRING", (_chosen, _choice, _choice), "radio", extra="pairs"),
    _row("PF_TEXT", "string", "STRING", _TEXT, "text"),
    _row("PF_PALETTE", "palette", "STRING", _TEXT, "resource"),
    _row("PF_FILENAME", "file", "STRING", _PATH, "save"),
    _row("PF_DIRNAME", "file", "STRING", _PATH, "folder"),
    _row("PF_OPTION", "choice", "INT32", (_chosen, _chosen, _choice), "combo", extra="labels"),
)
TYPES: dict[int, PFType] = {row.number: row for row in _ROWS}
