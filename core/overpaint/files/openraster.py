"""OpenRaster: the original and the result as two layers, for GIMP, Krita, MyPaint and others.

The specification: https://www.openraster.org/baseline/file-layout-spec.html
"""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np

from overpaint.errors import FormatUnsupported
from overpaint.files import png
from overpaint.files.document import Document, Result
from overpaint.files.naming import layer_name

__all__ = ["add_file", "check", "thumbnail", "write"]

_THUMBNAIL = (256, 256)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time that zip knows as its first: the same edit gives the same bytes."""


def check(document: Document) -> None:
    """Raise FormatUnsupported where OpenRaster cannot hold *document*."""
    if document.is_float:
        raise FormatUnsupported(
            "OpenRaster cannot hold the float numbers of this picture.", "Save to .tif or .xcf."
        )
    if document.pixels.dtype == np.uint16 and document.is_grey and document.profile is not None:
        raise FormatUnsupported(
            "OpenRaster cannot hold 16-bit grey layers with a colour profile.",
            "Save to .png, .tif or .xcf.",
        )


def write(document: Document, results: Sequence[Result]) -> bytes:
    """Return an OpenRaster file; each patch's mask is the alpha of its layer."""
    check(document)
    merged = document.merged(results[0].patch)
    places = ["data/result.png", *(f"data/result-{n}.png" for n in range(2, len(results) + 1))]
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        add_file(archive, "mimetype", b"image/openraster")
        stack = _stack(document, list(zip(results, places, strict=True)))
        add_file(archive, "stack.xml", stack)
        for result, place in zip(results, places, strict=True):
            layer = png.write(_writable(document.masked_layer(result.patch)))
            add_file(archive, place, layer)
        add_file(archive, "data/original.png", png.write(document))
        add_file(archive, "mergedimage.png", png.write(merged))
        add_file(archive, "Thumbnails/thumbnail.png", thumbnail(merged))
    return file.getvalue()


def add_file(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    """Add a file: the same bytes make the same archive, whenever."""
    # PNG is compressed already, and what is left is small.
    archive.writestr(zipfile.ZipInfo(path, _EPOCH), data)


def _stack(document: Document, results: Sequence[tuple[Result, str]]) -> bytes:
    image = ET.Element(
        "image", version="0.0.3", w=str(document.extent.width), h=str(document.extent.height)
    )
    if document.dpi is not None:
        image.set("xres", str(round(document.dpi[0])))
        image.set("yres", str(round(document.dpi[1])))
    stack = ET.SubElement(image, "stack")
    for number, (result, place) in enumerate(results):  # the topmost first
        at = result.patch.region
        layer = ET.SubElement(
            stack, "layer", name=layer_name(result.recipe), src=place, x=str(at.x), y=str(at.y)
        )
        if number:
            layer.set("visibility", "hidden")
    ET.SubElement(stack, "layer", name="Original", src="data/original.png", x="0", y="0")
    data: bytes = ET.tostring(image, "UTF-8", xml_declaration=True)
    return data


def _writable(layer: Document) -> Document:
    """Return *layer* in RGB where it is 16-bit grey with alpha, which nothing here writes."""
    if layer.pixels.dtype == np.uint16 and layer.is_grey:
        return replace(layer, pixels=layer.pixels[..., [0, 0, 0, 1]])
    return layer


def thumbnail(merged: Document) -> bytes:
    """Return a PNG of at most 256 pixels a side, as file managers show it."""
    pixels = merged.pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels // 257).astype(np.uint8)
    image = replace(merged, pixels=pixels).image()
    image.thumbnail(_THUMBNAIL)
    file = BytesIO()
    image.save(file, "PNG", icc_profile=merged.profile)
    return file.getvalue()
