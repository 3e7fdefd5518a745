"""Pictures in a dialog: from the wire's bytes to what GTK shows, and one that compares two."""

from typing import Any, Optional

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

__all__ = ["Comparison", "pixbuf", "scaled"]


def pixbuf(view: Any) -> Any:
    """Return the picture of a view or an outlook."""
    data = GLib.Bytes.new(bytes(view.pixels))
    rgb, stride = GdkPixbuf.Colorspace.RGB, 3 * view.width
    return GdkPixbuf.Pixbuf.new_from_bytes(data, rgb, False, 8, view.width, view.height, stride)


def scaled(picture: Any, longest: int) -> Any:
    """Return *picture* with its longest side as long as that."""
    width, height = picture.get_width(), picture.get_height()
    factor = longest / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return picture.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)


class Comparison:
    """A picture that shows another one while it is pressed, by mouse or space bar."""

    def __init__(self, side: int, name: str) -> None:
        self._picture: Optional[Any] = None
        self._other: Optional[Any] = None
        self._image = Gtk.Image()
        self._image.set_size_request(side, side)
        self.widget = Gtk.EventBox()
        self.widget.set_can_focus(True)
        self.widget.add(self._image)
        self.widget.get_accessible().set_name(name)
        self.widget.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON_RELEASE_MASK)
        self.widget.connect("button-press-event", lambda *_: self._show(other=True))
        self.widget.connect("button-release-event", lambda *_: self._show(other=False))
        self.widget.connect("key-press-event", self._key, True)
        self.widget.connect("key-release-event", self._key, False)

    def show(self, picture: Any, other: Optional[Any] = None) -> None:
        """Show *picture*, and *other* while it is pressed."""
        self._picture, self._other = picture, other
        self._show(other=False)

    def _show(self, *, other: bool) -> None:
        self._image.set_from_pixbuf(self._other if other and self._other else self._picture)

    def _key(self, _widget: Any, event: Any, pressed: bool) -> bool:
        if event.keyval != Gdk.KEY_space:
            return False
        self._show(other=pressed)
        return True
