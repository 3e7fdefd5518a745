"""What a run tells, and who writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from overpaint.errors import OverpaintError
from overpaint.picture import Patch
from overpaint.plan import Shot
from overpaint.providers.base import Notice, Progress, Usage
from overpaint.recipe import Recipe

__all__ = ["Event", "Finished", "Made", "Recorder", "Seen"]


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
    """Candidate *number*, fitted back; *recipe* makes this one again."""

    number: int
    patch: Patch
    recipe: Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What candidate *number* looks like so far: a picture file's bytes."""

    number: int
    picture: bytes


Event: TypeAlias = Progress | Notice | Seen | Usage | Made | Finished


class Recorder(Protocol):
    """Writes a run down while it goes on, so that nothing that was paid for is lost.

    Called in threads, one call at a time. *number* counts the candidates, *shot* the pictures
    that one candidate consists of.
    """

    def begin(self, recipe: Recipe, shots: Sequence[Shot]) -> None:
        """The requests are about to be sent."""

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        """The server took a job, under this name."""

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        """A picture file arrived."""

    def usage(self, number: int, usage: Usage) -> None:
        """The server said what it took."""

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        """The run came to its end: with all that was asked for, an error, or cancelled."""
