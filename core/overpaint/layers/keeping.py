"""Finished layers on disk, by what they were made from: resuming, equal layers and retries in one.

    layers/3f/3fa94c...     a layer's colours, losslessly
    layers/3f/3fa94c....run   the id of the history's run that was asked for it

A file is whole or not there. What is old, or more than fits, is removed, least lately used first.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from overpaint import places
from overpaint.errors import HistoryProblem
from overpaint.language import _
from overpaint.picture import Pixels
from overpaint.recipe import Recipe

__all__ = ["Keeping", "key"]

_VERSION = 1
_MAX_BYTES = 2_000_000_000
_MAX_DAYS = 30
_DAY = 86400.0
_RUN = ".run"


def key(recipe: Recipe, content: str, anchor: str, circumstances: Mapping[str, Any]) -> str:
    """Return the SHA-256 that all that decides a layer's pixels has, and nothing else.

    *content* and *anchor* are digests, *circumstances* what beside the recipe counts: the model
    that the settings name, a provider's options.
    """
    facts = {
        "version": _VERSION,
        "recipe": recipe.to_dict(),
        "content": content,
        "anchor": anchor,
        "circumstances": dict(circumstances),
    }
    return sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


class Keeping:
    """The user's store of finished layers. Raises HistoryProblem where it cannot be written."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use *folder*, by default the user's; it need not be there."""
        self._folder = folder or places.data_folder() / "layers"

    def holds(self, name: str) -> bool:
        return self._path(name).exists()

    def find(self, name: str) -> Pixels | None:
        """Return the colours (height, width, 3) kept under a key, None where there are none.

        What is damaged is removed and counts as missing.
        """
        from overpaint.history.planes import unpack

        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _problem(path, error) from error
        try:
            colours: Pixels = unpack(data)["colours"]
        except (KeyError, ValueError):
            path.unlink(missing_ok=True)
            return None
        os.utime(path)  # what was used lately stays longest
        return colours

    def keep(self, name: str, colours: Pixels) -> None:
        """Write *colours* down: when this returns, they survive a crash."""
        from overpaint.history.planes import pack

        self._write(self._path(name), pack({"colours": np.ascontiguousarray(colours)}))
        self._path(name).with_suffix(_RUN).unlink(missing_ok=True)

    def asked(self, name: str, run_id: str) -> None:
        """Note which of the history's runs was asked for a layer, before it is sent."""
        self._write(self._path(name).with_suffix(_RUN), run_id.encode())

    def run(self, name: str) -> str | None:
        """Return the run that was asked for a layer and may have brought it, None if none was."""
        try:
            return self._path(name).with_suffix(_RUN).read_text("utf-8")
        except FileNotFoundError:
            return None

    def forget(self, names: Iterable[str]) -> None:
        """Remove what was used and is no longer wanted."""
        for name in names:
            for path in (self._path(name), self._path(name).with_suffix(_RUN)):
                path.unlink(missing_ok=True)

    def prune(self, max_bytes: int | None = None, max_days: float | None = None) -> int:
        """Remove what was not used for *max_days*, then the oldest beyond *max_bytes*.

        Where they are None or 0, and where they allow more, this store's own limits count.
        Returns the bytes that went.
        """
        most = min(max_bytes or _MAX_BYTES, _MAX_BYTES)
        oldest = time.time() - min(max_days or _MAX_DAYS, _MAX_DAYS) * _DAY
        total = gone = 0
        for when, size, path in sorted(self._files(), reverse=True):
            total += size
            if when < oldest or total > most:
                gone += self._remove(path, size)
        return gone

    def clear(self) -> int:
        """Remove all of it; a run that is at work makes its layers anew. Returns the bytes."""
        gone = 0
        for _used, size, path in self._files():
            gone += self._remove(path, size)
        return gone

    def _remove(self, path: Path, size: int) -> int:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _problem(path, error) from error
        return size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was last used, its size, and the file."""
        for path in self._folder.glob("??/*"):
            try:
                facts = path.stat()
            except FileNotFoundError:  # another process was faster
                continue
            yield facts.st_mtime, facts.st_size, path

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _write(self, path: Path, data: bytes) -> None:
        try:
            places.make_private(path.parent)
            places.write_whole(path, data)
        except OSError as error:
            raise _problem(path, error) from error


def _problem(path: Path, error: OSError) -> HistoryProblem:
    return HistoryProblem(
        _("Finished layers cannot be kept in {folder}: {reason}.").format(
            folder=path.parent.parent, reason=error.strerror or error
        ),
        _("Make room, or set OVERPAINT_DATA to another folder."),
    )
