"""Uninstalls: removes exactly what the record says was made, and says so."""

from pathlib import Path
from typing import Callable, List

from .errors import FileProblem
from .files import remove, remove_if_empty
from .launcher import Launcher
from .places import config_folder
from .plug_in import PlugIn
from .record import Record
from .say import Say

__all__ = ["uninstall"]

_NOT_INSTALLED = "Overpaint is not installed here."


def uninstall(data: Path, gimps: List[Path], say: Say, *, dry_run: bool = False) -> None:
    """Remove everything the installer made; fine where there is nothing (any more).

    *gimps* are the folders to look into for copies that the record does not name. Raises
    FileProblem at the end where something could not be removed; the record then still names it.
    """
    record = Record.load(data)
    record.search(gimps)
    launcher = Launcher(data)
    there = bool(record.plug_ins or record.environments)
    if dry_run:
        for path in [*record.plug_ins, *record.environments, *launcher.there(), record.path]:
            if path.exists():
                say.step(f"Would remove {path}")
        if not there:
            say.step(_NOT_INSTALLED)
        return
    failures: List[OSError] = []

    def each(paths: List[Path], take_away: Callable[[Path], object]) -> None:
        for path in list(paths):
            try:
                if take_away(path) is not False:
                    say.step(f"Removed {path}")
            except OSError as error:
                failures.append(error)
            else:
                paths.remove(path)

    each(record.plug_ins, lambda place: PlugIn(place.parent).remove())
    each(record.environments, _remove_if_there)
    try:
        for path in launcher.remove():
            say.step(f"Removed {path}")
    except OSError as error:
        failures.append(error)
    record.save()
    if failures:
        raise FileProblem.of(failures[0])
    for folder in sorted(record.folders, key=lambda path: len(path.parts), reverse=True):
        if remove_if_empty(folder):
            say.step(f"Removed {folder}")
    say.step("Overpaint is uninstalled." if there else _NOT_INSTALLED)
    if there and data.is_dir() and any(data.iterdir()):
        say.step(f"Kept {data}: what is in it is yours.")
    config = config_folder()
    if there and config != data and config.is_dir():
        say.step(f"Kept {config}: your settings, and keys that no keyring holds.")
    for plug_in in map(PlugIn.of, gimps):
        if plug_in.place.exists():
            say.warn(f"{plug_in.place} is of another installation; its core: {plug_in.argv()}")


def _remove_if_there(folder: Path) -> bool:
    there = folder.exists()
    remove(folder)
    return there
