"""The offline fill: what it copies from, what it leaves alone, and how it splits its work."""

from unittest import mock

import numpy as np
import numpy.typing as npt
import patchmatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from overpaint.engine import fill
from overpaint.engine.fill import Hole, find_holes
from overpaint.errors import EngineMissing

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Mask = npt.NDArray[np.uint8]

MAGENTA = (255, 0, 255)


def meadow(height: int, width: int) -> Rgb:
    """Return rough greens, in which neither magenta nor black can hide."""
    rng = np.random.default_rng(7)
    greens = rng.integers((0, 130, 0), (60, 200, 60), (height, width, 3))
    return greens.astype(np.uint8)


def square(height: int, width: int, *, rows: slice, columns: slice) -> Mask:
    mask = np.zeros((height, width), np.uint8)
    mask[rows, columns] = 255
    return mask


def filled(pixels: Rgb, mask: Mask, visible: Flags, seed: int = 1) -> Rgb:
    """Return *pixels* with all holes of *mask* filled, as the provider does it."""
    result = pixels.copy()
    for hole in find_holes(mask, visible):
        window = result[hole.window.slices]
        window[hole.missing] = fill.fill(pixels, hole, seed)[hole.missing]
    return result


def is_foreign(pixels: Rgb) -> Flags:
    """Return which pixels are no green of the meadow: magenta, or the black of no source."""
    return (pixels[..., 0] > 120) | (pixels[..., 1] < 60) | (pixels[..., 2] > 120)


def everywhere(mask: Mask) -> Flags:
    return np.ones(mask.shape, np.bool_)


# What it copies from


@pytest.mark.parametrize("limit", [fill.MAX_PIXELS, 2_000], ids=["full size", "reduced"])
@pytest.mark.parametrize("hidden", [slice(0, 40), slice(0, 75), slice(0, None, 7)])
def test_hidden_colours_are_nowhere_in_the_fill(
    monkeypatch: pytest.MonkeyPatch, limit: int, hidden: slice
) -> None:
    """Neither beside the hole nor under it do pixels that nobody sees lend it their colour."""
    monkeypatch.setattr(fill, "MAX_PIXELS", limit)
    pixels = meadow(80, 100)
    visible = np.ones((80, 100), np.bool_)
    visible[:, hidden] = False
    pixels[~visible] = MAGENTA
    mask = square(80, 100, rows=slice(20, 60), columns=slice(30, 70))

    result = filled(pixels, mask, visible)

    assert not is_foreign(result[mask > 0]).any()


@pytest.mark.parametrize("limit", [fill.MAX_PIXELS, 2_000], ids=["full size", "reduced"])
def test_what_is_removed_is_nowhere_in_the_fill(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """The colours of the selection itself do not come back."""
    monkeypatch.setattr(fill, "MAX_PIXELS", limit)
    mask = square(80, 100, rows=slice(20, 60), columns=slice(30, 70))
    pixels = meadow(80, 100)
    pixels[mask > 0] = MAGENTA

    result = filled(pixels, mask, everywhere(mask))

    assert not is_foreign(result).any()


def test_another_piece_of_the_selection_is_not_copied_from() -> None:
    """A piece that is still to be filled itself is no source for its neighbour."""
    mask = square(100, 300, rows=slice(30, 60), columns=slice(30, 60))
    mask |= square(100, 300, rows=slice(30, 60), columns=slice(160, 190))
    pixels = meadow(100, 300)
    pixels[mask > 0] = MAGENTA

    assert len(find_holes(mask, everywhere(mask))) == 2
    assert not is_foreign(filled(pixels, mask, everywhere(mask))).any()


def test_a_soft_edge_is_filled_to_its_faintest_pixel() -> None:
    """What changes by 1/255 is filled, so that nothing of the old shines through."""
    mask = square(60, 60, rows=slice(20, 40), columns=slice(20, 40))
    mask[18:42, 18:42] = np.maximum(mask[18:42, 18:42], 1)

    [hole] = find_holes(mask, everywhere(mask))

    assert np.array_equal(mask > 0, hole.missing)


def test_a_hole_among_hidden_pixels_looks_as_far_as_it_must() -> None:
    """Where all near pixels are hidden, the far ones are copied from."""
    visible = np.zeros((200, 600), np.bool_)
    visible[:, 500:] = True
    mask = square(200, 600, rows=slice(10, 20), columns=slice(10, 20))
    mask |= square(200, 600, rows=slice(10, 20), columns=slice(300, 310))
    pixels = meadow(200, 600)
    pixels[~visible] = MAGENTA

    result = filled(pixels, mask, visible)

    assert not is_foreign(result[mask > 0]).any()


def test_specks_to_copy_from_are_enough_at_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only single pixels show, reducing does not lose them."""
    monkeypatch.setattr(fill, "MAX_PIXELS", 100)
    visible = np.zeros((60, 60), np.bool_)
    visible[::20, ::20] = True
    pixels = np.where(visible[..., None], meadow(60, 60), np.array(MAGENTA, np.uint8))
    mask = np.full((60, 60), 255, np.uint8)
    mask[visible] = 0

    assert not is_foreign(filled(pixels, mask, visible)).any()


# What it leaves alone


@pytest.mark.parametrize("limit", [fill.MAX_PIXELS, 2_000], ids=["full size", "reduced"])
def test_pixels_outside_are_returned_as_they_are(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """A fill changes what is missing and nothing else in its window."""
    monkeypatch.setattr(fill, "MAX_PIXELS", limit)
    pixels = meadow(80, 100)
    mask = square(80, 100, rows=slice(20, 60), columns=slice(30, 70))
    [hole] = find_holes(mask, everywhere(mask))

    result = fill.fill(pixels, hole, 1)

    assert np.array_equal(pixels[mask == 0], result[mask == 0])
    assert not np.array_equal(pixels, result)


def test_the_picture_that_was_given_is_not_written_to() -> None:
    """Filling works on a copy."""
    pixels = meadow(60, 60)
    before = pixels.copy()
    mask = square(60, 60, rows=slice(20, 40), columns=slice(20, 40))

    filled(pixels, mask, everywhere(mask))

    assert np.array_equal(before, pixels)


def test_the_same_seed_gives_the_same_pixels() -> None:
    """A recipe can be run again; another seed is another picture."""
    pixels = meadow(80, 80)
    mask = square(80, 80, rows=slice(20, 60), columns=slice(20, 60))

    first, again, other = (filled(pixels, mask, everywhere(mask), seed) for seed in (5, 5, 6))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


# Smooth surroundings


def evening(height: int, width: int) -> tuple[Rgb, int]:
    """Return a sky that brightens towards rough ground, and where that begins."""
    rng = np.random.default_rng(3)
    down = np.linspace(0, 1, height)[:, None, None] ** 1.5
    across = np.linspace(-1, 1, width)[None, :, None]
    sky = np.array((20, 34, 60)) + down * np.array((70, 66, 66))
    sky = sky * (1 - 0.2 * across**2) + rng.normal(0, 0.3, (height, width, 3))
    ground = round(height * 0.88)
    rough = rng.integers(20, 60, (height - ground, width, 1))
    sky[ground:] = rough + np.array((20, 5, 0))
    return np.rint(sky).astype(np.uint8), ground


def test_a_sky_keeps_its_tone_where_something_tall_is_removed() -> None:
    """No dark shape stays in a sky whose brightness changes slowly: nobody sees two tones."""
    sky, ground = evening(420, 340)
    rows, columns = np.mgrid[:420, :340]
    inside = ((columns - 170) / 48) ** 2 + ((rows - 231) / 160) ** 2 <= 1
    mask = np.where(inside, 255, 0).astype(np.uint8)
    picture = sky.copy()
    picture[inside] = 240

    off = filled(picture, mask, everywhere(mask)).astype(float) - sky

    in_the_sky = off[inside & (rows < ground - 12)]
    assert np.abs(in_the_sky).mean() < 2


# Sizes and places


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("at", [0, 30, -1], ids=["corner", "middle", "far corner"])
def test_a_tiny_hole_takes_the_colour_around_it(size: int, at: int) -> None:
    """One pixel or a speck on a flat surface vanishes without a trace."""
    pixels = np.full((61, 61, 3), (90, 120, 60), np.uint8)
    mask = np.zeros((61, 61), np.uint8)
    rows = slice(61 - size, 61) if at < 0 else slice(at, at + size)
    mask[rows, rows] = 255
    flat = pixels.copy()
    pixels[mask > 0] = MAGENTA

    assert np.array_equal(flat, filled(pixels, mask, everywhere(mask)))


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_a_hole_at_the_border_of_the_picture_is_filled(side: int) -> None:
    """A selection along an edge of the picture has surroundings on three sides only."""
    pixels = np.full((60, 60, 3), (90, 120, 60), np.uint8)
    mask = np.rot90(square(60, 60, rows=slice(0, 15), columns=slice(0, 60)), side)
    flat = pixels.copy()
    pixels[mask > 0] = MAGENTA

    assert np.array_equal(flat, filled(pixels, mask, everywhere(mask)))


@pytest.mark.parametrize("hole", [slice(0, 20), slice(20, 40)], ids=["side", "middle"])
@pytest.mark.parametrize("height", [1, 2, 5, 8, 16])
def test_a_narrow_picture_is_filled_to_its_middle(height: int, hole: slice) -> None:
    """A gap across a strip or an icon gets its colours; the library alone leaves it black."""
    mask = square(height, 60, rows=slice(None), columns=hole)

    assert not is_foreign(filled(meadow(height, 60), mask, everywhere(mask))).any()


def test_a_wide_gap_in_a_banner_is_filled_to_its_middle() -> None:
    """Half of a picture forty times as wide as high is not left black."""
    mask = square(20, 800, rows=slice(None), columns=slice(200, 600))

    assert not is_foreign(filled(meadow(20, 800), mask, everywhere(mask))).any()


@pytest.mark.parametrize("known", [(2, 2), (1, 100), (100, 3)])
def test_little_to_copy_from_is_enough(known: tuple[int, int]) -> None:
    """With all but a corner or a line selected, the rest is filled from that."""
    mask = np.full((100, 100), 255, np.uint8)
    mask[: known[0], : known[1]] = 0

    assert not is_foreign(filled(meadow(100, 100), mask, everywhere(mask))).any()


def test_reducing_keeps_a_flat_surface_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window above the limit is filled at reduced size, without rings or rims."""
    monkeypatch.setattr(fill, "MAX_PIXELS", 1_000)
    pixels = np.full((60, 90, 3), (90, 120, 60), np.uint8)
    mask = square(60, 90, rows=slice(20, 41), columns=slice(25, 52))
    flat = pixels.copy()
    pixels[mask > 0] = MAGENTA

    assert np.array_equal(flat, filled(pixels, mask, everywhere(mask)))


def test_a_large_window_never_reaches_the_library_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit bounds the memory: what the library is given is no larger."""
    monkeypatch.setattr(fill, "MAX_PIXELS", 3_000)
    seen: list[int] = []
    inpaint = patchmatch.inpaint

    def watched(picture: Rgb, *args: object, **options: object) -> Rgb:
        seen.append(picture.shape[0] * picture.shape[1])
        return inpaint(picture, *args, **options)

    monkeypatch.setattr(patchmatch, "inpaint", watched)
    mask = square(90, 120, rows=slice(30, 60), columns=slice(30, 80))

    filled(meadow(90, 120), mask, everywhere(mask))

    assert len(seen) == 1
    assert seen[0] <= 1.05 * 3_000


# How the work is split


def test_nothing_to_copy_from_means_no_holes() -> None:
    """With everything selected, or nothing else visible, there is nothing to fill from."""
    mask = np.full((40, 40), 255, np.uint8)

    assert find_holes(mask, everywhere(mask)) == []
    mask[10:] = 0
    assert find_holes(mask, mask > 0) == []


def test_nothing_selected_means_no_holes() -> None:
    """An empty selection is no work."""
    mask = np.zeros((40, 40), np.uint8)

    assert find_holes(mask, everywhere(mask)) == []


def test_a_soft_selection_of_everything_is_filled_from_its_faint_part() -> None:
    """Where every pixel is selected a little, the less selected half is the surroundings."""
    mask = np.tile(np.linspace(1, 255, 80).astype(np.uint8), (60, 1))

    [hole] = find_holes(mask, everywhere(mask))

    assert np.array_equal(mask >= 128, hole.missing)
    assert np.array_equal(mask < 128, hole.usable)


def test_islands_far_apart_are_filled_apart() -> None:
    """Two specks in a large picture cost two small windows, not the picture."""
    mask = square(1000, 3000, rows=slice(20, 30), columns=slice(20, 30))
    mask |= square(1000, 3000, rows=slice(950, 970), columns=slice(2900, 2930))

    holes = find_holes(mask, everywhere(mask))

    assert len(holes) == 2
    assert sum(hole.window.extent.pixels for hole in holes) < 100_000
    assert covered(holes, mask) == {1}


def test_a_scratch_is_filled_in_pieces_along_its_way() -> None:
    """A thin diagonal costs its own length, not the area of its bounds."""
    mask = np.zeros((2200, 3000), np.uint8)
    steps = np.arange(8400)
    for offset in range(4):
        mask[steps // 4 + 10 + offset, steps // 3 + 10] = 255

    holes = find_holes(mask, everywhere(mask))

    assert len(holes) > 2
    assert sum(hole.window.extent.pixels for hole in holes) < mask.size / 2
    assert covered(holes, mask) == {1}


def test_one_compact_hole_sees_the_whole_region() -> None:
    """How much context there is, the plan decides; the engine looks at all of it."""
    mask = square(1200, 1400, rows=slice(10, 1190), columns=slice(10, 1100))

    [hole] = find_holes(mask, everywhere(mask))

    assert (hole.window.width, hole.window.height) == (1400, 1200)


def covered(holes: list[Hole], mask: Mask) -> set[int]:
    """Return how many holes fill a selected pixel, checking that no other is filled."""
    count = np.zeros(mask.shape, np.int32)
    for hole in holes:
        count[hole.window.slices] += hole.missing
    assert not count[mask == 0].any()
    return set(np.unique(count[mask > 0]).tolist())


small = st.tuples(st.integers(2, 24), st.integers(2, 24))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Mask, Flags]:
    """Draw a mask and what is visible: a few rectangles of each, and specks."""
    shape = draw(small)
    mask = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 255]), fill=st.just(0)))
    visible = draw(arrays.arrays(np.bool_, shape, fill=st.just(True)))
    for target, value in ((mask, 255), (mask, 60), (visible, False)):
        top, left = draw(st.integers(0, shape[0])), draw(st.integers(0, shape[1]))
        target[top : top + draw(st.integers(0, 9)), left : left + draw(st.integers(0, 9))] = value
    return mask, visible


@given(scenes())
@settings(max_examples=60, deadline=None)
def test_holes_cover_the_selection_once_and_copy_only_what_shows(
    scene: tuple[Mask, Flags],
) -> None:
    """Whatever the shapes: every selected pixel in one hole, sources visible and unselected."""
    mask, visible = scene
    with mock.patch.object(fill, "MIN_REACH", 2):
        holes = find_holes(mask, visible)

    if holes and (visible & (mask == 0)).any():
        assert covered(holes, mask) == {1}
    for hole in holes:
        assert hole.missing.shape == hole.usable.shape == (hole.window.height, hole.window.width)
        assert hole.missing.any()
        assert hole.usable.any()
        assert not (hole.missing & hole.usable).any()
        assert not (hole.usable & ~visible[hole.window.slices]).any()


@given(scenes(), st.sampled_from([fill.MAX_PIXELS, 40]))
@settings(max_examples=60, deadline=None)
def test_no_scene_leaks_hidden_colours(scene: tuple[Mask, Flags], limit: int) -> None:
    """Whatever the shapes, full size or reduced: no hidden colour, nothing else touched."""
    mask, visible = scene
    pixels = meadow(*mask.shape)
    pixels[~visible | (mask > 127)] = MAGENTA
    with mock.patch.object(fill, "MIN_REACH", 2), mock.patch.object(fill, "MAX_PIXELS", limit):
        holes = find_holes(mask, visible)
        result = filled(pixels, mask, visible)

    assert np.array_equal(pixels[mask == 0], result[mask == 0])
    for hole in holes:
        if hole.usable.sum() > 4:
            assert not is_foreign(result[hole.window.slices][hole.missing]).any()


# Without the engine


def test_a_missing_library_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that does not load is an error with a hint, not a crash."""
    monkeypatch.setattr(patchmatch, "patchmatch_available", False)
    mask = square(60, 60, rows=slice(20, 40), columns=slice(20, 40))

    with pytest.raises(EngineMissing, match="doctor"):
        filled(meadow(60, 60), mask, everywhere(mask))


def test_the_average_is_of_what_shows() -> None:
    """A selection that nothing surrounds gets its own colour, without the hidden part of it."""
    pixels = meadow(20, 20)
    pixels[:5] = MAGENTA
    visible = np.ones((20, 20), np.bool_)
    visible[:5] = False
    mask = np.full((20, 20), 255, np.uint8)

    result = fill.average(pixels, mask, visible)

    assert np.array_equal(np.rint(pixels[5:].mean(axis=(0, 1))), result[0, 0])
    assert len(np.unique(result.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(("chosen", "shown"), [(0, True), (255, False), (255, True)])
def test_the_average_always_ends(chosen: int, shown: bool) -> None:
    """Nothing selected changes nothing; nothing visible still gives a colour."""
    pixels = meadow(8, 8)
    mask = np.full((8, 8), chosen, np.uint8)

    result = fill.average(pixels, mask, np.full((8, 8), shown))

    assert chosen > 0 or np.array_equal(pixels, result)


def test_a_large_picture_is_not_looked_at_as_a_whole() -> None:
    """A hole in 24 megapixels gets a window of a few, with more to copy than to fill."""
    mask = np.zeros((4000, 6000), np.uint8)
    mask[1300:2700, 2000:4000] = 255
    (hole,) = find_holes(mask, np.ones(mask.shape, np.bool_))
    assert hole.window.extent.pixels < 7_100_000
    assert np.count_nonzero(hole.usable) > np.count_nonzero(hole.missing) == 1400 * 2000
