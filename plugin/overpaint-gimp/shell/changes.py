"""What became of a document while an edit was made, and where the result goes now.

The region is remembered, never read again. The outcomes: a closed image takes nothing any more;
a deleted layer leaves its place on top of the image; a moved layer takes the result along; a
scaled or cropped layer does not, and the user is told; another selection changes nothing.
"""

from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Iterator, List, NamedTuple

from gimpfu import INDEXED, gimp, pdb
from shell import canvas, messages, result_layers
from wire import PatchMade, Rectangle

__all__ = ["Landing", "landing", "one_step"]


class Landing(NamedTuple):
    """Where a result goes, by how much it moved along with its layer, and what is to be said."""

    spot: result_layers.Spot
    dx: int
    dy: int
    sentences: List[str]

    def moved(self, source: canvas.RegionRead) -> canvas.RegionRead:
        """Return what was read as if it had been read here."""
        selected = replace(source.selected, box=self._moved(source.selected.box))
        return replace(source, region=self._moved(source.region), selected=selected)

    def moved_patch(self, patch: PatchMade) -> PatchMade:
        return replace(patch, region=self._moved(patch.region))

    def _moved(self, box: Rectangle) -> Rectangle:
        return Rectangle(box.x + self.dx, box.y + self.dy, box.width, box.height)


@contextmanager
def one_step(image: Any) -> Iterator[None]:
    """Make all that is done to *image* meanwhile one step to undo; one that is closed has none."""
    there: Any = gimp._id2image(image.ID)  # noqa: SLF001, GIMP 2's own name for it
    if there is None:
        yield
        return
    there.undo_group_start()
    try:
        yield
    finally:
        there.undo_group_end()


def landing(target: canvas.Target, over: Any = None) -> Landing:
    """Look at the document again; raises DocumentUnsuitable where nothing can be added to it.

    The result goes above the target, or above *over* where that is still there.
    """
    image: Any = gimp._id2image(target.image.ID)  # noqa: SLF001, GIMP 2's own name for it
    if image is None:
        raise messages.image_closed()
    if image.base_type == INDEXED:
        raise messages.image_indexed()
    sentences: List[str] = []
    layer: Any = gimp.Item.from_id(target.layer.ID)
    if layer is None or _position(image, layer) is None:
        sentences.append(messages.layer_gone())
        return Landing(result_layers.Spot(image, None, 0), 0, 0, sentences)
    spot = result_layers.above(layer)
    over = None if over is None else gimp.Item.from_id(over.ID)
    if over is not None and _position(image, over) is not None:
        spot = result_layers.above(over)
    dx = dy = 0
    if (layer.width, layer.height) != (target.place.width, target.place.height):
        sentences.append(messages.layer_resized())
    else:
        x, y = layer.offsets
        dx, dy = x - target.place.x, y - target.place.y
        if dx or dy:
            sentences.append(messages.layer_moved())
    if target.selector.ref.kind == "selection" and not target.everything:
        non_empty, x1, y1, x2, y2 = pdb.gimp_selection_bounds(image)
        if not non_empty or Rectangle(x1, y1, x2 - x1, y2 - y1) != target.selection:
            sentences.append(messages.selection_changed())
    return Landing(spot, dx, dy, sentences)


def _position(image: Any, layer: Any) -> Any:
    """Return where *layer* is among its siblings; None where it is in no tree any more."""
    try:
        return pdb.gimp_image_get_item_position(image, layer)
    except RuntimeError:  # deleted, but kept by GIMP to be brought back by undo
        return None
