"""A real GIMP: finds the one of a version on this machine, and runs scripts in it headless."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import homes
from .errors import GimpScriptFailed, LabUnavailable
from .provision import Place, provision
from .sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Batch:
    """What a headless script left: the objects it reported, and GIMP's own chatter."""

    reports: list[Any]
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Gimp:
    """One GIMP. `root` is the unpacked system it lives in, None when it is the host's own."""

    version: str
    release: str
    python: str
    program: str
    console: str
    root: Path | None
    registry: Path | None = None

    def sandbox(
        self,
        home: Path,
        *,
        binds: Sequence[Path] = (),
        read_only: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
        network: bool = False,
    ) -> Sandbox:
        """A closed room whose HOME is the folder `home`, which is made where it is missing."""
        home.mkdir(parents=True, exist_ok=True)
        return Sandbox(
            self.root,
            home.absolute(),
            [path.absolute() for path in binds],
            [path.absolute() for path in read_only],
            dict(env or {}),
            network,
        )

    def user_folder(self, home: Path) -> Path:
        """Where this GIMP keeps settings and `plug-ins/` below a HOME."""
        return homes.user_folder(home, self.version)

    def prepare(self, home: Path) -> None:
        """Make a HOME ready for a start, so that the user's plug-ins are all asked again."""
        root = self.root or Path("/")
        homes.prepare(home, self.version, self.release, root, self.registry)

    def batch(
        self, script: str, sandbox: Sandbox, *, timeout: float = 120, resources: bool = False
    ) -> Batch:
        """Run Python code in a headless GIMP; the code calls `report(value)` with JSON values.

        `Gimp`, `Gegl` (initialised), `Gio`, `GLib` and `GObject` are there. Fonts, brushes
        and the like are loaded only with `resources`. Raises GimpScriptFailed.
        """
        self.prepare(sandbox.home)
        folder = homes.lab_folder(sandbox.home, "batch")
        code = folder / "script.py"
        code.write_text(script)
        text = homes.call(homes.bring("inside", folder), "run", code)
        flags = "-nic" if resources else "-nidfc"
        batch = ["--quit", "--batch-interpreter", "python-fu-eval", "-b", text]
        try:
            done = sandbox.run([self.console, flags, *batch], timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise GimpScriptFailed(f"The script did not end in {timeout:g} s.", "") from error
        answer = homes.read_answer(code)
        if answer and answer.traceback:
            raise GimpScriptFailed(homes.last_line(answer.traceback), answer.traceback)
        if answer is None or done.returncode:
            raise GimpScriptFailed(
                f"GIMP ended with status {done.returncode} before the script did.",
                f"{done.stdout}\n{done.stderr}",
            )
        return Batch(answer.reports, done.stdout, done.stderr)


def gimp(version: str) -> Gimp:
    """The GIMP of this version: the host's own or the provisioned one, else LabUnavailable."""
    if found := host_gimp(version) or provisioned_gimp(version):
        return found
    raise LabUnavailable(
        f"GIMP {version} is not set up on this machine.", f"Run `python3 -m tests.lab {version}`."
    )


def provide(version: str, say: Callable[[str], None] = print) -> Gimp:
    """Like `gimp()`, but sets it up where it is missing (a minute, root, network)."""
    if found := host_gimp(version):
        return found
    provision(version, say)
    return gimp(version)


def provisioned_gimp(version: str) -> Gimp | None:
    """The GIMP in the cache folder, where it is complete and can be entered."""
    place = Place(version)
    found = place.installed()
    if found is None or shutil.which("bwrap") is None:
        return None
    return Gimp(
        version,
        found.release,
        found.python,
        f"gimp-{version}",
        f"gimp-console-{version}",
        place.root,
        place.registry,
    )


def host_gimp(version: str) -> Gimp | None:
    """The GIMP installed on this machine, where it is of this version."""
    for console in (f"gimp-console-{version}", "gimp-console"):
        if shutil.which(console) is None:
            continue
        done = subprocess.run([console, "--version"], check=False, capture_output=True, text=True)
        release = (done.stdout.split() or ["?"])[-1]
        if release.startswith(f"{version}."):
            program = console.replace("-console", "")
            return Gimp(version, release, _system_python(), program, console, root=None)
    return None


def _system_python() -> str:
    # Not the one of a virtual environment the tests may run in: GIMP's has `gi`.
    return shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin") or "python3"
