"""The field of the prompt: its text with undo, earlier prompts and templates to choose from.

State: the text, what undo goes back to, and what the last template made of which text.
"""

from typing import Any, Callable, Dict, List, Optional, Tuple

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk

from shell.dialogs.earlier import EarlierPrompts
from shell.dialogs.window import PADDED
from shell.i18n import _

__all__ = ["PromptField"]

WIDTH, HEIGHT = 360, 76


class PromptField:
    """*on_change* is told the text, *on_enter* of Enter, *on_template* which template is chosen."""

    def __init__(
        self,
        prompt: str,
        on_change: Callable[[str], None],
        on_enter: Callable[[], None],
        on_template: Callable[[str], None],
    ) -> None:
        self._on_change = on_change
        self._on_enter = on_enter
        self._on_template = on_template
        self._undo = [prompt]
        # Prompt and exclusions before the last template, and the prompt that it has made of them.
        self._templated: Tuple[str, str, Optional[str]] = ("", "", None)
        self.widget = Gtk.Box.new(Gtk.Orientation.VERTICAL, 6)
        label = Gtk.Label.new_with_mnemonic(_("_Prompt"))
        label.set_xalign(0)
        self._text = Gtk.TextView(accepts_tab=False, wrap_mode=Gtk.WrapMode.WORD_CHAR, **PADDED)
        self._text.set_tooltip_text(_("Enter generates, Shift+Enter begins a new line"))
        self._text.get_accessible().set_name(_("Prompt"))
        label.set_mnemonic_widget(self._text)
        text = self._text.get_buffer()
        text.set_text(prompt)
        self._typing = text.connect("changed", self._typed)
        self._text.connect("key-press-event", self._key)
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        window.set_size_request(WIDTH, HEIGHT)
        window.add(self._text)
        # What a prompt cannot do is said before it is tried.
        self._note = Gtk.Label(xalign=0, wrap=True, max_width_chars=40, no_show_all=True)
        self._note.get_style_context().add_class("dim-label")
        self.widget.pack_start(self._line(label), False, False, 0)
        self.widget.pack_start(window, True, True, 0)
        self.widget.pack_start(self._note, False, False, 0)

    def _line(self, label: Any) -> Any:
        self._earlier = Gtk.MenuButton(sensitive=False, relief=Gtk.ReliefStyle.NONE)
        self._earlier.set_label(_("Ea_rlier"))
        self._earlier.set_use_underline(True)
        self._prompts = EarlierPrompts(self._take)
        self._earlier.set_popover(self._prompts.widget)
        self._templates = Gtk.MenuButton(sensitive=False, relief=Gtk.ReliefStyle.NONE)
        self._templates.set_label(_("Templates"))
        self._templates.set_popup(Gtk.Menu())
        line = Gtk.Box.new(Gtk.Orientation.HORIZONTAL, 6)
        line.pack_start(label, True, True, 0)
        line.pack_start(self._templates, False, False, 0)
        line.pack_start(self._earlier, False, False, 0)
        return line

    def focus(self) -> None:
        """Take the keyboard."""
        self._text.grab_focus()

    def escape(self) -> bool:
        """Fold away what lies over the window; False where nothing does."""
        return self._prompts.close()

    def note(self, sentence: str) -> None:
        """Say *sentence* below the text; nothing for an empty one."""
        self._note.set_text(sentence)
        self._note.set_visible(bool(sentence))

    def offer(self, prompts: List[str], templates: List[Dict[str, Any]]) -> None:
        """Let these earlier prompts and templates, as the core tells them, be chosen."""
        self._prompts.offer(prompts)
        self._earlier.set_sensitive(bool(prompts))
        menus: Dict[str, Any] = {}
        for each in templates:
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
        self._on_template(template)

    def untemplated(self, prompt: str, negative: str) -> Tuple[str, str]:
        """Return *prompt* and *negative* as they were before the last template.

        Another template takes the place of the one before, unless its words were touched.
        """
        before_prompt, before_negative, made = self._templated
        return (before_prompt, before_negative) if prompt == made else (prompt, negative)

    def put_templated(self, prompt: str, before: Tuple[str, str]) -> None:
        """Show what a template has made of the prompt and exclusions *before*."""
        self._templated = (*before, prompt)
        self._take(prompt)

    def _take(self, prompt: str) -> None:
        self._put(prompt)
        self.focus()

    def _put(self, prompt: str) -> None:
        """Let the prompt be another, in one step to undo; GTK would first empty it."""
        self._undo.append(prompt)
        text = self._text.get_buffer()
        text.handler_block(self._typing)
        text.set_text(prompt)
        text.handler_unblock(self._typing)
        self._on_change(prompt)

    def _typed(self, text: Any) -> None:
        said = text.get_text(text.get_start_iter(), text.get_end_iter(), False)
        if said != self._undo[-1]:
            self._undo.append(said)
        self._on_change(said)

    def _key(self, _view: Any, event: Any) -> bool:
        modified = event.state & (Gdk.ModifierType.SHIFT_MASK | Gdk.ModifierType.CONTROL_MASK)
        if event.keyval in (Gdk.KEY_Return, Gdk.KEY_KP_Enter) and not modified:
            self._on_enter()
            return True
        # GTK 3's own text has no undo.
        if event.keyval == Gdk.KEY_z and event.state & Gdk.ModifierType.CONTROL_MASK:
            if len(self._undo) > 1:
                self._undo.pop()
                self._put(self._undo.pop())
            return True
        return False
