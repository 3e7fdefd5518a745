"""A document's numbers: what an edit sees of them, and what comes back into which pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from overpaint.files import Document
from overpaint.geometry import Box
from overpaint.picture import Patch, Source

SIZE = (12, 16)
REGION = Box(3, 2, 9, 7)
KINDS = [
    (dtype, channels)
    for dtype in (np.uint8, np.uint16, np.float32, np.float64)
    for channels in (1, 2, 3, 4)
]


def document(dtype: type, channels: int, seed: int = 0) -> Document:
    rng, shape = np.random.default_rng(seed), (*SIZE, channels)
    if np.dtype(dtype).kind == "f":
        pixels = rng.normal(0.4, 0.8, shape).astype(dtype)
        if channels in (2, 4):
            pixels[..., -1] = rng.uniform(0, 1, SIZE)
        return Document(pixels)
    return Document(rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype))


def selection(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 256, (REGION.height, REGION.width)).astype(np.uint8)
    mask[rng.random(mask.shape) < 0.4] = 0
    mask[3:5, 3:5] = 255
    return mask


def patched(source: Source, value: float, where: np.ndarray | None = None) -> Patch:
    """A patch as composite.fit makes it: *value* on what is *where*, opaque under the mask."""
    pixels = source.pixels.copy()
    full = 255 if pixels.dtype == np.uint8 else 1
    pixels[source.selection > 0 if where is None else where, :3] = value * full
    pixels[source.selection > 0, 3] = full
    return Patch(REGION, pixels, source.selection)


@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_the_source_has_the_depth_that_travels(dtype: type, channels: int) -> None:
    """8 bits stay 8 bits, everything deeper is float32; grey is the same in all channels."""
    original = document(dtype, channels)

    source = original.source(REGION, selection())

    assert source.pixels.shape == (REGION.height, REGION.width, 4)
    assert source.pixels.dtype == (np.uint8 if dtype == np.uint8 else np.float32)
    assert source.shown is None
    if channels <= 2:
        assert (source.pixels[..., :3] == source.pixels[..., :1]).all()
    if channels in (1, 3):
        assert (source.pixels[..., 3] == (255 if dtype == np.uint8 else 1)).all()


@given(st.integers(0, 65535))
def test_16_bit_numbers_come_back_from_their_travel(number: int) -> None:
    """Each of the 65,536 steps survives as float32."""
    original = Document(np.full((1, 1, 1), number, np.uint16))
    source = original.source(Box(0, 0, 1, 1), np.full((1, 1), 255, np.uint8))
    other = Document(np.full((1, 1, 1), 65535 - number, np.uint16))

    merged = other.merged(Patch(Box(0, 0, 1, 1), source.pixels, source.selection))

    assert merged.pixels.item() == number


@given(arrays.arrays(np.float32, (2, 2, 3), elements=st.floats(-8, 60, width=32)))
def test_float_numbers_travel_through_srgbs_curve_and_back(numbers: np.ndarray) -> None:
    """Linear light comes back within float32's own precision, also below 0 and above 1."""
    full = np.full((2, 2), 255, np.uint8)
    source = Document(numbers).source(Box(0, 0, 2, 2), full)
    other = Document(numbers + 1)

    merged = other.merged(Patch(Box(0, 0, 2, 2), source.pixels, full))

    assert np.allclose(numbers, merged.pixels, rtol=2e-6, atol=1e-9)


def test_float_numbers_are_taken_for_linear_light() -> None:
    """Middle grey of linear light travels as sRGB's middle grey."""
    source = Document(np.full((1, 1, 1), 0.214, np.float32)).source(
        Box(0, 0, 1, 1), np.full((1, 1), 255, np.uint8)
    )

    assert source.pixels[0, 0, 0] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_patch_as_transparent_as_the_document_leaves_it_so(dtype: type) -> None:
    """In its place the alpha is the document's; laid over it as a layer, more of it is covered."""
    original = document(dtype, 4)
    pixels = original.source(REGION, selection()).pixels.copy()
    pixels[..., :3] = (255 if dtype == np.uint8 else 1) - pixels[..., :3]
    patch = Patch(REGION, pixels, selection())

    assert original.changed(patch).pixels[..., 3].tobytes() == original.pixels[..., 3].tobytes()
    partly = np.zeros(original.pixels.shape[:2], np.bool_)
    partly[REGION.slices] = selection() > 0
    partly &= (original.pixels[..., 3] > 0) & (original.pixels[..., 3] < original.white)
    above = original.merged(patch).pixels[partly, 3]
    assert (above >= original.pixels[partly, 3]).all()
    assert (above > original.pixels[partly, 3]).any()


def test_pixels_that_are_not_numbers_are_hidden_and_replaced() -> None:
    """NaN and infinity are never copied from, and give way inside the mask."""
    original = document(np.float32, 3)
    original.pixels[4, 6, 1], original.pixels[2, 3, 0] = np.nan, np.inf
    mask = np.zeros((REGION.height, REGION.width), np.uint8)
    mask[2, 3] = 255

    source = original.source(REGION, mask)
    merged = original.merged(patched(source, 0.0, where=mask > 300))

    assert np.isfinite(source.pixels).all()
    assert source.shown is not None
    assert sorted(np.flatnonzero(source.shown == 0)) == [0, 2 * 9 + 3]
    assert np.isfinite(merged.pixels[4, 6]).all()
    assert merged.pixels[2, 3, 0] == np.inf


@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_outside_the_mask_every_bit_stays(dtype: type, channels: int) -> None:
    """In every mode and depth, a merge touches only what the mask changes."""
    original = document(dtype, channels)
    before = original.pixels.copy()
    mask = selection()

    merged = original.merged(patched(original.source(REGION, mask), 0.25)).pixels

    outside = np.ones(SIZE, np.bool_)
    outside[REGION.slices] = mask == 0
    assert merged.dtype == before.dtype
    assert merged[outside].tobytes() == before[outside].tobytes()
    assert original.pixels.tobytes() == before.tobytes()
    assert (merged[~outside] != before[~outside]).any()


@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_where_the_provider_changed_nothing_nothing_changes(dtype: type, channels: int) -> None:
    """Under the mask, too, a pixel that came back as it was is the original's number."""
    original = document(dtype, channels)
    if channels in (2, 4):
        original.pixels[..., -1] = original.white
    source = original.source(REGION, selection())

    merged = original.merged(Patch(REGION, source.pixels, source.selection))

    assert merged.pixels.tobytes() == original.pixels.tobytes()


@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_the_mask_blends(dtype: type, channels: int) -> None:
    """Half a mask gives half of each, a whole one the result alone and opaque."""
    original = Document(np.full((*SIZE, channels), 0, dtype))
    if channels in (2, 4):
        original.pixels[..., -1] = original.white
    mask = np.zeros((REGION.height, REGION.width), np.uint8)
    mask[1, 1], mask[2, 2] = 51, 255
    white = patched(original.source(REGION, mask), 1.0)

    merged = original.merged(white).pixels[REGION.slices] / original.white

    colours = slice(0, -1) if channels in (2, 4) else slice(None)
    assert merged[1, 1, colours] == pytest.approx(0.2, abs=1e-4)
    assert merged[2, 2] == pytest.approx(1, abs=1e-6)
    if channels in (2, 4):
        assert (merged[..., -1] == 1).all()


def test_on_nothing_the_results_own_colour_shows() -> None:
    """What is transparent does not darken the edge of what is painted over it."""
    original = Document(np.zeros((*SIZE, 4), np.uint8))
    mask = np.full((REGION.height, REGION.width), 128, np.uint8)

    merged = original.merged(patched(original.source(REGION, mask), 1.0))

    assert (merged.pixels[REGION.slices] == (255, 255, 255, 128)).all()


@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_a_layer_with_its_mask_as_alpha_merges_to_the_same(dtype: type, channels: int) -> None:
    """Source-over of the masked layer is the merged picture, but for rounding."""
    original = document(dtype, channels)
    patch = patched(original.source(REGION, selection()), 0.6)

    layer = original.masked_layer(patch).pixels.astype(np.float64) / original.white
    below = original.pixels[REGION.slices].astype(np.float64) / original.white
    merged = original.merged(patch).pixels[REGION.slices].astype(np.float64) / original.white

    strength, half_a_step = layer[..., -1:], 1e-6 if original.is_float else 0.51 / original.white
    if channels in (2, 4):
        alpha = strength + below[..., -1:] * (1 - strength)
        behind = below[..., :-1] * below[..., -1:] * (1 - strength)
        colours = (layer[..., :-1] * strength + behind) / np.maximum(alpha, 1e-9)
        assert np.allclose(alpha, merged[..., -1:], atol=half_a_step)
        merged = merged[..., :-1]
    else:
        colours = layer[..., :-1] * strength + below * (1 - strength)
    visible = np.broadcast_to(strength > 0, colours.shape)
    assert np.allclose(colours[visible], merged[visible], atol=half_a_step)
