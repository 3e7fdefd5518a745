"""Procedures of the selection, and of parasites."""

from __future__ import annotations

from typing import Any, Optional

from gimpfu.parasite import Parasite

from .model import Item, Picture, Store
from .procedures import procedure

# -- the selection -------------------------------------------------------------------------------


@procedure("gimp-image-get-selection", "image:GimpImage -> selection:GimpSelection")
def _selection(store: Store, image: Picture) -> Item:
    return store.items[image.selection]


@procedure(
    "gimp-selection-bounds",
    "image:GimpImage -> non-empty:gboolean x1:gint y1:gint x2:gint y2:gint",
)
def bounds(store: Store, image: Picture) -> tuple[bool, int, int, int, int]:
    chosen = store.items[image.selection]
    width, pixels = chosen.width, chosen.pixels
    rows = [y for y in range(chosen.height) if any(pixels[y * width : (y + 1) * width])]
    if not rows:
        return False, 0, 0, image.width, image.height
    columns = [x for x in range(width) if any(pixels[x::width])]
    return True, columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@procedure("gimp-selection-is-empty", "image:GimpImage -> is-empty:gboolean")
def _is_empty(store: Store, image: Picture) -> bool:
    return not any(store.items[image.selection].pixels)


@procedure("gimp-selection-none", "image:GimpImage", changes=True)
def _select_none(store: Store, image: Picture) -> None:
    chosen = store.items[image.selection]
    chosen.pixels[:] = bytes(len(chosen.pixels))


@procedure("gimp-selection-all", "image:GimpImage", changes=True)
def _select_all(store: Store, image: Picture) -> None:
    chosen = store.items[image.selection]
    chosen.pixels[:] = b"\xff" * len(chosen.pixels)


# -- parasites -----------------------------------------------------------------------------------

for _owner, _prefix in (
    ("", "gimp"),
    ("image:GimpImage", "gimp-image"),
    ("item:GimpItem", "gimp-item"),
):

    @procedure(f"{_prefix}-attach-parasite", f"{_owner} parasite:GimpParasite")
    def _attach(store: Store, *given: Any) -> None:
        *owner, parasite = given
        (owner[0] if owner else store).parasites[parasite.name] = parasite.copy()

    @procedure(f"{_prefix}-detach-parasite", f"{_owner} name:gchararray")
    def _detach(store: Store, *given: Any) -> None:
        *owner, name = given
        (owner[0] if owner else store).parasites.pop(name, None)

    @procedure(f"{_prefix}-get-parasite", f"{_owner} name:gchararray -> parasite:GimpParasite")
    def _find(store: Store, *given: Any) -> Optional[Parasite]:
        *owner, name = given
        found: Optional[Parasite] = (owner[0] if owner else store).parasites.get(name)
        return found and found.copy()

    @procedure(f"{_prefix}-get-parasite-list", f"{_owner} -> parasites:GStrv")
    def _list(store: Store, *owner: Any) -> list[str]:
        return list((owner[0] if owner else store).parasites)
