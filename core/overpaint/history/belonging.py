"""Which runs were made of an image, whatever it is called by now.

A run knows the name that the image had. It has another one once it is saved elsewhere, or as .xcf;
but the layers that were added to it carry their recipes along, and these lead to the runs, and to
the names that it had then.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from overpaint.geometry import Extent
from overpaint.history.records import Facts, Record
from overpaint.recipe import MAX_SEED

__all__ = ["Image", "Mark", "belonging"]

DECORATED = re.compile(r"\[(.*)\]( \([^()]*\))?")
"""How GIMP calls what is no .xcf file: [Untitled], [photo] (imported), in any language."""
ENDING = re.compile(r"(\.xcf)?\.[^./\\ ]{1,8}$")

Name: TypeAlias = tuple[str, int, int]
"""A name without its ending, or none and the image's size."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What of a layer's recipe tells which run it is from; of a prompt its start."""

    edit: str
    provider: str
    seed: int
    prompt: str

    def is_of(self, facts: Facts) -> bool:
        """Return whether the run has made it: each candidate has a seed of its own."""
        recipe = facts.recipe
        seed, count = recipe.get("seed"), recipe.get("count", 1)
        told = recipe.get("edit"), facts.provider, _start(str(recipe.get("prompt", "")))
        if seed is None or told != (self.edit, self.provider, _start(self.prompt)):
            return False
        return bool((self.seed - seed) % (MAX_SEED + 1) < count)


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it is now: its name in GIMP, its size, and what its layers say."""

    name: str
    size: Extent
    marks: tuple[Mark, ...] = ()


def _start(prompt: str) -> str:
    return prompt[:200]


def belonging(image: Image, known: Sequence[Record], found: Iterable[Record]) -> list[Record]:
    """Return those of *found* that were made of *image*; *known* are all runs."""
    names = _names(image.name, image.size)
    for record in known:
        if any(mark.is_of(record.facts) for mark in image.marks):
            names |= _names_of(record)
    return [record for record in found if names & _names_of(record)]


def _names_of(record: Record) -> set[Name]:
    """Return the names that the image of a run had: a layer's own may come after a colon."""
    told, size = record.facts.document, record.facts.canvas
    names = _names(told, size)
    for colon in re.finditer(": ", told):
        names |= _names(told[: colon.start()], size)
    return names


def _names(told: str, size: Extent) -> set[Name]:
    decorated = DECORATED.fullmatch(told)
    nameless = not told or (decorated is not None and decorated[2] is None)
    if nameless:  # there are many of these; at least they must be as large
        return {("", size.width, size.height)}
    stem = ENDING.sub("", told) if decorated is None else decorated[1]
    return {(stem.casefold(), 0, 0)}
