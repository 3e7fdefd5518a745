"""Whole edits without GIMP: what the runner makes of a source with a provider of the tests."""

from dataclasses import replace

import anyio
import numpy as np
from tests.drift.providers import CAPABILITIES, Drifting, Identity

from overpaint import runner
from overpaint.picture import Patch, Source
from overpaint.recipe import Edit, Oversize, Recipe
from overpaint.runner import Made
from overpaint.sizes import Sizes

__all__ = ["edited", "limited", "opaque"]


def limited(provider: Identity | Drifting, pixels: int) -> Identity | Drifting:
    """Return *provider* as a model that takes no more than so many *pixels*, in multiples of 16."""
    sizes = Sizes(multiple=16, max_pixels=pixels)
    provider.capabilities = replace(CAPABILITIES, sizes=sizes)
    return provider


def edited(
    source: Source, provider: Identity | Drifting, oversize: Oversize = Oversize.AUTO
) -> Patch:
    """Return the patch over all of *source*."""
    recipe = Recipe(edit=Edit.INPAINT, prompt="x", seed=1, oversize=oversize)
    extent = source.extent

    async def collect() -> list[Patch]:
        async with runner.run(recipe, extent.box, source, provider) as events:
            return [event.patch async for event in events if isinstance(event, Made)]

    (patch,) = anyio.run(collect)
    assert patch.pixels.shape == source.pixels.shape
    return patch


def opaque(colours: np.ndarray) -> np.ndarray:
    """Return *colours* with an alpha that hides nothing."""
    full = 255 if colours.dtype == np.uint8 else 1
    return np.dstack([colours, np.full(colours.shape[:2], full, colours.dtype)])
