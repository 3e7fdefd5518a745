"""Layers, groups of layers, channels and paths."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, cast

from . import enums, host, values
from .attributes import Attribute
from .color import rgb
from .handles import wraps
from .item import Drawable, Item

if TYPE_CHECKING:
    from .image import Image


@wraps("layer", "text-layer", "vector-layer", "link-layer")
class Layer(Drawable):
    """A layer; a new one is not yet in the image and its pixels are undefined."""

    __slots__ = ()

    opacity: Attribute[float] = Attribute(
        "gimp-layer-get-opacity", "gimp-layer-set-opacity", doc="0 to 100."
    )
    mode: Attribute[int] = Attribute(
        "gimp-layer-get-mode", "gimp-layer-set-mode", doc="LAYER_MODE_..."
    )
    lock_alpha: Attribute[bool] = Attribute(
        "gimp-layer-get-lock-alpha", "gimp-layer-set-lock-alpha"
    )
    preserve_trans: Attribute[bool] = Attribute(
        "gimp-layer-get-lock-alpha", "gimp-layer-set-lock-alpha"
    )
    mask: Attribute[Optional[Channel]] = Attribute(
        "gimp-layer-get-mask", doc="The layer mask, or None."
    )
    apply_mask: Attribute[bool] = Attribute(
        "gimp-layer-get-apply-mask", "gimp-layer-set-apply-mask"
    )
    edit_mask: Attribute[bool] = Attribute("gimp-layer-get-edit-mask", "gimp-layer-set-edit-mask")
    show_mask: Attribute[bool] = Attribute("gimp-layer-get-show-mask", "gimp-layer-set-show-mask")
    is_floating_sel: Attribute[bool] = Attribute("gimp-layer-is-floating-sel")

    def __init__(
        self,
        image: Image,
        name: str,
        width: int,
        height: int,
        type: int = enums.RGB_IMAGE,
        opacity: float = 100.0,
        mode: int = enums.LAYER_MODE_NORMAL,
    ) -> None:
        size = int(width), int(height)
        made = values.call("gimp-layer-new", image, name, *size, type, float(opacity), mode)
        self.ref = made.ref

    def copy(self, add_alpha: bool = False) -> Layer:
        """Return a copy that is not yet in the image."""
        made = cast(Layer, values.call("gimp-layer-copy", self))
        if add_alpha:
            made.add_alpha()
        return made

    def rasterize(self) -> bool:
        """Let text, a link or a path, which GIMP draws anew, keep the pixels it has (an extension).

        Filters, mask and all else stay. False where this GIMP cannot: 3.0.
        """
        return host.current().rasterize(self.ref)

    def add_alpha(self) -> None:
        """Give the layer an alpha channel."""
        values.call("gimp-layer-add-alpha", self)

    def create_mask(self, type: int) -> Channel:
        """Return a new mask (ADD_MASK_...) that is not yet added."""
        return cast(Channel, values.call("gimp-layer-create-mask", self, type))

    def add_mask(self, mask: Channel) -> None:
        """Add a mask that `create_mask` made."""
        values.call("gimp-layer-add-mask", self, mask)

    def remove_mask(self, mode: int) -> None:
        """Take the mask away: MASK_APPLY to the pixels, or MASK_DISCARD."""
        values.call("gimp-layer-remove-mask", self, mode)

    def set_offsets(self, x: int, y: int) -> None:
        """Move the layer's corner to this place in the image."""
        values.call("gimp-layer-set-offsets", self, int(x), int(y))

    def translate(self, dx: int, dy: int) -> None:
        """Move the layer by this much."""
        x, y = self.offsets
        self.set_offsets(x + int(dx), y + int(dy))

    def resize(self, width: int, height: int, offset_x: int = 0, offset_y: int = 0) -> None:
        """Change the size, without scaling; the old pixels start at the offset."""
        values.call(
            "gimp-layer-resize", self, int(width), int(height), int(offset_x), int(offset_y)
        )

    def resize_to_image_size(self) -> None:
        """Make the layer as large as the image."""
        values.call("gimp-layer-resize-to-image-size", self)


@wraps("group-layer")
class GroupLayer(Layer):
    """A layer that holds layers."""

    __slots__ = ()

    def __init__(
        self,
        image: Image,
        name: str = "Layer Group",
        opacity: float = 100.0,
        mode: int = enums.LAYER_MODE_NORMAL,
    ) -> None:
        made = values.call("gimp-group-layer-new", image, name)
        self.ref = made.ref
        self.opacity = float(opacity)
        self.mode = mode

    @property
    def layers(self) -> list[Item]:
        """The layers inside, top first."""
        return self.children


@wraps("channel", "layer-mask", "selection")
class Channel(Drawable):
    """A channel, a layer mask, or the selection."""

    __slots__ = ()

    opacity: Attribute[float] = Attribute("gimp-channel-get-opacity", "gimp-channel-set-opacity")
    color: Attribute[Any] = Attribute("gimp-channel-get-color", "gimp-channel-set-color")
    colour: Attribute[Any] = Attribute("gimp-channel-get-color", "gimp-channel-set-color")
    show_masked: Attribute[bool] = Attribute(
        "gimp-channel-get-show-masked", "gimp-channel-set-show-masked"
    )

    def __init__(
        self,
        image: Image,
        name: str,
        width: int,
        height: int,
        opacity: float = 100.0,
        color: Any = (0, 0, 0),
    ) -> None:
        size = int(width), int(height)
        made = values.call("gimp-channel-new", image, name, *size, float(opacity), rgb(color))
        self.ref = made.ref

    def copy(self) -> Channel:
        """Return a copy that is not yet in the image."""
        return cast(Channel, values.call("gimp-channel-copy", self))

    def combine_masks(
        self, channel: Channel, operation: int, offset_x: int = 0, offset_y: int = 0
    ) -> None:
        """Add, subtract or intersect another channel (CHANNEL_OP_...)."""
        values.call("gimp-channel-combine-masks", self, channel, operation, offset_x, offset_y)


@wraps("path")
class Vectors(Item):
    """A path."""

    __slots__ = ()

    def __init__(self, image: Image, name: str) -> None:
        made = values.call("gimp-path-new", image, name)
        self.ref = made.ref
