"""Documents of GIMP's own, layer by layer: GIMP takes them apart into files, and together again.

What is done in GIMP is layers_in_gimp.py. Into an .xcf file GIMP lays the styled layers as its
command does, so that all else of the document stays; an .ora file is written from the parts, and
what OpenRaster cannot hold is said.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from overpaint.errors import FileUnreadable, FileUnwritable, FormatUnsupported
from overpaint.files import png
from overpaint.files.document import Document
from overpaint.files.gimp import VARIABLE, find_console, run_script
from overpaint.files.layered import Styled, beside, put_aside, write_layered
from overpaint.files.save import put
from overpaint.geometry import Box, Extent
from overpaint.picture import Pixels
from overpaint.tree import NORMAL, Group, Layer, Node, Place, Tree, layers, with_layers

__all__ = ["ByGimp", "open_by_gimp"]

_SCRIPT = Path(__file__).with_name("layers_in_gimp.py")
_DEEP = "R'G'B'A float"
_DOCUMENT = "document.xcf"
_STYLED = "styled-"
_WHOLE = ""
_PARASITE, _PROVENANCE = "overpaint-recipe", "overpaint-provenance"  # as the shell names them
_TAGS = {
    "source_type": "Xmp.iptcExt.DigitalSourceType",
    "system": "Xmp.iptcExt.AISystemUsed",
    "model": "Xmp.iptcExt.AISystemVersionUsed",
}
"""What of a provenance the image's metadata say, under Exiv2's names, as in the shell."""

_REFUSALS = {
    "indexed": ("its colours are a palette's.", "Turn it into RGB first (Image > Mode > RGB)."),
    "floating": ("it has a floating selection.", "Anchor it or make it a layer first."),
}
_PASSING = "pass-through"
_MODES = {
    "normal": NORMAL,
    "multiply": "svg:multiply",
    "screen": "svg:screen",
    "overlay": "svg:overlay",
    "darken-only": "svg:darken",
    "lighten-only": "svg:lighten",
    "dodge": "svg:color-dodge",
    "burn": "svg:color-burn",
    "hardlight": "svg:hard-light",
    "softlight": "svg:soft-light",
    "difference": "svg:difference",
    "hsl-color": "svg:color",
    "hsv-value": "svg:luminosity",
    "hsv-hue": "svg:hue",
    "hsv-saturation": "svg:saturation",
    "addition": "svg:plus",
    "erase": "svg:dst-out",
    "split": "svg:dst-out",
}
"""GIMP's modes, and the nearest of OpenRaster's: the pairs of GIMP's own OpenRaster files."""
_LOOSE = frozenset({"hsv-value", "split"})
"""Modes whose nearest one is not the same."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What of a document GIMP told and the tree does not have: *forms* of the pixels by source,
    which layers are *masked*, and the sentences on what OpenRaster leaves behind.
    """

    forms: dict[str, str]
    masked: frozenset[str]
    losses: tuple[str, ...]


class ByGimp:
    """A document that GIMP has taken apart. State: *folder* has the parts, and what was made."""

    def __init__(self, folder: Path, console: list[str], told: dict[str, Any], out: Path) -> None:
        self._folder = folder
        self._console = console
        self._facts = _facts(told)
        self._in_gimp = out.suffix.lower() == ".xcf"
        self._styled: dict[tuple[int, ...], str] = {}
        self._told: dict[str, dict[str, Any]] = {}
        self._declared: dict[str, str] = {}
        self.tree = _tree(told)
        self._layers = {place.layer.source: place.layer for place in layers(self.tree)}

    @property
    def notices(self) -> Sequence[str]:
        return () if self._in_gimp else self._facts.losses

    def pixels(self, layer: Layer) -> Pixels:
        return self._raw(f"{layer.source}.raw", layer.box.extent, self._facts.forms[layer.source])

    def whole(self) -> Pixels:
        return self._raw("whole.raw", self.tree.extent, self._facts.forms[_WHOLE])

    def keep(self, place: Place, styled: Styled) -> None:
        source, provenance = place.layer.source, dict(styled.provenance)
        path = self._folder / f"{_STYLED}{source}.raw"
        put_aside(path, np.ascontiguousarray(styled.pixels).data)
        self._styled[place.path] = source
        about = json.dumps(provenance, ensure_ascii=False, sort_keys=True)
        self._told[source] = {
            "form": self._facts.forms[source],
            "parasites": {_PARASITE: styled.recipe, _PROVENANCE: about},
        }
        if provenance.get("source_type"):
            tags = {tag: provenance.get(key, "") for key, tag in _TAGS.items()}
            self._declared = {tag: value for tag, value in tags.items() if value}

    def save(self, out: Path, title: str) -> None:
        if self._in_gimp:
            self._lay_beside(title)
            written = self._folder / "written.xcf"
            put(out, lambda draft: shutil.copyfile(written, draft))
            return
        styled = {path: _inside(f"{_STYLED}{name}") for path, name in self._styled.items()}
        named = with_layers(
            self.tree.children, lambda _, layer: replace(layer, source=_inside(layer.source))
        )
        tree = beside(replace(self.tree, children=named), title, "Before", styled)
        put(out, lambda draft: write_layered(tree, self._png, draft))

    def _lay_beside(self, title: str) -> None:
        job = {
            "do": "beside",
            "document": _DOCUMENT,
            "title": title,
            "styled": self._told,
            "declared": self._declared,
        }
        if why := _run(self._console, self._folder, job, "written.xcf"):
            raise FileUnwritable(
                f"GIMP could not write the .xcf file: {why}.",
                "Save to .ora, which GIMP opens too; what was made is kept.",
            )

    def _png(self, path: str) -> bytes:
        """Return a layer as OpenRaster has it: the mask is in its alpha, floats have 16 bits."""
        name = Path(path).stem
        source = name.removeprefix(_STYLED)
        extent, form = self._layers[source].box.extent, self._facts.forms[source]
        pixels = self._raw(f"{name}.raw", extent, form)
        if source in self._facts.masked:
            alpha = pixels[..., 3] * self._mask(source, form)
            pixels[..., 3] = alpha if form == _DEEP else np.rint(alpha)
        if pixels.dtype == np.uint8:
            return png.write(Document(pixels))
        deep = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * np.float32(65535))
        return png.write(Document(deep.astype(np.uint16)))

    def _mask(self, source: str, form: str) -> npt.NDArray[np.float32]:
        extent = self._layers[source].box.extent
        path = self._folder / f"{source}.mask"
        if form == _DEEP:
            shows = np.fromfile(path, np.float32)
        else:
            shows = np.fromfile(path, np.uint8) * np.float32(1 / 255)
        return shows.reshape(extent.height, extent.width)

    def _raw(self, name: str, extent: Extent, form: str) -> Pixels:
        path, shape = self._folder / name, (extent.height, extent.width, 4)
        if form == _DEEP:
            return np.fromfile(path, np.float32).reshape(shape)
        return np.fromfile(path, np.uint8).reshape(shape)


@contextmanager
def open_by_gimp(path: Path, out: Path) -> Iterator[ByGimp]:
    """Have GIMP open the document at *path*, whose layers in a style are to be saved to *out*.

    Raises FormatUnsupported where there is no GIMP 3, or Overpaint does not take such a document,
    and FileUnreadable.
    """
    console = find_console()
    if console is None:
        raise FormatUnsupported(
            f"GIMP 3 opens .xcf files, and it is not to be found on this machine: {path.name}.",
            "Save the document as .ora, which Overpaint reads itself, or name GIMP's console "
            f"program in ${VARIABLE}.",
        )
    with tempfile.TemporaryDirectory(prefix="overpaint-") as temporary:
        folder = Path(temporary)
        try:
            shutil.copyfile(path, folder / _DOCUMENT)
        except OSError as error:
            raise FileUnreadable(
                f"{path} cannot be read: {error.strerror or error}.", "Check the name and the file."
            ) from error
        plain = out.suffix.lower() != ".xcf"
        job = {"do": "apart", "document": _DOCUMENT, "plain": plain}
        if why := _run(console, folder, job, "tree.json"):
            raise FileUnreadable(
                f"GIMP could not open {path.name}: {why}.", "See whether GIMP opens it by itself."
            )
        told = json.loads((folder / "tree.json").read_text("utf-8"))
        if told["refused"]:
            why, hint = _REFUSALS[told["refused"]]
            raise FormatUnsupported(f"{path.name}: {why}", hint)
        yield ByGimp(folder, console, told, out)


def _run(console: list[str], folder: Path, job: dict[str, Any], written: str) -> str:
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    # What is saved again refers to fonts and patterns; what is only read has its pixels.
    saves = job["do"] == "beside"
    return run_script(console, _SCRIPT, folder, written, resources=saves)


def _inside(name: str) -> str:
    """Return where an OpenRaster file has the layer of that name."""
    return f"data/{name}.png"


def _tree(told: dict[str, Any]) -> Tree:
    across, down = told["dpi"]
    return Tree(
        extent=Extent(*told["size"]),
        children=tuple(_node(each) for each in told["layers"]),
        dpi=(across, down) if across > 0 and down > 0 else None,
        more=(("version", "0.0.3"),),
    )


def _node(told: dict[str, Any]) -> Node:
    mode = _MODES.get(_modern(told["mode"]), NORMAL)
    common = {
        "name": told["name"],
        "opacity": min(1.0, max(0.0, told["opacity"])),
        "mode": mode,
        "visible": told["visible"],
        "locked": told["locked"],
    }
    if "children" not in told:
        box = Box(*told["offsets"], *told["size"])
        return Layer(box=box, source=str(told["number"]), **common)
    children = tuple(_node(each) for each in told["children"])
    return Group(children=children, isolated=told["mode"] != _PASSING, **common)


def _modern(mode: str) -> str:
    return mode.removesuffix("-legacy")


def _facts(told: dict[str, Any]) -> _Facts:
    items = list(_items(told["layers"]))
    leaves = [each for each in items if "children" not in each]
    forms = {str(each["number"]): each["form"] for each in leaves}
    return _Facts(
        forms={**forms, _WHOLE: told["form"]},
        masked=frozenset(str(each["number"]) for each in leaves if each["masked"]),
        losses=tuple(_losses(items, srgb=told["srgb"], deep=_DEEP in forms.values())),
    )


def _items(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _items(node.get("children", ()))


def _losses(items: Sequence[dict[str, Any]], *, srgb: bool, deep: bool) -> Iterator[str]:
    """Yield what OpenRaster cannot hold of a document, as sentences."""

    def names(found: Iterable[dict[str, Any]]) -> str:
        return ", ".join(each["name"] for each in found)

    leaves = [each for each in items if "children" not in each]
    groups = [each for each in items if "children" in each]
    if masked := names(each for each in leaves if each["masked"]):
        yield f"OpenRaster has no layer masks; they are applied: {masked}."
    if masked := names(each for each in groups if each["masked"]):
        yield f"OpenRaster has no masks of groups; they are left out: {masked}."
    if drawn := names(each for each in leaves if each["drawn"]):
        yield f"Text, links and paths become pixels: {drawn}."
    if filtered := names(each for each in leaves if each["filters"]):
        yield f"Filters are applied to their layers: {filtered}."
    if filtered := names(each for each in groups if each["filters"]):
        yield f"OpenRaster has no filters of groups; they are left out: {filtered}."
    loose = [each for each in items if _modern(each["mode"]) not in {*_MODES, _PASSING} - _LOOSE]
    if loose:
        said = ", ".join(f"{each['name']} ({each['mode']})" for each in loose)
        yield f"OpenRaster has other modes than GIMP; these layers look different: {said}."
    if not srgb:
        yield "The colours were converted to sRGB."
    if deep:
        yield "OpenRaster has 16 bits for deeper layers, and no colours beyond sRGB."
