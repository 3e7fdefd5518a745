"""The commands under Filters > Overpaint: what each asks for, and how one edit runs."""

import contextlib
from typing import Any, Dict, List, Optional

import wire
from gimpfu import (
    N_,
    PF_DRAWABLE,
    PF_IMAGE,
    PF_INT,
    PF_LAYER,
    PF_SPINNER,
    PF_TEXT,
    gimp,
    register,
)
from shell import canvas, launch, messages, timings
from shell.core_process import CoreProcess

__all__ = ["inpaint", "register_all", "remove"]

MENU = "<Image>/Filters/Overpaint"
AUTHOR = "The Overpaint developers"
YEAR = "2026"
MAX_PX = 4096
NAME_LENGTH = 40

_waiting: List[CoreProcess] = []
"""The core that was started when the dialog opened; at most one."""


def remove(image: Any, layer: Any, grow: int, feather: int, context: int, seed: int) -> Any:
    """Fill the selection from its surroundings, on a new layer."""
    recipe = _recipe("remove", grow, feather, context, seed)
    return _edit(image, layer, recipe, N_("Removed"))


def inpaint(
    image: Any, layer: Any, prompt: str, grow: int, feather: int, context: int, seed: int
) -> Any:
    """Fill the selection with what *prompt* says, on a new layer."""
    prompt = (prompt or "").strip()
    recipe = _recipe("inpaint", grow, feather, context, seed)
    recipe["prompt"] = prompt
    line = " ".join(prompt.split())
    name = line if len(line) <= NAME_LENGTH else line[: NAME_LENGTH - 1].rstrip() + "…"
    return _edit(image, layer, recipe, name or N_("Inpainted"))


def register_all() -> None:
    """Tell GIMP what there is."""
    target = [
        (PF_IMAGE, "image", N_("Image"), None),
        (PF_DRAWABLE, "drawable", N_("Layer"), None),
    ]
    prompt = [(PF_TEXT, "prompt", N_("_Prompt"), "")]
    how = [
        (PF_SPINNER, "grow", N_("_Grow the selection by (px)"), 0, (0, MAX_PX, 1)),
        (PF_SPINNER, "feather", N_("_Feather its edge by (px)"), 0, (0, MAX_PX, 1)),
        (PF_SPINNER, "context", N_("Conte_xt in pixels, -1 for automatic"), -1, (-1, MAX_PX, 1)),
        (PF_INT, "seed", N_("See_d, -1 for a new one"), -1),
    ]
    result = [(PF_LAYER, "layer", N_("The new layer"))]
    register(
        "plug-in-overpaint-remove",
        N_("Fill the selection from its surroundings, on a new layer"),
        N_(
            "Takes what is selected away: the selection is filled from its surroundings on a new "
            "layer above the active one, under a mask that is the selection. Works offline."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("_Remove Selection"),
        "*",
        target + how,
        result,
        remove,
        menu=MENU,
        dialog=_no_dialog,
    )
    register(
        "plug-in-overpaint-inpaint",
        N_("Fill the selection with what a prompt says, on a new layer"),
        N_(
            "Fills the selection on a new layer above the active one, under a mask that is the "
            "selection. The built-in engine works offline and fills from the surroundings; it "
            "cannot read prompts."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("_Inpaint Selection..."),
        "*",
        target + prompt + how,
        result,
        inpaint,
        menu=MENU,
        on_run=_start_core,
    )


def _no_dialog(_context: Any) -> bool:
    """Run at once with the defaults: there is nothing that most users would want to set."""
    return True


def _recipe(edit: str, grow: int, feather: int, context: int, seed: int) -> Dict[str, Any]:
    return {
        "version": 1,
        "edit": edit,
        "grow": int(grow),
        "feather": int(feather),
        "context": None if context < 0 else int(context),
        "seed": None if seed < 0 else int(seed),
    }


def _start_core() -> None:
    """Start a core while the dialog is being read; trouble is told when it is needed."""
    with contextlib.suppress(messages.CoreTrouble):
        _waiting.append(CoreProcess(launch.argv()))


def _core() -> CoreProcess:
    return _waiting.pop() if _waiting else CoreProcess(launch.argv())


def _edit(image: Any, layer: Any, recipe: Dict[str, Any], name: str) -> Any:
    """Run one edit from the selection to the new layer; nothing is changed before it succeeds."""
    clock = timings.Clock()
    target = canvas.examine(image, layer)
    with _core() as core:
        gimp.progress_init(N_("Waiting for Overpaint's core"))
        canvas_size = (target.canvas_width, target.canvas_height)
        region = core.plan(recipe, canvas_size, target.selection)
        clock.mark("plan", less=core.seconds_to_hello or 0.0)
        source = canvas.read(target, region)
        clock.mark("read")
        request = wire.RunEdit(
            recipe=recipe,
            region=region,
            format=source.format,
            pixels=source.pixels,
            selected=source.selected,
            selection=source.selection,
            shown=source.shown,
        )
        outcome = core.run(request, _Progress())
        clock.mark("transfer", less=sum(outcome.seconds.values()))
        core.dismiss()  # a process takes a while to end: let it do so meanwhile
        patch = outcome.patches[0] if len(outcome.patches) == 1 else None
        if patch is None or not (
            region.contains(patch.region) and patch.region.contains(source.selected)
        ):
            raise messages.core_nonsense()
        new_layer = canvas.insert(target, source, patch, name)
    clock.mark("insert")
    gimp.progress_init(N_("0 pixels changed outside the selection"))
    clock.write({"start": core.seconds_to_hello or 0.0, **outcome.seconds})
    for sentence in outcome.notices:
        gimp.message(sentence)
    return new_layer


class _Progress:
    """Shows progress in GIMP, where it is new; pulses where nobody knows how far it is."""

    def __init__(self) -> None:
        self._phase = ""

    def __call__(self, fraction: Optional[float], phase: str) -> None:
        if phase != self._phase:
            self._phase = phase
            gimp.progress_init(phase)
        if fraction is None:
            gimp.progress_pulse()
        else:
            gimp.progress_update(fraction)
