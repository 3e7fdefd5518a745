"""OpenRaster's stack.xml: a tree of layers read from it, and written again.

The specification: https://www.openraster.org/baseline/layer-stack-spec.html
"""

import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from overpaint.errors import FileUnreadable, FormatUnsupported
from overpaint.files.load import MAX_PIXELS
from overpaint.geometry import Box, Extent
from overpaint.tree import NORMAL, Attributes, Group, Layer, Node, Tree

__all__ = ["HINT", "UNREADABLE", "is_grey", "read_stack", "stack"]

HINT = "Save it again from the program that made it."
UNREADABLE = (KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
"""What zipfile raises where a file is missing, encrypted, packed in a way it does not know, or
damaged.
"""

_MAX_LAYERS = 5000
_MAX_STACK = 8 << 20
_MAX_DEPTH = 100
"""Of groups in groups; recursion over them ends somewhere, and nobody draws so."""
_CONTROL = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF} - {ord(each) for each in "\t\n\r"}, " ")
"""What XML, and so OpenRaster, cannot hold."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_START = struct.Struct(">8s8xIIxB")
_GREY = (0, 4)
"""PNG's colour types without colours."""


def read_stack(archive: zipfile.ZipFile) -> Tree:
    """Return the tree of an open file; raises FileUnreadable and FormatUnsupported."""
    try:
        if archive.getinfo("stack.xml").file_size > _MAX_STACK:
            raise FormatUnsupported("its stack.xml is too large.", HINT)
        data = archive.read("stack.xml")
        if b"<!DOCTYPE" in data:  # nothing writes one, and entities could grow without end
            raise FormatUnsupported("its stack.xml declares a type of its own.", HINT)
        image = ET.fromstring(data)  # noqa: S314, no entities without a DOCTYPE
        root = image.find("stack")
        if image.tag != "image" or root is None:
            raise FormatUnsupported("its stack.xml holds no stack.", HINT)
        extent = Extent(int(image.get("w", "")), int(image.get("h", "")))
        _refuse_large(extent, "the picture")
        counted = sum(1 for _ in image.iter("layer"))
        if not 0 < counted <= _MAX_LAYERS:
            raise FormatUnsupported(f"it has {counted} layers.", f"1 to {_MAX_LAYERS} can be.")
        dpi = None
        if image.get("xres") and image.get("yres"):
            dpi = int(image.get("xres", "")), int(image.get("yres", ""))
        more = _others(image, ("w", "h", "xres", "yres"))
        return Tree(extent=extent, children=_children(root, archive, 0), dpi=dpi, more=more)
    except (*UNREADABLE, ValueError, ET.ParseError) as error:
        raise FileUnreadable(f"its layers cannot be read ({error}).", HINT) from error


def _refuse_large(extent: Extent, what: str) -> None:
    if extent.width * extent.height > MAX_PIXELS:
        raise FormatUnsupported(
            f"{what} has {extent.width}x{extent.height} pixels.",
            f"{MAX_PIXELS // 1_000_000} megapixels are the most.",
        )


def _children(stack: ET.Element, archive: zipfile.ZipFile, depth: int) -> tuple[Node, ...]:
    if depth > _MAX_DEPTH:
        raise FormatUnsupported("its groups are nested too deep.", f"{_MAX_DEPTH} are the most.")
    found: list[Node] = []
    for element in stack:
        if element.tag == "stack":
            found.append(_group(element, archive, depth + 1))
        elif element.tag == "layer" and element.get("src", "").lower().endswith(".png"):
            found.append(_layer(element, archive))
        else:
            raise FormatUnsupported(
                f"{element.get('name', '')!r} in it is a {element.tag} that is no picture.",
                "Turn it into a layer of pixels first.",
            )
    return tuple(found)


def _group(element: ET.Element, archive: zipfile.ZipFile, depth: int) -> Group:
    known = (*_COMMON, "isolation")
    return Group(
        name=element.get("name", ""),
        children=_children(element, archive, depth),
        opacity=_opacity(element),
        mode=element.get("composite-op", NORMAL),
        visible=element.get("visibility", "visible") != "hidden",
        locked=element.get("edit-locked") == "true",
        isolated=element.get("isolation", "auto") == "isolate",
        more=_others(element, known),
    )


_COMMON = ("name", "opacity", "composite-op", "visibility", "edit-locked")


def _layer(element: ET.Element, archive: zipfile.ZipFile) -> Layer:
    source = element.get("src", "")
    size, _kind = _header(archive, source)
    return Layer(
        name=element.get("name", ""),
        box=Box(int(element.get("x", "0")), int(element.get("y", "0")), size.width, size.height),
        source=source,
        opacity=_opacity(element),
        mode=element.get("composite-op", NORMAL),
        visible=element.get("visibility", "visible") != "hidden",
        locked=element.get("edit-locked") == "true",
        more=_others(element, (*_COMMON, "src", "x", "y")),
    )


def _header(archive: zipfile.ZipFile, source: str) -> tuple[Extent, int]:
    """Return a PNG file's size and its colour type."""
    with archive.open(source) as file:
        start = file.read(_PNG_START.size)
    if len(start) < _PNG_START.size or not start.startswith(_PNG):
        raise FileUnreadable(f"its layer {source!r} is no PNG.", HINT)
    _signature, width, height, kind = _PNG_START.unpack(start)
    extent = Extent(width, height)
    _refuse_large(extent, f"its layer {source!r}")
    return extent, kind


def is_grey(archive: zipfile.ZipFile, source: str) -> bool:
    """Whether a layer's file has no colours."""
    return _header(archive, source)[1] in _GREY


def _opacity(element: ET.Element) -> float:
    opacity = float(element.get("opacity", "1"))
    if not math.isfinite(opacity):
        raise ValueError(f"an opacity of {opacity}")
    return min(1.0, max(0.0, opacity))


def _others(element: ET.Element, known: tuple[str, ...]) -> Attributes:
    return tuple((name, value) for name, value in element.items() if name not in known)


def stack(tree: Tree) -> bytes:
    """Return the stack.xml of *tree*."""
    image = ET.Element("image", {"w": str(tree.extent.width), "h": str(tree.extent.height)})
    if tree.dpi is not None:
        image.set("xres", str(tree.dpi[0]))
        image.set("yres", str(tree.dpi[1]))
    for name, value in tree.more:
        image.set(name, value)
    _append(ET.SubElement(image, "stack"), tree.children)
    data: bytes = ET.tostring(image, "UTF-8", xml_declaration=True)
    return data


def _append(stack: ET.Element, nodes: Iterable[Node]) -> None:
    for node in nodes:
        kind = "layer" if isinstance(node, Layer) else "stack"
        element = ET.SubElement(stack, kind, name=node.name.translate(_CONTROL))
        if isinstance(node, Layer):
            element.set("src", node.source)
            element.set("x", str(node.box.x))
            element.set("y", str(node.box.y))
        else:
            element.set("isolation", "isolate" if node.isolated else "auto")
        element.set("opacity", repr(node.opacity))
        element.set("visibility", "visible" if node.visible else "hidden")
        element.set("composite-op", node.mode)
        if node.locked:
            element.set("edit-locked", "true")
        for name, value in node.more:
            element.set(name, value)
        if isinstance(node, Group):
            _append(element, node.children)
