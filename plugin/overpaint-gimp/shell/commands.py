"""The commands under Filters > Overpaint: what each asks for, and how one edit runs."""

import contextlib
from functools import partial
from typing import Any, Dict, List, Optional, Sequence

import wire
from gimpfu import (
    N_,
    PF_DRAWABLE,
    PF_FILE,
    PF_IMAGE,
    PF_INT,
    PF_LAYER,
    PF_RADIO,
    PF_SPINNER,
    PF_STRING,
    PF_TEXT,
    PF_TOGGLE,
    gimp,
    register,
)
from shell import canvas, launch, layers, messages, references, timings
from shell.core_process import CoreProcess

__all__ = ["inpaint", "register_all", "remove", "style", "style_layers", "vary"]

MENU = "<Image>/Filters/Overpaint"
AUTHOR = "The Overpaint developers"
YEAR = "2026"
MAX_PX = 4096
MAX_COUNT = 16
STROKES = (0.25, 4.0, 0.05)
SELECTED_LAYERS, EVERY_LAYER = "selected", "all"
NAME_LENGTH = 40

_waiting: List[CoreProcess] = []
"""The core that was started when the dialog opened; at most one."""


def remove(
    image: Any,
    layer: Any,
    grow: int,
    feather: int,
    context: int,
    seed: int,
    provider: str,
    model: str,
) -> Any:
    """Fill the selection from its surroundings, on a new layer."""
    recipe = _recipe("remove", grow, feather, context, seed)
    # No dialog says who gets the picture: nobody does, unless a provider is named.
    recipe.update(_who(provider or "embedded", model))
    return _edit(image, layer, recipe, N_("Removed"))


def inpaint(
    image: Any,
    layer: Any,
    prompt: str,
    negative: str,
    grow: int,
    feather: int,
    context: int,
    seed: int,
    provider: str,
    model: str,
    strength: float,
    count: int,
) -> Any:
    """Fill the selection with what *prompt* says, on a new layer for each candidate."""
    prompt = (prompt or "").strip()
    recipe = _recipe("inpaint", grow, feather, context, seed)
    recipe.update(_who(provider, model))
    recipe["prompt"] = prompt
    recipe["negative"] = (negative or "").strip()
    recipe["count"] = int(count)
    if strength >= 0:
        recipe["strength"] = float(strength)
    return _edit(image, layer, recipe, _titled(prompt) or N_("Inpainted"))


def vary(
    image: Any,
    layer: Any,
    prompt: str,
    negative: str,
    grow: int,
    feather: int,
    context: int,
    seed: int,
    provider: str,
    model: str,
    strength: float,
    count: int,
) -> Any:
    """Make variations of the selection, or of the whole layer, on a new layer each."""
    prompt = (prompt or "").strip()
    recipe = _recipe("variation", grow, feather, context, seed)
    recipe.update(_who(provider, model))
    recipe["prompt"] = prompt
    recipe["negative"] = (negative or "").strip()
    recipe["count"] = int(count)
    if strength >= 0:
        recipe["strength"] = float(strength)
    return _edit(image, layer, recipe, _titled(prompt) or N_("Variation"), or_everything=True)


def style(
    image: Any,
    layer: Any,
    prompt: str,
    named_style: str,
    style_layer: Any,
    style_file: Any,
    stroke: float,
    keep_colours: bool,
    keep_light: bool,
    grow: int,
    feather: int,
    context: int,
    seed: int,
    provider: str,
    model: str,
    strength: float,
    count: int,
) -> Any:
    """Give the selection, or the whole layer, another style, on a new layer for each candidate.

    The style comes from *style_layer*, of any open image, or *style_file*, or has a name, or is
    in the words of the prompt.
    """
    recipe = _recipe("style", grow, feather, context, seed)
    recipe.update(_who(provider, model))
    recipe["prompt"] = (prompt or "").strip()
    recipe["count"] = int(count)
    recipe["look"] = _look(named_style, stroke, keep_colours, keep_light)
    if strength >= 0:
        recipe["strength"] = float(strength)
    shown = _style_shown(style_layer, style_file)
    name = _titled(prompt or named_style or "") or N_("Styled")
    return _edit(image, layer, recipe, name, or_everything=True, shown=shown)


def style_layers(
    image: Any,
    layer: Any,
    which: str,
    prompt: str,
    named_style: str,
    style_layer: Any,
    style_file: Any,
    stroke: float,
    keep_colours: bool,
    keep_light: bool,
    seed: int,
    provider: str,
    model: str,
    strength: float,
) -> Any:
    """Give layers one style, each by itself, in a new group beside them.

    They are those that are selected, groups with all that is in them, or all layers.
    """
    del layer
    recipe = _recipe("style", 0, 0, -1, seed)
    recipe.update(_who(provider, model))
    recipe["prompt"] = (prompt or "").strip()
    recipe["look"] = _look(named_style, stroke, keep_colours, keep_light)
    if strength >= 0:
        recipe["strength"] = float(strength)
    batch = layers.examine(image, everything=which == EVERY_LAYER)
    shown = _style_shown(style_layer, style_file)
    title = _titled(prompt or named_style or "") or N_("Styled")
    with _core() as core, layers.Results() as results:
        gimp.progress_init(N_("Waiting for Overpaint's core"))
        request = wire.StyleLayers(
            recipe=recipe,
            canvas_width=image.width,
            canvas_height=image.height,
            document=(image.name or "")[:300],
            layers=batch.described(),
        )
        outcome = core.style_layers(
            request, partial(layers.read, batch), results.keep, _Progress(), shown
        )
        core.dismiss()
        if not len(results) and outcome.failed:
            raise messages.none_made(outcome.failed[0].sentence, outcome.failed[0].hint)
        group = layers.insert(batch, results, title)
    for sentence in [*outcome.notices, *_failures(batch, outcome.failed)]:
        gimp.message(sentence)
    return group


def _failures(batch: layers.Batch, failed: List[wire.LayerFailed]) -> List[str]:
    return [
        N_("“{}” is as it was. {} {} Run the command again: only what is missing is made.").format(
            batch.leaves[each.id].name, each.sentence, each.hint
        )
        for each in failed
    ]


def _look(named_style: str, stroke: float, colours: bool, light: bool) -> Dict[str, Any]:
    return {
        "style": (named_style or "").strip(),
        "stroke": float(stroke),
        "keep_colours": bool(colours),
        "keep_light": bool(light),
    }


def _style_shown(style_layer: Any, style_file: Any) -> List[wire.Reference]:
    """Return the picture whose style is wanted, where one was chosen."""
    if style_layer is not None:
        return [references.of_layer(style_layer, "style")]
    return [references.of_file(style_file, "style")] if style_file else []


def _titled(prompt: str) -> str:
    """Return what a layer made from *prompt* is called; "" where nothing was said."""
    line = " ".join(prompt.split())
    return line if len(line) <= NAME_LENGTH else line[: NAME_LENGTH - 1].rstrip() + "…"


def register_all() -> None:
    """Tell GIMP what there is."""
    target = [
        (PF_IMAGE, "image", N_("Image"), None),
        (PF_DRAWABLE, "drawable", N_("Layer"), None),
    ]
    wish = [
        (PF_TEXT, "prompt", N_("_Prompt"), ""),
        (PF_STRING, "negative", N_("What it should _not show"), ""),
    ]
    how = [
        (PF_SPINNER, "grow", N_("_Grow the selection by (px)"), 0, (0, MAX_PX, 1)),
        (PF_SPINNER, "feather", N_("_Feather its edge by (px)"), 0, (0, MAX_PX, 1)),
        (PF_SPINNER, "context", N_("Conte_xt in pixels, -1 for automatic"), -1, (-1, MAX_PX, 1)),
        (PF_INT, "seed", N_("See_d, -1 for a new one"), -1),
    ]
    who = [
        (PF_STRING, "provider", N_("Pro_vider, empty for the usual one"), ""),
        (PF_STRING, "model", N_("_Model, empty for the provider's default"), ""),
    ]
    more = [
        (PF_SPINNER, "strength", N_("Streng_th, -1 for the provider's own"), -1.0, (-1, 1, 0.05)),
        (PF_SPINNER, "count", N_("N_umber of candidates"), 1, (1, MAX_COUNT, 1)),
    ]
    look = [
        (PF_STRING, "named_style", N_("Named _style, as “overpaint styles” lists them"), ""),
        (PF_LAYER, "style_layer", N_("Style of another _layer"), None),
        (PF_FILE, "style_file", N_("Style of a picture _file"), ""),
        (PF_SPINNER, "stroke", N_("Stro_ke size, 1 for what suits the picture"), 1.0, STROKES),
        (PF_TOGGLE, "keep_colours", N_("Keep the _colours"), False),
        (PF_TOGGLE, "keep_light", N_("Keep l_ight and dark"), False),
    ]
    which = [
        (
            PF_RADIO,
            "which",
            N_("_Which layers"),
            SELECTED_LAYERS,
            ((N_("The selected layers and groups"), SELECTED_LAYERS), (N_("All"), EVERY_LAYER)),
        )
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
        target + how + who,
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
            "cannot read prompts. Other providers get the selection with its surroundings; the "
            "topmost layer is the first candidate, the others are hidden below it."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("_Inpaint Selection..."),
        "*",
        target + wish + how + who + more,
        result,
        inpaint,
        menu=MENU,
        on_run=_start_core,
    )
    register(
        "plug-in-overpaint-vary",
        N_("Make variations of the selection, on new layers"),
        N_(
            "Makes variations of what is selected, or of the whole layer where nothing is, each "
            "on a new layer above the active one. The built-in engine works offline: it "
            "re-arranges what is there, and invents nothing."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("_Variations..."),
        "*",
        target + wish + how + who + more,
        result,
        vary,
        menu=MENU,
        on_run=_start_core,
    )
    register(
        "plug-in-overpaint-style",
        N_("Give the selection another style, on a new layer"),
        N_(
            "Transfers a style to what is selected, or to the whole layer where nothing is, on a "
            "new layer above the active one. The style is that of another layer or of a picture "
            "file, or has a name, or is in the words of the prompt. The built-in engine works "
            "offline."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("Transfer _Style..."),
        "*",
        target + wish[:1] + look + how + who + more,
        result,
        style,
        menu=MENU,
        on_run=_start_core,
    )
    register(
        "plug-in-overpaint-style-layers",
        N_("Give many layers one style, each by itself, in a new group"),
        N_(
            "Transfers one style to the selected layers and groups, or to all layers. Each keeps "
            "its name, place, mask, mode and opacity. The results are in a new group above the "
            "old layers, which are hidden. What was finished before a cancel or a failure is not "
            "made again when the command is repeated."
        ),
        AUTHOR,
        AUTHOR,
        YEAR,
        N_("Transfer Style to _Layers..."),
        "*",
        target + which + wish[:1] + look + how[-1:] + who + more[:1],
        [(PF_LAYER, "group", N_("The new group"))],
        style_layers,
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


def _who(provider: str, model: str) -> Dict[str, Any]:
    """Return what is set of these: what is empty, the core decides by the user's settings."""
    named = {"provider": (provider or "").strip(), "model": (model or "").strip()}
    return {name: value for name, value in named.items() if value}


def _start_core() -> None:
    """Start a core while the dialog is being read; trouble is told when it is needed."""
    with contextlib.suppress(messages.CoreTrouble):
        _waiting.append(CoreProcess(launch.argv()))


def _core() -> CoreProcess:
    return _waiting.pop() if _waiting else CoreProcess(launch.argv())


def _edit(
    image: Any,
    layer: Any,
    recipe: Dict[str, Any],
    name: str,
    or_everything: bool = False,
    shown: Sequence[wire.Reference] = (),
) -> Any:
    """Run one edit from the selection to the new layer; nothing is changed before it succeeds.

    *shown* are the references; with *or_everything*, no selection means all of the layer.
    """
    clock = timings.Clock()
    target = canvas.examine(image, layer, or_everything)
    with _core() as core:
        gimp.progress_init(N_("Waiting for Overpaint's core"))
        canvas_size = (target.canvas_width, target.canvas_height)
        region = core.plan(recipe, canvas_size, target.selection)
        clock.mark("plan", less=core.seconds_to_hello or 0.0)
        source = canvas.read(target, region)
        clock.mark("read")
        request = wire.RunEdit(
            recipe=recipe,
            canvas_width=target.canvas_width,
            canvas_height=target.canvas_height,
            document=(image.name or "")[:300],
            region=region,
            format=source.format,
            pixels=source.pixels,
            selected=source.selected,
            selection=source.selection,
            shown=source.shown,
        )
        outcome = core.run(request, _Progress(), shown)
        clock.mark("transfer", less=sum(outcome.seconds.values()))
        core.dismiss()  # a process takes a while to end: let it do so meanwhile
        patches = sorted(outcome.patches, key=lambda patch: patch.number)
        fitting = all(
            region.contains(patch.region) and patch.region.contains(source.selected)
            for patch in patches
        )
        if not (patches and fitting and len(patches) <= recipe.get("count", 1)):
            raise messages.core_nonsense()
        new_layer = canvas.insert(target, source, patches, name)
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
