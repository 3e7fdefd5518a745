"""The plan: context around the selection, never off the canvas."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.errors import SelectionEmpty
from overpaint.geometry import Box, Extent
from overpaint.plan import ENLARGE, MIN_CONTEXT, Plan, make_plan, make_shots
from overpaint.recipe import Edit, Oversize, Recipe
from overpaint.sizes import Sizes

CANVAS = Extent(3000, 2000)
ANYTHING = Sizes()
FREE = Sizes(native=1 << 20, multiple=16, min_edge=256, max_edge=2048, max_pixels=2048 * 2048)
ASPECTS = Sizes(native=1 << 20, multiple=8, max_pixels=1 << 20, aspects=((1, 1), (3, 2), (2, 3)))
FIXED = Sizes(native=1 << 20, fixed=(Extent(1024, 1024), Extent(1536, 1024), Extent(1024, 1536)))
MODELS = [FREE, ASPECTS, FIXED]


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

    plan = make_plan(recipe, selection, canvas, ANYTHING)

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

    region = make_plan(small, selection, canvas, ANYTHING).region

    assert make_plan(large, selection, canvas, ANYTHING).region.contains(region)


def test_a_tiny_selection_gets_real_context() -> None:
    """One selected pixel is never all that a provider sees."""
    plan = make_plan(Recipe(edit=Edit.REMOVE), Box(1500, 1000, 1, 1), CANVAS, ANYTHING)

    assert Box(1500, 1000, 1, 1).grown(MIN_CONTEXT) == plan.region


def test_a_context_that_was_asked_for_is_taken_to_the_pixel() -> None:
    """--context 10 is ten pixels on each side, after growing and feathering."""
    recipe = Recipe(edit=Edit.REMOVE, grow=3, feather=2, context=10)

    plan = make_plan(recipe, Box(100, 100, 50, 40), CANVAS, ANYTHING)

    assert Box(85, 85, 80, 70) == plan.region


def test_a_selection_off_the_canvas_is_refused() -> None:
    """What lies outside the picture cannot be edited, even where growing would reach it."""
    with pytest.raises(SelectionEmpty):
        make_plan(Recipe(edit=Edit.REMOVE, grow=50), Box(3010, 0, 10, 10), CANVAS, ANYTHING)


def covered(plan: Plan) -> np.ndarray:
    """Which pixels of the canvas some shot shows to the model."""
    box = plan.region
    seen = np.zeros((box.height, box.width), bool)
    for shot in plan.shots:
        inside = shot.box.intersection(box)
        assert inside is not None
        seen[inside.moved(-box.x, -box.y).slices] = True
    return seen


def permitted(extent: Extent, sizes: Sizes) -> bool:
    if sizes.fixed:
        return extent in sizes.fixed
    multiple = extent.width % sizes.multiple == extent.height % sizes.multiple == 0
    edges = sizes.min_edge <= min(extent.width, extent.height)
    edges = edges and max(extent.width, extent.height) <= sizes.max_edge
    ratio = extent.width / extent.height
    shape = not sizes.aspects or any(abs(ratio / (w / h) - 1) < 0.02 for w, h in sizes.aspects)
    return multiple and edges and shape and extent.pixels <= sizes.max_pixels


@settings(max_examples=200)
@given(cases(), st.sampled_from(MODELS), st.sampled_from(Oversize))
def test_shots_are_permitted_cover_the_change_and_keep_its_shape(
    case: tuple[Recipe, Box, Extent], sizes: Sizes, oversize: Oversize
) -> None:
    """Every shot has a size that the model takes, is not distorted, and together they cover."""
    recipe, selection, canvas = case
    plan = make_plan(replace(recipe, oversize=oversize), selection, canvas, sizes)

    changed = plan.changed.moved(-plan.region.x, -plan.region.y)
    assert covered(plan)[changed.slices].all()
    for shot in plan.shots:
        assert permitted(shot.working, sizes), shot
        across = shot.working.width / shot.box.width
        down = shot.working.height / shot.box.height
        tolerance = 1 / min(shot.box.width, shot.box.height) + 0.03
        assert abs(across / down - 1) <= tolerance, shot


@given(cases(), st.sampled_from(MODELS))
def test_invented_pixels_lie_past_the_canvas_only(
    case: tuple[Recipe, Box, Extent], sizes: Sizes
) -> None:
    """A shot is widened with real pixels first: beyond the canvas only where there are none."""
    recipe, selection, canvas = case

    for shot in make_plan(recipe, selection, canvas, sizes).shots:
        if shot.box.width <= canvas.width:
            assert shot.box.x >= 0
            assert shot.box.right <= canvas.width
        if shot.box.height <= canvas.height:
            assert shot.box.y >= 0
            assert shot.box.bottom <= canvas.height


@pytest.mark.parametrize("sizes", MODELS)
def test_a_small_selection_is_sent_at_the_models_native_size_with_real_context(
    sizes: Sizes,
) -> None:
    """However small the selection, the model gets about its native pixels, not a zoomed smear."""
    (shot,) = make_plan(Recipe(edit=Edit.REMOVE), Box(1500, 900, 40, 30), CANVAS, sizes).shots

    assert shot.working.pixels >= 0.9 * (1 << 20)
    assert shot.working.width / shot.box.width <= ENLARGE


def test_what_fits_is_sent_pixel_for_pixel() -> None:
    """A region within the model's size is widened to a permitted one, and not resized."""
    (shot,) = make_plan(Recipe(edit=Edit.REMOVE), Box(800, 600, 500, 420), CANVAS, FREE).shots

    assert shot.box.extent == shot.working


def test_too_large_a_region_is_tiled_or_fitted_as_the_recipe_says() -> None:
    """By default tiles where fitting would lose more than a third of the resolution."""
    large = Box(300, 200, 2400, 1700)
    little_more = Box(500, 300, 1300, 900)

    def shots(selection: Box, oversize: Oversize):
        recipe = Recipe(edit=Edit.REMOVE, oversize=oversize, context=0)
        return make_plan(recipe, selection, CANVAS, ASPECTS).shots

    assert len(shots(large, Oversize.AUTO)) == len(shots(large, Oversize.TILES)) > 1
    assert all(shot.resolution == 1 for shot in shots(large, Oversize.AUTO))
    assert len(shots(large, Oversize.FIT)) == 1
    assert len(shots(little_more, Oversize.AUTO)) == 1


def test_far_pieces_go_apart_where_that_saves_requests() -> None:
    """Two small pieces in the corners of a large region are two shots, not a dozen tiles."""
    mask = np.zeros((2000, 3000), np.uint8)
    mask[50:150, 50:150] = 255
    mask[1800:1900, 2800:2900] = 255

    shots = make_shots(Recipe(edit=Edit.REMOVE), mask, ASPECTS)

    assert len(shots) == 2
    assert all(shot.resolution == 1 for shot in shots)


def test_tiles_without_anything_selected_are_not_sent() -> None:
    """A ring is tiled round its hole."""
    mask = np.full((2000, 3000), 255, np.uint8)
    mask[400:1600, 400:2600] = 0

    shots = make_shots(Recipe(edit=Edit.REMOVE), mask, ASPECTS)

    assert len(shots) > 2
    for shot in shots:
        inside = shot.box.intersection(Box(0, 0, 3000, 2000))
        assert inside is not None
        assert mask[inside.slices].any()
