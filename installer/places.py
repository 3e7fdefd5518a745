"""Where things are on this machine: GIMP's user folders, and the folder for the core."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import List

__all__ = ["Place", "config_folder", "data_folder", "places", "user_folders", "version_folders"]

_VERSION_FOLDER = re.compile(r"3\.\d+")


@dataclass(frozen=True)
class Place:
    """A packaging of GIMP, and the folder that has one user folder for each version of it."""

    packaging: str
    base: Path
    sign: Path
    """Exists where this packaging is in use."""
    works: bool
    """Whether a plug-in in this packaging can start a core outside of it, as things are."""


def places() -> List[Place]:
    """The table of packagings: the system's own first."""
    home = Path.home()
    if sys.platform == "win32":
        base = _folder_of("APPDATA", home / "AppData" / "Roaming") / "GIMP"
        return [Place("GIMP", base, base, works=True)]
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support" / "GIMP"
        return [Place("GIMP", base, base, works=True)]
    base = _folder_of("XDG_CONFIG_HOME", home / ".config") / "GIMP"
    flatpak = home / ".var" / "app" / "org.gimp.GIMP"
    snap = home / "snap" / "gimp"
    return [
        Place("GIMP", base, base, works=True),
        # It shares ~/.config/GIMP where that exists; otherwise it has its own.
        Place("GIMP from Flatpak", flatpak / "config" / "GIMP", flatpak, works=False),
        Place("GIMP from Snap", snap / "current" / ".config" / "GIMP", snap, works=False),
    ]


def version_folders(base: Path) -> List[Path]:
    """The user folders of GIMP 3.x in *base*, oldest version first."""
    if not base.is_dir():
        return []
    found = [each for each in base.iterdir() if _VERSION_FOLDER.fullmatch(each.name)]
    return sorted((each for each in found if each.is_dir()), key=_minor)


def user_folders() -> List[Path]:
    """Every folder on this machine that a GIMP 3 of this user may read plug-ins from."""
    told = os.environ.get("GIMP3_DIRECTORY")
    found = [Path.home() / told] if told else []
    for place in places():
        found += version_folders(place.base)
    return found


def config_folder() -> Path:
    """Where the core keeps settings and keys, as overpaint.places has it."""
    told = os.environ.get("OVERPAINT_CONFIG")
    if told:
        return Path(told)
    if sys.platform in ("win32", "darwin"):
        return data_folder()
    return _folder_of("XDG_CONFIG_HOME", Path.home() / ".config") / "overpaint"


def data_folder() -> Path:
    """Where a user's programs keep their data; Overpaint's own folder in it."""
    home = Path.home()
    if sys.platform == "win32":
        return _folder_of("LOCALAPPDATA", home / "AppData" / "Local") / "overpaint"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "overpaint"
    return _folder_of("XDG_DATA_HOME", home / ".local" / "share") / "overpaint"


def _folder_of(variable: str, usual: Path) -> Path:
    told = os.environ.get(variable, "")
    return Path(told) if os.path.isabs(told) else usual  # noqa: PTH117, what the standard asks for


def _minor(folder: Path) -> int:
    return int(folder.name.split(".")[1])
