"""The journal: every run and every candidate, on disk before anything else is done with it."""

from overpaint.history.belonging import Image, Mark
from overpaint.history.journal import Journal, Pruned
from overpaint.history.records import Framed, Kept, Record, Run, State

__all__ = ["Framed", "Image", "Journal", "Kept", "Mark", "Pruned", "Record", "Run", "State"]
