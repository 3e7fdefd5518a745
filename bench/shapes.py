"""Selections to measure with: six shapes that people draw, as masks."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["SHAPES", "selection"]

Mask = npt.NDArray[np.uint8]
Rng = np.random.Generator
Draw = Callable[[Mask, float, Rng], None]

SOFT = 12
"""Pixels on either side over which the feathered ellipse fades, at half a megapixel."""


def selection(shape: str, width: int, height: int, seed: int) -> Mask:
    """Return a selection of that *shape*: uint8 (height, width), 255 inside, 0 outside.

    The seed places it. It leaves enough of the picture around to see what surrounds it, and all
    but the feathered ellipse have a hard, jagged edge: the hardest case for a seam.
    """
    mask = np.zeros((height, width), np.uint8)
    _DRAW[shape](mask, (width * height) ** 0.5, np.random.default_rng(seed))
    return mask


def _middle(mask: Mask, rng: Rng, play: float = 0.08) -> tuple[float, float]:
    x, y = rng.uniform(0.5 - play, 0.5 + play, 2)
    return x * mask.shape[1], y * mask.shape[0]


def _oval(mask: Mask, x: float, y: float, rx: float, ry: float, value: int = 255) -> None:
    cv2.ellipse(mask, (round(x), round(y)), (round(rx), round(ry)), 0, 0, 360, value, -1)


def _ellipse(mask: Mask, side: float, rng: Rng) -> None:
    x, y = _middle(mask, rng)
    stretch = rng.uniform(0.8, 1.25)
    _oval(mask, x, y, 0.22 * side * stretch, 0.22 * side / stretch)


def _feathered(mask: Mask, side: float, rng: Rng) -> None:
    _ellipse(mask, side, rng)
    sigma = SOFT * side / 700 / 2
    mask[...] = cv2.GaussianBlur(mask, (0, 0), sigma)


def _border(mask: Mask, side: float, rng: Rng) -> None:
    """A rectangle that ends at one side of the picture."""
    height, width = mask.shape
    long, deep = round(0.4 * side), round(0.3 * side)
    edge = rng.integers(4)
    if edge < 2:
        x = round(rng.uniform(0.2, 0.8) * (width - long))
        mask[slice(deep) if edge == 0 else slice(height - deep, height), x : x + long] = 255
    else:
        y = round(rng.uniform(0.2, 0.8) * (height - long))
        mask[y : y + long, slice(deep) if edge == 2 else slice(width - deep, width)] = 255


def _stroke(mask: Mask, side: float, rng: Rng) -> None:
    """One wandering stroke of a brush about two per cent of the picture wide."""
    height, width = mask.shape
    x, y = 0.15 * width, rng.uniform(0.3, 0.7) * height
    turn, radius = rng.uniform(-0.3, 0.3), max(3, round(0.011 * side))
    while x < 0.85 * width:
        _oval(mask, x, y, radius, radius)
        turn = 0.97 * turn + rng.normal(0, 0.09) + 0.02 * (0.5 - y / height)
        x, y = x + max(0.3, np.cos(turn)) * radius / 2, y + np.sin(turn) * radius / 2
        y = float(np.clip(y, 0.12 * height, 0.88 * height))


def _pieces(mask: Mask, side: float, rng: Rng) -> None:
    """Two separate pieces, of different size and form."""
    height, width = mask.shape
    y = rng.uniform(0.35, 0.65) * height
    _oval(mask, 0.26 * width, y, 0.13 * side, 0.19 * side)
    x, top, half = round(0.7 * width), round(height - y - 0.1 * side), round(0.11 * side)
    corners = [(x - half, top + 2 * half), (x + half, top + round(1.7 * half)), (x, top)]
    cv2.fillPoly(mask, [np.array(corners)], 255)


def _ring(mask: Mask, side: float, rng: Rng) -> None:
    """A ring: what it encloses is not selected."""
    x, y = _middle(mask, rng, 0.05)
    _oval(mask, x, y, 0.28 * side, 0.25 * side)
    _oval(mask, x + 0.03 * side, y, 0.14 * side, 0.12 * side, 0)


_DRAW: dict[str, Draw] = {
    "ellipse": _ellipse,
    "feathered": _feathered,
    "border": _border,
    "stroke": _stroke,
    "pieces": _pieces,
    "ring": _ring,
}
SHAPES = tuple(_DRAW)
