"""The lab's end of the supervisor's protocol: a sandbox with a virtual screen in it."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from . import homes
from .errors import CommandFailed, DesktopFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .sandbox import Sandbox

_START = 30  # seconds for Xvfb to come up
_GRACE = 10  # seconds the supervisor may take beyond what a request itself may take


class Room:
    """One sandbox in which programs share a screen. Close it to end them all."""

    def __init__(self, sandbox: Sandbox, folder: Path, python: str, size: tuple[int, int]) -> None:
        script = homes.bring("supervisor", folder)
        self._sandbox = sandbox
        self._errors = (folder / "supervisor.log").open("w+")
        self._process = sandbox.popen(
            [python, script, *map(str, size)], stdin=subprocess.PIPE, stderr=self._errors.fileno()
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.display: str = self._answer(_START)["display"]
        except DesktopFailed:
            self.close()
            raise

    def run(
        self, argv: Sequence[str | Path], *, timeout: float = 20, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the screen to its end."""
        words = [str(word) for word in argv]
        values = self._ask({"do": "run", "argv": words, "timeout": timeout}, timeout)
        done = subprocess.CompletedProcess(
            words, values["status"], values["stdout"], values["stderr"]
        )
        if check and done.returncode:
            raise CommandFailed(words, done)
        return done

    def start(self, argv: Sequence[str | Path], log: Path) -> int:
        """Start a command on the screen; its output goes to the file `log`. Returns its id."""
        words = [str(word) for word in argv]
        pid: int = self._ask({"do": "start", "argv": words, "log": str(log)})["pid"]
        return pid

    def status(self, pid: int) -> int | None:
        """The exit status of a started command, None while it runs."""
        status: int | None = self._ask({"do": "status", "pid": pid})["status"]
        return status

    def end(self, pid: int) -> None:
        """Kill a started command, as a crash would."""
        self._ask({"do": "end", "pid": pid})

    def close(self) -> None:
        """End everything."""
        assert self._process.stdin is not None
        # On the host itself only the supervisor knows what it started, so ask it first.
        with suppress(subprocess.TimeoutExpired):
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait(_GRACE)
            self._reader.join(_GRACE)
        self._sandbox.end(self._process)
        self._errors.close()

    def _ask(self, request: dict[str, Any], timeout: float = 0) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise DesktopFailed(f"The sandbox has ended. {self._said()}") from error
        return self._answer(timeout + _GRACE)

    def _answer(self, timeout: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=timeout)
        except Empty:
            self.close()  # a late answer would be taken for the next one
            raise DesktopFailed(f"The sandbox did not answer in {timeout:g} s.") from None
        if not line:
            raise DesktopFailed(f"The sandbox has ended. {self._said()}")
        values: dict[str, Any] = json.loads(line)
        if "error" in values:
            raise DesktopFailed(values["error"])
        return values

    def _read(self) -> None:
        # In a thread, so that an answer that never comes does not hang the test.
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._lines.put(line)
        except ValueError:
            pass  # closed while it was read
        self._lines.put("")

    def _said(self) -> str:
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        return self._errors.read().strip()
