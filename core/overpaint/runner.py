"""Running one edit: source out to a provider, its answers back as patches.

The only module that runs providers. Closing the generator cancels the provider.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TypeAlias

import anyio.to_thread

from overpaint import composite
from overpaint.codec import decode
from overpaint.composite import Piece, Prepared
from overpaint.errors import EditUnsupported, ProviderFailed, SelectionEmpty
from overpaint.fitting.chain import Steps
from overpaint.geometry import Box
from overpaint.mask import adjust
from overpaint.picture import Patch, Source
from overpaint.plan import Shot, make_shots
from overpaint.providers.base import Candidate, Job, Notice, Progress, Provider
from overpaint.recipe import Recipe

__all__ = ["Event", "Finished", "run"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run that succeeded: seconds spent in each phase, and what fitting did."""

    seconds: dict[str, float] = field(default_factory=dict)
    log: tuple[str, ...] = ()


Event: TypeAlias = Progress | Notice | Patch | Finished


async def run(
    recipe: Recipe, region: Box, source: Source, provider: Provider
) -> AsyncGenerator[Event, None]:
    """Yield progress, notices and patches, and Finished at the end.

    *source* holds the pixels of *region*; *recipe* has its seed. Raises EditUnsupported,
    SelectionEmpty and whatever ProviderFailed the provider raises.
    """
    able = provider.capabilities
    if recipe.edit not in able.edits:
        raise EditUnsupported(
            f"{provider.title} cannot {recipe.edit.value}.", "Choose another provider."
        )
    if not source.selection.any():
        raise SelectionEmpty("Nothing is selected.", "Select what is to be edited first.")
    clock = _Clock()
    with clock("prepare"):
        mask = adjust(source.selection, grow_px=recipe.grow, feather_px=recipe.feather)
        prepared = composite.prepare(source, mask, copied=able.copies_pixels)
        shots = make_shots(recipe, mask, able.sizes)
    pieces: list[Piece] = []
    for number, shot in enumerate(shots):
        shooting = _shoot(recipe, prepared, shot, provider, clock)
        async with aclosing(shooting) as events:
            async for event in events:
                if isinstance(event, Progress):
                    yield _of_all(event, number, len(shots))
                elif isinstance(event, Piece):
                    pieces.append(event)
                    for sentence in event.notices:
                        yield Notice(sentence)
                else:
                    yield event
    with clock("composite"):
        patch = composite.assemble(prepared, region, pieces)
    yield patch
    yield Finished(clock.seconds, tuple(line for piece in pieces for line in piece.log))


async def _shoot(
    recipe: Recipe, prepared: Prepared, shot: Shot, provider: Provider, clock: "_Clock"
) -> AsyncGenerator[Progress | Notice | Piece, None]:
    """Yield what the provider tells while it makes one shot, and its first candidate fitted."""
    assert recipe.seed is not None
    with clock("prepare"):
        sent = composite.send(prepared, shot)
    job = Job(
        edit=recipe.edit,
        prompt=recipe.prompt,
        seed=recipe.seed,
        pixels=sent.pixels,
        mask=sent.mask,
        visible=sent.visible,
    )
    candidate = None
    with clock("provider"):
        async with aclosing(provider.run(job, None)) as events:
            async for event in events:
                if isinstance(event, Candidate):
                    candidate = candidate or event
                elif isinstance(event, Progress | Notice):
                    yield event
    if candidate is None:
        raise ProviderFailed(f"{provider.title} returned no picture.", "Try again.")
    picture = candidate.picture
    if isinstance(picture, bytes):
        picture = decode(picture)
    if provider.capabilities.copies_pixels:
        fit = partial(composite.fit_copied, prepared, sent, picture, recipe.seed)
    else:
        steps = Steps(recipe.register, recipe.match_colours, recipe.blend, recipe.match_grain)
        fit = partial(composite.fit_redrawn, prepared, sent, picture, steps, recipe.seed)
    with clock("composite"):
        # In a thread, so that cancelling is heard meanwhile.
        piece = await anyio.to_thread.run_sync(fit, abandon_on_cancel=True)
    yield piece


def _of_all(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of shot *number* as that of all *count* of them."""
    if count == 1:
        return progress
    fraction = (number + (progress.fraction or 0.0)) / count
    return Progress(fraction, f"{progress.phase} ({number + 1} of {count})")


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
