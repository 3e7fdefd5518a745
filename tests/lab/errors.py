"""What can go wrong in the lab, each with a sentence for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


class LabError(Exception):
    """Base of everything the lab raises on purpose."""


class LabUnavailable(LabError):
    """A real GIMP cannot be had on this machine: why, and what to do about it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(f"{sentence} {hint}")
        self.sentence = sentence
        self.hint = hint


class GimpScriptFailed(LabError):
    """A script given to GIMP raised; `traceback` is the one it printed inside."""

    def __init__(self, sentence: str, traceback: str) -> None:
        super().__init__(f"{sentence}\n{traceback}")
        self.sentence = sentence
        self.traceback = traceback


class CommandFailed(LabError):
    """A command in the sandbox ended with another status than 0; the text has its output."""

    def __init__(self, argv: list[str], done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"status {done.returncode} of {argv}\n{done.stdout}\n{done.stderr}")
        self.done = done


class DesktopFailed(LabError):
    """The window system in the sandbox did not come up, died, or did not answer in time."""
