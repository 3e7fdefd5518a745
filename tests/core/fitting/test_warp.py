"""A drift as a value, and undoing it by sampling the candidate once."""

import cv2
import numpy as np
import pytest

from overpaint.fitting.warp import IDENTITY, Bend, Drift, covered, resample, spline
from overpaint.geometry import Extent

EXTENT = Extent(96, 64)
RNG = np.random.default_rng(11)


def smooth(width: int = EXTENT.width, height: int = EXTENT.height) -> np.ndarray:
    """A smooth picture whose value is known everywhere: float32 (height, width, 3), 0..1."""
    return at(*np.meshgrid(np.arange(width) / width, np.arange(height) / height))


def at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    waves = [np.sin(7 * x + 3 * y), np.cos(9 * y - 2 * x), np.sin(5 * x) * np.cos(6 * y)]
    return (0.5 + 0.4 * np.dstack(waves)).astype(np.float32)


def flat_bend(dx: float, dy: float) -> Bend:
    return Bend(np.full((5, 6), dx, np.float32), np.full((5, 6), dy, np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_nothing_moved_and_same_size_gives_the_pixels_themselves(dtype: type) -> None:
    """The identity at the crop's size does not resample: every value comes back."""
    candidate = RNG.integers(0, 256, (64, 96, 3)).astype(dtype)

    found = resample(candidate, IDENTITY, EXTENT)

    expected = candidate / np.float32(255) if dtype == np.uint8 else candidate
    assert found.dtype == np.float32
    assert np.array_equal(np.rint(found * 255), np.rint(expected * 255))
    if dtype == np.float32:
        assert np.array_equal(found, candidate)


@pytest.mark.parametrize(
    "drift",
    [
        Drift(1.03, 0.98, 2.4, -1.7),
        Drift(shift_x=0.01),
        Drift(1.01, 1.0, 0.5, 0.25, flat_bend(1.5, -0.75)),
    ],
)
@pytest.mark.parametrize("size", [(96, 64), (48, 40), (250, 150)])
def test_a_drift_is_undone(drift: Drift, size: tuple[int, int]) -> None:
    """What comes back shows at each place what the candidate has where the drift put it."""
    width, height = size
    u, v = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    candidate = at(u, v)

    found = resample(candidate, drift, EXTENT)

    x, y = drift.places(EXTENT)
    expected = at((x + 0.5) / EXTENT.width, (y + 0.5) / EXTENT.height)
    # Well inside: a coarse candidate's border says little about what lies between its pixels.
    middle = np.s_[8:-8, 8:-8]
    assert np.abs(found - expected)[middle].max() < 0.006


def test_reducing_leaves_no_moire() -> None:
    """Stripes too fine for the crop become grey, bent or not."""
    stripes = np.zeros((256, 384, 3), np.float32)
    stripes[:, ::2] = 1

    straight = resample(stripes, Drift(shift_x=0.3), EXTENT)
    bent = resample(stripes, Drift(bend=flat_bend(0.3, 0)), EXTENT)

    for found in (straight, bent):
        assert np.abs(found[8:-8, 8:-8] - 0.5).max() < 0.03


def test_what_lies_beyond_the_candidate_is_not_covered() -> None:
    """A shift uncovers a strip as wide as itself, on the side that it moved out of."""
    right = covered(Drift(shift_x=5.0, shift_y=-3.0), EXTENT)

    assert right[3:, :-5].all()
    assert not right[:3].any()
    assert not right[:, -5:].any()
    assert covered(IDENTITY, EXTENT).all()
    assert covered(Drift(0.9, 0.9), EXTENT).all()


def test_beyond_the_candidate_the_picture_goes_on() -> None:
    """Uncovered pixels hold colours from nearby, never black."""
    found = resample(np.full((64, 96, 3), 200, np.uint8), Drift(1.2, 1.2, 30, -20), EXTENT)

    assert np.abs(found - 200 / 255).max() < 1e-5


def test_a_bend_with_equal_coefficients_is_a_shift() -> None:
    """B-spline weights sum to one everywhere."""
    bent = Drift(1.02, 1, 1, 2, flat_bend(1.5, -2.5)).places(EXTENT)
    straight = Drift(1.02, 1, 2.5, -0.5).places(EXTENT)

    assert np.allclose(spline(37, 6).sum(axis=1), 1, atol=1e-6)
    assert np.allclose(bent, straight, atol=1e-4)


def test_places_are_about_the_centre() -> None:
    """The centre of the crop only shifts; its edges go out by half the growth."""
    x, y = Drift(1.1, 0.9, 3, -4).places(Extent(101, 51))

    assert x[0, 50] == pytest.approx(53)
    assert y[25, 0] == pytest.approx(21)
    assert x[0, 100] - x[0, 0] == pytest.approx(110, abs=1e-4)


def test_a_plain_rescale_is_lanczos() -> None:
    """Down and up again without a drift is about as good as OpenCV's Lanczos, a longer one."""
    picture = cv2.GaussianBlur(RNG.random((64, 96, 3)).astype(np.float32), (0, 0), 1.5)
    small = cv2.resize(picture, (48, 32), interpolation=cv2.INTER_AREA)

    ours = resample(small, IDENTITY, EXTENT)
    theirs = cv2.resize(small, (96, 64), interpolation=cv2.INTER_LANCZOS4)

    assert np.square(ours - picture).mean() < 1.15 * np.square(theirs - picture).mean()


def test_a_shift_by_half_a_pixel_keeps_fine_detail() -> None:
    """Waves of two and a half pixels keep 95 % of their height, in both directions."""
    x, y = np.meshgrid(np.arange(96), np.arange(64))
    fine = [0.5 + 0.4 * np.sin(2 * np.pi * 0.4 * along) for along in (x, y, x)]
    candidate = np.dstack(fine).astype(np.float32)

    found = resample(candidate, Drift(shift_x=0.5, shift_y=-0.5), EXTENT)

    height = np.ptp(found[16:-16, 16:-16], axis=(0, 1))
    assert (height > 0.95 * np.ptp(candidate, axis=(0, 1))).all()


@pytest.mark.parametrize("size", [(96, 64), (7, 5), (250, 150)])
def test_one_colour_stays_one_colour_up_to_the_border(size: tuple[int, int]) -> None:
    """A flat candidate of any size comes back flat, also where it has to be mirrored."""
    candidate = np.full((size[1], size[0], 3), (0.2, 0.5, 0.8), np.float32)

    found = resample(candidate, Drift(1.05, 0.95, 9, -7), EXTENT)

    assert np.abs(found - candidate[0, 0]).max() < 1e-5
