"""Extents and boxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.geometry import Box, Extent

coordinates = st.integers(-50, 50)
lengths = st.integers(1, 50)
boxes = st.builds(Box, coordinates, coordinates, lengths, lengths)


def points(box: Box) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box.x, box.right) for y in range(box.y, box.bottom)}


@given(boxes, boxes)
def test_an_intersection_is_what_both_boxes_cover(one: Box, other: Box) -> None:
    """A pixel lies in the intersection exactly if it lies in both boxes."""
    both = one.intersection(other)

    assert points(one) & points(other) == (points(both) if both else set())


@given(boxes, boxes)
def test_a_union_is_the_smallest_box_around_both(one: Box, other: Box) -> None:
    """The union contains both boxes, and touches one of them at each side."""
    union = one.union(other)

    assert union.contains(one)
    assert union.contains(other)
    assert union.x in (one.x, other.x)
    assert union.y in (one.y, other.y)
    assert union.right in (one.right, other.right)
    assert union.bottom in (one.bottom, other.bottom)


@given(boxes, boxes)
def test_containing_is_covering_every_pixel(one: Box, other: Box) -> None:
    """A box contains another exactly if it covers each of its pixels."""
    assert one.contains(other) == (points(other) <= points(one))


@given(boxes, st.integers(0, 20), coordinates, coordinates)
def test_growing_and_moving_can_be_undone(box: Box, px: int, dx: int, dy: int) -> None:
    """A box that is grown and shrunk, moved there and back, is the same box."""
    assert box == box.grown(px).grown(-px)
    assert box == box.moved(dx, dy).moved(-dx, -dy)


def test_nothing_has_no_box() -> None:
    """A box or an extent without a pixel cannot be made."""
    with pytest.raises(ValueError, match="at least one pixel"):
        Box(0, 0, 0, 5)
    with pytest.raises(ValueError, match="at least one pixel"):
        Extent(5, 0)


def test_scaling_never_loses_the_last_pixel() -> None:
    """However small the factor, one pixel stays."""
    assert Extent(1, 1) == Extent(300, 2).scaled(0.0001)
