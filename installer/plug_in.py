"""One GIMP's copy of the plug-in: staged beside the plug-ins folder, then swapped in whole."""

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

from .files import make_folders, remove
from .source import ENTRY, PLUG_IN, Source

__all__ = ["SPEC", "PlugIn"]

SPEC = "core.json"
"""The launch spec: how the shell starts the core."""


@dataclass(frozen=True)
class PlugIn:
    """The plug-in's place in *folder*, one GIMP's plug-ins folder."""

    folder: Path

    @classmethod
    def of(cls, gimp: Path) -> "PlugIn":
        """Return the plug-in's place in a GIMP user folder."""
        return cls(gimp / "plug-ins")

    @property
    def place(self) -> Path:
        """The plug-in's own folder."""
        return self.folder / PLUG_IN

    # GIMP looks into every folder of plug-ins, hidden ones too. So these lie beside it, where
    # a rename is enough also when the plug-ins folder is a link to another disk.

    @property
    def new(self) -> Path:
        """The copy that is being made."""
        return self.folder.resolve().parent / f".{PLUG_IN}.new"

    @property
    def old(self) -> Path:
        """The copy that was there before, until the new one is known to be complete."""
        return self.folder.resolve().parent / f".{PLUG_IN}.old"

    def stage(self, source: Source, spec: Dict[str, Any], undo: ExitStack) -> None:
        """Make the new copy; GIMP does not see it yet."""
        make_folders(self.folder, undo)
        self._tidy()
        undo.callback(remove, self.new)
        for path, inside in source.plug_in_files():
            target = self.new / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not its date: GIMP asks a plug-in again only when its entry has another one.
            shutil.copyfile(path, target)
        entry = self.new / ENTRY
        mode = entry.stat().st_mode
        entry.chmod(mode | (mode & 0o444) >> 2)
        text = json.dumps(spec, indent=2) + "\n"
        (self.new / SPEC).write_text(text, encoding="utf-8")

    def swap(self, undo: ExitStack) -> None:
        """Put the new copy into its place, and what was there aside."""
        undo.callback(self._swap_back)
        if os.path.lexists(self.place):
            self.place.rename(self.old)
        self.new.rename(self.place)

    def settle(self) -> None:
        """Forget the copy that was there before."""
        remove(self.old)

    def remove(self) -> bool:
        """Take the plug-in away; whether there was one."""
        there = os.path.lexists(self.place)
        if there:
            self._tidy()
            self.place.rename(self.old)
        remove(self.old)
        remove(self.new)
        return there

    def argv(self) -> Optional[Any]:
        """Return how the copy that is there starts its core."""
        try:
            spec = json.loads((self.place / SPEC).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return spec.get("argv") if isinstance(spec, dict) else None

    def _swap_back(self) -> None:
        swapped = not os.path.lexists(self.new)
        if swapped:
            self.place.rename(self.new)
        if os.path.lexists(self.old):
            self.old.rename(self.place)

    def _tidy(self) -> None:
        # What a run that was killed left behind; *old* counts if it was killed between renames.
        remove(self.new)
        if os.path.lexists(self.old) and not os.path.lexists(self.place):
            self.old.rename(self.place)
        remove(self.old)
