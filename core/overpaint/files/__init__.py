"""Pictures in files: loading them whole, saving what an edit made of them."""

from overpaint.files.document import Document, Result
from overpaint.files.gimp import find_console
from overpaint.files.layered import Layered, beside, open_layered
from overpaint.files.load import load, load_selection
from overpaint.files.save import EXTENSIONS, check, save, save_layered

__all__ = [
    "EXTENSIONS",
    "Document",
    "Layered",
    "Result",
    "beside",
    "check",
    "find_console",
    "load",
    "load_selection",
    "open_layered",
    "save",
    "save_layered",
]
