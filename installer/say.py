"""What the installer tells the user: steps on stdout, warnings and errors on stderr."""

import contextlib
import sys
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Say"]


@dataclass(frozen=True)
class Say:
    """Short sentences, shown at once; *quiet* leaves only what the user must know."""

    quiet: bool = False

    def step(self, sentence: str) -> None:
        """One of the installer's own steps."""
        if not self.quiet:
            _show(sentence, sys.stdout)

    def detail(self, line: str) -> None:
        """What happens within a step, so that a long one is seen to go on."""
        if not self.quiet:
            _show(f"  {line}", sys.stdout)

    def warn(self, sentence: str) -> None:
        """Something to know although the work goes on."""
        _show(f"Note: {sentence}", sys.stderr)

    def fail(self, sentence: str) -> None:
        """Why the work ended."""
        _show(sentence, sys.stderr)


def _show(text: str, stream: TextIO) -> None:
    with contextlib.suppress(OSError):  # a terminal that was closed does not stop the work
        print(text, file=stream, flush=True)
