"""The drift simulator does what it says, so that what is measured with it means something."""

from dataclasses import FrozenInstanceError, replace

import anyio
import cv2
import numpy as np
import pytest
from tests.drift import (
    PRESETS,
    Cast,
    Chain,
    Contrast,
    Cut,
    Drift,
    Drifting,
    Gamma,
    Identity,
    Jpeg,
    Moving,
    Noise,
    Reframe,
    Repaint,
    Resize,
    Rotate,
    Rounded,
    Scaled,
    Shift,
    SizedZoom,
    Wobble,
    Zoom,
    oracle,
    recoverable,
)

from overpaint.geometry import Extent
from overpaint.providers.base import Candidate, Job, Provider
from overpaint.recipe import Edit

EXTENT = Extent(331, 243)
EVERYWHERE = np.ones((EXTENT.height, EXTENT.width), np.bool_)
MOVES: list[Drift] = [
    Shift(5.25, -3.5),
    Shift(-14, 14),
    Zoom(1.02, 0.98),
    Zoom(0.94, 0.94),
    Rotate(0.5),
    Cut(16, 16),
    SizedZoom(),
    Rounded(16, (0, 1)),
    Wobble(4, seed=3),
    Reframe(0.2, (0.3, 0.8)),
    Reframe(-0.2),
    Resize(Extent(410, 300)),
    Scaled(0.5),
    Chain((Zoom(1.01, 1.01), Shift(3, 4), Scaled(0.75), Shift(1, 1))),
]


def picture() -> np.ndarray:
    """Clouds of colour, coarse and fine, to be registered on; never near black or white."""
    grain = np.random.default_rng(7).standard_normal((EXTENT.height, EXTENT.width, 3))
    clouds = cv2.GaussianBlur(grain, (0, 0), 1.4) + 4 * cv2.GaussianBlur(grain, (0, 0), 5)
    clouds = 128 + 35 * clouds / clouds.std()
    return np.rint(np.clip(clouds, 15, 240)).astype(np.uint8)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.square(one.astype(float) - other).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def points() -> np.ndarray:
    """Middles of windows that stay in the picture under every drift that is tested."""
    x, y = np.linspace(110, EXTENT.width - 110, 4), np.linspace(90, EXTENT.height - 90, 3)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def offset(still: np.ndarray, moved: np.ndarray) -> float:
    """How far *moved* lies from *still*, for less than a pixel: least squares on the slopes.

    Phase correlation gives the same answer, with ten times the noise on windows of this size.
    """
    down, across = np.gradient(still)
    slopes = np.stack([across.ravel(), down.ravel()], axis=1)
    found, *_ = np.linalg.lstsq(slopes, (still - moved).ravel(), rcond=None)
    return float(np.hypot(*found))


@pytest.mark.parametrize("drift", MOVES, ids=repr)
def test_a_map_says_where_the_pixels_went(drift: Drift) -> None:
    """Cut out along the map, the returned picture lies on the truth to 0.05 px."""
    truth = picture()
    returned = drift.apply(truth, rng())
    y, x = np.mgrid[-24:24, -24:24]

    offsets = []
    for column, row in points().astype(int):
        there = np.stack([x + column, y + row], axis=-1).reshape(-1, 2).astype(float)
        mapped = drift.map(there, EXTENT).reshape(*x.shape, 2).astype(np.float32)
        moved = cv2.remap(returned, mapped[..., 0], mapped[..., 1], cv2.INTER_LANCZOS4)
        still = truth[row - 24 : row + 24, column - 24 : column + 24]
        offsets.append(offset(still.mean(axis=2), moved.mean(axis=2)))

    assert max(offsets) < 0.05


def test_a_map_that_is_wrong_by_a_tenth_of_a_pixel_is_found_out() -> None:
    """What measures the maps sees a tenth of a pixel as one."""
    truth = picture()
    moved = Shift(0.1, 0).apply(truth, rng())

    assert offset(truth.mean(axis=2), moved.mean(axis=2)) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("drift", MOVES, ids=repr)
def test_unmap_is_the_opposite_of_map(drift: Drift) -> None:
    """There and back is no movement."""
    there = drift.map(points(), EXTENT)

    assert np.abs(drift.unmap(there, EXTENT) - points()).max() < 1e-3
    assert np.abs(there - points()).max() > 0.3


@pytest.mark.parametrize("drift", MOVES, ids=repr)
def test_the_size_that_comes_back_is_the_size_announced(drift: Drift) -> None:
    """`returned` and the picture agree."""
    returned = drift.apply(picture(), rng())

    assert drift.returned(EXTENT) == Extent(returned.shape[1], returned.shape[0])


@pytest.mark.parametrize(
    ("drift", "least"),
    [(drift, 38 if isinstance(drift, Moving) else 30) for drift in MOVES],
    ids=repr,
)
def test_the_oracle_takes_a_move_back(drift: Drift, least: float) -> None:
    """Where the truth can be had back it is, but for what resampling costs."""
    truth = picture()
    held = recoverable(truth, drift, EVERYWHERE)

    back = oracle(drift.apply(truth, rng()), drift, EXTENT)

    assert held.mean() > 0.5
    assert psnr(back[held], truth[held]) > least


@pytest.mark.parametrize(
    "drift",
    [
        Cast((1.12, 0.95, 0.88)),
        Gamma(0.85),
        Gamma(1.2),
        Contrast(0.9),
        Chain((Cast((1.1, 1.0, 0.9)), Gamma(1.1), Contrast(0.95))),
    ],
    ids=repr,
)
def test_the_oracle_takes_a_tone_back_exactly(drift: Drift) -> None:
    """Within the rounding to 8 bits there and back, and much closer in floats."""
    truth = picture()
    held = recoverable(truth, drift, EVERYWHERE)
    floats = truth.astype(np.float32) / 255

    assert (
        np.abs(oracle(drift.apply(truth, rng()), drift)[held].astype(int) - truth[held]).max() <= 1
    )
    assert np.abs(oracle(drift.apply(floats, rng()), drift) - floats).max() < 1e-5


def test_what_is_clipped_or_gone_is_not_recoverable() -> None:
    """Colours past white and pixels past the border cannot be asked of anybody."""
    truth = picture()
    truth[100:110] = 250

    held = recoverable(truth, Chain((Shift(20, 0), Cast((1.1, 1.0, 1.0)))), EVERYWHERE)

    assert not held[100:110].any()
    assert not held[:, -20:].any()
    assert held[:, :250].mean() > 0.8


def test_neighbouring_moves_resample_once() -> None:
    """A shift there and back in one chain is no change at all."""
    chain = Chain((Shift(3.3, 1.7), Shift(-3.3, -1.7)))

    assert np.array_equal(chain.apply(picture(), rng()), picture())


@pytest.mark.parametrize("name", PRESETS)
def test_a_seed_repeats_a_preset(name: str) -> None:
    """The same seed draws the same drift and gives the same bytes; another gives others."""
    one, again = (PRESETS[name](rng(5)) for _ in range(2))
    first, second = one.apply(picture(), rng(6)), again.apply(picture(), rng(6))

    assert one == again
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    fixed = {"identity", "blur", "jpeg"}
    other = PRESETS[name](rng(9)).apply(picture(), rng(8))
    assert (name in fixed) == (first.shape == other.shape and np.array_equal(first, other))


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_changes_what_it_is_given(name: str) -> None:
    """The truth stays the truth."""
    truth = picture()

    PRESETS[name](rng()).apply(truth, rng())

    assert np.array_equal(truth, picture())


def test_a_wobble_is_as_large_as_it_says() -> None:
    """Four pixels at most, somewhere nearly four, and different from place to place."""
    extent = Extent(900, 700)
    everywhere = np.random.default_rng(0).uniform(0, (900, 700), (4000, 2))

    moved = Wobble(4, seed=11).map(everywhere, extent) - everywhere
    far = np.hypot(*moved.T)

    assert 3.8 < far.max() < 4.01
    assert moved.std(axis=0).min() > 0.5


def test_a_size_that_fits_is_not_zoomed() -> None:
    """The zoom depends on the size that is sent: none where it fits, six per cent at most."""
    fitting = Extent(1120, 896)

    assert np.allclose(SizedZoom(budget=fitting.pixels).map(points(), fitting), points())
    for width in range(600, 1600, 37):
        extent = Extent(width, 1000)
        corners = np.array([[0.0, 0.0], [width, 1000]])
        low, high = SizedZoom().map(corners, extent)
        assert np.abs((high - low) / (width, 1000) - 1).max() < 0.075


def test_noise_and_jpeg_are_as_strong_as_they_say() -> None:
    """Three levels of noise are three levels; JPEG at 85 costs something, and not much."""
    truth = picture()
    noisy = Noise(3).apply(truth, rng()).astype(float) - truth

    assert noisy.std() == pytest.approx(3, abs=0.1)
    assert 30 < psnr(Jpeg(85).apply(truth, rng()), truth) < 50


def test_repainting_keeps_off_what_it_must_keep() -> None:
    """Blobs cover their share of the rest, and nothing of *keep*."""
    keep = np.zeros((EXTENT.height, EXTENT.width), np.bool_)
    keep[80:160, 100:220] = True
    truth = picture()

    painted = (replace(Repaint(0.3, 4), keep=keep).apply(truth, rng()) != truth).any(axis=2)

    assert not painted[keep].any()
    assert painted[~keep].mean() == pytest.approx(0.3, abs=0.03)


def test_drifts_are_values() -> None:
    """Equal fields, equal drifts; and nobody changes one."""
    drift = Shift(1, 2)

    assert drift == Shift(1, 2)
    with pytest.raises(FrozenInstanceError):
        drift.dx = 3  # type: ignore[misc]


def job(mask: np.ndarray | None = None) -> Job:
    shape = (EXTENT.height, EXTENT.width)
    return Job(
        edit=Edit.INPAINT,
        prompt="",
        seed=4,
        pixels=picture(),
        mask=np.zeros(shape, np.uint8) if mask is None else mask,
        visible=np.ones(shape, np.bool_),
    )


def ask(provider: Provider, asked: Job) -> np.ndarray:
    async def collect() -> list[Candidate]:
        return [event async for event in provider.run(asked, None) if isinstance(event, Candidate)]

    (candidate,) = anyio.run(collect)
    return candidate.picture


def test_the_identity_provider_returns_what_it_was_sent() -> None:
    """Bit for bit, but not the array itself."""
    asked = job()

    got = ask(Identity(), asked)

    assert np.array_equal(got, asked.pixels)
    assert got is not asked.pixels


def test_a_drifting_provider_drifts_by_the_seed() -> None:
    """The job's seed decides, and a drift of another size comes back at that size."""
    assert np.array_equal(ask(Drifting(), job()), ask(Drifting(), job()))
    assert not np.array_equal(ask(Drifting(), job()), picture())
    assert ask(Drifting(Scaled(0.5)), job()).shape == (122, 166, 3)


def test_a_drifting_provider_paints_content_into_the_mask() -> None:
    """The photograph is inside the mask, the picture outside."""
    mask = np.zeros((EXTENT.height, EXTENT.width), np.uint8)
    mask[50:100, 60:90] = 255
    content = np.full((20, 30, 3), 77, np.uint8)

    got = ask(Drifting(Chain(()), content), job(mask))

    assert (got[mask > 0] == 77).all()
    assert np.array_equal(got[mask == 0], picture()[mask == 0])
