"""The command's options, and what it says and returns.

Exit status: 0 all is well; 1 it failed, and what was installed before still works; 2 the
options were wrong; 3 installed, but the check-up found something; 130 interrupted.
"""

import argparse
import contextlib
import json
import os
import shlex
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, List, Optional, Sequence

from . import environment, gimps, places, removal
from .errors import FileProblem, InstallError, RunWithSudo
from .installation import Plan
from .say import Say
from .source import Source

__all__ = ["main", "run"]

ROOT = Path(__file__).resolve().parent.parent


def run() -> None:
    """Be the program: main() with the process around it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a path may not fit the terminal's encoding
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Do what the options say; returns the exit status."""
    options = _parser().parse_args(arguments)
    say = Say(options.quiet)
    doing = "uninstalled" if options.uninstall else "installed"
    try:
        if options.uninstall:
            _uninstall(options, say)
            return 0
        return _install(options, root, say)
    except (InstallError, OSError) as problem:
        error = FileProblem.of(problem) if isinstance(problem, OSError) else problem
        say.fail(f"Overpaint was not {doing} ({error.code}). {error.sentence}\n{error.hint}")
    except KeyboardInterrupt:
        say.fail(f"Interrupted: Overpaint was not {doing}.")
        return 130
    except Exception as error:  # noqa: BLE001, the user gets a sentence, whatever it was
        place = traceback.extract_tb(error.__traceback__)[-1]
        say.fail(
            f"The installer met a defect of its own: {type(error).__name__}: {error} "
            f"({Path(place.filename).name}, line {place.lineno}).\n"
            "Please report this line with what you were doing."
        )
    return 1


def _install(options: argparse.Namespace, root: Path, say: Say) -> int:
    if os.environ.get("SUDO_USER") and getattr(os, "geteuid", lambda: 1)() == 0:
        raise RunWithSudo(
            "Run with sudo, this would install for root and not for you.",
            "Run it without sudo: it only writes into your own folders.",
        )
    source = Source.at(root)
    found = gimps.named(options.gimp_folder) if options.gimp_folder else gimps.search(say)
    plan = Plan.make(source, options.data_folder, found, options.core_argv, options.keyring)
    if options.dry_run:
        plan.tell(say)
        return 0
    folder = plan.carry_out(say)
    say.step(f"Overpaint {source.release} is installed.")
    status = 0
    try:
        if folder is not None and not environment.check_up(folder, say):
            say.warn("The check-up found something to mend, see above.")
            status = 3
    except KeyboardInterrupt:
        say.warn("The check-up was interrupted. Overpaint is installed.")
    say.step("Restart GIMP, then look under Filters > Overpaint.")
    if folder is not None:
        say.step(f"In a terminal: {shlex.quote(plan.launcher.typed)} --help")
    return status


def _uninstall(options: argparse.Namespace, say: Say) -> None:
    folders = gimps.named(options.gimp_folder).folders if options.gimp_folder else []
    folders += places.user_folders()
    removal.uninstall(options.data_folder, folders, say, dry_run=options.dry_run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Install Overpaint for GIMP 3, update it, or take it away again.",
        epilog="Exit status: 0 all is well; 1 it failed, and what was installed before still "
        "works; 2 wrong options; 3 installed, but the check-up found something; 130 interrupted.",
    )
    parser.add_argument(
        "--gimp-folder",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="GIMP's user folder, such as ~/.config/GIMP/3.0 (may be given several times; "
        "usual: all that are found)",
    )
    parser.add_argument(
        "--data-folder",
        metavar="DIR",
        type=_absolute,
        default=places.data_folder(),
        help="where the core is installed (usual: %(default)s)",
    )
    parser.add_argument(
        "--core-argv",
        metavar="JSON",
        type=_argv,
        help="start the core by this command, a JSON list of strings; none is installed then",
    )
    parser.add_argument(
        "--keyring",
        action="store_true",
        help="keep keys in the system's keyring: installs the package that speaks to it; "
        "updates keep it",
    )
    parser.add_argument("--uninstall", action="store_true", help="remove all that was installed")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--quiet", action="store_true", help="only say what must be known")
    return parser


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _argv(text: str) -> List[str]:
    value: Any = None
    with contextlib.suppress(ValueError):
        value = json.loads(text)
    if isinstance(value, list) and value and all(isinstance(each, str) and each for each in value):
        return value
    raise argparse.ArgumentTypeError('not a JSON list of strings, such as ["/usr/bin/core"]')


def _interrupt(_number: int, _frame: Optional[Any]) -> None:
    raise KeyboardInterrupt
