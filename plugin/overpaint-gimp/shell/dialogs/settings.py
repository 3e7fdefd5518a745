"""The window of the settings: who makes pixels, how they are reached, what is spent and kept.

What is changed is sent to the core at once when *Save* is pressed, keys apart from all else: the
field of a key shows only whether one is set. State: the settings as the core told them last.
"""

from typing import Any, Callable, Dict, List, Optional

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk

import wire
from shell import language
from shell.conversation import Conversation
from shell.dialogs.window import BORDER, PADDED, Window, labelled, worded
from shell.i18n import N_, _

__all__ = ["SettingsDialog"]

SAVE, CHECK = 1, 2
PROVIDERS = 1
"""The page's number."""
MEGABYTE = 1_000_000
PRIVACY = (
    ("ask", N_("Ask before pictures are sent")),
    ("allow", N_("Send without asking")),
    ("never", N_("Never send anything")),
)
PLACES = {
    "environment": N_("set in the environment"),
    "keyring": N_("set, in the system's keyring"),
    "file": N_("set, in a file that only you can read"),
    "": N_("not set"),
}


class SettingsDialog(Window):
    """All settings of the user's; opened at those of *provider*, if there is one."""

    mended_in_settings = ()

    def __init__(self, title: str, talk: Conversation, provider: str = "") -> None:
        super().__init__(title, "overpaint-settings", talk)
        self._first = provider
        self._settings: Dict[str, Any] = {}
        self._chosen = ""
        self._typed: Dict[str, Dict[str, Any]] = {}
        self._build()

    def shown(self) -> None:
        """Ask for the settings."""
        self.ask("settings", {}, self._know)

    # -- the widgets -------------------------------------------------------------------------------

    def _build(self) -> None:
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._save = self.dialog.add_button(_("_Save"), SAVE)
        self._save.set_sensitive(False)
        self.dialog.set_default_response(SAVE)
        # Nothing can be changed before it is known what it is: it would be overwritten.
        pages = self._pages = Gtk.Notebook(sensitive=False)
        pages.append_page(self._build_general(), Gtk.Label(label=_("General")))
        pages.append_page(self._build_providers(), Gtk.Label(label=_("Providers")))
        self.content.pack_start(pages, True, True, 0)

    def _build_general(self) -> Any:
        grid = _grid()
        self._provider = Gtk.ComboBoxText()
        labelled(grid, 0, _("Usual pro_vider"), self._provider)
        self._fallback = [Gtk.ComboBoxText(), Gtk.ComboBoxText()]
        for combo in self._fallback:
            combo.set_tooltip_text(
                _("Is asked where those before made nothing, and may cost money")
            )
            combo.append("", _("Nobody"))
        labelled(grid, 1, _("_If it fails, then"), self._fallback[0])
        labelled(grid, 2, _("And if _that fails, then"), self._fallback[1])
        self._budget = Gtk.SpinButton.new_with_range(0, 10000, 0.5)
        self._budget.set_digits(2)
        worded(self._budget, 0, _("no limit"))
        labelled(grid, 3, _("Spend at m_ost a day ($)"), self._budget)
        self._days = Gtk.SpinButton.new_with_range(0, 36500, 1)
        worded(self._days, 0, _("no limit"))
        labelled(grid, 4, _("Keep history for (da_ys)"), self._days)
        self._megabytes = Gtk.SpinButton.new_with_range(0, 10_000_000, 100)
        worded(self._megabytes, 0, _("no limit"))
        labelled(grid, 5, _("Keep history up to (_MB)"), self._megabytes)
        self._language = Gtk.ComboBoxText()
        self._language.append("", _("The language of GIMP"))
        for name, title in language.ENDONYMS:
            self._language.append(name, title)
        self._language.set_tooltip_text(
            _("Of the next window that is opened; of the menu when GIMP is started again")
        )
        labelled(grid, 6, _("_Language"), self._language)
        self._file = Gtk.Label(xalign=0, selectable=True, wrap=True)
        grid.attach(self._file, 0, 7, 2, 1)
        return grid

    def _build_providers(self) -> Any:
        grid = _grid()
        self._which = Gtk.ComboBoxText()
        self._which.connect("changed", lambda _combo: self._choose())
        labelled(grid, 0, _("Pro_vider"), self._which)
        self._secret = Gtk.Entry(visibility=False, input_purpose=Gtk.InputPurpose.PASSWORD)
        self._secret.set_activates_default(True)
        labelled(grid, 1, _("_Key"), self._secret)
        self._forget = Gtk.Button.new_with_mnemonic(_("_Forget the key"))
        self._forget.connect("clicked", lambda _button: self._change_key(""))
        grid.attach(self._forget, 1, 2, 1, 1)
        self._url = Gtk.Entry(activates_default=True)
        labelled(grid, 3, _("_Address"), self._url)
        self._model = Gtk.Entry(activates_default=True)
        labelled(grid, 4, _("_Model"), self._model)
        self._privacy = Gtk.ComboBoxText()
        for name, title in PRIVACY:
            self._privacy.append(name, _(title))
        labelled(grid, 5, _("P_rivacy"), self._privacy)
        self._options = Gtk.TextView(accepts_tab=False, **PADDED)
        self._options.set_tooltip_text(
            _("Settings that only this provider knows, a line each, as name = value")
        )
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        window.set_size_request(320, 70)
        window.add(self._options)
        labelled(grid, 6, _("_Options"), window)
        self._workflow = Gtk.Button.new_with_mnemonic(_("Workf_low..."))
        self._workflow.set_tooltip_text(
            _("A workflow of your own that ComfyUI is to run, saved in its API format")
        )
        self._workflow.set_no_show_all(True)
        self._workflow.connect("clicked", lambda _button: self._choose_workflow())
        grid.attach(self._workflow, 1, 7, 1, 1)
        self._check = Gtk.Button.new_with_mnemonic(_("C_heck the connection"))
        self._check.set_tooltip_text(
            _("Saves what was typed, and asks the provider whether address and key are right")
        )
        self._check.connect("clicked", lambda _button: self._check_provider())
        grid.attach(self._check, 1, 8, 1, 1)
        return grid

    # -- from and to the core ----------------------------------------------------------------------

    def _know(self, answer: wire.Answer) -> None:
        first = not self._settings
        self._settings = told = answer.data
        if first:
            for each in told["providers"]:
                for combo in (self._provider, *self._fallback):
                    combo.append(each["name"], each["title"])
                if each["needs_network"]:
                    self._which.append(each["name"], each["title"])
        self._provider.set_active_id(told["provider"])
        # A longer chain, as the file may hold, keeps its end.
        for number, combo in enumerate(self._fallback):
            combo.set_active_id(told["fallback"][number] if number < len(told["fallback"]) else "")
        self._budget.set_value(told["daily_budget"] or 0)
        self._days.set_value(told["max_days"])
        self._megabytes.set_value(told["max_bytes"] / MEGABYTE)
        self._language.set_active_id(told["language"])
        self._file.set_text(_("Kept in {}").format(told["file"]))
        self._save.set_sensitive(True)
        self._pages.set_sensitive(True)
        if first:
            self._provider.grab_focus()
            self._which.set_active(0)
            if self._first and self._which.set_active_id(self._first):
                self._pages.set_current_page(PROVIDERS)
                self._secret.grab_focus()
        else:
            self._show_provider()

    def _own(self) -> Optional[Dict[str, Any]]:
        return next(
            (each for each in self._settings["providers"] if each["name"] == self._chosen), None
        )

    def _choose(self) -> None:
        if self._chosen:  # what was typed for the one before is kept until it is saved
            self._typed[self._chosen] = self._read()
        self._chosen = self._which.get_active_id() or ""
        self._show_provider()

    def _show_provider(self) -> None:
        own = self._own()
        if own is None:
            return
        self._secret.set_text("")
        self._secret.set_sensitive(bool(own["key_name"]))
        place = PLACES[own["key"]]
        told = _(place) if own["key_name"] else _("This provider needs no key")
        self._secret.set_placeholder_text(told)
        self._forget.set_sensitive(own["key"] in ("keyring", "file"))
        said = {**own, **self._typed.get(self._chosen, {})}
        self._url.set_text(said["base_url"])
        self._url.set_placeholder_text(_("the provider's own"))
        self._model.set_text(said["model"])
        self._model.set_placeholder_text(_("the provider's usual one"))
        self._privacy.set_active_id(said["privacy"])
        self._show_options(said["options"])
        self._workflow.set_visible(self._chosen == "comfyui")

    def _show_options(self, options: Dict[str, Any]) -> None:
        lines = ["{} = {}".format(*item) for item in sorted(options.items())]
        self._options.get_buffer().set_text("\n".join(lines))

    def _choose_workflow(self) -> None:
        chooser = Gtk.FileChooserNative.new(
            _("Workflow that ComfyUI is to run"),
            self.dialog,
            Gtk.FileChooserAction.OPEN,
            None,
            None,
        )
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            options = {**self._read()["options"], "workflow": chooser.get_filename()}
            self._show_options(options)
        chooser.destroy()

    def _read(self) -> Dict[str, Any]:
        """Return what the fields of the chosen provider say."""
        text = self._options.get_buffer()
        said = text.get_text(text.get_start_iter(), text.get_end_iter(), False)
        pairs = [line.partition("=") for line in said.splitlines() if "=" in line]
        return {
            "base_url": self._url.get_text().strip(),
            "model": self._model.get_text().strip(),
            "privacy": self._privacy.get_active_id(),
            "options": {name.strip(): value.strip() for name, _sign, value in pairs},
        }

    def _changes(self) -> Dict[str, Dict[str, Any]]:
        """Return what was typed that is new: options that were not touched keep their types."""
        changes = {}
        for each in self._settings["providers"]:
            typed = dict(self._typed.get(each["name"], {}))
            if not typed:
                continue
            before, after = each["options"], typed.pop("options")
            options = {name: value for name, value in after.items() if before.get(name) != value}
            options.update({name: "" for name in before if name not in after})
            changed = {name: value for name, value in typed.items() if value != each[name]}
            changes[each["name"]] = {**changed, "options": options}
        return changes

    def respond(self, response: int) -> None:
        """Save what was typed."""
        if response == SAVE:
            self._save_all()

    def _save_all(self, then: Optional[Callable[[], None]] = None) -> None:
        """Save all that was typed, a key too; and *then* go on, or say that it is done."""
        self._typed[self._chosen] = self._read()
        change = {
            "provider": self._provider.get_active_id(),
            "fallback": self._chain(),
            "daily_budget": self._budget.get_value() or None,
            "max_days": self._days.get_value_as_int(),
            "providers": self._changes(),
        }
        # One that is not in the list, as the file may name, stays.
        spoken = self._language.get_active_id()
        if spoken is not None:
            change["language"] = spoken
        megabytes = self._megabytes.get_value_as_int()
        if megabytes != round(self._settings["max_bytes"] / MEGABYTE):
            change["max_bytes"] = megabytes * MEGABYTE
        secret = self._secret.get_text().strip()

        def saved(answer: wire.Answer) -> None:
            self._typed = {}
            if answer.data["language"] != self._settings["language"]:
                language.ask_plugin_again()
            self._know(answer)
            if secret:
                self._change_key(secret, then)
            elif then is not None:
                then()
            else:
                self.tell(_("Saved."))

        self.ask("change-settings", change, saved)

    def _chain(self) -> List[str]:
        """Return whom to ask one after the other, none twice, and not whom one asks anyway."""
        chosen = [combo.get_active_id() for combo in self._fallback]
        names = [*chosen, *self._settings["fallback"][len(chosen) :]]
        usual = self._provider.get_active_id()
        return [name for name in dict.fromkeys(names) if name and name != usual]

    def _change_key(self, secret: str, then: Optional[Callable[[], None]] = None) -> None:
        def changed(answer: wire.Answer) -> None:
            own, where = self._own(), answer.data["where"]
            if own is not None:
                own["key"] = where
            self._show_provider()
            place = PLACES[where]
            self.tell(_("The key is {}.").format(_(place)))
            if then is not None:
                then()

        self.ask("change-key", {"provider": self._chosen, "secret": secret}, changed)

    def _check_provider(self) -> None:
        """Ask the provider with what stands in the fields: what is checked is saved first."""

        def check() -> None:
            self.tell(_("Asking..."))
            self.ask(
                "check-provider",
                {"name": self._chosen},
                lambda answer: self.tell(answer.data["sentence"]),
            )

        self._save_all(check)


def _grid() -> Any:
    return Gtk.Grid(row_spacing=6, column_spacing=12, border_width=BORDER)
