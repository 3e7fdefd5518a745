"""The procedures that GIMP 2.10 spelled differently: a table of names, and adapters for the rest.

An adapter is a function with 2.10's arguments; its signature is written above it.
"""

from __future__ import annotations

from typing import Any, Callable

from . import signatures, values

# 2.10's name -> GIMP 3's, where arguments and results stayed the same.
RENAMED: dict[str, str] = {
    "gimp-image-width": "gimp-image-get-width",
    "gimp-image-height": "gimp-image-get-height",
    "gimp-image-base-type": "gimp-image-get-base-type",
    "gimp-image-get-vectors": "gimp-image-get-paths",
    "gimp-drawable-width": "gimp-drawable-get-width",
    "gimp-drawable-height": "gimp-drawable-get-height",
    "gimp-drawable-bpp": "gimp-drawable-get-bpp",
    "gimp-drawable-bytes": "gimp-drawable-get-bpp",
    "gimp-drawable-offsets": "gimp-drawable-get-offsets",
    "gimp-drawable-get-image": "gimp-item-get-image",
    "gimp-drawable-get-name": "gimp-item-get-name",
    "gimp-drawable-set-name": "gimp-item-set-name",
    "gimp-drawable-get-visible": "gimp-item-get-visible",
    "gimp-drawable-set-visible": "gimp-item-set-visible",
    "gimp-layer-get-name": "gimp-item-get-name",
    "gimp-layer-set-name": "gimp-item-set-name",
    "gimp-layer-get-visible": "gimp-item-get-visible",
    "gimp-layer-set-visible": "gimp-item-set-visible",
    "gimp-layer-delete": "gimp-item-delete",
    "gimp-drawable-delete": "gimp-item-delete",
    "gimp-layer-mask": "gimp-layer-get-mask",
    "gimp-edit-clear": "gimp-drawable-edit-clear",
    "gimp-edit-fill": "gimp-drawable-edit-fill",
    "gimp-image-raise-layer": "gimp-image-raise-item",
    "gimp-image-lower-layer": "gimp-image-lower-item",
    "gimp-image-raise-layer-to-top": "gimp-image-raise-item-to-top",
    "gimp-image-lower-layer-to-bottom": "gimp-image-lower-item-to-bottom",
    "gimp-image-get-layer-position": "gimp-image-get-item-position",
    "gimp-image-get-channel-position": "gimp-image-get-item-position",
    "gimp-image-get-item-position": "gimp-image-get-item-position",
    "gimp-selection-clear": "gimp-selection-none",
    "gimp-undo-push-group-start": "gimp-image-undo-group-start",
    "gimp-undo-push-group-end": "gimp-image-undo-group-end",
    "gimp-image-get-filename": "gimp-image-get-file",
    "gimp-image-list": "gimp-get-images",
}


class Adapter:
    """A function that takes a 2.10 procedure's arguments, with its signature."""

    def __init__(self, function: Callable[..., Any], signature: signatures.Signature) -> None:
        self.signature = signature
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)


ADAPTED: dict[str, Adapter] = {}


def spelled(name: str, notation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that answers to the 2.10 procedure `name`."""

    def remember(function: Callable[..., Any]) -> Callable[..., Any]:
        ADAPTED[name] = Adapter(function, signatures.parse(name, notation))
        return function

    return remember


@spelled(
    "gimp-layer-new",
    "image:GimpImage width:gint height:gint type:GimpImageType name:gchararray"
    " opacity:gdouble mode:GimpLayerMode -> layer:GimpLayer",
)
def _layer_new(
    image: Any, width: int, height: int, kind: int, name: str, opacity: float, mode: int
) -> Any:
    return values.call("gimp-layer-new", image, name, width, height, kind, opacity, mode)


@spelled("gimp-layer-copy", "layer:GimpLayer add-alpha:gboolean -> layer-copy:GimpLayer")
def _layer_copy(layer: Any, add_alpha: bool) -> Any:
    return layer.copy(add_alpha)


@spelled("gimp-image-add-layer", "image:GimpImage layer:GimpLayer position:gint")
def _image_add_layer(image: Any, layer: Any, position: int) -> None:
    image.add_layer(layer, position)


@spelled("gimp-image-get-active-layer", "image:GimpImage -> layer:GimpLayer")
def _image_get_active_layer(image: Any) -> Any:
    return image.active_layer


@spelled("gimp-image-set-active-layer", "image:GimpImage layer:GimpLayer")
def _image_set_active_layer(image: Any, layer: Any) -> None:
    image.active_layer = layer


@spelled("gimp-image-get-active-drawable", "image:GimpImage -> drawable:GimpDrawable")
def _image_get_active_drawable(image: Any) -> Any:
    return image.active_drawable


@spelled(
    "gimp-file-load",
    "run-mode:GimpRunMode filename:gchararray raw-filename:gchararray -> image:GimpImage",
)
def _file_load(run_mode: int, filename: str, _raw_filename: str) -> Any:
    return values.call("gimp-file-load", run_mode, filename)
