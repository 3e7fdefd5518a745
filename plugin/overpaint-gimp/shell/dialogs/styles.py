"""The list of named styles, each with a small picture of what it makes of a photograph."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib, Gtk

from shell.i18n import _

__all__ = ["StyleList"]

FOLDER = Path(__file__).resolve().parents[2] / "styles"
SIDE = 48
COLUMNS = 3


class StyleList:
    """*on_choose* is told the id of the style that is chosen, "" for none."""

    def __init__(self, on_choose: Callable[[str], None]) -> None:
        self._rows = Gtk.ListStore(str, str, GdkPixbuf.Pixbuf)
        self._rows.append(["", _("As the prompt says"), None])
        self.widget = Gtk.ComboBox(model=self._rows, id_column=0)
        self.widget.set_wrap_width(COLUMNS)
        picture, title = Gtk.CellRendererPixbuf(), Gtk.CellRendererText(xpad=6)
        self.widget.pack_start(picture, False)
        self.widget.add_attribute(picture, "pixbuf", 2)
        self.widget.pack_start(title, True)
        self.widget.add_attribute(title, "text", 1)
        self.widget.set_active(0)
        self.widget.connect("changed", lambda combo: on_choose(combo.get_active_id() or ""))

    def offer(self, styles: List[Dict[str, Any]], chosen: str) -> None:
        """Put *styles* into the list, and choose one of them."""
        for each in styles:
            self._rows.append([each["id"], each["title"], _picture(each["id"])])
        self.widget.set_active_id(chosen)


def _picture(style: str) -> Optional[Any]:
    path = FOLDER / "{}.jpg".format(style)
    try:
        return GdkPixbuf.Pixbuf.new_from_file_at_size(str(path), SIDE, SIDE)
    except GLib.Error:  # the core may know styles that this plug-in has no picture of
        return None
