"""The window that says whether Overpaint's installation is well, and how to mend it."""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk

import wire
from shell import messages
from shell.conversation import Conversation
from shell.dialogs.window import Window
from shell.i18n import _

__all__ = ["SetupDialog"]

SIZE = (620, 420)


class SetupDialog(Window):
    """A list of what was looked at, and a sentence in the bar."""

    def __init__(self, title: str, talk: Conversation) -> None:
        super().__init__(title, "overpaint-setup", talk)
        self.dialog.set_default_size(*SIZE)
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._rows = Gtk.Grid(row_spacing=6, column_spacing=12)
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.NONE)
        window.add(self._rows)
        self.content.pack_start(window, True, True, 0)

    def shown(self) -> None:
        """Look, and say so."""
        self.tell(_("Looking..."))
        self.ask("check-setup", {}, self._found)

    def _found(self, answer: wire.Answer) -> None:
        for line, finding in enumerate(answer.data["findings"]):
            mark = "✓" if finding["ok"] else "✗" if finding["required"] else "·"
            said = " ".join(filter(None, (finding["detail"], finding["fix"])))
            for column, text in enumerate((mark, finding["name"], said)):
                label = Gtk.Label(label=text, xalign=0, yalign=0, wrap=True, selectable=True)
                label.set_hexpand(column == 2)
                self._rows.attach(label, column, line, 1, 1)
        self._rows.show_all()
        if answer.data["ok"]:
            self.tell(_("All is well."))
        else:
            self.trouble(messages.setup_unwell())
