"""What is sent of a source, and how a candidate becomes a patch."""

import numpy as np
import pytest

from overpaint import composite
from overpaint.errors import ProviderFailed
from overpaint.geometry import Box
from overpaint.picture import Source

RNG = np.random.default_rng(5)
REGION = Box(10, 20, 12, 8)
SHAPE = (REGION.height, REGION.width)


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


@pytest.mark.parametrize("source", [eight_bit(), floating(), floating(-0.3, 4.0)])
@pytest.mark.parametrize("squeeze", [True, False])
def test_what_a_provider_leaves_alone_comes_back_exactly(source: Source, squeeze: bool) -> None:
    """A candidate that is what was sent gives the source's own colours, in every precision."""
    sent = composite.send(source, squeeze=squeeze)

    patch = composite.fit(source, REGION, mask(), sent, sent.pixels.copy(), seed=1)

    assert patch.pixels.dtype == source.pixels.dtype
    assert np.array_equal(patch.pixels[..., :3], source.pixels[..., :3])


def test_a_change_comes_back_in_eight_bit_as_it_is() -> None:
    """In an 8-bit picture the candidate's own values are the result."""
    source = eight_bit()
    sent = composite.send(source, squeeze=True)
    candidate = sent.pixels.copy()
    candidate[3, 4] ^= 255

    patch = composite.fit(source, REGION, mask(), sent, candidate, seed=1)

    assert np.array_equal(candidate, patch.pixels[..., :3])


def test_a_change_in_a_deep_picture_is_within_one_step_and_not_banded() -> None:
    """Float results differ from the candidate by less than one 8-bit step, and not in steps."""
    source = floating()
    sent = composite.send(source, squeeze=True)
    candidate = np.full_like(sent.pixels, 100)
    candidate[sent.pixels == 100] = 101

    patch = composite.fit(source, REGION, mask(), sent, candidate, seed=1)

    off = np.abs(patch.pixels[..., :3] - candidate / 255)
    assert off.max() <= 0.5001 / 255
    assert len(np.unique(patch.pixels[..., 0])) > SHAPE[0] * SHAPE[1] / 2


def test_grey_stays_grey_in_deep_pictures() -> None:
    """A grey candidate gives equal channels although it gets noise."""
    source = floating()
    source.pixels[...] = 0.5
    sent = composite.send(source, squeeze=True)

    patch = composite.fit(source, REGION, mask(), sent, np.full_like(sent.pixels, 30), seed=1)

    assert (np.ptp(patch.pixels[..., :3], axis=2) == 0).all()


def test_a_wide_range_is_squeezed_for_copying_and_clipped_for_others() -> None:
    """Highlights beyond white survive where a provider copies, and are white to the others."""
    source = floating(0, 4)
    source.pixels[0, 0, :3] = 4.0

    squeezed = composite.send(source, squeeze=True)
    clipped = composite.send(source, squeeze=False)

    assert (squeezed.low, squeezed.high) == (0.0, 4.0)
    assert (clipped.pixels[source.pixels[..., :3] >= 1] == 255).all()
    back = composite.fit(source, REGION, mask(), squeezed, squeezed.pixels ^ 1, seed=1)
    assert back.pixels[..., :3].max() > 3.9


def test_hidden_pixels_do_not_stretch_the_range() -> None:
    """A wild value under transparency does not cost the visible ones their precision."""
    source = floating()
    source.pixels[0, 0] = (900, 900, 900, 0)

    assert composite.send(source, squeeze=True).high == 1.0


def test_what_changes_is_opaque() -> None:
    """In a half-transparent layer the result hides the original wherever the mask is not 0."""
    source = eight_bit(alpha=128)
    sent = composite.send(source, squeeze=True)

    alpha = composite.fit(source, REGION, mask(), sent, sent.pixels ^ 255, seed=1).pixels[..., 3]

    assert (alpha[mask() > 0] == 255).all()
    assert (alpha[mask() == 0] == 128).all()


def test_visible_is_opaque_enough_and_not_hidden_by_the_layer_mask() -> None:
    """Transparent pixels and those behind the layer's own mask do not count as visible."""
    source = eight_bit()
    source.pixels[0, 0, 3] = 100
    shown = np.full(SHAPE, 255, np.uint8)
    shown[0, 1] = 0

    seen = composite.visible(Source(source.pixels, source.selection, shown))

    assert seen[0, :3].tolist() == [False, False, True]


def test_a_candidate_of_another_size_is_refused() -> None:
    """Pixels that do not fit are never stretched silently."""
    source = eight_bit()
    sent = composite.send(source, squeeze=True)

    with pytest.raises(ProviderFailed):
        composite.fit(source, REGION, mask(), sent, sent.pixels[1:], seed=1)
