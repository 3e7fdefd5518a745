"""Pictures in files: loading them whole, saving what an edit made of them."""

from overpaint.files.document import Document, Result
from overpaint.files.gimp import find_console
from overpaint.files.layered import LayersFile, Styled
from overpaint.files.layers import open_layers
from overpaint.files.load import load, load_selection
from overpaint.files.save import EXTENSIONS, check, check_apart, save

__all__ = [
    "EXTENSIONS",
    "Document",
    "LayersFile",
    "Result",
    "Styled",
    "check",
    "check_apart",
    "find_console",
    "load",
    "load_selection",
    "open_layers",
    "save",
]
