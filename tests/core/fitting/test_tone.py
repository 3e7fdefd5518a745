"""Matching colours: a model's regrade is undone, from known pixels only, or left alone."""

import cv2
import numpy as np
import pytest

from overpaint.fitting import tone

HEIGHT, WIDTH = 240, 320


def scene(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Something like a photograph: soft light, patches with hard edges, fine texture."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for sigma, strength in ((40, 0.5), (12, 0.25), (3, 0.1), (1, 0.04)):
        layer = cv2.GaussianBlur(rng.standard_normal((height, width, 3)), (0, 0), sigma)
        picture += (layer / layer.std() * strength * 0.4).astype(np.float32)
    for _ in range(12):
        x, y = rng.integers(0, width), rng.integers(0, height)
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(8, 40)), rng.uniform(-0.5, 0.5, 3))
    return np.clip(picture + 0.5, 0.02, 0.98).astype(np.float32)


def selection(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 255
    return mask


GAIN, GAMMA, CONTRAST = np.array([1.1, 0.97, 0.9], np.float32), 1.15, 0.93


def regraded(picture: np.ndarray, noise: float = 0.0) -> np.ndarray:
    drifted = (picture**GAMMA * GAIN - 0.5) * CONTRAST + 0.5
    drifted = drifted + noise * np.random.default_rng(1).standard_normal(picture.shape)
    return np.clip(drifted, 0, 1).astype(np.float32)


def undone(picture: np.ndarray) -> np.ndarray:
    """What an oracle makes of a regraded picture: the exact inverse."""
    return np.clip(((picture - 0.5) / CONTRAST + 0.5) / GAIN, 0, 1) ** (1 / GAMMA)


def psnr(one: np.ndarray, other: np.ndarray, where: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((one - other)[where]).mean() + 1e-12))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [1 / 255, 4 / 255])
def test_a_regrade_is_undone_as_well_as_by_who_knows_it(seed: int, noise: float) -> None:
    """Cast, gamma, contrast and noise together: within 0.5 dB of the exact inverse."""
    truth, mask = scene(seed), selection()
    picture = regraded(truth, noise)

    toned = tone.match(truth, picture, mask == 0, mask)

    inside = mask > 0
    assert toned.evidence.used
    assert toned.evidence.after < 0.2 * toned.evidence.before
    assert psnr(toned.picture, truth, inside) > psnr(undone(picture), truth, inside) - 0.5


@pytest.mark.parametrize("seed", range(3))
def test_only_the_ring_decides(seed: int) -> None:
    """What is inside the selection has no influence on the curve, however different it is."""
    truth, mask = scene(seed), selection()
    other = np.where(mask[..., None] > 0, scene(seed + 50), truth)

    kept = tone.match(truth, regraded(truth), mask == 0, mask)
    new = tone.match(truth, regraded(other), mask == 0, mask)

    outside = mask == 0
    assert np.array_equal(kept.picture[outside], new.picture[outside])
    assert psnr(new.picture, undone(regraded(other)), mask > 0) > 35


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_content_that_changed_around_the_selection_is_left_out(share: float) -> None:
    """With part of the ring repainted, the regrade is still undone from the rest."""
    truth, mask = scene(3), selection()
    repainted = truth.copy()
    repainted[:, : int(share * WIDTH)] = scene(77)[:, : int(share * WIDTH)]

    toned = tone.match(truth, regraded(repainted, 1 / 255), mask == 0, mask)

    assert toned.evidence.used
    assert toned.evidence.agreeing < 1 - share / 2
    right = (mask > 0) & (np.arange(WIDTH) > share * WIDTH)
    assert psnr(toned.picture, truth, right) > 38


def test_a_picture_as_sent_comes_back_bit_for_bit() -> None:
    """Where the known pixels are as sent nothing changes, not even inside the selection."""
    truth, mask = scene(1), selection()
    picture = np.where(mask[..., None] > 0, scene(2), truth)

    toned = tone.match(truth, picture, mask == 0, mask)

    assert toned.picture is picture
    assert not toned.evidence.used


@pytest.mark.parametrize("seed", range(4))
def test_an_unrelated_picture_is_left_alone(seed: int) -> None:
    """Nothing is matched to a picture that shows something else altogether."""
    mask, picture = selection(), scene(seed + 100)

    toned = tone.match(scene(seed), picture, mask == 0, mask)

    assert toned.picture is picture
    assert not toned.evidence.used
    assert toned.evidence.reason


@pytest.mark.parametrize("visible", [0, 10])
def test_a_ring_too_small_is_no_evidence(visible: int) -> None:
    """With no or hardly any known pixels the picture comes back as it is."""
    truth, mask = scene(1), selection()
    known = np.zeros(mask.shape, np.bool_)
    known[:visible, :visible] = True
    picture = regraded(truth)

    assert tone.match(truth, picture, known, mask).picture is picture


def test_grey_stays_grey() -> None:
    """A grey picture of a grey source has three equal channels afterwards."""
    grey = np.repeat(scene(5)[..., :1], 3, axis=2)
    mask = selection()
    noise = np.random.default_rng(0).normal(0, 0.01, (*mask.shape, 1))
    picture = np.clip(grey**1.1 * 0.95 + noise, 0, 1).astype(np.float32)

    toned = tone.match(grey, picture, mask == 0, mask)

    assert toned.evidence.used
    assert (np.ptp(toned.picture, axis=2) == 0).all()


def test_noise_does_not_flatten_the_curve() -> None:
    """A picture that is only noisier keeps its contrast: errors are in both, not in one."""
    truth, mask = scene(6), selection()
    noisy = truth + 0.03 * np.random.default_rng(2).standard_normal(truth.shape)

    toned = tone.match(truth, np.clip(noisy, 0, 1).astype(np.float32), mask == 0, mask)

    inside = mask > 0
    smooth = cv2.GaussianBlur(toned.picture, (0, 0), 3)[inside]
    slope = np.polyfit(cv2.GaussianBlur(truth, (0, 0), 3)[inside].ravel(), smooth.ravel(), 1)[0]
    assert abs(slope - 1) < 0.02


def test_a_change_of_saturation_is_undone_where_it_pays() -> None:
    """What no curve per channel can undo is undone by the matrix, and only then."""
    truth, mask = scene(8), selection()
    grey = truth.mean(axis=2, keepdims=True)
    dull = (grey + (truth - grey) * 0.8).astype(np.float32)

    toned = tone.match(truth, dull, mask == 0, mask)

    assert toned.evidence.matrix
    assert psnr(toned.picture, truth, mask > 0) > psnr(dull, truth, mask > 0) + 12
    assert not tone.match(truth, regraded(truth, 0.01), mask == 0, mask).evidence.matrix


def test_an_uneven_cast_is_undone_where_it_pays() -> None:
    """A gain that varies slowly over the picture is seen on the ring and undone inside."""
    truth, mask = scene(9), selection()
    slope = np.linspace(0.92, 1.05, WIDTH, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(4).normal(0, 1 / 255, truth.shape).astype(np.float32)

    toned = tone.match(truth, np.clip(truth * slope + noise, 0, 1), mask == 0, mask)

    assert toned.evidence.field
    assert psnr(toned.picture, truth, mask > 0) > 40
    assert not tone.match(truth, regraded(truth, 0.01), mask == 0, mask).evidence.field


def test_results_stay_in_range_and_inputs_untouched() -> None:
    """float32 within 0..1 comes back in the same shape; the arguments are not written to."""
    truth, mask = scene(4), selection()
    picture = regraded(truth, 0.05)
    before = truth.copy(), picture.copy()

    result = tone.match(truth, picture, mask == 0, mask).picture

    assert result.dtype == np.float32
    assert result.shape == truth.shape
    assert result.min() >= 0
    assert result.max() <= 1
    assert np.array_equal(truth, before[0])
    assert np.array_equal(picture, before[1])


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (33, 31), (130, 64)])
def test_odd_and_tiny_sizes_are_taken(size: tuple[int, int]) -> None:
    """Every size gives a picture of that size."""
    truth = scene(2, *size)
    mask = selection(*size)

    assert tone.match(truth, regraded(truth), mask == 0, mask).picture.shape == truth.shape


def test_white_that_a_regrade_clipped_stays_white_beside_tones_that_are_right() -> None:
    """A brighter blue clips a sky: the sky comes back white, what did not clip to the half tone."""
    truth, mask = scene(5) * np.float32(0.9), selection()
    truth[:80] = 1  # a white sky, half of it selected
    mask[40:80, 100:200] = 255
    gains = np.array([1.0, 1.0, 1.08], np.float32)
    picture = np.rint(np.clip(truth * gains, 0, 1) * 255).astype(np.float32) / 255

    toned = tone.match(truth, picture, mask == 0, mask)

    sky, ground = mask.copy() > 0, mask.copy() > 0
    sky[80:], ground[:80] = False, False
    ground &= (truth * gains).max(axis=2) < 253 / 255
    assert np.abs(toned.picture - truth)[sky].max() < 1 / 255
    assert np.abs(toned.picture - truth)[ground].max() < 1 / 255


def test_a_regrade_without_noise_is_undone_to_the_rounding() -> None:
    """A gamma in 8 bits comes back within half a level on average, also in rare tones."""
    truth, mask = scene(6), selection()
    picture = np.rint(truth**1.18 * 255).astype(np.float32) / 255

    toned = tone.match(truth, picture, mask == 0, mask)

    off = (toned.picture - truth)[mask > 0] * 255
    assert np.sqrt(np.square(off).mean()) < 0.5


def test_tones_that_only_the_selection_shows_follow_the_simplest_regrade() -> None:
    """A bright flower before a dark hedge: how the hedge was rounded must not bend its tones."""
    truth, mask = scene(7) * np.float32(0.3), selection()
    truth[mask > 0] += np.float32(0.6)
    truth = np.rint(truth * 255).astype(np.float32) / 255
    gains = np.array([0.97, 1.02, 0.94], np.float32)
    picture = np.rint(truth * gains * 255).astype(np.float32) / 255

    toned = tone.match(truth, picture, mask == 0, mask)

    off = (toned.picture - truth)[mask > 0] * 255
    assert np.sqrt(np.square(off).mean()) < 0.5
