"""What is sent of a source, and how a candidate becomes a patch."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from overpaint import composite
from overpaint.errors import ProviderFailed
from overpaint.fitting.chain import Steps
from overpaint.geometry import Box, Extent
from overpaint.picture import Patch, Source
from overpaint.plan import Shot

RNG = np.random.default_rng(5)
REGION = Box(10, 20, 12, 8)
SHAPE = (REGION.height, REGION.width)
WHOLE = Shot(Box(0, 0, REGION.width, REGION.height), REGION.extent)


def mask() -> np.ndarray:
    edge = np.zeros(SHAPE, np.uint8)
    edge[2:6, 3:9] = 200
    edge[2, 3] = 1
    return edge


def eight_bit(alpha: int = 255) -> Source:
    colours = RNG.integers(0, 256, (*SHAPE, 3), dtype=np.uint8)
    return Source(np.dstack([colours, np.full(SHAPE, alpha, np.uint8)]), mask())


def floating(low: float = 0, high: float = 1) -> Source:
    colours = RNG.uniform(low, high, (*SHAPE, 3)).astype(np.float32)
    return Source(np.dstack([colours, np.ones(SHAPE, np.float32)]), mask())


def copied(source: Source, change: Callable[[np.ndarray], np.ndarray]) -> Patch:
    """The patch of a provider that copies pixels and changes them like this."""
    prepared = composite.prepare(source, mask(), copied=True)
    sent = composite.send(prepared, WHOLE)
    piece = composite.fit_copied(prepared, sent, change(sent.pixels), seed=1)
    return composite.assemble(prepared, REGION, [piece])


def redrawn(source: Source, shots: Sequence[Shot], change=lambda pixels: pixels) -> Patch:
    """The patch of a model that redraws, and changes what it is sent like this."""
    prepared = composite.prepare(source, source.selection, copied=False)
    pieces = [
        composite.fit_redrawn(prepared, sent, change(sent.pixels), Steps(), seed=1)
        for sent in (composite.send(prepared, shot) for shot in shots)
    ]
    extent = source.extent
    return composite.assemble(prepared, Box(0, 0, extent.width, extent.height), pieces)


@pytest.mark.parametrize("source", [eight_bit(), floating(), floating(-0.3, 4.0)])
def test_what_a_copier_leaves_alone_comes_back_exactly(source: Source) -> None:
    """A candidate that is what was sent gives the source's own colours, in every precision."""
    patch = copied(source, np.copy)

    assert patch.pixels.dtype == source.pixels.dtype
    assert np.array_equal(patch.pixels[..., :3], source.pixels[..., :3])


def test_a_change_comes_back_in_eight_bit_as_it_is() -> None:
    """In an 8-bit picture the candidate's own values are the result."""
    source = eight_bit()

    patch = copied(source, lambda sent: sent ^ 255)

    assert np.array_equal(source.pixels[..., :3] ^ 255, patch.pixels[..., :3])


def test_a_change_in_a_deep_picture_is_within_one_step_and_not_banded() -> None:
    """Float results differ from the candidate by less than one 8-bit step, and not in steps."""
    grey = np.where(np.arange(3) < 3, 100, 0).astype(np.uint8)

    patch = copied(floating(), lambda sent: np.where(sent == grey, 101, grey).astype(np.uint8))

    off = np.abs(patch.pixels[..., :3] * 255 - np.rint(patch.pixels[..., :3] * 255))
    assert off.max() <= 0.5001
    assert len(np.unique(patch.pixels[..., 0])) > SHAPE[0] * SHAPE[1] / 2


def test_grey_stays_grey_in_deep_pictures() -> None:
    """A grey candidate gives equal channels although it gets noise."""
    source = floating()
    source.pixels[...] = 0.5

    patch = copied(source, lambda sent: np.full_like(sent, 30))

    assert (np.ptp(patch.pixels[..., :3], axis=2) == 0).all()


def test_a_wide_range_is_squeezed_for_copying_and_clipped_for_models() -> None:
    """Highlights beyond white survive where a provider copies, and are white to a model."""
    source = floating(0, 4)
    source.pixels[0, 0, :3] = 4.0

    squeezed = composite.prepare(source, mask(), copied=True)
    clipped = composite.prepare(source, mask(), copied=False)

    assert (squeezed.low, squeezed.high) == (0.0, 4.0)
    assert (clipped.colours[source.pixels[..., :3] >= 1] == 255).all()
    assert copied(source, lambda sent: sent ^ 1).pixels[..., :3].max() > 3.9


def test_hidden_pixels_do_not_stretch_the_range() -> None:
    """A wild value under transparency does not cost the visible ones their precision."""
    source = floating()
    source.pixels[0, 0] = (900, 900, 900, 0)

    assert composite.prepare(source, mask(), copied=True).high == 1.0


def test_what_changes_is_opaque() -> None:
    """In a half-transparent layer the result hides the original wherever the mask is not 0."""
    alpha = copied(eight_bit(alpha=128), lambda sent: sent ^ 255).pixels[..., 3]

    assert (alpha[mask() > 0] == 255).all()
    assert (alpha[mask() == 0] == 128).all()


def test_visible_is_opaque_enough_and_not_hidden_by_the_layer_mask() -> None:
    """Transparent pixels and those behind the layer's own mask do not count as visible."""
    source = eight_bit()
    source.pixels[0, 0, 3] = 100
    shown = np.full(SHAPE, 255, np.uint8)
    shown[0, 1] = 0

    hidden = Source(source.pixels, source.selection, shown)

    seen = composite.prepare(hidden, mask(), copied=True).visible
    assert seen[0, :3].tolist() == [False, False, True]


def test_a_copy_of_another_size_is_refused() -> None:
    """Pixels that do not fit are never stretched silently."""
    with pytest.raises(ProviderFailed):
        copied(eight_bit(), lambda sent: sent[1:])


def test_nothing_dark_leaks_into_what_is_sent() -> None:
    """Transparent black in a bright picture is sent as the brightness around it."""
    pixels = np.full((60, 80, 4), 230, np.uint8)
    pixels[20:40, 30:60] = 0
    prepared = composite.prepare(
        Source(pixels, np.zeros((60, 80), np.uint8)), np.zeros((60, 80), np.uint8), copied=False
    )

    assert prepared.colours.min() >= 229


def photo(height: int, width: int) -> np.ndarray:
    """A picture with structure at all sizes, uint8 RGBA."""
    rng = np.random.default_rng(3)
    colours = np.zeros((height, width, 3), np.float32)
    for octave in (4, 8, 16, 32, 64, 128):
        coarse = rng.uniform(-1, 1, (height // octave + 2, width // octave + 2, 3))
        colours += cv2.resize(coarse.astype(np.float32), (width, height)) * octave**0.6
    colours = (colours - colours.min()) / np.ptp(colours)
    alpha = np.full((height, width), 255)
    return np.dstack([colours * 255, alpha]).astype(np.uint8)


def selected(height: int, width: int) -> np.ndarray:
    selection = np.zeros((height, width), np.uint8)
    cv2.ellipse(selection, (width // 2, height // 2), (width // 5, height // 5), 0, 0, 360, 255, -1)
    return selection


@pytest.mark.parametrize("deep", [False, True])
def test_a_model_that_changes_nothing_gives_the_source_back(deep: bool) -> None:
    """Identity: bit for bit in 8 bits, within 1/65535 in floats, also beyond sRGB."""
    pixels = photo(200, 240)
    if deep:
        pixels = (pixels / np.float32(255)).astype(np.float32)
        pixels[..., :3] += np.random.default_rng(1).uniform(0, 0.003, pixels[..., :3].shape)
        pixels[10:20, 10:30, :3] = 1.7
        pixels[90:95, 100:110, :3] = -0.2
    source = Source(pixels, selected(200, 240))

    patch = redrawn(source, [Shot(Box(0, 0, 240, 200), Extent(240, 200))])

    off = np.abs(patch.pixels.astype(np.float64) - pixels)
    assert off.max() <= (1 / 65535 if deep else 0)


def test_tiles_that_change_nothing_give_the_source_back() -> None:
    """Overlapping tiles at the picture's own resolution are seamless to the bit."""
    source = Source(photo(300, 400), selected(300, 400))
    shots = [Shot(Box(x, y, 256, 256), Extent(256, 256)) for x in (0, 144) for y in (0, 44)]

    assert np.array_equal(source.pixels, redrawn(source, shots).pixels)


def test_a_fitted_region_that_comes_back_unchanged_keeps_its_detail() -> None:
    """A region sent at a third of its size comes back at its own resolution."""
    source = Source(photo(300, 480), selected(300, 480))

    patch = redrawn(source, [Shot(Box(0, 0, 480, 300), Extent(160, 100))])

    assert np.abs(patch.pixels.astype(int) - source.pixels).max() <= 1


def test_a_shot_past_the_canvas_is_mirrored_and_cut_off_again() -> None:
    """A model that takes only squares gets one from a wide picture, and nothing of it stays."""
    source = Source(photo(100, 240), selected(100, 240))

    patch = redrawn(source, [Shot(Box(0, -70, 240, 240), Extent(240, 240))])

    assert np.array_equal(source.pixels, patch.pixels)


def test_new_content_arrives_and_the_rest_stays() -> None:
    """What the model drew inside the selection is in the patch; known pixels are the source's."""
    source = Source(photo(200, 240), selected(200, 240))
    inside = selected(200, 240) > 0

    def paint(sent: np.ndarray) -> np.ndarray:
        drawn = sent.copy()
        drawn[inside] = 255 - drawn[inside]
        return drawn

    patch = redrawn(source, [Shot(Box(0, 0, 240, 200), Extent(240, 200))], paint)

    far = cv2.dilate(inside.astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
    deep_inside = cv2.erode(inside.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    assert np.array_equal(patch.pixels[far], source.pixels[far])
    off = np.abs(patch.pixels[..., :3].astype(int) - paint(source.pixels[..., :3]))
    assert np.median(off[deep_inside]) <= 12


def test_a_deep_region_sent_smaller_comes_back_to_the_bit_and_grey() -> None:
    """Floats of a fitted region that came back unchanged are the source's own, grey ones grey."""
    pixels = (photo(300, 480) / np.float32(255)).astype(np.float32)
    pixels[..., :3] = pixels[..., 1:2] * np.float32(0.9) + np.float32(0.0123)
    source = Source(pixels, selected(300, 480))

    patch = redrawn(source, [Shot(Box(0, 0, 480, 300), Extent(160, 100))])

    assert np.array_equal(source.pixels, patch.pixels)
