"""What Overpaint does for its front ends: plan an edit, run it."""

from collections.abc import AsyncGenerator

from overpaint import runner
from overpaint.geometry import Box, Extent
from overpaint.picture import Source
from overpaint.plan import Plan, make_plan
from overpaint.providers import registry
from overpaint.providers.base import Provider
from overpaint.recipe import Recipe

__all__ = ["copies_pixels", "plan", "providers", "run"]


def plan(recipe: Recipe, selection: Box, canvas: Extent) -> Plan:
    """Say which rectangle the edit reads; raises RequestError before anything is read."""
    provider = registry.get(recipe.provider)
    return make_plan(recipe, selection, canvas, provider.capabilities.sizes)


def copies_pixels(recipe: Recipe) -> bool:
    """Say whether the edit leaves all outside its mask as it is; raises ProviderUnknown."""
    return registry.get(recipe.provider).capabilities.copies_pixels


def run(recipe: Recipe, region: Box, source: Source) -> AsyncGenerator[runner.Event, None]:
    """Run the edit; see :func:`overpaint.runner.run`. *recipe* must have its seed."""
    return runner.run(recipe, region, source, registry.get(recipe.provider))


def providers() -> list[Provider]:
    """Return every provider, the default first."""
    return [registry.get(name) for name in registry.names()]
