"""The default dialog: GIMP's own ProcedureDialog, with the widgets that the PF types ask for."""

from __future__ import annotations

from typing import Any, Callable

from gi.repository import GimpUi, GLib, GObject, Gtk

from gimpfu import pf
from gimpfu.registry import Registration

from . import objects

_FLOAT_DIGITS = 4
_GOOD_HEIGHT = 80  # of a text of several lines, in pixels


def show(registration: Registration, procedure: Any, config: Any) -> bool:
    """Let the user change the asked parameters; return False if the user cancels."""
    GimpUi.init(registration.name)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, registration.title)
    rows: list[str] = []
    own: list[Any] = []
    for param in registration.asked:
        if _lacks(param):
            own.append(_chooser(config, param))
        else:
            rows += _WIDGETS.get(param.type.widget, _usual)(dialog, param)
    dialog.fill(rows)
    for widget in own:
        dialog.get_content_area().pack_start(widget, False, False, 6)
        widget.show_all()
    if registration.asked and registration.asked[0].type.widget == "text":
        # Ready to type: by itself the dialog would give the keyboard to its OK button.
        first = dialog.get_widget(registration.asked[0].argument, Gtk.TextView.__gtype__)
        GLib.idle_add(first.grab_focus)
    accepted = bool(dialog.run())
    dialog.destroy()
    return accepted


# -- rows: each function makes its widgets, and returns what `fill` is to show ---------------------


def _usual(_dialog: Any, param: pf.Param) -> list[str]:
    return [param.argument]


def _scale(dialog: Any, param: pf.Param) -> list[str]:
    dialog.get_scale_entry(param.argument, 1.0)
    return [param.argument]


def _spin(dialog: Any, param: pf.Param) -> list[str]:
    low, high, step = param.range
    spin = dialog.get_widget(param.argument, GimpUi.LabelSpin.__gtype__)
    spin.set_increments(step, max(step, min(10 * step, (high - low) / 10)))
    return [param.argument]


def _number(dialog: Any, param: pf.Param) -> list[str]:
    spin = dialog.get_widget(param.argument, GimpUi.LabelSpin.__gtype__)
    if param.type.argument == "double":
        spin.set_digits(_FLOAT_DIGITS)
    return [param.argument]


def _text(dialog: Any, param: pf.Param) -> list[str]:
    view = dialog.get_widget(param.argument, Gtk.TextView.__gtype__)
    view.set_size_request(-1, _GOOD_HEIGHT)
    view.set_accepts_tab(False)  # Tab goes to the next row, as everywhere else
    heading = f"{param.argument}-label"
    label = dialog.get_label(heading, _label(dialog, param), False, True)
    label.set_xalign(0.0)
    label.set_mnemonic_widget(view)
    return [heading, param.argument]


def _label(dialog: Any, param: pf.Param) -> str:
    config = dialog.get_property("config")
    return str(config.find_property(param.argument).nick)


def _radio(dialog: Any, param: pf.Param) -> list[str]:
    dialog.get_widget(param.argument, GimpUi.IntRadioFrame.__gtype__)
    return [param.argument]


def _combo(dialog: Any, param: pf.Param) -> list[str]:
    dialog.get_widget(param.argument, Gtk.ComboBox.__gtype__)
    return [param.argument]


_WIDGETS: dict[str, Callable[[Any, pf.Param], list[str]]] = {
    "scale": _scale,
    "spin": _spin,
    "entry": lambda d, p: _usual(d, p) if p.type.argument == "string" else _number(d, p),
    "text": _text,
    "radio": _radio,
    "combo": _combo,
}


# -- choosers of GIMP 3.0, whose dialog has none for images, paths and items ---------------------


def _lacks(param: pf.Param) -> bool:
    kind = param.type.argument
    return kind in ("image", "path", "item") and not hasattr(GimpUi, "ItemChooser")


def _chooser(config: Any, param: pf.Param) -> Any:
    combos = {"image": GimpUi.ImageComboBox, "path": GimpUi.PathComboBox}
    combo = combos.get(str(param.type.argument), GimpUi.DrawableComboBox).new(None)
    family = "image" if param.type.argument == "image" else "item"
    chosen = config.get_property(param.argument)
    combo.set_active(-1 if chosen is None else chosen.get_id())

    def changed(box: Any) -> None:
        found, number = box.get_active()
        config.set_property(param.argument, objects.find(family, number) if found else None)

    GObject.Object.connect(combo, "changed", changed)  # its own `connect` is another thing
    changed(combo)
    row = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
    label = Gtk.Label.new_with_mnemonic(config.find_property(param.argument).nick)
    label.set_mnemonic_widget(combo)
    row.pack_start(label, False, False, 0)
    row.pack_start(combo, True, True, 0)
    return row
