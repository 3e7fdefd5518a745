"""Runs inside the sandbox: holds the virtual screen, and starts programs on it when told to.

    supervisor.py WIDTH HEIGHT

One JSON object a line, an answer for each request, in order. The first line out, unasked, is
{"display": ":0"} or {"error": sentence}. Then:

    in   {"do": "run", "argv": [...], "timeout": 20}       waits for the program's end
    out  {"status": 0, "stdout": "...", "stderr": "..."}

    in   {"do": "start", "argv": [...], "log": "/path"}    leaves it running, output in the file
    out  {"pid": 17}

    in   {"do": "status", "pid": 17}                       negative: ended by that signal
    out  {"status": null}

    in   {"do": "end", "pid": 17}                          kills it and what it started
    out  {"status": -9}

A request that cannot be done is answered with {"error": sentence}. At the end of input, or
when the lab dies, everything started here is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_started: dict[int, subprocess.Popen[bytes]] = {}


def main() -> None:
    """Bring up the screen, then serve requests until the input ends."""
    width, height = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that what was started ends too
    try:
        display = start_screen(width, height)
    except OSError as error:
        answer({"error": f"Xvfb did not come up: {error}"})
        return
    os.environ["DISPLAY"] = display
    answer({"display": display})
    try:
        for line in sys.stdin:
            try:
                answer(handle(json.loads(line)))
            except (OSError, subprocess.TimeoutExpired, KeyError) as error:
                answer({"error": f"{type(error).__name__}: {error}"})
    finally:
        for process in _started.values():
            end(process)


def start_screen(width: str, height: str) -> str:
    """Start Xvfb; the X server itself picks a display that is free, so there is no race."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24"]
    process = subprocess.Popen(
        [*command, "-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _started[process.pid] = process
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        raise OSError(f"status {process.wait()}")
    return f":{number}"


def handle(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request and return its answer."""
    if request["do"] == "run":
        done = subprocess.run(
            request["argv"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=request["timeout"],
        )
        return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    if request["do"] == "start":
        with Path(request["log"]).open("ab") as log:
            process = subprocess.Popen(
                request["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _started[process.pid] = process
        return {"pid": process.pid}
    process = _started[request["pid"]]
    if request["do"] == "end":
        end(process)
    return {"status": process.poll()}


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and its children, which share its session."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answer(values: dict[str, Any]) -> None:
    """Write one line to the lab."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
