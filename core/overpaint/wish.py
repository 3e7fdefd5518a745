"""What a recipe asks for in words, freed of syntax that a model would not understand."""

import re
from collections.abc import Iterator

from overpaint.recipe import Part, Recipe
from overpaint.syntax import Reading, read

__all__ = ["Wish"]

LEADING = (Part.SUBJECT, Part.ACTION)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Wish:
    """*free* text and *parts* to be said, what is *unwanted*, what was given *strong* weight.

    *notes* are sentences on what was lost; whoever puts the wish into words adds theirs.
    """

    def __init__(self, recipe: Recipe, *, weights: bool) -> None:
        """With *weights*, those stay in the words."""
        self.notes: list[str] = []
        self.unwanted: list[str] = []
        self.strong: list[str] = []
        self._weights = weights
        self.free = self._read(recipe.prompt)
        # In the order in which they are said, whatever the order in which they were given.
        read_parts = {part: self._read(recipe.parts.get(part, "")) for part in Part}
        self.parts = {part: text for part, text in read_parts.items() if text}
        self._refuse(recipe.negative)

    def _read(self, text: str) -> str:
        reading = self._reading(text)
        self.strong.extend(reading.strong)
        for listed in reading.unwanted:
            self._refuse(listed)
        return reading.text

    def _reading(self, text: str) -> Reading:
        reading = read(CONTROL.sub(" ", text), weights=self._weights)
        self.notes.extend(reading.notes)
        return reading

    def _refuse(self, text: str) -> None:
        waiting = [text]
        while waiting:
            reading = self._reading(waiting.pop())
            waiting.extend(reading.unwanted)
            known = {item.casefold() for item in self.unwanted}
            new = (item for item in _items(reading.text) if item.casefold() not in known)
            self.unwanted.extend(new)

    @property
    def lead(self) -> str:
        """Who does what."""
        return " ".join(self.parts[part] for part in LEADING if part in self.parts)

    def others(self, *leaving: Part) -> Iterator[tuple[Part, str]]:
        """Yield the parts beside those of the lead, and beside *leaving*."""
        without = (*LEADING, *leaving)
        yield from ((part, text) for part, text in self.parts.items() if part not in without)


def _items(text: str) -> list[str]:
    """Return what a list with commas holds; one with brackets stays whole."""
    whole = text.strip(" \t\n,;")
    found = [whole] if re.search(r"[()\[\]]", whole) else whole.split(",")
    items = dict.fromkeys(item.strip(" \t\n.") for item in found)
    return [item for item in items if item]
