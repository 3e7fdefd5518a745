"""The plan: context around the selection, never off the canvas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.errors import SelectionEmpty
from overpaint.geometry import Box, Extent
from overpaint.plan import MIN_CONTEXT, make_plan
from overpaint.recipe import Edit, Recipe

CANVAS = Extent(3000, 2000)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Recipe, Box, Extent]:
    canvas = Extent(draw(st.integers(1, 9000)), draw(st.integers(1, 9000)))
    x, y = draw(st.integers(0, canvas.width - 1)), draw(st.integers(0, canvas.height - 1))
    selection = Box.spanning(
        x, y, draw(st.integers(x + 1, canvas.width)), draw(st.integers(y + 1, canvas.height))
    )
    recipe = Recipe(
        edit=Edit.REMOVE,
        grow=draw(st.integers(0, 100)),
        feather=draw(st.integers(0, 100)),
        context=draw(st.none() | st.integers(0, 500)),
    )
    return recipe, selection, canvas


@given(cases())
def test_the_region_holds_the_selection_and_stays_on_the_canvas(
    case: tuple[Recipe, Box, Extent],
) -> None:
    """Selection within what changes, within the region, within the canvas: always."""
    recipe, selection, canvas = case

    plan = make_plan(recipe, selection, canvas)

    assert plan.changed.contains(selection)
    assert plan.region.contains(plan.changed)
    assert canvas.box.contains(plan.region)


@given(cases(), st.integers(1, 50))
def test_more_context_never_means_a_smaller_region(
    case: tuple[Recipe, Box, Extent], more: int
) -> None:
    """A larger context gives a region that contains the smaller one."""
    recipe, selection, canvas = case
    some = recipe.context or 0
    small = Recipe(edit=Edit.REMOVE, context=some)
    large = Recipe(edit=Edit.REMOVE, context=some + more)

    region = make_plan(small, selection, canvas).region

    assert make_plan(large, selection, canvas).region.contains(region)


def test_a_tiny_selection_gets_real_context() -> None:
    """One selected pixel is never all that a provider sees."""
    plan = make_plan(Recipe(edit=Edit.REMOVE), Box(1500, 1000, 1, 1), CANVAS)

    assert Box(1500, 1000, 1, 1).grown(MIN_CONTEXT) == plan.region


def test_a_context_that_was_asked_for_is_taken_to_the_pixel() -> None:
    """--context 10 is ten pixels on each side, after growing and feathering."""
    recipe = Recipe(edit=Edit.REMOVE, grow=3, feather=2, context=10)

    plan = make_plan(recipe, Box(100, 100, 50, 40), CANVAS)

    assert Box(85, 85, 80, 70) == plan.region


def test_a_selection_off_the_canvas_is_refused() -> None:
    """What lies outside the picture cannot be edited, even where growing would reach it."""
    with pytest.raises(SelectionEmpty):
        make_plan(Recipe(edit=Edit.REMOVE, grow=50), Box(3010, 0, 10, 10), CANVAS)
