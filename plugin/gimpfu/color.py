"""`gimpcolor.RGB`: a colour as scripts see it, gamma-encoded sRGB; ints mean 0-255, floats 0-1."""

from __future__ import annotations

import re
from typing import Any, Iterator, Union, overload

_NAMES = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "lime": "#00ff00",
    "green": "#008000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "cyan": "#00ffff",
    "aqua": "#00ffff",
    "magenta": "#ff00ff",
    "fuchsia": "#ff00ff",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "maroon": "#800000",
    "olive": "#808000",
    "navy": "#000080",
    "purple": "#800080",
    "teal": "#008080",
    "orange": "#ffa500",
}
_FIELDS = {
    "r": 0,
    "g": 1,
    "b": 2,
    "a": 3,
    "red": 0,
    "green": 1,
    "blue": 2,
    "alpha": 3,
}
Number = Union[int, float]


class RGB:
    """A colour: floats in `r g b a`, ints 0-255 by index, in slices and in iteration."""

    __slots__ = ("a", "b", "g", "r")

    def __init__(self, r: Number, g: Number, b: Number, a: Number = 1.0) -> None:
        self.r, self.g, self.b, self.a = _unit(r), _unit(g), _unit(b), _unit(a)

    @property
    def floats(self) -> tuple[float, float, float, float]:
        """The four components as floats."""
        return (self.r, self.g, self.b, self.a)

    @property
    def red(self) -> float:
        """The same as `r`."""
        return self.r

    @property
    def green(self) -> float:
        """The same as `g`."""
        return self.g

    @property
    def blue(self) -> float:
        """The same as `b`."""
        return self.b

    @property
    def alpha(self) -> float:
        """The same as `a`."""
        return self.a

    def __len__(self) -> int:
        return 4

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[int, ...]: ...
    @overload
    def __getitem__(self, key: str) -> int: ...
    def __getitem__(self, key: Union[int, slice, str]) -> Union[int, tuple[int, ...]]:
        whole = tuple(round(min(max(part, 0.0), 1.0) * 255) for part in self.floats)
        return whole[_FIELDS[key]] if isinstance(key, str) else whole[key]

    def __iter__(self) -> Iterator[int]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        return self.floats == other.floats if isinstance(other, RGB) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.floats)

    def __repr__(self) -> str:
        return f"gimpcolor.RGB({self.r}, {self.g}, {self.b}, {self.a})"

    def __str__(self) -> str:
        return f"RGB ({self.r}, {self.g}, {self.b}, {self.a})"


def _unit(part: Number) -> float:
    return part / 255.0 if isinstance(part, int) else float(part)


def rgb(value: Any) -> RGB:
    """Make a colour of what scripts write: an RGB, a tuple of 3 or 4 numbers, or a CSS string."""
    if isinstance(value, RGB):
        return value
    if isinstance(value, tuple) and len(value) in (3, 4):
        return RGB(*value)
    if isinstance(value, str):
        return _css(value)
    raise TypeError(f"not a colour: {value!r}")


def _css(text: str) -> RGB:
    name = _NAMES.get(text.strip().lower(), text.strip().lower())
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", name):
        digits = name[1:] if len(name) == 7 else "".join(2 * digit for digit in name[1:])
        return RGB(*(int(digits[i : i + 2], 16) for i in (0, 2, 4)))
    call = re.fullmatch(r"rgba?\(([^()]*)\)", name)
    parts = [part.strip() for part in call[1].split(",")] if call else []
    if len(parts) not in (3, 4):
        raise ValueError(f"not a colour: {text!r}")
    colours = [float(p[:-1]) / 100 if p.endswith("%") else float(p) / 255 for p in parts[:3]]
    return RGB(*colours, *(float(p) for p in parts[3:]))
