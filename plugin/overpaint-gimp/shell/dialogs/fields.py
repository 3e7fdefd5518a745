"""The fields of an edit: what the user says, as widgets, filled from a command's last values.

Which of them are shown depends on what the chosen provider can do. State: the widgets; the facts
of the core once they are there.
"""

import secrets
from typing import Any, Callable, Dict, List, Optional, Tuple

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gdk, GimpUi, GObject, Gtk

from gimpfu import gimp
from shell import messages, recipes
from shell.dialogs.earlier import EarlierPrompts
from shell.dialogs.styles import StyleList
from shell.dialogs.window import PADDED, worded
from shell.i18n import N_, _

__all__ = ["Fields"]

MAX_PX = 4096
MAX_COUNT = 16
MAX_SEED = 2**31 - 1
PROMPT_WIDTH, PROMPT_HEIGHT = 360, 76
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
        self._values = dict(values)
        self._on_change = on_change
        self._on_enter = on_enter
        self._ask = ask
        self._facts: Dict[str, Any] = {}
        self._edit = ""
        # Prompt and exclusions before the last template, and the prompt that it has made of them.
        self._templated: Tuple[str, str, Optional[str]] = ("", "", None)
        self._telling = True
        self._rows: Dict[str, List[Any]] = {}
        self._grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        self._place = self._grid
        self._line = 0
        self.widget = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        self._add_prompt()
        self.widget.pack_start(self._grid, False, False, 0)
        if "negative" in values:
            self._add_negative()
        if "named_style" in values:
            self._add_style()
        self._add_who()
        self._add_how()
        if "parts" in values:
            self._add_parts()
        if "grow" in values:
            self._add_area()

    def values(self) -> Dict[str, Any]:
        """Return what the fields say; of fields that are not shown, what they said last."""
        return dict(self._values)

    def focus(self) -> None:
        """Let the prompt have the keyboard."""
        self._prompt.grab_focus()

    def escape(self) -> bool:
        """Fold away what lies over the window; False where nothing does."""
        return self._prompts.close()

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
        self._prompts.offer(facts["prompts"])
        self._earlier.set_sensitive(bool(facts["prompts"]))
        self._offer_templates(facts["templates"])
        if "named_style" in self._values:
            self._styles.offer(facts["styles"], self._values["named_style"])
        self._telling = True
        self._provider_chosen()

    def _offer_templates(self, templates: List[Dict[str, Any]]) -> None:
        menus: Dict[str, Any] = {}
        for each in templates:
            if each["edits"] and self._edit not in each["edits"]:
                continue
            category = each["category"]
            if category not in menus:
                entry = Gtk.MenuItem.new_with_label(category or _("Others"))
                menus[category] = Gtk.Menu()
                entry.set_submenu(menus[category])
                self._templates.get_popup().append(entry)
            item = Gtk.MenuItem.new_with_label(each["name"])
            item.connect("activate", self._template_chosen, each["id"])
            menus[category].append(item)
        self._templates.get_popup().show_all()
        self._templates.set_sensitive(bool(menus))

    def _template_chosen(self, _item: Any, template: str) -> None:
        # Another template takes the place of the one before, unless its words were touched.
        prompt, negative = self._values["prompt"], self._values.get("negative", "")
        if prompt == self._templated[2]:
            prompt, negative, _made = self._templated

        def put(answer: Any) -> None:
            self._templated = (prompt, negative, answer.data["prompt"])
            self._put_prompt(answer.data["prompt"])
            # What would not be seen must not be sent with another provider either.
            if self.able()["reads_prompt"] and "negative" in self._values:
                self._rows["negative"][1].set_text(answer.data["negative"])
            self.focus()

        about = {"id": template, "edit": self._edit, "prompt": prompt, "negative": negative}
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
        self._unread.set_text(_UNREAD.get(self._edit, ""))
        self._unread.set_visible(not able["reads_prompt"])
        for name, visible in shown.items():
            for widget in self._rows.get(name, ()):
                widget.set_visible(visible)

    # -- the widgets -------------------------------------------------------------------------------

    def _add_prompt(self) -> None:
        line = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        label = Gtk.Label.new_with_mnemonic(_("_Prompt"))
        label.set_xalign(0)
        self._earlier = Gtk.MenuButton(sensitive=False, relief=Gtk.ReliefStyle.NONE)
        self._earlier.set_label(_("Ea_rlier"))
        self._earlier.set_use_underline(True)
        self._prompts = EarlierPrompts(self._take_prompt)
        self._earlier.set_popover(self._prompts.widget)
        self._templates = Gtk.MenuButton(sensitive=False, relief=Gtk.ReliefStyle.NONE)
        self._templates.set_label(_("Templates"))
        self._templates.set_popup(Gtk.Menu())
        line.pack_start(label, True, True, 0)
        line.pack_start(self._templates, False, False, 0)
        line.pack_start(self._earlier, False, False, 0)
        self._prompt = Gtk.TextView(accepts_tab=False, wrap_mode=Gtk.WrapMode.WORD_CHAR, **PADDED)
        self._prompt.set_tooltip_text(_("Enter generates, Shift+Enter begins a new line"))
        self._prompt.get_accessible().set_name(_("Prompt"))
        label.set_mnemonic_widget(self._prompt)
        text = self._prompt.get_buffer()
        text.set_text(self._values["prompt"] or "")
        self._typing = text.connect("changed", self._prompt_changed)
        self._prompt.connect("key-press-event", self._prompt_key)
        self._undo = [self._values["prompt"] or ""]
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        window.set_size_request(PROMPT_WIDTH, PROMPT_HEIGHT)
        window.add(self._prompt)
        self.widget.pack_start(line, False, False, 0)
        self.widget.pack_start(window, True, True, 0)
        # What a prompt cannot do is said before it is tried.
        self._unread = Gtk.Label(xalign=0, wrap=True, max_width_chars=40, no_show_all=True)
        self._unread.get_style_context().add_class("dim-label")
        self.widget.pack_start(self._unread, False, False, 0)

    def _prompt_changed(self, text: Any) -> None:
        said = text.get_text(text.get_start_iter(), text.get_end_iter(), False)
        if said != self._undo[-1]:
            self._undo.append(said)
        self._set("prompt", said)

    def _prompt_key(self, _view: Any, event: Any) -> bool:
        modified = event.state & (Gdk.ModifierType.SHIFT_MASK | Gdk.ModifierType.CONTROL_MASK)
        if event.keyval in (Gdk.KEY_Return, Gdk.KEY_KP_Enter) and not modified:
            self._on_enter()
            return True
        # GTK 3's own text has no undo.
        if event.keyval == Gdk.KEY_z and event.state & Gdk.ModifierType.CONTROL_MASK:
            if len(self._undo) > 1:
                self._undo.pop()
                self._put_prompt(self._undo.pop())
            return True
        return False

    def _take_prompt(self, prompt: str) -> None:
        self._put_prompt(prompt)
        self.focus()

    def _put_prompt(self, prompt: str) -> None:
        """Let the prompt be another, in one step to undo; GTK would first empty it."""
        self._undo.append(prompt)
        text = self._prompt.get_buffer()
        text.handler_block(self._typing)
        text.set_text(prompt)
        text.handler_unblock(self._typing)
        self._set("prompt", prompt)

    def _add_negative(self) -> None:
        entry = Gtk.Entry(text=self._values["negative"] or "", activates_default=True)
        entry.connect("changed", lambda _entry: self._set("negative", entry.get_text()))
        self._row("negative", _("Witho_ut"), entry)

    def _add_style(self) -> None:
        self._styles = StyleList(lambda style: self._set("named_style", style))
        self._row("named_style", _("St_yle"), self._styles.widget)
        layers = GimpUi.LayerComboBox.new(None)
        chosen = self._values["style_layer"]
        layers.set_active(-1 if chosen is None else chosen.ID)
        GObject.Object.connect(layers, "changed", self._layer_chosen)
        use = Gtk.CheckButton.new_with_mnemonic(_("Of a _layer"))
        use.set_active(chosen is not None)
        layers.set_sensitive(chosen is not None)
        use.connect("toggled", self._use_layer, layers)
        self._attach("style_layer", use, layers)
        file = Gtk.FileChooserButton.new(_("Picture to take the style from"), _OPEN)
        if self._values["style_file"]:
            file.set_filename(self._values["style_file"])
        file.set_sensitive(bool(self._values["style_file"]))
        file.connect("file-set", lambda _b: self._set("style_file", file.get_filename() or ""))
        take = Gtk.CheckButton.new_with_mnemonic(_("Of a _file"))
        take.set_active(bool(self._values["style_file"]))
        take.connect("toggled", self._use_file, file)
        self._attach("style_file", take, file)
        self._scale("stroke", _("Stroke si_ze"), 0.25, 4.0, 2)
        for name, title in (
            ("keep_colours", _("_Keep the colours")),
            ("keep_light", _("Keep l_ight and dark")),
        ):
            check = Gtk.CheckButton.new_with_mnemonic(title)
            check.set_active(bool(self._values[name]))
            check.connect("toggled", self._toggled, name)
            self._attach(name, Gtk.Label(), check)

    def _layer_chosen(self, combo: Any) -> None:
        found, number = combo.get_active()
        item = gimp.Item.from_id(number) if found and combo.get_sensitive() else None
        self._set("style_layer", item)

    def _use_layer(self, check: Any, combo: Any) -> None:
        combo.set_sensitive(check.get_active())
        self._layer_chosen(combo)

    def _use_file(self, check: Any, button: Any) -> None:
        button.set_sensitive(check.get_active())
        self._set("style_file", (button.get_filename() or "") if check.get_active() else "")

    def _toggled(self, check: Any, name: str) -> None:
        self._set(name, check.get_active())

    def _add_who(self) -> None:
        self._provider = Gtk.ComboBoxText(sensitive=False)
        self._provider.connect("changed", lambda _combo: self._provider_chosen())
        self._row("provider", _("Pro_vider"), self._provider)
        self._model = Gtk.ComboBoxText.new_with_entry()
        entry = self._model.get_child()
        # Models have Latin names, of which GTK shows two letters where writing runs the other way.
        entry.set_direction(Gtk.TextDirection.LTR)
        entry.set_activates_default(True)
        entry.connect("changed", self._model_changed)
        self._row("model", _("_Model"), self._model)

    def _model_changed(self, entry: Any) -> None:
        if not self._telling:
            return
        said = self._model.get_active_id() or entry.get_text().strip()
        if self._model.get_active_id():
            telling, self._telling = self._telling, False
            entry.set_text(said)
            self._telling = telling
        self._set("model", said)
        self._ask("provider", {"name": self.able()["name"], "model": said}, self._update)

    def _add_how(self) -> None:
        own = self._values["strength"]
        scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 1, 0.05)
        scale.set_value_pos(Gtk.PositionType.RIGHT)
        scale.set_value(own if own >= 0 else 0.6)
        scale.set_sensitive(own >= 0)
        scale.set_hexpand(True)
        check = Gtk.CheckButton.new_with_mnemonic(_("Streng_th"))
        check.set_tooltip_text(_("Otherwise as the provider thinks best"))
        check.set_active(own >= 0)

        def tell(_widget: Any) -> None:
            scale.set_sensitive(check.get_active())
            self._set("strength", scale.get_value() if check.get_active() else -1.0)

        check.connect("toggled", tell)
        scale.connect("value-changed", tell)
        self._attach("strength", check, scale)
        if "count" in self._values:
            self._spin("count", _("Ca_ndidates"), 1, MAX_COUNT)
        self._add_seed()

    def _add_seed(self) -> None:
        box = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        spin = Gtk.SpinButton.new_with_range(-1, MAX_SEED, 1)
        spin.set_value(self._values["seed"])
        worded(spin, -1, _("a new one"))
        spin.set_tooltip_text(_("The same seed makes the same picture"))
        spin.set_activates_default(True)
        spin.connect("value-changed", lambda _s: self._set("seed", spin.get_value_as_int()))
        dice = Gtk.Button.new_with_label("⚄")
        dice.get_accessible().set_name(_("New seed"))
        dice.set_tooltip_text(_("Take another seed"))
        dice.connect("clicked", lambda _b: spin.set_value(secrets.randbelow(MAX_SEED)))
        box.pack_start(spin, True, True, 0)
        box.pack_start(dice, False, False, 0)
        self._row("seed", _("S_eed"), box, spin)

    def _add_parts(self) -> None:
        try:
            said = recipes.parts(self._values["parts"] or "")
        except messages.ShellError:  # a program's, of which it was told; there is nothing to keep
            said = {}
        expander = self._begin_section(_("Light, mood, _quality"))
        entries = []
        for number, (part, title) in enumerate(PARTS):
            entry = Gtk.Entry(text=said.get(part, ""), activates_default=True, width_chars=14)
            entry.set_hexpand(True)
            entry.get_accessible().set_name(_(title))
            entry.connect("changed", self._part_changed, said, part)
            row, column = divmod(number, 2)  # side by side: screens of laptops are low
            self._place.attach(Gtk.Label(label=_(title), xalign=0), 2 * column, row, 1, 1)
            self._place.attach(entry, 2 * column + 1, row, 1, 1)
            entries.append(entry)
        expander.set_expanded(bool(said))
        expander.connect("notify::expanded", lambda *_e: self._parts_folded(expander, entries[0]))
        self._rows["parts"] = [expander]

    def _parts_folded(self, expander: Any, first: Any) -> None:
        if expander.get_expanded():
            first.grab_focus()

    def _part_changed(self, entry: Any, said: Dict[str, str], part: str) -> None:
        said[part] = entry.get_text()
        self._set("parts", recipes.parts_text(said))

    def _begin_section(self, title: str) -> Any:
        """Begin rows that are folded away; return what holds them."""
        expander = Gtk.Expander.new_with_mnemonic(title)
        grid = Gtk.Grid(row_spacing=6, column_spacing=12, margin_top=6)
        expander.add(grid)
        self._place, self._line = grid, 0
        self.widget.pack_start(expander, False, False, 0)
        return expander

    def _add_area(self) -> None:
        expander = self._begin_section(_("Selecti_on and surroundings"))
        self._spin("grow", _("Grow _by (px)"), 0, MAX_PX)
        self._spin("feather", _("Feat_her by (px)"), 0, MAX_PX)
        context = self._spin("context", _("Surroundings (p_x)"), -1, MAX_PX)
        worded(context, -1, _("automatic"))
        context.set_tooltip_text(_("How much around the selection is looked at"))
        touched = (self._values["grow"], self._values["feather"]) != (0, 0)
        expander.set_expanded(touched or self._values["context"] >= 0)

    def _spin(self, name: str, title: str, low: int, high: int) -> Any:
        spin = Gtk.SpinButton.new_with_range(low, high, 1)
        spin.set_value(self._values[name])
        spin.set_activates_default(True)
        spin.connect("value-changed", lambda _s: self._set(name, spin.get_value_as_int()))
        self._row(name, title, spin)
        return spin

    def _scale(self, name: str, title: str, low: float, high: float, digits: int) -> None:
        scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, low, high, 0.05)
        scale.set_value_pos(Gtk.PositionType.RIGHT)
        scale.set_digits(digits)
        scale.set_value(self._values[name])
        scale.connect("value-changed", lambda _s: self._set(name, scale.get_value()))
        self._row(name, title, scale)

    def _row(self, name: str, title: str, widget: Any, focus: Optional[Any] = None) -> None:
        label = Gtk.Label.new_with_mnemonic(title)
        label.set_xalign(0)
        label.set_mnemonic_widget(focus or widget)
        self._attach(name, label, widget)

    def _attach(self, name: str, label: Any, widget: Any) -> None:
        widget.set_hexpand(True)
        self._place.attach(label, 0, self._line, 1, 1)
        self._place.attach(widget, 1, self._line, 1, 1)
        self._rows[name] = [label, widget]
        self._line += 1

    def _set(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._changed()

    def _changed(self) -> None:
        if self._telling:
            self._on_change()


_UNREAD = {
    "inpaint": _("It reads no prompts: it fills the selection from its surroundings."),
    "variation": _("It reads no prompts: it re-arranges what is there, and invents nothing."),
    "style": _("It reads no prompts, but looks in them for the name of a style."),
}
_OPEN = Gtk.FileChooserAction.OPEN
