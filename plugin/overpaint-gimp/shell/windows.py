"""The windows of the commands: each is opened with a core of its own, and tells whether to go on.

What the user keeps in one is added before it closes; its command then returns it.
"""

from contextlib import closing
from typing import Any, Callable, List

from shell import again, canvas, recipes
from shell.conversation import Conversation

__all__ = [
    "ask_again",
    "ask_layers",
    "asks",
    "kept",
    "none",
    "show_history",
    "show_results",
    "show_settings",
    "show_setup",
]

_added: List[Any] = []
"""What a window has added to the image, until its command returns it; at most one."""


def none(_context: Any) -> bool:
    """Run at once with the defaults: there is nothing that most users would want to set."""
    return True


def asks(edit: str, whole: bool = False) -> Callable[[Any], bool]:
    """Return the dialog of an edit. What the user keeps in it is added before it closes."""

    def ask(context: Any) -> bool:
        canvas.examine(context.image, context.drawable, whole)
        return _edited(
            title=context.title,
            edit=edit,
            image=context.image,
            layer=context.drawable,
            values=context.values,
            remember=context.set,
            whole=whole,
        )

    return ask


def ask_layers(context: Any) -> bool:
    """Ask which layers are to get which style."""
    from shell.dialogs.layers import LayersDialog

    with closing(Conversation()) as conversation:
        window = LayersDialog(context, conversation)
        window.show()
    return window.accepted


def ask_again(context: Any) -> bool:
    """Open the window of an edit with the recipe that is on the layer."""
    stored, below, mask, made = again.examine(context.image, context.drawable)
    return _edited(
        title=context.title,
        edit=stored["edit"],
        image=context.image,
        layer=below,
        values=recipes.values(stored),
        remember=lambda name, value: context.set(name, value) if name == "seed" else None,
        whole=stored["edit"] in ("variation", "style"),
        mask=mask,
        over=made,
    )


def show_history(context: Any) -> bool:
    """Show what was made, of any image."""
    from shell.dialogs.history import HistoryDialog

    return _shown(lambda talk: HistoryDialog(context.title, context.image, context.drawable, talk))


def show_results(context: Any) -> bool:
    """Show what was made of this image."""
    from shell.dialogs.history import HistoryDialog

    image, layer = context.image, context.drawable
    return _shown(lambda talk: HistoryDialog(context.title, image, layer, talk, of_image=True))


def show_settings(context: Any) -> bool:
    """Show the settings."""
    from shell.dialogs.settings import SettingsDialog

    return _shown(lambda talk: SettingsDialog(context.title, talk))


def show_setup(context: Any) -> bool:
    """Show what is wrong with the installation, if anything is."""
    from shell.dialogs.setup import SetupDialog

    return _shown(lambda talk: SetupDialog(context.title, talk))


def kept() -> Any:
    """Return what the dialog has added already; None in a run without one."""
    return _added.pop() if _added else None


def _edited(**task: Any) -> bool:
    """Open the window of an edit; what was kept in it is then returned by the command."""
    from shell.dialogs.edit import EditDialog, Task

    with closing(Conversation()) as conversation:
        dialog = EditDialog(Task(**task), conversation)
        done = dialog.run()
    if done:
        _added.append(dialog.kept)
    return done


def _shown(make: Callable[[Conversation], Any]) -> bool:
    """Show a window with a core of its own; tell whether it has added something."""
    with closing(Conversation()) as conversation:
        window = make(conversation)
        window.show()
    added = getattr(window, "kept", None)
    if added is not None:
        _added.append(added)
    return added is not None
