"""What all windows of Overpaint share: a bar for what has to be said, and the core's answers.

A window runs its own main loop, in which the core's messages are handed out; GIMP stays usable.
"""

import sys
from typing import Any, Callable, Dict, Optional, Sequence, Type

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gdk, GimpUi, GLib, Gtk

import wire
from gimpfu import gimp
from shell import messages
from shell.conversation import Conversation
from shell.i18n import CHOSEN, _

__all__ = ["BORDER", "PADDED", "Window", "labelled", "worded"]

PUMP_MS = 25
BORDER = 12
PADDED = {"left_margin": 6, "right_margin": 6, "top_margin": 4, "bottom_margin": 4}
"""For texts of several lines, which GTK sets right at their borders."""
MENDED_IN_SETTINGS = (
    "key-missing",
    "key-rejected",
    "key-invalid",
    "address-invalid",
    "budget-spent",
    "sending-forbidden",
)
"""The errors, by the core's codes, after which Settings is the next thing to open."""


class Window:
    """A dialog with a bar on top. *role* is for window managers, and to find it again.

    State: the problem that the bar shows, if it shows one; what the bar's own buttons do.
    """

    mended_in_settings: Sequence[str] = MENDED_IN_SETTINGS

    def __init__(self, title: str, role: str, talk: Conversation) -> None:
        GimpUi.init("overpaint")
        # Translators: say default:RTL where your language is written from right to left.
        if _("default:LTR") == "default:RTL":
            Gtk.Widget.set_default_direction(Gtk.TextDirection.RTL)
        elif CHOSEN:  # GIMP's own language may be one that is
            Gtk.Widget.set_default_direction(Gtk.TextDirection.LTR)
        self.talk = talk
        self.problem: Optional[messages.ShellError] = None
        self.dialog = GimpUi.Dialog(title=title, role=role)
        GimpUi.window_set_transient(self.dialog)  # else it is gone behind GIMP's at the next click
        self.dialog.connect("response", self._respond)
        self.dialog.connect("key-press-event", self._key)
        self.content = self.dialog.get_content_area()
        self.content.set_spacing(BORDER)
        self.content.set_border_width(BORDER)
        self._bar = Gtk.InfoBar(no_show_all=True)
        self._told = Gtk.Label(
            xalign=0, wrap=True, width_chars=30, max_width_chars=80, selectable=True
        )
        self._bar.get_content_area().pack_start(self._told, True, True, 0)
        self._bar.connect("response", self._bar_answered)
        self._answers: Dict[int, Callable[[], None]] = {}
        self.content.pack_start(self._bar, False, False, 0)

    # -- for windows to override -------------------------------------------------------------------

    def respond(self, response: int) -> None:
        """Do what a button stands for; closing is done already."""

    def escape(self) -> bool:
        """Do what Escape does first; False where it closes the window."""
        return False

    def shown(self) -> None:
        """Begin, now that the window is on screen."""

    def provider(self) -> str:
        """Return whose settings are to be looked at where they are what is wrong, "" for all."""
        return ""

    def details(self) -> Sequence[str]:
        """Return lines that help someone who is asked about a problem; they hold no secret."""
        return ()

    # -- the loop ----------------------------------------------------------------------------------

    def show(self) -> None:
        """Show the window until it is closed."""
        self.dialog.show_all()
        self.shown()
        pump = GLib.timeout_add(PUMP_MS, self._pump)
        hook, sys.excepthook = sys.excepthook, self._defect
        Gtk.main()
        sys.excepthook = hook
        GLib.source_remove(pump)
        self.dialog.destroy()

    def _defect(self, kind: Type[BaseException], error: BaseException, trace: Any) -> None:
        """Tell what a callback has raised, which GTK would only print."""
        sys.__excepthook__(kind, error, trace)
        self.trouble(messages.defect("{}: {}".format(kind.__name__, error)))

    def close(self) -> None:
        Gtk.main_quit()

    def ask(
        self, what: str, about: Dict[str, Any], then: Callable[[Any], None], **more: Any
    ) -> None:
        """Ask the core; trouble is told in the bar."""
        self.talk.ask(wire.Ask(what=what, about=about), then, self.trouble, **more)

    def _pump(self) -> bool:
        try:
            self.talk.pump()
        except messages.ShellError as error:
            self.trouble(error)
        return True

    def _key(self, _window: Any, event: Any) -> bool:
        if event.keyval != Gdk.KEY_Escape:
            return False
        if not self.escape():
            self.close()
        return True

    def _respond(self, _window: Any, response: int) -> None:
        if response in (Gtk.ResponseType.CLOSE, Gtk.ResponseType.DELETE_EVENT):
            self.close()
        self.respond(response)

    # -- the bar -----------------------------------------------------------------------------------

    def trouble(self, error: messages.ShellError) -> None:
        """Say what is wrong and what to do; the window stays as it is."""
        self.problem = error
        buttons = {_("Copy _Details"): self._copy}
        if getattr(error, "code", "") in self.mended_in_settings:
            buttons[_("Sho_w Settings...")] = self._open_settings
        self.tell(str(error), Gtk.MessageType.ERROR, buttons)

    def tell(
        self,
        sentence: str,
        kind: Any = Gtk.MessageType.INFO,
        buttons: Optional[Dict[str, Callable[[], None]]] = None,
    ) -> None:
        """Show a sentence in the bar, with buttons and what they do; the last gets the keyboard
        where there is a question, so that nothing happens by an Enter too many.
        """
        for button in self._bar.get_action_area().get_children():
            button.destroy()
        self._answers = dict(enumerate((buttons or {}).values(), 1))
        made = [self._bar.add_button(label, n) for n, label in enumerate(buttons or (), 1)]
        self._bar.set_message_type(kind)
        self._told.set_text(sentence)
        self._told.show()
        self._bar.get_content_area().show()
        self._bar.show()
        if made and kind == Gtk.MessageType.QUESTION:
            made[-1].grab_focus()

    def tell_nothing(self) -> None:
        """Take the bar away."""
        self.problem = None
        self._bar.hide()

    def _bar_answered(self, _bar: Any, response: int) -> None:
        if response in self._answers:
            self._answers[response]()

    def _open_settings(self) -> None:
        from shell.dialogs.settings import SettingsDialog

        conversation = Conversation()
        try:
            SettingsDialog(_("Settings"), conversation, self.provider()).show()
        finally:
            conversation.close()

    def _copy(self) -> None:
        error = self.problem
        lines = [
            "GIMP {}".format(gimp.host_version),
            *self.details(),
            "code: {}".format(getattr(error, "code", "") or type(error).__name__),
            str(error),
        ]
        clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
        clipboard.set_text("\n".join(lines), -1)
        clipboard.store()


def worded(spin: Any, number: int, word: str) -> None:
    """Let *spin* say a word where its number stands for something else."""

    def say(_spin: Any) -> bool:
        if spin.get_value() != number:
            return False
        if spin.get_text() != word:
            spin.set_text(word)
        return True

    # The word is no number: it must not be taken for 0 when the keyboard goes elsewhere.
    spin.set_numeric(False)
    spin.set_update_policy(Gtk.SpinButtonUpdatePolicy.IF_VALID)
    spin.connect("output", say)
    spin.set_width_chars(len(word))
    spin.update()
    say(spin)


def labelled(grid: Any, line: int, title: str, widget: Any) -> None:
    """Put *widget* into a line of *grid*, with a label that leads to it."""
    label = Gtk.Label.new_with_mnemonic(title)
    label.set_xalign(0)
    label.set_mnemonic_widget(widget)
    widget.set_hexpand(True)
    grid.attach(label, 0, line, 1, 1)
    grid.attach(widget, 1, line, 1, 1)
