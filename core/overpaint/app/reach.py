"""Who is asked, and how: a provider set up from the user's settings and keys."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from overpaint import runner
from overpaint.errors import OverpaintError
from overpaint.language import _
from overpaint.providers import registry
from overpaint.providers.base import Provider, Setup
from overpaint.recipe import Recipe

if TYPE_CHECKING:
    from overpaint.settings import Settings

__all__ = [
    "USUAL",
    "Reach",
    "check",
    "default_provider",
    "load_settings",
    "provider",
    "providers",
    "set_up",
    "warm_up",
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
    return load_settings().provider


def provider(recipe: Recipe, reach: Reach = USUAL, *, with_key: bool = False) -> Provider:
    """Return the recipe's provider, set up; its key is looked for only where it is needed."""
    return set_up(recipe.provider, recipe.model, reach, load_settings(), with_key=with_key)


def providers() -> list[Provider]:
    """Return every provider, the default first."""
    settings = load_settings()
    return [set_up(name, None, USUAL, settings) for name in registry.names()]


async def check(name: str, reach: Reach = USUAL) -> str:
    """Ask a provider whether its address and key are right, without spending money."""
    asked: Any = set_up(name, None, reach, load_settings(), with_key=True)
    if not asked.capabilities.needs_network:
        return _("{title} needs no key.").format(title=_(asked.title))
    async with runner.client() as http:
        told: str = await asked.check(http)
        return told


def warm_up() -> None:
    """Load what the first plan needs, ahead of it; trouble is told when it is met again."""
    with contextlib.suppress(OverpaintError):
        set_up(default_provider(), None, USUAL, load_settings())


def load_settings() -> "Settings":
    from overpaint import settings

    return settings.load()


def set_up(
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
