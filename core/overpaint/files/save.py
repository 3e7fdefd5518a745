"""Saving what an edit made: the kinds of files, and that a file appears whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from overpaint.errors import FileUnwritable, FormatUnsupported
from overpaint.files import openraster, png, tiff, xcf
from overpaint.files.document import Document
from overpaint.picture import Patch
from overpaint.recipe import Recipe

__all__ = ["EXTENSIONS", "check", "save"]


class _Kind(NamedTuple):
    check: Callable[[Document], None]
    write: Callable[[Document, Patch, Recipe], bytes]


def _anything(_: Document) -> None:
    pass


_TIFF = _Kind(_anything, lambda document, patch, _: tiff.write(document.merged(patch)))
_KINDS = {
    ".png": _Kind(png.check, lambda document, patch, _: png.write(document.merged(patch))),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".ora": _Kind(openraster.check, openraster.write),
    ".xcf": _Kind(xcf.check, xcf.write),
}

EXTENSIONS = tuple(_KINDS)
"""What a file to save to may be called."""


def check(path: Path, document: Document) -> None:
    """Raise what :func:`save` would, as far as it is known before the edit."""
    kind = _kind(path)
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileUnwritable(f"There is no folder {folder}.", "Make it first.")
    if path.is_dir():
        raise FileUnwritable(f"{path} is a folder.", "Name a file.")
    if not os.access(folder, os.W_OK):
        raise FileUnwritable(f"Nothing can be written to {folder}.", "Choose another folder.")
    kind.check(document)


def save(path: Path, document: Document, patch: Patch, recipe: Recipe) -> None:
    """Write *document* and *patch* to *path*, in the format that its extension names.

    PNG and TIFF get both merged; OpenRaster and XCF keep *patch* as a layer of its own. A
    file that was there is replaced in one step. Raises FileUnwritable and FormatUnsupported.
    """
    data = _kind(path).write(document, patch, recipe)
    # A link stays a link: what it leads to is replaced.
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        try:
            draft.write_bytes(data)
            if target.exists():
                shutil.copymode(target, draft)
            os.replace(draft, target)  # noqa: PTH105, says what it is about
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise FileUnwritable(
            f"{path} cannot be written: {error.strerror or error}.",
            "Choose another folder, or make room.",
        ) from error


def _kind(path: Path) -> _Kind:
    try:
        return _KINDS[path.suffix.lower()]
    except KeyError:
        raise FormatUnsupported(
            f"Overpaint cannot save to {path.name!r}.",
            f"End the name with one of: {', '.join(EXTENSIONS)}.",
        ) from None
