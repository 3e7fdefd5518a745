"""Giving many layers one style: an anchor first, then each layer with it, all kept as they come.

What is finished lies on disk under a key made of all that decides it. Asking the same again takes
it from there, whatever ended the run before; layers that look the same are made once.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypeAlias

import anyio
import anyio.to_thread
import numpy as np
import numpy.typing as npt
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from overpaint import __version__, budget, layers, runner
from overpaint.app.outlook import refuse_unable, spent_today
from overpaint.app.placing import place
from overpaint.app.reach import USUAL, Reach, load_settings, set_up
from overpaint.app.running import run
from overpaint.dialect import Role
from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    EditUnsupported,
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
    LayersOutlook,
    Planned,
    Skip,
)
from overpaint.picture import Pixels
from overpaint.plan import make_shots
from overpaint.providers.base import Notice, Progress, Provider, Reference, Usage
from overpaint.recipe import Edit, Recipe
from overpaint.runner import Finished, Made

__all__ = ["forget_layers", "plan_layers", "style_layers"]

Read: TypeAlias = Callable[[], Awaitable[Pixels]]

# After these no other layer would fare better.
_HOPELESS = (RequestError, KeyRejected, AccountLimited, ModelUnknown, EngineMissing, HistoryProblem)

_ANCHOR_PIXELS = 2_000_000
"""Of an anchor that a model looks at: more is only paid for."""


async def plan_layers(
    recipe: Recipe,
    inputs: Sequence[LayerInput],
    whole: Read,
    *,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
    frames: bool = False,
) -> LayersOutlook:
    """Say what :func:`style_layers` would ask for with the same arguments; sends nothing.

    Reads every layer once, one at a time.
    """
    return await _Styling(recipe, inputs, whole, reach, references, frames=frames).plan()


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
    styling = _Styling(recipe, inputs, whole, reach, references, document, frames=frames)
    await anyio.to_thread.run_sync(_prune)
    # Without room: a slow reader must not pile pictures up. They are on disk already.
    send, receive = anyio.create_memory_object_stream[LayerEvent](0)
    raised: Exception | None = None
    async with anyio.create_task_group() as tasks, receive:

        async def work() -> None:
            async with send:
                await styling.work(send)

        tasks.start_soon(work)
        try:
            yield _events(receive, styling)
        except Exception as error:  # noqa: BLE001, raised below, out of the group that wraps it
            raised = error
        finally:
            tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


def forget_layers(finished: LayersFinished) -> None:
    """Remove what a run kept, once its document is saved."""
    layers.Keeping().forget(finished.keys)


def _prune() -> None:
    """Keep finished layers within what the settings allow history."""
    limits = load_settings().history
    layers.Keeping().prune(limits.max_bytes, limits.max_days)


async def _events(
    receive: MemoryObjectReceiveStream[LayerEvent], styling: "_Styling"
) -> AsyncGenerator[LayerEvent, None]:
    async for event in receive:
        yield event
    if styling.failure is not None:
        raise styling.failure


@dataclass(frozen=True, slots=True, eq=False)
class _Anchor:
    """What holds all layers together; *picture* None where nothing does."""

    picture: npt.NDArray[np.uint8] | None = None
    digest: str = ""


class _Film:
    """Hands each frame's look on to the next. State: the last one, and whose turn is over."""

    def __init__(self, inputs: Sequence[LayerInput]) -> None:
        self.order = tuple(reversed(inputs))
        self._over = {each.id: anyio.Event() for each in inputs}
        ids = [each.id for each in self.order]
        self._earlier = dict(zip(ids[1:], ids, strict=False))
        self._last: layers.Frame | None = None

    async def carry(self, each: LayerInput, found: Content, colours: Pixels) -> Pixels:
        """Return a frame's colours, once the one before it has its own."""
        if each.id in self._earlier:
            await self._over[self._earlier[each.id]].wait()
        box = found.box.moved(each.box.x, each.box.y)
        made = await anyio.to_thread.run_sync(layers.carried, self._last, box, found, colours)
        self._last = made
        return made.colours

    def over(self, each: LayerInput) -> None:
        """Let the next frame go on, whatever became of this one."""
        self._over[each.id].set()


@dataclass(slots=True, eq=False)
class _Totals:
    made: int = 0
    reused: int = 0
    skipped: int = 0
    failed: int = 0
    cost: float | None = None
    sent: int = 0


class _Styling:
    """One run. State: what was said, what is under way, the totals; *failure* ends it."""

    def __init__(
        self,
        recipe: Recipe,
        inputs: Sequence[LayerInput],
        whole: Read,
        reach: Reach,
        references: Sequence[Reference],
        document: str = "",
        *,
        frames: bool = False,
    ) -> None:
        if recipe.edit is not Edit.STYLE:
            raise EditUnsupported(
                _("Layer by layer, Overpaint transfers styles only."),
                _("Make other edits one by one."),
            )
        assert recipe.seed is not None, "a recipe is given its seed first"
        settings = load_settings()
        self._asked: Provider = set_up(recipe.provider, recipe.model, reach, settings)
        self._able = self._asked.capabilities
        refuse_unable(recipe, self._asked)
        setup = settings.setup_for(recipe.provider, None)
        self._circumstances: dict[str, Any] = {
            "model": recipe.model or setup.model,
            "options": {**setup.options, **reach.options},
        }
        if not self._able.needs_network:
            # Made again for nothing, and perhaps better.
            self._circumstances["release"] = __version__
        self._settings = settings
        self._recipe = layers.part(recipe)
        self._inputs = tuple(inputs)
        self._film = _Film(inputs) if frames else None
        self._whole = whole
        self._reach = replace(reach, fallbacks=())
        self._references = tuple(references)
        self._document = document
        self._keeping = layers.Keeping()
        self._under_way: dict[str, anyio.Event] = {}
        self._said: set[str] = set()
        self._keys: dict[str, None] = {}
        self._totals = _Totals()
        self._hopeless: OverpaintError | None = None
        self._canvas = Extent(1, 1)
        self.failure: Exception | None = None

    # What would happen.

    async def plan(self) -> LayersOutlook:
        whole = await self._whole()
        anchor, for_whole, whole_cost = await self._foreseen(whole)
        del whole
        planned: list[Planned] = []
        seen: dict[str, str] = {}
        cost: float | None = whole_cost
        for each in self._inputs:
            found = None if each.skip else await self._content(each)
            if found is None:
                planned.append(Planned(id=each.id, name=each.name, skip=each.skip or Skip.EMPTY))
                continue
            like = seen.setdefault(found.digest, each.id)
            if like != each.id:
                planned.append(Planned(id=each.id, name=each.name, like=like))
                continue
            kept = anchor is not None and self._keeping.holds(self._key(found, anchor))
            asked = self._forecast(found, anchored=True)
            requests = 0 if kept else asked.requests
            if requests:
                cost = None if cost is None or asked.cost is None else cost + asked.cost
            planned.append(Planned(id=each.id, name=each.name, kept=kept, requests=requests))
        return LayersOutlook(
            title=_(self._asked.title),
            receiver=self._asked.receiver if self._able.needs_network else "",
            layers=tuple(planned),
            whole=for_whole,
            requests=for_whole + sum(each.requests for each in planned),
            cost=cost,
            notes=self._notes(),
        )

    async def _foreseen(self, whole: Pixels) -> tuple[_Anchor | None, int, float | None]:
        """Return the anchor if it is known already, and what it would take otherwise."""
        if self._able.measures_anchor:
            return await self._measured(whole), 0, 0.0
        found = self._anchored() and layers.content(whole)
        if not found:
            return _Anchor(), 0, 0.0
        colours = self._keeping.find(self._key(found, _Anchor()))
        if colours is not None:
            return _anchor(_seen(whole, found, colours)), 0, 0.0
        asked = self._forecast(found, anchored=False)
        return None, asked.requests, asked.cost

    async def _measured(self, whole: Pixels) -> _Anchor:
        """Return what statistics are taken of: the document, or something of each frame."""
        picture = layers.anchor_picture(whole)
        if self._film is not None:
            seen = [each for each in self._film.order if each.skip is None]
            for number, each in enumerate(seen):
                layers.lay_in(picture, await each.read(), each.box, number, len(seen))
        return _anchor(picture)

    def _anchored(self) -> bool:
        """Return whether the flattened document is made first, for all layers to be like it."""
        several = sum(each.skip is None for each in self._inputs) > 1
        return several and self._able.references > 0

    def _notes(self) -> tuple[str, ...]:
        if self._able.measures_anchor or self._able.references:
            return ()
        note = _(
            "{title} takes no reference pictures, so nothing but the seed holds the "
            "layers together: they may differ."
        ).format(title=_(self._asked.title))
        return (note,)

    def _forecast(self, found: Content, *, anchored: bool) -> runner.Forecast:
        shots = make_shots(self._recipe, found.source.selection, self._able.sizes)
        going = len(self._going(_Anchor(np.zeros((1, 1, 3), np.uint8)) if anchored else _Anchor()))
        return runner.forecast(self._able, shots, 1, going)

    # What happens.

    async def work(self, send: MemoryObjectSendStream[LayerEvent]) -> None:
        """Do all of it; whatever goes wrong is kept for the one who reads the events."""
        self._send = send
        try:
            await self._afford()
            for note in self._notes():
                await self._notice(note)
            await self._all(await self._make_anchor())
            self.failure = self._hopeless
            if self.failure is None:
                await send.send(self._finished())
        except Exception as error:  # noqa: BLE001, raised again where the events are read
            while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
            self.failure = error

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

    async def _afford(self) -> None:
        """Refuse at once what would be refused halfway."""
        if not (self._able.needs_network and self._able.charges and self._settings.daily_budget):
            return
        cost = (await self.plan()).cost
        if error := budget.check(cost, spent_today(), self._settings.daily_budget):
            raise error

    async def _make_anchor(self) -> _Anchor:
        whole = await self._whole()
        height, width = whole.shape[:2]
        self._canvas = Extent(width, height)
        if self._able.measures_anchor:
            return await self._measured(whole)
        found = self._anchored() and layers.content(whole)
        if not found:
            return _Anchor()
        entire = LayerInput(
            id=WHOLE, name=_("the whole picture"), box=self._canvas.box, read=self._whole
        )
        colours, _notices = await self._colours(entire, found, _Anchor())
        return _anchor(_seen(whole, found, colours))

    async def _all(self, anchor: _Anchor) -> None:
        waiting = iter(self._film.order if self._film else self._inputs)

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
            for _ in range(max(1, self._able.concurrency)):
                tasks.start_soon(take_turns)

    async def _make(self, each: LayerInput, anchor: _Anchor) -> None:
        """Make one layer; an error ends this one, not the others."""
        if each.skip is not None:
            await self._skip(each, each.skip)
            return
        pixels = await each.read()
        found = layers.content(pixels)
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
        made = layers.laid_back(pixels, found, colours)
        await self._send.send(LayerMade(each.id, each.name, made, self._recipe, reused))

    async def _skip(self, each: LayerInput, why: Skip) -> None:
        self._totals.skipped += 1
        await self._send.send(LayerSkipped(each.id, each.name, why))

    async def _colours(
        self, each: LayerInput, found: Content, anchor: _Anchor
    ) -> tuple[Pixels, bool]:
        """Return a layer's new colours, and whether they were there already."""
        name = self._key(found, anchor)
        while (busy := self._under_way.get(name)) is not None:
            await busy.wait()
        self._under_way[name] = anyio.Event()
        try:
            colours = await anyio.to_thread.run_sync(self._kept, name)
            reused = colours is not None
            if colours is None:
                await self._send.send(LayerBegun(each.id, each.name))
                colours = await self._ask(each, found, anchor, name)
            self._keys[name] = None
            return colours, reused
        finally:
            self._under_way.pop(name).set()

    def _kept(self, name: str) -> Pixels | None:
        """Return what is on disk: finished, or paid for and not finished because of a crash."""
        colours = self._keeping.find(name)
        if colours is not None:
            return colours
        asked = self._keeping.run(name)
        if asked is None:
            return None
        try:
            (placed, *_) = place(asked)
        except (RunUnknown, RunUnplaceable, AnswerUnusable, HistoryProblem):
            return None
        colours = placed.patch.pixels[..., :3]
        self._keeping.keep(name, colours)
        return colours

    async def _ask(self, each: LayerInput, found: Content, anchor: _Anchor, name: str) -> Pixels:
        region = found.box.moved(each.box.x, each.box.y)
        running = run(
            self._recipe,
            region,
            found.source,
            reach=self._reach,
            references=self._going(anchor),
            canvas=self._canvas,
            document=f"{self._document}: {each.name}" if self._document else each.name,
            begun=lambda run_id: self._keeping.asked(name, run_id),
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
                        self._pay(cost)
                    case Finished():
                        self._totals.sent += event.sent
                    case Made():
                        colours = event.patch.pixels[..., :3]
        assert colours is not None  # a run that makes nothing raises
        with anyio.CancelScope(shield=True):  # short, and worth what it took
            await anyio.to_thread.run_sync(self._keeping.keep, name, colours)
        return colours

    def _pay(self, cost: float | None) -> None:
        if cost is not None:
            self._totals.cost = (self._totals.cost or 0.0) + cost

    async def _notice(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            await self._send.send(LayersNotice(sentence))

    async def _content(self, each: LayerInput) -> Content | None:
        pixels = await each.read()
        return await anyio.to_thread.run_sync(layers.content, pixels)

    def _going(self, anchor: _Anchor) -> tuple[Reference, ...]:
        """Return the references of a layer: the anchor comes last, but before it is left out
        others are, because it shows what they led to.
        """
        most = self._able.references
        if anchor.picture is None:
            return self._references
        if self._able.measures_anchor:
            return (*self._references, Reference(anchor.picture, Role.ANCHOR))
        kept = self._references[: max(0, most - 1)]
        return (*kept, Reference(anchor.picture, Role.ANCHOR))

    def _key(self, found: Content, anchor: _Anchor) -> str:
        return layers.key(self._recipe, found.digest, anchor.digest, self._circumstances)


def _anchor(picture: npt.NDArray[np.uint8]) -> _Anchor:
    told = sha256(str(picture.shape).encode())
    told.update(np.ascontiguousarray(picture).data)
    return _Anchor(picture, told.hexdigest())


def _seen(whole: Pixels, found: Content, colours: Pixels) -> npt.NDArray[np.uint8]:
    """Return the document in its new style, as small as a model needs to look at it."""
    from PIL import Image

    picture = layers.anchor_picture(layers.laid_back(whole, found, colours))
    height, width = picture.shape[:2]
    factor = (_ANCHOR_PIXELS / (width * height)) ** 0.5
    if factor >= 1:
        return picture
    small = Extent(width, height).scaled(factor)
    resized = Image.fromarray(picture).resize((small.width, small.height), Image.Resampling.LANCZOS)
    return np.asarray(resized, np.uint8)
