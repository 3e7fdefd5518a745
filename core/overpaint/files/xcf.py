"""XCF: the original, and the result above it with an editable layer mask; GIMP itself writes it."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from overpaint.errors import FileUnwritable, FormatUnsupported
from overpaint.files import png, tiff
from overpaint.files.document import Document, Result
from overpaint.files.gimp import VARIABLE, find_console, run_script
from overpaint.files.naming import layer_name

__all__ = ["check", "write"]


def check(_: Document) -> None:
    """Raise FormatUnsupported where there is no GIMP 3."""
    _console()


def _console() -> list[str]:
    console = find_console()
    if console is None:
        raise FormatUnsupported(
            "GIMP 3 writes .xcf files, and it is not to be found on this machine.",
            f"Save to .ora, which GIMP opens too, or name GIMP's console program in ${VARIABLE}.",
        )
    return console


def write(document: Document, results: Sequence[Result]) -> bytes:
    """Return an XCF file; each result's layer carries its patch's mask and its recipe."""
    console = _console()
    with tempfile.TemporaryDirectory(prefix="overpaint-") as temporary:
        folder = Path(temporary)
        extension = ".tif" if document.is_float else ".png"
        encode = tiff.write if document.is_float else png.write
        (folder / f"original{extension}").write_bytes(encode(document))
        layers = []
        for number, (patch, recipe, _) in enumerate(results):
            layer = replace(document, pixels=document.layer(patch))
            (folder / f"result-{number}{extension}").write_bytes(encode(layer))
            (folder / f"mask-{number}.raw").write_bytes(patch.mask.tobytes())
            offsets = [patch.region.x, patch.region.y]
            layers.append(
                {"name": layer_name(recipe), "recipe": recipe.to_json(), "offsets": offsets}
            )
        job = {"extension": extension, "layers": layers}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        script = Path(__file__).with_name("in_gimp.py")
        if why := run_script(console, script, folder, "written.xcf"):
            raise _failed(why)
        return (folder / "written.xcf").read_bytes()


def _failed(why: str) -> FileUnwritable:
    return FileUnwritable(
        f"GIMP could not write the .xcf file: {why}.", "Save to .ora, which GIMP opens too."
    )
