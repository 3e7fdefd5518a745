"""Pictures in files: loading them whole, saving what an edit made of them."""

from overpaint.files.document import Document, Result
from overpaint.files.gimp import find_console
from overpaint.files.load import load, load_selection
from overpaint.files.save import EXTENSIONS, check, save

__all__ = [
    "EXTENSIONS",
    "Document",
    "Result",
    "check",
    "find_console",
    "load",
    "load_selection",
    "save",
]
