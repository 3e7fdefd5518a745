"""The window of an edit: what will be sent, what is wanted, what came back; it stays open.

GIMP stays usable meanwhile. Enter generates; when candidates are there, Enter adds the marked
ones to the image; Escape stops a run, then closes. State: a run is under way, its candidates are
there, or neither, which decides what the buttons do.
"""

import time
from typing import Any, List, Optional

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gdk, GimpUi, GLib, Gtk

import wire
from gimpfu import gimp
from shell import messages, recipes, session
from shell.conversation import Conversation
from shell.dialogs import pictures
from shell.dialogs.fields import Fields
from shell.dialogs.results import Results
from shell.i18n import _, many

__all__ = ["EditDialog"]

PUMP_MS = 25
LOOK_MS = 120
"""How long typing and turning must rest before the crop is looked at again."""
TICK_MS = 500
GENERATE, KEEP, STOP = 1, 2, 3
BORDER = 12


class EditDialog(session.Listener):
    """One window for one edit of one layer. *context* is the shim's, *edit* the recipe's word."""

    def __init__(self, context: Any, edit: str, conversation: Conversation, whole: bool) -> None:
        self._context = context
        self._edit = edit
        self._talk = conversation
        self._session = session.Session(
            context.image, context.drawable, conversation, self, or_everything=whole
        )
        self.kept: Optional[Any] = None
        self._original: Optional[Any] = None
        self._crop: Optional[Any] = None
        self._receiver = ""
        self._allowed = False
        self._eager = False
        self._timer = 0
        self._began = 0.0
        self._phase = ""
        self._problem: Optional[messages.ShellError] = None
        GimpUi.init("overpaint")
        self._build()

    def run(self) -> bool:
        """Show the window until the user has kept something or closes it; tell which."""
        self._window.show_all()
        self._bar.hide()
        self._stop.hide()
        self._keep.hide()
        self._fields.focus()
        self._talk.ask(wire.Ask(what="facts", about={}), self._know, self.trouble)
        sources = [GLib.timeout_add(PUMP_MS, self._pump), GLib.timeout_add(TICK_MS, self._tick)]
        self._look_soon()
        Gtk.main()
        for source in sources:
            GLib.source_remove(source)
        if self._timer:
            GLib.source_remove(self._timer)
        self._window.destroy()
        return self.kept is not None

    # -- the window --------------------------------------------------------------------------------

    def _build(self) -> None:
        self._window = GimpUi.Dialog(title=self._context.title, role="overpaint-edit")
        self._close = self._window.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._stop = self._window.add_button(_("S_top"), STOP)
        self._generate = self._window.add_button(_("_Generate"), GENERATE)
        self._keep = self._window.add_button(_("_Add to Image"), KEEP)
        self._window.set_default_response(GENERATE)
        self._window.connect("response", self._respond)
        self._window.connect("key-press-event", self._key)
        self._fields = Fields(self._context.values, self._changed, self._start, self._ask_provider)
        self._picture = pictures.Comparison(session.CROP, _("What will be sent"))
        self._caption = Gtk.Label(xalign=0, wrap=True, max_width_chars=44, selectable=True)
        left = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        frame = Gtk.Frame()
        frame.add(self._picture.widget)
        left.pack_start(frame, False, False, 0)
        left.pack_start(self._caption, False, False, 0)
        columns = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, BORDER)
        columns.pack_start(left, False, False, 0)
        columns.pack_start(self._fields.widget, True, True, 0)
        self._results = Results(self._look_at, self._marked)
        self._progress = Gtk.ProgressBar(show_text=True, no_show_all=True)
        content = self._window.get_content_area()
        content.set_spacing(BORDER)
        content.set_border_width(BORDER)
        content.pack_start(self._make_bar(), False, False, 0)
        content.pack_start(columns, True, True, 0)
        content.pack_start(self._results.widget, False, False, 0)
        content.pack_start(self._progress, False, False, 0)

    def _make_bar(self) -> Any:
        self._bar = Gtk.InfoBar(show_close_button=False)
        self._told = Gtk.Label(xalign=0, wrap=True, max_width_chars=80, selectable=True)
        self._bar.get_content_area().pack_start(self._told, True, True, 0)
        self._copy = self._bar.add_button(_("C_opy Details"), Gtk.ResponseType.HELP)
        self._send = self._bar.add_button(_("Sen_d"), Gtk.ResponseType.OK)
        self._always = self._bar.add_button(_("Al_ways Send"), Gtk.ResponseType.APPLY)
        self._bar.connect("response", self._bar_answered)
        return self._bar

    def _key(self, _window: Any, event: Any) -> bool:
        if event.keyval != Gdk.KEY_Escape:
            return False
        self._respond(None, STOP if self._session.running else Gtk.ResponseType.CLOSE)
        return True

    def _respond(self, _window: Any, response: int) -> None:
        if response == GENERATE:
            self._start()
        elif response == STOP:
            self._cancel()
        elif response == KEEP:
            self._keep_marked()
        else:
            self._session.cancel()
            Gtk.main_quit()

    # -- what will be sent -------------------------------------------------------------------------

    def _changed(self) -> None:
        for name, value in self._fields.values().items():
            self._context.set(name, value)
        if self._keep.get_visible():
            self._window.set_default_response(GENERATE)
        self._look_soon()

    def _look_soon(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)

        def look() -> bool:
            self._timer = 0
            self._session.foresee(self._request())
            return False

        self._timer = GLib.timeout_add(LOOK_MS, look)

    def _request(self) -> session.Request:
        values = self._fields.values()
        styled = values.get("style_layer") is not None or values.get("style_file")
        roles = ["style"] if styled else []
        recipe = recipes.recipe(self._edit, values)
        return session.Request(recipe, recipes.name(self._edit, values), roles)

    def outlook(self, outlook: wire.Outlook) -> None:
        """Show the crop with its mask, and what is to be known of it."""
        self._crop = pictures.pixbuf(outlook)
        self._receiver = outlook.data["receiver"] or ""
        self._caption.set_text("\n".join(_facts(outlook.data)))
        if not self._results.any():
            self._picture.show(self._crop)
        if self._problem is not None and not self._session.running:
            self._tell_nothing()

    def _know(self, answer: wire.Answer) -> None:
        self._fields.know(answer.data, self._edit)
        self._allowed = self._fields.able().get("privacy") == "allow"
        self._look_soon()
        if self._eager:
            self._eager = False
            self._start()

    def _ask_provider(self, name: str, model: str) -> None:
        def known(answer: wire.Answer) -> None:
            self._fields.update(answer.data)

        about = {"name": name, "model": model}
        self._talk.ask(wire.Ask(what="provider", about=about), known, self.trouble)

    # -- a run -------------------------------------------------------------------------------------

    def _start(self) -> None:
        able = self._fields.able()
        if self._session.running:
            return
        if not able:  # the core is still starting: as soon as it has said who there is
            self._eager = True
            return
        hosted = able["receiver"]
        if hosted and able["privacy"] == "ask" and not self._allowed:
            self._ask_to_send(hosted)
            return
        self._tell_nothing()
        self._results.clear()
        try:
            shown = recipes.shown(self._fields.values())
            self._session.run(self._request(), shown)
        except messages.ShellError as error:
            self.trouble(error)
            return
        self._began = time.monotonic()
        self._phase = _("Waiting for Overpaint's core")
        self._progress.set_fraction(0)
        self._show_buttons()
        self._tick()

    def _ask_to_send(self, receiver: str) -> None:
        self._told.set_text(
            _("The crop that is shown will be sent to {}. Is that all right?").format(receiver)
        )
        self._show_bar(Gtk.MessageType.QUESTION, (self._send, self._always))
        self._send.grab_focus()

    def _bar_answered(self, _bar: Any, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
            clipboard.set_text(self._details(), -1)
            clipboard.store()
            return
        self._allowed = True
        if response == Gtk.ResponseType.APPLY:
            change = {"providers": {self._fields.able()["name"]: {"privacy": "allow"}}}
            ask = wire.Ask(what="change-settings", about=change)
            self._talk.ask(ask, lambda _answer: None, self.trouble)
        self._start()

    def _details(self) -> str:
        """Return what helps someone who is asked about the problem; holds no secret."""
        values = self._fields.values()
        error = self._problem
        facts = [
            "Overpaint, {}".format(self._edit),
            "GIMP {}".format(gimp.host_version),
            "provider: {}, model: {}".format(values["provider"], values["model"] or "usual"),
            "code: {}".format(getattr(error, "code", "") or type(error).__name__),
            str(error),
        ]
        return "\n".join(facts)

    def _cancel(self) -> None:
        self._session.cancel()
        self._show_buttons()
        self._look_soon()

    def progress(self, fraction: Optional[float], phase: str) -> None:
        """Move the bar; pulse where nobody knows."""
        self._phase = phase or self._phase
        if fraction is None:
            self._progress.pulse()
        else:
            self._progress.set_fraction(fraction)

    def view(self, view: wire.View) -> None:
        """Show a picture of the run."""
        picture = pictures.pixbuf(view)
        if view.stage == "original":
            self._original = picture
            self._picture.show(self._crop or picture)
            return
        self._results.show(view.number, picture)
        if view.number == 0 or view.stage == "preview":
            self._picture.show(picture, self._original)

    def candidate(self, number: int) -> None:
        """Let a candidate be kept, as soon as it is there."""
        self._results.arrived(number)

    def ended(self, notices: List[str]) -> None:
        """Offer what is there."""
        self._show_buttons()
        if notices:
            self._told.set_text(" ".join(notices))
            self._show_bar(Gtk.MessageType.INFO, ())
        self._keep.grab_focus()

    def trouble(self, error: messages.ShellError) -> None:
        """Say what is wrong and what to do; the window stays as it is."""
        self._problem = error
        self._told.set_text(str(error))
        self._show_bar(Gtk.MessageType.ERROR, (self._copy,))
        self._show_buttons()

    def _show_bar(self, kind: Any, buttons: Any) -> None:
        self._bar.set_message_type(kind)
        for button in (self._copy, self._send, self._always):
            button.set_visible(button in buttons)
        self._told.show()
        self._bar.show()

    def _tell_nothing(self) -> None:
        self._problem = None
        self._bar.hide()

    def _show_buttons(self) -> None:
        running, marked = self._session.running, self._results.marked()
        self._progress.set_visible(running)
        self._stop.set_visible(running)
        self._generate.set_sensitive(not running)
        self._keep.set_visible(bool(marked))
        self._keep.set_sensitive(bool(marked) and not running)
        count = len(marked)
        label = _("_Add to Image")
        if count > 1:
            label = many("_Add {} to Image", "_Add {} to Image", count).format(count)
        self._keep.set_label(label)
        self._window.set_default_response(KEEP if marked and not running else GENERATE)

    # -- candidates --------------------------------------------------------------------------------

    def _look_at(self, number: int) -> None:
        self._picture.show(self._results.picture(number), self._original)

    def _marked(self) -> None:
        self._show_buttons()

    def _keep_marked(self) -> None:
        try:
            self.kept = self._session.keep(self._results.marked())
        except messages.ShellError as error:
            self.trouble(error)
            return
        Gtk.main_quit()

    # -- clockwork ---------------------------------------------------------------------------------

    def _pump(self) -> bool:
        try:
            self._talk.pump()
        except messages.ShellError as error:
            self.trouble(error)
        return True

    def _tick(self) -> bool:
        if self._session.running:
            seconds = int(time.monotonic() - self._began)
            self._progress.set_text(
                _("{phase}, {seconds} s").format(phase=self._phase, seconds=seconds)
            )
        return True


def _facts(data: Any) -> List[str]:
    """Return what is to be known before something is sent, a line each."""
    _x, _y, width, height = data["region"]
    sizes = sorted({"{}×{}".format(*size) for size in data["sizes"]})
    lines = [
        _("{width}×{height} pixels, sent as {sizes}").format(
            width=width, height=height, sizes=", ".join(sizes)
        )
    ]
    if data["resolution"] < 1:
        lines.append(_("{:.0f} % of the resolution is left").format(100 * data["resolution"]))
    if not data["receiver"]:
        lines.append(_("Nothing leaves this computer"))
        return lines
    lines.append(_("Goes to {}").format(data["receiver"]))
    requests = data["requests"]
    cost = data["cost"]
    if cost is None:
        price = _("price not known")
    elif cost == 0:
        price = _("free")
    else:
        price = _("about ${:.3f}").format(cost)
    told = many("{} request, {}", "{} requests, {}", requests).format(requests, price)
    lines.append(told)
    if data["budget"] is not None:
        lines.append(
            _("${spent:.2f} of ${budget:.2f} spent today").format(
                spent=data["spent_today"], budget=data["budget"]
            )
        )
    return lines
