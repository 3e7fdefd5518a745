"""The candidates of a run as they arrive: a row of thumbnails; which are kept, which is looked at.

State: pictures and marks by the candidates' numbers; which of them are there whole, and were
before the last run; whether the user has chosen among its own.
"""

from typing import Any, Callable, Dict, List, Optional, Set

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk

from shell.dialogs import pictures
from shell.i18n import _

__all__ = ["Results"]

SIDE = 96


class Results:
    """*on_look* is told whose picture is looked at, *on_mark* when a mark has changed."""

    def __init__(self, on_look: Callable[[int], None], on_mark: Callable[[], None]) -> None:
        self._on_look = on_look
        self._on_mark = on_mark
        self._pictures: Dict[int, Any] = {}
        self._originals: Dict[int, Any] = {}
        self._boxes: Dict[int, Any] = {}
        self._images: Dict[int, Any] = {}
        self._marks: Dict[int, Any] = {}
        self._there: Set[int] = set()
        self._before: Set[int] = set()
        self._chosen = self._marking = False
        self._row = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        self.widget = Gtk.ScrolledWindow()
        self.widget.set_policy(Gtk.PolicyType.AUTOMATIC, Gtk.PolicyType.NEVER)
        self.widget.add(self._row)
        self.widget.set_no_show_all(True)

    def begin(self) -> None:
        """Make room for another run: its first candidate will be marked, none of those before."""
        for number in self._pictures.keys() - self._there:
            self.remove(number)  # a preview of what never came
        self._before, self._chosen = set(self._there), False
        self._mark_only(None)

    def remove(self, number: int) -> None:
        """Forget a candidate."""
        self._there.discard(number)
        for known in (self._pictures, self._originals, self._images, self._marks):
            known.pop(number, None)
        self._boxes.pop(number).destroy()

    def show(self, number: int, picture: Any, original: Any) -> None:
        """Show what candidate *number* looks like, so far or at last, and what was there before."""
        self._pictures[number], self._originals[number] = picture, original
        if number not in self._images:
            self._add(number)
        pictures.put(self._images[number], picture, SIDE)

    def arrived(self, number: int) -> None:
        """Let candidate *number* be kept; of its run the first is, until the user chooses."""
        self._marks[number].set_sensitive(True)
        self._there.add(number)
        if not self._chosen:
            self._mark_only(min(self._there - self._before))
        self._on_mark()

    def _mark_only(self, number: Optional[int]) -> None:
        self._marking = True
        for each, mark in self._marks.items():
            mark.set_active(each == number)
        self._marking = False

    def picture(self, number: int) -> Optional[Any]:
        """Return what candidate *number* looks like."""
        return self._pictures.get(number)

    def original(self, number: int) -> Optional[Any]:
        """Return what was there before it."""
        return self._originals.get(number)

    def any(self) -> bool:
        """Tell whether there is a picture of a candidate."""
        return bool(self._pictures)

    def marked(self) -> List[int]:
        """Return the numbers of what is to be kept."""
        return sorted(number for number, mark in self._marks.items() if mark.get_active())

    def _toggled(self, _mark: Any) -> None:
        if not self._marking:
            self._chosen = True
            self._on_mark()

    def _add(self, number: int) -> None:
        box = self._boxes[number] = Gtk.Box.new(Gtk.Orientation.VERTICAL, 2)
        image = self._images[number] = Gtk.Image()
        image.set_size_request(SIDE, SIDE)
        button = Gtk.Button()
        button.set_relief(Gtk.ReliefStyle.NONE)
        button.add(image)
        title = _("Candidate {}").format(number + 1)
        button.get_accessible().set_name(title)
        button.set_tooltip_text(_("Look at this one; press the large picture to compare"))
        button.connect("clicked", lambda _button: self._on_look(number))
        button.connect("focus-in-event", lambda *_event: self._on_look(number))
        mark = self._marks[number] = Gtk.CheckButton.new_with_mnemonic(
            _("Keep _{}").format(number + 1)
        )
        mark.set_sensitive(False)
        mark.set_halign(Gtk.Align.CENTER)
        mark.connect("toggled", self._toggled)
        box.pack_start(button, False, False, 0)
        box.pack_start(mark, False, False, 0)
        box.show_all()
        self._row.pack_start(box, False, False, 0)
        # They arrive in any order, and stand in theirs.
        self._row.reorder_child(box, sum(each < number for each in self._images))
        self._row.show()
        self.widget.show()
