"""Which GIMP versions the lab provides, from which Debian suite, and where they are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "gimp",
    "gir1.2-gimp-3.0",
    "python3-gi",
    "python3-gi-cairo",
    "python3-venv",
    "xvfb",
    "xauth",
    "xdotool",
    "openbox",  # without a window manager dialogs get no keyboard focus
    "imagemagick",
    "fonts-dejavu-core",
    "adwaita-icon-theme",
)


@dataclass(frozen=True)
class Release:
    """One GIMP series and the Debian suite that carries it."""

    version: str
    suite: str


RELEASES = {
    "3.0": Release("3.0", "trixie"),
    "3.2": Release("3.2", "forky"),
}


def cache_folder() -> Path:
    """The folder that holds the unpacked systems, outside any repository."""
    chosen = os.environ.get("OVERPAINT_LAB")
    if chosen:
        return Path(chosen).absolute()
    return Path.home() / ".cache" / "overpaint-lab"
