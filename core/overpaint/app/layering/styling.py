"""The work: an anchor, then every layer with it, each told as it comes and kept as it is made."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectSendStream

from overpaint import budget, layers
from overpaint.app.layering.anchor import Anchor, looked_at
from overpaint.app.layering.commission import Commission, Read, commission
from overpaint.app.layering.film import Film
from overpaint.app.layering.planning import outlook
from overpaint.app.outlook import spent_today
from overpaint.app.placing import place
from overpaint.app.reach import USUAL, Reach, load_settings
from overpaint.app.running import run
from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    EngineMissing,
    HistoryProblem,
    KeyRejected,
    ModelUnknown,
    OverpaintError,
    RequestError,
    RunUnknown,
    RunUnplaceable,
)
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.layers import (
    WHOLE,
    Content,
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
)
from overpaint.picture import Pixels
from overpaint.providers.base import Notice, Progress, Reference, Usage
from overpaint.recipe import Recipe
from overpaint.runner import Finished, Made
from overpaint.streaming import streamed

__all__ = ["forget_layers", "style_layers"]

# After these no other layer would fare better.
_HOPELESS = (RequestError, KeyRejected, AccountLimited, ModelUnknown, EngineMissing, HistoryProblem)


@asynccontextmanager
async def style_layers(
    recipe: Recipe,
    inputs: Sequence[LayerInput],
    whole: Read,
    *,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
    document: str = "",
    frames: bool = False,
) -> AsyncIterator[AsyncIterator[LayerEvent]]:
    """Give all of *inputs* the style of *recipe* while the context lasts.

    Its value yields what happens, LayersFinished at the end. *recipe* is a style with its seed;
    *whole* reads the flattened document, RGBA of the canvas' size, whose statistics, or whose own
    new look, all layers share. An error of one layer is told as LayerFailed; one that would meet
    every layer is raised once those that were under way have ended. Leaving the context cancels;
    what was finished is kept, so that the same call goes on from there.

    *inputs* come with the topmost first. With *frames* they are the frames of an animation, the
    lowest the first: what keeps still in them keeps still in the new look.

    Fallbacks of *reach* are not asked: two models have two looks.
    """
    asked = commission(recipe, inputs, whole, reach, references, frames=frames)
    await anyio.to_thread.run_sync(_prune)
    # Without room: a slow reader must not pile pictures up. They are on disk already.
    send, receive = anyio.create_memory_object_stream[LayerEvent](0)
    async with streamed(_Styling(asked, document, send).work, send, receive) as events:
        yield events


def forget_layers(finished: LayersFinished) -> None:
    """Remove what a run kept, once its document is saved."""
    layers.Keeping().forget(finished.keys)


def _prune() -> None:
    """Keep finished layers within what the settings allow history."""
    limits = load_settings().history
    layers.Keeping().prune(limits.max_bytes, limits.max_days)


@dataclass(slots=True, eq=False)
class _Totals:
    made: int = 0
    reused: int = 0
    skipped: int = 0
    failed: int = 0
    cost: float | None = None
    sent: int = 0

    def pay(self, cost: float | None) -> None:
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost


class _Styling:
    """One run. State: what was said, what is under way, the totals, what ends it."""

    def __init__(
        self, asked: Commission, document: str, send: MemoryObjectSendStream[LayerEvent]
    ) -> None:
        self._asked = asked
        self._document = document
        self._send = send
        self._film = Film(asked.order) if asked.frames else None
        self._under_way: dict[str, anyio.Event] = {}
        self._said: set[str] = set()
        self._keys: dict[str, None] = {}
        self._totals = _Totals()
        self._hopeless: OverpaintError | None = None
        self._canvas = Extent(1, 1)

    async def work(self) -> None:
        """Do all of it."""
        await _afford(self._asked)
        for note in self._asked.notes:
            await self._notice(note)
        await self._all(await self._anchor())
        if self._hopeless is not None:
            raise self._hopeless
        await self._send.send(self._finished())

    def _finished(self) -> LayersFinished:
        totals = self._totals
        return LayersFinished(
            made=totals.made,
            reused=totals.reused,
            skipped=totals.skipped,
            failed=totals.failed,
            cost=totals.cost,
            sent=totals.sent,
            keys=tuple(self._keys),
        )

    async def _anchor(self) -> Anchor:
        whole = await self._asked.whole()
        height, width = whole.shape[:2]
        self._canvas = Extent(width, height)
        if self._asked.able.measures_anchor:
            return await self._asked.measured(whole)
        found = self._asked.anchored and layers.content(whole)
        if not found:
            return Anchor()
        entire = LayerInput(
            id=WHOLE, name=_("the whole picture"), box=self._canvas.box, read=self._asked.whole
        )
        colours, _reused = await self._colours(entire, found, Anchor())
        return looked_at(whole, found, colours)

    async def _all(self, anchor: Anchor) -> None:
        waiting = iter(self._asked.order)

        async def take_turns() -> None:
            for each in waiting:
                if self._hopeless is not None:
                    return
                try:
                    await self._make(each, anchor)
                finally:
                    if self._film is not None:
                        self._film.over(each)

        async with anyio.create_task_group() as tasks:
            for _ in range(max(1, self._asked.able.concurrency)):
                tasks.start_soon(take_turns)

    async def _make(self, each: LayerInput, anchor: Anchor) -> None:
        """Make one layer; an error ends this one, not the others."""
        if each.skip is not None:
            await self._skip(each, each.skip)
            return
        pixels = await each.read()
        found = await anyio.to_thread.run_sync(layers.content, pixels)
        if found is None:
            await self._skip(each, Skip.EMPTY)
            return
        try:
            colours, reused = await self._colours(each, found, anchor)
        except _HOPELESS as error:
            self._hopeless = error
            return
        except OverpaintError as error:
            self._totals.failed += 1
            await self._send.send(LayerFailed(each.id, each.name, error))
            return
        self._totals.reused += reused
        self._totals.made += not reused
        if self._film is not None:
            colours = await self._film.carry(each, found, colours)
        made = await anyio.to_thread.run_sync(layers.laid_back, pixels, found, colours)
        await self._send.send(LayerMade(each.id, each.name, made, self._asked.recipe, reused))

    async def _skip(self, each: LayerInput, why: Skip) -> None:
        self._totals.skipped += 1
        await self._send.send(LayerSkipped(each.id, each.name, why))

    async def _colours(
        self, each: LayerInput, found: Content, anchor: Anchor
    ) -> tuple[Pixels, bool]:
        """Return a layer's new colours, and whether they were there already."""
        key = self._asked.key(found, anchor)
        while (busy := self._under_way.get(key)) is not None:
            await busy.wait()
        self._under_way[key] = anyio.Event()
        try:
            colours = await anyio.to_thread.run_sync(_kept, self._asked.keeping, key)
            reused = colours is not None
            if colours is None:
                await self._send.send(LayerBegun(each.id, each.name))
                going = self._asked.going(anchor)
                colours = await self._ask(each, found, going, key)
            self._keys[key] = None
            return colours, reused
        finally:
            self._under_way.pop(key).set()

    async def _ask(
        self, each: LayerInput, found: Content, going: Sequence[Reference], key: str
    ) -> Pixels:
        keeping = self._asked.keeping
        running = run(
            self._asked.recipe,
            found.box.moved(each.box.x, each.box.y),
            found.source,
            reach=self._asked.reach,
            references=going,
            canvas=self._canvas,
            document=f"{self._document}: {each.name}" if self._document else each.name,
            begun=lambda run_id: keeping.asked(key, run_id),
        )
        colours: Pixels | None = None
        async with running as events:
            async for event in events:
                match event:
                    case Progress(fraction, phase):
                        await self._send.send(LayerProgress(each.id, fraction, phase))
                    case Notice(sentence):
                        await self._notice(sentence)
                    case Usage(cost):
                        self._totals.pay(cost)
                    case Finished():
                        self._totals.sent += event.sent
                    case Made():
                        colours = event.patch.pixels[..., :3]
        assert colours is not None  # a run that makes nothing raises
        with anyio.CancelScope(shield=True):  # short, and worth what it took
            await anyio.to_thread.run_sync(keeping.keep, key, colours)
        return colours

    async def _notice(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            await self._send.send(LayersNotice(sentence))


async def _afford(asked: Commission) -> None:
    """Refuse at once what would be refused halfway."""
    daily = load_settings().daily_budget
    if not (asked.able.needs_network and asked.able.charges and daily):
        return
    cost = (await outlook(asked)).cost
    if error := budget.check(cost, spent_today(), daily):
        raise error


def _kept(keeping: layers.Keeping, key: str) -> Pixels | None:
    """Return what is on disk: finished, or paid for and not finished because of a crash."""
    colours = keeping.find(key)
    if colours is not None:
        return colours
    asked = keeping.run(key)
    if asked is None:
        return None
    try:
        (placed, *_) = place(asked)
    except (RunUnknown, RunUnplaceable, AnswerUnusable, HistoryProblem):
        return None
    colours = placed.patch.pixels[..., :3]
    keeping.keep(key, colours)
    return colours
