"""What Overpaint does for its front ends: plan an edit, say what it takes, run it, place it again.

Here meet the user's settings, keys and history with the runner, which knows none of them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from overpaint import budget, runner
from overpaint.errors import EditUnsupported, FileUnreadable, RunUnplaceable, SendingForbidden
from overpaint.geometry import Box, Extent
from overpaint.picture import Patch, Source
from overpaint.plan import Plan, Shot, make_plan, make_shots
from overpaint.prompt import Role, Text, compose
from overpaint.providers import registry
from overpaint.providers.base import Provider, Reference, Setup
from overpaint.recipe import Edit, Recipe

if TYPE_CHECKING:
    from overpaint.history import Journal
    from overpaint.settings import Settings

__all__ = [
    "Outlook",
    "Placed",
    "Reach",
    "check",
    "default_provider",
    "forecast",
    "place",
    "plan",
    "provider",
    "providers",
    "read_references",
    "run",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How one command reaches its providers, where that differs from the settings.

    *base_url* and *options* are for the recipe's provider; *fallbacks* None means the settings'.
    """

    base_url: str | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    fallbacks: tuple[str, ...] | None = None


USUAL = Reach()


def default_provider() -> str:
    """Return the name of the provider that is used where none is named."""
    return _settings().provider


def provider(recipe: Recipe, reach: Reach = USUAL, *, with_key: bool = False) -> Provider:
    """Return the recipe's provider, set up; its key is looked for only where it is needed."""
    return _set_up(recipe.provider, recipe.model, reach, _settings(), with_key=with_key)


def plan(recipe: Recipe, selection: Box, canvas: Extent, reach: Reach = USUAL) -> Plan:
    """Say which rectangle the edit reads; raises RequestError before anything is read."""
    if recipe.edit is Edit.GENERATE:
        return Plan(canvas.box, canvas.box, (Shot(canvas.box, canvas),))
    return make_plan(recipe, selection, canvas, provider(recipe, reach).capabilities.sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a run would do, before anything is sent.

    *receiver*: who gets the pixels, "" where they stay on this machine. *cost*: US dollars, None
    where nothing is charged or nobody knows; *spent* today, and *budget* for a day.
    """

    title: str
    model: str
    receiver: str
    region: Box
    shots: tuple[Shot, ...]
    text: Text
    requests: int
    resolution: float
    cost: float | None
    spent: float
    budget: float | None

    def to_dict(self) -> dict[str, Any]:
        region = self.region
        return {
            "provider": self.title,
            "model": self.model,
            "receiver": self.receiver or None,
            "region": [region.x, region.y, region.width, region.height],
            "sizes": [[shot.working.width, shot.working.height] for shot in self.shots],
            "prompt": self.text.prompt,
            "negative": self.text.negative,
            "notes": list(self.text.notes),
            "requests": self.requests,
            "resolution": self.resolution,
            "cost": self.cost,
            "spent_today": self.spent,
            "budget": self.budget,
        }

    def lines(self) -> list[str]:
        """Return it as lines to be read."""
        region = self.region
        sizes = sorted({f"{shot.working.width}x{shot.working.height}" for shot in self.shots})
        lost = "" if self.resolution >= 1 else f", {self.resolution:.0%} of its resolution"
        pieces = f" in {len(self.shots)} pieces" if len(self.shots) > 1 else ""
        said = [
            f"Provider   {self.title}" + (f", {self.model}" if self.model else ""),
            f"Receiver   {self.receiver or 'nobody: it stays on this machine'}",
            f"Region     {region.width}x{region.height} at {region.x},{region.y}",
            f"Sent as    {', '.join(sizes)}{pieces}{lost}",
            f"Requests   {self.requests}",
            f"Cost       {self._money()}",
            f"Prompt     {self.text.prompt or '(none)'}",
        ]
        if self.text.negative:
            said.append(f"Negative   {self.text.negative}")
        return [*said, *(f"Note       {note}" for note in self.text.notes)]

    def _money(self) -> str:
        if not self.receiver:
            return "none"
        cost = "not known" if self.cost is None else f"about ${self.cost:.3f}"
        if self.budget is not None:
            cost += f"; ${self.spent:.2f} of ${self.budget:.2f} spent today"
        return cost


def forecast(
    recipe: Recipe,
    region: Box,
    source: Source,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
) -> Outlook:
    """Say what :func:`run` would send with the same arguments; sends nothing."""
    from overpaint.mask import adjust

    settings = _settings()
    asked = _set_up(recipe.provider, recipe.model, reach, settings)
    able = asked.capabilities
    _refuse_unable(recipe, asked)
    mask = adjust(source.selection, grow_px=recipe.grow, feather_px=recipe.feather)
    shots = make_shots(recipe, mask, able.sizes)
    taken = references[: able.references]
    expected = runner.forecast(able, shots, recipe.count, len(taken))
    return Outlook(
        title=asked.title,
        model=recipe.model or settings.setup_for(recipe.provider, None).model or "",
        receiver=asked.receiver if able.needs_network else "",
        region=region,
        shots=shots,
        text=compose(recipe, able.dialect, [each.role for each in taken])
        if able.reads_prompt
        else Text(recipe.prompt),
        requests=expected.requests,
        resolution=expected.resolution,
        cost=expected.cost,
        spent=_spent_today() if able.needs_network else 0.0,
        budget=settings.daily_budget,
    )


@asynccontextmanager
async def run(
    recipe: Recipe,
    region: Box,
    source: Source,
    *,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
    canvas: Extent | None = None,
    document: str = "",
) -> AsyncIterator[AsyncIterator[runner.Event]]:
    """Run the edit; see :func:`overpaint.runner.run`. *recipe* must have its seed.

    Whatever goes over the network is written to the history as it comes: *canvas* is the size of
    the picture that *region* belongs to, *document* what the user calls it.
    """
    settings = _settings()
    first = _set_up(recipe.provider, recipe.model, reach, settings, with_key=True)
    names = settings.fallback if reach.fallbacks is None else reach.fallbacks
    others = [
        _set_up(name, None, USUAL, settings, with_key=True)
        for name in names
        if name != recipe.provider
    ]
    for each in (first, *others):
        _refuse_forbidden(each, settings)
    if not any(each.capabilities.needs_network for each in (first, *others)):
        async with runner.run(
            recipe, region, source, first, fallbacks=others, references=references
        ) as events:
            yield events
        return
    from overpaint.history import Journal

    with Journal.open() as journal:
        keeper = _Keeper(journal, region, canvas or region.extent, source, document)

        def afford(estimate: float | None) -> None:
            spent = journal.spent(budget.start_of_day())
            if error := budget.check(estimate, spent, settings.daily_budget):
                raise error

        async with runner.run(
            recipe,
            region,
            source,
            first,
            fallbacks=others,
            references=references,
            recorder=keeper,
            afford=afford,
        ) as events:
            yield events
        limits = settings.history
        journal.prune(limits.max_bytes or None, limits.max_days or None)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A candidate out of the history, fitted back into the picture it was made for."""

    number: int
    patch: Patch
    recipe: Recipe
    canvas: Extent


def place(run_id: str) -> list[Placed]:
    """Fit the complete candidates of a run back, exactly as the run itself would have.

    Raises RunUnknown, and RunUnplaceable where no candidate is complete.
    """
    from overpaint.history import Journal
    from overpaint.recipe import MAX_SEED

    with Journal.open() as journal:
        record = journal.record(run_id)
        facts, recipe, source = record.facts, record.recipe, journal.source(record.id)
        shots = [Shot(framed.box, framed.working) for framed in facts.shots]
        placed = []
        for kept in journal.candidates(record.id):
            if not kept.complete:
                continue
            assert recipe.seed is not None  # runs begin with one
            own = replace(recipe, seed=(recipe.seed + kept.number) % (MAX_SEED + 1), count=1)
            pieces = [(shots[shot], file.read_bytes()) for shot, file in sorted(kept.files.items())]
            patch = runner.refit(own, source, facts.region, pieces)
            placed.append(Placed(kept.number, patch, own, facts.canvas))
    if not placed:
        raise RunUnplaceable(
            f"Run {record.id} brought no whole picture.",
            "'overpaint history show' says what became of it.",
        )
    return placed


def providers() -> list[Provider]:
    """Return every provider, the default first."""
    settings = _settings()
    return [_set_up(name, None, USUAL, settings) for name in registry.names()]


async def check(name: str, reach: Reach = USUAL) -> str:
    """Ask a provider whether its address and key are right, without spending money."""
    asked: Any = _set_up(name, None, reach, _settings(), with_key=True)
    if not asked.capabilities.needs_network:
        return f"{asked.title} needs no key."
    async with runner.client() as http:
        told: str = await asked.check(http)
        return told


def read_references(
    edit: Edit, paths: Sequence[Path]
) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """Return the pictures in *paths*, and their digests; raises FileUnreadable."""
    from hashlib import sha256

    from overpaint.codec import decode
    from overpaint.errors import AnswerUnusable

    role = Role.STYLE if edit is Edit.STYLE else Role.SUBJECT
    pictures, digests = [], []
    for path in paths:
        try:
            data = path.read_bytes()
            pictures.append(Reference(decode(data), role))
        except OSError as error:
            raise FileUnreadable(
                f"{path} cannot be read: {error.strerror or error}.", "Check the name."
            ) from error
        except AnswerUnusable as error:
            raise FileUnreadable(f"{path} is no picture.", "Choose a picture file.") from error
        digests.append(sha256(data).hexdigest())
    return tuple(pictures), tuple(digests)


def _settings() -> "Settings":
    from overpaint import settings

    return settings.load()


def _set_up(
    name: str, model: str | None, reach: Reach, settings: "Settings", *, with_key: bool = False
) -> Provider:
    setup: Setup = settings.setup_for(name, None)
    setup = replace(
        setup,
        model=model or setup.model,
        base_url=reach.base_url or setup.base_url,
        options={**setup.options, **reach.options},
    )
    asked = registry.get(name, setup)
    names: Sequence[str] = getattr(asked, "key_names", registry.entry(name).keys)
    if not (with_key and names):
        return asked
    from overpaint import keys

    found = keys.find(names)
    return asked if found is None else registry.get(name, replace(setup, key=found.secret))


def _refuse_unable(recipe: Recipe, asked: Provider) -> None:
    if recipe.edit not in asked.capabilities.edits:
        raise EditUnsupported(
            f"{asked.title} cannot do that edit ({recipe.edit.value}).", "Choose another provider."
        )


def _refuse_forbidden(asked: Provider, settings: "Settings") -> None:
    from overpaint.settings import Privacy

    if settings.of(asked.name).privacy is Privacy.NEVER:
        raise SendingForbidden(
            f"The settings say that no picture may be sent to {asked.title}.",
            "Choose another provider, or change its privacy in the settings.",
        )


def _spent_today() -> float:
    from overpaint.history import Journal

    with Journal.open() as journal:
        return journal.spent(budget.start_of_day())


class _Keeper:
    """Writes a run to the history; see :class:`overpaint.runner.Recorder`.

    State: the id of the run that goes on; with fallbacks one after the other.
    """

    def __init__(
        self, journal: "Journal", region: Box, canvas: Extent, source: Source, document: str
    ) -> None:
        self._journal = journal
        self._region = region
        self._canvas = canvas
        self._source = source
        self._document = document
        self._run = ""

    def begin(self, begun: runner.Begun) -> None:
        from overpaint.history import Framed, Run

        recipe = begun.recipe
        self._run = self._journal.begin(
            Run(
                recipe=recipe,
                provider=recipe.provider,
                model=recipe.model or "",
                region=self._region,
                canvas=self._canvas,
                source=self._source,
                shots=tuple(Framed(shot.box, shot.working) for shot in begun.shots),
                copied=begun.copied,
                prompt=begun.prompt,
                document=self._document,
                estimate=begun.estimate,
            )
        )

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        del number, shot  # the server's name for the job is enough to find it
        self._journal.submitted(self._run, remote_id)

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        self._journal.candidate(self._run, number, shot, data)

    def usage(self, number: int, usage: Any) -> None:
        del number
        self._journal.usage(self._run, usage)

    def finish(self, error: Any, *, cancelled: bool) -> None:
        from overpaint.history import State

        state = State.CANCELLED if cancelled else State.FAILED if error else State.DONE
        self._journal.finish(self._run, state, error)
