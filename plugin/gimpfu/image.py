"""Images and displays."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

from typing import Any, Optional, cast

from . import enums, host, values
from .attributes import Attribute
from .errors import GimpError
from .handles import Handle, wraps
from .item import Drawable
from .layer import Channel, Layer, Vectors
from .parasite import Carrier


def _first(found: list[Any]) -> Any:
    return found[0] if found else None


@wraps("image")
class Image(Carrier, Handle):
    """An image; a new one has no layer and no display."""

    __slots__ = ()
    _parasites = "gimp-image"

    width: Attribute[int] = Attribute("gimp-image-get-width")
    height: Attribute[int] = Attribute("gimp-image-get-height")
    base_type: Attribute[int] = Attribute("gimp-image-get-base-type", doc="RGB, GRAY or INDEXED.")
    precision: Attribute[int] = Attribute("gimp-image-get-precision", doc="PRECISION_...")
    name: Attribute[str] = Attribute("gimp-image-get-name")
    dirty: Attribute[bool] = Attribute(
        "gimp-image-is-dirty", doc="Whether it changed since it was saved."
    )
    layers: Attribute[list[Layer]] = Attribute(
        "gimp-image-get-layers", doc="Top level only, top first."
    )
    channels: Attribute[list[Channel]] = Attribute("gimp-image-get-channels")
    vectors: Attribute[list[Vectors]] = Attribute("gimp-image-get-paths")
    selection: Attribute[Channel] = Attribute(
        "gimp-image-get-selection", doc="The selection, as a channel."
    )
    floating_selection: Attribute[Optional[Layer]] = Attribute("gimp-image-get-floating-sel")
    resolution: Attribute[tuple[float, float]] = Attribute(
        "gimp-image-get-resolution", "gimp-image-set-resolution", doc="Pixels an inch, x and y."
    )
    filename: Attribute[Optional[str]] = Attribute(
        "gimp-image-get-file", "gimp-image-set-file", doc="The file's path; None if unsaved."
    )
    active_drawable: Attribute[Optional[Drawable]] = Attribute(
        "gimp-image-get-selected-drawables", convert=_first, doc="The first selected, or None."
    )

    def __init__(self, width: int, height: int, type: int = enums.RGB) -> None:
        made = values.call("gimp-image-new", int(width), int(height), type)
        self.ref = made.ref

    @property
    def active_layer(self) -> Optional[Layer]:
        """The first selected layer, or None; setting it selects this one alone."""
        return cast("Optional[Layer]", _first(self.selected_layers))

    @active_layer.setter
    def active_layer(self, layer: Layer) -> None:
        values.call("gimp-image-set-selected-layers", self, [layer])

    @property
    def active_channel(self) -> Optional[Channel]:
        """The first selected channel, or None; setting it selects this one alone."""
        found = values.call("gimp-image-get-selected-channels", self)
        return cast("Optional[Channel]", _first(found))

    @active_channel.setter
    def active_channel(self, channel: Channel) -> None:
        values.call("gimp-image-set-selected-channels", self, [channel])

    # -- Overpaint's extensions --------------------------------------------------------------------

    selected_layers: Attribute[list[Layer]] = Attribute(
        "gimp-image-get-selected-layers", doc="All selected layers (an extension)."
    )
    selected_drawables: Attribute[list[Drawable]] = Attribute(
        "gimp-image-get-selected-drawables",
        doc="All selected layers or channels, or the mask being edited (an extension).",
    )

    @property
    def is_srgb(self) -> bool:
        """Whether the colours are sRGB's, in gamma-encoded or linear precision (an extension)."""
        return host.current().is_srgb(self.ref)

    def metadata_tag(self, name: str) -> Optional[str]:
        """Return what the metadata say, by a name of Exiv2's; None for nothing (an extension)."""
        return host.current().metadata_tag(self.ref, name)

    def set_metadata_tag(self, name: str, value: str) -> None:
        """Say something in the metadata, which can be undone (an extension)."""
        host.current().set_metadata_tag(self.ref, name, value)

    # -- layers and channels -----------------------------------------------------------------------

    def add_layer(self, layer: Layer, position: int = -1) -> None:
        """Insert a layer at the top level; -1 means above the active one, 0 on top."""
        self.insert_layer(layer, None, position)

    def insert_layer(
        self, layer: Layer, parent: Optional[Layer] = None, position: int = -1
    ) -> None:
        """Insert a layer into a group, or at the top level for None."""
        values.call("gimp-image-insert-layer", self, layer, parent, position)

    def remove_layer(self, layer: Layer) -> None:
        """Remove a layer."""
        values.call("gimp-image-remove-layer", self, layer)

    def new_layer(
        self,
        name: str = "New Layer",
        width: Optional[int] = None,
        height: Optional[int] = None,
        offset_x: int = 0,
        offset_y: int = 0,
        alpha: bool = True,
        pos: int = -1,
        opacity: float = 100.0,
        mode: int = enums.LAYER_MODE_NORMAL,
        fill_mode: int = -1,
    ) -> Layer:
        """Make and insert a layer, transparent or, without alpha, in the background colour."""
        kind = 2 * self.base_type + (1 if alpha else 0)
        size = width or self.width, height or self.height
        layer = Layer(self, name, *size, kind, opacity, mode)
        default = enums.FILL_TRANSPARENT if alpha else enums.FILL_BACKGROUND
        layer.fill(default if fill_mode < 0 else fill_mode)
        layer.set_offsets(offset_x, offset_y)
        self.insert_layer(layer, None, pos)
        return layer

    def add_channel(self, channel: Channel, position: int = -1) -> None:
        """Insert a channel."""
        self.insert_channel(channel, None, position)

    def insert_channel(
        self, channel: Channel, parent: Optional[Channel] = None, position: int = -1
    ) -> None:
        """Insert a channel; GIMP has no groups of channels, so `parent` stays None."""
        values.call("gimp-image-insert-channel", self, channel, parent, position)

    def remove_channel(self, channel: Channel) -> None:
        """Remove a channel."""
        values.call("gimp-image-remove-channel", self, channel)

    def flatten(self) -> Layer:
        """Merge everything visible into one layer without alpha, and return it."""
        return cast(Layer, values.call("gimp-image-flatten", self))

    def merge_visible_layers(self, merge_type: int) -> Layer:
        """Merge the visible layers into one, and return it."""
        return cast(Layer, values.call("gimp-image-merge-visible-layers", self, merge_type))

    def merge_down(self, layer: Layer, merge_type: int) -> Layer:
        """Merge a layer with the one below, and return the result."""
        return cast(Layer, values.call("gimp-image-merge-down", self, layer, merge_type))

    def duplicate(self) -> Image:
        """Return a copy of the image, without display."""
        return cast(Image, values.call("gimp-image-duplicate", self))

    # -- undo --------------------------------------------------------------------------------------

    def undo_group_start(self) -> None:
        """What follows, up to `undo_group_end`, is one step for the user."""
        values.call("gimp-image-undo-group-start", self)

    def undo_group_end(self) -> None:
        """End what `undo_group_start` began."""
        values.call("gimp-image-undo-group-end", self)

    def undo_freeze(self) -> bool:
        """Stop recording; what was recorded stays usable after `undo_thaw`."""
        return bool(values.call("gimp-image-undo-freeze", self))

    def undo_thaw(self) -> bool:
        """Record again after `undo_freeze`."""
        return bool(values.call("gimp-image-undo-thaw", self))

    def undo_is_enabled(self) -> bool:
        """Tell whether steps are recorded."""
        return bool(values.call("gimp-image-undo-is-enabled", self))

    def disable_undo(self) -> bool:
        """Stop recording and forget what was recorded."""
        return bool(values.call("gimp-image-undo-disable", self))

    def enable_undo(self) -> bool:
        """Record again after `disable_undo`."""
        return bool(values.call("gimp-image-undo-enable", self))

    def clean_all(self) -> None:
        """Mark the image as saved."""
        values.call("gimp-image-clean-all", self)


@wraps("display")
class Display(Handle):
    """A window that shows an image; where GIMP has no windows, it is there but shows nothing."""

    __slots__ = ()

    def __init__(self, image: Image) -> None:
        try:
            self.ref = values.call("gimp-display-new", image).ref
        except GimpError:  # GIMP without windows: scripts end by showing their result
            self.ref = host.Ref("display", -1)
