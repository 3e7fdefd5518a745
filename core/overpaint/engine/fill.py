"""Filling a hole from its surroundings with PatchMatch, by PyPatchMatch.

PyPatchMatch: a small maintained library with a plain C interface and one wheel for every
CPython; it keeps texture where OpenCV's Telea and Navier-Stokes smear (bench/fill.py).

Source of the method: Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: A Randomized
Correspondence Algorithm for Structural Image Editing", 2009, inside the completion of Wexler,
Shechtman, Irani, "Space-Time Completion of Video", 2007.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.errors import EngineMissing
from overpaint.geometry import Box, Extent
from overpaint.mask import Mask, bounds, islands

__all__ = ["Hole", "average", "fill", "find_holes"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

FINE_PIXELS = 1_500_000
"""Up to this many pixels the larger patches are affordable; they carry lines on better."""
MAX_PIXELS = 16_000_000
"""Larger windows are filled at reduced size: PatchMatch takes about 125 bytes a pixel."""
MIN_REACH = 64
"""How far, at least, a hole looks around for what could fill it, in pixels."""

# The library keeps its seed for the whole process.
_seed_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """One piece of work: the *window* to look at, and in it what to fill and what to copy.

    *missing* and *usable* are bool of the window's size, never both True at one pixel.
    """

    window: Box
    missing: Flags
    usable: Flags


def find_holes(mask: Mask, visible: Flags) -> list[Hole]:
    """Split what *mask* changes into holes that are filled on their own; none if nothing can be.

    Whatever changes at all is filled, so that nothing of the old shines through a soft edge;
    only where that leaves nothing to copy from (a soft selection of everything) does what is
    selected by less than half count as surroundings. Far-apart pieces are filled apart: the time
    that takes grows with the pieces, not with the distance between them.
    """
    for threshold in (1, 128):
        missing = (mask >= threshold) | ((mask > 0) & ~visible)
        usable = visible & ~missing
        if usable.any() and missing.any():
            return _split(missing, usable)
    return []


def _split(missing: Flags, usable: Flags) -> list[Hole]:
    height, width = missing.shape
    whole = Extent(width, height).box
    parts = islands(missing, MIN_REACH)
    if len(parts) == 1:
        return [Hole(whole, missing, usable)]
    holes = []
    for part in parts:
        window = part.grown(max(MIN_REACH, part.width, part.height)).intersection(whole)
        assert window is not None  # every part lies in the picture
        if not usable[window.slices].any():
            window = whole
        here = np.zeros_like(missing)
        here[part.slices] = missing[part.slices]
        holes.append(Hole(window, here[window.slices], usable[window.slices]))
    return holes


def fill(pixels: Rgb, hole: Hole, seed: int) -> Rgb:
    """Return the window of *pixels* (uint8, height x width x 3) with *hole* filled.

    Pixels that are not missing are returned as they are. The same seed gives the same pixels.
    Windows above MAX_PIXELS are filled at reduced size and enlarged. Raises EngineMissing.
    """
    rows, columns = hole.window.slices
    picture = np.ascontiguousarray(pixels[rows, columns])
    extent = hole.window.extent
    if extent.pixels <= MAX_PIXELS:
        return _patchmatch(picture, hole.missing, hole.usable, seed)
    import cv2

    small = extent.scaled((MAX_PIXELS / extent.pixels) ** 0.5)
    size = (small.width, small.height)
    # A reduced pixel is missing if any part of it is, and usable only if all of it is.
    missing = cv2.resize(hole.missing.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    usable = cv2.resize(hole.usable.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    filled = _patchmatch(np.asarray(reduced, np.uint8), missing, usable & ~missing, seed)
    enlarged = cv2.resize(filled, (extent.width, extent.height), interpolation=cv2.INTER_LANCZOS4)
    return np.where(hole.missing[..., None], np.asarray(enlarged, np.uint8), picture)


def _patchmatch(picture: Rgb, missing: Flags, usable: Flags, seed: int) -> Rgb:
    import patchmatch

    if not patchmatch.patchmatch_available:
        raise EngineMissing(
            "The built-in engine's library does not load on this machine.",
            "Run 'overpaint doctor' to see why.",
        )
    radius = 5 if missing.size <= FINE_PIXELS else 3
    with _seed_lock:
        patchmatch.set_random_seed(seed)
        filled: Rgb = patchmatch.inpaint(
            picture,
            missing.view(np.uint8),
            global_mask=(~(missing | usable)).view(np.uint8),
            patch_size=radius,
        )
    return filled


def average(pixels: Rgb, mask: Mask) -> Rgb:
    """Return *pixels* with what *mask* changes set to its own average colour."""
    result = pixels.copy()
    box = bounds(mask)
    if box is not None:
        chosen = mask > 0
        result[chosen] = np.rint(pixels[chosen].mean(axis=0)).astype(np.uint8)
    return result
