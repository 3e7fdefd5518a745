"""The window of what was made: found again by its words, placed again, exported, removed.

State: the runs that are listed, by their place in the list, which of them is chosen, whether it is
being added, and whether only those of the image are listed.
"""

import time
from typing import Any, Dict, List, Optional

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib, Gtk

import wire
from gimpfu import gimp
from shell import again, messages, recipes, result_layers
from shell.conversation import Conversation
from shell.dialogs import pictures
from shell.dialogs.window import Window
from shell.i18n import N_, _, many

__all__ = ["HistoryDialog"]

PLACE, EXPORT, CLEAR, REMOVE = 1, 2, 3, 4
THUMB = 72
LIMIT = 50
REST_MS = 250
SIZE = (760, 460)
PICTURE, WHEN, WISH, WHO, STATE, COST, INDEX = range(7)
STATES = {
    "running": N_("running"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("stopped"),
    "interrupted": N_("cut off"),
}


class HistoryDialog(Window):
    """*image* and *layer* are where a result is placed; *kept* is what was added at last.

    *of_image*: only what was made of it is listed; all of history cannot be cleared from there.
    """

    def __init__(
        self, title: str, image: Any, layer: Any, talk: Conversation, of_image: bool = False
    ) -> None:
        super().__init__(title, "overpaint-history", talk)
        self._about_image: Optional[Dict[str, Any]] = None
        if of_image:
            self._about_image = {
                "name": (image.name or "")[:300],
                "size": [image.width, image.height],
                "marks": again.marks(image),
            }
        self._placing = False
        self._told_empty = False
        self._image, self._layer = image, layer
        self.kept: Optional[Any] = None
        self._runs: List[Dict[str, Any]] = []
        self._pictures: Dict[int, Any] = {}
        self._timer = 0
        self._build()

    def shown(self) -> None:
        """List all that there is."""
        self._load()

    def _build(self) -> None:
        self.dialog.set_default_size(*SIZE)
        self._clear: Any = None
        if self._about_image is None:
            self._clear = self.dialog.add_button(_("C_lear All..."), CLEAR)
        self._remove = self.dialog.add_button(_("_Remove..."), REMOVE)
        self._export = self.dialog.add_button(_("_Export..."), EXPORT)
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._place = self.dialog.add_button(_("_Add to Image"), PLACE)
        self.dialog.set_default_response(PLACE)
        self._search = Gtk.SearchEntry(placeholder_text=_("Words of the prompt, model or picture"))
        self._search.get_accessible().set_name(_("Search"))
        self._search.connect("search-changed", lambda _entry: self._load_soon())
        self._store = Gtk.ListStore(GdkPixbuf.Pixbuf, str, str, str, str, str, int)
        self._list = Gtk.TreeView(model=self._store, headers_visible=True, enable_search=False)
        self._list.get_accessible().set_name(_("What was made"))
        self._list.append_column(Gtk.TreeViewColumn("", Gtk.CellRendererPixbuf(), pixbuf=PICTURE))
        for title, column, wide in (
            (_("When"), WHEN, False),
            (_("Prompt"), WISH, True),
            (_("Made by"), WHO, False),
            (_("State"), STATE, False),
            (_("Cost"), COST, False),
        ):
            cell = Gtk.CellRendererText(wrap_width=240 if wide else -1)
            made = Gtk.TreeViewColumn(title, cell, text=column)
            made.set_expand(wide)
            self._list.append_column(made)
        self._list.get_selection().connect("changed", lambda _s: self._show_buttons())
        self._list.connect("row-activated", lambda *_row: self._place_chosen())
        window = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        window.add(self._list)
        self.content.pack_start(self._search, False, False, 0)
        self.content.pack_start(window, True, True, 0)
        self._show_buttons()

    # -- the list ----------------------------------------------------------------------------------

    def _load_soon(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)

        def load() -> bool:
            self._timer = 0
            self._load()
            return False

        self._timer = GLib.timeout_add(REST_MS, load)

    def _load(self) -> None:
        self._pictures = {}
        about: Dict[str, Any] = {"limit": LIMIT, "search": self._search.get_text()}
        if self._about_image is not None:
            about["image"] = self._about_image
        self.talk.ask(wire.Ask(what="history", about=about), self._listed, self.trouble, self._seen)

    def _seen(self, view: wire.View) -> None:
        self._pictures[view.number] = pictures.scaled(pictures.pixbuf(view), THUMB)

    def _listed(self, answer: wire.Answer) -> None:
        self._runs = answer.data["runs"]
        self._store.clear()
        for number, run in enumerate(self._runs):
            when = time.strftime("%x %H:%M", time.localtime(run["began"]))
            cost = "" if run["cost"] is None else "${:.3f}".format(run["cost"])
            who = " ".join(filter(None, (run["title"], run["model"])))
            known = STATES.get(run["state"], "")
            state = _(known) if known else run["state"]
            picture = self._pictures.get(number)
            self._store.append([picture, when, run["prompt"], who, state, cost, number])
        if self._runs:
            self._list.get_selection().select_path(Gtk.TreePath.new_first())
            if self._told_empty:
                self.tell_nothing()
        else:
            self._tell_empty()
        self._told_empty = not self._runs
        self._show_buttons()

    def _tell_empty(self) -> None:
        buttons = {}
        if self._about_image is not None:
            buttons[_("S_how All of History")] = self._show_all
        if self._search.get_text():
            sentence = _("Nothing is found. With other words, or none, there may be more.")
        elif self._about_image is not None:
            sentence = _(
                "History has nothing of this image. It is found by the image's name and by the "
                "layers that were added: under another name, and without these, it may still be "
                "there."
            )
        else:
            sentence = _("Nothing is here yet. Results are kept here as soon as they arrive.")
        self.tell(sentence, buttons=buttons)

    def _show_all(self) -> None:
        self._about_image = None
        self._search.set_text("")
        self._load()

    def _chosen(self) -> Optional[Dict[str, Any]]:
        store, row = self._list.get_selection().get_selected()
        return None if row is None else self._runs[store[row][INDEX]]

    def _show_buttons(self) -> None:
        run = self._chosen()
        self._place.set_sensitive(bool(run and run["complete"]))
        self._export.set_sensitive(run is not None)
        self._remove.set_sensitive(run is not None and run["state"] != "running")
        if self._clear is not None:
            self._clear.set_sensitive(bool(self._runs))

    def respond(self, response: int) -> None:
        """Do what a button stands for."""
        actions = {
            PLACE: self._place_chosen,
            EXPORT: self._export_chosen,
            CLEAR: self._ask_to_clear,
            REMOVE: self._ask_to_remove,
        }
        if response in actions:
            actions[response]()

    # -- placing -----------------------------------------------------------------------------------

    def _place_chosen(self) -> None:
        run = self._chosen()
        if self._placing or run is None or not run["complete"]:
            return
        made: List[wire.PatchMade] = []
        self._placing = True  # a second click must not add it twice

        def placed(answer: wire.Answer) -> None:
            try:
                self.kept = self._insert(made, answer.data, run["edit"])
            except messages.ShellError as error:
                self.trouble(error)
                return
            self.close()

        ask = wire.Ask(what="place", about={"run": run["id"]})
        self.talk.ask(ask, placed, self.trouble, made.append)

    def trouble(self, error: messages.ShellError) -> None:
        """Say what is wrong; another result can be chosen."""
        self._placing = False
        super().trouble(error)

    def _insert(self, patches: List[wire.PatchMade], data: Dict[str, Any], edit: str) -> Any:
        image = self._image
        if image is None:
            raise messages.no_image()
        size = [image.width, image.height]
        if size != data["canvas"]:
            raise messages.other_picture(size, data["canvas"])
        spot = result_layers.Spot(image, None, 0)
        if self._layer is not None:
            spot = result_layers.above(self._layer)
        name = recipes.name(edit, {"prompt": data["prompt"]})
        layer = result_layers.insert(spot, None, patches, name, grouped=True)
        gimp.displays_flush()
        return layer

    # -- exporting and removing --------------------------------------------------------------------

    def _export_chosen(self) -> None:
        run = self._chosen()
        if run is None:
            return
        chooser = Gtk.FileChooserNative.new(
            _("Export recipe and pictures to"),
            self.dialog,
            Gtk.FileChooserAction.SELECT_FOLDER,
            None,
            None,
        )
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            folder = chooser.get_filename()
            self.ask(
                "export",
                {"run": run["id"], "folder": folder},
                lambda _answer: self.tell(_("Saved to {}.").format(folder)),
            )
        chooser.destroy()

    def _ask_to_remove(self) -> None:
        run = self._chosen()
        if run is None:
            return
        question = _(
            "Remove the marked result from History? Its pictures go for good. Layers that were "
            "added and files that were saved stay."
        )
        self._question(question, _("Remo_ve It"), "remove-run", {"run": run["id"]})

    def _ask_to_clear(self) -> None:
        question = _(
            "Remove all of History, the results of all images? Their pictures go for good. Layers "
            "that were added and files that were saved stay."
        )
        self._question(question, _("Remo_ve All"), "clear-history", {})

    def _question(self, question: str, button: str, what: str, about: Dict[str, Any]) -> None:
        def removed(answer: wire.Answer) -> None:
            runs, size = answer.data["runs"], answer.data["bytes"]
            told = many("Removed {} run, {:.1f} MB.", "Removed {} runs, {:.1f} MB.", runs)
            self.tell(told.format(runs, size / 1e6))
            self._load()

        buttons = {
            button: lambda: self.ask(what, about, removed),
            _("Ca_ncel"): self.tell_nothing,
        }
        self.tell(question, Gtk.MessageType.QUESTION, buttons)
