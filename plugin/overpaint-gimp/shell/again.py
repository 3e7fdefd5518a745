"""A layer that Overpaint has made, and what it would take to make it again."""

import json
from typing import Any, Dict, List, NamedTuple, Optional

from gimpfu import gimp, pdb
from shell import messages, result_layers

__all__ = ["Again", "examine", "marks"]

EDITS = ("inpaint", "remove", "variation", "style")
MAX_MARKS, MARK_LENGTH = 1000, 200


class Again(NamedTuple):
    """The recipe, the layer that it was made from, whose mask is to be used, if any, and the layer
    that carries the recipe.
    """

    recipe: Dict[str, Any]
    below: Any
    mask: Any
    made: Any


def examine(image: Any, layer: Any) -> Again:
    """Read what is stored on *layer*; raises DocumentUnsuitable where nothing is.

    The edited layer stays the active one, so the last result on it will do as well. What is
    selected goes before the place that the recipe was made for.
    """
    if layer is None or not isinstance(layer, gimp.Layer):
        raise messages.channel_active()
    made = next(
        filter(None, map(_carrier, [layer, *reversed(result_layers.results_on(layer))])), None
    )
    if made is None:
        raise messages.no_recipe(layer.name)
    recipe = _stored(made)
    non_empty = pdb.gimp_selection_bounds(image)[0]
    mask = made if not non_empty and made.mask is not None else None
    return Again(recipe, _below(image, made), mask, made)


def marks(image: Any) -> List[Dict[str, Any]]:
    """Return what of the recipes on the image's layers tells which of the history's runs they are
    from, for wire.Ask("history"); of a prompt its start.
    """
    found: List[Dict[str, Any]] = []
    waiting = list(image.layers)
    while waiting and len(found) < MAX_MARKS:
        item = waiting.pop()
        waiting += item.children
        recipe = _read(item) or {}
        if recipe.get("seed") is not None:
            mark = {name: recipe.get(name) for name in ("edit", "provider", "seed")}
            found.append({**mark, "prompt": str(recipe.get("prompt", ""))[:MARK_LENGTH]})
    return found


def _carrier(item: Any) -> Any:
    """Return *item* if it has a recipe, or the one that is shown of a group of candidates."""
    if item.parasite_find(result_layers.PARASITE) is not None:
        return item
    if not isinstance(item, gimp.GroupLayer):
        return None
    made = [
        each for each in item.children if each.parasite_find(result_layers.PARASITE) is not None
    ]
    return next((each for each in made if each.visible), made[0] if made else None)


def _stored(layer: Any) -> Dict[str, Any]:
    recipe = _read(layer)
    if recipe is None:
        raise messages.recipe_unreadable(layer.name)
    return recipe


def _read(item: Any) -> Optional[Dict[str, Any]]:
    """Return the recipe on *item*; None where there is none that can be read."""
    parasite = item.parasite_find(result_layers.PARASITE)
    if parasite is None:
        return None
    data = parasite.data
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
    try:
        recipe = json.loads(text)
    except ValueError:
        return None
    return recipe if isinstance(recipe, dict) and recipe.get("edit") in EDITS else None


def _below(image: Any, layer: Any) -> Any:
    """Return the nearest layer below that Overpaint has not made; out of a group of candidates."""
    item = layer
    while item is not None:
        siblings = item.parent.children if item.parent is not None else image.layers
        position = pdb.gimp_image_get_item_position(image, item)
        for other in siblings[position + 1 :]:
            made = other.parasite_find(result_layers.PARASITE) is not None
            if not made and not isinstance(other, gimp.GroupLayer) and other.visible:
                return other
        item = item.parent
    raise messages.nothing_below(layer.name)
