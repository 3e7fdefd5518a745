"""Finds the user folders of every GIMP 3 here, also of one that was never started."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from .errors import FolderMissing, GimpMissing
from .places import Place, places, version_folders
from .say import Say

__all__ = ["Gimps", "named", "search"]

_PROGRAM = re.compile(r"gimp(-console)?(-3(\.\d+)?)?(\.exe)?")
_VERSION = re.compile(r"version (\d+\.\d+)\.")
# Headless, without the resources that take long, and ended as soon as it is up.
_START_ONCE = ("--new-instance", "--no-interface", "--no-data", "--no-fonts", "--quit")


@dataclass
class Gimps:
    """*folders* to install into, and *unstarted*: programs by the folder they will make."""

    folders: List[Path]
    unstarted: Dict[Path, str] = field(default_factory=dict)

    def start_once(self, say: Say) -> None:
        """Have each GIMP that was never started make its own folder.

        Making the folder for it would do harm: GIMP takes over the settings of the version
        before only where it finds no folder of its own.
        """
        for folder, program in sorted(self.unstarted.items()):
            say.step(f"Starting GIMP once, without a window, so that it makes {folder}")
            _output([program, *_START_ONCE], timeout=300)
            if folder.is_dir():
                self.folders.append(folder)
            else:
                say.warn(f"{program} did not make {folder}. Start it once, then run this again.")
        if not self.folders:
            raise GimpMissing(
                "GIMP did not make its user folder.", "Start GIMP once, then run this again."
            )


def named(folders: Sequence[Path]) -> Gimps:
    """The folders the user named; raises FolderMissing."""
    found: List[Path] = []
    unstarted: Dict[Path, str] = {}
    for each in folders:
        folder = each.expanduser().absolute()
        if folder.name == "plug-ins":
            folder = folder.parent
        program = None if folder.is_dir() else _maker(folder)
        if program is not None:
            unstarted[folder] = program
            continue
        if not folder.is_dir():
            raise FolderMissing(
                f"There is no folder {folder}.",
                "GIMP shows the right one under Edit > Preferences > Folders > Plug-ins.",
            )
        if folder not in found:
            found.append(folder)
    return Gimps(found, unstarted)


def _maker(folder: Path) -> Optional[str]:
    """Return the GIMP here that makes *folder* when it is started for the first time, if any."""
    made = {_user_folder(version): program for version, program in _programs().items()}
    return made.get(folder)


def _user_folder(version: str) -> Path:
    told = os.environ.get("GIMP3_DIRECTORY")
    base = next(place.base for place in places() if place.works)
    return Path.home() / told if told else base / version


def search(say: Say) -> Gimps:
    """The folders of all GIMPs that are found; raises GimpMissing where there is none."""
    table = places()
    base = next(place.base for place in table if place.works)
    told = os.environ.get("GIMP3_DIRECTORY")
    programs = _programs()
    found = Gimps(_told_folder(told) if told else version_folders(base))
    for version, program in programs.items():
        folder = _user_folder(version)
        if not version.startswith("3."):
            continue
        if not folder.is_dir():
            found.unstarted[folder] = program
        elif folder not in found.folders:
            found.folders.append(folder)
    others = [place for place in table if not place.works and place.sign.is_dir()]
    if not found.folders and not found.unstarted:
        raise _missing(list(programs), others)
    for place in others:
        say.warn(f"{place.packaging} is here too; in it, Overpaint's core cannot be started yet.")
    return found


def _told_folder(told: str) -> List[Path]:
    folder = Path.home() / told  # as GIMP takes a relative path; an absolute one stays itself
    return [folder] if folder.is_dir() else []


def _missing(versions: List[str], others: List[Place]) -> GimpMissing:
    if others:
        return GimpMissing(
            f"Only {' and '.join(each.packaging for each in others)} was found, where "
            "Overpaint's core cannot be started yet.",
            "Install GIMP 3.0 or newer from your distribution, then run this again.",
        )
    return GimpMissing(
        f"Overpaint needs GIMP 3; only GIMP {' and '.join(versions)} was found."
        if versions
        else "No GIMP 3 was found.",
        "Install GIMP 3.0 or newer and run this again, or name its user folder "
        "(GIMP: Edit > Preferences > Folders) like this: --gimp-folder ~/.config/GIMP/3.0",
    )


def _programs() -> Dict[str, str]:
    """A program for each version of GIMP on PATH: {"3.0": "/usr/bin/gimp-console"}."""
    found: Dict[str, str] = {}
    asked = set()
    for folder in map(Path, os.get_exec_path()):
        # The console program first: it needs no screen.
        for path in sorted(_programs_in(folder), key=lambda each: "console" not in each.name):
            program = path.resolve()  # several names are one program
            if program in asked or program.name == "snap":
                continue
            asked.add(program)
            match = _VERSION.search(_output([str(path), "--version"], timeout=60) or "")
            if match:
                found.setdefault(match[1], str(path))
    return dict(sorted(found.items()))


def _programs_in(folder: Path) -> List[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [each for each in found if _PROGRAM.fullmatch(each.name) and os.access(each, os.X_OK)]


def _output(argv: List[str], timeout: float) -> Optional[str]:
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout
