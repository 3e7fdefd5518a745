"""Chooses the Python for the core's virtual environment: the running one, if it will do."""

import json
import subprocess
import sys
from dataclasses import dataclass
from shutil import which
from typing import Iterator, Optional, Tuple

from .errors import PythonTooOld, VenvMissing

__all__ = ["MINIMUM", "Interpreter", "choose"]

MINIMUM = (3, 11)
_NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
_PROBE = """
import json, sys
from importlib.util import find_spec
complete = all(map(find_spec, ("venv", "ensurepip")))
print(json.dumps([sys.executable, sys.version_info[:3], complete]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine."""

    path: str
    version: Tuple[int, ...]
    makes_environments: bool

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


def choose() -> Interpreter:
    """Return the first Python that will do; raises PythonTooOld or VenvMissing."""
    lacking = None
    for path in _candidates():
        found = _ask(path)
        if found is None or found.version < MINIMUM:
            continue
        if found.makes_environments:
            return found
        lacking = lacking or found
    wanted = ".".join(map(str, MINIMUM))
    if lacking is None:
        running = ".".join(map(str, sys.version_info[:2]))
        raise PythonTooOld(
            f"Overpaint's core needs Python {wanted} or newer; this is Python {running}, "
            "and there is no newer one on PATH.",
            "Install one beside it, which changes nothing else (for example `sudo apt install "
            "python3.11 python3.11-venv`, `sudo dnf install python3.13`, or from python.org), "
            "then run this again.",
        )
    name = f"python{lacking.version[0]}.{lacking.version[1]}"
    raise VenvMissing(
        f"{lacking} cannot make virtual environments: its module ensurepip is missing.",
        f"On Debian, Ubuntu and Mint: `sudo apt install {name}-venv`. Then run this again.",
    )


def _candidates() -> Iterator[str]:
    yield sys.executable
    for name in _NAMES:
        path = which(name)
        if path is not None:
            yield path


def _ask(path: str) -> Optional[Interpreter]:
    # Asked, because version managers put programs on PATH that start another one or none.
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        executable, version, complete = json.loads(done.stdout)
        return Interpreter(executable or path, tuple(version), complete)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
