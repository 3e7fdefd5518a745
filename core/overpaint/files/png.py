"""PNG: 8 bits and grey by Pillow; 16-bit colour, which Pillow cannot hold, by OpenCV."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin

from overpaint.errors import FormatUnsupported
from overpaint.files.bgr import encode
from overpaint.files.document import Document

__all__ = ["check", "check_deep", "is_deep", "write"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33
"""The signature and the first chunk, which always has the same length."""
_INCH = 0.0254
_XMP = "XML:com.adobe.xmp"
_LEVEL = 4
"""Of zlib: files are at most a tenth larger than with its usual 6, in less than half the time."""


def is_deep(start: bytes) -> bool:
    """Whether the file that starts so is a PNG of 16 bits a channel."""
    return start.startswith(_SIGNATURE) and start[24:25] == b"\x10"


def check_deep(start: bytes, image: Image.Image) -> None:
    """Raise FormatUnsupported for deep grey with transparency, which nothing here writes."""
    grey, grey_and_alpha = b"\x00", b"\x04"
    kind = start[25:26]
    if kind == grey_and_alpha or (kind == grey and "transparency" in image.info):
        raise FormatUnsupported(
            "it is 16-bit grey with transparency, which could not be saved again.",
            "Save it from another program as RGB first.",
        )


def check(document: Document) -> None:
    """Raise FormatUnsupported where a PNG cannot hold *document*."""
    if document.is_float:
        raise FormatUnsupported(
            "PNG cannot hold the float numbers of this picture.", "Save to .tif or .xcf."
        )


def write(document: Document) -> bytes:
    """Return the document as a PNG file."""
    check(document)
    pixels = document.pixels
    if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
        return _with_metadata(encode(".png", pixels), document)
    file = BytesIO()
    options = {"icc_profile": document.profile} | ({"dpi": document.dpi} if document.dpi else {})
    texts = PngImagePlugin.PngInfo()
    if document.xmp:
        texts.add_itxt(_XMP, document.xmp.decode())
    document.image().save(file, "PNG", compress_level=_LEVEL, pnginfo=texts, **options)
    return file.getvalue()


def _with_metadata(png: bytes, document: Document) -> bytes:
    """Put profile, resolution and XMP behind the header; OpenCV writes none as it was."""
    file = BytesIO()
    file.write(png[:_HEADER_END])
    if document.profile is not None:
        named = b"ICC Profile\0\0" + zlib.compress(document.profile)
        PngImagePlugin.putchunk(file, b"iCCP", named)
    if document.dpi is not None:
        per_metre = [round(dpi / _INCH) for dpi in document.dpi]
        PngImagePlugin.putchunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if document.xmp:
        # Neither compressed nor in any language.
        text = _XMP.encode() + b"\0\0\0\0\0" + document.xmp
        PngImagePlugin.putchunk(file, b"iTXt", text)
    file.write(png[_HEADER_END:])
    return file.getvalue()
