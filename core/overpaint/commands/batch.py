"""`overpaint batch`: many recipes over many files, which can be stopped and goes on.

State: a file beside the list, with the digest of each line that is done, added as lines are. A line
that was changed, or whose result is gone, is made again.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overpaint import places
from overpaint.commands.jobs import Job, read_job, read_lines
from overpaint.commands.telling import follow, print_json, progress_shown, unexpected
from overpaint.errors import FileUnreadable, FileUnwritable, OverpaintError, SelectionEmpty

if TYPE_CHECKING:
    from overpaint.commands.telling import Outcome

__all__ = ["batch"]

_INTERRUPTED = 130


@dataclass(slots=True)
class _Report:
    made: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {"made": self.made, "done_before": self.skipped, "failed": self.failed}

    def make(self, number: int, job: Job, outcome: "Outcome", saved: list[Path]) -> None:
        told = {"out": str(job.out), "saved": [str(each) for each in saved]}
        told_of = {"notices": outcome.notices, "cost": outcome.cost}
        self.made.append({"line": number, **told, **told_of})

    def fail(self, number: int, error: OverpaintError) -> None:
        told = {"code": error.code, "error": error.sentence, "hint": error.hint}
        self.failed.append({"line": number, **told})


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--again", is_flag=True, help="Make also what was made before.")
def batch(jobs: Path, *, as_json: bool, again: bool) -> int:
    """Run the edits that the lines of JOBS name.

    Each line is a JSON object with "image", "out", "recipe" (as layers and the history hold it, or
    no more than {"edit": "remove"}) and, unless all of the image is meant, "mask". Paths are taken
    from the folder of JOBS. A line that fails does not stop the others; the same command goes on
    with what is missing.
    """
    lines = read_lines(jobs)
    state = jobs.with_name(f"{jobs.name}.done")
    report = _Report()
    with _alone(state):
        if again:
            state.unlink(missing_ok=True)
        try:
            _work(lines, jobs, state, report)
        except KeyboardInterrupt:
            _tell(report, as_json=as_json)
            click.echo("Interrupted. Run the same command again to go on from here.", err=True)
            return _INTERRUPTED
    _tell(report, as_json=as_json)
    return 1 if report.failed else 0


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Keep a second run over the same list from making, and paying, everything twice."""
    lock = state.with_name(f".{state.name}.lock")
    try:
        hold = places.Hold(lock)
    except OSError as error:
        if places.is_held(lock):
            raise FileUnwritable(
                "Another 'overpaint batch' is at work on this list.", "Wait for it to end."
            ) from error
        raise _unwritable(state, error) from error
    try:
        yield
    finally:
        hold.release()


def _work(lines: list[tuple[int, str]], jobs: Path, state: Path, report: _Report) -> None:
    done, folder = _read_state(state), jobs.resolve().parent
    writers: dict[Path, int] = {}
    with progress_shown() as show:
        for place, (number, text) in enumerate(lines):
            show(place / len(lines), f"{jobs.name}, line {number}")
            try:
                job = read_job(text, folder)
                _refuse_twice(job, writers.setdefault(job.out.resolve(), number), number)
                if job.digest in done and job.is_saved:
                    report.skipped.append(number)
                    continue
                outcome, saved = _run(job)
                report.make(number, job, outcome, saved)
                _note(state, job.digest)
            except OverpaintError as error:
                report.fail(number, error)
            except Exception as error:
                if sys.flags.dev_mode:
                    raise
                report.fail(number, unexpected(error))


def _refuse_twice(job: Job, first: int, number: int) -> None:
    if first != number:
        raise FileUnwritable(f"Line {first} is saved to {job.out}, too.", "Choose another name.")


def _read_state(state: Path) -> set[str]:
    try:
        return set(state.read_text("ascii").split())
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileUnreadable(
            f"{state} cannot be read: {reason}.", "Remove it, or use --again."
        ) from error


def _note(state: Path, digest: str) -> None:
    try:
        with state.open("a", encoding="ascii") as file:
            file.write(f"{digest}\n")
    except OSError as error:
        raise _unwritable(state, error) from error


def _unwritable(state: Path, error: OSError) -> FileUnwritable:
    return FileUnwritable(
        f"What is done cannot be noted in {state}: {error.strerror or error}.",
        "Make room, or put the list into a folder that can be written to.",
    )


def _run(job: Job) -> "tuple[Outcome, list[Path]]":
    """Make one line's edit and save it; raises what the edit raises."""
    import anyio
    import numpy as np

    from overpaint import app, files
    from overpaint.mask import bounds

    files.check_apart(job.out, {"IMAGE": job.image, "MASK": job.mask})
    document = files.load(job.image)
    extent = document.extent
    selection = (
        np.full((extent.height, extent.width), 255, np.uint8)
        if job.mask is None
        else files.load_selection(job.mask, extent)
    )
    box = bounds(selection)
    if box is None:
        raise SelectionEmpty(f"The mask {job.mask} selects nothing.", "Paint white what is meant.")
    files.check(job.out, document)
    recipe = job.recipe.with_seed()
    region = app.plan(recipe, box, extent).region
    source = document.source(region, selection[region.slices])

    async def work() -> "Outcome":
        running = app.run(recipe, region, source, canvas=extent, document=job.image.name)
        async with running as events:
            return await follow(_quiet(events))

    outcome = anyio.run(work)
    outcome.notices[:0] = document.notices
    results = [
        files.Result(each.patch, each.recipe, app.provenance_of(each.recipe).xmp())
        for each in outcome.made
    ]
    return outcome, files.save(job.out, document, results)


async def _quiet(events: Any) -> Any:
    """Leave the bar to the whole batch."""
    from overpaint.providers.base import Progress

    async for event in events:
        if not isinstance(event, Progress):
            yield event


def _tell(report: _Report, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict())
        return
    for text in _told(report):
        click.echo(text, err=True)


def _told(report: _Report) -> Iterator[str]:
    for each in report.made:
        for sentence in each["notices"]:
            yield f"Line {each['line']}: {sentence}"
    for each in report.failed:
        yield f"Line {each['line']}: {each['error']} {each['hint']}".rstrip()
    counts = f"{len(report.made)} made, {len(report.skipped)} done before"
    yield f"{counts}, {len(report.failed)} failed."
