"""Runs in GIMP's own Python: takes a document apart into files, or lays styled layers into it.

Nobody imports it: by_gimp.py copies it to a folder with job.json and the document. Standard library
and gi only, as in plugin/. What `beside` does is what the command Transfer Style to Layers does.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp, Gio  # noqa: E402, after the versions

__all__ = ["apart", "beside"]

EIGHT_BITS, DEEP = "R'G'B'A u8", "R'G'B'A float"
BYTES = {EIGHT_BITS: 4, DEEP: 16, "Y u8": 1, "Y float": 4}
AS_STORED = ("Y' u8", "Y'A u8", "R'G'B' u8", "R'G'B'A u8")
SRGB = ("sRGB", "space-gray-sRGB")
LINEAR_SRGB = ("scRGB", "space-gray-linear")
PERSISTENT = 1
GROUP = "overpaint-group"
"""The parasite that the command in GIMP gives its group, by which it finds it."""
DRAWN = ("is_text_layer", "is_link_layer", "is_vector_layer")
"""What tells layers whose pixels GIMP draws itself; 3.0 knows the first only."""
KEPT = ("blend_space", "composite_space", "composite_mode")
OWN_PARASITES = "gimp-"
"""What those begin with in which GIMP says what it draws."""
QUIETLY = Gimp.RunMode.NONINTERACTIVE
ROWS = 512
"""Of a layer that are in memory at a time."""


def apart(folder: Path, job: dict[str, Any]) -> None:
    """Write tree.json, and pixels: whole.raw, N.raw for each layer, N.mask for those masked.

    With job["plain"] what GIMP adds to a layer while it shows it is made part of its pixels.
    """
    image = Gimp.file_load(QUIETLY, _file(folder, job["document"]))
    told: dict[str, Any] = {"refused": _refused(image)}
    if not told["refused"]:
        dpi = image.get_resolution()[-2:]
        told["size"] = [image.get_width(), image.get_height()]
        told["dpi"] = [round(each) for each in dpi]
        told["srgb"] = _space(image) in (*SRGB, *LINEAR_SRGB)
        told["layers"] = _nodes(image, image.get_layers(), folder, _numbers(), job["plain"])
        _show_layers(image.get_layers())
        if not any(item.get_visible() for item in image.get_layers()):
            for item in image.get_layers():
                _set_visible(item, visible=True)
        shown = Gimp.Layer.new_from_visible(image, image, "Overpaint")
        told["form"] = _form(image, shown)
        _write(folder / "whole.raw", shown, told["form"])
        shown.delete()
    (folder / "tree.json").write_text(json.dumps(told), "utf-8")
    image.delete()


def _refused(image: Any) -> str:
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        return "indexed"
    return "floating" if image.get_floating_sel() is not None else ""


def _numbers() -> list[int]:
    return [0]


def _nodes(
    image: Any, items: Any, folder: Path, last: list[int], plain: bool
) -> list[dict[str, Any]]:
    """Return what is to be known of *items*; *last* holds the number of the layer before."""
    found = []
    for item in items:
        filters = len(item.get_filters())
        if plain and filters and not item.is_group():
            item.merge_filters()  # which may make it larger, as a shadow does
        mask = item.get_mask()
        about = {
            "name": item.get_name(),
            "opacity": item.get_opacity() / 100,
            "mode": item.get_mode().value_nick,
            "visible": item.get_visible(),
            "locked": item.get_lock_content(),
            "offsets": list(item.get_offsets())[-2:],
            "size": [item.get_width(), item.get_height()],
            "masked": mask is not None and item.get_apply_mask(),
            "filters": filters,
        }
        if item.is_group():
            about["children"] = _nodes(image, item.get_children(), folder, last, plain)
            found.append(about)
            continue
        last[0] += 1
        about["number"] = last[0]
        about["drawn"] = _is_drawn(item)
        about["form"] = form = _form(image, item)
        _write(folder / f"{last[0]}.raw", item, form)
        if about["masked"]:
            _write(folder / f"{last[0]}.mask", mask, "Y u8" if form == EIGHT_BITS else "Y float")
        found.append(about)
    return found


def _show_layers(items: Any) -> None:
    """Show layers where their masks are shown: the style would be that of another picture."""
    for item in items:
        if item.get_mask() is not None and item.get_show_mask():
            item.set_show_mask(False)
        if item.is_group():
            _show_layers(item.get_children())


def beside(folder: Path, job: dict[str, Any]) -> None:
    """Write written.xcf: a new group with copies of all layers, job["styled"] of them with the
    pixels of styled-N.raw, above the old ones, which are hidden.
    """
    image = Gimp.file_load(QUIETLY, _file(folder, job["document"]))
    image.undo_disable()
    roots = image.get_layers()
    group = Gimp.GroupLayer.new(image, job["title"])
    image.insert_layer(group, None, 0)
    group.attach_parasite(Gimp.Parasite.new(GROUP, PERSISTENT, list(b"layers")))
    number = 0
    for position, root in enumerate(roots):
        copy = root.copy()
        image.insert_layer(copy, group, position)
        for old, new in list(_pairs(root, copy)):
            new.set_name(old.get_name())  # a copy is called "... copy"
            if new.is_group():
                continue
            number += 1
            told = job["styled"].get(str(number))
            if told is not None:
                _style(folder / f"styled-{number}.raw", _plain(image, new), told)
    for root in roots:
        _set_visible(root, visible=False)
    _declare(image, job["declared"])
    Gimp.file_save(QUIETLY, image, _file(folder, "written.xcf"), None)
    image.delete()


def _set_visible(item: Any, *, visible: bool) -> None:
    """Show or hide *item*: where its visibility is locked, GIMP would leave it without a word."""
    locked = item.get_lock_visibility()
    item.set_lock_visibility(False)
    item.set_visible(visible)
    item.set_lock_visibility(locked)


def _pairs(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    yield old, new
    if old.is_group():
        for below, copied in zip(old.get_children(), new.get_children()):  # noqa: B905, Python 3.9
            yield from _pairs(below, copied)


def _style(path: Path, layer: Any, told: dict[str, Any]) -> None:
    _read(path, layer, told["form"])
    for name, text in told["parasites"].items():
        # Its bytes are gint8 to PyGObject.
        data = [byte - 256 if byte > 127 else byte for byte in text.encode("utf-8")]
        layer.attach_parasite(Gimp.Parasite.new(name, PERSISTENT, data))


def _plain(image: Any, layer: Any) -> Any:
    """Return *layer* where its pixels are its own; where GIMP draws them, make them its own.

    As in shell/layers.py, where it says why.
    """
    if not _is_drawn(layer):
        return layer
    if (hasattr(layer, "rasterize") and layer.rasterize()) or layer.get_filters():
        return layer
    width, height = layer.get_width(), layer.get_height()
    plain = Gimp.Layer.new(
        image,
        layer.get_name(),
        width,
        height,
        layer.type(),
        layer.get_opacity(),
        Gimp.LayerMode.NORMAL,
    )
    plain.set_mode(layer.get_mode())
    plain.set_offsets(*list(layer.get_offsets())[-2:])
    plain.set_visible(layer.get_visible())
    plain.set_lock_alpha(layer.get_lock_alpha())
    plain.set_color_tag(layer.get_color_tag())
    for name in KEPT:
        getattr(plain, f"set_{name}")(getattr(layer, f"get_{name}")())
    parent = layer.get_parent()
    image.insert_layer(plain, parent, image.get_item_position(layer))
    mask = layer.get_mask()
    if mask is not None:
        copied = plain.create_mask(Gimp.AddMaskType.WHITE)
        plain.add_mask(copied)
        stored = Babl.get_name(mask.get_format())
        size = Gegl.Rectangle.new(0, 0, width, height)
        data = mask.get_buffer().get(size, 1.0, stored, Gegl.AbyssPolicy.NONE)
        buffer = copied.get_buffer()
        buffer.set(size, stored, data)
        buffer.flush()
        copied.update(0, 0, width, height)
        plain.set_apply_mask(layer.get_apply_mask())
        plain.set_edit_mask(layer.get_edit_mask())
        plain.set_show_mask(layer.get_show_mask())
    for parasite in layer.get_parasite_list():
        if not parasite.startswith(OWN_PARASITES):
            plain.attach_parasite(layer.get_parasite(parasite))
    plain.set_lock_position(layer.get_lock_position())
    plain.set_lock_visibility(layer.get_lock_visibility())
    name = layer.get_name()
    image.remove_layer(layer)
    plain.set_name(name)
    return plain


def _declare(image: Any, tags: dict[str, str]) -> None:
    """Say *tags* in the image's metadata; what is said already stays."""
    if not tags:
        return
    stored = image.get_metadata()
    # GExiv2, the library behind them, speaks to Python only where its typelib is installed as well.
    text = "<metadata/>" if stored is None else stored.serialize()
    tree = ET.fromstring(text)  # noqa: S314, GIMP wrote it
    known = {tag.get("name") for tag in tree.iter("tag") if tag.text}
    for name, value in tags.items():
        if name not in known:
            ET.SubElement(tree, "tag", name=name).text = value
    image.set_metadata(Gimp.Metadata.deserialize(ET.tostring(tree, encoding="unicode")))


def _is_drawn(layer: Any) -> bool:
    return any(hasattr(layer, name) and getattr(layer, name)() for name in DRAWN)


def _form(image: Any, layer: Any) -> str:
    """Return the format in which a layer's pixels go to files: in 8 bits what is 8-bit sRGB."""
    stored = Babl.format_get_encoding(layer.get_format())
    return EIGHT_BITS if stored in AS_STORED and _space(image) in SRGB else DEEP


def _space(image: Any) -> str:
    profile = image.get_effective_color_profile()
    space = profile.get_space(Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC)
    return str(Babl.get_name(space))


def _strips(drawable: Any) -> Iterator[Any]:
    width, height = drawable.get_width(), drawable.get_height()
    for top in range(0, height, ROWS):
        yield Gegl.Rectangle.new(0, top, width, min(ROWS, height - top))


def _write(path: Path, drawable: Any, form: str) -> None:
    buffer = drawable.get_buffer()
    with path.open("wb") as file:
        for strip in _strips(drawable):
            file.write(bytes(buffer.get(strip, 1.0, form, Gegl.AbyssPolicy.NONE)))


def _read(path: Path, drawable: Any, form: str) -> None:
    buffer = drawable.get_buffer()
    with path.open("rb") as file:
        for strip in _strips(drawable):
            buffer.set(strip, form, file.read(strip.width * strip.height * BYTES[form]))
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def _file(folder: Path, name: str) -> Gio.File:
    return Gio.File.new_for_path(str(folder / name))


if __name__ == "__main__":
    here = Path(__file__).parent
    try:
        Gegl.init(None)
        asked = json.loads((here / "job.json").read_text("utf-8"))
        {"apart": apart, "beside": beside}[asked["do"]](here, asked)
    except Exception as error:
        # GIMP prints much else; what went wrong is read from here.
        (here / "failed.txt").write_text(f"{type(error).__name__}: {error}", "utf-8")
        raise
