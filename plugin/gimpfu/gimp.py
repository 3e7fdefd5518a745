"""The module `gimp`: classes, messages, progress, images; the folders are plain strings."""

from __future__ import annotations

from typing import Any, Optional, Union, cast

from . import host, values
from .database import pdb
from .errors import GimpError as error  # noqa: N813
from .handles import from_id
from .image import Display, Image
from .item import Drawable, Item
from .layer import Channel, GroupLayer, Layer, Vectors
from .parasite import Carrier, Parasite
from .region import PixelRgn

__all__ = [
    "Channel",
    "Display",
    "Drawable",
    "GroupLayer",
    "Image",
    "Item",
    "Layer",
    "Parasite",
    "PixelRgn",
    "Vectors",
    "attach_new_parasite",
    "delete",
    "displays_flush",
    "error",
    "image_list",
    "message",
    "parasite_attach",
    "parasite_detach",
    "parasite_find",
    "parasite_list",
    "pdb",
    "progress_end",
    "progress_init",
    "progress_pulse",
    "progress_update",
]

version = (2, 10, 36)  # what scripts for GIMP 2 test for; `host_version` tells what really runs

_DIRECTORIES = {
    "directory": "user",
    "data_directory": "data",
    "locale_directory": "locale",
    "sysconf_directory": "sysconf",
    "plug_in_directory": "plug-in",
    "own_directory": "own",
}


def __getattr__(name: str) -> str:
    """Answer for the folders and `host_version`, which only the running host knows."""
    if name in _DIRECTORIES:
        # Scripts ask for the translations' folder when they are loaded, even by a plain Python.
        return host.current().directory(_DIRECTORIES[name]) if host.exists() else ""
    if name == "host_version":
        return host.current().version()
    raise AttributeError(f"module gimp has no attribute {name!r}")


def message(text: str) -> None:
    """Show a message to the user."""
    host.current().message(str(text))


def progress_init(text: Optional[str] = None) -> None:
    """Begin a progress bar."""
    host.current().progress_init(text)


def progress_update(fraction: float) -> None:
    """Move the progress bar to a fraction between 0 and 1."""
    host.current().progress_update(min(max(float(fraction), 0.0), 1.0))


def progress_pulse() -> None:
    """Move the progress bar of a job of unknown length (an extension)."""
    host.current().progress_pulse()


def progress_end() -> None:
    """Take the progress bar away (an extension; otherwise it goes at the end of the run)."""
    host.current().progress_end()


def displays_flush() -> None:
    """Draw all changed pictures on screen."""
    values.call("gimp-displays-flush")


def image_list() -> list[Image]:
    """Return all open images."""
    return cast("list[Image]", values.call("gimp-get-images"))


def delete(thing: Any) -> None:
    """Delete an image, a display, or an item that is in no image; all else is ignored."""
    if isinstance(thing, Image):
        values.call("gimp-image-delete", thing)
    elif isinstance(thing, Display) and thing.ID > 0:
        values.call("gimp-display-delete", thing)
    elif isinstance(thing, Item):
        values.call("gimp-item-delete", thing)


class _Global(Carrier):
    """GIMP itself as a carrier of parasites; its procedures are named a little differently."""

    def parasite_attach(self, parasite: Parasite) -> None:
        values.call("gimp-attach-parasite", parasite)

    def parasite_detach(self, name: str) -> None:
        values.call("gimp-detach-parasite", name)

    def parasite_find(self, name: str) -> Optional[Parasite]:
        if name not in self.parasite_list():
            return None
        return cast(Parasite, values.call("gimp-get-parasite", name))

    def parasite_list(self) -> tuple[str, ...]:
        return tuple(values.call("gimp-get-parasite-list"))


def attach_new_parasite(name: str, flags: int, data: Union[bytes, str]) -> None:
    """Attach data to GIMP itself."""
    _Global().attach_new_parasite(name, flags, data)


def parasite_attach(parasite: Parasite) -> None:
    """Attach a parasite to GIMP itself."""
    _Global().parasite_attach(parasite)


def parasite_detach(name: str) -> None:
    """Take a parasite of GIMP itself away."""
    _Global().parasite_detach(name)


def parasite_find(name: str) -> Optional[Parasite]:
    """Return a parasite of GIMP itself, or None."""
    return _Global().parasite_find(name)


def parasite_list() -> tuple[str, ...]:
    """Return the names of GIMP's own parasites."""
    return _Global().parasite_list()


def _id2image(number: int) -> Any:
    return from_id("image", number)


def _id2drawable(number: int) -> Any:
    found = from_id("item", number)
    return found if isinstance(found, Drawable) else None


def _id2vectors(number: int) -> Any:
    found = from_id("item", number)
    return found if isinstance(found, Vectors) else None


def _id2display(number: int) -> Any:
    return from_id("display", number)
