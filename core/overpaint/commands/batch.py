"""`overpaint batch`: many recipes over many files, which can be stopped and goes on.

State: a file beside the list, with the digest of each line that is done. A line that was changed,
or whose result is gone, is made again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overpaint.commands.telling import follow, print_json, progress_shown
from overpaint.errors import FileUnreadable, OverpaintError, RecipeInvalid, SelectionEmpty
from overpaint.recipe import VERSION, Edit, Recipe

if TYPE_CHECKING:
    from overpaint.commands.telling import Outcome

__all__ = ["batch"]

PARTS = {"image", "mask", "out", "recipe"}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the list, read: *digest* is that of its text and of where it was read."""

    number: int
    digest: str
    image: Path
    mask: Path | None
    out: Path
    recipe: Recipe


@dataclass(slots=True)
class _Report:
    made: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {"made": self.made, "done_before": self.skipped, "failed": self.failed}


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
    lines = _lines(jobs)
    state = jobs.with_name(f"{jobs.name}.done")
    done = set() if again else _read_state(state)
    report = _Report()
    with progress_shown() as show:
        for place, (number, text) in enumerate(lines):
            show(place / len(lines), f"{jobs.name}, line {number}")
            try:
                line = _read(number, text, jobs.resolve().parent)
                if line.digest in done and line.out.exists():
                    report.skipped.append(number)
                    continue
                outcome = _run(line)
            except OverpaintError as error:
                failure = {"line": number, "code": error.code, "error": error.sentence}
                report.failed.append({**failure, "hint": error.hint})
                continue
            done.add(line.digest)
            state.write_text("".join(f"{each}\n" for each in sorted(done)), "ascii")
            report.made.append({"line": number, "out": str(line.out), "cost": outcome.cost})
    _tell(report, as_json=as_json)
    return 1 if report.failed else 0


def _lines(jobs: Path) -> list[tuple[int, str]]:
    try:
        text = jobs.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{jobs} cannot be read: {error}.", "Check the name.") from error
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]


def _read_state(state: Path) -> set[str]:
    try:
        return set(state.read_text("ascii").split())
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(
            f"{state} cannot be read: {error}.", "Remove it, or use --again."
        ) from error


def _read(number: int, text: str, folder: Path) -> _Line:
    """Return one line; raises RecipeInvalid with what is wrong with it."""
    hint = 'A line is {"image": ..., "mask": ..., "out": ..., "recipe": {...}}.'
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecipeInvalid(f"Line {number} is not JSON: {error}.", hint) from error
    if not isinstance(data, dict) or not {"image", "out", "recipe"} <= set(data) <= PARTS:
        raise RecipeInvalid(f"Line {number} lacks a part, or has one that is not known.", hint)
    paths = {name: data[name] for name in ("image", "mask", "out") if data.get(name) is not None}
    if not all(isinstance(path, str) and path for path in paths.values()):
        raise RecipeInvalid(f"Line {number} has a path that is not text.", hint)
    if not isinstance(data["recipe"], dict):
        raise RecipeInvalid(f"The recipe in line {number} is not an object.", hint)
    # Written by hand, it says no version: it is meant for the Overpaint that reads it.
    recipe = Recipe.from_dict({"version": VERSION, **data["recipe"]})
    if recipe.edit is Edit.GENERATE or recipe.references:
        raise RecipeInvalid(
            f"Line {number} makes a picture from nothing, or wants reference pictures.",
            "Such edits run one by one: 'overpaint generate', or --reference.",
        )
    mask = folder / paths["mask"] if "mask" in paths else None
    digest = sha256(f"{folder}\n{text}".encode()).hexdigest()
    return _Line(number, digest, folder / paths["image"], mask, folder / paths["out"], recipe)


def _run(line: _Line) -> "Outcome":
    """Make one line's edit and save it; raises what the edit raises."""
    import anyio
    import numpy as np

    from overpaint import app, files
    from overpaint.mask import bounds

    document = files.load(line.image)
    extent = document.extent
    selection = (
        np.full((extent.height, extent.width), 255, np.uint8)
        if line.mask is None
        else files.load_selection(line.mask, extent)
    )
    box = bounds(selection)
    if box is None:
        raise SelectionEmpty(f"The mask {line.mask} selects nothing.", "Paint white what is meant.")
    files.check(line.out, document)
    recipe = line.recipe.with_seed()
    region = app.plan(recipe, box, extent).region
    source = document.source(region, selection[region.slices])

    async def work() -> "Outcome":
        running = app.run(recipe, region, source, canvas=extent, document=line.image.name)
        async with running as events:
            return await follow(_quiet(events))

    outcome = anyio.run(work)
    results = [
        files.Result(each.patch, each.recipe, app.provenance_of(each.recipe).xmp())
        for each in outcome.made
    ]
    files.save(line.out, document, results)
    return outcome


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
    for each in report.failed:
        yield f"Line {each['line']}: {each['error']} {each['hint']}"
    counts = f"{len(report.made)} made, {len(report.skipped)} done before"
    yield f"{counts}, {len(report.failed)} failed."
