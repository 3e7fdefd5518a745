"""GIMPs for the shim's tests: with the shim in the batch interpreter, or with a fixture plug-in."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests import lab

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
SHIM = ROOT / "plugin" / "gimpfu"
NOTES = "gimpfu-fixture.jsonl"  # where the fixture notes what it was given, in HOME

_USE_SHIM = f"""
import sys
sys.path.insert(0, {str(SHIM.parent)!r})
import gimpfu.host
from gimpfu.gimp3.host import Host
gimpfu.host.use(Host())
"""


def provided(version: str) -> lab.Gimp:
    """The GIMP of this version, or a skipped test where there is none."""
    try:
        return lab.gimp(version)
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def facts(version: str, home: Path, script: str) -> dict[str, Any]:
    """What a script of `gimpfu_fixtures` found out, by the names of its facts."""
    gimp = provided(version)
    code = _USE_SHIM + (HERE / script).read_text() + (HERE / "in_gimp_report.py").read_text()
    batch = gimp.batch(code, gimp.sandbox(home, read_only=[ROOT]))
    return dict(batch.reports)


def install(gimp: lab.Gimp, home: Path, name: str, text: str) -> Path:
    """Put a plug-in of one file, with the shim beside it, into HOME."""
    gimp.prepare(home)
    folder = gimp.user_folder(home) / "plug-ins" / name
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SHIM, folder / "gimpfu", ignore=caches)
    file = folder / f"{name}.py"
    file.write_text(text)
    file.chmod(0o755)
    return file


def with_fixture(version: str, home: Path) -> tuple[lab.Gimp, lab.Sandbox]:
    """A GIMP with the fixture plug-in, and the sandbox of its HOME."""
    gimp = provided(version)
    install(gimp, home, "gimpfu-fixture", (HERE / "gimpfu-fixture.py").read_text())
    return gimp, gimp.sandbox(home)


def notes(home: Path) -> list[dict[str, Any]]:
    """What the fixture was given so far: name, types, values."""
    path = home / NOTES
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
