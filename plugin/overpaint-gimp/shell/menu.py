"""The entries of Filters > Overpaint, in one table, and how GIMP is told of them."""

from typing import Any, Callable, List, NamedTuple, Tuple

from gimpfu import PF_INT, PF_LAYER, register
from shell import commands, windows
from shell.commands import INPAINT, REMOVE, STYLE, STYLE_LAYERS, TARGET
from shell.i18n import DOMAIN, FOLDER, N_, _

__all__ = ["ENTRIES", "Entry", "register_all"]

MENU = "<Image>/Filters/Overpaint"
AUTHOR = "The Overpaint developers"
YEAR = "2026"

Rows = List[Tuple[Any, ...]]

MADE: Rows = [(PF_LAYER, "layer", _("The new layer, or the group of several"))]
GROUP: Rows = [(PF_LAYER, "group", _("The new group"))]
SEED: Rows = [(PF_INT, "seed", _("Seed, -1 for a new one"), -1)]


class Entry(NamedTuple):
    """One entry: its *name* for scripts, less what all have in common; what it says; what it takes
    and returns; what it does, after *window* where a user has chosen it. *many*: layers.
    """

    name: str
    label: str
    brief: str
    help: str
    takes: Rows
    returns: Rows
    run: Callable[..., Any]
    window: Callable[[Any], bool]
    many: bool = False


ENTRIES = [
    Entry(
        "remove",
        N_("_Remove Selection"),
        N_("Fill the selection from its surroundings, on a new layer"),
        N_(
            "Takes what is selected away: the selection is filled from its surroundings on a new "
            "layer above the active one, under a mask that is the selection. Works offline."
        ),
        takes=TARGET + REMOVE,
        returns=MADE,
        run=commands.remove,
        window=windows.none,
    ),
    Entry(
        "inpaint",
        N_("_Inpaint Selection..."),
        N_("Fill the selection with what a prompt says, on a new layer"),
        N_(
            "Fills the selection on a new layer above the active one, under a mask that is the "
            "selection. The built-in engine works offline and fills from the surroundings; it "
            "cannot read prompts. Other providers get the selection with its surroundings. Several "
            "candidates come into one group, the first of them shown."
        ),
        takes=TARGET + INPAINT,
        returns=MADE,
        run=commands.inpaint,
        window=windows.asks("inpaint"),
    ),
    Entry(
        "vary",
        N_("_Variations..."),
        N_("Make variations of the selection, on new layers"),
        N_(
            "Makes variations of what is selected, or of the whole layer where nothing is, each "
            "on a new layer above the active one. The built-in engine works offline: it "
            "re-arranges what is there, and invents nothing."
        ),
        takes=TARGET + INPAINT,
        returns=MADE,
        run=commands.vary,
        window=windows.asks("variation", whole=True),
    ),
    Entry(
        "style",
        N_("Transfer _Style..."),
        N_("Give the selection another style, on a new layer"),
        N_(
            "Transfers a style to what is selected, or to the whole layer where nothing is, on a "
            "new layer above the active one. The style is that of another layer or of a picture "
            "file, or has a name, or is in the words of the prompt. The built-in engine works "
            "offline."
        ),
        takes=TARGET + STYLE,
        returns=MADE,
        run=commands.style,
        window=windows.asks("style", whole=True),
    ),
    Entry(
        "style-layers",
        N_("Transfer Style to _Layers..."),
        N_("Give many layers one style, each by itself, in a new group"),
        N_(
            "Transfers one style to the selected layers and groups, or to all layers. Each keeps "
            "its name, place, mask, mode and opacity. The results are in a new group above the "
            "old layers, which are hidden. As frames of an animation, the lowest the first, they "
            "keep still where the picture keeps still. What was finished before a cancel or a "
            "failure is not made again when the command is repeated."
        ),
        takes=TARGET + STYLE_LAYERS,
        returns=GROUP,
        run=commands.style_layers,
        window=windows.ask_layers,
        many=True,
    ),
    Entry(
        "edit-again",
        N_("_Edit Again..."),
        N_("Make the edit again that made this layer"),
        N_(
            "Opens the recipe that is stored on a layer which Overpaint has added, or on the one "
            "right above the active layer, in the same place, or on what is selected now. The new "
            "result goes above it."
        ),
        takes=TARGET + SEED,
        returns=MADE,
        run=commands.edit_again,
        window=windows.ask_again,
    ),
    Entry(
        "history",
        N_("_History..."),
        N_("Find what was made, and add it to the image again"),
        N_("Lists what was made in windows, to be added to its image again at no cost."),
        takes=TARGET,
        returns=MADE,
        run=commands.history,
        window=windows.show_history,
    ),
    Entry(
        "results",
        N_("Res_ults..."),
        N_("Find what was made of this image, and add it again"),
        N_("Lists what was made of this image, to be added to it again at no cost."),
        takes=TARGET,
        returns=MADE,
        run=commands.history,
        window=windows.show_results,
    ),
    Entry(
        "settings",
        N_("Se_ttings..."),
        N_("Choose providers, keys, budget and privacy"),
        N_("Shows and changes Overpaint's settings, and stores keys of providers."),
        takes=[],
        returns=[],
        run=commands.settings,
        window=windows.show_settings,
    ),
    Entry(
        "check-setup",
        N_("_Check Setup..."),
        N_("Check whether Overpaint is installed well"),
        N_("Looks at what Overpaint needs, and says how to mend what is wrong."),
        takes=[],
        returns=[],
        run=commands.check_setup,
        window=windows.show_setup,
    ),
]


def register_all() -> None:
    """Tell GIMP what there is."""
    for entry in ENTRIES:
        register(
            f"plug-in-overpaint-{entry.name}",
            entry.brief,
            entry.help,
            AUTHOR,
            AUTHOR,
            YEAR,
            entry.label,
            "*" if entry.takes else "",  # what takes no image needs none to be open
            entry.takes,
            entry.returns,
            entry.run,
            menu=MENU,
            domain=(DOMAIN, str(FOLDER)),
            dialog=entry.window,
            many_drawables=entry.many,
        )
