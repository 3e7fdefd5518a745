"""Opening pictures: Pillow, and OpenCV for what has more than 8 bits a channel."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from overpaint.errors import (
    FileUnreadable,
    FormatUnsupported,
    OverpaintError,
    SelectionMismatch,
)
from overpaint.files import png, tiff
from overpaint.files.bgr import decode
from overpaint.files.document import Document, Numbers
from overpaint.geometry import Extent
from overpaint.mask import Mask

__all__ = ["MAX_PIXELS", "load", "load_file", "load_selection"]

MAX_PIXELS = 250_000_000
"""More in one picture is taken for a decompression bomb; today's largest cameras have 150 MP."""

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TGA", "TIFF", "WEBP")
"""Those that Pillow opens without losing depth."""

_EXACT = {"1": "L", "La": "LA", "RGBX": "RGB", "RGBa": "RGBA"}
"""Pillow's modes that become one of ours without a change to what is seen."""

_ORIENTATION = 274


def load(path: Path) -> Document:
    """Open the picture at *path*, upright; raises FileUnreadable and FormatUnsupported."""
    try:
        with path.open("rb") as file:
            return load_file(file, str(path))
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror or error}.", "Check the name and the file."
        ) from error


def load_file(file: BinaryIO, name: str) -> Document:
    """Open the picture in *file*, which errors call *name*; otherwise as :func:`load`."""
    try:
        with _limits_of_our_own():
            return _load(file)
    except OverpaintError as error:
        raise type(error)(f"{name} cannot be opened: {error.sentence}", error.hint) from error
    except UnidentifiedImageError as error:
        raise FormatUnsupported(
            f"{name} is not a picture that Overpaint can open.",
            f"It opens {', '.join(_FORMATS)}.",
        ) from error
    except MemoryError as error:
        raise FileUnreadable(
            f"{name} does not fit into this machine's memory.", "Close other programs, or crop it."
        ) from error
    except OSError as error:
        raise FileUnreadable(
            f"{name} cannot be read: {error.strerror or error}.", "Check the name and the file."
        ) from error
    except Exception as error:  # a decoder raises whatever it likes on a damaged file
        raise FileUnreadable(
            f"{name} is damaged ({type(error).__name__}: {error}).", "Get the file again."
        ) from error


def load_selection(path: Path, extent: Extent) -> Mask:
    """Open the mask at *path* for a picture of size *extent*.

    White selects, black does not, grey selects softly; but where the file has transparency,
    what is opaque is selected, whatever its colour. Raises SelectionMismatch and what
    :func:`load` raises.
    """
    document = load(path)
    if document.extent != extent:
        raise SelectionMismatch(
            f"The mask is {document.extent.width}x{document.extent.height} pixels, "
            f"the picture {extent.width}x{extent.height}.",
            "Both must have the same size.",
        )
    pixels = _eight_bits(document)
    if document.has_alpha and (pixels[..., -1] != 255).any():
        return pixels[..., -1]
    # Pillow weighs the channels as every editor does; equal ones stay as they are.
    return np.asarray(replace(document, pixels=pixels).image().convert("L"))


def _eight_bits(document: Document) -> npt.NDArray[np.uint8]:
    pixels = document.pixels
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    if document.is_float:
        return np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    return (pixels // 257).astype(np.uint8)


@contextmanager
def _limits_of_our_own() -> Iterator[None]:
    """Replace Pillow's warning about large pictures, which comes at 89 MP already."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _load(file: BinaryIO) -> Document:
    start = file.read(32)
    file.seek(0)
    if tiff.is_tiff(start):
        return _load_tiff(file)
    with Image.open(file, formats=_FORMATS) as image:
        _check_size(Extent(*image.size))
        if not png.is_deep(start):
            return _load_shallow(image)
        png.check_deep(start, image)
        # Deep pixels come from OpenCV, which leaves the orientation to us.
        orientation = image.getexif().get(_ORIENTATION, 1)
        file.seek(0)
        return _document(image, _upright(_decoded(file), orientation))


def _load_tiff(file: BinaryIO) -> Document:
    header = tiff.read_header(file)
    _check_size(header.extent)
    tiff.check(header)
    file.seek(0)
    if header.is_deep:
        pixels, notices = _decoded(file), _first_of(header.pages_follow)
        return Document(pixels, header.profile, _checked(header.dpi), notices)
    with Image.open(file, formats=["TIFF"]) as image:
        # Where the file does not say it, Pillow takes one pixel per inch.
        return replace(_load_shallow(image), dpi=_checked(header.dpi))


def _load_shallow(image: Image.Image) -> Document:
    upright = _plain(image)
    ImageOps.exif_transpose(upright, in_place=True)
    pixels = np.asarray(upright)
    return _document(image, pixels.reshape(*pixels.shape[:2], -1))


def _document(image: Image.Image, pixels: Numbers) -> Document:
    # Phones put a preview or a gain map behind the photograph, in a format called MPO.
    notices = _first_of(image.format != "MPO" and getattr(image, "n_frames", 1) > 1)
    return Document(pixels, image.info.get("icc_profile"), _checked(image.info.get("dpi")), notices)


def _upright(pixels: Numbers, orientation: int) -> Numbers:
    """Undo what EXIF says of how the camera was held."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _check_size(extent: Extent) -> None:
    if extent.pixels > MAX_PIXELS:
        raise FormatUnsupported(
            f"it has {extent.width}x{extent.height} pixels, more than {MAX_PIXELS:,}.",
            "Crop or reduce it first.",
        )


def _decoded(file: BinaryIO) -> Numbers:
    pixels = decode(file.read())
    if pixels is None:
        raise FileUnreadable("its pixels are damaged.", "Get the file again.")
    return pixels


def _plain(image: Image.Image) -> Image.Image:
    """Return *image* as grey or RGB, with or without alpha; raises FormatUnsupported."""
    image.load()
    mode = image.mode
    if mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if mode in ("L", "RGB"):
        return image.convert(f"{mode}A") if image.has_transparency_data else image
    if mode in _EXACT:
        return image.convert(_EXACT[mode])
    if mode not in ("LA", "RGBA"):
        raise FormatUnsupported(
            f"its colours are {mode}.", "Convert it to RGB or grey in another program first."
        )
    return image


def _first_of(several: object) -> tuple[str, ...]:
    return ("The file holds several pictures; only the first one is used.",) if several else ()


def _checked(dpi: tuple[float, float] | None) -> tuple[float, float] | None:
    if dpi is None:
        return None
    across, down = float(dpi[0]), float(dpi[1])
    return (across, down) if math.isfinite(across * down) and min(across, down) > 0 else None
