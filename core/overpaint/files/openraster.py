"""OpenRaster: the original and the result as two layers, for GIMP, Krita, MyPaint and others.

The specification: https://www.openraster.org/baseline/file-layout-spec.html
"""

import zipfile
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np

from overpaint.errors import FormatUnsupported
from overpaint.files import png
from overpaint.files.document import Document
from overpaint.files.naming import layer_name
from overpaint.picture import Patch
from overpaint.recipe import Recipe

__all__ = ["check", "write"]

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


def write(document: Document, patch: Patch, recipe: Recipe) -> bytes:
    """Return an OpenRaster file; the patch's mask is the alpha of the result's layer."""
    check(document)
    merged = document.merged(patch)
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:

        def add(path: str, data: bytes) -> None:
            # PNG is compressed already, and what is left is small.
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), data)

        add("mimetype", b"image/openraster")
        add("stack.xml", _stack(document, patch, layer_name(recipe)))
        add("data/result.png", png.write(_writable(document.masked_layer(patch))))
        add("data/original.png", png.write(document))
        add("mergedimage.png", png.write(merged))
        add("Thumbnails/thumbnail.png", _thumbnail(merged))
    return file.getvalue()


def _stack(document: Document, patch: Patch, name: str) -> bytes:
    image = ET.Element(
        "image", version="0.0.3", w=str(document.extent.width), h=str(document.extent.height)
    )
    if document.dpi is not None:
        image.set("xres", str(round(document.dpi[0])))
        image.set("yres", str(round(document.dpi[1])))
    stack = ET.SubElement(image, "stack")
    for title, source, x, y in (  # the topmost first
        (name, "data/result.png", patch.region.x, patch.region.y),
        ("Original", "data/original.png", 0, 0),
    ):
        ET.SubElement(stack, "layer", name=title, src=source, x=str(x), y=str(y))
    data: bytes = ET.tostring(image, "UTF-8", xml_declaration=True)
    return data


def _writable(layer: Document) -> Document:
    """Return *layer* in RGB where it is 16-bit grey with alpha, which nothing here writes."""
    if layer.pixels.dtype == np.uint16 and layer.is_grey:
        return replace(layer, pixels=layer.pixels[..., [0, 0, 0, 1]])
    return layer


def _thumbnail(merged: Document) -> bytes:
    pixels = merged.pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels // 257).astype(np.uint8)
    image = replace(merged, pixels=pixels).image()
    image.thumbnail(_THUMBNAIL)
    file = BytesIO()
    image.save(file, "PNG", icc_profile=merged.profile)
    return file.getvalue()
