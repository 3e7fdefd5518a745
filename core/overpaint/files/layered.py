"""OpenRaster files with all their layers: read as a tree, saved again with a new group beside.

The specification: https://www.openraster.org/baseline/layer-stack-spec.html. OpenRaster has no
layer masks: what writes it applies them to the alpha, so that there are none to keep.
"""

import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np

from overpaint.errors import FileProblem, FileUnreadable, FileUnwritable, FormatUnsupported
from overpaint.files import png
from overpaint.files.document import Document
from overpaint.files.flatten import Floats, flatten
from overpaint.files.load import load_file
from overpaint.files.openraster import add_file, thumbnail
from overpaint.files.save import put
from overpaint.files.stack import HINT, UNREADABLE, is_grey, read_stack, stack
from overpaint.picture import Patch, Pixels
from overpaint.tree import Group, Layer, Node, Place, Tree, with_layers

__all__ = [
    "Layered",
    "LayersFile",
    "Styled",
    "beside",
    "open_layered",
    "put_aside",
    "write_layered",
]

_WRITTEN = ("mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png")


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
        """Return the document as one picture, RGBA; where all of it is hidden, as it would be."""
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

    def __init__(self, archive: zipfile.ZipFile, folder: Path, name: str) -> None:
        self._archive = archive
        self._name = name
        self._folder = folder
        self._files: dict[str, Path] = {}
        self._styled: dict[tuple[int, ...], str] = {}
        self.tree = read_stack(archive)
        self._is_grey = all(is_grey(archive, each) for each in _sources(self.tree.children))

    def pixels(self, layer: Layer) -> Pixels:
        return _whole(self._document(layer))

    def whole(self) -> Pixels:
        # Mixed by ourselves: files may bring an old one.
        tree, nodes = self.tree, self.tree.children
        if not any(each.visible for each in nodes):  # nothing lends nothing a look
            tree = replace(tree, children=tuple(replace(each, visible=True) for each in nodes))
        return _whole(_flattened(tree, self._document))

    def keep(self, place: Place, styled: Styled) -> None:
        document = self._document(place.layer)
        if document.is_grey and not self._is_grey:
            # To save space, programs write grey what only happens to be: its style has colours.
            document = _in_colour(document)
        mask = np.full(styled.pixels.shape[:2], 255, np.uint8)
        patch = Patch(document.extent.box, styled.pixels, mask)
        number = len(self._files)
        source, path = self._unused(f"data/styled-{number}.png"), self._folder / f"{number}.png"
        put_aside(path, png.write(document.with_layer(patch)))
        self._styled[place.path] = source
        self._files[source] = path

    def save(self, out: Path, title: str) -> None:
        names = dict.fromkeys(self._archive.namelist())
        tree = beside(self.tree, title, "Before", self._styled, names)
        drawn = {*_sources(self.tree.children), *_WRITTEN}
        others = [each for each in names if each not in drawn and not each.endswith("/")]
        put(out, lambda draft: write_layered(tree, self._data, draft, others))

    def _document(self, layer: Layer) -> Document:
        data = BytesIO(self._raw(layer.source))
        return load_file(data, f"{self._name}: its layer {layer.name!r} ({layer.source})")

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
        except UNREADABLE as error:
            raise FileUnreadable(
                f"{self._name}: it lacks {source!r}, or that is damaged.", HINT
            ) from error


@contextmanager
def open_layered(path: Path) -> Iterator[Layered]:
    """Open the OpenRaster file at *path*; raises FileUnreadable and FormatUnsupported."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            opened = Layered(archive, Path(folder), path.name)
        except FileProblem as error:
            raise type(error)(f"{path.name}: {error.sentence}", error.hint) from error
        except zipfile.BadZipFile as error:
            raise FormatUnsupported(
                f"{path} is not an OpenRaster file.", "Layer by layer works on .ora and .xcf files."
            ) from error
        except OSError as error:
            raise FileUnreadable(
                f"{path} cannot be read: {error.strerror or error}.", "Check the name and the file."
            ) from error
        yield opened


def put_aside(path: Path, data: bytes | memoryview) -> None:
    """Write a part of a document that is not saved yet; raises FileUnwritable."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FileUnwritable(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room, or name another folder for temporary files in TMPDIR.",
        ) from error


def beside(
    tree: Tree,
    name: str,
    old: str,
    styled: Mapping[tuple[int, ...], str],
    files: Collection[str] = (),
) -> Tree:
    """Return *tree* with a new group above one that holds all it had, which is hidden.

    The new group repeats the whole tree; *styled* says where the layers that were made anew have
    their pixels, by their paths. What else they say of a layer's pixels is in other *files*, as
    MyPaint has its strokes and its background's tile, and no longer true of these.
    """

    def changed(path: tuple[int, ...], layer: Layer) -> Layer:
        source = styled.get(path)
        if source is None:
            return layer
        kept = tuple(each for each in layer.more if each[1] not in files)
        return replace(layer, source=source, more=kept)

    new = with_layers(tree.children, changed)
    above = Group(name=name, children=new, isolated=True)
    below = Group(name=old, children=_unchosen(tree.children), isolated=True, visible=False)
    return replace(tree, children=(above, below))


def write_layered(
    tree: Tree,
    data: Callable[[str], bytes],
    file: Path | BinaryIO,
    others: Iterable[str] = (),
) -> None:
    """Write *tree* to *file*; *data* returns the PNG files of its layers, by their sources, and
    *others* that come along.
    """

    def document(layer: Layer) -> Document:
        return load_file(BytesIO(data(layer.source)), layer.source)

    merged = _flattened(tree, document)
    with zipfile.ZipFile(file, "w") as archive:
        add_file(archive, "mimetype", b"image/openraster")
        add_file(archive, "stack.xml", stack(tree))
        for source in dict.fromkeys(_sources(tree.children)):
            add_file(archive, source, data(source))
        for name in others:
            add_file(archive, name, data(name))
        add_file(archive, "mergedimage.png", png.write(merged))
        add_file(archive, "Thumbnails/thumbnail.png", thumbnail(merged))


def _whole(document: Document) -> Pixels:
    box = document.extent.box
    return document.source(box, np.full((box.height, box.width), 255, np.uint8)).pixels


def _in_colour(document: Document) -> Document:
    """Return a grey document as sRGB; a profile of grey has no colours."""
    alpha = [1] if document.has_alpha else []
    return replace(document, pixels=document.pixels[..., [0, 0, 0, *alpha]], profile=None)


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
