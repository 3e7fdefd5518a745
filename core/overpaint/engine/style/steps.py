"""Work that is done in steps: a generator that yields how far it is, and returns what it made.

Between two steps nothing is held that could not be dropped: who does not ask for the next step
has cancelled the work.
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

__all__ = ["Steps", "finished", "within"]

T = TypeVar("T")

Steps: TypeAlias = Generator[float, None, T]
"""Yields the share that is done, 0..1; returns a T."""


def within(steps: Steps[T], low: float, high: float) -> Steps[T]:
    """Return *steps* as a part of something larger, which goes from *low* to *high*."""
    while True:
        try:
            share = next(steps)
        except StopIteration as ended:
            result: T = ended.value
            return result
        yield low + (high - low) * share


def finished(steps: Steps[T]) -> T:
    """Do all *steps* at once."""
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            result: T = ended.value
            return result
