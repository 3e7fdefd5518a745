"""The plan: which rectangle of the picture one edit reads, from its selection's bounds."""

from dataclasses import dataclass

from overpaint.errors import SelectionEmpty
from overpaint.geometry import Box, Extent
from overpaint.recipe import Recipe

__all__ = ["MIN_CONTEXT", "Plan", "make_plan"]

MIN_CONTEXT = 64
"""Pixels around even the smallest selection: less shows a model nothing but a smear."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be read and changed: *region* holds *changed* with its context."""

    region: Box
    changed: Box


def make_plan(recipe: Recipe, selection: Box, canvas: Extent) -> Plan:
    """Return the plan for a *selection* (its bounds) on a picture of size *canvas*.

    Without a context of the recipe's own, each side gets about as much context as the selection
    is long in that direction: what fills a hole best is most often within one hole's size of it
    (measured in bench/fill.py). Large selections get less, down to half, for the sake of time.
    The region never leaves the canvas. Raises SelectionEmpty where the selection lies outside.
    """
    changed = selection.grown(recipe.grow + recipe.feather).intersection(canvas.box)
    if changed is None or selection.intersection(canvas.box) is None:
        raise SelectionEmpty(
            "The selection lies outside the picture.", "Select a part of the picture first."
        )
    if recipe.context is not None:
        region = changed.grown(recipe.context)
    else:
        across, down = _context(changed.width), _context(changed.height)
        region = Box(
            changed.x - across,
            changed.y - down,
            changed.width + 2 * across,
            changed.height + 2 * down,
        )
    inside = region.intersection(canvas.box)
    assert inside is not None  # it holds *changed*
    return Plan(region=inside, changed=changed)


def _context(length: int) -> int:
    return max(MIN_CONTEXT, min(length, 128 + length // 2))
