"""Registering what a model returned, judged against drifts that are known."""

import functools
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from overpaint.fitting.register import Kind, register
from overpaint.fitting.warp import IDENTITY, Drift, resample
from overpaint.geometry import Extent

pytestmark = pytest.mark.slow

Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

WIDTH, HEIGHT = 460, 340
SHAPES = ("ellipse", "rectangle", "small", "corner", "large", "stroke")


@functools.cache
def scene(seed: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Something like a photograph: things of all sizes before a soft background, with texture."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for wide in (40, 12, 4, 1.5):
        noise = cv2.GaussianBlur(rng.normal(size=picture.shape).astype(np.float32), (0, 0), wide)
        picture += noise / noise.std() * np.float32(0.03 + 0.0015 * wide)
    picture += 0.5
    for _ in range(60):
        centre = rng.uniform(0, 1, 2) * (width, height)
        corners = centre + rng.normal(size=(rng.integers(3, 7), 2)) * rng.uniform(6, 40)
        colour = np.clip(rng.normal(0.5, 0.25, 3), 0, 1).tolist()
        hull = cv2.convexHull(np.rint(corners * 16).astype(np.int32))
        cv2.fillConvexPoly(picture, hull, colour, cv2.LINE_AA, shift=4)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8) + rng.normal(0, 0.004, picture.shape)
    return to_bytes(picture)


def to_bytes(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def selection(shape: str, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """What is to change, bool."""
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    if shape == "stroke":
        drawn = np.zeros((height, width), np.uint8)
        points = np.array([[0.1, 0.2], [0.4, 0.7], [0.6, 0.3], [0.9, 0.8]]) * (width, height)
        cv2.polylines(drawn, [points.astype(np.int32)], False, 1, 28)
        return drawn > 0
    return {
        "ellipse": ((x - 0.53) / 0.25) ** 2 + ((y - 0.48) / 0.28) ** 2 < 1,
        "rectangle": (abs(x - 0.5) < 0.22) & (abs(y - 0.5) < 0.3),
        "small": ((x - 0.4) / 0.08) ** 2 + ((y - 0.6) / 0.08) ** 2 < 1,
        "corner": (x > 0.45) & (y > 0.5),
        "large": (abs(x - 0.5) < 0.4) & (abs(y - 0.5) < 0.4),
    }[shape]


def edited(mask: np.ndarray, seed: int = 1) -> np.ndarray:
    """The scene with the inside of *mask* replaced by another one."""
    return np.where(mask[..., None], scene(seed + 100), scene(seed))


def drifted(truth: np.ndarray, drift: Drift, field: Field | None = None) -> np.ndarray:
    """*truth* as a model returns it that moves everything by *drift* and *field*: float32."""
    height, width = truth.shape[:2]
    if field is None:
        back = Drift(
            1 / drift.scale_x,
            1 / drift.scale_y,
            -drift.shift_x / drift.scale_x,
            -drift.shift_y / drift.scale_y,
        )
        return resample(truth, back, Extent(width, height))
    to_x, to_y = np.meshgrid(np.arange(float(width)), np.arange(float(height)))
    x, y = to_x.copy(), to_y.copy()
    for _ in range(20):
        now_x, now_y = moved(x, y, drift, field, width, height)
        x, y = x - (now_x - to_x), y - (now_y - to_y)
    return cv2.remap(
        truth.astype(np.float32) / 255,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REFLECT,
    )


def moved(
    x: np.ndarray, y: np.ndarray, drift: Drift, field: Field | None, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    cx, cy = (width - 1) / 2, (height - 1) / 2
    dx, dy = field(x / width, y / height) if field else (0, 0)
    return (
        cx + drift.scale_x * (x - cx) + drift.shift_x + dx,
        cy + drift.scale_y * (y - cy) + drift.shift_y + dy,
    )


def redrawn(picture: np.ndarray, rng: np.random.Generator, *, jpeg: bool = False) -> np.ndarray:
    """Another cast, gamma and contrast, and noise: uint8."""
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.85, 1.2) * rng.uniform(0.88, 1.12, 3)
    picture = (picture - 0.5) * rng.uniform(0.93, 1.07) + 0.5
    result = to_bytes(picture + rng.normal(0, 2 / 255, picture.shape))
    if jpeg:
        _, data = cv2.imencode(".jpg", result[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
        result = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return result


def error(found: Drift, drift: Drift, mask: np.ndarray, field: Field | None = None) -> float:
    """Mean end-point error over what is to change, in pixels."""
    height, width = mask.shape
    y, x = np.nonzero(mask)
    true_x, true_y = moved(x.astype(float), y.astype(float), drift, field, width, height)
    found_x, found_y = found.places(Extent(width, height))
    return float(np.hypot(found_x[mask] - true_x, found_y[mask] - true_y).mean())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_drift_is_found_to_a_tenth_of_a_pixel(shape: str, seed: int) -> None:
    """Shift up to 14 px, scale up to 2 % in x and y apart, recoloured, new content inside."""
    rng = np.random.default_rng([seed, SHAPES.index(shape)])
    mask = selection(shape)
    drift = Drift(*rng.uniform(0.98, 1.02, 2), *rng.uniform(-14, 14, 2))
    candidate = redrawn(drifted(edited(mask, seed), drift), rng, jpeg=seed == 3)

    found = register(scene(seed), candidate, ~mask)

    assert found.kind is Kind.ALIGNED, found.reason
    assert error(found.drift, drift, mask) < (0.2 if shape == "large" else 0.1)
    assert found.after < 0.5 * found.before


@pytest.mark.parametrize(
    "drift",
    [
        Drift(1.06, 1.06, 5, -4),
        Drift(0.94, 0.94, -5, 4),
        Drift(1.06, 0.95, 2, 6),
        Drift(WIDTH / (WIDTH - 16), HEIGHT / (HEIGHT - 16), 8 * WIDTH / (WIDTH - 16), 8.4),
        Drift(shift_x=0.3, shift_y=-0.2),
    ],
)
def test_zoom_strip_and_small_shift_are_found(drift: Drift) -> None:
    """Zoom up to 6 %, another aspect, a strip cut off, a fraction of a pixel."""
    mask = selection("ellipse")
    candidate = redrawn(drifted(edited(mask), drift), np.random.default_rng(4))

    found = register(scene(1), candidate, ~mask)

    assert found.kind is Kind.ALIGNED, found.reason
    assert error(found.drift, drift, mask) < 0.1


@pytest.mark.parametrize("drift", [Drift(shift_x=11.27, shift_y=-6.43), Drift(1.011, 1.011, -3, 9)])
def test_in_fine_detail_a_drift_is_found_to_a_hundredth_of_a_pixel(drift: Drift) -> None:
    """Twice as far off, as a pyramid of smaller pictures leaves it, shows in fine texture."""
    width, height = 2 * WIDTH, 2 * HEIGHT
    mask, truth = selection("ellipse", width, height), scene(1, width, height)
    candidate = to_bytes(np.clip(drifted(truth, drift), 0, 1) ** 1.1 * [0.95, 1, 0.9])

    found = register(truth, candidate, ~mask)

    assert error(found.drift, drift, mask) < 0.0125


@pytest.mark.parametrize("size", [(230, 170), (512, 512), (690, 345), (463, 341)])
def test_a_candidate_of_another_size_is_registered(size: tuple[int, int]) -> None:
    """The drift is in pixels of the crop, whatever size and aspect came back."""
    mask, drift = selection("ellipse"), Drift(1.01, 0.99, 4, -6)
    picture = drifted(edited(mask), drift)
    candidate = redrawn(resample(picture, IDENTITY, Extent(*size)), np.random.default_rng(5))

    found = register(scene(1).astype(np.float32) / 255, candidate, ~mask)

    assert found.kind is Kind.ALIGNED, found.reason
    assert error(found.drift, drift, mask) < 0.15


@pytest.mark.parametrize("shape", ["ellipse", "small", "stroke"])
def test_a_smooth_bend_is_followed(shape: str) -> None:
    """A drift that is not the same everywhere, by up to 4 px, is mostly undone inside, too."""

    def field(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 4 * np.sin(2.5 * y + x), 3 * np.cos(2.2 * x - 0.7 * y)

    mask = selection(shape)
    candidate = redrawn(drifted(edited(mask), IDENTITY, field), np.random.default_rng(6))

    found = register(scene(1), candidate, ~mask)

    assert found.kind is Kind.ALIGNED
    assert found.drift.bend is not None
    assert error(found.drift, IDENTITY, mask, field) < 0.3


@pytest.mark.parametrize("degrees", [-0.5, 0.5])
def test_a_small_rotation_is_no_worse_than_before(degrees: float) -> None:
    """A turn is not a scale or a shift; the bend takes most of it."""
    angle = np.radians(degrees)

    def field(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -angle * (y - 0.5) * HEIGHT, angle * (x - 0.5) * WIDTH

    mask = selection("rectangle")
    candidate = redrawn(drifted(edited(mask), IDENTITY, field), np.random.default_rng(7))

    found = register(scene(1), candidate, ~mask)

    assert error(found.drift, IDENTITY, mask, field) < 0.3 * error(IDENTITY, IDENTITY, mask, field)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noise", [0, 1])
def test_what_was_sent_is_exact(shape: str, noise: int) -> None:
    """A candidate that left the known pixels alone has nothing to undo, whatever is inside."""
    mask, rng = selection(shape), np.random.default_rng(8)
    candidate = edited(mask).astype(np.int16) + rng.integers(-noise, noise + 1, (HEIGHT, WIDTH, 3))

    found = register(scene(1), np.clip(candidate, 0, 255).astype(np.uint8), ~mask)

    assert found.kind is Kind.EXACT
    assert found.drift.is_identity


def test_only_other_colours_are_no_drift() -> None:
    """Recoloured in place: aligned, and the drift is none at all, so nothing is resampled."""
    mask = selection("ellipse")

    found = register(scene(1), redrawn(edited(mask) / 255, np.random.default_rng(9)), ~mask)

    assert found.kind is Kind.ALIGNED
    assert found.drift.is_identity
    assert "did not move" in found.reason


def test_a_fitted_identity_is_no_drift() -> None:
    """What was sent, only smaller, is used as it is."""
    small = resample(scene(1), IDENTITY, Extent(300, 222))

    found = register(scene(1), to_bytes(small), ~selection("ellipse"))

    assert found.drift.is_identity


@pytest.mark.parametrize("by", [0.2, -0.2])
@pytest.mark.parametrize("anchor", [(0.5, 0.5), (0.0, 0.0), (1.0, 0.4)])
@pytest.mark.parametrize("shape", ["ellipse", "corner", "stroke"])
def test_another_framing_is_recognised(by: float, anchor: tuple[float, float], shape: str) -> None:
    """Nearer or farther by 20 % is said so, with the zoom."""
    mask, scale = selection(shape), 1 / (1 - by)
    shifts = [
        (0.5 - part) * (scale - 1) * side
        for part, side in zip(anchor, (WIDTH, HEIGHT), strict=True)
    ]
    drift = Drift(scale, scale, *shifts)
    candidate = redrawn(drifted(edited(mask), drift), np.random.default_rng(10))

    found = register(scene(1), candidate, ~mask)

    assert found.kind is Kind.REFRAMED, found.reason
    assert found.drift.zoom == pytest.approx(scale, abs=0.01)
    assert "anew" in found.reason


@pytest.mark.parametrize("shape", SHAPES)
def test_another_picture_is_refused(shape: str) -> None:
    """Where nothing agrees, nothing is moved, and the log says why."""
    found = register(scene(1), scene(2), ~selection(shape))

    assert found.kind is Kind.REFUSED
    assert found.drift.is_identity
    assert found.after == found.before


def test_a_flat_picture_is_refused() -> None:
    """Noise on an empty sky is nothing to register on."""
    rng = np.random.default_rng(11)
    sky = to_bytes(np.linspace(0.4, 0.6, HEIGHT)[:, None, None] + np.zeros((HEIGHT, WIDTH, 3)))
    candidate = redrawn(drifted(sky, Drift(1.01, 1.01, 5, 5)), rng)

    found = register(sky, candidate, ~selection("ellipse"))

    assert found.kind is Kind.REFUSED
    assert "flat" in found.reason


def test_along_a_fence_nothing_is_moved() -> None:
    """Vertical bars say how far things went sideways, and by the least; not up or down."""
    rng = np.random.default_rng(12)
    bars = 0.5 + 0.3 * np.sign(np.sin(np.arange(WIDTH) * (2 * np.pi / 40)))
    fence = to_bytes(
        cv2.GaussianBlur(np.tile(bars, (HEIGHT, 1)), (0, 0), 1)[..., None].repeat(3, 2)
    )
    candidate = redrawn(drifted(fence, Drift(shift_x=3, shift_y=2)), rng)

    found = register(fence, candidate, ~selection("ellipse")).drift

    assert found.shift_x == pytest.approx(3, abs=0.1)
    assert abs(found.shift_y) < 0.5
    assert found.scale_y == pytest.approx(1, abs=0.003)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_known_pixels_that_changed_do_not_mislead(share: float) -> None:
    """A model that ignored the mask in part: what it kept still tells the drift."""
    rng = np.random.default_rng(13)
    mask, drift = selection("ellipse"), Drift(1.01, 0.99, 6, -9)
    changed = mask.copy()
    while changed[~mask].mean() < share:
        x, y = rng.integers(0, WIDTH - 60), rng.integers(0, HEIGHT - 60)
        changed[y : y + 60, x : x + 60] = True
    candidate = redrawn(drifted(edited(changed), drift), rng)

    found = register(scene(1), candidate, ~mask)

    assert error(found.drift, drift, mask) < 0.1


def test_a_thin_ring_is_used_or_refused_but_never_worse() -> None:
    """Eight known pixels around a selection of nearly everything."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[8:-8, 8:-8] = True
    drift = Drift(1.005, 0.995, 3, -2)
    candidate = redrawn(drifted(edited(mask), drift), np.random.default_rng(14))

    found = register(scene(1), candidate, ~mask)

    assert error(found.drift, drift, mask) <= error(IDENTITY, drift, mask)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (17, 400), (40, 40)])
def test_any_size_is_answered(size: tuple[int, int]) -> None:
    """Crops too small or too thin to tell anything are answered all the same."""
    rng = np.random.default_rng(15)
    sent = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    candidate = rng.integers(0, 256, (30, 50, 3), dtype=np.uint8)
    known = np.ones(sent.shape[:2], np.bool_)

    assert register(sent, candidate, known).kind in Kind
    assert register(sent, candidate, ~known).kind is Kind.REFUSED
    assert register(sent, sent, known).kind is Kind.EXACT
