"""Matching grain: a picture ends as noisy as its source, and keeps its details."""

import cv2
import numpy as np
import pytest

from overpaint.fitting import grain

HEIGHT, WIDTH = 256, 320


def smooth(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    layer = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH, 3)), (0, 0), 30)
    return (0.5 + layer / layer.std() * 0.1).astype(np.float32)


def noise(seed: int, level: float, correlated: float = 0.0, channels: int = 3) -> np.ndarray:
    white = np.random.default_rng(seed).standard_normal((HEIGHT, WIDTH, channels))
    if correlated:
        white = cv2.GaussianBlur(white, (0, 0), correlated).reshape(white.shape)
        white /= white.std()
    return (white * level).astype(np.float32)


def selection() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[80:180, 90:230] = 255
    return mask


def inside(picture: np.ndarray) -> np.ndarray:
    return picture[80:180, 90:230]


@pytest.mark.parametrize("level", [2, 4, 8])
@pytest.mark.parametrize("correlated", [0.0, 0.7])
def test_the_missing_noise_is_added(level: int, correlated: float) -> None:
    """Then the selection is nearly as noisy as its source, at the finest and the next scale."""
    clean, mask = smooth(1), selection()
    added = noise(2, level / 255, correlated)

    grained = grain.match_grain(clean + added, clean, mask == 0, mask, seed=5)

    assert grained.evidence.used
    got = inside(grained.picture) - inside(clean)
    for scale in (1, 2):
        size = (140 // scale, 100 // scale)
        levels = [
            cv2.resize(one, size, interpolation=cv2.INTER_AREA).std()
            for one in (got, inside(added))
        ]
        assert 0.75 < levels[0] / levels[1] < 1.05


def test_only_the_difference_is_added() -> None:
    """A picture that is half as noisy gets the missing part, not all of it again."""
    clean, mask = smooth(2), selection()

    grained = grain.match_grain(
        clean + noise(1, 4 / 255), clean + noise(2, 2 / 255), mask == 0, mask, seed=1
    )

    assert 0.85 < (inside(grained.picture) - inside(clean)).std() * 255 / 4 < 1.15


@pytest.mark.parametrize("level", [0.0, 2.0])
def test_a_picture_as_noisy_as_its_source_comes_back_bit_for_bit(level: float) -> None:
    """Other grain of the same strength is not touched."""
    clean, mask = smooth(3), selection()
    source, picture = clean + noise(1, level / 255), clean + noise(2, level / 255)

    assert grain.match_grain(source, picture, mask == 0, mask, seed=1).picture is picture
    assert grain.match_grain(source, source, mask == 0, mask, seed=1).picture is source


@pytest.mark.parametrize(("ours", "theirs"), [(0.0, 3.0), (2.0, 5.0)])
def test_noise_that_was_added_is_taken_away_but_no_detail(ours: float, theirs: float) -> None:
    """Smooth areas end with the source's grain; lines that stand out of the noise keep 95 %."""
    clean, mask = smooth(3), selection()
    clean[100:160, 150:200:4] += 0.2
    picture = clean + noise(2, theirs / 255)

    grained = grain.match_grain(clean + noise(1, ours / 255), picture, mask == 0, mask, seed=1)

    assert grained.evidence.used
    off = (grained.picture - clean)[90:170, 100:140].std() * 255
    assert 0.8 * ours < off < ours + theirs / 3
    lines = grained.picture[105:155]
    height = lines[:, 150:200:4].mean() - lines[:, 152:200:4].mean()
    assert height > 0.95 * 0.2
    assert np.array_equal(grained.picture[mask == 0], picture[mask == 0])


def test_outside_the_selection_nothing_changes_and_the_seed_decides() -> None:
    """The same seed gives the same grain, another seed another, always inside only."""
    clean, mask = smooth(4), selection()
    source = clean + noise(1, 4 / 255)

    one, same, other = (
        grain.match_grain(source, clean, mask == 0, mask, seed=seed).picture for seed in (1, 1, 2)
    )

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(one[mask == 0], clean[mask == 0])


def test_grain_of_brightness_has_no_colour() -> None:
    """Noise that is the same in all channels of the source is so in the result."""
    clean, mask = smooth(5), selection()

    grained = grain.match_grain(
        clean + noise(1, 4 / 255, channels=1), clean, mask == 0, mask, seed=1
    )

    got = inside(grained.picture) - inside(clean)
    assert got.std() > 3 / 255
    assert np.ptp(got, axis=2).max() < 0.5 / 255


def test_grey_stays_grey() -> None:
    """Grey pictures get grain that is equal in all channels to the bit."""
    clean = np.repeat(smooth(6)[..., :1], 3, axis=2)
    mask = selection()

    grained = grain.match_grain(
        clean + noise(1, 4 / 255, channels=1), clean, mask == 0, mask, seed=1
    )

    assert grained.evidence.used
    assert (np.ptp(grained.picture, axis=2) == 0).all()


def test_texture_is_not_grain() -> None:
    """Where nothing around the selection is smooth, nothing is made up."""
    clean, mask = smooth(7), selection()
    source = np.clip(clean + noise(1, 0.12), 0, 1)

    assert grain.match_grain(source, clean, mask == 0, mask, seed=1).picture is clean


@pytest.mark.parametrize("known", [0, 20])
def test_too_little_to_measure_on_adds_nothing(known: int) -> None:
    """Without known blocks, or with a few only, the picture comes back as it is."""
    clean, mask = smooth(8), selection()
    flags = np.zeros(mask.shape, np.bool_)
    flags[:known, :known] = True

    assert grain.match_grain(clean + noise(1, 0.02), clean, flags, mask, seed=1).picture is clean


def test_a_large_selection_gets_grain_everywhere() -> None:
    """Grain does not stop where its tile ends, and has the same strength all over."""
    clean = np.full((700, 900, 3), 0.5, np.float32)
    mask = np.zeros((700, 900), np.uint8)
    mask[100:650, 100:850] = 255
    source = clean + np.random.default_rng(0).normal(0, 3 / 255, clean.shape).astype(np.float32)

    grained = grain.match_grain(source, clean, mask == 0, mask, seed=3)

    got = (grained.picture - clean)[100:650, 100:850]
    spread = got[:500, :700].reshape(5, 100, 7, 100, 3).std(axis=(1, 3, 4))
    assert spread.min() * 255 / 3 > 0.85
    assert spread.max() * 255 / 3 < 1.15
