"""What the commands under Filters > Overpaint do: what each asks for, and how one edit runs."""

import contextlib
from functools import partial
from typing import Any, Dict, List, Optional, Tuple

import wire
from gimpfu import (
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
)
from shell import again, canvas, launch, layers, messages, recipes, result_layers, timings, windows
from shell.core_process import CoreProcess
from shell.i18n import _
from shell.layers import EVERY_LAYER, SELECTED_LAYERS

__all__ = [
    "INPAINT",
    "REMOVE",
    "STYLE",
    "STYLE_LAYERS",
    "TARGET",
    "check_setup",
    "edit_again",
    "history",
    "inpaint",
    "remove",
    "settings",
    "style",
    "style_layers",
    "vary",
]

MAX_PX = 4096
MAX_COUNT = 16
STROKES = (0.25, 4.0, 0.05)

TARGET = [
    (PF_IMAGE, "image", _("Image"), None),
    (PF_DRAWABLE, "drawable", _("Layer"), None),
]
_wish = [
    (PF_TEXT, "prompt", _("_Prompt"), ""),
    (PF_STRING, "negative", _("What it should _not show"), ""),
]
_how = [
    (PF_SPINNER, "grow", _("_Grow the selection by (px)"), 0, (0, MAX_PX, 1)),
    (PF_SPINNER, "feather", _("_Feather its edge by (px)"), 0, (0, MAX_PX, 1)),
    (PF_SPINNER, "context", _("Conte_xt in pixels, -1 for automatic"), -1, (-1, MAX_PX, 1)),
    (PF_INT, "seed", _("See_d, -1 for a new one"), -1),
]
_who = [
    (PF_STRING, "provider", _("Pro_vider, empty for the usual one"), ""),
    (PF_STRING, "model", _("_Model, empty for the provider's default"), ""),
]
_more = [
    (PF_SPINNER, "strength", _("Streng_th, -1 for the provider's own"), -1.0, (-1, 1, 0.05)),
    (PF_SPINNER, "count", _("N_umber of candidates"), 1, (1, MAX_COUNT, 1)),
]
_parts = [
    (PF_TEXT, "parts", _("Li_ght, mood and more, a line each, such as “lighting: soft”"), ""),
]
_look = [
    (PF_STRING, "named_style", _("Named _style, as “overpaint styles” lists them"), ""),
    (PF_LAYER, "style_layer", _("Style of another _layer"), None),
    (PF_FILE, "style_file", _("Style of a picture _file"), ""),
    (PF_SPINNER, "stroke", _("Stro_ke size, 1 for what suits the picture"), 1.0, STROKES),
    (PF_TOGGLE, "keep_colours", _("Keep the _colours"), False),
    (PF_TOGGLE, "keep_light", _("Keep l_ight and dark"), False),
]
_which = [
    (
        PF_RADIO,
        "which",
        _("_Which layers"),
        SELECTED_LAYERS,
        ((_("The selected layers and groups"), SELECTED_LAYERS), (_("All"), EVERY_LAYER)),
    ),
    (PF_TOGGLE, "frames", _("They are the _frames of an animation"), False),
]

REMOVE = _how + _who
INPAINT = _wish + _how + _who + _more + _parts
STYLE = _wish[:1] + _look + _how + _who + _more + _parts
STYLE_LAYERS = _which + _wish[:1] + _look + _how[-1:] + _who + _more[:1]


def remove(image: Any, layer: Any, *values: Any) -> Any:
    """Fill the selection from its surroundings, on a new layer."""
    named = dict(zip(_names(REMOVE), values))
    # No dialog says who gets the picture: nobody does, unless a provider is named.
    named["provider"] = named["provider"] or "embedded"
    return _edit(image, layer, "remove", named)


def inpaint(image: Any, layer: Any, *values: Any) -> Any:
    """Fill the selection with what the prompt says, on a new layer for each candidate."""
    return windows.kept() or _edit(image, layer, "inpaint", dict(zip(_names(INPAINT), values)))


def vary(image: Any, layer: Any, *values: Any) -> Any:
    """Make variations of the selection, or of the whole layer, on a new layer each."""
    named = dict(zip(_names(INPAINT), values))
    return windows.kept() or _edit(image, layer, "variation", named, or_everything=True)


def style(image: Any, layer: Any, *values: Any) -> Any:
    """Give the selection, or the whole layer, another style, on a new layer for each candidate.

    The style comes from another layer, of any open image, or a file, or has a name, or is in the
    words of the prompt.
    """
    named = dict(zip(_names(STYLE), values))
    return windows.kept() or _edit(image, layer, "style", named, or_everything=True)


def style_layers(image: Any, chosen: List[Any], which: str, frames: bool, *values: Any) -> Any:
    """Give layers one style, each by itself, in a new group beside them.

    They are those that are selected, groups with all that is in them, or all layers. As *frames*
    of an animation they keep still where the picture keeps still.
    """
    del chosen  # GIMP names no groups among them; the image does
    named = dict(zip(_names(STYLE_LAYERS)[2:], values))
    recipe = recipes.recipe("style", named)
    batch = layers.examine(image, everything=which == EVERY_LAYER, frames=bool(frames))
    shown = recipes.shown(named)
    title = recipes.name("style", named)
    with _core() as core, layers.Results() as results:
        gimp.progress_init(_("Waiting for Overpaint's core"))
        request = batch.request(recipe)
        outcome = core.style_layers(
            request, partial(layers.read, batch), results.keep, _Progress(), shown
        )
        core.dismiss()
        if not len(results) and outcome.failed:
            first = outcome.failed[0]
            raise messages.none_made(first.sentence, first.hint)
        if not len(results):  # all were left: copies of them are nothing that anybody asked for
            raise messages.none_made(" ".join(outcome.notices), "")
        group = layers.insert(batch, results, title)
    for sentence in [*outcome.notices, *_failures(batch, outcome.failed)]:
        gimp.message(sentence)
    return group


def _failures(batch: layers.Batch, failed: List[wire.LayerFailed]) -> List[str]:
    return [
        _("“{}” is as it was. {} {} Run the command again: only what is missing is made.").format(
            batch.leaves[each.id].name, each.sentence, each.hint
        )
        for each in failed
    ]


def edit_again(image: Any, layer: Any, seed: int) -> Any:
    """Make the edit again that made this layer, in the same place or on what is selected now."""
    done = windows.kept()
    if done is not None:
        return done
    stored, below, mask, made = again.examine(image, layer)
    values = {**recipes.values(stored), "seed": int(seed)}
    whole = stored["edit"] in ("variation", "style")
    return _edit(image, below, stored["edit"], values, whole, mask, made)


def history(image: Any, layer: Any) -> Any:
    """Return the layer that the window has added."""
    del image, layer
    return windows.kept()


def settings() -> None:
    """Do nothing: the window does it all."""


def check_setup() -> None:
    """Do nothing: the window does it all."""


def _core() -> CoreProcess:
    return CoreProcess(launch.argv())


def _names(params: List[Tuple[Any, ...]]) -> List[str]:
    return [row[1] for row in params]


def _edit(
    image: Any,
    layer: Any,
    edit: str,
    values: Dict[str, Any],
    or_everything: bool = False,
    mask: Any = None,
    over: Any = None,
) -> Any:
    """Run one edit from the selection to the new layer; nothing is changed before it succeeds.

    With *or_everything*, no selection means all of the layer; *mask* is a layer whose mask takes
    the selection's place. The result goes above *over*, by default the layer itself.
    """
    recipe, shown = recipes.recipe(edit, values), recipes.shown(values)
    name = recipes.name(edit, values)
    clock = timings.Clock()
    # What GIMP has to be asked for is asked while the core starts, plans or works.
    with _core() as core, contextlib.ExitStack() as in_the_end:
        target = canvas.examine(image, layer, or_everything, mask)
        gimp.progress_init(_("Waiting for Overpaint's core"))
        canvas_size = (target.canvas_width, target.canvas_height)
        core.begin_plan(recipe, canvas_size, target.selection)
        selected = canvas.read_selection(target)
        region = core.planned()
        clock.mark("plan", less=core.seconds_to_hello or 0.0)
        source = canvas.read(target, region, selected)
        core.begin(
            wire.RunEdit(
                recipe=recipe,
                canvas_width=target.canvas_width,
                canvas_height=target.canvas_height,
                document=(image.name or "")[:300],
                region=region,
                format=source.format,
                selected=selected.box,
                selection=selected.in_bytes,
                shown=source.shown,
                views=0,
            ),
            canvas.strips(target, source),
            shown,
        )
        clock.mark("read")
        blank = result_layers.Blank(image, name, selected)
        in_the_end.callback(blank.drop)
        outcome = core.outcome(_Progress())
        clock.mark("transfer", less=sum(outcome.seconds.values()))
        core.dismiss()  # a process takes a while to end: let it do so meanwhile
        patches = sorted(outcome.patches, key=lambda patch: patch.number)
        fitting = all(
            region.contains(patch.region) and patch.region.contains(selected.box)
            for patch in patches
        )
        if not (patches and fitting and len(patches) <= recipe.get("count", 1)):
            raise messages.core_nonsense()
        spot = result_layers.above(over or target.layer)
        new_layer = result_layers.insert(spot, source, patches, name, grouped=True, blank=blank)
    clock.mark("insert")
    gimp.progress_init(_("0 pixels changed outside the selection"))
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
