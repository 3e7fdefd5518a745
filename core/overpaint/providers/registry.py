"""The list of providers; a module is imported only when its provider is asked for.

One line a provider. Others can add theirs from a package of their own, as an entry point of the
group `overpaint.providers` whose object is called with a Setup (docs/adding-a-provider.md).
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overpaint.errors import ProviderUnknown
from overpaint.language import _
from overpaint.providers.base import Provider, Setup

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "Entry", "entry", "get", "names"]

GROUP = "overpaint.providers"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a provider is, and what it reads.

    *where*: module and class; *keys*: the environment variables that may hold its key, unless the
    provider's own `key_names`, which may depend on how it is set up, says otherwise. *needs_key*:
    without one it makes nothing.
    """

    where: str
    keys: tuple[str, ...] = ()
    needs_key: bool = False


_BUILT_IN = {
    "embedded": Entry("overpaint.engine.provider:Embedded"),
    "gemini": Entry(
        "overpaint.providers.gemini:Gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), True
    ),
    "openai": Entry("overpaint.providers.openai:OpenAI", ("OPENAI_API_KEY",), True),
    "gateway": Entry(
        "overpaint.providers.gateway:Gateway",
        ("OVERPAINT_GATEWAY_API_KEY", "XROUTE_API_KEY", "OPENROUTER_API_KEY"),
    ),
    "seedream": Entry("overpaint.providers.seedream:Seedream", ("ARK_API_KEY",), True),
    "a1111": Entry("overpaint.providers.a1111:A1111", ("A1111_AUTH",)),
    "comfyui": Entry("overpaint.providers.comfyui:ComfyUI"),
}


def names() -> list[str]:
    """Return the names of all providers, the default first, those of other packages last."""
    return [*_BUILT_IN, *(name for name in sorted(_from_others()) if name not in _BUILT_IN)]


def entry(name: str) -> Entry:
    """Return how the provider called *name* is found; raises ProviderUnknown."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name in _from_others():
        return Entry(_from_others()[name].value, (f"{name.upper().replace('-', '_')}_API_KEY",))
    raise ProviderUnknown(
        _("There is no provider called {name!r}.").format(name=name),
        _("There are: {names}.").format(names=", ".join(names())),
    )


def get(name: str, setup: Setup = Setup()) -> Provider:  # noqa: B008, a Setup never changes
    """Return the provider called *name*, set up; raises ProviderUnknown."""
    module, _, attribute = entry(name).where.partition(":")
    make: Any = getattr(import_module(module), attribute)
    provider: Provider = make(setup)
    return provider


@cache
def _from_others() -> "dict[str, EntryPoint]":
    from importlib import metadata

    return {point.name: point for point in metadata.entry_points(group=GROUP)}
