"""`overpaint style --each-layer`: the layers of a document in one style."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overpaint.commands.telling import print_json, progress_shown
from overpaint.errors import FormatUnsupported, SelectionEmpty
from overpaint.recipe import Recipe

if TYPE_CHECKING:
    from overpaint import app, files, layers
    from overpaint.picture import Pixels
    from overpaint.providers.base import Reference
    from overpaint.tree import Layer, Place

__all__ = ["style_layers"]


def style_layers(
    given: dict[str, Any],
    recipe: Recipe,
    reach: "app.Reach",
    references: "tuple[Reference, ...]",
    *,
    frames: bool = False,
) -> int:
    """Style each layer of the document that *given* names; return the exit status: 1 where some
    failed. *recipe* may be without a seed. With *frames* the lowest layer is the first frame.
    """
    import anyio

    from overpaint import files
    from overpaint.layers import steady

    image, out = given["image"], given["out"]
    if given["mask"] is not None:
        raise click.UsageError("--mask does not go with --each-layer: layers are styled whole.")
    with files.open_layers(image, out) as opened:
        work = _Work(opened, steady(recipe), reach, references, image.name, frames)
        if given["dry_run"]:
            told = anyio.run(work.plan)
            if given["as_json"]:
                print_json(told.to_dict())
            else:
                for line in told.lines():
                    click.echo(line)
            return 0
        try:
            anyio.run(work.run)
        except KeyboardInterrupt:
            click.echo("Run the same command again to go on from here.", err=True)
            raise
        work.refuse_nothing()
        work.save(out)
    work.tell(out, as_json=given["as_json"])
    return 1 if work.failed else 0


class _Work:
    """One run over an open file, which has what was made so far. State: what was told."""

    def __init__(
        self,
        opened: "files.LayersFile",
        recipe: Recipe,
        reach: "app.Reach",
        references: "tuple[Reference, ...]",
        document: str,
        frames: bool,
    ) -> None:
        from overpaint.layers import LayerInput, Skip
        from overpaint.tree import CUTTING
        from overpaint.tree import layers as layers_of

        self._opened = opened
        self._recipe = recipe
        self._reach = reach
        self._references = references
        self._document = document
        self._frames = frames
        self._places: dict[str, Place] = {}
        self._inputs: list[LayerInput] = []
        for number, place in enumerate(layers_of(opened.tree)):
            name = str(number)
            skip = Skip.LOCKED if place.locked else None
            if place.layer.mode in CUTTING:
                skip = Skip.CUTS
            self._places[name] = place
            self._inputs.append(
                LayerInput(
                    id=name,
                    name=place.layer.name or f"layer {number + 1}",
                    box=place.layer.box,
                    read=self._reader(place.layer),
                    skip=skip,
                )
            )
        if not self._inputs:
            raise FormatUnsupported(
                f"{document} has no layers.", "Open it in the program that made it, and add one."
            )
        self._finished: layers.LayersFinished | None = None
        self.failed: list[layers.LayerFailed] = []
        self.skipped: list[str] = []
        self.notices: list[str] = list(opened.notices)

    def _reader(self, layer: "Layer") -> "Callable[[], Awaitable[Pixels]]":
        async def read() -> "Pixels":
            return self._opened.pixels(layer)

        return read

    async def _merged(self) -> "Pixels":
        return self._opened.whole()

    async def plan(self) -> "layers.LayersOutlook":
        from overpaint import app

        return await app.plan_layers(
            self._recipe,
            self._inputs,
            self._merged,
            reach=self._reach,
            references=self._references,
            frames=self._frames,
        )

    async def run(self) -> None:
        from overpaint import app
        from overpaint.layers import (
            LayerFailed,
            LayerMade,
            LayerProgress,
            LayersFinished,
            LayerSkipped,
            LayersNotice,
        )

        running = app.style_layers(
            self._recipe,
            self._inputs,
            self._merged,
            reach=self._reach,
            references=self._references,
            document=self._document,
            frames=self._frames,
        )
        over = 0
        async with running as events:
            with progress_shown() as show:
                async for event in events:
                    match event:
                        case LayerProgress(_, fraction, phase):
                            show((over + (fraction or 0)) / len(self._inputs), phase)
                        case LayerMade():
                            over += 1
                            self._keep(event)
                        case LayerFailed():
                            over += 1
                            self.failed.append(event)
                        case LayerSkipped(_, name, why):
                            over += 1
                            self.skipped.append(f"{name}: {why}")
                        case LayersNotice(sentence):
                            self.notices.append(sentence)
                        case LayersFinished():
                            self._finished = event

    def _keep(self, made: "layers.LayerMade") -> None:
        from overpaint import app, files

        provenance = app.provenance_of(made.recipe, self._reach).to_dict()
        styled = files.Styled(made.pixels, made.recipe.to_json(), provenance)
        self._opened.keep(self._places[made.id], styled)

    def refuse_nothing(self) -> None:
        """Raise what kept every layer from being made: a document of copies is of no use."""
        finished = self._finished
        if finished is None or finished.made or finished.reused:
            return
        if self.failed:
            raise self.failed[0].error
        raise SelectionEmpty(
            f"No layer of {self._document} can be styled: {'; '.join(self.skipped)}.",
            "Unlock what is locked, or style the picture as a whole, without --each-layer.",
        )

    def save(self, out: Path) -> None:
        """Write the new document, whole or not at all; then nothing need be kept any more."""
        from overpaint import app

        self._opened.save(out, self._title())
        if self._finished is not None and not self.failed:
            app.forget_layers(self._finished)

    def _title(self) -> str:
        from overpaint import styles

        named = self._recipe.look.style
        return self._recipe.prompt[:40] or (styles.get(named).title if named else "Styled")

    def tell(self, out: Path, *, as_json: bool) -> None:
        finished = self._finished
        assert finished is not None  # run() ends with it, or raises
        if as_json:
            print_json(
                {
                    "saved": [str(out)],
                    "made": finished.made,
                    "reused": finished.reused,
                    "skipped": self.skipped,
                    "failed": [
                        {"layer": each.name, "code": each.error.code, "error": each.error.sentence}
                        for each in self.failed
                    ],
                    "notices": self.notices,
                    "cost": finished.cost,
                    "bytes_sent": finished.sent,
                    "recipe": self._recipe.to_dict(),
                }
            )
            return
        for sentence in self.notices:
            click.echo(sentence, err=True)
        for sentence in self.skipped:
            click.echo(f"Left as it is: {sentence}.", err=True)
        for each in self.failed:
            click.echo(f"{each.name}: {each.error.sentence} {each.error.hint}", err=True)
        if self.failed:
            click.echo("Run the same command again: only what is missing is made.", err=True)
        layers = "layer" if finished.made == 1 else "layers"
        click.echo(
            f"Saved {out}: {finished.made} {layers} made, {finished.reused} taken over, "
            f"{finished.skipped} left, {finished.failed} failed.",
            err=True,
        )
