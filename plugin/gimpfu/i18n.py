"""The standard `gettext`, but `install()` and `translation()` forgive Python 2's arguments."""

from __future__ import annotations

import gettext as _standard
from gettext import (
    Catalog,
    GNUTranslations,
    NullTranslations,
    bindtextdomain,
    dgettext,
    dngettext,
    find,
    gettext,
    ngettext,
    textdomain,
)
from typing import Any, Callable, Optional, Union

__all__ = [
    "Catalog",
    "GNUTranslations",
    "NullTranslations",
    "bindtextdomain",
    "dgettext",
    "dngettext",
    "find",
    "gettext",
    "install",
    "ngettext",
    "textdomain",
    "translation",
]


def install(domain: str, localedir: Optional[str] = None, *_old: Any, **_older: Any) -> None:
    """Put `_` into the builtins; Python 2's `unicode` and `codeset` mean nothing any more."""
    _standard.install(domain, localedir)


def translation(
    domain: str,
    localedir: Optional[str] = None,
    languages: Optional[list[str]] = None,
    class_: Any = None,
    fallback: bool = False,
    **_older: Any,
) -> _standard.NullTranslations:
    """Return the translations of a domain; `codeset` is accepted and means nothing."""
    return _standard.translation(domain, localedir, languages, class_, fallback)


def t(text: str) -> str:
    """Translate a text with the current domain, as 2.10's gimpfu did for its own texts."""
    return _standard.gettext(text)


def N_(text: str) -> str:  # noqa: N802  (the name scripts use)
    """Mark a text for translation and return it as it is."""
    return text


def translator(domain: Union[str, tuple[str, str], None]) -> Callable[[str], str]:
    """Return what translates a script's texts: its `domain`, or `(domain, folder)`."""
    if domain is None:
        return str
    name, folder = (domain, None) if isinstance(domain, str) else domain
    bindtextdomain(name, folder)
    return lambda text: dgettext(name, text) if text else text
