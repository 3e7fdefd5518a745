"""TIFF: 8 bits by Pillow; beyond, the pixels by OpenCV and the tags around them by Pillow.

Pillow cannot hold deep pictures; OpenCV knows neither profiles nor kinds of alpha. The tags
also tell which files either of them would read wrongly without a word.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import TiffImagePlugin

from overpaint.errors import FormatUnsupported, OverpaintError
from overpaint.files.bgr import encode
from overpaint.files.document import Document
from overpaint.geometry import Extent

__all__ = ["Header", "check", "is_tiff", "read_header", "write"]

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _STRIP_OFFSETS = 256, 257, 258, 262, 273
_X_RESOLUTION, _Y_RESOLUTION, _PLANAR, _RESOLUTION_UNIT = 282, 283, 284, 296
_EXTRA_SAMPLES, _SAMPLE_FORMAT, _XMP, _PROFILE = 338, 339, 700, 34675

_UNSIGNED, _FLOAT = 1, 3
_DEEP_KINDS = ((_UNSIGNED, 16), (_FLOAT, 32), (_FLOAT, 64))
_BLACK_IS_ZERO, _RGB = 1, 2
_UNSPECIFIED, _STRAIGHT = 0, 2
_PER_INCH, _PER_CM = 2, 3
_BYTES, _LONG, _UNDEFINED_BYTES = 1, 4, 7
_DEFLATE, _DIFFERENCES = 8, 2

_HINT = "Save it from another program as plain RGB first, in 8 or 16 bits or as 32-bit float."


@dataclass(frozen=True, slots=True)
class Header:
    """What the tags of the first page say."""

    extent: Extent
    bits: tuple[int, ...]
    numbers: int
    photometric: int
    extra: tuple[int, ...]
    planar: bool
    profile: bytes | None
    dpi: tuple[float, float] | None
    pages_follow: bool

    @property
    def is_deep(self) -> bool:
        """Whether Pillow would lose something of the pixels, or not open the file."""
        return max(self.bits) > 8 or self.numbers == _FLOAT


def is_tiff(start: bytes) -> bool:
    return start[:4] in TiffImagePlugin.PREFIXES


def read_header(file: BinaryIO) -> Header:
    """Read the tags of the first page; whatever Pillow raises means a damaged file."""
    tags = _read_tags(file)
    bits, numbers = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    return Header(
        extent=Extent(int(tags[_WIDTH]), int(tags[_HEIGHT])),
        bits=bits,
        numbers=numbers[0] if len(set(numbers)) == 1 else 0,
        photometric=int(tags.get(_PHOTOMETRIC, -1)),
        extra=tuple(tags.get(_EXTRA_SAMPLES, ())),
        planar=tags.get(_PLANAR, 1) == 2,
        profile=tags.get(_PROFILE),
        dpi=_dpi(tags),
        pages_follow=tags.next != 0,
    )


def _read_tags(file: BinaryIO) -> TiffImagePlugin.ImageFileDirectory_v2:
    start = file.read(8)
    if start[2] == 43:  # BigTIFF has longer offsets
        start += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(start)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _dpi(tags: TiffImagePlugin.ImageFileDirectory_v2) -> tuple[float, float] | None:
    factor = {_PER_INCH: 1.0, _PER_CM: 2.54}.get(tags.get(_RESOLUTION_UNIT, _PER_INCH))
    if factor is None or _X_RESOLUTION not in tags or _Y_RESOLUTION not in tags:
        return None
    return float(tags[_X_RESOLUTION]) * factor, float(tags[_Y_RESOLUTION]) * factor


def check(header: Header) -> None:
    """Raise FormatUnsupported for what Pillow or OpenCV would get wrong."""
    if _UNSPECIFIED in header.extra:  # a selection saved along, most often
        raise _unsupported("has a channel that is neither colour nor transparency")
    if not header.is_deep:
        return
    kind = (header.numbers, header.bits[0] if len(set(header.bits)) == 1 else 0)
    if kind not in _DEEP_KINDS:
        raise _unsupported(f"has {'/'.join(map(str, header.bits))} bits of an unusual kind")
    colours = {_BLACK_IS_ZERO: 1, _RGB: 3}.get(header.photometric)
    if colours is None:
        raise _unsupported("is neither RGB nor grey with black as 0")
    if header.planar and len(header.bits) > 1:
        raise _unsupported("stores its channels apart")
    if len(header.bits) != colours:
        if (colours, len(header.bits)) != (3, 4):
            raise _unsupported("has unusual channels for more than 8 bits")
        if header.extra not in ((), (_STRAIGHT,)):
            raise _unsupported("has colours that are multiplied with their transparency")


def _unsupported(what: str) -> OverpaintError:
    return FormatUnsupported(f"it {what}.", _HINT)


def write(document: Document) -> bytes:
    """Return the document as a TIFF file."""
    if document.pixels.dtype != np.uint8:
        return _write_deep(document)
    file = BytesIO()
    options = {"icc_profile": document.profile} | ({"dpi": document.dpi} if document.dpi else {})
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if document.xmp:
        tags[_XMP] = document.xmp
        tags.tagtype[_XMP] = _BYTES
    image = document.image()
    image.save(file, "TIFF", compression="tiff_adobe_deflate", tiffinfo=tags, **options)
    return file.getvalue()


def _write_deep(document: Document) -> bytes:
    import cv2

    settings = [cv2.IMWRITE_TIFF_COMPRESSION, _DEFLATE]
    if not document.is_float:
        settings += [cv2.IMWRITE_TIFF_PREDICTOR, _DIFFERENCES]
    bare = encode(".tif", document.pixels, settings)
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=bare[:2])
    tags.update(_read_tags(BytesIO(bare)))
    tags.tagtype[_STRIP_OFFSETS] = _LONG
    if document.has_alpha:
        tags[_EXTRA_SAMPLES] = _STRAIGHT
    if document.profile is not None:
        tags[_PROFILE] = document.profile
        tags.tagtype[_PROFILE] = _UNDEFINED_BYTES
    if document.xmp:
        tags[_XMP] = document.xmp
        tags.tagtype[_XMP] = _BYTES
    if document.dpi is not None:
        tags[_X_RESOLUTION], tags[_Y_RESOLUTION] = document.dpi
        tags[_RESOLUTION_UNIT] = _PER_INCH
    # Pillow expects the pixels behind the tags and moves their offsets by what comes before;
    # the pixels are OpenCV's whole file, whose own tags nobody points at any more.
    file = BytesIO()
    tags.save(file)
    file.write(bare)
    return file.getvalue()
