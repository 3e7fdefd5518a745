"""The window of an edit: what will be sent, what is wanted, what came back; it stays open.

GIMP stays usable meanwhile. Enter generates; when candidates are there, Enter adds the marked
ones to the image; Escape stops a run, then closes. State: a run is under way, its candidates are
there, or neither, which decides what the buttons do.
"""

import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk

import wire
from shell import messages, recipes, session, timings
from shell.conversation import Conversation
from shell.dialogs import pictures
from shell.dialogs.fields import Fields
from shell.dialogs.results import Results
from shell.dialogs.window import BORDER, Window
from shell.i18n import _, many

__all__ = ["EditDialog", "Task"]

LOOK_MS = 120
"""How long typing and turning must rest before the crop is looked at again."""
TICK_MS = 500
SIDE = 360
"""Pixels of the picture both ways, at least."""
SMALLEST = 300
"""Pixels that the fields get at least."""
OTHERS = 320
"""Pixels for what is above and below them: a bar, candidates, buttons, the window's title."""
GENERATE, KEEP, STOP = 1, 2, 3


class Task(NamedTuple):
    """What the window is for: the recipe's word for the edit, where, and what the fields say.

    *remember* is told each value by its name. *whole*: no selection means the whole layer.
    *mask*: a layer whose mask is taken for the selection. What is kept goes above *over*.
    """

    title: str
    edit: str
    image: Any
    layer: Any
    values: Dict[str, Any]
    remember: Callable[[str, Any], None]
    whole: bool = False
    mask: Optional[Any] = None
    over: Optional[Any] = None


class EditDialog(Window, session.Listener):
    """One window for one task; *kept* is the new layer or group once something was kept."""

    def __init__(self, task: Task, conversation: Conversation) -> None:
        super().__init__(task.title, "overpaint-edit", conversation)
        self._task = task
        self._session = session.Session(
            task.image, task.layer, conversation, self, task.whole, task.mask, task.over
        )
        self.kept: Optional[Any] = None
        self._original: Optional[Any] = None
        self._first = 0
        self._crop: Optional[Any] = None
        self._allowed: Set[str] = set()
        self._eager = False
        self._blind = False
        self._seen = False
        self._timer = 0
        self._began = 0.0
        self._usual: Optional[float] = None
        self._phase = ""
        self._build()

    def run(self) -> bool:
        """Show the window until the user has kept something or closes it; tell which."""
        tick = GLib.timeout_add(TICK_MS, self._tick)
        self.show()
        GLib.source_remove(tick)
        if self._timer:
            GLib.source_remove(self._timer)
        return self.kept is not None

    def shown(self) -> None:
        """Ask what there is, and let the user type."""
        self.dialog.connect("draw", self._drawn)
        self.dialog.connect("focus-in-event", self._come_back)
        self._stop.hide()
        self._keep.hide()
        self._fields.focus()
        self.ask("facts", {}, self._know)
        self._look_soon()

    def _drawn(self, *_event: Any) -> bool:
        if not self._seen:
            self._seen = True
            timings.moment("window")
        return False

    def _come_back(self, *_event: Any) -> bool:
        """Look at the document again: the user may have been at work in it."""
        if self._crop is not None:
            self._session.look_anew()
            self._look_soon()
        return False

    # -- the window --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._stop = self.dialog.add_button(_("_Stop"), STOP)
        self._generate = self.dialog.add_button(_("_Generate"), GENERATE)
        self._keep = self.dialog.add_button(_("_Add to Image"), KEEP)
        self.dialog.set_default_response(GENERATE)
        self._fields = Fields(self._task.values, self._changed, self._start, self.ask)
        self._picture = pictures.Comparison(SIDE, _("What will be sent"))
        self._caption = Gtk.Label(xalign=0, wrap=True, max_width_chars=44, selectable=True)
        left = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        frame = Gtk.Frame()
        frame.add(self._picture.widget)
        left.pack_start(frame, True, True, 0)
        left.pack_start(self._caption, False, False, 0)
        columns = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, BORDER)
        columns.pack_start(left, True, True, 0)
        fields = _no_higher(self._fields.widget)
        fields.set_hexpand(False)  # who makes the window larger wants to see more of the picture
        columns.pack_start(fields, False, False, 0)
        self._results = Results(self._look_at, self._show_buttons)
        self._progress = Gtk.ProgressBar(show_text=True, no_show_all=True)
        self.content.pack_start(columns, True, True, 0)
        self.content.pack_start(self._results.widget, False, False, 0)
        self.content.pack_start(self._progress, False, False, 0)

    def escape(self) -> bool:
        """Close a list that is open, or stop a run; without either, the window closes."""
        if self._fields.escape():
            return True
        running = self._session.running
        if running:
            self._cancel()
        return running

    def respond(self, response: int) -> None:
        """Do what a button stands for."""
        if response == GENERATE:
            self._start()
        elif response == STOP:
            self._cancel()
        elif response == KEEP:
            self._keep_marked()
        else:
            self._session.cancel()

    def details(self) -> Sequence[str]:
        """Return what was wanted of whom."""
        values = self._fields.values()
        return (
            "Overpaint, {}".format(self._task.edit),
            "provider: {}, model: {}".format(self.provider(), values["model"] or "usual"),
        )

    def provider(self) -> str:
        """Return who is asked."""
        return str(self._fields.able().get("name", ""))

    # -- what will be sent -------------------------------------------------------------------------

    def _changed(self) -> None:
        for name, value in self._fields.values().items():
            self._task.remember(name, value)
        if self._keep.get_visible():
            self.dialog.set_default_response(GENERATE)
        self._look_soon()

    def _look_soon(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(LOOK_MS, self._look)

    def _look(self) -> bool:
        self._timer = 0
        self._session.foresee(self._request())
        return False

    def _request(self) -> session.Request:
        values = self._fields.values()
        styled = values.get("style_layer") is not None or values.get("style_file")
        roles = ["style"] if styled else []
        recipe = recipes.recipe(self._task.edit, values)
        return session.Request(recipe, recipes.name(self._task.edit, values), roles)

    def outlook(self, outlook: wire.Outlook) -> None:
        """Show the crop with its mask, and what is to be known of it."""
        self._crop = pictures.pixbuf(outlook)
        self._usual = outlook.data["seconds"]
        lines = _facts(outlook.data)
        if self._session.overlaid():
            lines.append(_("Earlier results over this layer are not looked at"))
        self._caption.set_text("\n".join(lines))
        if not self._results.any():
            self._picture.show(self._crop)
        if self._blind:
            self._blind = False
            self.tell_nothing()
        if self._eager and self._fields.able():
            self._eager = False
            self._start()

    def _know(self, answer: wire.Answer) -> None:
        self._fields.know(answer.data, self._task.edit)
        self._look_soon()
        if self._eager:
            self._eager = False
            self._start()

    # -- a run -------------------------------------------------------------------------------------

    def _start(self) -> None:
        able = self._fields.able()
        if self._session.running:
            return
        if not able:  # the core is still starting: as soon as it has said who there is
            self._eager = True
            return
        if able["receiver"] and not self._may_send(able):
            return
        self.tell_nothing()
        self._results.begin()
        timings.moment("generate")
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

    def _may_send(self, able: Dict[str, Any]) -> bool:
        """Tell whether the crop may go out now; if not, say why or ask."""
        if able["lacks_key"]:
            self.trouble(messages.key_missing(able["title"]))
            return False
        if self._crop is None:  # nothing was shown yet: as soon as it is
            self._eager = True
            return False
        try:
            as_shown = self._session.is_as_shown()
            foreseen = self._session.is_foreseen(self._request())
        except messages.ShellError as error:
            self.trouble(error)
            return False
        if not as_shown:
            self._session.look_anew()
            self._look_soon()
            self.tell(_("Something else is selected by now. Look at it, then generate again."))
            return False
        if not foreseen:  # Enter came before what was just typed was looked at: as soon as it is
            self._eager = True
            self._look_soon()
            return False
        if able["privacy"] == "ask" and able["receiver"] not in self._allowed:
            self._ask_to_send(able)
            return False
        return True

    def _ask_to_send(self, able: Dict[str, Any]) -> None:
        def send() -> None:
            self._allowed.add(able["receiver"])
            self._start()

        def always() -> None:
            change = {"providers": {able["name"]: {"privacy": "allow"}}}
            self.ask("change-settings", change, lambda _answer: None)
            send()

        question = _("The crop that is shown will be sent to {}, {}. Is that all right?")
        self.tell(
            question.format(able["title"], able["receiver"]),
            Gtk.MessageType.QUESTION,
            {
                _("_Send"): send,
                _("Al_ways Send"): always,
                _("_Do Not Send"): self._do_not_send,
            },
        )

    def _do_not_send(self) -> None:
        self.tell_nothing()
        self._fields.focus()

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
            self._original, self._first = picture, view.number
            self._picture.show(self._crop or picture)
            return
        self._results.show(view.number, picture, self._original)
        if view.number == self._first or view.stage == "preview":
            self._picture.show(picture, self._original)

    def candidate(self, number: int) -> None:
        """Let a candidate be kept, as soon as it is there."""
        self._results.arrived(number)

    def gone(self, number: int) -> None:
        """Forget what there was no room for."""
        self._results.remove(number)

    def ended(self, notices: List[str]) -> None:
        """Offer what is there."""
        timings.moment("candidates")
        self._show_buttons()
        if notices:
            self.tell(" ".join(notices))
        self._keep.grab_focus()

    def unforeseen(self, error: messages.ShellError) -> None:
        """Say why nothing could be sent, until it could."""
        self._blind, self._eager = True, False
        super().trouble(error)

    def trouble(self, error: messages.ShellError) -> None:
        """Say what is wrong; candidates that are there can still be kept."""
        super().trouble(error)
        self._show_buttons()

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
        self.dialog.set_default_response(KEEP if marked and not running else GENERATE)

    # -- candidates --------------------------------------------------------------------------------

    def _look_at(self, number: int) -> None:
        self._picture.show(self._results.picture(number), self._results.original(number))

    def _keep_marked(self) -> None:
        timings.moment("keep")
        try:
            self.kept = self._session.keep(self._results.marked())
        except messages.ShellError as error:
            self.trouble(error)
            return
        timings.moment("layer")
        self.close()

    # -- clockwork ---------------------------------------------------------------------------------

    def _tick(self) -> bool:
        if self._session.running:
            seconds = int(time.monotonic() - self._began)
            told = _("{phase}, {seconds} s").format(phase=self._phase, seconds=seconds)
            if self._usual is not None:
                told = _("{phase}, {seconds} s of about {usual:.0f} s").format(
                    phase=self._phase, seconds=seconds, usual=self._usual
                )
            self._progress.set_text(told)
        return True


def _no_higher(fields: Any) -> Any:
    """Return *fields* so that they scroll where the screen has no room for all of them."""
    scrolled = Gtk.ScrolledWindow()
    scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
    display = Gdk.Display.get_default()
    monitor = display.get_primary_monitor() or display.get_monitor(0)
    most = max(SMALLEST, monitor.get_workarea().height - OTHERS)

    def fit(*_event: Any) -> bool:
        scrolled.set_min_content_height(min(most, fields.get_preferred_height().natural_height))
        return False

    # What is unfolded makes the window grow, as long as there is room.
    fields.connect("size-allocate", lambda *_event: GLib.idle_add(fit))
    fit()
    scrolled.add(fields)
    return scrolled


def _facts(data: Any) -> List[str]:
    """Return what is to be known before something is sent, a line each."""
    _x, _y, width, height = data["region"]
    # The marks keep width and height in this order where writing runs from right to left.
    sizes = sorted({"\u2066{}×{}\u2069".format(*size) for size in data["sizes"]})
    told = _("{width}×{height} pixels, sent as {sizes}")
    if not data["receiver"]:
        told = _("{width}×{height} pixels are looked at")
    lines = [told.format(width=width, height=height, sizes=", ".join(sizes))]
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
    if data["seconds"] is not None:
        lines.append(_("Usually takes about {:.0f} s").format(data["seconds"]))
    if data["budget"] is not None:
        lines.append(
            _("${spent:.2f} of ${budget:.2f} spent today").format(
                spent=data["spent_today"], budget=data["budget"]
            )
        )
    return lines
