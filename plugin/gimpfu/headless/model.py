"""Images and items as plain records, with snapshots for undo."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Optional

from gimpfu import enums
from gimpfu.errors import GimpError
from gimpfu.host import Rect, Ref
from gimpfu.parasite import Parasite

from . import formats


@dataclass(eq=False)
class Item:
    """A layer, group, channel, mask or the selection, with its pixels in its own format."""

    ref: Ref
    image: int
    name: str
    width: int
    height: int
    format: str
    pixels: bytearray
    offsets: tuple[int, int] = (0, 0)
    parent: Optional[int] = None
    attached: bool = False
    mask: Optional[int] = None
    children: list[int] = field(default_factory=list)
    flags: dict[str, Any] = field(default_factory=dict)
    parasites: dict[str, Parasite] = field(default_factory=dict)

    @property
    def bpp(self) -> int:
        """Bytes a pixel."""
        return formats.bytes_per_pixel(self.format)

    @property
    def has_alpha(self) -> bool:
        """Whether the pixels have an alpha component."""
        return "A" in self.format

    def read(self, rect: Rect) -> bytes:
        """Return stored bytes; zeros outside."""
        left, right = max(rect.x, 0), min(rect.x + rect.width, self.width)
        before = b"\0" * (min(left - rect.x, rect.width) * self.bpp)
        empty = b"\0" * (rect.width * self.bpp)
        rows = []
        for y in range(rect.y, rect.y + rect.height):
            if not 0 <= y < self.height or left >= right:
                rows.append(empty)
                continue
            start = (y * self.width + left) * self.bpp
            inside = bytes(self.pixels[start : start + (right - left) * self.bpp])
            rows.append((before + inside).ljust(len(empty), b"\0"))
        return b"".join(rows)

    def write(self, rect: Rect, data: bytes) -> None:
        """Replace stored bytes inside."""
        length = rect.width * self.bpp
        for row in range(rect.height):
            start = ((rect.y + row) * self.width + rect.x) * self.bpp
            self.pixels[start : start + length] = data[row * length : (row + 1) * length]


@dataclass
class UndoStep:
    """One step of the history: a group, or the single procedure that ran outside of any group."""

    name: str
    closed: bool = True
    snapshot: Any = field(default=None, repr=False)


@dataclass(eq=False)
class Picture:
    """An image."""

    ref: Ref
    width: int
    height: int
    base_type: int
    layers: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    selected: list[int] = field(default_factory=list)
    selection: int = 0
    filename: Optional[str] = None
    resolution: tuple[float, float] = (72.0, 72.0)
    parasites: dict[str, Parasite] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    undo: list[UndoStep] = field(default_factory=list)
    undo_depth: int = 0
    undo_frozen: int = 0


class Store:
    """All pictures and items, by number."""

    def __init__(self) -> None:
        self.pictures: dict[int, Picture] = {}
        self.items: dict[int, Item] = {}
        self.parasites: dict[str, Parasite] = {}
        self._last = 0

    def new_number(self) -> int:
        """Return a number that was never used."""
        self._last += 1
        return self._last

    def picture(self, ref: Ref) -> Picture:
        """Return the record of an image."""
        found = self.pictures.get(ref.id)
        if found is None:
            raise GimpError(f"the image {ref.id} no longer exists")
        return found

    def item(self, ref: Ref) -> Item:
        """Return the record of an item."""
        found = self.items.get(ref.id)
        if found is None:
            raise GimpError(f"the item {ref.id} no longer exists")
        return found

    def new_picture(self, width: int, height: int, base_type: int) -> Picture:
        """Add an empty image with an empty selection."""
        ref = Ref("image", self.new_number())
        picture = Picture(ref, width, height, base_type)
        self.pictures[ref.id] = picture
        chosen = self.new_item("selection", picture, "Selection Mask", width, height, "Y u8")
        picture.selection = chosen.ref.id
        return picture

    def new_item(
        self, kind: str, picture: Picture, name: str, width: int, height: int, pixel_format: str
    ) -> Item:
        """Add an item that is in no tree yet; its pixels are zero."""
        ref = Ref(kind, self.new_number())
        size = width * height * formats.bytes_per_pixel(pixel_format)
        item = Item(ref, picture.ref.id, name, width, height, pixel_format, bytearray(size))
        self.items[ref.id] = item
        return item

    def siblings(self, item: Item) -> list[int]:
        """Return the list in which the item stands, or would stand."""
        if item.parent is not None:
            return self.items[item.parent].children
        picture = self.pictures[item.image]
        return picture.channels if item.ref.kind == "channel" else picture.layers

    def unique_name(self, item: Item, name: str) -> str:
        """Return the name as GIMP would number it if another item of the image has it already."""
        others = [other for other in self.items.values() if other is not item and other.attached]
        taken = {other.name for other in others if other.image == item.image}
        unique, count = name, 1
        while unique in taken:
            unique, count = f"{name} #{count}", count + 1
        return unique

    # -- undo --------------------------------------------------------------------------------------

    def snapshot(self, picture: Picture) -> Any:
        """Return everything that undo has to restore."""
        undo, picture.undo = picture.undo, []
        own = {n: item for n, item in self.items.items() if item.image == picture.ref.id}
        taken = copy.deepcopy((picture, own))
        picture.undo = undo
        return taken

    def changing(self, picture: Picture, name: str) -> bool:
        """Note that a procedure is about to change an image; tell whether that is a new step."""
        is_step = not picture.undo_depth and not picture.undo_frozen
        if is_step:
            picture.undo.append(UndoStep(name, snapshot=self.snapshot(picture)))
        return is_step

    def start_group(self, picture: Picture) -> None:
        """Begin a group; groups nest, and only the outermost counts."""
        picture.undo_depth += 1
        if picture.undo_depth == 1 and not picture.undo_frozen:
            picture.undo.append(UndoStep("group", False, self.snapshot(picture)))

    def end_group(self, picture: Picture) -> None:
        """End a group."""
        if not picture.undo_depth:
            raise GimpError("gimp-image-undo-group-end: no group was started")
        picture.undo_depth -= 1
        if not picture.undo_depth and picture.undo:
            picture.undo[-1].closed = True

    def undo(self, picture: Picture) -> None:
        """Take the last step back."""
        if not picture.undo:
            raise GimpError("there is nothing to undo")
        steps = picture.undo[:-1]
        before, items = picture.undo[-1].snapshot
        for number in [n for n, item in self.items.items() if item.image == picture.ref.id]:
            del self.items[number]
        self.items.update(items)
        self.pictures[picture.ref.id] = before
        before.undo = steps


GRAY_FORMATS = {False: "Y' u8", True: "Y'A u8"}
RGB_FORMATS = {False: "R'G'B' u8", True: "R'G'B'A u8"}


def layer_format(image_type: int) -> str:
    """Return the pixel format of RGB_IMAGE, RGBA_IMAGE, GRAY_IMAGE or GRAYA_IMAGE."""
    if image_type not in (0, 1, 2, 3):
        raise GimpError("the headless host has no indexed images")
    names = RGB_FORMATS if image_type < enums.GRAY_IMAGE else GRAY_FORMATS
    return names[bool(image_type % 2)]
