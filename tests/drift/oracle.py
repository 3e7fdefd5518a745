"""The reference of the goals: told the true drift, it takes it back as well as can be done."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from tests.drift.base import (
    Bytes,
    Colours,
    Drift,
    Picture,
    Points,
    extent_of,
    to_bytes,
    to_colours,
    warp,
)

from overpaint.geometry import Extent

__all__ = ["inside", "oracle", "recoverable"]

Flags = npt.NDArray[np.bool_]


def oracle(returned: Picture, drift: Drift, extent: Extent | None = None) -> Picture:
    """Return the picture of size *extent* that *drift* made *returned* from.

    Colours by the exact inverse of the tone curve, then places by one Lanczos resampling along
    the true map. Blur, noise, JPEG and what was painted over stay. *extent* is the size that was
    sent; without it, that of *returned*.
    """
    if returned.dtype == np.uint8:
        return to_bytes(_undo(to_colours(returned), drift, extent))
    return _undo(returned, drift, extent)


def recoverable(truth: Bytes, drift: Drift, where: Flags, margin: float = 4) -> Flags:
    """Which pixels of *truth* can be had back at all, of those that are asked: bool (h, w).

    False where the drift pushed a colour past black or white (within one 8-bit level), or the
    pixel past the border of what was returned (within *margin* pixels): there every method,
    the oracle too, only guesses. False also outside *where*.
    """
    extent, (rows, columns) = extent_of(truth), np.nonzero(where)
    colours = to_colours(truth[rows, columns])
    toned = drift.tone(colours)
    kept = ((toned > 1 / 255) & (toned < 254 / 255)) | (toned == colours)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    places, came = drift.map(points, extent), drift.returned(extent)
    stayed = (places == points).all(axis=1) & (came == extent)
    found: Flags = np.zeros_like(where)
    found[rows, columns] = kept.all(axis=1) & (stayed | inside(places, came, margin))
    return found


def inside(points: Points, extent: Extent, margin: float) -> Flags:
    """Which *points* lie in a picture of size *extent*, *margin* pixels from its border: bool."""
    corner = np.array([extent.width, extent.height]) - 1 - margin
    held: Flags = ((points >= margin) & (points <= corner)).all(axis=1)
    return held


def _undo(returned: Colours, drift: Drift, extent: Extent | None) -> Colours:
    came = extent_of(returned)
    extent = extent or came
    factors = (came.width / extent.width, came.height / extent.height)
    colours = _low_pass(drift.untone(returned), factors)

    def where(points: Points) -> Points:
        return drift.map(points, extent)

    if came == extent and not _moves(where, extent):
        return colours
    return warp(colours, where, extent)


def _low_pass(colours: Colours, factors: tuple[float, float]) -> Colours:
    """Return *colours* without what would alias where they are reduced by *factors*."""
    taps = []
    for factor in factors:
        reach = int(np.ceil(3 * factor)) if factor > 1 else 0
        at = np.arange(-reach, reach + 1) / max(factor, 1)
        window = np.sinc(at) * np.sinc(at / 3)
        taps.append(window / window.sum())
    if all(len(tap) == 1 for tap in taps):
        return colours
    return np.asarray(
        cv2.sepFilter2D(colours, -1, taps[0], taps[1], borderType=cv2.BORDER_REFLECT), np.float32
    )


def _moves(where: Callable[[Points], Points], extent: Extent) -> bool:
    x, y = np.linspace(0, extent.width - 1, 17), np.linspace(0, extent.height - 1, 17)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return bool(np.abs(where(points) - points).max() > 1e-6)
