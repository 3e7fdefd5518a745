"""The picture that lends all its layers one look: what the document shows of them.

Where GIMP shows something else at the moment, a copy is looked at, and the document stays as it is.
"""

from contextlib import contextmanager
from typing import Any, Iterator, List, Set

from gimpfu import gimp, pdb
from shell import result_layers

__all__ = ["to_look_at"]


@contextmanager
def to_look_at(image: Any, roots: List[Any]) -> Iterator[Any]:
    """Yield *image*, or a copy that shows *roots*, the layers and groups that are to be styled.

    GIMP can show a mask in place of its layer: the style would be that of a grey picture. And roots
    that are all hidden, as an earlier run leaves them, would get the look that covers them.
    """
    masks = {item.ID for item in _items(image.layers) if item.mask and item.show_mask}
    seen = any(_is_seen(root) for root in roots)
    if seen and not masks:
        yield image
        return
    copy = pdb.gimp_image_duplicate(image)
    try:
        chosen: Set[int] = set() if seen else {root.ID for root in roots}
        # A copy has the same items in the same order.
        for item, copied in zip(_items(image.layers), _items(copy.layers)):
            if item.ID in masks:
                copied.show_mask = False
            if item.ID in chosen:
                _show(copied)
        if not seen:
            _hide_results(image, copy, roots)
        yield copy
    finally:
        gimp.delete(copy)


def _items(items: List[Any]) -> Iterator[Any]:
    for item in items:
        yield item
        if isinstance(item, gimp.GroupLayer):
            yield from _items(item.layers)


def _is_seen(item: Any) -> bool:
    while item is not None:
        if not item.visible:
            return False
        item = item.parent
    return True


def _show(item: Any) -> None:
    """Show *item* of a copy, in whatever groups it is."""
    while item is not None:
        pdb.gimp_item_set_lock_visibility(item, False)
        item.visible = True
        item = item.parent


def _hide_results(image: Any, copy: Any, roots: List[Any]) -> None:
    """Hide in *copy* what Overpaint has made beside *roots*: it lies over them."""
    chosen = {root.ID for root in roots}
    parents = {root.parent and root.parent.ID for root in roots}
    for item, copied in zip(_items(image.layers), _items(copy.layers)):
        beside = (item.parent and item.parent.ID) in parents and item.ID not in chosen
        if beside and result_layers.is_result(item):
            pdb.gimp_item_set_lock_visibility(copied, False)
            copied.visible = False
