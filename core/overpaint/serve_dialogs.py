"""What dialogs ask of a core, and how it is answered. In order of wire.QUESTIONS:

    facts            about {}                      who can do what, styles, earlier prompts
    provider         about {name, model}           one provider with one of its models
    template         about {id, edit, prompt, negative}    both texts, put into a preset
    history          about {limit, search, image}  {runs}, newest first; a view for each, if any;
                                                   of one image with its {name, size, marks}
    place            about {run}                   patches, as after a run; {canvas, prompt}
    export           about {run, folder}           {files}: recipe and pictures
    remove-run       about {run}                   {runs, bytes} that went
    clear-history    about {}                      {runs, bytes} that went
    settings         about {}                      all settings, and where keys are
    change-settings  about what is to change       as settings
    change-key       about {provider, secret}      {where}; an empty secret forgets the key
    check-provider   about {name}                  {sentence}
    check-setup      about {}                      {findings, ok}
    layers           asked by a wire.StyleLayers   what it would take, as LayersOutlook has it

All but check-provider is synchronous, and runs in a thread.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from overpaint import app, views, wire
from overpaint.dialect import Role
from overpaint.errors import OverpaintError
from overpaint.geometry import Box
from overpaint.mask import adjust
from overpaint.picture import Patch
from overpaint.planes import encode
from overpaint.recipe import Recipe

__all__ = ["answers", "outlook", "view"]

THUMB = 160
"""Longest side of a picture in a list, in pixels."""


def answers(ask: wire.Ask) -> Iterator[wire.Message]:
    """Yield the answer to *ask*, after what belongs to it; raises OverpaintError."""
    about = ask.about
    if ask.what == "history":
        yield from _history(about)
        return
    if ask.what == "place":
        yield from _placed(about)
        return
    yield wire.Answer(what=ask.what, data=_DATA[ask.what](about))


def outlook(request: wire.Forecast, recipe: Recipe) -> wire.Outlook:
    """Say what a run would send, and draw what it would change; raises OverpaintError."""
    region = Box(*request.region)
    selected = Box(*request.selected).moved(-region.x, -region.y)
    selection = np.zeros((region.height, region.width), np.uint8)
    sent = np.frombuffer(request.selection, np.uint8)
    selection[selected.slices] = sent.reshape(selected.height, selected.width)
    told = app.forecast(recipe, region, selection, roles=[Role(each) for each in request.roles])
    crop = np.frombuffer(request.pixels, np.uint8).reshape(request.height, request.width, 4)
    mask = adjust(selection, grow_px=recipe.grow, feather_px=recipe.feather)
    drawn = views.masked(views.flat(crop), mask)
    return wire.Outlook(
        data=told.to_dict(),
        width=request.width,
        height=request.height,
        pixels=drawn.data.cast("B"),
    )


def view(number: int, stage: str, picture: views.Rgb) -> wire.View:
    """Return *picture* as a message."""
    height, width = picture.shape[:2]
    pixels = np.ascontiguousarray(picture).data.cast("B")
    return wire.View(number=number, stage=stage, width=width, height=height, pixels=pixels)


def _history(about: Mapping[str, Any]) -> Iterator[wire.Message]:
    from overpaint.codec import decode

    search = str(about.get("search") or "")
    runs = app.past_runs(int(about["limit"]), search, about.get("image"))
    for number, run in enumerate(runs):
        # A picture that cannot be shown can still be exported: the list goes on without it.
        with contextlib.suppress(OverpaintError, OSError):
            if run["pictures"]:
                picture = decode(Path(run["pictures"][0]).read_bytes())
                yield view(number, "result", views.framed(picture, THUMB))
    yield wire.Answer(what="history", data={"runs": runs})


def _placed(about: Mapping[str, Any]) -> Iterator[wire.Message]:
    placed = app.place(str(about.get("run", "")))
    for each in placed:
        yield _patch(each.number, each.patch, each.recipe)
    canvas = placed[0].canvas
    yield wire.Answer(
        what="place",
        data={"canvas": [canvas.width, canvas.height], "prompt": placed[0].recipe.prompt},
    )


def _patch(number: int, patch: Patch, recipe: Recipe) -> wire.PatchMade:
    deep = patch.pixels.dtype != np.uint8
    pixel_format = "R'G'B'A float" if deep else "R'G'B'A u8"
    return wire.PatchMade(
        number=number,
        recipe=recipe.to_dict(),
        provenance=app.provenance_of(recipe).to_dict(),
        region=wire.Rectangle(*asdict(patch.region).values()),
        format=pixel_format,
        pixels=encode(patch.pixels, pixel_format),
        mask=np.ascontiguousarray(patch.mask).data.cast("B"),
    )


def _removed(about: Mapping[str, Any]) -> dict[str, Any]:
    runs, size = app.remove_run(str(about["run"]))
    return {"runs": runs, "bytes": size}


def _cleared(_about: Mapping[str, Any]) -> dict[str, Any]:
    runs, size = app.clear_history()
    return {"runs": runs, "bytes": size}


def _changed_settings(about: Mapping[str, Any]) -> dict[str, Any]:
    app.change_settings(about)
    return app.settings_facts()


def _changed_key(about: Mapping[str, Any]) -> dict[str, Any]:
    return {"where": app.change_key(str(about["provider"]), str(about.get("secret", "")))}


def _checked_provider(about: Mapping[str, Any]) -> dict[str, Any]:
    import anyio

    return {"sentence": anyio.run(app.check, str(about["name"]))}


def _checked_setup(_about: Mapping[str, Any]) -> dict[str, Any]:
    from overpaint import doctor

    # Inside GIMP there is no need to look for GIMP, and each core started here would start one.
    found = list(doctor.examine_core())
    return {"findings": [asdict(each) for each in found], "ok": doctor.all_well(found)}


_DATA = {
    "facts": lambda _: app.facts(),
    "provider": lambda about: app.provider_facts(
        str(about.get("name", "")), str(about.get("model") or "") or None
    ),
    "template": lambda about: app.templated(
        *(str(about.get(name, "")) for name in ("id", "edit", "prompt", "negative"))
    ),
    "export": lambda about: {"files": app.export_run(str(about["run"]), str(about["folder"]))},
    "remove-run": _removed,
    "clear-history": _cleared,
    "settings": lambda _: app.settings_facts(),
    "change-settings": _changed_settings,
    "change-key": _changed_key,
    "check-provider": _checked_provider,
    "check-setup": _checked_setup,
}
