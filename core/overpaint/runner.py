"""Running one edit: source out to a provider, its answers back as patches.

The only module that runs providers. Closing the generator cancels the provider.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeAlias

from overpaint import composite
from overpaint.errors import EditUnsupported, ProviderFailed, SelectionEmpty
from overpaint.geometry import Box
from overpaint.mask import adjust
from overpaint.picture import Patch, Source
from overpaint.providers.base import Candidate, Job, Notice, Progress, Provider
from overpaint.recipe import Recipe

__all__ = ["Event", "Finished", "run"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run that succeeded: seconds spent in each phase."""

    seconds: dict[str, float] = field(default_factory=dict)


Event: TypeAlias = Progress | Notice | Patch | Finished


async def run(
    recipe: Recipe, region: Box, source: Source, provider: Provider
) -> AsyncGenerator[Event, None]:
    """Yield progress, notices and patches, and Finished at the end.

    *source* holds the pixels of *region*; *recipe* has its seed. Raises EditUnsupported,
    SelectionEmpty and whatever ProviderFailed the provider raises.
    """
    if recipe.edit not in provider.capabilities.edits:
        raise EditUnsupported(
            f"{provider.title} cannot {recipe.edit.value}.", "Choose another provider."
        )
    assert recipe.seed is not None
    if not source.selection.any():
        raise SelectionEmpty("Nothing is selected.", "Select what is to be edited first.")
    started = perf_counter()
    mask = adjust(source.selection, grow_px=recipe.grow, feather_px=recipe.feather)
    sent = composite.send(source, squeeze=provider.capabilities.copies_pixels)
    job = Job(
        edit=recipe.edit,
        prompt=recipe.prompt,
        seed=recipe.seed,
        pixels=sent.pixels,
        mask=mask,
        visible=composite.visible(source),
    )
    preparing, fitting, patches = perf_counter() - started, 0.0, 0
    async with aclosing(provider.run(job)) as events:
        async for event in events:
            if not isinstance(event, Candidate):
                yield event
                continue
            before = perf_counter()
            patch = composite.fit(source, region, mask, sent, event.pixels, recipe.seed)
            fitting += perf_counter() - before
            patches += 1
            yield patch
    if not patches:
        raise ProviderFailed(f"{provider.title} returned no picture.", "Try again.")
    whole = perf_counter() - started
    yield Finished(
        {
            "prepare": preparing,
            "provider": whole - preparing - fitting,
            "composite": fitting,
        }
    )
