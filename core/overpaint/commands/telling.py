"""What a command tells while it works and when it is done: for people, or as JSON."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from overpaint.errors import ModelUnknown, OverpaintError, Unexpected

if TYPE_CHECKING:
    from overpaint.runner import Event, Made

__all__ = ["Outcome", "complain", "follow", "print_json", "progress_shown", "unexpected"]


@dataclass(slots=True)
class Outcome:
    """What came of a run: candidates in their order, what was said, what it took."""

    made: "list[Made]" = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    cost: float | None = None
    sent: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    log: tuple[str, ...] = ()


async def follow(events: "AsyncIterator[Event]") -> Outcome:
    """Read *events* to their end, with a bar on a terminal; raises what the run raises."""
    from overpaint.providers.base import Notice, Progress, Usage
    from overpaint.runner import Finished, Made

    outcome = Outcome()
    with progress_shown() as show:
        async for event in events:
            match event:
                case Progress(fraction, phase):
                    show(fraction, phase)
                case Notice(sentence):
                    outcome.notices.append(sentence)
                case Usage(cost):
                    outcome.cost = outcome.cost if cost is None else (outcome.cost or 0) + cost
                case Made():
                    outcome.made.append(event)
                case Finished(seconds, log, sent):
                    outcome.seconds, outcome.log, outcome.sent = seconds, log, sent
    outcome.made.sort(key=lambda each: each.number)
    return outcome


@contextmanager
def progress_shown() -> Iterator[Callable[[float | None, str], None]]:
    """Show on a terminal how far something is; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _fraction, _phase: None
        return
    with _progress_bar() as show:
        yield show


@contextmanager
def _progress_bar() -> Iterator[Callable[[float | None, str], None]]:
    """Show a bar on stderr, a moving one while nobody can tell how far it is."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Editing", total=None)

        def show(fraction: float | None, phase: str) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=phase, total=total, completed=fraction or 0.0)

        yield show


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def complain(error: OverpaintError, *, as_json: bool) -> None:
    """Say what went wrong, on stderr for people and on stdout for machines."""
    if as_json:
        said = {"code": error.code, "sentence": error.sentence, "hint": error.hint}
        if isinstance(error, ModelUnknown):
            said["successor"] = error.successor or ""
        print_json({"error": said})
        return
    click.echo(f"overpaint: {error.sentence}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)


def unexpected(error: Exception) -> Unexpected:
    """Return what people are told of a defect."""
    return Unexpected(
        f"Overpaint met a defect of its own: {type(error).__name__}: {error}",
        "Nothing was written. Please report this, with what "
        "'python -X dev -m overpaint ...' prints for the same command.",
    )
