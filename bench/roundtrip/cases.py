"""The cases: photographs, what is selected of them, and what a drifting model returns."""

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from bench import photos, shapes
from bench.roundtrip.rows import Scene
from bench.roundtrip.trials import TRIALS, Content
from tests.drift import PRESETS, Chain, Drift, Repaint
from tests.drift.base import extent_of
from tests.drift.providers import paint

__all__ = ["Case", "make", "photograph"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One round trip: what was sent, what returned, and what should come of it."""

    name: str
    trial: str
    truth: Rgb
    below: Rgb
    sent: Rgb
    mask: npt.NDArray[np.uint8]
    drift: Drift
    returned: Rgb


def seed_of(*words: object) -> int:
    return zlib.crc32("/".join(map(str, words)).encode())


@lru_cache(maxsize=40)
def photograph(name: str, pixels: int) -> Rgb:
    """One photograph by name, its sides made odd: no model's favourite sizes."""
    photo = next(photo for photo in photos.PHOTOS if photo.name == name)
    picture = photos.load(photo, pixels)
    height, width = (side - 1 + side % 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


@lru_cache(maxsize=1)
def mosaic(pixels: int, names: tuple[str, ...]) -> Rgb:
    """A picture of that size, 3:2, in twelve tiles of enlarged photographs, with fresh grain.

    Enlarging leaves no finest detail, as on the sensor of a large camera; grain it has.
    """
    height = round((pixels / 1.5) ** 0.5)
    width = round(1.5 * height)
    tile = np.zeros((-(-height // 3), -(-width // 4), 3), np.uint8)
    everywhere = np.full(tile.shape[:2], 255, np.uint8)
    tiles = [paint(tile, photograph(name, 10**8), everywhere) for name in names]
    rows = [
        np.concatenate([tiles[(4 * row + n) % len(tiles)] for n in range(4)], 1) for row in range(3)
    ]
    whole = np.concatenate(rows, 0)[:height, :width]
    grain = np.random.default_rng(3).standard_normal(whole.shape, dtype=np.float32) * 1.5
    return np.clip(np.rint(whole + grain), 0, 255).astype(np.uint8)


def truth_of(scene: Scene, names: tuple[str, ...]) -> Rgb:
    if scene.name in names:
        return photograph(scene.name, scene.pixels)
    whole = mosaic(scene.pixels, names)
    if scene.region is None:
        return whole
    height, width = whole.shape[:2]
    down = round((scene.region / 1.3) ** 0.5)
    across = round(1.3 * down)
    y, x = round(0.37 * (height - down)), round(0.58 * (width - across))
    return np.ascontiguousarray(whole[y : y + down, x : x + across])


def other_of(scene: Scene, names: tuple[str, ...]) -> Rgb:
    """A photograph of something else."""
    at = names.index(scene.name) if scene.name in names else 0
    return photograph(names[(at + 5) % len(names)], scene.region or scene.pixels)


def make(label: str, scene: Scene, shape: str, names: tuple[str, ...]) -> Case:
    trial = TRIALS[label]
    truth, other = truth_of(scene, names), other_of(scene, names)
    extent = extent_of(truth)
    mask = shapes.selection(shape, extent.width, extent.height, seed_of(scene, shape))
    rng = np.random.default_rng(seed_of(label, scene, shape))
    drift = keeping(PRESETS[trial.preset](rng), mask > 0)
    everywhere = np.full_like(mask, 255)
    painted = {
        Content.TRUTH: lambda: truth,
        Content.NEW: lambda: paint(truth, other, mask),
        Content.UNRELATED: lambda: paint(truth, other, everywhere),
    }[trial.content]()
    core = (mask == 255).astype(np.uint8) * 255
    return Case(
        name=f"{label}, {scene.name}, {shape}",
        trial=label,
        truth=painted if trial.content is Content.NEW else truth,
        below=truth,
        sent=paint(truth, other, core) if trial.hidden else truth,
        mask=mask,
        drift=drift,
        returned=drift.apply(painted, rng),
    )


def keeping(drift: Drift, keep: Flags) -> Drift:
    """*drift*, but nothing is painted over where *keep* says so."""
    if isinstance(drift, Chain):
        return Chain(tuple(keeping(part, keep) for part in drift.drifts))
    return replace(drift, keep=keep) if isinstance(drift, Repaint) else drift
