"""Brushes, fonts and the like, which scripts know by name and GIMP 3 as objects."""

from __future__ import annotations

from typing import Any

from gi.repository import Gimp

from gimpfu.errors import GimpError

CLASSES = {
    "font": Gimp.Font,
    "brush": Gimp.Brush,
    "pattern": Gimp.Pattern,
    "gradient": Gimp.Gradient,
    "palette": Gimp.Palette,
}


def find(kind: str, name: str) -> Any:
    """Return the resource of this name, or None."""
    return CLASSES[kind].get_by_name(name) if name else None


def named(kind: str, name: str) -> Any:
    """Return the resource of this name; an empty name means the current one."""
    if not name:
        return getattr(Gimp, f"context_get_{kind}")()
    found = find(kind, name)
    if found is None:
        raise GimpError(f"there is no {kind} {name!r}")
    return found
