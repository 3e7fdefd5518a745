"""Pixel regions: 8-bit byte access to a rectangle of a drawable, kept until it is flushed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional

from . import host
from .errors import GimpError

if TYPE_CHECKING:
    from .item import Drawable

_FORMATS = {(True, False): "R'G'B' u8", (True, True): "R'G'B'A u8", (False, False): "Y' u8"}
_COMPONENTS = {"R'G'B'A u8": 4, "R'G'B' u8": 3, "Y'A u8": 2, "Y' u8": 1, "Y u8": 1}
_written: dict[host.Ref, list[PixelRgn]] = {}


class PixelBytes(bytes):
    """Bytes that behave as a Python 2 string did: items are of length 1, and text can be added."""

    def __getitem__(self, key: Any) -> Any:
        part = key if isinstance(key, slice) else slice(key, key + 1 or None)
        return PixelBytes(super().__getitem__(part))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __add__(self, other: Any) -> PixelBytes:
        return PixelBytes(bytes(self) + to_bytes(other))

    def __radd__(self, other: Any) -> PixelBytes:
        return PixelBytes(to_bytes(other) + bytes(self))


def to_bytes(value: Any) -> bytes:
    """Return the bytes of what scripts write as pixels: bytes, an array, Latin-1 text or ints."""
    if isinstance(value, str):
        return value.encode("latin-1")
    return bytes(value.tobytes() if hasattr(value, "tobytes") else value)


def format_of(drawable: Drawable) -> Optional[str]:
    """Return the 8-bit, gamma-encoded format in which scripts see a drawable's pixels.

    None, as stored, for indexed layers: their bytes are places in the palette.
    """
    if drawable.is_indexed:
        return None
    if not drawable.ref.kind.endswith("layer"):
        return "Y u8"
    return _FORMATS.get((drawable.is_rgb, drawable.has_alpha), "Y'A u8")


def write_back(drawable: Drawable) -> None:
    """Write what regions of this drawable hold into it."""
    for pending in _written.pop(drawable.ref, []):
        pending.write_back()


class PixelRgn:
    """A rectangle of a drawable, read and written by `region[x1:x2, y1:y2]` as byte strings.

    Coordinates are the drawable's own. The pixels are read once, when they are first asked for.
    """

    def __init__(
        self, drawable: Drawable, x: int, y: int, w: int, h: int, dirty: bool, shadow: bool
    ) -> None:
        if shadow:
            raise GimpError("pixel regions of the shadow are not supported yet")
        self.drawable, self.dirty, self.shadow = drawable, dirty, shadow
        self._format = format_of(drawable)
        self.bpp = drawable.bpp if self._format is None else _COMPONENTS[self._format]
        self._size = drawable.width, drawable.height
        self._pixels = bytearray()
        self.resize(x, y, w, h)

    def resize(self, x: int, y: int, w: int, h: int) -> None:
        """Take another rectangle, cut to the drawable; a negative size reaches to the edge."""
        write_back(self.drawable)
        width, height = self._size
        self.x, self.y = max(x, 0), max(y, 0)
        self.w = max(0, (width if w < 0 else min(width, x + w)) - self.x)
        self.h = max(0, (height if h < 0 else min(height, y + h)) - self.y)
        self.rowstride = self.w * self.bpp
        self._pixels = bytearray()

    def __getitem__(self, key: Any) -> PixelBytes:
        rows = self._rows(key)
        self._load()
        return PixelBytes(b"".join(self._pixels[row] for row in rows))

    def __setitem__(self, key: Any, value: Any) -> None:
        rows, data = self._rows(key), to_bytes(value)
        needed = sum(row.stop - row.start for row in rows)
        if len(data) != needed:
            raise TypeError(f"{needed} bytes are needed for this part, {len(data)} given")
        self._load()
        at = 0
        for row in rows:
            self._pixels[row] = data[at : at + row.stop - row.start]
            at += row.stop - row.start
        pending = _written.setdefault(self.drawable.ref, [])
        if self not in pending:
            pending.append(self)

    def _rows(self, key: Any) -> list[slice]:
        """Return where the rows of the part lie in the bytes held here."""
        if not isinstance(key, tuple) or len(key) != 2:
            raise TypeError("a pixel region is indexed by [x, y] or [x1:x2, y1:y2]")
        x1, x2 = _span(key[0], self.x, self.w)
        y1, y2 = _span(key[1], self.y, self.h)
        return [
            slice(y * self.rowstride + x1 * self.bpp, y * self.rowstride + x2 * self.bpp)
            for y in range(y1, y2)
        ]

    def _load(self) -> None:
        if not self._pixels and self.w and self.h:
            box = (self.x, self.y, self.w, self.h)
            self._pixels = bytearray(self.drawable.read_pixels(*box, self._format))

    def write_back(self) -> None:
        """Write what is held here into the drawable."""
        box = (self.x, self.y, self.w, self.h)
        self.drawable.write_pixels(*box, self._format, bytes(self._pixels))


def _span(key: Any, start: int, length: int) -> tuple[int, int]:
    """Return first and last position of one axis, counted from the region's corner."""
    if not isinstance(key, slice):
        low, high = key, key + 1
    elif key.step not in (None, 1):
        raise TypeError("a pixel region has no steps")
    else:
        low = key.start or start  # 0 means the region's own edge, as it always did
        high = start + length if key.stop is None else key.stop
    if not start <= low <= high <= start + length:
        raise IndexError(f"{low}:{high} is outside the region {start}:{start + length}")
    return low - start, high - start
