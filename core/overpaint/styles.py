"""The named styles: what they are called, and how a prompt names one.

Read from styles.toml beside this module. What each means to the offline engine is in there as
well, as words that only the engine understands.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from overpaint.errors import RecipeInvalid
from overpaint.language import _

__all__ = ["Style", "default", "get", "load", "match"]

PREFIX = 5
"""Letters that must agree where a word is longer: "impressionistic" is an impressionist's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One named style.

    *words*: what a hosted model is told, after "in the style of". *vector*, *network*, *flow*,
    *brush*: how it is laid on offline (see styles.toml). *keeps_colours*, *keeps_light*: the
    picture's hues stay, and what is light and dark in it.
    *also*: words that name it beside its id.
    """

    id: str
    title: str
    words: str
    vector: str = ""
    origin: str = ""
    network: float = 0.0
    flow: int = 0
    brush: str = ""
    keeps_colours: bool = False
    keeps_light: bool = False
    also: tuple[str, ...] = ()


@cache
def load() -> Mapping[str, Style]:
    """Return all named styles by their id, in the order in which they are listed."""
    styles = {
        name: Style(
            id=name,
            title=given["title"],
            words=given["words"],
            vector=given.get("vector", ""),
            origin=given.get("origin", ""),
            network=float(given.get("network", 0)),
            flow=given.get("flow", 0),
            brush=given.get("brush", ""),
            keeps_colours=given.get("colours") == "kept",
            keeps_light=given.get("light") == "kept",
            also=tuple(given["also"]),
        )
        for name, given in _text()["style"].items()
    }
    return MappingProxyType(styles)


def get(name: str) -> Style:
    """Return the style with that id or title, in any case; raises RecipeInvalid for none."""
    style = load().get(name) or _called().get(_words(name))
    if style is None:
        raise RecipeInvalid(
            _("There is no style called {name!r:.60}.").format(name=name),
            _("'overpaint styles' lists them."),
        )
    return style


def default() -> Style:
    """Return the style that is used where nothing says which."""
    return load()[_default()]


def match(prompt: str) -> Style | None:
    """Return the style that *prompt* names, None where it names none.

    Whatever the case and accents; a word counts by its first letters. Of several styles that
    are named, the one named by more words wins ("starry night"), then the one named first.
    """
    said = _words(prompt)
    found: list[tuple[int, int, Style]] = []
    for name, place, style in _names():
        at = _place(said, name)
        if at is not None:
            found.append((-len(name), at * 1000 + place, style))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _default() -> str:
    return str(_text()["default"])


@cache
def _text() -> Mapping[str, Any]:
    file = resources.files("overpaint") / "styles.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _called() -> Mapping[tuple[str, ...], Style]:
    """Return each style by its id and by its title, as words."""
    return {_words(name): each for each in load().values() for name in (each.id, each.title)}


@cache
def _names() -> tuple[tuple[tuple[str, ...], int, Style], ...]:
    """Return each name of a style as words, the style's place in the list, and the style."""
    return tuple(
        (_words(name), place, style)
        for place, style in enumerate(load().values())
        for name in (style.id.replace("-", " "), style.title, *style.also)
    )


def _words(text: str) -> tuple[str, ...]:
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each for each in bare if not unicodedata.combining(each))
    return tuple(re.findall(r"[a-z0-9]+", letters))


def _place(said: tuple[str, ...], name: tuple[str, ...]) -> int | None:
    """Return where the words of *name* begin in *said*, None where they do not occur."""
    for start in range(len(said) - len(name) + 1):
        if all(map(_agree, said[start:], name)):
            return start
    return None


def _agree(said: str, name: str) -> bool:
    if len(name) < PREFIX or len(said) < PREFIX:
        return said == name
    return said[:PREFIX] == name[:PREFIX]
