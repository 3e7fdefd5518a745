"""Where the time of a command went, for benchmarks: OVERPAINT_TIMINGS names a file for it."""

import json
import os
import time
from pathlib import Path
from typing import Dict

__all__ = ["Clock", "moment"]


class Clock:
    """Takes the time between marks, in seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._seconds: Dict[str, float] = {}

    def mark(self, phase: str, *, less: float = 0.0) -> None:
        """Book the time since the last mark on *phase*, less what is booked elsewhere."""
        now = time.monotonic()
        self._seconds[phase] = max(0.0, now - self._last - less)
        self._last = now

    def write(self, others: Dict[str, float]) -> None:
        """Append one line of JSON with all phases, where the environment asks for it."""
        _append({**self._seconds, **others})


def moment(name: str) -> None:
    """Append one line with the time of day at which something happened in a window."""
    _append({name: time.time()})


def _append(line: Dict[str, float]) -> None:
    path = os.environ.get("OVERPAINT_TIMINGS")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
