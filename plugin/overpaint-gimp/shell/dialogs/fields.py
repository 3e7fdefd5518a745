"""The fields of an edit: what the user says, as widgets, filled from a command's last values.

Which of them are shown depends on what the chosen provider can do. State: the widgets; the facts
of the core once they are there.
"""

import secrets
from typing import Any, Callable, Dict

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import GimpUi, GObject, Gtk

from gimpfu import gimp
from shell import messages, recipes
from shell.dialogs.form import Form
from shell.dialogs.prompt import PromptField
from shell.dialogs.styles import StyleList
from shell.dialogs.window import worded
from shell.i18n import N_, _

__all__ = ["Fields"]

MAX_PX = 4096
MAX_COUNT = 16
MAX_SEED = 2**31 - 1
PARTS = (
    ("setting", N_("Setting")),
    ("style", N_("Style")),
    ("lighting", N_("Lighting")),
    ("colours", N_("Colours")),
    ("composition", N_("Composition")),
    ("mood", N_("Mood")),
    ("quality", N_("Quality")),
)
"""What a prompt may say apart; who and what are in the prompt itself."""


class Fields:
    """*values* are the command's, by its own names; *on_change* is told of each change, *on_enter*
    of Enter in the prompt; *ask* asks the core.
    """

    def __init__(
        self,
        values: Dict[str, Any],
        on_change: Callable[[], None],
        on_enter: Callable[[], None],
        ask: Callable[[str, Dict[str, Any], Callable[[Any], None]], None],
    ) -> None:
        self._on_change = on_change
        self._ask = ask
        self._facts: Dict[str, Any] = {}
        self._edit = ""
        self._telling = True
        self._form = Form(values, self._changed)
        self._values = self._form.values
        self._prompt = PromptField(
            self._values["prompt"] or "",
            lambda prompt: self._form.put("prompt", prompt),
            on_enter,
            self._template_chosen,
        )
        self.widget = self._form.widget
        self.widget.pack_start(self._prompt.widget, True, True, 0)
        self._form.begin()
        if "negative" in values:
            self._negative = self._form.text("negative", _("Witho_ut"))
        if "named_style" in values:
            self._add_style()
        self._add_who()
        self._form.share(
            "strength", _("Streng_th"), 0.6, _("Otherwise as the provider thinks best")
        )
        if "count" in values:
            self._form.spin("count", _("Ca_ndidates"), 1, MAX_COUNT)
        self._add_seed()
        if "parts" in values:
            self._add_parts()
        if "grow" in values:
            self._add_area()

    def values(self) -> Dict[str, Any]:
        """Return what the fields say; of fields that are not shown, what they said last."""
        return dict(self._values)

    def focus(self) -> None:
        """Let the prompt have the keyboard."""
        self._prompt.focus()

    def escape(self) -> bool:
        """Fold away what lies over the window; False where nothing does."""
        return self._prompt.escape()

    # -- what the core knows -----------------------------------------------------------------------

    def know(self, facts: Dict[str, Any], edit: str) -> None:
        """Offer what there is: providers that can do *edit*, styles, earlier prompts."""
        self._telling = False
        self._facts, self._edit = facts, edit
        for each in facts["providers"]:
            if edit in each["edits"]:
                self._provider.append(each["name"], each["title"])
        chosen = self._values["provider"] or facts["provider"]
        if not self._provider.set_active_id(chosen):
            self._provider.set_active(0)
        self._provider.set_sensitive(True)
        templates = [t for t in facts["templates"] if not t["edits"] or edit in t["edits"]]
        self._prompt.offer(facts["prompts"], templates)
        if "named_style" in self._values:
            self._styles.offer(facts["styles"], self._values["named_style"])
        self._telling = True
        self._provider_chosen()

    def _template_chosen(self, template: str) -> None:
        before = self._prompt.untemplated(self._values["prompt"], self._values.get("negative", ""))

        def put(answer: Any) -> None:
            self._prompt.put_templated(answer.data["prompt"], before)
            # What would not be seen must not be sent with another provider either.
            if self.able()["reads_prompt"] and "negative" in self._values:
                self._negative.set_text(answer.data["negative"])

        about = {"id": template, "edit": self._edit, "prompt": before[0], "negative": before[1]}
        self._ask("template", about, put)

    def able(self) -> Dict[str, Any]:
        """Return what the chosen provider can do; empty before the core has said."""
        chosen = self._provider.get_active_id()
        found = [each for each in self._facts.get("providers", ()) if each["name"] == chosen]
        return found[0] if found else {}

    def _update(self, answer: Any) -> None:
        """Take over what a provider can do with another model."""
        able, providers = answer.data, self._facts["providers"]
        for number, each in enumerate(providers):
            if each["name"] == able["name"]:
                providers[number] = able
        self._show_abilities()

    def _provider_chosen(self) -> None:
        able = self.able()
        if not (able and self._telling):
            return
        telling, self._telling = self._telling, False
        # A model belongs to its provider: with another one, its usual model is meant.
        usual = self._facts["provider"]
        if (self._values["provider"] or usual) != able["name"]:
            self._values["model"] = ""
        # Who only takes what the settings name follows them.
        self._values["provider"] = "" if able["name"] == usual else able["name"]
        self._model.remove_all()
        for each in able["models"]:
            self._model.append(each["id"], each["title"])
        entry = self._model.get_child()
        entry.set_placeholder_text(able["usual_model"])
        entry.set_text(self._values["model"])
        self._telling = telling
        self._show_abilities()
        self._changed()

    def _show_abilities(self) -> None:
        able = self.able()
        hosted = bool(able["receiver"])
        shown = {
            "negative": able["reads_prompt"],
            "parts": able["reads_prompt"],
            "style_layer": able["references"] > 0,
            "style_file": able["references"] > 0,
            "model": bool(able["models"]) or hosted,
            "strength": able["strength"],
            "seed": able["seed"],
        }
        self._prompt.note("" if able["reads_prompt"] else _UNREAD.get(self._edit, ""))
        for name, visible in shown.items():
            self._form.show(name, visible)

    # -- the widgets -------------------------------------------------------------------------------

    def _add_style(self) -> None:
        self._styles = StyleList(lambda style: self._form.put("named_style", style))
        self._form.row("named_style", _("St_yle"), self._styles.widget)
        layers = GimpUi.LayerComboBox.new(None)
        chosen = self._values["style_layer"]
        layers.set_active(-1 if chosen is None else chosen.ID)
        GObject.Object.connect(layers, "changed", self._layer_chosen)
        use = Gtk.CheckButton.new_with_mnemonic(_("Of a _layer"))
        use.set_active(chosen is not None)
        layers.set_sensitive(chosen is not None)
        use.connect("toggled", self._use_layer, layers)
        self._form.attach("style_layer", use, layers)
        file = Gtk.FileChooserButton.new(_("Picture to take the style from"), _OPEN)
        if self._values["style_file"]:
            file.set_filename(self._values["style_file"])
        file.set_sensitive(bool(self._values["style_file"]))
        file.connect("file-set", lambda _b: self._form.put("style_file", file.get_filename() or ""))
        take = Gtk.CheckButton.new_with_mnemonic(_("Of a _file"))
        take.set_active(bool(self._values["style_file"]))
        take.connect("toggled", self._use_file, file)
        self._form.attach("style_file", take, file)
        self._form.scale("stroke", _("Stroke si_ze"), 0.25, 4.0)
        self._form.check("keep_colours", _("_Keep the colours"))
        self._form.check("keep_light", _("Keep l_ight and dark"))

    def _layer_chosen(self, combo: Any) -> None:
        found, number = combo.get_active()
        item = gimp.Item.from_id(number) if found and combo.get_sensitive() else None
        self._form.put("style_layer", item)

    def _use_layer(self, check: Any, combo: Any) -> None:
        combo.set_sensitive(check.get_active())
        self._layer_chosen(combo)

    def _use_file(self, check: Any, button: Any) -> None:
        button.set_sensitive(check.get_active())
        self._form.put("style_file", (button.get_filename() or "") if check.get_active() else "")

    def _add_who(self) -> None:
        self._provider = Gtk.ComboBoxText(sensitive=False)
        self._provider.connect("changed", lambda _combo: self._provider_chosen())
        self._form.row("provider", _("Pro_vider"), self._provider)
        self._model = Gtk.ComboBoxText.new_with_entry()
        entry = self._model.get_child()
        # Models have Latin names, of which GTK shows two letters where writing runs the other way.
        entry.set_direction(Gtk.TextDirection.LTR)
        entry.set_activates_default(True)
        entry.connect("changed", self._model_changed)
        self._form.row("model", _("_Model"), self._model)

    def _model_changed(self, entry: Any) -> None:
        if not self._telling:
            return
        said = self._model.get_active_id() or entry.get_text().strip()
        if self._model.get_active_id():
            telling, self._telling = self._telling, False
            entry.set_text(said)
            self._telling = telling
        self._form.put("model", said)
        self._ask("provider", {"name": self.able()["name"], "model": said}, self._update)

    def _add_seed(self) -> None:
        dice = Gtk.Button.new_with_label("⚄")
        dice.get_accessible().set_name(_("New seed"))
        dice.set_tooltip_text(_("Take another seed"))
        spin = self._form.spin("seed", _("S_eed"), -1, MAX_SEED, beside=dice)
        worded(spin, -1, _("a new one"))
        spin.set_tooltip_text(_("The same seed makes the same picture"))
        dice.connect("clicked", lambda _b: spin.set_value(secrets.randbelow(MAX_SEED)))

    def _add_parts(self) -> None:
        try:
            said = recipes.parts(self._values["parts"] or "")
        except messages.ShellError:  # a program's, of which it was told; there is nothing to keep
            said = {}
        expander = self._form.section(_("Light, mood, _quality"), "parts")
        entries = []
        for number, (part, title) in enumerate(PARTS):
            entry = Gtk.Entry(text=said.get(part, ""), activates_default=True, width_chars=14)
            entry.set_hexpand(True)
            entry.get_accessible().set_name(_(title))
            entry.connect("changed", self._part_changed, said, part)
            row, column = divmod(number, 2)  # side by side: screens of laptops are low
            self._form.grid.attach(Gtk.Label(label=_(title), xalign=0), 2 * column, row, 1, 1)
            self._form.grid.attach(entry, 2 * column + 1, row, 1, 1)
            entries.append(entry)
        expander.set_expanded(bool(said))
        expander.connect("notify::expanded", lambda *_e: self._parts_folded(expander, entries[0]))

    def _parts_folded(self, expander: Any, first: Any) -> None:
        if expander.get_expanded():
            first.grab_focus()

    def _part_changed(self, entry: Any, said: Dict[str, str], part: str) -> None:
        said[part] = entry.get_text()
        self._form.put("parts", recipes.parts_text(said))

    def _add_area(self) -> None:
        expander = self._form.section(_("Selecti_on and surroundings"))
        self._form.spin("grow", _("Grow _by (px)"), 0, MAX_PX)
        self._form.spin("feather", _("Feat_her by (px)"), 0, MAX_PX)
        context = self._form.spin("context", _("Surroundings (p_x)"), -1, MAX_PX)
        worded(context, -1, _("automatic"))
        context.set_tooltip_text(_("How much around the selection is looked at"))
        touched = (self._values["grow"], self._values["feather"]) != (0, 0)
        expander.set_expanded(touched or self._values["context"] >= 0)

    def _changed(self) -> None:
        if self._telling:
            self._on_change()


_UNREAD = {
    "inpaint": _("It reads no prompts: it fills the selection from its surroundings."),
    "variation": _("It reads no prompts: it re-arranges what is there, and invents nothing."),
    "style": _("It reads no prompts, but looks in them for the name of a style."),
}
_OPEN = Gtk.FileChooserAction.OPEN
