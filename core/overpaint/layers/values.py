"""What is asked and told when many layers get one style."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from overpaint.errors import OverpaintError
from overpaint.geometry import Box
from overpaint.language import N_
from overpaint.picture import Pixels
from overpaint.recipe import Recipe

__all__ = [
    "WHOLE",
    "LayerBegun",
    "LayerEvent",
    "LayerFailed",
    "LayerInput",
    "LayerMade",
    "LayerProgress",
    "LayerSkipped",
    "LayersFinished",
    "LayersNotice",
    "LayersOutlook",
    "Planned",
    "Skip",
]

WHOLE = ""
"""The id of the flattened document, which may be made first, where events name a layer."""


class Skip(StrEnum):
    """Why a layer is left as it is; the value is what people are told."""

    EMPTY = N_("it is empty")
    LOCKED = N_("it is locked")
    CUTS = N_("it only cuts away what is below it")
    UNWANTED = N_("it was left out")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerInput:
    """A layer that may get a style.

    *id* is the caller's own, unique, and not "". *box*: its place on the canvas. *read* returns
    its pixels, RGBA of the box's size; it is called up to three times, nothing is kept meanwhile.
    *skip*: why it is to be left as it is.
    """

    id: str
    name: str
    box: Box
    read: Callable[[], Awaitable[Pixels]]
    skip: Skip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would become of a layer.

    *skip*: why nothing, else None. *like*: the id of an equal layer before it, whose result it
    takes. *kept*: a result is on disk already. *requests* that would leave for it.
    """

    id: str
    name: str
    skip: Skip | None = None
    like: str | None = None
    kept: bool = False
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersOutlook:
    """What a run over *layers* would ask for, before anything is sent.

    *receiver*: who gets the pixels, "" where they stay on this machine. *whole*: how many of the
    *requests* are for the flattened document. *cost*: US dollars, 0 where nothing is charged,
    None where nobody knows.
    """

    title: str
    receiver: str
    layers: tuple[Planned, ...]
    whole: int
    requests: int
    cost: float | None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "provider": self.title,
            "receiver": self.receiver or None,
            "layers": [
                {
                    "id": each.id,
                    "name": each.name,
                    "skipped": each.skip.name.lower() if each.skip else None,
                    "like": each.like,
                    "kept": each.kept,
                    "requests": each.requests,
                }
                for each in self.layers
            ],
            "requests_for_the_whole": self.whole,
            "requests": self.requests,
            "cost": self.cost,
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Return it as lines to be read."""
        alike = sum(each.like is not None for each in self.layers)
        kept = sum(each.kept for each in self.layers)
        skipped = [each for each in self.layers if each.skip is not None]
        made = len(self.layers) - alike - kept - len(skipped)
        counted = [f"{made} to make"]
        counted += [f"{alike} equal to another"] if alike else []
        counted += [f"{kept} done before"] if kept else []
        counted += [f"{len(skipped)} left as they are"] if skipped else []
        cost = "not known" if self.cost is None else f"about ${self.cost:.3f}"
        whole = f", {self.whole} of them for the whole picture first" if self.whole else ""
        return [
            f"Provider   {self.title}",
            f"Receiver   {self.receiver or 'nobody: it stays on this machine'}",
            f"Layers     {len(self.layers)}: {', '.join(counted)}",
            f"Requests   {self.requests}{whole}",
            f"Cost       {'none' if not self.receiver or self.cost == 0 else cost}",
            *(f"Left       {each.name}: {each.skip}" for each in skipped),
            *(f"Note       {note}" for note in self.notes),
        ]


@dataclass(frozen=True, slots=True)
class LayerBegun:
    """A layer is being made; *id* may be WHOLE."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class LayerProgress:
    """How far a layer is, 0..1, None where nobody can tell."""

    id: str
    fraction: float | None
    phase: str


@dataclass(frozen=True, slots=True, eq=False)
class LayerMade:
    """A layer's new pixels, RGBA of its box's size, with its own alpha to the bit.

    *reused*: nothing was made for it: it was done before, or is equal to one that was.
    """

    id: str
    name: str
    pixels: Pixels
    recipe: Recipe
    reused: bool


@dataclass(frozen=True, slots=True)
class LayerSkipped:
    """A layer stays as it is."""

    id: str
    name: str
    why: Skip


@dataclass(frozen=True, slots=True)
class LayerFailed:
    """A layer could not be made; asking the same again makes it alone."""

    id: str
    name: str
    error: OverpaintError


@dataclass(frozen=True, slots=True)
class LayersNotice:
    """A sentence that the user should read."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersFinished:
    """The end. *keys* are those of what was kept on disk, *cost* in US dollars if told."""

    made: int
    reused: int
    skipped: int
    failed: int
    cost: float | None
    sent: int
    keys: tuple[str, ...]


LayerEvent: TypeAlias = (
    LayerBegun
    | LayerProgress
    | LayerMade
    | LayerSkipped
    | LayerFailed
    | LayersNotice
    | LayersFinished
)
