"""The command line: edit pictures through a mask, make new ones, look after keys and history.

    exit status   0  done
                  1  the command failed and nothing was written, or doctor found a problem
                  2  wrong usage
                130  interrupted; what had arrived by then is in the history

What went wrong is said on stderr, in a sentence and a hint; with --json on stdout, as an object.
Whatever is slow to import is imported where it is used.
"""

import os
import sys

import click

from overpaint import __version__
from overpaint.commands import check, edit, prompts
from overpaint.commands.batch import batch
from overpaint.commands.history import history
from overpaint.commands.keys import keys
from overpaint.commands.telling import complain, unexpected
from overpaint.errors import OverpaintError

__all__ = ["commands", "main", "run"]

FAILED, INTERRUPTED = 1, 130


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
    as_json = "--json" in arguments
    try:
        return commands.main(arguments, "overpaint", standalone_mode=False) or 0
    except click.Abort:  # what click makes of Ctrl-C
        click.echo("Interrupted; nothing was saved.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OverpaintError as error:
        complain(error, as_json=as_json)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        complain(unexpected(error), as_json=as_json)
    return FAILED


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Edit the selected part of a picture; everything else stays as it is, to the bit."""


for command in (
    edit.inpaint,
    edit.remove,
    edit.vary,
    edit.style,
    edit.generate,
    batch,
    prompts.presets,
    prompts.rewrite,
    history,
    keys,
    check.providers,
    check.styles,
    check.doctor,
):
    commands.add_command(command)
