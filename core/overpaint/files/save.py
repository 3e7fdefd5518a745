"""Saving what an edit made: the kinds of files, and that a file appears whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from overpaint.errors import FileUnwritable, FormatUnsupported
from overpaint.files import openraster, png, tiff, xcf
from overpaint.files.document import Document, Result

__all__ = ["EXTENSIONS", "check", "check_apart", "check_place", "put", "save"]


class _Kind(NamedTuple):
    check: Callable[[Document], None]
    write: Callable[[Document, Sequence[Result]], bytes]
    layers: bool


def _anything(_: Document) -> None:
    pass


def _as_png(document: Document, results: Sequence[Result]) -> bytes:
    return png.write(_merged(document, results[0]))


def _as_tiff(document: Document, results: Sequence[Result]) -> bytes:
    return tiff.write(_merged(document, results[0]))


def _merged(document: Document, result: Result) -> Document:
    return replace(document.changed(result.patch), xmp=result.xmp)


_TIFF = _Kind(_anything, _as_tiff, layers=False)
_KINDS = {
    ".png": _Kind(png.check, _as_png, layers=False),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".ora": _Kind(openraster.check, openraster.write, layers=True),
    ".xcf": _Kind(xcf.check, xcf.write, layers=True),
}

EXTENSIONS = tuple(_KINDS)
"""What a file to save to may be called."""


def check(path: Path, document: Document) -> None:
    """Raise what :func:`save` would, as far as it is known before the edit."""
    kind = _kind(path)
    check_place(path)
    kind.check(document)


def check_apart(out: Path, read: Mapping[str, Path | None]) -> None:
    """Raise FileUnwritable where *out* is one of the files that are *read*, by what they are."""
    for name, path in read.items():
        if path is not None and _same_file(out, path):
            raise FileUnwritable(
                f"OUT and {name} are the same file, {path}.",
                "Overpaint never overwrites what it reads; choose another name.",
            )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return one.resolve() == other.resolve()


def check_place(path: Path) -> None:
    """Raise FileUnwritable where no file can be written to *path*."""
    folder = path.resolve().parent
    try:
        if not folder.is_dir():
            raise FileUnwritable(f"There is no folder {folder}.", "Make it first.")
        if path.is_dir():
            raise FileUnwritable(f"{path} is a folder.", "Name a file.")
    except OSError as error:  # a name that is too long
        raise _unwritable(path, error) from error
    if not os.access(folder, os.W_OK):
        raise FileUnwritable(f"Nothing can be written to {folder}.", "Choose another folder.")


def save(path: Path, document: Document, results: Sequence[Result]) -> list[Path]:
    """Write *document* and *results* to *path*, in the format that its extension names.

    OpenRaster and XCF keep each result as a layer of its own, the first one on top and the others
    hidden; PNG and TIFF get one merged in, so that several make several files, with numbers
    before the extension. Returns what was written; a file that was there is replaced in one step.
    Raises FileUnwritable and FormatUnsupported.
    """
    kind = _kind(path)
    if kind.layers or len(results) == 1:
        _put_bytes(path, kind.write(document, results))
        return [path]
    paths = [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(results) + 1)]
    for each, result in zip(paths, results, strict=True):
        _put_bytes(each, kind.write(document, [result]))
    return paths


def _put_bytes(path: Path, data: bytes) -> None:
    put(path, lambda draft: draft.write_bytes(data))


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Have *write* make a file, and put it to *path* in one step; raises FileUnwritable."""
    # A link stays a link: what it leads to is replaced.
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        try:
            write(draft)
            if target.exists():
                shutil.copymode(target, draft)
            os.replace(draft, target)  # noqa: PTH105, says what it is about
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> FileUnwritable:
    return FileUnwritable(
        f"{path} cannot be written: {error.strerror or error}.",
        "Choose another folder, or make room.",
    )


def _kind(path: Path) -> _Kind:
    try:
        return _KINDS[path.suffix.lower()]
    except KeyError:
        raise FormatUnsupported(
            f"Overpaint cannot save to {path.name!r}.",
            f"End the name with one of: {', '.join(EXTENSIONS)}.",
        ) from None
