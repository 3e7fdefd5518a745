"""`fail()` and `main()`: what a script calls at its end, and when it gives up."""

from __future__ import annotations

from . import host
from .errors import announced, error


def fail(message: str) -> None:
    """Give up: end the run with this sentence, which the user sees once, even if it is caught."""
    problem = error(message)
    announced.append(problem)
    raise problem


def main() -> None:
    """Hand over to GIMP; without GIMP do nothing, so that the file can be loaded headless."""
    if host.in_gimp():
        from .gimp3 import plugin

        plugin.main()
