"""Which language the user has chosen for Overpaint, where it is not GIMP's.

It is a line of the core's settings.toml, which Settings writes, and is read here before any text
is made: no core has started by then, and GIMP's Python may be older than its reader of TOML.
"""

import os
import re
import sys
from pathlib import Path
from typing import List, Tuple

__all__ = ["ENDONYMS", "ask_plugin_again", "choose", "settings_file"]

ENDONYMS: List[Tuple[str, str]] = [("en", "English"), ("de", "Deutsch"), ("he", "עברית")]
"""The languages that there are, each in its own words."""
_LINE = re.compile(r"\s*language\s*=\s*[\"']([A-Za-z_]+)[\"']")


def choose() -> str:
    """Make what the settings say the language of this process and of all that it starts.

    Returns it, or "" where it stays GIMP's. gettext, GTK's as well as ours, asks the environment.
    """
    chosen = _chosen()
    if chosen:
        os.environ["LANGUAGE"] = chosen
    return chosen


def ask_plugin_again() -> None:
    """Have GIMP ask at its next start what the commands are called: it keeps their names.

    It does so where the plug-in's main file has another date than it knows.
    """
    main = Path(__file__).resolve().parent.parent / "overpaint-gimp.py"
    try:
        os.utime(main)
    except OSError:  # another user has installed it: the menu stays as it is
        return


def settings_file() -> Path:
    """Return where the core's settings are; overpaint.places says the same, for all of them."""
    told = os.environ.get("OVERPAINT_CONFIG")
    if told:
        return Path(told) / "settings.toml"
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = str(Path.home() / "Library" / "Application Support")
    else:
        folder = os.environ.get("XDG_CONFIG_HOME", "").strip() or str(Path.home() / ".config")
    return Path(folder) / "overpaint" / "settings.toml"


def _chosen() -> str:
    try:
        lines = settings_file().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # the core tells what is wrong with the file
        return ""
    for line in lines:
        if line.lstrip().startswith("["):  # a table begins: what follows is no setting of its own
            break
        found = _LINE.match(line)
        if found:
            return found.group(1)
    return ""
