"""Laying results over a layer as new layers, under masks, and finding them again.

All that one command adds is one step to undo, and GIMP is asked what it holds before it stays.
"""

import json
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Dict, List, Optional

from gimpfu import ADD_MASK_BLACK, GRAY, GRAYA_IMAGE, LAYER_MODE_NORMAL, RGBA_IMAGE, gimp, pdb
from shell import messages
from shell.canvas import MASK_FORMAT, RegionRead, Selected, in_strips
from wire import Blob, PatchMade, Rectangle

__all__ = [
    "GROUP",
    "PARASITE",
    "PERSISTENT",
    "PROVENANCE",
    "Blank",
    "Spot",
    "above",
    "declare",
    "insert",
    "is_result",
    "recipe_text",
    "results_on",
]

PARASITE = "overpaint-recipe"
PROVENANCE = "overpaint-provenance"
GROUP = "overpaint-group"
"""What a group of styled layers carries: the topmost of them may have been left as it was."""
DECLARED = {
    "source_type": "Xmp.iptcExt.DigitalSourceType",
    "system": "Xmp.iptcExt.AISystemUsed",
    "model": "Xmp.iptcExt.AISystemVersionUsed",
}
"""What of a provenance an image's metadata say, which GIMP writes into files."""
PERSISTENT = 1


@dataclass(frozen=True)
class Spot:
    """Where new layers go: into *parent*, or the top level for None, at *position* from its top."""

    image: Any
    parent: Any
    position: int


def above(layer: Any) -> Spot:
    """Return the place right above *layer*, and above earlier results that lie on it: among them
    a new one would not be seen.
    """
    image = layer.image
    position = pdb.gimp_image_get_item_position(image, layer)
    return Spot(image, layer.parent, position - len(results_on(layer)))


def results_on(layer: Any) -> List[Any]:
    """Return what Overpaint has made of *layer*: the results right above it, the lowest first."""
    siblings = layer.image.layers if layer.parent is None else layer.parent.children
    position = pdb.gimp_image_get_item_position(layer.image, layer)
    return list(takewhile(is_result, reversed(siblings[:position])))


def is_result(item: Any) -> bool:
    """Tell whether Overpaint has made *item*, or what is in it."""
    made = item
    while isinstance(made, gimp.GroupLayer) and made.children:
        if made.parasite_find(GROUP) is not None:
            return True
        made = made.children[0]
    return made.parasite_find(PARASITE) is not None


def insert(
    spot: Spot,
    source: Optional[RegionRead],
    patches: List[PatchMade],
    name: str,
    grouped: bool = False,
    blank: "Optional[Blank]" = None,
) -> Any:
    """Lay *patches* as new layers on *spot*, under masks; return the topmost, or their group.

    The first lies on top, the others are hidden; all of it is one step to undo. Each
    patch covers all that is selected of *source*. The mask is the selection as it was read, in
    the image's own depth, unless the patch brings its own. What was active stays active, so that
    the command can be repeated on it. *grouped*: several come into a group of that name. *blank*
    becomes the first that it fits. Raises ShellError, and then nothing has changed.
    """
    image = spot.image
    active = image.selected_layers
    inserted: List[Any] = []
    image.undo_group_start()
    try:
        parent, position = spot.parent, spot.position
        if grouped and len(patches) > 1:
            inserted.append(gimp.GroupLayer(image, name))
            image.insert_layer(inserted[0], parent, position)
            parent, position = inserted[0], 0
        for number, patch in enumerate(patches):
            layer = _insert_layer(image, parent, position + number, source, patch, name, blank)
            if parent is None or parent not in inserted:
                inserted.append(layer)
            if number > 0:
                layer.visible = False
        if active:
            pdb.gimp_image_set_selected_layers(image, len(active), active)
        declare(image, [patch.provenance for patch in patches])
    except RuntimeError as error:  # what GIMP's own refusals are
        _take_back(image, inserted)
        raise messages.insert_failed(str(error)) from error
    except BaseException:
        _take_back(image, inserted)
        raise
    finally:
        image.undo_group_end()
    return inserted[0]


def _take_back(image: Any, layers: List[Any]) -> None:
    for layer in layers:
        image.remove_layer(layer)


class Blank:
    """A layer under the mask of a selection, not in its image yet and of no colour: made while a
    model works, since GIMP takes its time for it. Whoever made one drops it in the end.
    Raises ShellError.
    """

    def __init__(self, image: Any, name: str, selected: Selected) -> None:
        self._region = selected.box
        self._layer: Any = _masked(image, name, selected.box, selected, None)

    def take(self, patch: PatchMade) -> Any:
        """Return the layer, once, if it fits *patch*; else None."""
        if patch.mask is not None or patch.region != self._region:
            return None
        taken, self._layer = self._layer, None
        return taken

    def drop(self) -> None:
        """Delete the layer, unless it was taken."""
        if self._layer is not None:
            gimp.delete(self._layer)
            self._layer = None


def _masked(
    image: Any,
    name: str,
    region: Rectangle,
    selected: Optional[Selected],
    mask_bytes: Optional[Blob],
) -> Any:
    """Return a layer over *region*, not in its image yet, under *mask_bytes* or the selection.

    What shows of a layer is decided by its place and its mask, so both are read back from GIMP:
    raises ShellError where they are not what was asked for.
    """
    x, y, width, height = region
    kind = GRAYA_IMAGE if image.base_type == GRAY else RGBA_IMAGE
    layer = gimp.Layer(image, name, width, height, kind, 100.0, LAYER_MODE_NORMAL)
    try:
        layer.set_offsets(x, y)
        mask = layer.create_mask(ADD_MASK_BLACK)
        layer.add_mask(mask)
        form: Optional[str] = MASK_FORMAT
        wanted = bytes(mask_bytes or b"")
        if mask_bytes is None and selected is not None:
            form, wanted = None, _framed(selected.native, selected.box, region)
        mask.write_pixels(0, 0, width, height, form, wanted)
        layer.edit_mask = False
        held = mask.read_pixels(0, 0, width, height, form)
        _refuse_other(layer, region, held, wanted)
    except BaseException:
        gimp.delete(layer)
        raise
    return layer


def _refuse_other(layer: Any, region: Rectangle, held: bytes, wanted: bytes) -> None:
    """Raise ShellError where a layer lies elsewhere, or its mask *held* is not as *wanted*."""
    pixels = region.width * region.height
    if (*layer.offsets, layer.width, layer.height) != tuple(region):
        raise messages.overran(pixels)
    if held != wanted:
        size = len(wanted) // pixels
        starts = range(0, len(wanted), size)
        raise messages.overran(sum(held[at : at + size] != wanted[at : at + size] for at in starts))


def _insert_layer(
    image: Any,
    parent: Any,
    position: int,
    source: Optional[RegionRead],
    patch: PatchMade,
    name: str,
    blank: Optional[Blank],
) -> Any:
    layer = None if blank is None else blank.take(patch)
    if layer is None:
        selected = None if source is None else source.selected
        layer = _masked(image, name, patch.region, selected, patch.mask)
    try:
        # Complete before it is inserted, so that the undo step is one layer and nothing else.
        form = None if layer.format == patch.format else patch.format
        _write(layer, form, patch.pixels)
        layer.attach_new_parasite(PARASITE, PERSISTENT, recipe_text(patch.recipe))
        layer.attach_new_parasite(PROVENANCE, PERSISTENT, recipe_text(patch.provenance))
        image.insert_layer(layer, parent, position)
    except BaseException:
        gimp.delete(layer)
        raise
    return layer


def _write(layer: Any, form: Optional[str], pixels: Blob) -> None:
    """Write all of a layer, in strips: on the way into GIMP each is copied, and small copies come
    into memory that was used before.
    """
    width, view = layer.width, memoryview(pixels)
    row = len(view) // layer.height
    for top, rows in in_strips(layer.height, row):
        layer.write_pixels(0, top, width, rows, form, view[top * row : (top + rows) * row])


def declare(image: Any, made: List[Dict[str, Any]]) -> None:
    """Say in the image's metadata that a model made a part of it, where one did.

    What is said already stays: it is of the whole picture, or of an earlier part.
    """
    for provenance in made:
        if not provenance.get("source_type"):
            continue
        for key, tag in DECLARED.items():
            value = provenance.get(key)
            if value and not image.metadata_tag(tag):
                image.set_metadata_tag(tag, value)
        return


def recipe_text(recipe: Dict[str, Any]) -> str:
    """Return the recipe as it is stored on its layer."""
    return json.dumps(recipe, ensure_ascii=False, sort_keys=True)


def _framed(plane: bytes, box: Rectangle, region: Rectangle) -> bytes:
    """Return *plane*, which has the pixels of *box*, with zeros around it up to *region*."""
    if box == region:
        return plane
    size = len(plane) // (box.width * box.height)
    above, left = box.y - region.y, box.x - region.x
    below, right = region.height - above - box.height, region.width - left - box.width
    before, after, row = bytes(left * size), bytes(right * size), box.width * size
    parts = [bytes(above * region.width * size)]
    for start in range(0, len(plane), row):
        parts += (before, plane[start : start + row], after)
    parts.append(bytes(below * region.width * size))
    return b"".join(parts)
