"""Items and drawables: what layers, channels, masks and paths have in common."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from . import host, region, values
from .attributes import Attribute
from .handles import Handle, from_id, wraps
from .parasite import Carrier

if TYPE_CHECKING:
    from .image import Image

Pixels = Union[bytes, bytearray, memoryview]


class Item(Carrier, Handle):
    """Anything that stands in one of an image's trees."""

    __slots__ = ()
    _parasites = "gimp-item"

    name: Attribute[str] = Attribute(
        "gimp-item-get-name", "gimp-item-set-name", doc="The name in the dock."
    )
    visible: Attribute[bool] = Attribute(
        "gimp-item-get-visible", "gimp-item-set-visible", doc="Its own eye."
    )
    tattoo: Attribute[int] = Attribute(
        "gimp-item-get-tattoo", "gimp-item-set-tattoo", doc="Survives saving."
    )
    image: Attribute[Image] = Attribute("gimp-item-get-image", doc="The image it belongs to.")
    parent: Attribute[Optional[Item]] = Attribute(
        "gimp-item-get-parent", doc="The group it is in, or None."
    )

    @property
    def children(self) -> list[Item]:
        """What a group holds, top first; empty for everything else."""
        is_group = values.call("gimp-item-is-group", self)
        return list(values.call("gimp-item-get-children", self)) if is_group else []

    @staticmethod
    def from_id(number: int) -> Optional[Item]:
        """Return the item with this number as the right class, or None."""
        found = from_id("item", number)
        return found if isinstance(found, Item) else None


@wraps("filter")
class DrawableFilter(Handle):
    """A filter that GIMP applies to a drawable while it shows it."""

    __slots__ = ()


class Drawable(Item):
    """An item with pixels: a layer, channel, layer mask or selection."""

    __slots__ = ()

    width: Attribute[int] = Attribute("gimp-drawable-get-width")
    height: Attribute[int] = Attribute("gimp-drawable-get-height")
    bpp: Attribute[int] = Attribute("gimp-drawable-get-bpp", doc="Bytes a pixel, as stored.")
    offsets: Attribute[tuple[int, int]] = Attribute(
        "gimp-drawable-get-offsets", doc="Place in the image."
    )
    has_alpha: Attribute[bool] = Attribute("gimp-drawable-has-alpha")
    is_rgb: Attribute[bool] = Attribute("gimp-drawable-is-rgb")
    is_gray: Attribute[bool] = Attribute("gimp-drawable-is-gray")
    is_grey: Attribute[bool] = Attribute("gimp-drawable-is-gray")
    is_indexed: Attribute[bool] = Attribute("gimp-drawable-is-indexed")
    type: Attribute[int] = Attribute("gimp-drawable-type", doc="RGB_IMAGE, RGBA_IMAGE ...")
    type_with_alpha: Attribute[int] = Attribute("gimp-drawable-type-with-alpha")
    mask_bounds: Attribute[tuple[int, int, int, int]] = Attribute(
        "gimp-drawable-mask-bounds",
        convert=lambda found: found[1:],
        doc="The selection's box x1, y1, x2, y2 in this drawable's pixels; the whole if none.",
    )

    @property
    def is_layer_mask(self) -> bool:
        """Whether this is the mask of a layer."""
        return self.ref.kind == "layer-mask"

    def mask_intersect(self) -> Optional[tuple[int, int, int, int]]:
        """Return x, y, width, height of the selection within this drawable, or None."""
        found = values.call("gimp-drawable-mask-intersect", self)
        return found[1:] if found[0] else None

    def fill(self, fill_type: int = 0) -> None:
        """Fill everything, whatever is selected; by default with the foreground colour."""
        values.call("gimp-drawable-fill", self, fill_type)

    def update(self, x: int, y: int, width: int, height: int) -> None:
        """Let the picture on screen be drawn again in this rectangle."""
        region.write_back(self)
        values.call("gimp-drawable-update", self, x, y, width, height)

    def flush(self) -> None:
        """Write what pixel regions hold back into the drawable."""
        region.write_back(self)

    def merge_shadow(self, undo: bool = False) -> None:
        """Take over what was written into the shadow, within the selection."""
        values.call("gimp-drawable-merge-shadow", self, undo)

    def free_shadow(self) -> None:
        """Drop the shadow."""
        values.call("gimp-drawable-free-shadow", self)

    # -- 8-bit pixels, as in GIMP 2 ----------------------------------------------------------------

    def get_pixel(self, x: Any, y: Optional[int] = None) -> tuple[int, ...]:
        """Return one pixel as ints 0-255, gamma-encoded; also called with one (x, y)."""
        x, y = x if y is None else (x, y)
        self._inside(x, y, 1, 1)
        return tuple(self.read_pixels(x, y, 1, 1, region.format_of(self)))

    def set_pixel(self, x: int, y: int, pixel: Union[bytes, str, Sequence[int]]) -> None:
        """Set one pixel to ints 0-255 or a byte string, one for each component."""
        self.write_pixels(x, y, 1, 1, region.format_of(self), region.to_bytes(pixel))

    def get_pixel_rgn(
        self, x: int, y: int, width: int, height: int, dirty: bool = True, shadow: bool = False
    ) -> region.PixelRgn:
        """Return byte access to a rectangle; what is written appears at the next flush."""
        return region.PixelRgn(self, x, y, width, height, dirty, shadow)

    # -- Overpaint's extensions: pixels of any depth -----------------------------------------------

    @property
    def format(self) -> str:
        """The babl encoding in which the pixels are stored, such as `R'G'B'A u8` (an extension)."""
        return host.current().pixel_format(self.ref)

    def read_pixels(self, x: int, y: int, width: int, height: int, format: Optional[str]) -> bytes:
        """Return pixels row by row in a babl format, or as stored for None (an extension).

        Coordinates are the drawable's own. Outside the drawable everything is zero.
        """
        if width < 0 or height < 0:
            raise ValueError(f"a size cannot be negative: {width} x {height}")
        return host.current().read_pixels(self.ref, host.Rect(x, y, width, height), format)

    def read_scaled(
        self, x: int, y: int, width: int, height: int, size: tuple[int, int], format: str
    ) -> bytes:
        """Return a rectangle's pixels scaled down to a size, for looking at (an extension)."""
        area = host.Rect(x, y, width, height)
        return host.current().read_scaled(self.ref, area, size[0], size[1], format)

    def write_pixels(
        self, x: int, y: int, width: int, height: int, format: Optional[str], data: Pixels
    ) -> None:
        """Replace pixels, given row by row in a babl format, or as stored for None (an extension).

        The rectangle must lie inside the drawable. Nothing is added to the undo history.
        """
        self._inside(x, y, width, height)
        exact = data if isinstance(data, bytes) else bytes(data)  # PyGObject is slow with others
        host.current().write_pixels(self.ref, host.Rect(x, y, width, height), format, exact)

    def _inside(self, x: int, y: int, width: int, height: int) -> None:
        own_width, own_height = self.width, self.height
        if not (0 <= x <= x + width <= own_width and 0 <= y <= y + height <= own_height):
            raise ValueError(
                f"{width} x {height} pixels at {x}, {y} are not inside {self!r},"
                f" which has {own_width} x {own_height}"
            )
