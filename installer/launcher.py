"""`overpaint` in a terminal: one place that stays the same, whichever core is installed.

DATA/bin/overpaint leads to the program of the environment that is in use; ~/.local/bin/overpaint
leads there, where that folder is on PATH and the name is free.
"""

import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from .files import make_folders, remove, remove_if_empty, write

__all__ = ["Launcher"]


@dataclass(frozen=True)
class Launcher:
    """The launcher in a data folder, and the link to it that a shell finds."""

    data: Path

    @property
    def path(self) -> Path:
        """The launcher itself."""
        return self.data / "bin" / ("overpaint.cmd" if sys.platform == "win32" else "overpaint")

    @property
    def link(self) -> Path:
        """Where a shell would look for it."""
        return Path.home() / ".local" / "bin" / "overpaint"

    @property
    def typed(self) -> str:
        """What to type in a terminal."""
        return "overpaint" if self._is_linked() else str(self.path)

    def lead_to(self, program: Path, undo: ExitStack) -> None:
        """Have it start *program* from now on."""
        make_folders(self.path.parent, undo)
        undo.callback(self._restore, self._target())
        self._write(str(program))
        if self._may_link():
            undo.callback(self._unlink)
            self.link.symlink_to(self.path)

    def there(self) -> List[Path]:
        """What there is of it."""
        found = [self.link] if self._is_linked() else []
        return [*found, self.path] if os.path.lexists(self.path) else found

    def remove(self) -> List[Path]:
        """Take it away; returns what there was."""
        found = self.there()
        self._unlink()
        remove(self.path)
        remove_if_empty(self.path.parent)
        return found

    def _target(self) -> Optional[str]:
        with suppress(OSError):
            if sys.platform == "win32":
                return self.path.read_text(encoding="utf-8").split('"')[1]
            return str(self.path.readlink())
        return None

    def _write(self, target: str) -> None:
        if sys.platform == "win32":
            write(self.path, f'@"{target}" %*\n')
            return
        draft = self.path.with_name(f"{self.path.name}.new")
        remove(draft)
        draft.symlink_to(target)
        draft.replace(self.path)

    def _restore(self, target: Optional[str]) -> None:
        if target is None:
            remove(self.path)
        else:
            self._write(target)

    def _may_link(self) -> bool:
        folder = self.link.parent
        on_path = os.fspath(folder) in os.environ.get("PATH", "").split(os.pathsep)
        on_linux = sys.platform.startswith("linux")
        return on_linux and on_path and folder.is_dir() and not os.path.lexists(self.link)

    def _is_linked(self) -> bool:
        with suppress(OSError):
            return self.link.readlink() == self.path
        return False

    def _unlink(self) -> None:
        if self._is_linked():
            remove(self.link)
