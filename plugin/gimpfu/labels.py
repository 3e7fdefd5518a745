"""Labels, menus and image types as scripts write them, and what GIMP 3 makes of them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional

from . import pf_names
from .errors import error

_IMAGE = (
    (pf_names.PF_IMAGE, "image", "Input image", None),
    (pf_names.PF_DRAWABLE, "drawable", "Input drawable", None),
)
# GIMP 2's menus that are gone, and where their entries go; the longest match counts.
_MOVED = (
    ("<Toolbox>/Xtns/Languages", "<Image>/Filters/Development"),
    ("<Toolbox>/Xtns", "<Image>/Filters"),
    ("<Toolbox>", "<Image>"),
    ("<Image>/Xtns", "<Image>/Filters"),
    ("<Vectors>", "<Paths>"),
)
_TYPES = ("RGB", "RGBA", "GRAY", "GRAYA", "INDEXED", "INDEXEDA")


class Place(NamedTuple):
    """Where an entry goes: its label, its menu, and the parameters the old form inserts."""

    label: Optional[str]
    menu: Optional[str]
    inserted: tuple[tuple[Any, ...], ...]


def place(label: Optional[str], menu: Optional[str]) -> Place:
    """Work out label and menu; the old form has both in the label, and inserts parameters."""
    inserted: tuple[tuple[Any, ...], ...] = ()
    if menu is None and label and "/" in label:
        menu, label = label.rsplit("/", 1)
        if menu.startswith("<Image>"):
            inserted = _IMAGE
    if menu is not None and menu.startswith(("<Load>", "<Save>")):
        raise error(f"{menu}: plug-ins that load or save files are not supported yet")
    return Place(label or None, menu and moved(menu), inserted)


def moved(menu: str) -> str:
    """Return the menu that takes the place of one that GIMP 3 no longer has."""
    for old, new in _MOVED:
        if menu == old or menu.startswith(f"{old}/"):
            return new + menu[len(old) :]
    return menu


def unmarked(text: str) -> str:
    """Return a text without the underscore that marks an accelerator."""
    return re.sub(r"_(.)", r"\1", text)


def plain(label: str) -> str:
    """Return a label without its accelerator, and without the dots or the colon at its end."""
    return unmarked(label).rstrip(" .:…")


def image_types(text: Optional[str]) -> str:
    """Return image types as GIMP 3 writes them: upper case with commas; empty for no image."""
    words = re.split(r"[\s,]+", (text or "").strip().upper())
    wanted = [word for word in words if word]
    for word in wanted:
        if word != "*" and word.rstrip("*") not in _TYPES:
            raise error(f"{word} is no image type; known are {', '.join(_TYPES)} and *")
    return ", ".join(wanted)
