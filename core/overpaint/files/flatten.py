"""A tree of layers as one picture, as OpenRaster says that it looks.

Source: W3C, Compositing and Blending Level 1 (2015), on sRGB's numbers as they are. One layer is
in memory at a time, and one picture of floats for each group that is isolated.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box, Extent
from overpaint.tree import CUTTING, NORMAL, Group, Layer, Node, Tree

__all__ = ["MODES", "flatten"]

Floats: TypeAlias = npt.NDArray[np.float32]

_ROWS = 256
"""How many are mixed at a time: what that takes beside the pictures stays small."""
_LUMINOSITY = np.array([0.3, 0.59, 0.11], np.float32)
_TINY = np.float32(1e-6)


def flatten(tree: Tree, read: Callable[[Layer], Floats]) -> Floats:
    """Return the document as float32 (height, width, 4), straight alpha, 0..1.

    *read* returns a layer's own pixels in the same form, of the size of its box. Layers that are
    hidden, by themselves or by a group, are not read. A mode that is not known counts as normal.
    """
    canvas = _blank(tree.extent)
    _draw(tree.children, canvas, read)
    return _straight(canvas)


def _blank(extent: Extent) -> Floats:
    return np.zeros((extent.height, extent.width, 4), np.float32)


def _straight(canvas: Floats) -> Floats:
    alpha = canvas[..., 3:]
    np.divide(canvas[..., :3], alpha, out=canvas[..., :3], where=alpha > _TINY)
    return canvas


def _draw(nodes: tuple[Node, ...], canvas: Floats, read: Callable[[Layer], Floats]) -> None:
    """Lay *nodes* over *canvas*, whose colours are multiplied with their alpha."""
    height, width = canvas.shape[:2]
    whole = Extent(width, height).box
    for node in reversed(nodes):
        if not node.visible:
            continue
        if isinstance(node, Group):
            if not (node.isolated or node.opacity < 1 or node.mode != NORMAL):
                _draw(node.children, canvas, read)
                continue
            inside = _blank(whole.extent)
            _draw(node.children, inside, read)
            _lay(canvas, _straight(inside), whole, node)
        else:
            _lay(canvas, read(node), node.box, node)


def _lay(canvas: Floats, picture: Floats, box: Box, node: Node) -> None:
    height, width = canvas.shape[:2]
    inside = box.intersection(Extent(width, height).box)
    cuts = node.mode in CUTTING
    if cuts:
        # What lies outside the picture that cuts is cut as well.
        shape = np.zeros((height, width), np.float32)
        if inside is not None:
            shape[inside.slices] = picture[inside.moved(-box.x, -box.y).slices][..., 3]
        _cut(canvas, shape * np.float32(node.opacity), node.mode)
        return
    if inside is None:
        return
    above = picture[inside.moved(-box.x, -box.y).slices]
    below = canvas[inside.slices]
    for start in range(0, inside.height, _ROWS):
        rows = slice(start, start + _ROWS)
        _mix(below[rows], above[rows], np.float32(node.opacity), node.mode)


def _cut(canvas: Floats, shape: Floats, mode: str) -> None:
    canvas *= (shape if mode == "svg:dst-in" else 1 - shape)[..., None]


def _mix(below: Floats, above: Floats, opacity: np.float32, mode: str) -> None:
    """Change *below*, multiplied, to what it is under *above*, straight."""
    alpha = above[..., 3:] * opacity
    if mode == "svg:plus":
        below[..., :3] += above[..., :3] * alpha
        below[..., 3:] += alpha
        np.clip(below, 0, 1, out=below)
        return
    behind = below[..., 3:].copy()
    colours = above[..., :3]
    if mode in MODES:
        under = np.divide(
            below[..., :3], behind, out=np.zeros_like(below[..., :3]), where=behind > _TINY
        )
        colours = colours + behind * (MODES[mode](under, colours) - colours)
    if mode == "svg:src-atop":
        below[..., :3] += alpha * (colours * behind - below[..., :3])
        return
    below[..., :3] += alpha * (colours - below[..., :3])
    below[..., 3:] = behind + alpha * (1 - behind)


def _multiply(below: Floats, above: Floats) -> Floats:
    return below * above


def _screen(below: Floats, above: Floats) -> Floats:
    return np.asarray(below + above - below * above, np.float32)


def _hard_light(below: Floats, above: Floats) -> Floats:
    mixed = np.where(above <= 0.5, below * (2 * above), _screen(below, 2 * above - 1))
    return np.asarray(mixed, np.float32)


def _overlay(below: Floats, above: Floats) -> Floats:
    return _hard_light(above, below)


def _dodge(below: Floats, above: Floats) -> Floats:
    quotient = np.divide(below, 1 - above, out=np.ones_like(below), where=above < 1)
    return np.where(below <= 0, np.float32(0), np.minimum(quotient, 1))


def _burn(below: Floats, above: Floats) -> Floats:
    quotient = np.divide(1 - below, above, out=np.ones_like(below), where=above > 0)
    return np.where(below >= 1, np.float32(1), 1 - np.minimum(quotient, 1))


def _soft_light(below: Floats, above: Floats) -> Floats:
    root = np.where(
        below <= 0.25, ((16 * below - 12) * below + 4) * below, np.sqrt(np.maximum(below, 0))
    )
    darker = below - (1 - 2 * above) * below * (1 - below)
    lighter = below + (2 * above - 1) * (root - below)
    return np.asarray(np.where(above <= 0.5, darker, lighter), np.float32)


def _difference(below: Floats, above: Floats) -> Floats:
    return np.asarray(np.abs(below - above), np.float32)


def _light(colours: Floats) -> Floats:
    return np.asarray((colours @ _LUMINOSITY)[..., None], np.float32)


def _with_light(colours: Floats, light: Floats) -> Floats:
    """Return *colours* moved to that *light*, and pulled back into 0..1 towards it."""
    moved = colours + (light - _light(colours))
    low, high = moved.min(axis=-1, keepdims=True), moved.max(axis=-1, keepdims=True)
    down = np.where(low < 0, light / np.maximum(light - low, _TINY), np.float32(1))
    up = np.where(high > 1, (1 - light) / np.maximum(high - light, _TINY), np.float32(1))
    return np.asarray(light + (moved - light) * np.minimum(down, up), np.float32)


def _spread(colours: Floats) -> Floats:
    return np.asarray(
        colours.max(axis=-1, keepdims=True) - colours.min(axis=-1, keepdims=True), np.float32
    )


def _with_spread(colours: Floats, spread: Floats) -> Floats:
    own = _spread(colours)
    raised = colours - colours.min(axis=-1, keepdims=True)
    widened = np.divide(raised * spread, own, out=np.zeros_like(colours), where=own > 0)
    return np.asarray(widened, np.float32)


def _hue(below: Floats, above: Floats) -> Floats:
    return _with_light(_with_spread(above, _spread(below)), _light(below))


def _saturation(below: Floats, above: Floats) -> Floats:
    return _with_light(_with_spread(below, _spread(above)), _light(below))


def _colour(below: Floats, above: Floats) -> Floats:
    return _with_light(above, _light(below))


def _luminosity(below: Floats, above: Floats) -> Floats:
    return _with_light(below, _light(above))


MODES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "svg:multiply": _multiply,
    "svg:screen": _screen,
    "svg:overlay": _overlay,
    "svg:darken": np.minimum,
    "svg:lighten": np.maximum,
    "svg:color-dodge": _dodge,
    "svg:color-burn": _burn,
    "svg:hard-light": _hard_light,
    "svg:soft-light": _soft_light,
    "svg:difference": _difference,
    "svg:color": _colour,
    "svg:luminosity": _luminosity,
    "svg:hue": _hue,
    "svg:saturation": _saturation,
}
"""The modes that mix colours, by OpenRaster's names: below and above to the mixed colour."""
