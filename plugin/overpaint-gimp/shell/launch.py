"""How the core is started: the launch spec that the installer wrote beside the plug-in.

    {"argv": ["/path/to/python", "-I", "-m", "overpaint.serve"], "protocol": 4, "release": "…"}

Anything that an argv can start will do. OVERPAINT_LAUNCH names another spec.
"""

import json
import os
from pathlib import Path
from typing import Dict, List

from shell import messages
from shell.i18n import _

__all__ = ["argv", "environment"]

SPEC = Path(__file__).resolve().parent.parent / "core.json"


def argv() -> List[str]:
    """Return the command that starts a core; raises CoreTrouble where there is none."""
    path = Path(os.environ.get("OVERPAINT_LAUNCH", SPEC))
    try:
        command = json.loads(path.read_text(encoding="utf-8"))["argv"]
    except FileNotFoundError:
        raise messages.core_not_installed(_("there is no {}").format(path)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise messages.core_not_installed(
            _("{} cannot be read ({})").format(path, error)
        ) from error
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        raise messages.core_not_installed(_("{} names no command").format(path))
    return command


def environment() -> Dict[str, str]:
    """Return the environment for a core: GIMP's, less what steers GIMP's own Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP")
    }


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
