"""Blending: no seam at the border of a selection, and nothing outside it changes."""

import cv2
import numpy as np
import pytest

from overpaint.fitting import blend

HEIGHT, WIDTH = 200, 260


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    for sigma, strength in ((30, 0.12), (6, 0.05), (1, 0.02)):
        layer = cv2.GaussianBlur(rng.standard_normal(picture.shape), (0, 0), sigma)
        picture += (layer / layer.std() * strength).astype(np.float32)
    return np.clip(picture, 0.05, 0.95)


def ellipse() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (WIDTH // 2, HEIGHT // 2), (70, 50), 20, 0, 360, 255, -1)
    return mask


def corner() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[60:, 80:] = 255
    return mask


def soft() -> np.ndarray:
    return cv2.GaussianBlur(ellipse(), (0, 0), 5)


MASKS = {"ellipse": ellipse, "corner": corner, "soft": soft}
masks = pytest.mark.parametrize("shape", MASKS.values(), ids=MASKS)


def seam(shown: np.ndarray, truth: np.ndarray, inside: np.ndarray) -> float:
    """The mean jump of colour across the border, against the truth's."""
    sums = []
    for picture in (shown, truth):
        jumps = [
            np.linalg.norm(np.diff(picture, axis=axis), axis=2)[np.diff(inside, axis=axis)]
            for axis in (0, 1)
        ]
        sums.append(np.concatenate(jumps).mean())
    return float(sums[0] / sums[1])


@masks
@pytest.mark.parametrize("seed", range(3))
def test_outside_the_selection_nothing_changes(shape: object, seed: int) -> None:
    """Pixels that the mask does not change come back as they were, bit for bit."""
    truth, mask = scene(seed), shape()
    picture = np.clip(scene(seed + 9) * 0.5 + truth * 0.5, 0, 1)

    blended = blend.blend(truth, picture, mask, mask == 0)

    assert np.array_equal(blended.picture[mask == 0], picture[mask == 0])


@masks
@pytest.mark.parametrize("cast", [0.01, 0.05, -0.08])
def test_a_cast_leaves_no_seam(shape: object, cast: float) -> None:
    """A difference all along the border is gone at the border, and smaller everywhere inside."""
    truth, mask = scene(1), shape()
    picture = truth + np.float32(cast) * np.array([1, -0.5, 0.2], np.float32)

    blended = blend.blend(truth, picture, mask, mask == 0)

    inside = mask > 0
    shown = np.where(inside[..., None], blended.picture, truth)
    assert blended.evidence.used
    assert 0.97 < seam(shown, truth, inside) < 1.03
    assert np.abs(blended.picture - truth)[inside].mean() < 0.6 * abs(cast) * 1.7 / 3


@pytest.mark.parametrize("level", [1, 4])
def test_noise_of_the_picture_does_not_end_in_a_line(level: int) -> None:
    """A noisier picture meets its source without a visible border."""
    truth, mask = scene(2), ellipse()
    noise = np.random.default_rng(0).normal(0, level / 255, truth.shape)
    picture = np.clip(truth + noise, 0, 1).astype(np.float32)

    blended = blend.blend(truth, picture, mask, mask == 0)

    shown = np.where(mask[..., None] > 0, blended.picture, truth)
    assert 0.95 < seam(shown, truth, mask > 0) < 1.05
    deep = cv2.erode(mask, np.ones((25, 25), np.uint8)) > 0
    assert np.abs(blended.picture - picture)[deep].max() < 0.5 / 255


def test_a_picture_that_meets_its_surroundings_comes_back_bit_for_bit() -> None:
    """Where the border is as sent, nothing is blended, whatever is inside."""
    truth, mask = scene(3), ellipse()
    picture = np.where(mask[..., None] > 0, scene(4), truth)

    blended = blend.blend(truth, picture, mask, mask == 0)

    assert blended.picture is picture
    assert not blended.evidence.used


def test_an_object_across_the_border_does_not_bleed() -> None:
    """New content that crosses the border keeps its colour, and so do its neighbours."""
    truth, mask = scene(5), ellipse()
    picture = truth.copy()
    cv2.circle(picture, (WIDTH // 2 + 70, HEIGHT // 2), 30, (0.9, 0.1, 0.1), -1)

    blended = blend.blend(truth, picture, mask, mask == 0)

    assert np.abs(blended.picture - picture).max() < 0.02


def test_an_unrelated_border_says_nothing() -> None:
    """Where the surroundings show something else nothing is carried inside."""
    truth, mask = scene(6), ellipse()
    picture = 1 - truth + np.float32(0.3) * (truth < 0.5)
    picture = np.clip(picture + 0.35, 0, 1)

    assert blend.blend(truth, picture, mask, mask == 0).picture is picture


def test_no_correction_exceeds_its_limit() -> None:
    """However large the difference, no tone moves by more than LARGEST."""
    truth, mask = scene(7), ellipse()
    picture = np.clip(truth - 0.14, 0, 1)
    picture[:, : WIDTH // 2] = np.clip(truth[:, : WIDTH // 2] + 0.3, 0, 1)

    blended = blend.blend(truth, picture, mask, mask == 0)

    deep = cv2.erode(mask, np.ones((13, 13), np.uint8)) > 0
    assert np.abs(blended.picture - picture)[deep].max() <= blend.LARGEST


def test_details_are_left_alone() -> None:
    """What is added inside is smooth: the fine texture of new content stays as it is."""
    truth, mask = scene(8), ellipse()
    picture = np.where(mask[..., None] > 0, scene(40), truth) - np.float32(0.04)

    blended = blend.blend(truth, picture, mask, mask == 0)

    deep = cv2.erode(mask, np.ones((15, 15), np.uint8)) > 0
    change = blended.picture - picture
    assert np.abs(change[deep]).max() > 0.01
    assert np.abs(cv2.Laplacian(change, cv2.CV_32F))[deep].max() < 0.004


@pytest.mark.parametrize("known", [False, True])
def test_without_a_ring_or_a_selection_the_picture_comes_back(known: bool) -> None:
    """No known border, or nothing selected: nothing to blend."""
    truth = scene(9)
    picture = truth * np.float32(0.9)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8) if known else ellipse()
    flags = np.full(mask.shape, known)

    assert blend.blend(truth, picture, mask, flags).picture is picture


def test_grey_stays_grey() -> None:
    """Equal channels in both stay equal."""
    truth = np.repeat(scene(1)[..., :1], 3, axis=2)
    mask = ellipse()
    noise = np.random.default_rng(3).normal(0, 0.01, (HEIGHT, WIDTH, 1))
    picture = np.clip(truth * 0.95 + noise, 0, 1).astype(np.float32)

    blended = blend.blend(truth, picture, mask, mask == 0)

    assert blended.evidence.used
    assert (np.ptp(blended.picture, axis=2) == 0).all()


@pytest.mark.parametrize("at", [(0, 0, 3, 3), (0, 0, HEIGHT, 5), (99, 99, 100, 100)])
def test_small_and_thin_selections_are_taken(at: tuple[int, int, int, int]) -> None:
    """A single pixel, a strip along the side, a corner: all blend."""
    truth = scene(3)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[at[0] : at[2], at[1] : at[3]] = 255

    blended = blend.blend(truth, truth + np.float32(0.02), mask, mask == 0)

    assert blended.evidence.used
    assert np.abs(blended.picture - truth)[mask > 0].max() < 0.012


@pytest.mark.parametrize("size", [2.0, 0.0])
def test_errors_of_the_picture_do_not_end_at_the_border(size: float) -> None:
    """Blotches like JPEG's are carried over the border; noise leans on what lies outside."""
    rng = np.random.default_rng(8)
    sent = np.full((160, 200, 3), 0.5, np.float32)
    error = rng.standard_normal(sent.shape).astype(np.float32)
    if size:
        error = cv2.GaussianBlur(error, (0, 0), size)
    picture = sent + error / error.std() * np.float32(6 / 255)
    mask = np.zeros((160, 200), np.uint8)
    mask[50:110, 60:140] = 255

    # Textured, so that the source may not simply show through at the border.
    texture = (0.2 * rng.standard_normal(sent.shape)).astype(np.float32)
    hidden = np.where(mask[..., None] > 0, sent + texture, sent)
    blended = blend.blend(hidden, picture, mask, mask == 0).picture

    first = np.s_[50, 60:140]
    was, now = (np.abs(one[first] - sent[first]).mean() for one in (picture, blended))
    assert now < 0.8 * was
