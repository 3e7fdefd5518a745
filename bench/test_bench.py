"""The measures and holes that the numbers rest on. Run by: pytest bench"""

import numpy as np
import pytest
from bench import holes, metrics, photos
from bench.roundtrip import edits
from tests.drift.providers import Identity

from overpaint.picture import Source


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (60, 80, 3)).astype(np.uint8)


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((60, 80), np.bool_)
    hole[20:40, 30:60] = True
    return hole


def test_the_truth_itself_measures_one(truth, hole) -> None:
    """Where nothing was changed, seam and sharpness are exactly 1 and the error is nothing."""
    assert metrics.seam(truth, truth, hole) == 1
    assert metrics.sharp(truth, truth, hole) == 1
    assert metrics.psnr(truth, truth, hole) == float("inf")


def test_a_flat_fill_of_another_colour_has_a_seam_and_no_texture(hole) -> None:
    """A grey ramp with a white hole: a jump at the border as large as it is, none inside."""
    truth = np.repeat(np.arange(80, dtype=np.uint8)[None, :, None], 60, 0).repeat(3, 2)
    filled = truth.copy()
    filled[hole] = 255

    assert metrics.seam(filled, truth, hole) > 100
    assert metrics.sharp(filled, truth, hole) < 1e-5


def test_a_jump_is_measured_in_levels(hole) -> None:
    """Black beside 3, 4, 0 is a jump of 5; the ratio to a truth with jumps of 1 is 5."""
    truth = np.zeros((60, 80, 3), np.uint8)
    truth[hole] = (1, 0, 0)
    filled = np.zeros_like(truth)
    filled[hole] = (3, 4, 0)

    assert metrics.seam(filled, truth, hole) == pytest.approx(5, rel=1e-5)


@pytest.mark.parametrize("shape", holes.SHAPES)
@pytest.mark.parametrize("share", holes.SHARES)
def test_a_hole_covers_about_its_share(shape: str, share: float) -> None:
    """The shares that the table names are the shares that were measured."""
    for seed in range(5):
        covered = holes.hole(shape, share, 600, 400, seed).mean()

        assert share <= covered < 1.1 * share


def test_every_photograph_is_in_the_table_of_licences() -> None:
    """No photograph is used whose package and licence the module does not state."""
    table = photos.__doc__ or ""

    assert [p.name for p in photos.PHOTOS if p.name not in table or p.package not in table] == []


def test_a_whole_edit_without_gimp_gives_its_patch() -> None:
    """What the round trip's bench runs is the runner itself: an identity gives the source back."""
    pixels = edits.opaque(np.random.default_rng(4).integers(0, 256, (48, 64, 3)).astype(np.uint8))
    selection = np.zeros((48, 64), np.uint8)
    selection[16:32, 16:40] = 255

    patch = edits.edited(Source(pixels, selection), edits.limited(Identity(), 1 << 20))

    assert np.array_equal(patch.pixels, pixels)
