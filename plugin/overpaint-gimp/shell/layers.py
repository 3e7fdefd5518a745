"""Many layers in one style: which they are, their pixels, and the new group beside the old ones.

Nothing of the document changes before all that could be made is there. Then, in one undo group, a
new group with copies of the layers is inserted, their pixels are replaced, and the old ones are
hidden.
"""

import tempfile
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Tuple

import wire
from gimpfu import (
    ADD_MASK_WHITE,
    INDEXED,
    LAYER_MODE_ERASE,
    LAYER_MODE_NORMAL,
    LAYER_MODE_SPLIT,
    PARASITE_UNDOABLE,
    gimp,
    pdb,
)
from shell import canvas, messages, result_layers, whole

__all__ = [
    "EVERY_LAYER",
    "SELECTED_LAYERS",
    "WHOLE",
    "Batch",
    "Results",
    "examine",
    "insert",
    "read",
]

SELECTED_LAYERS, EVERY_LAYER = "selected", "all"
WHOLE = ""
"""The id of the flattened document."""

# Layers whose pixels GIMP draws itself, from what they say about themselves.
_DRAWN = (
    "gimp-item-id-is-text-layer",
    "gimp-item-id-is-link-layer",
    "gimp-item-id-is-vector-layer",
)
_KEPT = ("blend-space", "composite-space", "composite-mode")
_LOCKS = ("position", "visibility")
_OWN_PARASITES = "gimp-"
"""What those begin with in which GIMP says what it draws."""


@dataclass(frozen=True)
class Batch:
    """What is to be styled: *roots* are layers or groups, *leaves* their layers by id.

    *frames*: they are those of an animation, the lowest the first.
    """

    image: Any
    roots: List[Any]
    leaves: Dict[str, Any]
    frames: bool = False

    def request(self, recipe: Dict[str, Any], *, forecast: bool = False) -> wire.StyleLayers:
        """Return the request to style them, or to say what that would take."""
        return wire.StyleLayers(
            recipe=recipe,
            canvas_width=self.image.width,
            canvas_height=self.image.height,
            document=(self.image.name or "")[:300],
            layers=self.described(),
            frames=self.frames,
            forecast=forecast,
        )

    def described(self) -> List[Dict[str, Any]]:
        """Return the leaves as the wire describes them."""
        return [
            {
                "id": number,
                "name": layer.name,
                "box": [*layer.offsets, layer.width, layer.height],
                "skip": _why_not(layer),
            }
            for number, layer in self.leaves.items()
        ]


@dataclass(frozen=True)
class _Kept:
    start: int
    width: int
    height: int
    format: str
    recipe: Dict[str, Any]
    provenance: Dict[str, Any]


class Results:
    """What was made, in a file until all of it is there: documents are larger than memories.

    State: the file, and where in it which layer begins. Use as a context manager.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by __exit__
        self._found: Dict[str, _Kept] = {}

    def __enter__(self) -> "Results":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __contains__(self, number: object) -> bool:
        return number in self._found

    def __len__(self) -> int:
        return len(self._found)

    def keep(self, made: wire.LayerMade) -> None:
        """Write a layer's new pixels down."""
        start = self._file.seek(0, 2)
        self._file.write(made.pixels)
        self._found[made.id] = _Kept(
            start, made.width, made.height, made.format, made.recipe, made.provenance
        )

    def write(self, number: str, layer: Any) -> None:
        """Put what was made for a layer into *layer*, which has the same size."""
        kept = self._found[number]
        self._file.seek(kept.start)
        pixels = self._file.read(kept.width * kept.height * wire.BYTES_PER_PIXEL[kept.format])
        form = None if layer.format == kept.format else kept.format
        layer.write_pixels(0, 0, kept.width, kept.height, form, pixels)
        # The layer is in its image already: without the flag, GIMP could not undo these.
        flags = result_layers.PERSISTENT | PARASITE_UNDOABLE
        layer.attach_new_parasite(
            result_layers.PARASITE, flags, result_layers.recipe_text(kept.recipe)
        )
        layer.attach_new_parasite(
            result_layers.PROVENANCE, flags, result_layers.recipe_text(kept.provenance)
        )

    def provenances(self) -> List[Dict[str, Any]]:
        """Return who made them."""
        return [kept.provenance for kept in self._found.values()]


def examine(image: Any, everything: bool, frames: bool = False) -> Batch:
    """Return the selected layers and groups, or all; raises DocumentUnsuitable."""
    if image.base_type == INDEXED:
        raise messages.image_indexed()
    if image.floating_selection is not None:
        raise messages.floating_selection()
    chosen = list(image.layers) if everything else _outermost(image.selected_layers)
    if not chosen:
        raise messages.no_layers()
    if len({root.parent and root.parent.ID for root in chosen}) > 1:
        raise messages.layers_apart()
    leaves = {str(leaf.ID): leaf for root in chosen for leaf in _leaves(root)}
    if not leaves:
        raise messages.no_layers()
    return Batch(image, chosen, leaves, frames)


def _outermost(chosen: List[Any]) -> List[Any]:
    """Return *chosen*, the topmost first, without what lies in another of them."""
    known = {item.ID for item in chosen}
    found = []
    for item in chosen:
        above = item.parent
        while above is not None and above.ID not in known:
            above = above.parent
        if above is None:
            found.append(item)
    return sorted(found, key=lambda item: pdb.gimp_image_get_item_position(item.image, item))


def _leaves(item: Any) -> Iterator[Any]:
    if not isinstance(item, gimp.GroupLayer):
        yield item
        return
    for child in item.layers:
        yield from _leaves(child)


def _why_not(layer: Any) -> Any:
    item: Any = layer
    while item is not None:
        if pdb.gimp_item_get_lock_content(item):
            return "locked"
        item = item.parent
    return "cuts" if layer.mode in (LAYER_MODE_ERASE, LAYER_MODE_SPLIT) else None


def read(batch: Batch, number: str) -> wire.LayerPixels:
    """Return all pixels of a layer, or what the document shows of all of them."""
    if number != WHOLE:
        return _pixels(number, batch.image, batch.leaves[number])
    with whole.to_look_at(batch.image, batch.roots) as image:
        visible = pdb.gimp_layer_new_from_visible(image, image, "Overpaint")
        try:
            return _pixels(number, image, visible)
        finally:
            gimp.delete(visible)


def _pixels(number: str, image: Any, layer: Any) -> wire.LayerPixels:
    stored, width, height = layer.format, layer.width, layer.height
    form = canvas.travel_format(image, stored)
    pixels = layer.read_pixels(0, 0, width, height, None if form == stored else form)
    return wire.LayerPixels(id=number, width=width, height=height, format=form, pixels=pixels)


def insert(batch: Batch, results: Results, name: str) -> Any:
    """Lay a new group with the styled layers above the old ones, which are hidden, and above what
    was made of them before; return it.

    Whatever is not in *results* is there as a copy. One step to undo.
    """
    image = batch.image
    spot = result_layers.above(batch.roots[0])
    active = image.selected_layers
    seen = [root.visible for root in batch.roots]
    image.undo_group_start()
    try:
        group = gimp.GroupLayer(image, name)
        image.insert_layer(group, spot.parent, spot.position)
        flags = result_layers.PERSISTENT | PARASITE_UNDOABLE
        group.attach_new_parasite(result_layers.GROUP, flags, "layers")
        try:
            for position, root in enumerate(batch.roots):
                made = root.copy()
                image.insert_layer(made, group, position)
                for old, new in list(_pairs(root, made)):
                    new.name = old.name  # a copy is called "... copy"
                    if str(old.ID) in results:
                        results.write(str(old.ID), _plain(image, new))
            for root in batch.roots:
                _show(root, False)
            result_layers.declare(image, results.provenances())
        except BaseException as error:
            image.remove_layer(group)
            for root, visible in zip(batch.roots, seen):
                _show(root, visible)
            if isinstance(error, RuntimeError):  # what GIMP's own refusals are
                raise messages.insert_failed(str(error)) from error
            raise
        # So that the command can be repeated on the same layers; an undo leaves it as it is.
        if active:
            pdb.gimp_image_set_selected_layers(image, len(active), active)
    finally:
        image.undo_group_end()
    return group


def _show(item: Any, visible: bool) -> None:
    """Show or hide *item*: where its visibility is locked, GIMP would leave it without a word."""
    locked = pdb.gimp_item_get_lock_visibility(item)
    if locked:
        pdb.gimp_item_set_lock_visibility(item, False)
    item.visible = visible
    if locked:
        pdb.gimp_item_set_lock_visibility(item, True)


def _pairs(old: Any, new: Any) -> Iterator[Tuple[Any, Any]]:
    """Yield each item of a tree with that of its copy."""
    yield old, new
    if isinstance(old, gimp.GroupLayer):
        for below, copied in zip(old.layers, new.layers):
            yield from _pairs(below, copied)


def _plain(image: Any, layer: Any) -> Any:
    """Return *layer* where its pixels are its own; where GIMP draws them, make them its own.

    GIMP draws links and paths anew whenever a file is opened, and text once it is changed. A layer
    of pixels takes their place: GIMP 3.0 cannot turn text into pixels, and where 3.2 does, redo
    draws it once more, without its style. Filters could not be taken along: such layers stay.
    """
    if not any(name in pdb and pdb[name](layer.ID) for name in _DRAWN):
        return layer
    if pdb.gimp_drawable_get_filters(layer)[0]:
        layer.rasterize()
        return layer
    size = layer.width, layer.height
    plain = gimp.Layer(image, layer.name, *size, layer.type, layer.opacity, LAYER_MODE_NORMAL)
    plain.mode = layer.mode
    plain.set_offsets(*layer.offsets)
    plain.visible = layer.visible
    plain.lock_alpha = layer.lock_alpha
    for name in _KEPT:
        value = pdb["gimp-layer-get-" + name](layer)
        pdb["gimp-layer-set-" + name](plain, value)
    pdb.gimp_item_set_color_tag(plain, pdb.gimp_item_get_color_tag(layer))
    place = pdb.gimp_image_get_item_position(image, layer)
    image.insert_layer(plain, layer.parent, place)
    if layer.mask is not None:
        mask = plain.create_mask(ADD_MASK_WHITE)
        plain.add_mask(mask)
        mask.write_pixels(0, 0, *size, None, layer.mask.read_pixels(0, 0, *size, None))
        for state in ("apply_mask", "edit_mask", "show_mask"):
            setattr(plain, state, getattr(layer, state))
    for parasite in layer.parasite_list():
        if not parasite.startswith(_OWN_PARASITES):
            plain.parasite_attach(layer.parasite_find(parasite))
    for lock in _LOCKS:  # at last: they would keep it from its place
        kept = pdb["gimp-item-get-lock-" + lock](layer)
        pdb["gimp-item-set-lock-" + lock](plain, kept)
    name = layer.name
    image.remove_layer(layer)
    plain.name = name
    return plain
