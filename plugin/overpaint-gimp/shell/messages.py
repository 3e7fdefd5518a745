"""Every sentence with which the shell says that something cannot be done.

Each error is one sentence on what happened and one on what to do next; GIMP shows both.
"""

from typing import List

from gimpfu import error
from shell.i18n import _

__all__ = [
    "CoreTrouble",
    "DocumentUnsuitable",
    "EditFailed",
    "KeyMissing",
    "ShellError",
    "channel_active",
    "core_died",
    "core_nonsense",
    "core_not_installed",
    "core_not_started",
    "core_silent",
    "defect",
    "document_gone",
    "floating_selection",
    "group_active",
    "image_closed",
    "image_indexed",
    "insert_failed",
    "key_missing",
    "layer_gone",
    "layer_invisible",
    "layer_locked",
    "layer_moved",
    "layer_outside",
    "layer_resized",
    "layers_apart",
    "no_image",
    "no_layers",
    "no_recipe",
    "none_made",
    "not_a_part",
    "nothing_below",
    "nothing_selected",
    "other_picture",
    "other_release",
    "overran",
    "recipe_unreadable",
    "reference_unreadable",
    "selection_changed",
    "selection_outside",
    "setup_unwell",
]

CHECK = _("Run Overpaint's installer again, then restart GIMP.")


class ShellError(error):
    """What the shell tells the user; the document is as it was."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__("{} {}".format(sentence, hint).strip())
        self.sentence = sentence
        self.hint = hint


class DocumentUnsuitable(ShellError):
    """The image, the layer or the selection does not allow the edit."""


class CoreTrouble(ShellError):
    """The core process is missing, died, or does not do its part."""


class EditFailed(ShellError):
    """The core says that it could not make the edit, and why; *code* names the error."""

    def __init__(self, sentence: str, hint: str, code: str = "") -> None:
        super().__init__(sentence, hint)
        self.code = code


class KeyMissing(ShellError):
    """A provider would refuse: said before anybody is asked whether a picture may be sent."""

    code = "key-missing"


def image_indexed() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("This image is indexed: it can only show the colours of its palette."),
        _("Choose Image > Mode > RGB first, then run the command again."),
    )


def channel_active() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("A channel or a layer mask is active, not a layer."),
        _("Click the layer's own picture in the Layers dialog, then run the command again."),
    )


def group_active(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("“{}” is a layer group, which has no pixels of its own.").format(name),
        _("Select one layer inside it, then run the command again."),
    )


def layer_locked(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("“{}” is locked.").format(name),
        _("Unlock its pixels in the Layers dialog, then run the command again."),
    )


def layer_invisible(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("“{}” is not visible.").format(name),
        _("Make it visible with the eye in the Layers dialog, or select the layer that you see."),
    )


def floating_selection() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("There is a floating selection."),
        _("Anchor it, or turn it into a layer, in the Layers dialog, then run the command again."),
    )


def nothing_selected() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("Nothing is selected."),
        _("Draw a selection around what is to change, with any selection tool."),
    )


def selection_outside(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The selection lies outside the layer “{}”.").format(name),
        _("Select the layer that you want to edit, or draw the selection on this one."),
    )


def layer_outside(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The layer “{}” lies outside the canvas.").format(name),
        _("Move it onto the canvas, or select the layer that you see."),
    )


def no_layers() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("There are no layers to be styled."),
        _("Select layers or a layer group in the Layers dialog, then run the command again."),
    )


def layers_apart() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The selected layers lie in different groups, so no one group can hold the results."),
        _("Select layers of one group, or choose all layers."),
    )


def key_missing(provider: str) -> KeyMissing:
    sentence = _("{} needs a key, and none is set.").format(provider)
    return KeyMissing(sentence, _("Enter one in Settings."))


def none_made(sentence: str, hint: str) -> EditFailed:
    return EditFailed(_("No layer could be made. {}").format(sentence), hint)


def reference_unreadable(name: str, reason: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The picture “{}” cannot be used as a reference: {}.").format(name, reason),
        _("Choose another one. The image is as it was."),
    )


def image_closed() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The image was closed."),
        _("What a provider was paid for is in Filters > Overpaint > History, to be placed again."),
    )


def document_gone(reason: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The image or the layer is not there any more: {}.").format(reason),
        _("Close this window, and open it again from an image."),
    )


def layer_gone() -> str:
    return _("The layer was deleted meanwhile: the result is on top of the others.")


def layer_moved() -> str:
    return _("The layer was moved meanwhile: the result moved along.")


def layer_resized() -> str:
    return _(
        "The layer was scaled or cropped meanwhile: the result has the size and the place that it "
        "was made for."
    )


def selection_changed() -> str:
    return _("The selection changed meanwhile: the result has the mask of the one it was made for.")


def insert_failed(reason: str) -> ShellError:
    return ShellError(
        _("The result could not be added to the image: {}.").format(reason),
        _("The image is as it was. Run the command again."),
    )


def overran(pixels: int) -> ShellError:
    return ShellError(
        _("{} pixels outside the selection would have changed.").format(pixels),
        _("The result was taken back, and the image is as it was. Please report this."),
    )


def no_image() -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("No image is open that this could be added to."),
        _("Open the picture that it was made from, then choose History from its menu."),
    )


def other_picture(size: List[int], wanted: List[int]) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("This was made from a picture of {} x {} pixels; this one has {} x {}.").format(
            *wanted, *size
        ),
        _("Open the picture that it was made from."),
    )


def no_recipe(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("“{}” was not made by Overpaint, or by a version that stored no recipe.").format(name),
        _("Select a layer that an edit has added."),
    )


def recipe_unreadable(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("The recipe on “{}” cannot be read.").format(name),
        _("Another version of Overpaint may have written it. Make the edit anew."),
    )


def not_a_part(line: str) -> ShellError:
    return ShellError(
        _("“{}” is not a part of a prompt.").format(line),
        _("Write a part and its words, such as “lighting: soft”, on a line each."),
    )


def nothing_below(name: str) -> DocumentUnsuitable:
    return DocumentUnsuitable(
        _("There is no layer below “{}” that it could be made from again.").format(name),
        _("Put the original back below it."),
    )


def setup_unwell() -> CoreTrouble:
    return CoreTrouble(_("Something is wrong with the installation."), CHECK)


def core_not_installed(detail: str) -> CoreTrouble:
    return CoreTrouble(_("Overpaint's core is not installed: {}.").format(detail), CHECK)


def core_not_started(detail: str) -> CoreTrouble:
    return CoreTrouble(_("Overpaint's core could not be started: {}.").format(detail), CHECK)


def core_silent(seconds: float) -> CoreTrouble:
    return CoreTrouble(
        _("Overpaint's core did not answer for {:.0f} seconds.").format(seconds),
        _(
            "The image is as it was. Run the command again; if it stays like this, run "
            "Overpaint's installer again, then restart GIMP."
        ),
    )


def core_died() -> CoreTrouble:
    return CoreTrouble(
        _("Overpaint's core ended before it was done."),
        _(
            "The image is as it was. Run the command again; on a large selection the machine may "
            "have run out of memory: then select less."
        ),
    )


def core_nonsense() -> CoreTrouble:
    return CoreTrouble(
        _("What answers as Overpaint's core does not speak its protocol."),
        _("The image is as it was. Run Overpaint's installer again, then restart GIMP."),
    )


def defect(name: str) -> ShellError:
    return ShellError(
        _("Overpaint's plug-in met a defect of its own: {}.").format(name),
        _("The image is as it was. Please report this with what you were doing."),
    )


def other_release(ours: int, theirs: int) -> CoreTrouble:
    return CoreTrouble(
        _("Overpaint's plug-in and core are of different releases (protocol {} and {}).").format(
            ours, theirs
        ),
        CHECK,
    )
