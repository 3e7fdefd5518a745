"""Runs in GIMP's own Python: executes the lab's scripts and brings their reports out.

Copied into the private HOME, so it imports nothing of the lab. A script `NAME.py` leaves
`NAME.json` beside it: {"reports": [...], "traceback": null or text}, written last and at once.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp, Gio, GLib, GObject  # noqa: E402 - after the versions

_PAUSE = 0.02  # seconds between two looks for a script


class ScriptError(Exception):
    """Makes GIMP's batch mode end with status 64; the details are in the script's answer."""


def run(script: str) -> None:
    """Execute one script (headless batch mode)."""
    Gegl.init(None)
    if not _execute(Path(script), _names()):
        raise ScriptError


def serve(folder: str) -> None:
    """Execute the scripts that appear in `folder`, until GIMP is gone.

    They share one namespace, so a later script sees what an earlier one made. GIMP's own
    main loop goes on meanwhile: only this plug-in process waits here.
    """
    Gegl.init(None)
    names = _names()
    inbox = Path(folder)
    gimp = os.getppid()
    (inbox / "ready").touch()
    while os.getppid() == gimp:
        for script in sorted(inbox.glob("*.py")):
            if not script.with_suffix(".json").exists():
                _execute(script, names)
        while GLib.MainContext.default().iteration(False):
            pass  # timeouts and idle functions that a script left behind
        time.sleep(_PAUSE)


def _names() -> dict[str, Any]:
    return {
        "__name__": "__main__",
        "Gegl": Gegl,
        "Gimp": Gimp,
        "Gio": Gio,
        "GLib": GLib,
        "GObject": GObject,
    }


def _execute(script: Path, names: dict[str, Any]) -> bool:
    reports: list[str] = []

    def report(value: object) -> None:
        """Hand a JSON value to the test; encoded now, so that later changes do not show."""
        reports.append(json.dumps(value))

    names["report"] = report
    names["__file__"] = str(script)
    failure = None
    try:
        exec(compile(script.read_text(), script, "exec"), names)
    except BaseException:  # noqa: BLE001 - also SystemExit: whatever it was, the test is told
        failure = traceback.format_exc()
    answer = {"reports": [json.loads(each) for each in reports], "traceback": failure}
    draft = script.with_suffix(".draft")
    draft.write_text(json.dumps(answer))
    draft.replace(script.with_suffix(".json"))
    return failure is None
