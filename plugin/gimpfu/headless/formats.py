"""Conversion between the few pixel formats that the headless host knows.

The names are babl's; a prime means gamma-encoded. Only sRGB exists here.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import Any

from gimpfu.errors import GimpError

_COMPONENTS = {
    "R'G'B'A u8": 4,
    "R'G'B' u8": 3,
    "Y'A u8": 2,
    "Y' u8": 1,
    "Y u8": 1,
    "R'G'B'A float": 4,
}
_LUMINANCE = (0.2225045, 0.7168786, 0.0606169)  # of linear sRGB seen under D50, as in babl
_FLOATS = tuple(value / 255 for value in range(256))
Planes = tuple[Any, ...]  # R', G', B', A: bytes for u8, an array of floats otherwise


def bytes_per_pixel(pixel_format: str) -> int:
    """Return the size of one pixel, or say that the format is unknown here."""
    if pixel_format not in _COMPONENTS:
        known = ", ".join(_COMPONENTS)
        raise GimpError(f"the headless host has no pixel format {pixel_format!r}; it has {known}")
    return _COMPONENTS[pixel_format] * (4 if pixel_format.endswith("float") else 1)


def convert(data: bytes, source: str, target: str) -> bytes:
    """Convert pixels from one format to another."""
    bytes_per_pixel(source)
    bytes_per_pixel(target)
    if source == target:
        return bytes(data)
    planes = _planes(data, source)
    if source.endswith("u8") and target.endswith("float"):
        planes = tuple(array("f", map(_FLOATS.__getitem__, plane)) for plane in planes)
    elif source.endswith("float") and target.endswith("u8"):
        planes = tuple(bytes(map(_byte, plane)) for plane in planes)
    return _interleave(planes, target)


def _planes(data: bytes, source: str) -> Planes:
    values: Any = array("f", data) if source.endswith("float") else bytes(data)
    step = _COMPONENTS[source]
    parts = [values[start::step] for start in range(step)]
    if source == "Y u8":
        parts = [bytes(parts[0]).translate(_encode_table())]
    if source in ("Y' u8", "Y u8", "Y'A u8"):
        parts[:1] = parts[:1] * 3
    if len(parts) == 3:
        parts.append(b"\xff" * len(parts[0]))
    return tuple(parts)


def _interleave(planes: Planes, target: str) -> bytes:
    red, green, blue, alpha = planes
    if target.startswith("Y"):
        linear = target == "Y u8"
        luminance = bytes(_gray(r, g, b, linear) for r, g, b in zip(red, green, blue))
        planes = (luminance, alpha) if target == "Y'A u8" else (luminance,)
    elif target == "R'G'B' u8":
        planes = (red, green, blue)
    if target.endswith("float"):
        floats = array("f", bytes(4 * len(planes) * len(red)))
        for start, plane in enumerate(planes):
            floats[start :: len(planes)] = plane
        return floats.tobytes()
    out = bytearray(len(planes) * len(red))
    for start, plane in enumerate(planes):
        out[start :: len(planes)] = plane
    return bytes(out)


@lru_cache(maxsize=1 << 16)
def _gray(red: int, green: int, blue: int, linear: bool) -> int:
    if red == green == blue and not linear:
        return red
    parts = (_decode(value / 255) for value in (red, green, blue))
    light = sum(weight * part for weight, part in zip(_LUMINANCE, parts))
    return _byte(light if linear else _encode(light))


def _byte(value: float) -> int:
    return min(max(int(value * 255 + 0.5), 0), 255)


def _decode(value: float) -> float:
    """Turn a gamma-encoded value of sRGB into linear light."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _encode(light: float) -> float:
    """Turn linear light into a gamma-encoded value of sRGB."""
    return light * 12.92 if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=1)
def _encode_table() -> bytes:
    return bytes(_byte(_encode(value / 255)) for value in range(256))
