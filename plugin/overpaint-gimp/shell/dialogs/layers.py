"""The window of Transfer Style to Layers: which layers, which style, and what it would take.

The layers are styled after it has closed, with GIMP's own progress bar. Where they would go to a
provider, the window counts the requests first, and asks.
"""

from typing import Any, List

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk

import wire
from shell import layers, messages, recipes, timings
from shell.conversation import Conversation
from shell.dialogs.fields import Fields
from shell.dialogs.window import Window
from shell.i18n import _, many
from shell.layers import EVERY_LAYER, SELECTED_LAYERS

__all__ = ["LayersDialog"]

STYLE = 1


class LayersDialog(Window):
    """*context* is the shim's; *accepted* says whether to go on."""

    def __init__(self, context: Any, talk: Conversation) -> None:
        super().__init__(context.title, "overpaint-layers", talk)
        self._context = context
        self.accepted = False
        self._eager = False
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self.dialog.add_button(_("Tra_nsfer Style"), STYLE)
        self.dialog.set_default_response(STYLE)
        values = context.values
        self._which = values.pop("which")
        self._frames = bool(values.pop("frames"))
        self._fields = Fields(values, self._changed, self._start, self.ask)
        self.content.pack_start(self._choice(), False, False, 0)
        self.content.pack_start(self._fields.widget, True, True, 0)

    def _choice(self) -> Any:
        box = Gtk.Box.new(Gtk.Orientation.VERTICAL, 3)
        selected = Gtk.RadioButton.new_with_mnemonic(None, _("The selected layers and _groups"))
        every = Gtk.RadioButton.new_with_mnemonic_from_widget(selected, _("_All layers"))
        every.set_active(self._which == EVERY_LAYER)

        def chosen(_button: Any) -> None:
            self._which = EVERY_LAYER if every.get_active() else SELECTED_LAYERS

        every.connect("toggled", chosen)
        box.pack_start(selected, False, False, 0)
        box.pack_start(every, False, False, 0)
        frames = Gtk.CheckButton.new_with_mnemonic(_("They are the frames of an animati_on"))
        frames.set_tooltip_text(
            _("The lowest layer is the first. What keeps still keeps still in the new style.")
        )
        frames.set_active(self._frames)

        def toggled(_button: Any) -> None:
            self._frames = frames.get_active()

        frames.connect("toggled", toggled)
        box.pack_start(frames, False, False, 0)
        return box

    def shown(self) -> None:
        """Ask what there is, and let the user type."""
        self._fields.focus()
        self.ask("facts", {}, self._know)

    def _know(self, answer: wire.Answer) -> None:
        self._fields.know(answer.data, "style")
        if self._eager:
            self._start()

    def respond(self, response: int) -> None:
        """Start, or ask first."""
        if response == STYLE:
            self._start()

    def _changed(self) -> None:
        self.tell_nothing()

    def _start(self) -> None:
        able = self._fields.able()
        self._eager = not able  # the core is still starting: as soon as it has said who there is
        if self._eager:
            return
        try:
            everything = self._which == EVERY_LAYER
            batch = layers.examine(self._context.image, everything, self._frames)
            if not able["receiver"]:
                self._accept()
                return
            shown = recipes.shown(self._fields.values())
        except messages.ShellError as error:
            self.trouble(error)
            return
        self.tell(_("Counting..."))

        def part(message: wire.Message) -> None:
            if isinstance(message, wire.LayerWanted):
                self.talk.reply(layers.read(batch, message.id))

        recipe = recipes.recipe("style", self._fields.values())
        request = batch.request(recipe, forecast=True)
        self.talk.ask(request, self._counted, self.trouble, part, shown)

    def _counted(self, answer: wire.Answer) -> None:
        told = answer.data
        count, requests, cost = len(told["layers"]), told["requests"], told["cost"]
        price = _("price not known") if cost is None else _("about ${:.3f}").format(cost)
        sentences: List[str] = [
            many("{} layer goes to {}.", "{} layers go to {}.", count).format(
                count, told["receiver"]
            ),
            "{}.".format(
                many("{} request, {}", "{} requests, {}", requests).format(requests, price)
            ),
        ]
        self.tell(
            " ".join([*sentences, _("Is that all right?")]),
            Gtk.MessageType.QUESTION,
            {_("_Send"): self._accept, _("_Do Not Send"): self.tell_nothing},
        )
        timings.moment("counted")

    def _accept(self) -> None:
        for name, value in self._fields.values().items():
            self._context.set(name, value)
        self._context.set("which", self._which)
        self._context.set("frames", self._frames)
        self.accepted = True
        self.close()
