"""A GIMP with its window on a virtual screen, to be clicked, typed at, photographed and asked."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from . import homes
from .errors import DesktopFailed, GimpScriptFailed, LabUnavailable
from .room import Room

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .gimp import Gimp
    from .sandbox import Sandbox

T = TypeVar("T")

_TOOLS = ("Xvfb", "openbox", "xdotool", "import")
_PAUSE = 0.05  # seconds between two looks at something that is waited for

# Openbox as quiet as it gets: new windows get the keyboard, and no key is taken from them.
_OPENBOX = """\
<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy><center>yes</center></placement>
  <desktops><number>1</number><popupTime>0</popupTime></desktops>
  <keyboard/>
  <mouse>
    <context name="Client">
      <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/>
      </mousebind>
    </context>
    <context name="Titlebar">
      <mousebind button="Left" action="Drag"><action name="Move"/></mousebind>
    </context>
  </mouse>
</openbox_config>
"""


@dataclass(frozen=True)
class Window:
    """A window that can be seen: its X id, as xdotool takes it, and its title."""

    id: str
    title: str


@dataclass(frozen=True)
class Script:
    """A script handed to the running GIMP."""

    desktop: Desktop
    path: Path

    def result(self, timeout: float = 60) -> list[Any]:
        """Wait for its end; what it reported, or GimpScriptFailed."""
        answer = self.desktop.wait(
            lambda: homes.read_answer(self.path), timeout, "the script did not end"
        )
        if answer.traceback:
            raise GimpScriptFailed(homes.last_line(answer.traceback), answer.traceback)
        return answer.reports


class Desktop:
    """`with Desktop(gimp, sandbox) as desktop:` one screen, one GIMP, ended with the block.

    Start it in a thread that outlives it: the kernel ends the sandbox with that thread.
    """

    def __init__(
        self,
        gimp: Gimp,
        sandbox: Sandbox,
        *,
        size: tuple[int, int] = (1400, 900),
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.gimp = gimp
        self.sandbox = sandbox
        self.folder = homes.lab_folder(sandbox.home, "desktop")
        self.log = self.folder / "gimp.log"
        self._size = size
        self._arguments = arguments
        self._scripts = 0
        self._inbox = self.folder
        self._pid: int | None = None

    def __enter__(self) -> Self:
        self._require_tools()
        self.room = Room(self.sandbox, self.folder, self.gimp.python, self._size)
        try:
            settings = self.folder / "openbox.xml"
            settings.write_text(_OPENBOX)
            self.room.start(["openbox", "--config-file", settings], self.folder / "openbox.log")
            self.start_gimp()
        except BaseException:
            self.room.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.room.close()

    # The GIMP on the screen

    def start_gimp(self, timeout: float = 90) -> None:
        """Start GIMP and wait until its window takes commands; done by `with` already."""
        self.gimp.prepare(self.sandbox.home)
        self._inbox = homes.lab_folder(self.sandbox.home, "scripts")
        text = homes.call(homes.bring("inside", self.folder), "serve", self._inbox)
        batch = ["--batch-interpreter", "python-fu-eval", "-b", text]
        flags = ["--new-instance", "--no-splash"]
        command = [self.gimp.program, *flags, *self._arguments, *batch]
        self._pid = self.room.start(command, self.log)
        ready = self._inbox / "ready"
        self.wait(lambda: ready.exists() or None, timeout, "GIMP did not come up")
        self.wait_until_still()

    def running(self) -> bool:
        """Whether the GIMP that was started last has not ended."""
        return self._pid is not None and self.room.status(self._pid) is None

    def kill_gimp(self) -> None:
        """Kill GIMP as a crash would; `start_gimp()` starts another one on the same HOME."""
        if self._pid is not None:
            self.room.end(self._pid)
            self._pid = None

    def python(self, code: str, timeout: float = 60) -> list[Any]:
        """Run Python in this GIMP session; returns what the code gave to `report(value)`.

        The names are those of `Gimp.batch`, and stay from one call to the next.
        """
        return self.start_python(code).result(timeout)

    def start_python(self, code: str) -> Script:
        """Like `python()`, without waiting: for code that opens a dialog to be clicked."""
        self._scripts += 1
        draft = self._inbox / f"{self._scripts:04}.new"
        draft.write_text(code)
        script = draft.with_suffix(".py")
        draft.rename(script)  # never seen half written
        return Script(self, script)

    # The screen

    def screenshot(self, path: Path, window: Window | None = None) -> Path:
        """Take a picture of the screen, or of one window, as PNG."""
        shot = self.folder / "shot.png"
        self.room.run(["import", "-window", window.id if window else "root", shot])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shot.read_bytes())
        return path

    def wait_until_still(self, timeout: float = 10) -> None:
        """Wait until two looks at the screen show the same: all that was asked for is painted.

        Where something moves for ever `timeout` passes, and that is no failure.
        """
        before = b""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            now = self._pixels()
            # What X has made room for and GIMP has not painted yet is black.
            if now == before and now.count(0) < len(now) / 2:
                break
            before = now
            time.sleep(_PAUSE)

    def _pixels(self) -> bytes:
        shot = self.folder / "still.rgb"
        self.room.run(["import", "-window", "root", "-depth", "8", shot])
        return shot.read_bytes()

    def windows(self) -> list[Window]:
        """The visible windows that have a title."""
        found = self.room.run(["xdotool", "search", "--onlyvisible", "--name", "."], check=False)
        windows = []
        for each in found.stdout.split():
            title = self.room.run(["xdotool", "getwindowname", each], check=False)
            if title.returncode == 0:  # else it closed meanwhile
                windows.append(Window(each, title.stdout.rstrip("\n")))
        return windows

    def wait_for_window(self, title_regex: str, timeout: float = 30) -> Window:
        """Wait for a visible window whose title the expression is found in."""

        def look() -> Window | None:
            matches = [each for each in self.windows() if re.search(title_regex, each.title)]
            return matches[0] if matches else None

        return self.wait(look, timeout, f"no window came up with a title like {title_regex!r}")

    def wait_until_gone(self, window: Window, timeout: float = 30) -> None:
        """Wait until a window is closed."""

        def look() -> bool | None:
            return window.id not in [each.id for each in self.windows()] or None

        self.wait(look, timeout, f"the window {window.title!r} stayed open")

    def xdotool(self, *arguments: str | int) -> str:
        """Run xdotool, return what it prints."""
        words = [str(each) for each in arguments]
        return self.room.run(["xdotool", *words]).stdout.strip()

    def activate(self, window: Window) -> None:
        """Give a window the keyboard and bring it to the front."""
        self.xdotool("windowactivate", "--sync", window.id)

    def key(self, *keys: str) -> None:
        """Press keys one after the other, named like `ctrl+z`, `Return`, `alt+f`."""
        self.xdotool("key", "--clearmodifiers", "--delay", 30, *keys)

    def type(self, text: str) -> None:
        """Type text into what has the keyboard."""
        for run in re.findall(r"[\n\t -~]+|[^\n\t -~]", text):
            if run.isascii():
                self.xdotool("type", "--clearmodifiers", "--delay", 20, "--", run)
            else:
                # The keyboard lacks it, and what xdotool does instead loses letters.
                # GTK takes any character by its number.
                self.key("ctrl+shift+u", *f"{ord(run):x}", "space")

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click at a place of the screen."""
        self.xdotool("mousemove", x, y, "click", button)

    def messages(self) -> str:
        """What GIMP and its plug-ins wrote to their standard output and error so far."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def wait(self, look: Callable[[], T | None], timeout: float, sentence: str) -> T:
        """Call `look` until it returns something; DesktopFailed with the sentence otherwise."""
        end = time.monotonic() + timeout
        while True:
            found = look()
            if found is not None:
                return found
            if self._pid is not None and self.room.status(self._pid) is not None:
                raise DesktopFailed(f"GIMP has ended.\n{self.messages()}")
            if time.monotonic() > end:
                titles = [each.title for each in self.windows()]
                said = self.messages()
                raise DesktopFailed(f"In {timeout:g} s {sentence}; open: {titles}.\n{said}")
            time.sleep(_PAUSE)

    def _require_tools(self) -> None:
        if self.sandbox.root is not None:
            return
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing:
            raise LabUnavailable(
                f"This machine has its own GIMP {self.gimp.version}, but not what a virtual "
                f"screen needs: {', '.join(missing)}.",
                "Install xvfb, openbox, xdotool and imagemagick.",
            )
