"""Running one edit: source out to a provider, its answers back as patches.

Several candidates are made at once, within what the provider takes; leaving the context cancels
whatever is under way, at once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

import anyio
import anyio.to_thread

from overpaint import composite
from overpaint.codec import decode
from overpaint.composite import Piece, Prepared
from overpaint.dialect import Text
from overpaint.errors import (
    AccountLimited,
    BudgetSpent,
    Busy,
    EditUnsupported,
    KeyMissing,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    RequestRejected,
    SelectionEmpty,
    ServerFault,
    Unreachable,
)
from overpaint.geometry import Box
from overpaint.language import N_, _
from overpaint.mask import adjust
from overpaint.picture import Source
from overpaint.plan import Shot, make_shots
from overpaint.providers.base import Job, Provider, Reference
from overpaint.recipe import MAX_SEED, Edit, Recipe
from overpaint.runner.asking import Asker, Retries
from overpaint.runner.events import Begun, Event, Finished, Made, Recorder
from overpaint.runner.forecast import forecast
from overpaint.runner.http import client
from overpaint.runner.refit import fit
from overpaint.runner.telling import Telling
from overpaint.streaming import single, streamed

__all__ = ["run"]

# What makes it pointless to ask again, for any candidate.
_HOPELESS = (KeyMissing, KeyRejected, AccountLimited, ModelUnknown, RequestRejected)

USUAL = Retries()
FITTED = 2
"""Pictures that are fitted at once: each takes a dozen times its own memory meanwhile."""

# After these, another provider may be asked: nothing was made, and it was not the wish's fault.
_ELSEWHERE = (
    Unreachable,
    Busy,
    ServerFault,
    KeyMissing,
    KeyRejected,
    AccountLimited,
    ModelUnknown,
    EditUnsupported,
    BudgetSpent,
    NoPicture,
)

_VERBS = {
    Edit.INPAINT: N_("fill a selection"),
    Edit.REMOVE: N_("remove what is selected"),
    Edit.VARIATION: N_("make variations"),
    Edit.STYLE: N_("transfer a style"),
    Edit.GENERATE: N_("make a picture from words alone"),
}


@asynccontextmanager
async def run(
    recipe: Recipe,
    region: Box,
    source: Source,
    provider: Provider,
    *,
    fallbacks: Sequence[Provider] = (),
    references: Sequence[Reference] = (),
    recorder: Recorder | None = None,
    retries: Retries = USUAL,
    afford: Callable[[float | None], None] = lambda _: None,
) -> AsyncIterator[AsyncIterator[Event]]:
    """Run an edit while the context lasts; its value yields what happens, Finished at the end.

    *source* holds the pixels of *region*; *recipe* has its seed. Iterating raises
    EditUnsupported, SelectionEmpty, BudgetSpent and whatever ProviderFailed the provider raises;
    where some candidates came and others failed, a notice says so instead. Where *provider* made
    none for a reason that does not concern the wish itself, the first of *fallbacks* is asked,
    and so on. *afford* is told what all of it will cost, in US dollars or None if nobody knows,
    and may raise BudgetSpent.
    """
    # Without a bound: a slow reader must not keep a candidate from being written down.
    send, receive = anyio.create_memory_object_stream[Event](float("inf"))
    telling = Telling(send, recorder)
    chain = (provider, *fallbacks)
    edit = _Edit(recipe, region, source, chain, tuple(references), telling, retries, afford)
    async with streamed(edit.work, send, receive) as events:
        yield events


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What all jobs of a run have in common; *limit* is how many of them run at once, *fitting* how
    many of their pictures are fitted back at once.
    """

    prepared: Prepared
    shots: tuple[Shot, ...]
    text: Text
    references: tuple[Reference, ...]
    asker: Asker
    limit: anyio.Semaphore
    fitting: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(FITTED))


class _Clock:
    """Adds up the seconds of each phase."""

    def __init__(self) -> None:
        self.seconds = {"prepare": 0.0, "provider": 0.0, "composite": 0.0}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] += perf_counter() - started


@dataclass(slots=True, eq=False)
class _Edit:
    """One run."""

    recipe: Recipe
    region: Box
    source: Source
    chain: tuple[Provider, ...]
    references: tuple[Reference, ...]
    telling: Telling
    retries: Retries
    afford: Callable[[float | None], None]
    clock: _Clock = field(default_factory=_Clock)
    log: list[str] = field(default_factory=list)
    errors: list[OverpaintError] = field(default_factory=list)
    hopeless: OverpaintError | None = None
    made: int = 0
    sent: int = 0
    provider: Provider = field(init=False)

    async def work(self) -> None:
        """Do all of it; whatever goes wrong is told to the record as well."""
        try:
            for number, provider in enumerate(self.chain):
                self._turn_to(provider)
                try:
                    await self._work()
                except _ELSEWHERE as error:
                    if number == len(self.chain) - 1:
                        raise
                    await self.telling.end(error)
                    other = self.chain[number + 1].title
                    await self.telling.notice(
                        _("{sentence} {other} was asked instead.").format(
                            sentence=error.sentence, other=_(other)
                        )
                    )
                else:
                    break
        except Exception as error:
            await self.telling.end(single(error))
            raise
        except anyio.get_cancelled_exc_class():
            await self.telling.end(cancelled=True)
            raise

    def _turn_to(self, provider: Provider) -> None:
        self.provider = provider
        self.errors.clear()
        self.hopeless = None
        if provider is not self.chain[0]:
            # Another provider has no model of that name.
            self.recipe = replace(self.recipe, provider=provider.name, model=None)

    async def _work(self) -> None:
        able, recipe = self.provider.capabilities, self.recipe
        if recipe.edit not in able.edits:
            raise EditUnsupported(
                _("{title} cannot {what}.").format(
                    title=_(self.provider.title), what=_(_VERBS[recipe.edit])
                ),
                _("Choose another provider."),
            )
        if not self.source.selection.any():
            raise SelectionEmpty(_("Nothing is selected."), _("Select what is to be edited first."))
        with self.clock("prepare"):
            mask = adjust(self.source.selection, grow_px=recipe.grow, feather_px=recipe.feather)
            alike = recipe.edit.keeps_alpha
            if alike and not self.source.pixels[..., 3][mask > 0].any():
                raise SelectionEmpty(
                    _("All that is selected is transparent."),
                    _("Select what shows, or the layer that has it."),
                )
            prepared = composite.prepare(
                self.source, mask, copied=able.copies_pixels, keeps_alpha=alike
            )
            shots = make_shots(recipe, mask, able.sizes)
        references = await self._taken(able.references)
        text = Text(recipe.prompt)
        if able.reads_prompt:
            from overpaint.prompt import compose

            text = compose(recipe, able.dialect, [each.role for each in references])
        for note in text.notes:
            await self.telling.notice(note)
        expected = forecast(able, shots, recipe.count, len(references))
        self.afford(expected.cost)
        await self.telling.begin(
            Begun(recipe, shots, text.prompt, able.copies_pixels, expected.cost)
        )
        limit = anyio.Semaphore(max(1, able.concurrency))
        if able.needs_network:
            async with client(self._count) as http:
                asker = Asker(self.provider, http, self.telling, self.retries, recipe.count)
                await self._all(_Asked(prepared, shots, text, references, asker, limit))
        else:
            asker = Asker(self.provider, None, self.telling, self.retries, recipe.count)
            await self._all(_Asked(prepared, shots, text, references, asker, limit))
        if not self.made:
            raise self.errors[0]
        if self.errors:
            failed = _("{failed} of {count} candidates failed").format(
                failed=len(self.errors), count=recipe.count
            )
            await self.telling.notice(f"{failed}: {self.errors[0]}")
        await self.telling.end()
        await self.telling.event(Finished(self.clock.seconds, tuple(self.log), self.sent))

    def _count(self, sent: int) -> None:
        self.sent += sent

    async def _taken(self, most: int) -> tuple[Reference, ...]:
        if len(self.references) > most:
            taken = _("only {most}").format(most=most) if most else _("none")
            await self.telling.notice(
                _("{title} takes {taken} of the {count} reference pictures.").format(
                    title=_(self.provider.title), taken=taken, count=len(self.references)
                )
            )
        return self.references[:most]

    async def _all(self, asked: _Asked) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(self.recipe.count):
                tasks.start_soon(self._make, number, asked)

    async def _make(self, number: int, asked: _Asked) -> None:
        """Make candidate *number*; an error ends this one, not the others."""
        assert self.recipe.seed is not None
        # Seeds follow each other, so that any candidate can be made again alone.
        seed = (self.recipe.seed + number) % (MAX_SEED + 1)
        recipe = replace(self.recipe, seed=seed, count=1)
        count = len(asked.shots)
        assembly = composite.Assembly(asked.prepared, self.region, count)
        remarks: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}

        async def shoot(index: int) -> None:
            piece = await self._shoot(number, index, recipe, asked)
            remarks[index] = piece.log, piece.notices
            with self.clock("composite"):
                assembly.add(index, piece)

        try:
            await _together(shoot, count)
        except OverpaintError as error:
            self.errors.append(error)
            return
        with self.clock("composite"):
            patch = assembly.patch()
        for index in range(count):
            log, notices = remarks[index]
            self.log += log
            for sentence in notices:
                await self.telling.notice(sentence)
        self.made += 1
        copied = self.provider.capabilities.copies_pixels
        await self.telling.event(Made(number, patch, recipe, copied))

    async def _shoot(self, number: int, index: int, recipe: Recipe, asked: _Asked) -> Piece:
        """Have one picture made, and fit it back."""
        assert recipe.seed is not None
        async with asked.limit:
            if self.hopeless is not None:
                raise self.hopeless
            with self.clock("prepare"):
                sent = composite.send(asked.prepared, asked.shots[index])
            box = asked.shots[index].box.moved(self.region.x, self.region.y)
            job = Job(
                edit=recipe.edit,
                prompt=asked.text.prompt,
                negative=asked.text.negative,
                seed=recipe.seed,
                strength=recipe.strength,
                pixels=sent.pixels,
                mask=sent.mask,
                visible=sent.visible,
                references=asked.references,
                look=recipe.look,
                corner=(box.x, box.y),
            )
            try:
                with self.clock("provider"):
                    picture = await asked.asker.ask(number, index, job)
            except _HOPELESS as error:
                self.hopeless = error
                raise
        copied = self.provider.capabilities.copies_pixels

        def fit_back() -> Piece:
            made = decode(picture) if isinstance(picture, bytes) else picture
            return fit(recipe, asked.prepared, sent, made, copied=copied)

        with self.clock("composite"):
            # In a thread, so that cancelling is heard meanwhile.
            return await anyio.to_thread.run_sync(
                fit_back, abandon_on_cancel=True, limiter=asked.fitting
            )


async def _together(shoot: Callable[[int], Awaitable[None]], count: int) -> None:
    """Take *count* shots at once; the first error ends the rest, and is raised."""
    failed: list[OverpaintError] = []
    async with anyio.create_task_group() as tasks:

        async def take(index: int) -> None:
            try:
                await shoot(index)
            except OverpaintError as error:
                failed.append(error)
                tasks.cancel_scope.cancel()

        for index in range(count):
            tasks.start_soon(take, index)
    if failed:
        raise failed[0]
