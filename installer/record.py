"""What the installer made on this machine, kept in the data folder, so that it can be undone.

    {"format": 1, "release": "0.1.0",
     "plug-ins": ["/home/ann/.config/GIMP/3.0/plug-ins/overpaint-gimp"],
     "environments": ["/home/ann/.local/share/overpaint/venv/0.1.0-20270131-120000"],
     "folders": ["/home/ann/.local/share/overpaint"]}

Plug-ins and environments are removed whole, folders where nothing else came into them. It is
written before the things are made, so it may name some that a killed installer never made.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

from .files import remove, write
from .plug_in import PlugIn
from .source import PLUG_IN

__all__ = ["Record", "environments_folder"]

_FORMAT = 1


def environments_folder(data: Path) -> Path:
    """Where the core's virtual environments lie, one for each installation."""
    return data / "venv"


@dataclass
class Record:
    """The record in a data folder; empty where there is none."""

    data: Path
    release: str = ""
    plug_ins: List[Path] = field(default_factory=list)
    environments: List[Path] = field(default_factory=list)
    folders: List[Path] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.data / "installation.json"

    @classmethod
    def load(cls, data: Path) -> "Record":
        """Read the record; one that cannot be read counts as none, see `Record.search`."""
        record = cls(data)
        try:
            text = json.loads(record.path.read_text(encoding="utf-8"))
            record.release = str(text["release"])
            for name, paths in (
                ("plug-ins", record.plug_ins),
                ("environments", record.environments),
                ("folders", record.folders),
            ):
                paths += [Path(each) for each in text[name]]
        except (OSError, ValueError, KeyError, TypeError):
            return cls(data)
        # Nothing else is ever removed whole, whatever the file says.
        record.plug_ins = [each for each in record.plug_ins if _is_plug_in(each)]
        record.environments = [each for each in record.environments if _is_in(each, data)]
        return record

    def search(self, gimps: List[Path]) -> None:
        """Add the copies in these GIMP folders whose core is in this data folder.

        GIMP makes such copies itself, when a newer version takes over an older one's folder.
        They also tell where things are when the record is lost.
        """
        home = environments_folder(self.data)
        for gimp in gimps:
            plug_in = PlugIn.of(gimp)
            argv = plug_in.argv()
            if not (isinstance(argv, list) and argv and isinstance(argv[0], str)):
                continue
            try:
                inside = Path(argv[0]).relative_to(home)
            except ValueError:
                continue
            _add(self.plug_ins, plug_in.place)
            if len(inside.parts) > 1:
                _add(self.environments, home / inside.parts[0])

    def save(self) -> None:
        """Write the record; an empty one is no file."""
        if not (self.plug_ins or self.environments):
            remove(self.path)
            return
        content = {
            "format": _FORMAT,
            "release": self.release,
            "plug-ins": [str(each) for each in self.plug_ins],
            "environments": [str(each) for each in self.environments],
            "folders": [str(each) for each in self.folders],
        }
        write(self.path, json.dumps(content, indent=2) + "\n")


def _is_in(environment: Path, data: Path) -> bool:
    return environment.parent == environments_folder(data) and environment.name != ".."


def _is_plug_in(path: Path) -> bool:
    return path.parts[-2:] == ("plug-ins", PLUG_IN)


def _add(paths: List[Path], path: Path) -> None:
    if path not in paths:
        paths.append(path)
