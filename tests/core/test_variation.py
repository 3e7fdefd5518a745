"""Variations offline: they differ, they keep to the selection, and they invent nothing."""

import hashlib
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image
from skimage import data
from tests.core.test_style import apart, scene

from overpaint.cli import run
from overpaint.engine import faces
from overpaint.engine.provider import Embedded
from overpaint.engine.variation import gentle
from overpaint.engine.variation.cut import patch, visible_at
from overpaint.providers.base import Candidate, Job, Notice
from overpaint.recipe import Edit

HEIGHT, WIDTH = 150, 200


def textured() -> np.ndarray:
    """Like foliage: soft light with texture of several sizes on it."""
    import cv2

    rng = np.random.default_rng(4)
    grain = sum(
        cv2.GaussianBlur(rng.normal(0, 28 * sigma, (HEIGHT, WIDTH)), (0, 0), sigma)
        for sigma in (1, 2, 4)
    )
    return np.clip(scene(WIDTH, HEIGHT) / 2 + 60 + grain[..., None], 0, 255).astype(np.uint8)


def ellipse() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = ((x - WIDTH / 2) / 60) ** 2 + ((y - HEIGHT / 2) / 45) ** 2 < 1
    return np.where(inside, 255, 0).astype(np.uint8)


def vary(seed: int = 1, **changes: Any) -> tuple[np.ndarray, list[str]]:
    """The picture and the sentences."""
    values: dict[str, Any] = {
        "edit": Edit.VARIATION,
        "prompt": "",
        "seed": seed,
        "pixels": textured(),
        "mask": ellipse(),
        **changes,
    }
    values.setdefault("visible", np.ones(values["mask"].shape, np.bool_))
    events: list[Any] = []

    async def collect() -> None:
        events.extend([event async for event in Embedded().run(Job(**values), None)])

    anyio.run(collect)
    (picture,) = [each.picture for each in events if isinstance(each, Candidate)]
    assert isinstance(picture, np.ndarray)
    return picture, [each.sentence for each in events if isinstance(each, Notice)]


def test_four_seeds_give_four_pictures_that_differ_only_inside() -> None:
    """From each other and from the source; outside the mask nothing does."""
    inside = ellipse() > 0
    made = [vary(seed)[0] for seed in range(20, 24)]
    for picture in made:
        assert np.array_equal(picture[~inside], textured()[~inside])
    for one, other in combinations([textured(), *made], 2):
        assert apart(one[inside], other[inside]) > 3


@pytest.mark.parametrize("seed", range(4))
def test_the_same_seed_makes_the_same_picture(seed: int) -> None:
    """To the bit."""
    assert np.array_equal(vary(seed)[0], vary(seed)[0])


def test_strength_says_how_far_to_go() -> None:
    """At 0 the source comes back to the bit; a low strength leaves shapes whole."""
    inside = ellipse() > 0
    assert np.array_equal(vary(strength=0.0)[0], textured())
    gentle, told = vary(strength=0.1)
    assert (
        0 < apart(gentle[inside], textured()[inside]) < apart(vary()[0][inside], textured()[inside])
    )
    assert not told


def test_what_quilting_can_do_to_shapes_is_told() -> None:
    """And that a low strength is the way out; also that prompts are not read."""
    _, (warning,) = vary(strength=0.6)
    assert "torn apart" in warning
    assert "below 0.3" in warning
    _, told = vary(prompt="autumn")
    assert any("cannot read prompts" in sentence for sentence in told)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_copied_from_what_is_hidden(seed: int) -> None:
    """A colour that lies only under what is transparent never shows."""
    picture = textured() // 2
    visible = np.ones((HEIGHT, WIDTH), np.bool_)
    visible[:40] = False
    picture[:40] = (255, 0, 255)
    made, _ = vary(seed, pixels=picture, visible=visible)
    shows = made[visible].astype(int)
    assert not ((shows[:, 0] > 200) & (shows[:, 2] > 200) & (shows[:, 1] < 60)).any()


@pytest.mark.parametrize("seed", range(4))
def test_the_edge_of_the_selection_does_not_show(seed: int) -> None:
    """The jump across it is as in the source, within a seventh."""
    inside = ellipse() > 0
    edges = [(np.diff(inside.astype(int), axis=a) != 0) for a in (0, 1)]

    def jump(picture: np.ndarray) -> float:
        steps = [
            np.abs(np.diff(picture.astype(float), axis=a)).mean(axis=2)[edge]
            for a, edge in enumerate(edges)
        ]
        return float(np.concatenate(steps).mean())

    assert jump(vary(seed)[0]) / jump(textured()) < 1.15


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["everything", "pixel", "stroke", "flat", "tiny", "nothing shows"])
def test_no_selection_is_too_odd(kind: str, seed: int) -> None:
    """The picture comes back at its own size, the same outside."""
    pixels, mask = textured(), np.zeros((HEIGHT, WIDTH), np.uint8)
    visible = np.ones((HEIGHT, WIDTH), np.bool_)
    if kind == "everything":
        mask[:] = 255
    elif kind == "pixel":
        mask[70, 90] = 255
    elif kind == "stroke":
        mask[70:73, 5:190] = 255
    elif kind == "flat":
        pixels[:], mask = 77, ellipse()
    elif kind == "tiny":
        pixels, mask, visible = pixels[:5, :7], np.full((5, 7), 255, np.uint8), visible[:5, :7]
    else:
        mask, visible = ellipse(), np.zeros_like(visible)
    made, _ = vary(seed, pixels=np.ascontiguousarray(pixels), mask=mask, visible=visible)
    assert np.array_equal(made[mask == 0], pixels[mask == 0])
    if kind == "flat":
        assert np.abs(made.astype(int) - 77).max() < 12


@pytest.mark.parametrize("seed", range(4))
def test_what_is_straight_stays_straight(seed: int) -> None:
    """A rail through the selection is where it was, within five pixels, however seeds fall."""
    rail = np.kron(textured() // 2, np.ones((3, 3, 1), np.uint8))
    rail[210:222] = 230
    mask = np.kron(ellipse(), np.ones((3, 3), np.uint8))
    made, _ = vary(seed, pixels=rail, mask=mask)
    bright = made[:, mask[216] > 0].mean(axis=2) > 180
    middles = [np.flatnonzero(column).mean() for column in bright.T]
    assert np.abs(np.subtract(middles, 215.5)).max() < 5


@pytest.mark.parametrize("seed", range(4))
def test_what_has_no_equal_stays_whole(seed: int) -> None:
    """The one red disc among leaves is in one piece, about as large, and next to where it was."""
    import cv2

    leaves = textured()
    cv2.circle(leaves, (100, 75), 18, (200, 30, 30), -1)
    made, _ = vary(seed, pixels=leaves)
    red = (made[..., 0].astype(int) - made[..., 1] > 90).astype(np.uint8)
    _, _, facts, middles = cv2.connectedComponentsWithStats(red)
    largest = 1 + facts[1:, cv2.CC_STAT_AREA].argmax()
    area = facts[largest, cv2.CC_STAT_AREA]
    assert area > 0.97 * red.sum()
    assert area == pytest.approx(np.pi * 18**2, rel=0.15)
    assert np.hypot(*(middles[largest] - (100, 75))) < 8


def test_a_block_is_cut_where_both_are_alike() -> None:
    """Around the middle, which is always new, along the ring on which nothing differs."""
    y, x = np.mgrid[:64, :64]
    far = np.hypot(y - 31.5, x - 31.5)
    old = np.full((64, 64, 3), 90, np.float32)
    block = np.where(np.abs(far - 22) < 3, 90, 140)[..., None].repeat(3, axis=2)
    new = patch(old, block.astype(np.float32), far > 8, np.ones((64, 64), np.bool_))
    assert new[far < 18].all()
    assert not new[far > 26].any()


def test_a_line_that_ends_shows_and_a_step_in_grain_does_not() -> None:
    """Though the two are as high."""
    rng = np.random.default_rng(3)
    calm = np.full((64, 64, 3), 120, np.float32)
    lined = calm.copy()
    lined[30:34] = 180
    edge = np.zeros((64, 64), np.bool_)
    edge[16:48, 16:48] = True
    none = np.zeros_like(calm)

    def shows(old: np.ndarray, block: np.ndarray) -> float:
        return visible_at(old, block, np.where(edge[..., None], block, old), edge, none, 4)

    assert shows(lined, calm) > 10
    rough, other = (rng.normal(120, 40, (64, 64, 3)).astype(np.float32) for _ in range(2))
    assert shows(rough, other) < 2
    assert shows(lined, lined) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_face_is_not_torn_apart(seed: int) -> None:
    """Whatever the seed: it is only bent and lit, and a sentence says why."""
    astronaut = data.astronaut()
    face = np.zeros(astronaut.shape[:2], np.uint8)
    face[60:200, 150:300] = 255
    made, told = vary(seed, pixels=astronaut, mask=face)
    assert apart(made[face > 0], astronaut[face > 0]) < 25
    assert ["face in the selection" in each for each in told] == [True] * (seed < 3)
    beside = np.zeros_like(face)
    beside[300:420, 20:140] = 255
    assert not faces.find(astronaut, beside > 0)
    assert faces.find(astronaut, face > 0)


def test_the_weights_are_those_that_were_checked() -> None:
    """The file in the package has the checksum that stands beside it."""
    folder = resources.files("overpaint.engine.faces")
    digest, name = (folder / "CHECKSUMS").read_text().split()
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_variations_are_made_from_the_command_line(tmp_path: Path) -> None:
    """Four candidates as four layers, each with a seed of its own."""
    import zipfile

    source, mask, out = (tmp_path / name for name in ("in.png", "mask.png", "out.ora"))
    Image.fromarray(textured()).save(source)
    Image.fromarray(ellipse()).save(mask)
    command = ["vary", str(source), "--mask", str(mask), "--count", "4", "--seed", "8"]
    assert run([*command, "-o", str(out)]) == 0
    with zipfile.ZipFile(out) as archive:
        assert sum(name.startswith("data/result") for name in archive.namelist()) == 4


def test_a_very_long_picture_is_bent_as_well() -> None:
    """OpenCV bends no side of 32767 pixels or more at once; ours may be any length."""
    pixels = np.random.default_rng(2).integers(0, 255, (40, 33_000, 3), dtype=np.uint8)
    missing = np.zeros((40, 33_000), bool)
    missing[8:-8, 100:-100] = True

    varied = gentle.vary(pixels, missing, np.ones_like(missing), 0.3, 1)

    assert (varied[~missing] == pixels[~missing]).all()
    assert (varied[missing] != pixels[missing]).any()


def test_a_grey_picture_stays_grey() -> None:
    """Light of another colour would be a stain on it."""
    grey = np.repeat(textured()[..., :1], 3, axis=2)
    missing = ellipse() > 0
    for seed in range(4):
        varied = gentle.vary(grey, missing, np.ones_like(missing), 0.6, seed)
        assert int(np.ptp(varied.astype(int), axis=2).max()) <= 1
        assert apart(varied[missing], grey[missing]) > 0
