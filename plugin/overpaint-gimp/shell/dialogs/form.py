"""Rows of a label and a widget, in a grid and in sections that fold away, each with a value's name.

State: the values, and the rows by the names of the values that they show.
"""

from typing import Any, Callable, Dict, List, Optional

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk

__all__ = ["Form"]


class Form:
    """*values* are shown and changed; *on_change* is told of each change."""

    def __init__(self, values: Dict[str, Any], on_change: Callable[[], None]) -> None:
        self.values = dict(values)
        self._on_change = on_change
        self._rows: Dict[str, List[Any]] = {}
        self.widget = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        self.grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        """Where rows are added now."""
        self._line = 0

    def begin(self) -> None:
        """Begin the rows that are always there."""
        self.widget.pack_start(self.grid, False, False, 0)

    def section(self, title: str, name: str = "") -> Any:
        """Begin rows that are folded away; return what holds them, a row of *name*."""
        expander = Gtk.Expander.new_with_mnemonic(title)
        self.grid = Gtk.Grid(row_spacing=6, column_spacing=12, margin_top=6)
        self._line = 0
        expander.add(self.grid)
        self.widget.pack_start(expander, False, False, 0)
        if name:
            self._rows[name] = [expander]
        return expander

    def put(self, name: str, value: Any) -> None:
        """Let *name* have another value."""
        self.values[name] = value
        self._on_change()

    def show(self, name: str, visible: bool) -> None:
        """Show or hide the row of *name*, if it is there."""
        for widget in self._rows.get(name, ()):
            widget.set_visible(visible)

    # -- rows --------------------------------------------------------------------------------------

    def attach(self, name: str, label: Any, widget: Any) -> None:
        """Add a row."""
        widget.set_hexpand(True)
        self.grid.attach(label, 0, self._line, 1, 1)
        self.grid.attach(widget, 1, self._line, 1, 1)
        self._rows[name] = [label, widget]
        self._line += 1

    def row(self, name: str, title: str, widget: Any, focus: Optional[Any] = None) -> None:
        """Add a row whose label leads the keyboard to *focus*, or to *widget*."""
        label = Gtk.Label.new_with_mnemonic(title)
        label.set_xalign(0)
        label.set_mnemonic_widget(focus or widget)
        self.attach(name, label, widget)

    def text(self, name: str, title: str) -> Any:
        """Add a line of text."""
        entry = Gtk.Entry(text=self.values[name] or "", activates_default=True)
        entry.connect("changed", lambda _entry: self.put(name, entry.get_text()))
        self.row(name, title, entry)
        return entry

    def check(self, name: str, title: str) -> None:
        """Add something to be ticked."""
        check = Gtk.CheckButton.new_with_mnemonic(title)
        check.set_active(bool(self.values[name]))
        check.connect("toggled", lambda _check: self.put(name, check.get_active()))
        self.attach(name, Gtk.Label(), check)

    def spin(self, name: str, title: str, low: int, high: int, beside: Optional[Any] = None) -> Any:
        """Add a whole number from *low* to *high*, and a widget *beside* it."""
        spin = Gtk.SpinButton.new_with_range(low, high, 1)
        spin.set_value(self.values[name])
        spin.set_activates_default(True)
        spin.connect("value-changed", lambda _spin: self.put(name, spin.get_value_as_int()))
        if beside is None:
            self.row(name, title, spin)
            return spin
        box = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        box.pack_start(spin, True, True, 0)
        box.pack_start(beside, False, False, 0)
        self.row(name, title, box, spin)
        return spin

    def scale(self, name: str, title: str, low: float, high: float) -> None:
        """Add a number from *low* to *high*, of two digits."""
        scale = _scale(low, high)
        scale.set_digits(2)
        scale.set_value(self.values[name])
        scale.connect("value-changed", lambda _scale: self.put(name, scale.get_value()))
        self.row(name, title, scale)

    def share(self, name: str, title: str, usual: float, otherwise: str) -> None:
        """Add a share from 0 to 1, or -1 for leaving it to who *otherwise* says."""
        own = self.values[name]
        scale = _scale(0, 1)
        scale.set_value(own if own >= 0 else usual)
        scale.set_sensitive(own >= 0)
        check = Gtk.CheckButton.new_with_mnemonic(title)
        check.set_tooltip_text(otherwise)
        check.set_active(own >= 0)

        def tell(_widget: Any) -> None:
            scale.set_sensitive(check.get_active())
            self.put(name, scale.get_value() if check.get_active() else -1.0)

        check.connect("toggled", tell)
        scale.connect("value-changed", tell)
        self.attach(name, check, scale)


def _scale(low: float, high: float) -> Any:
    scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, low, high, 0.05)
    scale.set_value_pos(Gtk.PositionType.RIGHT)
    return scale
