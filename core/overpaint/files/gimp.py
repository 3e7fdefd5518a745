"""Finding the GIMP 3 of this machine, to be run without a window."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["VARIABLE", "find_console"]

VARIABLE = "OVERPAINT_GIMP"
"""The environment variable that names the command line to run instead."""

_SECONDS = 20


def find_console() -> list[str] | None:
    """Return the command line of GIMP 3's console program, None where there is none.

    $OVERPAINT_GIMP comes first, as a command line with its own arguments, then what is on PATH:
    the newest gimp-console-3.x, or a gimp-console that turns out to be GIMP 3.
    """
    if chosen := os.environ.get(VARIABLE, "").strip():
        # Backslashes are path separators on Windows, not escapes.
        words = shlex.split(chosen, posix=sys.platform != "win32")
        return [word.strip('"') for word in words]
    if versioned := _versioned():
        return [versioned]
    console = shutil.which("gimp-console")
    return [console] if console and _is_gimp_3(console) else None


def _versioned() -> str | None:
    found: dict[int, str] = {}
    for folder in os.get_exec_path():
        for path in Path(folder or ".").glob("gimp-console-3.*"):
            match = re.fullmatch(r"gimp-console-3\.(\d+)(\.exe)?", path.name, re.IGNORECASE)
            if match and os.access(path, os.X_OK):
                found.setdefault(int(match[1]), str(path))
    return found[max(found)] if found else None


def _is_gimp_3(console: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603, found on PATH under GIMP's name
            [console, "--version"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.search(r"\b3\.\d+\.\d+", done.stdout) is not None
