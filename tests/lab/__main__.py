"""`python3 -m tests.lab [--status] [3.0 3.2]`: make real GIMPs ready for the tests."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from .errors import LabUnavailable
from .gimp import gimp, provide
from .releases import RELEASES


def main(arguments: list[str] | None = None) -> int:
    """Set up the versions asked for, or say what is there."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description=__doc__)
    parser.add_argument("versions", nargs="*", help="3.0, 3.2 (default: both)")
    parser.add_argument("--status", action="store_true", help="only say what is there")
    options = parser.parse_args(arguments)
    find = gimp if options.status else partial(provide, say=say)
    status = 0
    for version in options.versions or list(RELEASES):
        if version not in RELEASES:
            parser.error(f"there is no GIMP {version} in the lab, only {', '.join(RELEASES)}")
        try:
            found = find(version)
        except LabUnavailable as error:
            print(f"{error.sentence}\n{error.hint}", file=sys.stderr)
            status = 1
        else:
            say(f"{version}: GIMP {found.release} {found.root or 'of this machine'}")
    return status


def say(sentence: str) -> None:
    """Progress, shown at once also where output is a pipe."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
