"""One lab run at a time: a lock that dies with its process."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def exclusive(path: Path, say: Callable[[str], None] = print) -> Iterator[None]:
    """Hold the lock file `path`; says so when another run has it, then waits for that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run")
            fcntl.flock(handle, fcntl.LOCK_EX)
        # The kernel drops the lock when the file closes, also when this process is killed.
        yield
