"""Prompts that were used before, to be found again by some of their words.

State: the prompts that are offered, in the order of their rows.
"""

from typing import Any, Callable, List, Optional

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk, Pango

from shell.i18n import _

__all__ = ["EarlierPrompts"]

WIDTH, HEIGHT = 420, 260


class EarlierPrompts:
    """A popover; *on_take* is told the prompt that is chosen."""

    def __init__(self, on_take: Callable[[str], None]) -> None:
        self._on_take = on_take
        self._prompts: List[str] = []
        self.widget = Gtk.Popover()
        self._search = Gtk.SearchEntry(placeholder_text=_("Words of the prompt"))
        self._search.get_accessible().set_name(_("Search"))
        self._list = Gtk.ListBox()
        self._list.get_accessible().set_name(_("Earlier prompts"))
        self._list.set_placeholder(Gtk.Label(label=_("No prompt has these words."), visible=True))
        self._list.set_filter_func(self._matches)
        self._list.connect("row-activated", lambda _list, row: self._take(row))
        self._search.connect("search-changed", lambda _entry: self._list.invalidate_filter())
        self._search.connect("activate", lambda _entry: self._take_first())
        self._search.connect("key-press-event", self._key)
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        window.set_size_request(WIDTH, HEIGHT)
        window.add(self._list)
        box = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        box.set_border_width(6)
        box.pack_start(self._search, False, False, 0)
        box.pack_start(window, True, True, 0)
        box.show_all()
        self.widget.add(box)

    def offer(self, prompts: List[str]) -> None:
        """Show these, the latest first."""
        self._prompts = list(prompts)
        for prompt in prompts:
            label = Gtk.Label(label=" ".join(prompt.split()), xalign=0, margin=4)
            label.set_ellipsize(Pango.EllipsizeMode.END)
            label.set_tooltip_text(prompt)
            self._list.add(label)
        self._list.show_all()

    def close(self) -> bool:
        """Close it; False where it is not open."""
        shown = self.widget.get_visible()
        self.widget.popdown()
        return bool(shown)

    def _matches(self, row: Any) -> bool:
        prompt = self._prompts[row.get_index()].lower()
        return all(word in prompt for word in self._search.get_text().lower().split())

    def _take(self, row: Any) -> None:
        self.widget.popdown()
        self._search.set_text("")
        self._on_take(self._prompts[row.get_index()])

    def _first(self) -> Optional[Any]:
        return next((row for row in self._list.get_children() if self._matches(row)), None)

    def _take_first(self) -> None:
        row = self._first()
        if row is not None:
            self._take(row)

    def _key(self, _entry: Any, event: Any) -> bool:
        if event.keyval != Gdk.KEY_Down:
            return False
        row = self._first()
        if row is not None:
            row.grab_focus()
        return True
