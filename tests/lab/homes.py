"""Prepares a private HOME for GIMP: quiet settings, a fresh plug-in registry, the lab's files."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAXIMIZED = ('(maximized "no")', '(maximized "yes")')
_HERE = Path(__file__).parent

# No welcome window, no question to gimp.org. The version says that nothing is to be migrated,
# the language that the registry fits: in another one GIMP asks every plug-in again (5 s).
# Neither a selection's border nor a text's caret moves by itself: the screen comes to rest.
_GIMPRC = """\
(config-version "{release}")
(prev-language "C.UTF-8")
(show-welcome-dialog no)
(check-updates no)
(marching-ants-speed 10000)
"""
_GTK = """\
[Settings]
gtk-cursor-blink=false
"""


@dataclass(frozen=True)
class Answer:
    """What a script handed out: its reports, and its traceback where it failed."""

    reports: list[Any]
    traceback: str | None


def user_folder(home: Path, version: str) -> Path:
    """GIMP's folder of settings and plug-ins in this HOME."""
    return home / ".config" / "GIMP" / version


def prepare(home: Path, version: str, release: str, root: Path, registry: Path | None) -> None:
    """Make HOME ready for one start of GIMP, whose system is unpacked in `root`.

    GIMP asks a plug-in again only when its main file has another date, not when a module
    beside it changed. So each start gets a registry that knows GIMP's own plug-ins only.
    Settings that are there already stay.
    """
    folder = user_folder(home, version)
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / "pluginrc"
    if registry is not None:
        shutil.copyfile(registry, known)
    else:
        known.unlink(missing_ok=True)
    _settle(folder / "gimprc", _GIMPRC.format(release=release))
    gtk = home / ".config" / "gtk-3.0" / "settings.ini"
    gtk.parent.mkdir(parents=True, exist_ok=True)
    _settle(gtk, _GTK)
    session = root / "etc" / "gimp" / "3.0" / "sessionrc"
    if session.is_file():
        _settle(folder / "sessionrc", session.read_text().replace(*_MAXIMIZED))


def _settle(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text)


def lab_folder(home: Path, name: str) -> Path:
    """A new folder for the lab's own files in HOME."""
    parent = home / ".lab"
    parent.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))


def bring(module: str, folder: Path) -> Path:
    """Copy a module that runs inside to `folder`."""
    return Path(shutil.copyfile(_HERE / f"{module}.py", folder / f"{module}.py"))


def call(harness: Path, function: str, argument: Path) -> str:
    """The Python text for `gimp -b` that calls a function of the harness copied inside."""
    return (
        "import runpy; "
        f"runpy.run_path({str(harness)!r}, run_name='lab_inside')[{function!r}]({str(argument)!r})"
    )


def read_answer(script: Path) -> Answer | None:
    """The answer to a script, once it is there."""
    try:
        values = json.loads(script.with_suffix(".json").read_text())
    except FileNotFoundError:
        return None
    return Answer(values["reports"], values["traceback"])


def last_line(traceback: str) -> str:
    """The line of a traceback that names the error."""
    lines = [line for line in traceback.splitlines() if re.match(r"\S", line)]
    return lines[-1] if lines else "no message"
