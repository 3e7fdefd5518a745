"""The command line: edit a picture through a mask, list providers, check the installation.

    exit status   0  done
                  1  the edit failed and nothing was written, or doctor found a problem
                  2  wrong usage
                130  interrupted; nothing was written

What went wrong is said on stderr, in a sentence and a hint. Whatever is slow to import is
imported where it is used.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from overpaint import __version__
from overpaint.errors import (
    FileUnwritable,
    OverpaintError,
    ProviderFailed,
    SelectionEmpty,
    Unexpected,
)
from overpaint.recipe import MAX_PX, Edit, Recipe

if TYPE_CHECKING:
    from overpaint.geometry import Box
    from overpaint.picture import Patch, Source

__all__ = ["commands", "doctor", "inpaint", "main", "providers", "remove", "run"]

FAILED, INTERRUPTED = 1, 130

Command = TypeVar("Command", bound=Callable[..., None])


def main() -> None:
    """Run the command line of this process and end it."""
    status = run(sys.argv[1:])
    if status == INTERRUPTED:
        # C code that still fills a hole in a thread would otherwise keep the process alive.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status; defects raise in Python's -X dev only."""
    try:
        return commands.main(arguments, "overpaint", standalone_mode=False) or 0
    except click.Abort:  # what click makes of Ctrl-C
        click.echo("Interrupted; nothing was written.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OverpaintError as error:
        return _complain(error)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return _complain(
            Unexpected(
                f"Overpaint met a defect of its own: {type(error).__name__}: {error}",
                "Nothing was written. Please report this, with what "
                "'python -X dev -m overpaint ...' prints for the same command.",
            )
        )


def _complain(error: OverpaintError) -> int:
    click.echo(f"overpaint: {error.sentence}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)
    return FAILED


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Edit the selected part of a picture; everything else stays as it is, to the bit."""


def _edit_options(command: Command) -> Command:
    """Add what all edits take."""
    path = click.Path(path_type=Path)
    pixels = click.IntRange(0, MAX_PX)
    for decorate in reversed(
        (
            click.argument("image", type=path),
            click.option(
                "--mask",
                required=True,
                type=path,
                metavar="MASK",
                help="A picture of IMAGE's size: white is edited, black is not, grey softly. "
                "If it has transparency, what is opaque is edited.",
            ),
            click.option(
                "-o",
                "--out",
                required=True,
                type=path,
                metavar="OUT",
                help="Where to save: .png or .tif for the finished picture, .ora or .xcf "
                "for the original with the result as a layer.",
            ),
            click.option(
                "--provider",
                default="embedded",
                show_default=True,
                metavar="NAME",
                help="Who makes the pixels; see 'overpaint providers'.",
            ),
            click.option(
                "--grow", type=pixels, default=0, metavar="PX", help="Widen the mask first."
            ),
            click.option(
                "--feather", type=pixels, default=0, metavar="PX", help="Soften its edge first."
            ),
            click.option(
                "--context",
                type=pixels,
                metavar="PX",
                help="How much around the mask the provider sees; by default what suits its size.",
            ),
            click.option(
                "--seed",
                type=click.IntRange(0, 2**31 - 1),
                metavar="N",
                help="The same seed makes the same picture; by default a new one is taken.",
            ),
        )
    ):
        command = decorate(command)
    return command


@commands.command()
@_edit_options
@click.option("--prompt", default="", metavar="TEXT", help="What the masked part should show.")
def inpaint(image: Path, mask: Path, out: Path, **choices: Any) -> None:
    """Fill the masked part of IMAGE anew.

    A prompt says with what, for providers that read one.
    """
    _edit(image, mask, out, Recipe(edit=Edit.INPAINT, **choices))


@commands.command()
@_edit_options
def remove(image: Path, mask: Path, out: Path, **choices: Any) -> None:
    """Take away from IMAGE what the mask covers."""
    _edit(image, mask, out, Recipe(edit=Edit.REMOVE, **choices))


def _edit(image: Path, mask: Path, out: Path, recipe: Recipe) -> None:
    for name, path in (("IMAGE", image), ("MASK", mask)):
        if _same_file(out, path):
            raise FileUnwritable(
                f"OUT and {name} are the same file, {path}.",
                "Overpaint never overwrites what it reads; choose another name.",
            )
    import anyio

    from overpaint import app, files
    from overpaint.mask import bounds

    document = files.load(image)
    files.check(out, document)
    selection = files.load_selection(mask, document.extent)
    box = bounds(selection)
    if box is None:
        raise SelectionEmpty(
            f"The mask {mask} selects nothing: it is black or transparent everywhere.",
            "Paint white what is to be edited.",
        )
    recipe = recipe.with_seed()
    region = app.plan(recipe, box, document.extent).region
    for sentence in document.notices:
        click.echo(f"{image}: {sentence}", err=True)
    source = document.source(region, selection[region.slices])
    patch = anyio.run(_run_edit, recipe, region, source)
    files.save(out, document, [files.Result(patch, recipe)])
    click.echo(f"Saved {out} (--seed {recipe.seed}).", err=True)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return one.resolve() == other.resolve()


async def _run_edit(recipe: Recipe, region: "Box", source: "Source") -> "Patch":
    """Run the edit, telling progress on a terminal and notices everywhere; return its result."""
    from overpaint import app
    from overpaint.providers.base import Notice, Progress
    from overpaint.runner import Made

    result = None
    notices = []
    with _progress_bar() if sys.stderr.isatty() else nullcontext() as show:
        async with app.run(recipe, region, source) as events:
            async for event in events:
                match event:
                    case Progress(fraction, phase):
                        if show is not None:
                            show(fraction, phase)
                    case Notice(sentence):
                        notices.append(sentence)
                    case Made():
                        result = result or event.patch
    for sentence in notices:
        click.echo(sentence, err=True)
    if result is None:
        raise ProviderFailed("The provider returned no picture.", "Try again.")
    return result


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


@commands.command()
def providers() -> None:
    """List who can make the pixels, the default first."""
    from overpaint import app

    for provider in app.providers():
        can = provider.capabilities
        facts = [
            f"edits: {', '.join(sorted(can.edits))}",
            "reads the prompt" if can.reads_prompt else "cannot read prompts",
            "needs the network" if can.needs_network else "works offline",
            "needs a key" if can.needs_key else "needs no key",
        ]
        click.echo(f"{provider.name}: {provider.title}\n  {'; '.join(facts)}")


@commands.command()
@click.option("--json", "for_machines", is_flag=True, help="Print one JSON object.")
def doctor(*, for_machines: bool) -> int:
    """Check this installation, and say how to mend it."""
    from overpaint.doctor import all_well, as_json, examine

    def find_gimp() -> list[str] | None:
        from overpaint import files

        return files.find_console()

    findings = []
    for finding in examine(find_gimp):
        findings.append(finding)
        if not for_machines:
            click.echo(finding.line)
    if for_machines:
        click.echo(as_json(findings))
    return 0 if all_well(findings) else FAILED
