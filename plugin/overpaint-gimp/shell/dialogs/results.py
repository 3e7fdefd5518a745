"""The candidates of a run as they arrive: a row of thumbnails; which are kept, which is looked at.

State: pictures and marks by the candidates' numbers, which of them are *there* whole, and whether
the user has *chosen* among them.
"""

from typing import Any, Callable, Dict, List, Optional

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
        self._images: Dict[int, Any] = {}
        self._marks: Dict[int, Any] = {}
        self._there: List[int] = []
        self._chosen = self._marking = False
        self._row = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        self.widget = Gtk.ScrolledWindow()
        self.widget.set_policy(Gtk.PolicyType.AUTOMATIC, Gtk.PolicyType.NEVER)
        self.widget.add(self._row)
        self.widget.set_no_show_all(True)

    def clear(self) -> None:
        """Forget all candidates."""
        for child in self._row.get_children():
            child.destroy()
        self._pictures, self._images, self._marks = {}, {}, {}
        self._there, self._chosen = [], False
        self.widget.hide()

    def show(self, number: int, picture: Any) -> None:
        """Show what candidate *number* looks like, so far or at last."""
        self._pictures[number] = picture
        if number not in self._images:
            self._add(number)
        self._images[number].set_from_pixbuf(pictures.scaled(picture, SIDE))

    def arrived(self, number: int) -> None:
        """Let candidate *number* be kept; the first of all that are there is, unless the user has
        said otherwise.
        """
        self._marks[number].set_sensitive(True)
        self._there.append(number)
        if not self._chosen:
            self._marking = True
            for each, mark in self._marks.items():
                mark.set_active(each == min(self._there))
            self._marking = False
        self._on_mark()

    def picture(self, number: int) -> Optional[Any]:
        """Return what candidate *number* looks like."""
        return self._pictures.get(number)

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
        box = Gtk.Box.new(Gtk.Orientation.VERTICAL, 2)
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
