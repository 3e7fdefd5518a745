"""The host without GIMP: makes images, loads plug-in files, runs them, remembers what they said."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

import runpy
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence, Union, cast

from gimpfu import enums, host, protocol, registry
from gimpfu.context import DialogContext
from gimpfu.errors import GimpError
from gimpfu.handles import wrap
from gimpfu.image import Image
from gimpfu.item import Drawable
from gimpfu.layer import Channel, GroupLayer, Layer
from gimpfu.signatures import Signature

from . import formats, image_procedures, item_procedures, procedures, selection_procedures
from .call import MemoryCall
from .model import Item, Picture, Store, UndoStep, layer_format

# Imported for the procedures they add to the table.
assert image_procedures
assert item_procedures
assert selection_procedures


class Progress(NamedTuple):
    """One thing that happened to the progress bar: init, update, pulse or end."""

    what: str
    value: Union[str, float, None] = None


class Host(host.Host):
    """Images in memory. The newest host is the one that scripts' objects talk to."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.progress: list[Progress] = []
        self.dialog: Optional[Callable[[DialogContext], bool]] = None
        self.last_values: dict[str, dict[str, Any]] = {}
        self.own_directory = str(Path.cwd())
        self._store = Store()
        self._folders: dict[str, str] = {}
        host.use(self)

    # -- making a scene ----------------------------------------------------------------------------

    def new_image(self, width: int, height: int, type: int = enums.RGB) -> Image:
        """Make an image without layers, RGB or GRAY."""
        return Image(width, height, type)

    def add_layer(
        self,
        image: Image,
        name: str,
        pixels: Optional[bytes] = None,
        *,
        size: Optional[tuple[int, int]] = None,
        offset: tuple[int, int] = (0, 0),
        alpha: Optional[bool] = None,
        parent: Optional[GroupLayer] = None,
        position: int = 0,
    ) -> Layer:
        """Add a layer of the image's size or `size`; `alpha` is seen from the number of bytes.

        `pixels` are gamma-encoded bytes, row by row: RGB, RGBA, grey or grey with alpha.
        """
        picture = self._store.picture(image.ref)
        width, height = size or (picture.width, picture.height)
        colours = 1 if picture.base_type == enums.GRAY else 3
        if alpha is None:
            alpha = pixels is not None and len(pixels) == width * height * (colours + 1)
        pixel_format = layer_format(2 * picture.base_type + int(alpha))
        item = self._store.new_item("layer", picture, name, width, height, pixel_format)
        if pixels is not None:
            if len(pixels) != len(item.pixels):
                raise ValueError(f"{len(item.pixels)} bytes are needed, {len(pixels)} given")
            item.pixels[:] = pixels
        item.offsets = offset
        return cast(Layer, self._place(picture, item, parent, position))

    def add_group(
        self, image: Image, name: str, parent: Optional[GroupLayer] = None, position: int = 0
    ) -> GroupLayer:
        """Add an empty group of layers."""
        picture = self._store.picture(image.ref)
        pixel_format = layer_format(2 * picture.base_type + 1)
        size = picture.width, picture.height
        item = self._store.new_item("group-layer", picture, name, *size, pixel_format)
        return cast(GroupLayer, self._place(picture, item, parent, position))

    def add_mask(self, layer: Layer, pixels: Optional[bytes] = None) -> Channel:
        """Give a layer a mask, white if not told otherwise."""
        item = self._store.item(layer.ref)
        picture = self._store.pictures[item.image]
        size = item.width, item.height
        mask = self._store.new_item("layer-mask", picture, f"{item.name} mask", *size, "Y u8")
        mask.pixels[:] = pixels if pixels is not None else b"\xff" * len(mask.pixels)
        mask.offsets, mask.attached, item.mask = item.offsets, True, mask.ref.id
        return cast(Channel, wrap(mask.ref))

    def set_selection(self, image: Image, pixels: bytes) -> None:
        """Select: one byte a pixel of the image, 255 = fully selected."""
        picture = self._store.picture(image.ref)
        chosen = self._store.items[picture.selection]
        if len(pixels) != len(chosen.pixels):
            raise ValueError(f"{len(chosen.pixels)} bytes are needed, {len(pixels)} given")
        chosen.pixels[:] = pixels

    def select(self, image: Image, *drawables: Drawable) -> None:
        """Make these the selected layers or channels, or the mask that is edited."""
        self._store.picture(image.ref).selected = [drawable.ID for drawable in drawables]

    def _place(
        self, picture: Picture, item: Item, parent: Optional[GroupLayer], position: int
    ) -> Any:
        item.parent = None if parent is None else parent.ID
        self._store.siblings(item).insert(position, item.ref.id)
        item.attached = True
        picture.selected = [item.ref.id]
        return wrap(item.ref)

    # -- undo --------------------------------------------------------------------------------------

    def undo_steps(self, image: Image) -> list[UndoStep]:
        """Return the history: groups by the name "group", everything else by its procedure."""
        return list(self._store.picture(image.ref).undo)

    def undo(self, image: Image) -> None:
        """Take the last step back."""
        self._store.undo(self._store.picture(image.ref))

    # -- running -----------------------------------------------------------------------------------

    def load(self, path: Union[str, Path]) -> list[str]:
        """Run a plug-in file as GIMP would, and return the names of what it registered."""
        before = dict(registry.REGISTERED)
        registry.REGISTERED.clear()
        try:
            with self._in_folder(str(Path(path).resolve().parent)):
                runpy.run_path(str(path), run_name="__main__")
            names = list(registry.REGISTERED)
            self._folders.update(dict.fromkeys(names, self.own_directory))
        finally:
            registry.REGISTERED.update({**before, **registry.REGISTERED})
        return names

    @contextmanager
    def _in_folder(self, folder: str) -> Iterator[None]:
        """Let a plug-in find what lies beside it, as long as it runs."""
        self.own_directory = folder
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)

    def run(
        self,
        name: str,
        image: Optional[Image] = None,
        drawables: Union[Drawable, Sequence[Drawable], None] = None,
        *,
        run_mode: int = enums.RUN_NONINTERACTIVE,
        **params: Any,
    ) -> protocol.Outcome:
        """Run a registered procedure; what is not given has its last value or default.

        In interactive mode `params` are what the user types, and `dialog` is the user: it gets the
        dialog's context, and returns False to cancel. The outcome's message is also in `messages`.
        """
        host.use(self)
        registration = registry.REGISTERED.get(name.replace("_", "-"))
        if registration is None:
            raise GimpError(f"no procedure {name} was registered")
        if drawables is None and image is not None:
            drawables = image.selected_drawables
        chosen = [drawables] if isinstance(drawables, Drawable) else list(drawables or ())
        call = MemoryCall(registration, run_mode, image, chosen, self, params)
        with self._in_folder(self._folders.get(registration.name, self.own_directory)):
            outcome = protocol.run(registration, call)
        if outcome.status == enums.PDB_SUCCESS and run_mode == enums.RUN_INTERACTIVE:
            self.last_values[registration.name] = call.config
        if outcome.message:
            self.messages.append(outcome.message)
        return outcome

    # -- what scripts' objects ask for -------------------------------------------------------------

    def signature(self, name: str) -> Optional[Signature]:
        entry = procedures.TABLE.get(name)
        return entry.signature if entry else None

    def procedure_names(self) -> list[str]:
        return sorted(procedures.TABLE)

    def run_procedure(self, signature: Signature, arguments: list[Any]) -> tuple[Any, ...]:
        entry = procedures.TABLE[signature.name]
        records = [self._record(value) for value in arguments]
        changed = self._changed(records[0]) if entry.changes else None
        noted = changed is not None and self._store.changing(changed, signature.name)
        try:
            found = entry.function(self._store, *records)
        except GimpError:
            if changed is not None and noted:
                changed.undo.pop()  # what fails is no step
            raise
        results = found if isinstance(found, tuple) else (found,)
        return tuple(_plain(result) for result in results) if signature.returns else ()

    def find(self, family: str, number: int) -> Optional[host.Ref]:
        held: Any = self._store.pictures if family == "image" else self._store.items
        return held[number].ref if number in held and family != "display" else None

    def pixel_format(self, drawable: host.Ref) -> str:
        return self._store.item(drawable).format

    def read_pixels(
        self, drawable: host.Ref, rect: host.Rect, pixel_format: Optional[str]
    ) -> bytes:
        item = self._store.item(drawable)
        return formats.convert(item.read(rect), item.format, pixel_format or item.format)

    def read_scaled(
        self, drawable: host.Ref, rect: host.Rect, width: int, height: int, pixel_format: str
    ) -> bytes:
        data = self.read_pixels(drawable, rect, pixel_format)
        size = len(data) // (rect.width * rect.height)
        places = (
            (y * rect.height // height * rect.width + x * rect.width // width) * size
            for y in range(height)
            for x in range(width)
        )
        return b"".join(data[place : place + size] for place in places)

    def write_pixels(
        self, drawable: host.Ref, rect: host.Rect, pixel_format: Optional[str], data: bytes
    ) -> None:
        item = self._store.item(drawable)
        source = pixel_format or item.format
        needed = rect.width * rect.height * formats.bytes_per_pixel(source)
        if len(data) != needed:
            raise ValueError(f"{needed} bytes are needed, {len(data)} given")
        item.write(rect, formats.convert(data, source, item.format))

    def rasterize(self, layer: host.Ref) -> bool:
        self._store.item(layer)
        return False

    def is_srgb(self, image: host.Ref) -> bool:
        self._store.picture(image)
        return True

    def metadata_tag(self, image: host.Ref, name: str) -> Optional[str]:
        return self._store.picture(image).metadata.get(name)

    def set_metadata_tag(self, image: host.Ref, name: str, value: str) -> None:
        self._store.picture(image).metadata[name] = value

    def message(self, text: str) -> None:
        self.messages.append(text)

    def progress_init(self, text: Optional[str]) -> None:
        self.progress.append(Progress("init", text))

    def progress_update(self, fraction: float) -> None:
        self.progress.append(Progress("update", fraction))

    def progress_pulse(self) -> None:
        self.progress.append(Progress("pulse"))

    def progress_end(self) -> None:
        self.progress.append(Progress("end"))

    def directory(self, which: str) -> str:
        return self.own_directory if which == "own" else str(Path(self.own_directory) / which)

    def version(self) -> str:
        return "gimpfu headless"

    def _record(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._record(part) for part in value]
        if not isinstance(value, host.Ref):
            return value
        return self._store.picture(value) if value.kind == "image" else self._store.item(value)

    def _changed(self, record: Union[Picture, Item]) -> Optional[Picture]:
        """Return the image that changes with a record; None for what is in no image yet."""
        if isinstance(record, Picture):
            return record
        return self._store.pictures[record.image] if record.attached else None


def _plain(result: Any) -> Any:
    if isinstance(result, (Picture, Item)):
        return result.ref
    if isinstance(result, list):
        return [_plain(part) for part in result]
    return result
