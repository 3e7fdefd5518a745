"""`overpaint history`: list, show, export, place again and remove what was made."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overpaint.errors import RunUnplaceable, SelectionMismatch

if TYPE_CHECKING:
    from overpaint.history import Kept, Record

__all__ = ["history"]

WISH = 60
"""Characters of a prompt that a list shows."""


@click.group()
def history() -> None:
    """Show, export, place again and remove what was made.

    ID is a run's id, or its start where no other run's starts so.
    """


@history.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(0), default=20, show_default=True, metavar="N",
    help="How many, the newest first; 0 for all.",
)  # fmt: skip
@click.option("--search", default="", metavar="WORDS", help="Only runs that hold all these words.")
@click.option("--provider", metavar="NAME", help="Only runs of this provider.")
@click.option("--json", "for_machines", is_flag=True, help="Print one JSON array.")
def _list(*, limit: int, search: str, provider: str | None, for_machines: bool) -> None:
    """List what was made, the newest first."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        records = journal.runs(limit or None, search, provider=provider)
    if for_machines:
        click.echo(json.dumps([each.to_dict() for each in records], indent=2, ensure_ascii=False))
        return
    if not records:
        click.echo("Nothing was found." if search or provider else "History is empty.", err=True)
    for each in records:
        click.echo(_line(each))


@history.command("show")
@click.argument("run", metavar="ID")
@click.option("--json", "for_machines", is_flag=True, help="Print one JSON object.")
def _show(run: str, *, for_machines: bool) -> None:
    """Show all that is known of one run, and where its pictures are."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        record = journal.record(run)
        kept = journal.candidates(record.id)
    if for_machines:
        pictures = [
            {
                "number": each.number,
                "complete": each.complete,
                "text": each.text,
                "files": [str(path) for path in each.files.values()],
            }
            for each in kept
        ]
        told = {**record.to_dict(), "pictures": pictures}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in _lines(record, kept):
        click.echo(line)


@history.command("export")
@click.argument("run", metavar="ID")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def _export(run: str, folder: Path) -> None:
    """Write a run's recipe and pictures to FOLDER, as they came."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        for path in journal.export(run, folder):
            click.echo(path)


@history.command("place")
@click.argument("run", metavar="ID")
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), metavar="OUT",
    help="Where to save: .png, .tif, .ora or .xcf, as for an edit.",
)  # fmt: skip
@click.option("--number", type=click.IntRange(0), metavar="N", help="Only this candidate.")
def _place(run: str, image: Path, out: Path, *, number: int | None) -> None:
    """Lay what a run brought over IMAGE again, at no cost.

    IMAGE is the picture of the run; what came is fitted in as the run itself would have done.
    """
    from overpaint import app, files

    document = files.load(image)
    files.check(out, document)
    placed = [each for each in app.place(run) if number in (None, each.number)]
    if not placed:
        raise RunUnplaceable(f"Run {run} has no whole candidate {number}.", "Leave out --number.")
    canvas = placed[0].canvas
    if document.extent != canvas:
        raise SelectionMismatch(
            f"{image} has {document.extent.width}x{document.extent.height} pixels, the picture of "
            f"that run {canvas.width}x{canvas.height}.",
            "Name the picture that the run edited.",
        )
    results = [
        files.Result(each.patch, each.recipe, app.provenance_of(each.recipe).xmp())
        for each in placed
    ]
    for path in files.save(out, document, results):
        click.echo(f"Saved {path}.", err=True)


@history.command("remove")
@click.argument("run", metavar="ID")
def _remove(run: str) -> None:
    """Remove one run, with its pictures; what it cost stays counted.

    Files that were saved or exported are not touched.
    """
    from overpaint import app

    _, size = app.remove_run(run)
    click.echo(f"Removed 1 run, {size / 1e6:.1f} MB.", err=True)


@history.command("clear")
@click.option(
    "--older-than", type=click.IntRange(1), metavar="DAYS", help="Only what is older than that."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def _clear(*, older_than: int | None, yes: bool) -> None:
    """Remove what was made from history; runs at work stay.

    Files that were saved or exported are not touched.
    """
    from overpaint import app

    what = "all of history" if older_than is None else f"what is older than {older_than} days"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here: say --yes.")
        click.confirm(f"Remove {what}?", abort=True, err=True)
    runs, size = app.clear_history(older_than)
    click.echo(f"Removed {runs} runs, {size / 1e6:.1f} MB.", err=True)


def _line(record: "Record") -> str:
    when = f"{record.began.astimezone():%Y-%m-%d %H:%M}"
    who = f"{record.facts.provider}/{record.facts.model}".rstrip("/")
    pictures = f"{record.count} picture{'' if record.count == 1 else 's'}"
    facts = [record.id, when, f"{record.state:<11}", record.edit, who, pictures, _cost(record)]
    wish = _printable(record.wish)
    if len(wish) > WISH:
        wish = f"{wish[: WISH - 1]}…"
    return "  ".join(fact for fact in (*facts, wish) if fact)


def _lines(record: "Record", kept: "list[Kept]") -> list[str]:
    facts = record.facts
    region, canvas = facts.region, facts.canvas
    lines = [
        _line(record),
        f"picture: {_printable(facts.document) or 'unnamed'}, {canvas.width}x{canvas.height}",
        f"region: {region.width}x{region.height} at {region.x},{region.y}",
        f"prompt: {_printable(facts.prompt or record.wish)}",
        f"seed: {facts.recipe.get('seed')}",
    ]
    if record.error is not None:
        lines.append(_printable(f"error: {record.error.sentence} {record.error.hint}"))
    if record.remote_ids:
        lines.append(_printable(f"the server's names: {', '.join(record.remote_ids)}"))
    for each in kept:
        whole = "" if each.complete else " (parts are missing)"
        said = f": {_printable(each.text)}" if each.text else ""
        lines.append(f"picture {each.number}{whole}{said}")
        lines += [f"  {path}" for path in each.files.values()]
    return lines


def _cost(record: "Record") -> str:
    return "" if record.cost is None else f"${record.cost:.4f}"


def _printable(text: str) -> str:
    """Return *text* in one line, without what steers a terminal: a model may have written it."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
