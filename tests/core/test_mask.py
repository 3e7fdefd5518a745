"""Masks: bounds, grow, feather, islands."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from overpaint.geometry import Box, Extent
from overpaint.mask import Mask, adjust, bounds, feather, grow, islands

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
masks = hnp.arrays(np.uint8, shapes, elements=st.sampled_from([0, 0, 0, 1, 128, 255]))


@given(masks)
def test_bounds_hold_every_changed_pixel_and_no_empty_edge(mask: Mask) -> None:
    """Outside the bounds all is 0; each side of them touches something that is not."""
    box = bounds(mask)

    if box is None:
        assert not mask.any()
        return
    inside = mask[box.slices]
    assert inside.any(axis=1)[[0, -1]].all()
    assert inside.any(axis=0)[[0, -1]].all()
    assert np.count_nonzero(mask) == np.count_nonzero(inside)


@settings(max_examples=50)
@given(masks, st.integers(0, 20))
def test_growing_never_loses_and_never_overshoots(mask: Mask, px: int) -> None:
    """A grown mask is nowhere below the mask, and 0 farther than px from it."""
    grown = grow(mask, px)

    assert (grown >= mask).all()
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    y, x = np.mgrid[:height, :width]
    for row, column in zip(*np.nonzero(grown), strict=True):
        assert ((rows - row) ** 2 + (columns - column) ** 2).min() <= (px + 1) ** 2
    assert x.shape == y.shape


def test_growing_keeps_soft_edges_soft() -> None:
    """A ramp that is grown is the same ramp, farther out."""
    ramp = np.tile(np.array([255, 255, 200, 100, 50, 0, 0, 0, 0, 0], np.uint8), (9, 1))

    assert grow(ramp, 3)[4].tolist() == [255, 255, 255, 255, 255, 200, 100, 50, 0, 0]


@settings(max_examples=50)
@given(masks, st.integers(1, 12))
def test_feathering_changes_nothing_far_from_an_edge(mask: Mask, px: int) -> None:
    """Where the mask is even within px, feathering leaves it as it is."""
    hard = np.where(mask > 0, 255, 0).astype(np.uint8)

    soft = feather(hard, px)

    padded = np.pad(hard, px, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * px + 1, 2 * px + 1))
    even = windows.min(axis=(2, 3)) == windows.max(axis=(2, 3))
    assert (soft[even] == hard[even]).all()


def test_feathering_is_half_way_at_the_edge_and_falls_outwards() -> None:
    """Across a straight edge the mask falls from 255 to 0, about half of it at the edge."""
    hard = np.zeros((5, 60), np.uint8)
    hard[:, :30] = 255

    row = feather(hard, 10)[2].astype(int)

    assert (np.diff(row) <= 0).all()
    assert 110 < (row[29] + row[30]) / 2 < 145
    assert (row[19], row[41]) == (255, 0)


def test_a_selection_at_the_border_stays_strong_there() -> None:
    """The picture's border is not an edge of the selection."""
    assert (feather(np.full((20, 20), 255, np.uint8), 8) == 255).all()


def test_adjusting_by_nothing_is_the_same_mask() -> None:
    """Grow 0 and feather 0 return the mask as it is."""
    mask = np.array([[0, 7], [255, 0]], np.uint8)

    same = adjust(mask, grow_px=0, feather_px=0)

    assert np.array_equal(np.array([[0, 7], [255, 0]]), same)


@settings(max_examples=50)
@given(masks, st.integers(1, 15))
def test_islands_share_no_pixel_and_lose_none(mask: Mask, reach: int) -> None:
    """Every pixel of the hole lies in exactly one island, and islands keep their distance."""
    hole = mask > 0

    boxes = islands(hole, reach)

    covered = np.zeros(hole.shape, int)
    for box in boxes:
        covered[box.slices] += 1
        assert Extent(hole.shape[1], hole.shape[0]).box.contains(box)
    assert (covered[hole] == 1).all()
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert one.grown(reach).intersection(other) is None


def test_two_far_pieces_are_two_islands_and_a_ring_is_one() -> None:
    """Distance splits, bounds join."""
    hole = np.zeros((200, 400), bool)
    hole[10:20, 10:30] = True
    hole[150:190, 300:380] = True
    assert [Box(300, 150, 80, 40), Box(10, 10, 20, 10)] == islands(hole, 64)

    ring = np.zeros((200, 200), bool)
    ring[10:190, 10:190] = True
    ring[30:170, 30:170] = False
    ring[95:105, 95:105] = True
    assert [Box(10, 10, 180, 180)] == islands(ring, 8)


def test_a_speckled_selection_is_split_in_no_time() -> None:
    """A hundred thousand single pixels are a few islands, not a hundred thousand comparisons."""
    hole = np.zeros((1000, 1000), bool)
    hole[::3, ::3] = True

    assert [Box(0, 0, 1000, 1000)] == islands(hole, 64)
