"""Finding the GIMP 3 of this machine, and running a script in it without a window."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["VARIABLE", "find_console", "run_script"]

VARIABLE = "OVERPAINT_GIMP"
"""The environment variable that names the command line to run instead."""

_SECONDS = 20
_RUN_SECONDS = 300
"""GIMP's first start after an installation takes long: it asks all of its plug-ins."""


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


def run_script(
    console: list[str], script: Path, folder: Path, written: str, *, resources: bool = False
) -> str:
    """Run *script* from a copy in *folder*, which has all that it reads; return why it failed, ""
    where it has *written* its file there.

    A script that fails leaves failed.txt. With *resources* GIMP has its fonts, patterns and so on:
    without them it may not keep what refers to them.
    """
    # A copy beside the rest: a GIMP in a sandbox need not see where Overpaint is installed.
    copied = folder / script.name
    shutil.copyfile(script, copied)
    code = f"import runpy; runpy.run_path({str(copied)!r}, run_name='__main__')"
    flags = "-nic" if resources else "-nidfc"
    batch = [flags, "--quit", "--batch-interpreter", "python-fu-eval", "-b", code]
    try:
        done = subprocess.run(  # noqa: S603, GIMP, as this machine's user named it
            [*console, *batch],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_RUN_SECONDS,
        )
    except OSError as error:
        return f"{console[0]}: {error.strerror or error}"
    except subprocess.TimeoutExpired:
        return f"it did not end within {_RUN_SECONDS} seconds"
    failed = folder / "failed.txt"
    if failed.exists():
        return failed.read_text("utf-8")
    if done.returncode or not (folder / written).exists():
        return f"it ended with status {done.returncode}"
    return ""
