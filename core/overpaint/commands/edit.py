"""The commands that make pixels: inpaint, remove, vary, style, generate."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overpaint.commands import options
from overpaint.commands.telling import Outcome, follow, print_json
from overpaint.errors import ModelUnknown, SelectionEmpty
from overpaint.look import PLAIN, Look
from overpaint.recipe import Edit, Oversize, Recipe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from overpaint import app, files
    from overpaint.geometry import Box
    from overpaint.providers.base import Reference

__all__ = ["generate", "inpaint", "remove", "style", "vary"]

LAYERED = (
    ".png or .tif for the finished picture, .ora or .xcf for the original with the result as a "
    "layer"
)


@click.command()
@options.masked()
@options.wish(strength=True)
@options.provider()
@options.output(LAYERED)
def inpaint(**given: Any) -> None:
    """Fill the masked part of IMAGE anew.

    A prompt says with what, for providers that read one.
    """
    _edit(Edit.INPAINT, given)


@click.command()
@options.masked()
@options.wish(references=False)
@options.provider()
@options.output(LAYERED)
def remove(**given: Any) -> None:
    """Take away from IMAGE what the mask covers."""
    _edit(Edit.REMOVE, given)


@click.command()
@options.masked(required=False)
@options.wish(strength=True)
@options.provider()
@options.output(LAYERED)
def vary(**given: Any) -> None:
    """Make variations of the masked part of IMAGE, or of all of it."""
    _edit(Edit.VARIATION, given)


@click.command()
@options.masked(required=False)
@options.look()
@options.wish(strength=True)
@options.provider()
@options.added(
    click.option(
        "--each-layer",
        is_flag=True,
        help="Style each layer of an .ora or .xcf file by itself, all in one look, into a new "
        "group beside the old ones. What was finished is not made again.",
    ),
    click.option(
        "--frames",
        is_flag=True,
        help="With --each-layer: the layers are the frames of an animation, the lowest the first. "
        "What keeps still in them keeps still in the new style.",
    ),
)
@options.output(LAYERED)
def style(*, each_layer: bool, frames: bool, **given: Any) -> int:
    """Give the masked part of IMAGE another style, or all of it.

    --style names it, --reference shows it, or the prompt says it.
    """
    if frames and not each_layer:
        raise click.UsageError("--frames goes with --each-layer: layers are the frames.")
    if not each_layer:
        _edit(Edit.STYLE, given)
        return 0
    from overpaint import app
    from overpaint.commands.layers import style_layers

    _refuse_overwriting(given)
    pictures, digests = app.read_references(Edit.STYLE, given["references"])
    recipe = _recipe(Edit.STYLE, given, digests)
    return style_layers(given, recipe, _reach(given), pictures, frames=frames)


@click.command()
@options.added(
    click.option(
        "--size",
        required=True,
        metavar="WIDTHxHEIGHT",
        help="Of the new picture, in pixels.",
    )
)
@options.wish()
@options.provider()
@options.output(".png, .tif, .ora or .xcf")
def generate(size: str, **given: Any) -> None:
    """Make a new picture from words alone."""
    from overpaint.geometry import Extent

    width, sign, height = size.lower().partition("x")
    if not (sign and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise click.BadParameter(f"{size!r} is not like 1024x768", param_hint="--size")
    extent = Extent(int(width), int(height))
    blank = {"mask": None, "image": None, "grow": 0, "feather": 0, "context": 0}
    _edit(Edit.GENERATE, {**given, **blank, "oversize": Oversize.FIT.value, "extent": extent})


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What is to be done: the picture, the selection on it, the recipe, who is asked."""

    document: "files.Document"
    selection: "npt.NDArray[np.uint8]"
    box: "Box"
    recipe: Recipe
    reach: "app.Reach"
    references: "tuple[Reference, ...]"
    name: str


def _edit(edit: Edit, given: dict[str, Any]) -> None:
    import anyio

    from overpaint import app, files

    image, out = given["image"], given["out"]
    _refuse_overwriting(given)
    work = _prepare(edit, given)
    files.check(out, work.document)
    if image is not None:
        for sentence in work.document.notices:
            click.echo(f"{image}: {sentence}", err=True)
    region = app.plan(work.recipe, work.box, work.document.extent, work.reach).region
    source = work.document.source(region, work.selection[region.slices])
    if given["dry_run"]:
        roles = [each.role for each in work.references]
        told = app.forecast(work.recipe, region, source.selection, work.reach, roles)
        _tell_forecast(told, as_json=given["as_json"])
        return

    async def run() -> Outcome:
        running = app.run(
            work.recipe,
            region,
            source,
            reach=work.reach,
            references=work.references,
            canvas=work.document.extent,
            document=work.name,
        )
        async with running as events:
            return await follow(events)

    try:
        outcome = anyio.run(run)
    except ModelUnknown as error:
        if not _switched(error, given):
            raise
        _edit(edit, {**given, "model": error.successor})
        return
    results = [
        files.Result(each.patch, each.recipe, app.provenance_of(each.recipe, work.reach).xmp())
        for each in outcome.made
    ]
    saved = files.save(out, work.document, results)
    _tell_outcome(outcome, saved, as_json=given["as_json"])


def _prepare(edit: Edit, given: dict[str, Any]) -> _Work:
    """Read what the command names, and make its recipe."""
    import numpy as np

    from overpaint import app, files
    from overpaint.mask import bounds

    if given["image"] is None:
        extent = given["extent"]
        document = files.Document(np.full((extent.height, extent.width, 3), 128, np.uint8))
        selection = np.full((extent.height, extent.width), 255, np.uint8)
    else:
        document = files.load(given["image"])
        selection = (
            np.full((document.extent.height, document.extent.width), 255, np.uint8)
            if given["mask"] is None
            else files.load_selection(given["mask"], document.extent)
        )
    box = bounds(selection)
    if box is None:
        raise SelectionEmpty(
            f"The mask {given['mask']} selects nothing: it is black or transparent everywhere.",
            "Paint white what is to be edited.",
        )
    paths = given.get("references", ())
    pictures, digests = app.read_references(edit, paths)
    recipe = _recipe(edit, given, digests)
    name = given["image"].name if given["image"] is not None else ""
    return _Work(document, selection, box, recipe.with_seed(), _reach(given), pictures, name)


def _refuse_overwriting(given: dict[str, Any]) -> None:
    from overpaint import files

    read = {"IMAGE": given["image"], "MASK": given["mask"]}
    for number, reference in enumerate(given.get("references", ()), 1):
        read[f"reference {number}"] = reference
    files.check_apart(given["out"], read)


def _reach(given: dict[str, Any]) -> "app.Reach":
    from overpaint import app

    return app.Reach(
        base_url=given["base_url"],
        options=dict(given["options"]),
        fallbacks=given["fallbacks"] or None,
    )


def _recipe(edit: Edit, given: dict[str, Any], digests: tuple[str, ...]) -> Recipe:
    from overpaint import app

    recipe = Recipe(
        edit=edit,
        prompt=given["prompt"],
        parts=options.as_parts(given["parts"]),
        negative=given["negative"],
        provider=given["provider"] or app.default_provider(),
        model=given["model"],
        strength=given.get("strength"),
        references=digests,
        count=given["count"],
        grow=given["grow"],
        feather=given["feather"],
        context=given["context"],
        seed=given["seed"],
        oversize=Oversize(given["oversize"]),
        look=_look(given),
    )
    if given["presets"]:
        from overpaint import presets

        known = presets.load()
        for preset in given["presets"]:
            recipe = presets.apply(known.get(preset), recipe, dict(given["values"]))
    return recipe


def _look(given: dict[str, Any]) -> Look:
    if "named_style" not in given:
        return PLAIN
    named = given["named_style"]
    if named:
        from overpaint import styles

        named = styles.get(named).id
    return Look(
        style=named,
        stroke=given["stroke"],
        keep_colours=given["keep_colours"],
        keep_light=given["keep_light"],
    )


def _switched(error: ModelUnknown, given: dict[str, Any]) -> bool:
    """Offer the model that replaced the one that is gone, where somebody is there to answer."""
    if error.successor is None or given["as_json"] or not sys.stdin.isatty():
        return False
    click.echo(f"overpaint: {error.sentence}", err=True)
    return click.confirm(f"Use {error.successor} instead?", err=True)


def _tell_forecast(told: "app.Outlook", *, as_json: bool) -> None:
    if as_json:
        print_json(told.to_dict())
        return
    for line in told.lines():
        click.echo(line)


def _tell_outcome(outcome: Outcome, saved: list[Path], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "saved": [str(path) for path in saved],
                "candidates": [
                    {"number": each.number, "recipe": each.recipe.to_dict()}
                    for each in outcome.made
                ],
                "notices": outcome.notices,
                "cost": outcome.cost,
                "bytes_sent": outcome.sent,
                "seconds": outcome.seconds,
                "log": list(outcome.log),
            }
        )
        return
    for sentence in outcome.notices:
        click.echo(sentence, err=True)
    if outcome.sent:
        price = "" if outcome.cost is None else f", ${outcome.cost:.4f}"
        click.echo(f"Sent {outcome.sent:,} bytes{price}.", err=True)
    seeds = ", ".join(str(each.recipe.seed) for each in outcome.made)
    for path in saved:
        click.echo(f"Saved {path} (--seed {seeds}).", err=True)
