"""Styling many layers for a shell: their pixels are asked for one by one, and go back as made."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from overpaint import app, wire
from overpaint.geometry import Box
from overpaint.language import _
from overpaint.layers import (
    LayerBegun,
    LayerEvent,
    LayerFailed,
    LayerInput,
    LayerMade,
    LayerProgress,
    LayersFinished,
    LayerSkipped,
    LayersNotice,
    Skip,
    steady,
)
from overpaint.picture import Pixels
from overpaint.planes import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from overpaint.providers.base import Reference
    from overpaint.recipe import Recipe

__all__ = ["Fetch", "answer"]

Fetch = Callable[[str], Awaitable[wire.LayerPixels]]
"""Asks the shell for a layer's pixels; "" for the flattened document's."""

_SKIPS = {"locked": Skip.LOCKED, "cuts": Skip.CUTS}


async def answer(
    request: wire.StyleLayers,
    recipe: "Recipe",
    references: "Sequence[Reference]",
    fetch: Fetch,
) -> AsyncIterator[wire.Message]:
    """Yield what is to be told while the layers are made; raises what app.style_layers raises."""
    formats: dict[str, str] = {}

    async def read(layer_id: str) -> Pixels:
        sent = await fetch(layer_id)
        formats[layer_id] = wire.WITH_ALPHA[sent.format]
        return decode(sent.pixels, sent.format, (sent.height, sent.width))

    def reader(layer_id: str) -> Callable[[], Awaitable[Pixels]]:
        return lambda: read(layer_id)

    inputs = [
        LayerInput(
            id=each["id"],
            name=each["name"],
            box=Box(*each["box"]),
            read=reader(each["id"]),
            skip=_SKIPS.get(each["skip"]),
        )
        for each in request.layers
    ]
    if request.forecast:
        outlook = await app.plan_layers(
            steady(recipe), inputs, reader(""), references=references, frames=request.frames
        )
        yield wire.Answer(what="layers", data=outlook.to_dict())
        return
    told = _Telling(len(inputs))
    running = app.style_layers(
        steady(recipe),
        inputs,
        reader(""),
        references=references,
        document=request.document,
        frames=request.frames,
    )
    async with running as events:
        async for event in events:
            for message in told.messages(event, formats):
                yield message


class _Telling:
    """Turns events into messages. State: how many layers are over, which were skipped."""

    def __init__(self, count: int) -> None:
        self._count = max(1, count)
        self._over = 0
        self._skipped: list[str] = []

    def messages(self, event: LayerEvent, formats: dict[str, str]) -> list[wire.Message]:
        match event:
            case LayerBegun(_, name):
                return [self._progress(0.0, name)]
            case LayerProgress(_, fraction, phase):
                return [self._progress(fraction, phase)]
            case LayerMade():
                self._over += 1
                return [_made(event, formats[event.id]), self._progress(0.0, event.name)]
            case LayerFailed(layer_id, _, error):
                self._over += 1
                return [
                    wire.LayerFailed(
                        id=layer_id, code=error.code, sentence=error.sentence, hint=error.hint
                    )
                ]
            case LayerSkipped(_, name, why):
                self._over += 1
                self._skipped.append(f"{name} ({_(why)})")
                return []
            case LayersNotice(sentence):
                return [wire.Notice(sentence=sentence)]
            case LayersFinished():
                left = [wire.Notice(sentence=self._left())] if self._skipped else []
                return [*left, wire.Done(seconds={})]

    def _left(self) -> str:
        return _("Left as they are: {names}.").format(names=", ".join(self._skipped))[:2000]

    def _progress(self, fraction: float | None, phase: str) -> wire.Progress:
        done = (self._over + (fraction or 0.0)) / self._count
        return wire.Progress(fraction=min(1.0, done), phase=phase[:200])


def _made(event: LayerMade, pixel_format: str) -> wire.LayerMade:
    height, width = event.pixels.shape[:2]
    return wire.LayerMade(
        id=event.id,
        recipe=event.recipe.to_dict(),
        provenance=app.provenance_of(event.recipe).to_dict(),
        width=width,
        height=height,
        format=pixel_format,
        pixels=encode(event.pixels, pixel_format),
    )
