"""GIMP 3 as the host: its procedures, and the library functions that have no procedure."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Optional
from xml.etree import ElementTree as ET

from gi.repository import Babl, Gegl, Gimp

from gimpfu import host
from gimpfu.errors import GimpError
from gimpfu.signatures import Parameter, Signature

from . import convert, objects

# babl's names of sRGB's colour spaces; the linear ones are GIMP's own choice in linear precisions.
_SRGB = ("sRGB", "space-gray-sRGB")
_LINEAR_SRGB = ("scRGB", "space-gray-linear")
_WHATEVER = (".*",) * 8  # name, blurb, help, help id, authors, copyright, date, type


class Host(host.Host):
    """The running GIMP."""

    def __init__(self) -> None:
        self._procedures: dict[str, tuple[Any, Signature]] = {}
        self._limited: set[tuple[str, str]] = set()  # procedure and argument

    # -- procedures --------------------------------------------------------------------------------

    def signature(self, name: str) -> Optional[Signature]:
        if name not in self._procedures:
            procedure = Gimp.get_pdb().lookup_procedure(name)
            if procedure is None:
                return None
            self._procedures[name] = (procedure, self._describe(name, procedure))
        return self._procedures[name][1]

    def procedure_names(self) -> list[str]:
        return sorted(Gimp.get_pdb().query_procedures(*_WHATEVER))

    def run_procedure(self, signature: Signature, arguments: list[Any]) -> tuple[Any, ...]:
        procedure = self._procedures[signature.name][0]
        config = procedure.create_config()
        for parameter, value in zip(signature.parameters, arguments):
            convert.set_argument(config, parameter.name, parameter.gtype, value)
            if (signature.name, parameter.name) in self._limited:
                convert.check_taken(config, signature.name, parameter.name, value)
        values = procedure.run(config)
        status = int(values.index(0))
        if status != int(Gimp.PDBStatusType.SUCCESS):
            raise GimpError(_failure(signature.name, status))
        return tuple(
            convert.result(values, index, parameter.gtype)
            for index, parameter in enumerate(signature.returns, 1)
        )

    def _describe(self, name: str, procedure: Any) -> Signature:
        return Signature(
            name,
            tuple(self._parameter(name, spec) for spec in procedure.get_arguments()),
            tuple(_parameter(spec) for spec in procedure.get_return_values()),
            procedure.get_blurb() or "",
            procedure.get_help() or "",
            procedure.get_authors() or "",
            procedure.get_copyright() or "",
            procedure.get_date() or "",
            int(procedure.get_proc_type()),
        )

    def _parameter(self, procedure: str, spec: Any) -> Parameter:
        is_choice = type(spec).__gtype__.name == "GimpParamChoice"
        if is_choice or spec.value_type.fundamental.name == "GEnum":
            self._limited.add((procedure, spec.name))
        return _parameter(spec)

    def find(self, family: str, number: int) -> Optional[host.Ref]:
        found = objects.find(family, number)
        return None if found is None else objects.ref_of(found)

    # -- pixels ------------------------------------------------------------------------------------

    def pixel_format(self, drawable: host.Ref) -> str:
        stored = objects.object_of(drawable).get_format()
        return str(Babl.format_get_encoding(stored))

    def read_pixels(
        self, drawable: host.Ref, rect: host.Rect, pixel_format: Optional[str]
    ) -> bytes:
        buffer = objects.object_of(drawable).get_buffer()
        name = _known(pixel_format) if pixel_format else None
        data = buffer.get(Gegl.Rectangle.new(*rect), 1.0, name, Gegl.AbyssPolicy.NONE)
        return bytes(data)

    def read_scaled(
        self, drawable: host.Ref, rect: host.Rect, width: int, height: int, pixel_format: str
    ) -> bytes:
        buffer = objects.object_of(drawable).get_buffer()
        scale = max(width / rect.width, height / rect.height)
        # The rectangle is one of the scaled picture. Where one side would need another scale,
        # that is less than a pixel.
        place = Gegl.Rectangle.new(round(rect.x * scale), round(rect.y * scale), width, height)
        return bytes(buffer.get(place, scale, _known(pixel_format), Gegl.AbyssPolicy.NONE))

    def write_pixels(
        self, drawable: host.Ref, rect: host.Rect, pixel_format: Optional[str], data: bytes
    ) -> None:
        thing = objects.object_of(drawable)
        # The full name of the stored format has its colour space in it, so nothing is converted.
        name = _known(pixel_format) if pixel_format else Babl.get_name(thing.get_format())
        needed = rect.width * rect.height * _bytes_per_pixel(name)
        if len(data) != needed:
            raise ValueError(f"{needed} bytes are needed, {len(data)} given")
        if not needed:
            return
        buffer = thing.get_buffer()
        buffer.set(Gegl.Rectangle.new(*rect), name, data)
        buffer.flush()
        thing.update(*rect)

    def rasterize(self, layer: host.Ref) -> bool:
        # 3.2's procedure for it takes no arguments: its configuration has no place for the layer.
        thing = objects.object_of(layer)
        return hasattr(thing, "rasterize") and bool(thing.rasterize())

    def is_srgb(self, image: host.Ref) -> bool:
        thing = objects.object_of(image)
        profile = thing.get_effective_color_profile()
        space = profile.get_space(Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC)
        is_linear = int(thing.get_precision()) % 100 == 0  # 100, 200 ... linear, 150 ... not
        return Babl.get_name(space) in (*_SRGB, *(_LINEAR_SRGB if is_linear else ()))

    def metadata_tag(self, image: host.Ref, name: str) -> Optional[str]:
        for tag in _metadata(objects.object_of(image)).iter("tag"):
            if tag.get("name") == name:
                return tag.text or ""
        return None

    def set_metadata_tag(self, image: host.Ref, name: str, value: str) -> None:
        thing = objects.object_of(image)
        tree = _metadata(thing)
        for tag in [each for each in tree.iter("tag") if each.get("name") == name]:
            tree.remove(tag)
        ET.SubElement(tree, "tag", name=name).text = value
        text = ET.tostring(tree, encoding="unicode")
        thing.set_metadata(Gimp.Metadata.deserialize(text))

    # -- the user ----------------------------------------------------------------------------------

    def message(self, text: str) -> None:
        Gimp.message(text)

    def progress_init(self, text: Optional[str]) -> None:
        Gimp.progress_init(text)

    def progress_update(self, fraction: float) -> None:
        Gimp.progress_update(fraction)

    def progress_pulse(self) -> None:
        Gimp.progress_pulse()

    def progress_end(self) -> None:
        Gimp.progress_end()

    # -- surroundings ------------------------------------------------------------------------------

    def directory(self, which: str) -> str:
        if which == "own":
            return str(Path(sys.argv[0]).resolve().parent)
        if which == "plug-in":
            return str(Path(Gimp.gimprc_query("plug-in-path").split(os.pathsep)[-1]).parent)
        return str(_DIRECTORIES[which]())

    def version(self) -> str:
        return str(Gimp.version())


_DIRECTORIES = {
    "user": Gimp.directory,
    "data": Gimp.data_directory,
    "locale": Gimp.locale_directory,
    "sysconf": Gimp.sysconf_directory,
}


def _parameter(spec: Any) -> Parameter:
    low, high = getattr(spec, "minimum", None), getattr(spec, "maximum", None)
    return Parameter(spec.name, spec.value_type.name, low, high, spec.blurb or "")


_SAYS_NOTHING = ("success", "execution error", "calling error")


def _failure(name: str, status: int) -> str:
    if status == int(Gimp.PDBStatusType.CANCEL):
        return f"{name} was cancelled"
    told = Gimp.get_pdb().get_last_error()
    return told if told and told not in _SAYS_NOTHING else f"{name} failed"


def _known(pixel_format: str) -> str:
    if not Babl.format_exists(pixel_format):
        raise GimpError(f"babl knows no pixel format {pixel_format!r}")
    return pixel_format


def _bytes_per_pixel(pixel_format: str) -> int:
    return int(Babl.format_get_bytes_per_pixel(Babl.format(pixel_format)))


def _metadata(image: Any) -> ET.Element:
    """Return an image's metadata as GIMP stores them: the library behind them, GExiv2, speaks to
    Python only where its typelib is installed as well.
    """
    metadata = image.get_metadata()
    if metadata is None:
        return ET.Element("metadata")
    return ET.fromstring(metadata.serialize())  # noqa: S314, GIMP wrote it
