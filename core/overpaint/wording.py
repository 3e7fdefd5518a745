"""The sentences that Overpaint says to models: read from the data file beside this module."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from overpaint.language import _

__all__ = ["note", "nth", "wording"]

QUOTED = 60


@cache
def wording() -> dict[str, Any]:
    """Return the whole of `wording.toml`; nobody changes it."""
    file = resources.files("overpaint") / "wording.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def note(name: str, **values: object) -> str:
    """Return the sentence for the user called *name*; long *values* are shortened."""
    short = {key: _short(value) for key, value in values.items()}
    sentence: str = _(wording()["notes"][name]).format(**short)
    return sentence


def nth(place: int) -> str:
    """Return the word for a place in a row, 1 being the first."""
    known: list[str] = wording()["ordinals"]
    return known[place - 1] if place <= len(known) else f"{place}th"


def _short(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = " ".join(value.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"
