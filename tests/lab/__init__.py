"""The lab: real GIMP 3.0 and 3.2 for tests, demos and measurements, on any Debian machine.

    from tests import lab

    gimp = lab.gimp("3.2")                          # LabUnavailable says what to do
    sandbox = gimp.sandbox(home=tmp_path / "home", binds=[repository])
    gimp.batch("report(Gimp.version())", sandbox).reports

    with lab.Desktop(gimp, sandbox) as desktop:
        desktop.python(
            "image = Gimp.Image.new(640, 480, Gimp.ImageBaseType.RGB); Gimp.Display.new(image)"
        )
        desktop.wait_for_window("640x480")
        desktop.screenshot(tmp_path / "shot.png")

`python3 -m tests.lab` sets both up. What a sandbox shows and hides: `sandbox.py`. To have a
server beside the GIMP on the screen, start it with `desktop.room.start(argv, log)`: they share
one loopback, which nothing outside reaches.
"""

from .desktop import Desktop, Script, Window
from .errors import (
    CommandFailed,
    DesktopFailed,
    GimpScriptFailed,
    LabError,
    LabUnavailable,
)
from .gimp import Batch, Gimp, gimp, provide
from .releases import RELEASES
from .sandbox import Sandbox

VERSIONS = tuple(RELEASES)

__all__ = [
    "VERSIONS",
    "Batch",
    "CommandFailed",
    "Desktop",
    "DesktopFailed",
    "Gimp",
    "GimpScriptFailed",
    "LabError",
    "LabUnavailable",
    "Sandbox",
    "Script",
    "Window",
    "gimp",
    "provide",
]
