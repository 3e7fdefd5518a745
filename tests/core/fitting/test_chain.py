"""The whole chain: what came back is fitted, or left alone and said so."""

import cv2
import numpy as np
import pytest

from overpaint.fitting.chain import Fitted, Steps, fit_picture

HEIGHT, WIDTH = 240, 320


def picture(seed: int) -> np.ndarray:
    """Structure at all sizes, uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    colours = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for octave in (3, 6, 12, 24, 48):
        coarse = rng.uniform(-1, 1, (HEIGHT // octave + 2, WIDTH // octave + 2, 3))
        colours += cv2.resize(coarse.astype(np.float32), (WIDTH, HEIGHT)) * octave**0.5
    return np.rint((colours - colours.min()) / np.ptp(colours) * 255).astype(np.uint8)


def selection() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (WIDTH // 2, HEIGHT // 2), (60, 45), 0, 0, 360, 255, -1)
    return mask


def fit(candidate: np.ndarray, steps: Steps | None = None) -> Fitted:
    mask = selection()
    return fit_picture(picture(1), candidate, mask, mask == 0, steps or Steps(), seed=1)


def drifted(sent: np.ndarray) -> np.ndarray:
    """Shifted by a few pixels, zoomed by one per cent, warmer and flatter."""
    turn = np.array([[1.01, 0, 3.3], [0, 1.01, -2.6]], np.float32)
    moved = cv2.warpAffine(sent, turn, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=2)
    toned = (moved / 255) ** 1.1 * np.array([1.0, 0.95, 0.88])
    return np.rint(toned * 255).astype(np.uint8)


def error(fitted: Fitted) -> float:
    """Mean difference to what was sent inside the selection, in 8-bit steps."""
    off = np.abs(fitted.picture * 255 - picture(1))
    return float(off[selection() > 0].mean())


def test_identity_comes_back_to_the_bit() -> None:
    """A candidate that is what was sent is not touched by any step."""
    assert np.array_equal(np.rint(fit(picture(1)).picture * 255), picture(1))


def test_a_drifted_picture_is_put_right() -> None:
    """Shift, zoom and regrade are undone from the surroundings alone."""
    plain = np.abs(drifted(picture(1)).astype(float) - picture(1))[selection() > 0].mean()

    fitted = fit(drifted(picture(1)))

    assert error(fitted) < plain / 6
    assert any("aligned" in line for line in fitted.log)


@pytest.mark.parametrize("step", ["register", "match_colours"])
def test_each_step_can_be_switched_off(step: str) -> None:
    """Without a step the drift that it undoes stays."""
    without = Steps(**{step: False})

    assert error(fit(drifted(picture(1)), without)) > 2 * error(fit(drifted(picture(1))))


def test_an_unrelated_picture_is_feathered_and_no_more() -> None:
    """Nothing is registered on nothing: inside, the picture is as it came; its edge fades in."""
    other = picture(9)

    fitted = fit(other)

    inner = cv2.distanceTransform(selection(), cv2.DIST_L2, 5) > 12
    assert np.abs(fitted.picture * 255 - other)[inner].mean() < 4
    assert any("refused" in line for line in fitted.log)


def test_a_picture_of_another_size_fits() -> None:
    """Half or twice the size is the same picture."""
    large = cv2.resize(picture(1), (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC)

    assert fit(large).picture.shape == (HEIGHT, WIDTH, 3)
    assert error(fit(large)) < 3


def test_a_reframed_picture_is_said_so() -> None:
    """A zoom of 20 % is told to the user."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, 1.22)
    zoomed = cv2.warpAffine(picture(1), turn, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)

    assert any("anew" in sentence for sentence in fit(zoomed).notices)


def test_where_a_shifted_candidate_does_not_reach_nothing_old_comes_back() -> None:
    """At the picture's border a model that moved it leaves a strip: what was to go stays gone."""
    sent, mask = picture(1), np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[80:160, WIDTH - 90 :] = 255
    sent[mask > 0] = (255, 0, 255)
    candidate = np.roll(picture(1), 12, axis=1)

    fitted = fit_picture(sent, candidate, mask, mask == 0, Steps(), seed=1)

    inside = fitted.picture[mask > 0] * 255
    assert not ((inside[:, 1] < 5) & (inside[:, 0] > 250)).any(), "what was sent is there again"
