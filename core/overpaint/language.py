"""What people read of the core, in their language: gettext, with the translations in locale.

English until somebody says otherwise: the shell's core speaks as the shell does, whose texts its
own stand among, and the command line stays English, whose output scripts read. Only what people
are told is translated; codes, recipes and logs are not.
"""

import gettext
from pathlib import Path

__all__ = ["DOMAIN", "FOLDER", "N_", "_", "speak"]

DOMAIN = "overpaint-core"
FOLDER = Path(__file__).parent / "locale"

_spoken = gettext.NullTranslations()


def speak() -> None:
    """Speak from now on as the environment says; the shell puts its user's language there."""
    global _spoken  # noqa: PLW0603, one process speaks one language
    _spoken = gettext.translation(DOMAIN, FOLDER, fallback=True)


def _(text: str) -> str:
    """Return *text* in the language that is spoken."""
    return _spoken.gettext(text) if text else ""  # "" stands for what a file says of itself


def N_(text: str) -> str:  # noqa: N802, gettext's own name
    """Mark *text* for translation where it is only named; whoever shows it asks ``_``."""
    return text
