"""OpenRaster files with all their layers: read as a tree, saved again with a new group beside.

The specification: https://www.openraster.org/baseline/layer-stack-spec.html. OpenRaster has no
layer masks: what writes it applies them to the alpha, so that there are none to keep.
"""

import math
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from overpaint.errors import FileUnreadable, FileUnwritable, FormatUnsupported
from overpaint.files import png
from overpaint.files.document import Document
from overpaint.files.flatten import Floats, flatten
from overpaint.files.load import load_file
from overpaint.files.openraster import add_file, thumbnail
from overpaint.files.save import put
from overpaint.geometry import Box, Extent
from overpaint.picture import Patch, Pixels
from overpaint.tree import NORMAL, Attributes, Group, Layer, Node, Place, Tree, with_layers

__all__ = [
    "Layered",
    "LayersFile",
    "Styled",
    "beside",
    "open_layered",
    "put_aside",
    "write_layered",
]

_MAX_LAYERS = 5000
_MAX_STACK = 8 << 20
_CONTROL = dict.fromkeys(range(32), " ")
_HINT = "Save it again from the program that made it."


class Styled(NamedTuple):
    """A layer's new *pixels*, RGBA of its size; its *recipe* as JSON, and who made it."""

    pixels: Pixels
    recipe: str
    provenance: Mapping[str, Any]


class LayersFile(Protocol):
    """A document whose layers are given a style, whatever kind of file it is in."""

    tree: Tree

    @property
    def notices(self) -> Sequence[str]:
        """What will be lost of the document, as sentences."""
        ...

    def pixels(self, layer: Layer) -> Pixels:
        """Return a layer's own pixels, RGBA; raises FileUnreadable."""
        ...

    def whole(self) -> Pixels:
        """Return the document as one picture, RGBA."""
        ...

    def keep(self, place: Place, styled: Styled) -> None:
        """Put a layer's new pixels aside."""
        ...

    def save(self, out: Path, title: str) -> None:
        """Write the document with a new group of that *title*, which has what was put aside, beside
        the old layers, hidden; whole or not at all. Raises FileUnwritable.
        """
        ...


class Layered:
    """An OpenRaster file, open for reading: its *tree*, and pixels when they are asked for.

    State: new pixels, in *folder*, by where the file will have them.
    """

    notices: Sequence[str] = ()

    def __init__(self, archive: zipfile.ZipFile, folder: Path) -> None:
        self._archive = archive
        self._folder = folder
        self._files: dict[str, Path] = {}
        self._styled: dict[tuple[int, ...], str] = {}
        self.tree = _read_stack(archive)

    def pixels(self, layer: Layer) -> Pixels:
        return _whole(self._document(layer))

    def whole(self) -> Pixels:
        # Mixed by ourselves: files may bring an old one.
        return _whole(_flattened(self.tree, self._document))

    def keep(self, place: Place, styled: Styled) -> None:
        document = self._document(place.layer)
        mask = np.full(styled.pixels.shape[:2], 255, np.uint8)
        patch = Patch(document.extent.box, styled.pixels, mask)
        number = len(self._files)
        source, path = self._unused(f"data/styled-{number}.png"), self._folder / f"{number}.png"
        put_aside(path, png.write(document.with_layer(patch)))
        self._styled[place.path] = source
        self._files[source] = path

    def save(self, out: Path, title: str) -> None:
        tree = beside(self.tree, title, "Before", self._styled)
        put(out, lambda draft: write_layered(tree, self._data, draft))

    def _document(self, layer: Layer) -> Document:
        return load_file(BytesIO(self._raw(layer.source)), layer.source)

    def _unused(self, source: str) -> str:
        """Return *source*, or a name like it that the file does not use yet."""
        taken, stem = set(self._archive.namelist()), source.removesuffix(".png")
        names = (f"{stem}-{number}.png" for number in count(2))
        return source if source not in taken else next(each for each in names if each not in taken)

    def _data(self, source: str) -> bytes:
        new = self._files.get(source)
        return self._raw(source) if new is None else new.read_bytes()

    def _raw(self, source: str) -> bytes:
        """Return a file inside as it is stored."""
        try:
            return self._archive.read(source)
        except (KeyError, zipfile.BadZipFile) as error:
            raise FileUnreadable(f"it lacks {source!r}, or that is damaged.", _HINT) from error


@contextmanager
def open_layered(path: Path) -> Iterator[Layered]:
    """Open the OpenRaster file at *path*; raises FileUnreadable and FormatUnsupported."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            yield Layered(archive, Path(folder))
    except zipfile.BadZipFile as error:
        raise FormatUnsupported(
            f"{path} is not an OpenRaster file.", "Layer by layer works on .ora and .xcf files."
        ) from error
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror or error}.", "Check the name and the file."
        ) from error


def put_aside(path: Path, data: bytes | memoryview) -> None:
    """Write a part of a document that is not saved yet; raises FileUnwritable."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FileUnwritable(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room, or name another folder for temporary files in TMPDIR.",
        ) from error


def beside(tree: Tree, name: str, old: str, styled: Mapping[tuple[int, ...], str]) -> Tree:
    """Return *tree* with a new group above one that holds all it had, which is hidden.

    The new group repeats the whole tree; *styled* says where the layers that were made anew have
    their pixels, by their paths.
    """
    new = with_layers(
        tree.children,
        lambda path, layer: replace(layer, source=styled.get(path, layer.source)),
    )
    above = Group(name=name, children=new, isolated=True)
    below = Group(name=old, children=_unchosen(tree.children), isolated=True, visible=False)
    return replace(tree, children=(above, below))


def write_layered(tree: Tree, data: Callable[[str], bytes], file: Path | BinaryIO) -> None:
    """Write *tree* to *file*; *data* returns the PNG files of its layers, by their sources."""

    def document(layer: Layer) -> Document:
        return load_file(BytesIO(data(layer.source)), layer.source)

    merged = _flattened(tree, document)
    with zipfile.ZipFile(file, "w") as archive:
        add_file(archive, "mimetype", b"image/openraster")
        add_file(archive, "stack.xml", _stack(tree))
        for source in dict.fromkeys(_sources(tree.children)):
            add_file(archive, source, data(source))
        add_file(archive, "mergedimage.png", png.write(merged))
        add_file(archive, "Thumbnails/thumbnail.png", thumbnail(merged))


def _whole(document: Document) -> Pixels:
    box = document.extent.box
    return document.source(box, np.full((box.height, box.width), 255, np.uint8)).pixels


def _unchosen(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return *nodes* without a mark that one of them is the active one: the new group has it."""
    unmarked = []
    for node in nodes:
        kept = replace(node, more=tuple(each for each in node.more if each[0] != "selected"))
        if isinstance(kept, Group):
            kept = replace(kept, children=_unchosen(kept.children))
        unmarked.append(kept)
    return tuple(unmarked)


def _sources(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Layer):
            yield node.source
        else:
            yield from _sources(node.children)


def _flattened(tree: Tree, document: Callable[[Layer], Document]) -> Document:
    deep = False
    profile: bytes | None = None

    def read(layer: Layer) -> Floats:
        nonlocal deep, profile
        found = document(layer)
        deep = deep or found.pixels.dtype == np.uint16
        profile = profile or found.profile
        return _as_floats(found)

    picture = flatten(tree, read)
    white, dtype = (65535, np.uint16) if deep else (255, np.uint8)
    numbers = np.rint(np.clip(picture, 0, 1) * np.float32(white)).astype(dtype)
    dpi = None if tree.dpi is None else (float(tree.dpi[0]), float(tree.dpi[1]))
    return Document(numbers, profile, dpi)


def _as_floats(document: Document) -> Floats:
    pixels = document.pixels
    height, width = pixels.shape[:2]
    floats = np.ones((height, width, 4), np.float32)
    colours = pixels[..., :-1] if document.has_alpha else pixels
    floats[..., :3] = colours
    floats[..., :3] *= np.float32(1 / document.white)
    if document.has_alpha:
        floats[..., 3] = pixels[..., -1] * np.float32(1 / document.white)
    return floats


# Reading


def _read_stack(archive: zipfile.ZipFile) -> Tree:
    try:
        if archive.getinfo("stack.xml").file_size > _MAX_STACK:
            raise FormatUnsupported("its stack.xml is too large.", _HINT)
        data = archive.read("stack.xml")
        if b"<!DOCTYPE" in data:  # nothing writes one, and entities could grow without end
            raise FormatUnsupported("its stack.xml declares a type of its own.", _HINT)
        image = ET.fromstring(data)  # noqa: S314, no entities without a DOCTYPE
        root = image.find("stack")
        if image.tag != "image" or root is None:
            raise FormatUnsupported("its stack.xml holds no stack.", _HINT)
        extent = Extent(int(image.get("w", "")), int(image.get("h", "")))
        counted = sum(1 for _ in image.iter("layer"))
        if counted > _MAX_LAYERS:
            raise FormatUnsupported(f"it has {counted} layers.", f"{_MAX_LAYERS} are the most.")
        dpi = None
        if image.get("xres") and image.get("yres"):
            dpi = int(image.get("xres", "")), int(image.get("yres", ""))
        more = _others(image, ("w", "h", "xres", "yres"))
        return Tree(extent=extent, children=_children(root, archive), dpi=dpi, more=more)
    except (KeyError, ValueError, ET.ParseError) as error:
        raise FileUnreadable(f"its layers cannot be read ({error}).", _HINT) from error


def _children(stack: ET.Element, archive: zipfile.ZipFile) -> tuple[Node, ...]:
    found: list[Node] = []
    for element in stack:
        if element.tag == "stack":
            found.append(_group(element, archive))
        elif element.tag == "layer" and element.get("src", "").lower().endswith(".png"):
            found.append(_layer(element, archive))
        else:
            raise FormatUnsupported(
                f"it holds a {element.tag!r} that is no picture.",
                "Turn it into a layer of pixels first.",
            )
    return tuple(found)


def _group(element: ET.Element, archive: zipfile.ZipFile) -> Group:
    known = (*_COMMON, "isolation")
    return Group(
        name=element.get("name", ""),
        children=_children(element, archive),
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
    try:
        with archive.open(source) as file, Image.open(file, formats=["PNG"]) as picture:
            size = picture.size
    except OSError as error:
        raise FileUnreadable(f"its layer {source!r} is no PNG.", _HINT) from error
    return Layer(
        name=element.get("name", ""),
        box=Box(int(element.get("x", "0")), int(element.get("y", "0")), *size),
        source=source,
        opacity=_opacity(element),
        mode=element.get("composite-op", NORMAL),
        visible=element.get("visibility", "visible") != "hidden",
        locked=element.get("edit-locked") == "true",
        more=_others(element, (*_COMMON, "src", "x", "y")),
    )


def _opacity(element: ET.Element) -> float:
    opacity = float(element.get("opacity", "1"))
    if not math.isfinite(opacity):
        raise ValueError(f"an opacity of {opacity}")
    return min(1.0, max(0.0, opacity))


def _others(element: ET.Element, known: tuple[str, ...]) -> Attributes:
    return tuple((name, value) for name, value in element.items() if name not in known)


# Writing


def _stack(tree: Tree) -> bytes:
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
        # XML, and so OpenRaster, cannot hold control characters.
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
