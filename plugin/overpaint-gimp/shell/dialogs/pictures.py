"""Pictures in a dialog: from the wire's bytes to what GTK shows, and one that compares two."""

from typing import Any, Optional

import cairo
import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

__all__ = ["Comparison", "pixbuf", "put", "scaled"]


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


def put(image: Any, picture: Any, longest: int) -> None:
    """Show *picture* in *image*, its longest side as long as that, as sharp as the screen is."""
    factor = image.get_scale_factor()
    small = scaled(picture, longest * factor)
    image.set_from_surface(Gdk.cairo_surface_create_from_pixbuf(small, factor, None))


class Comparison:
    """A picture that shows another one while it is pressed, by mouse or space bar.

    It takes all the room that there is, at least *side* both ways.
    """

    def __init__(self, side: int, name: str) -> None:
        self._picture: Optional[Any] = None
        self._other: Optional[Any] = None
        self._shown: Optional[Any] = None
        self._area = Gtk.DrawingArea()
        self._area.set_size_request(side, side)
        self._area.connect("draw", self._draw)
        self.widget = Gtk.EventBox()
        self.widget.set_can_focus(True)
        self.widget.add(self._area)
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
        self._shown = self._other if other and self._other else self._picture
        self._area.queue_draw()

    def _draw(self, area: Any, context: Any) -> bool:
        if self._shown is None:
            return False
        width, height = self._shown.get_width(), self._shown.get_height()
        across, down = area.get_allocated_width(), area.get_allocated_height()
        scale = min(across / width, down / height)
        context.translate((across - width * scale) / 2, (down - height * scale) / 2)
        context.scale(scale, scale)
        Gdk.cairo_set_source_pixbuf(context, self._shown, 0, 0)
        context.get_source().set_extend(cairo.EXTEND_PAD)  # else an enlarged one has soft edges
        context.rectangle(0, 0, width, height)
        context.fill()
        return False

    def _key(self, _widget: Any, event: Any, pressed: bool) -> bool:
        if event.keyval != Gdk.KEY_space:
            return False
        self._show(other=pressed)
        return True
