"""Holes to measure with: three shapes, each at a share of the picture's area."""

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

__all__ = ["SHAPES", "SHARES", "hole"]

SHAPES = ("rectangle", "discs", "strokes")
SHARES = (0.05, 0.15, 0.30)

Flags = npt.NDArray[np.bool_]
Draw = Callable[[ImageDraw.ImageDraw, float, np.random.Generator], None]


def hole(shape: str, share: float, width: int, height: int, seed: int) -> Flags:
    """Return a hole of that *shape* that covers about *share* of the picture, bool.

    The seed places it; of 120 sizes it gets the first at which it covers enough.
    """
    sizes = np.geomspace(0.02, 0.9, 120) * (width * height) ** 0.5

    def drawn(size: float) -> Flags:
        picture = Image.new("1", (width, height))
        _DRAW[shape](ImageDraw.Draw(picture), size, np.random.default_rng(seed))
        return np.asarray(picture)

    enough = bisect_left(sizes, share, key=lambda size: float(drawn(size).mean()))
    return drawn(sizes[min(enough, len(sizes) - 1)])


def _place(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> tuple[float, float]:
    width, height = draw.im.size
    x, y = rng.uniform(0.3, 0.7, 2)
    return x * width, y * height


def _rectangle(draw: ImageDraw.ImageDraw, size: float, rng: np.random.Generator) -> None:
    x, y = _place(draw, rng)
    aspect = rng.uniform(0.7, 1.4)
    draw.rectangle((x - size * aspect, y - size / aspect, x + size * aspect, y + size / aspect), 1)


def _discs(draw: ImageDraw.ImageDraw, size: float, rng: np.random.Generator) -> None:
    """Three discs that touch or overlap."""
    x, y = _place(draw, rng)
    for _ in range(3):
        radius = size * rng.uniform(0.6, 1)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 1)
        turn = rng.uniform(0, 2 * np.pi)
        x, y = x + 1.5 * radius * np.cos(turn), y + 1.5 * radius * np.sin(turn)


def _strokes(draw: ImageDraw.ImageDraw, size: float, rng: np.random.Generator) -> None:
    """Three wandering strokes of a round brush."""
    for _ in range(3):
        x, y = _place(draw, rng)
        turn = rng.uniform(0, 2 * np.pi)
        for _ in range(60):
            draw.ellipse((x - size / 4, y - size / 4, x + size / 4, y + size / 4), 1)
            turn += rng.normal(0, 0.25)
            x, y = x + size / 8 * np.cos(turn), y + size / 8 * np.sin(turn)


_DRAW: dict[str, Draw] = {"rectangle": _rectangle, "discs": _discs, "strokes": _strokes}
