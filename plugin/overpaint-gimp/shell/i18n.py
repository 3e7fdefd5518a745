"""What Overpaint says, in the user's language: gettext, with the translations beside the plug-in.

GIMP tells its plug-ins by the environment which language the user has chosen in it; Overpaint's
settings may name another, which then holds for all that follows.
"""

import gettext
from pathlib import Path

from shell import language

__all__ = ["CHOSEN", "DOMAIN", "FOLDER", "N_", "_", "many"]

DOMAIN = "overpaint"
FOLDER = Path(__file__).resolve().parent.parent / "locale"

CHOSEN = language.choose()
"""The language that the settings name, "" where it is GIMP's."""

_translation = gettext.translation(DOMAIN, str(FOLDER), fallback=True)
_ = _translation.gettext
many = _translation.ngettext


def N_(text: str) -> str:  # noqa: N802, gettext's own name
    """Mark *text* for translation where it is only named, not shown."""
    return text
