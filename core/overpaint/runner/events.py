"""What a run tells, and who writes it down."""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.errors import OverpaintError
from overpaint.picture import Patch
from overpaint.plan import Shot
from overpaint.providers.base import Notice, Progress, Usage
from overpaint.recipe import Recipe

__all__ = ["Begun", "Event", "Finished", "Made", "Recorder", "Seen"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run that succeeded.

    *seconds* spent in each phase, *log*: what fitting did, *sent*: bytes that left the machine.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    sent: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Candidate *number*, fitted back; *recipe* makes this one again.

    *copied*: the provider copies pixels, so that nothing outside the mask can have changed.
    """

    number: int
    patch: Patch
    recipe: Recipe
    copied: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What candidate *number* looks like so far: a picture file's bytes."""

    number: int
    picture: bytes


Event: TypeAlias = Progress | Notice | Seen | Usage | Made | Finished


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """What is known of a run before its requests leave.

    *recipe* names the provider that is asked, *prompt* are the final words, *shots* are boxes of
    the region; *copied*: the provider copies pixels. *estimate*: US dollars, None if unknown.
    """

    recipe: Recipe
    shots: tuple[Shot, ...]
    prompt: str
    copied: bool
    estimate: float | None


class Recorder(Protocol):
    """Writes a run down while it goes on, so that nothing that was paid for is lost.

    Called in threads, one call at a time. *number* counts the candidates, *shot* the pictures
    that one candidate consists of. Where a run cannot begin to be written down, nothing is sent;
    where a candidate cannot, an error of ours becomes a notice and the edit goes on.
    """

    def begin(self, begun: Begun) -> None:
        """The requests are about to be sent."""

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        """The server took a job, under this name."""

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        """A picture file arrived."""

    def drawn(self, number: int, shot: int, picture: npt.NDArray[np.uint8]) -> None:
        """An engine of our own made a picture."""

    def usage(self, number: int, usage: Usage) -> None:
        """The server said what it took."""

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        """The run came to its end: with all that was asked for, an error, or cancelled."""
