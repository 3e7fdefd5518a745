"""Which files can be styled layer by layer, and who opens them."""

from contextlib import AbstractContextManager
from pathlib import Path

from overpaint.errors import FormatUnsupported
from overpaint.files.by_gimp import open_by_gimp
from overpaint.files.layered import LayersFile, open_layered
from overpaint.files.save import check_place

__all__ = ["open_layers"]

_WHOLE = "Without --each-layer, 'overpaint style' styles a picture as a whole."


def open_layers(path: Path, out: Path) -> AbstractContextManager[LayersFile]:
    """Open the document at *path*, whose layers in a style are to be saved to *out*.

    Raises FormatUnsupported and FileUnwritable, also on entering, and FileUnreadable.
    """
    kind, wanted = path.suffix.lower(), out.suffix.lower()
    if kind not in {".ora", ".xcf"}:
        raise FormatUnsupported(
            f"Layer by layer works on .ora and .xcf files, not on {path.name}.",
            "Save it as .ora or .xcf first, or use Transfer Style to Layers in GIMP. " + _WHOLE,
        )
    if wanted not in {".ora", kind}:
        allowed = ".ora" if kind == ".ora" else ".xcf or .ora"
        raise FormatUnsupported(
            f"The styled layers of {path.name} cannot be saved to {out.name}.",
            f"End the name with {allowed}" + ("; GIMP opens it, too." if kind == ".ora" else "."),
        )
    check_place(out)
    return open_layered(path) if kind == ".ora" else open_by_gimp(path, out)
