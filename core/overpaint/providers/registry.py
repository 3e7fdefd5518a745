"""The list of providers; a module is imported only when its provider is asked for."""

from importlib import import_module

from overpaint.errors import ProviderUnknown
from overpaint.providers.base import Provider

__all__ = ["get", "names"]

_BUILT_IN = {
    "embedded": "overpaint.engine.provider:Embedded",
}


def names() -> list[str]:
    """Return the names of all providers, the default first."""
    return list(_BUILT_IN)


def get(name: str) -> Provider:
    """Return the provider called *name*; raises ProviderUnknown."""
    try:
        module, _, attribute = _BUILT_IN[name].partition(":")
    except KeyError:
        raise ProviderUnknown(
            f"There is no provider called {name!r}.", f"There are: {', '.join(names())}."
        ) from None
    provider: Provider = getattr(import_module(module), attribute)()
    return provider
