"""Checks of an installation: what is wrong with it, and what to do about it.

A broken library must not take the doctor with it: each is imported only inside its check.
"""

import importlib
import importlib.metadata
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from overpaint import __version__, places, wire
from overpaint.errors import OverpaintError
from overpaint.language import N_, _

__all__ = ["LIBRARIES", "Finding", "all_well", "as_json", "examine", "examine_core"]

LIBRARIES = {
    "anyio": "anyio",
    "click": "click",
    "httpcore": "httpcore",
    "httpx": "httpx",
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "platformdirs": "platformdirs",
    "pypatchmatch": "patchmatch",
    "rich": "rich",
    "tomlkit": "tomlkit",
    "wsproto": "wsproto",
}
"""What must be installed, by its name on PyPI, and the module that it brings."""

HELLO_SECONDS = 5

_REINSTALL = N_("Install Overpaint again.")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; *fix* says what to do where *ok* is False.

    Without what is *required*, Overpaint does not work as it is installed.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    required: bool = True

    @property
    def line(self) -> str:
        state = "ok" if self.ok else "problem" if self.required else "info"
        return f"{state:<8} {self.name}: {self.detail} {self.fix}".rstrip()


def examine(find_gimp: Callable[[], list[str] | None]) -> Iterator[Finding]:
    """Yield what each check finds, one after the other; *find_gimp* looks for GIMP's console."""
    yield from examine_core()
    yield _gimp(find_gimp)
    for spec in _launch_specs():
        yield _core(spec)


def examine_core() -> Iterator[Finding]:
    """Yield what each check finds that needs no GIMP and starts no process."""
    yield _python()
    for library, module in LIBRARIES.items():
        yield _library(library, module)
    yield _engine()
    yield _data_folder()


def all_well(findings: list[Finding]) -> bool:
    return all(finding.ok or not finding.required for finding in findings)


def as_json(findings: list[Finding]) -> str:
    """Return the findings for machines."""
    report = {
        "release": __version__,
        "ok": all_well(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info >= (3, 11)
    fix = "" if fits else _("Overpaint needs 3.11 or newer: install it with a newer Python.")
    return Finding(
        "Python", fits, _("{version} at {path}.").format(version=version, path=sys.executable), fix
    )


def _library(library: str, module: str) -> Finding:
    with _said_by(module) as said:
        try:
            importlib.import_module(module)
            version = importlib.metadata.version(library)
        except Exception as error:  # noqa: BLE001, a broken library raises whatever it likes
            return Finding(library, ok=False, detail=f"{_told(error)}.", fix=_(_REINSTALL))
    if said:
        return Finding(library, ok=False, detail=f"{version}; {said[0]}", fix=_(_REINSTALL))
    return Finding(library, ok=True, detail=version)


@contextmanager
def _said_by(module: str) -> Iterator[list[str]]:
    """Collect the warnings that *module* logs: so PyPatchMatch tells that it is of no use."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener, logger = Listener(logging.WARNING), logging.getLogger(module)
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)


def _engine() -> Finding:
    name = _("Built-in engine")
    try:
        filled = _fills_a_hole()
    except OverpaintError as error:
        return Finding(name, ok=False, detail=error.sentence, fix=_(_REINSTALL))
    except Exception as error:  # noqa: BLE001, whatever a broken library raises
        return Finding(name, ok=False, detail=f"{_told(error)}.", fix=_(_REINSTALL))
    if not filled:
        detail = _("It fills a hole with colours that are not there.")
        return Finding(name, ok=False, detail=detail, fix=_(_REINSTALL))
    return Finding(name, ok=True, detail=_("It fills a hole as it should."))


def _fills_a_hole() -> bool:
    """Remove a red spot from the dark half of a small picture: dark must come of it."""
    import anyio
    import numpy as np

    from overpaint import app
    from overpaint.geometry import Extent
    from overpaint.picture import Source
    from overpaint.recipe import Edit, Recipe
    from overpaint.runner import Made

    size, dark, light = Extent(64, 64), 40, 220
    pixels = np.full((size.height, size.width, 4), 255, np.uint8)
    pixels[..., :3] = np.where(np.arange(size.width) < size.width // 2, dark, light)[:, None]
    selection = np.zeros((size.height, size.width), np.uint8)
    selection[28:36, 8:16] = 255
    pixels[28:36, 8:16, :3] = (255, 0, 0)
    source = Source(pixels, selection)

    async def run() -> bool:
        recipe = Recipe(edit=Edit.REMOVE, seed=1)
        async with app.run(recipe, size.box, source) as events:
            patches = [event.patch async for event in events if isinstance(event, Made)]
        return bool(patches) and bool((patches[0].pixels[28:36, 8:16, :3] == dark).all())

    return anyio.run(run)


def _data_folder() -> Finding:
    try:
        folder = places.data_folder()
    except ImportError as error:
        return Finding(_("Data folder"), ok=False, detail=f"{_told(error)}.", fix=_(_REINSTALL))
    # It is made when it is needed; until then the question is whether it can be.
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Finding(
            _("Data folder"),
            ok=False,
            detail=_("Nothing can be written to {folder} ({reason}).").format(
                folder=folder, reason=error.strerror or error
            ),
            fix=_("Make {there} a folder that is yours to write to.").format(there=there),
        )
    return Finding(_("Data folder"), ok=True, detail=f"{folder}.")


def _gimp(find: Callable[[], list[str] | None]) -> Finding:
    try:
        console = find()
    except Exception as error:  # noqa: BLE001, as above: it may need what is broken
        detail = _("It could not be looked for ({reason}).").format(reason=_told(error))
        return Finding("GIMP", ok=False, detail=detail, required=False)
    if console is None:
        detail = _("No GIMP 3 was found, so nothing can be saved as .xcf from the command line.")
        fix = _("Name its console program in $OVERPAINT_GIMP if there is one.")
        return Finding("GIMP", ok=False, detail=detail, fix=fix, required=False)
    return Finding("GIMP", ok=True, detail=f"{' '.join(console)}.", required=False)


def _launch_specs() -> list[Path]:
    """Return how each GIMP 3 of this user starts the core, where the plug-in is installed."""
    home = Path.home()
    if sys.platform == "win32":
        bases = [Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "GIMP"]
    elif sys.platform == "darwin":
        bases = [home / "Library" / "Application Support" / "GIMP"]
    else:
        bases = [
            Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "GIMP",
            home / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP",  # Flatpak
            home / "snap" / "gimp" / "current" / ".config" / "GIMP",
        ]
    folders = [folder for base in bases for folder in sorted(base.glob("3.*"))]
    if told := os.environ.get("GIMP3_DIRECTORY"):
        folders.insert(0, home / told)
    # Two ways to write one folder are one folder.
    found = {folder.resolve(): folder for folder in reversed(folders)}
    specs = [folder / "plug-ins" / "overpaint-gimp" / "core.json" for folder in found.values()]
    # Without its spec, a plug-in that is there cannot start a core either.
    return sorted(spec for spec in specs if spec.parent.is_dir())


def _core(spec: Path) -> Finding:
    name = _("Plug-in in {folder}").format(folder=spec.parent)

    def problem(detail: str) -> Finding:
        return Finding(name, ok=False, detail=detail, fix=_("Run Overpaint's installer again."))

    try:
        argv = json.loads(spec.read_text("utf-8"))["argv"]
        if not (isinstance(argv, list) and argv and all(isinstance(word, str) for word in argv)):
            return problem(_("{file} names no command.").format(file=spec.name))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return problem(
            _("{file} cannot be read ({reason}).").format(file=spec.name, reason=_told(error))
        )
    connection = wire.Connection(__version__)
    # As the shell starts it: without what steers another Python.
    steering = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP")
    environment = {name: value for name, value in os.environ.items() if name not in steering}
    try:
        # It says hello, and ends with its input.
        done = subprocess.run(  # noqa: S603, what GIMP would start, too
            argv,
            check=False,
            input=b"".join(connection.hello()),
            capture_output=True,
            timeout=HELLO_SECONDS,
            env=environment,
        )
        connection.receive(done.stdout)
        connection.next_message()
    except OSError as error:
        return problem(
            _("Its core does not start: {program}: {reason}.").format(
                program=argv[0], reason=error.strerror or error
            )
        )
    except subprocess.TimeoutExpired:
        return problem(
            _("Its core did not say hello and end within {seconds} seconds.").format(
                seconds=HELLO_SECONDS
            )
        )
    except wire.ProtocolError as error:
        return problem(_("Its core speaks otherwise: {error}.").format(error=error))
    if connection.peer is None:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = (
            lines[-1]
            if lines
            else _("it ended with status {status}").format(status=done.returncode)
        )
        return problem(_("Its core does not say hello: {reason}.").format(reason=reason))
    return Finding(
        name,
        ok=True,
        detail=_("Its core is Overpaint {release}.").format(release=connection.peer.release),
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
