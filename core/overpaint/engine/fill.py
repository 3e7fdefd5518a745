"""Filling a hole from its surroundings with PatchMatch, by PyPatchMatch.

PyPatchMatch: a small maintained library with a plain C interface and one wheel for every
CPython; it keeps texture where OpenCV's Telea and Navier-Stokes smear (bench/fill.py).

Source of the method: Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: A Randomized
Correspondence Algorithm for Structural Image Editing", 2009, inside the completion of Wexler,
Shechtman, Irani, "Space-Time Completion of Video", 2007.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.engine.tone import guide, is_smooth
from overpaint.errors import EngineMissing
from overpaint.geometry import Box, Extent
from overpaint.hidden import painted_over
from overpaint.language import _
from overpaint.mask import Mask, bounds, islands

__all__ = ["Hole", "average", "fill", "find_holes"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

RADIUS = 4
"""Of the patches, in pixels: 5 leaves a clearer seam for hardly better lines, 3 is sharper but
breaks lines more often (bench/fill.py --radius)."""
LARGE_RADIUS = 3
LARGE_HOLE = 500_000
"""From this many missing pixels on, the smaller patches: they take two thirds of the time."""
TONE_WEIGHT = 0.008
"""Of the guide in smooth surroundings: a quarter of it leaves every sky a little darker, with some
seeds much; several times as much brings scraps of masts and roofs into them (the photograph of
bench/demo.py, six seeds).
"""
MAX_PIXELS = 16_000_000
"""Larger windows are filled at reduced size: PatchMatch takes about 125 bytes a pixel."""
WINDOW = 7_000_000
"""Up to this size a window is as wide as may help; a larger one reaches less far, as long as there
is enough to copy: it holds a gigabyte, and what lies that far away is hardly copied."""
MIN_SIDE = 32
"""Smaller pictures are padded: PatchMatch halves them until they are about a patch."""
MIN_REACH = 64
"""How far, at least, a hole looks around for what could fill it, in pixels."""
PIECE_PIXELS = 1_000_000
"""Wires and scratches are filled in pieces whose bounds are no larger than about this."""

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
    pieces = [piece for part in islands(missing, MIN_REACH) for piece in _cut(missing, part)]
    if len(pieces) == 1 and whole.extent.pixels <= WINDOW:
        return [Hole(whole, missing, usable)]
    return [_hole(piece, missing, usable, whole) for piece in pieces]


def _cut(missing: Flags, part: Box) -> Iterator[Box]:
    """Yield *part*, in pieces where it is long and thin: a wire needs no more than its sides."""
    length = max(part.width, part.height)
    if part.extent.pixels <= PIECE_PIXELS or length < 16 * _reach(missing, part):
        yield part
        return
    if part.width >= part.height:
        middle = part.x + part.width // 2
        halves = (
            Box.spanning(part.x, part.y, middle, part.bottom),
            Box.spanning(middle, part.y, part.right, part.bottom),
        )
    else:
        middle = part.y + part.height // 2
        halves = (
            Box.spanning(part.x, part.y, part.right, middle),
            Box.spanning(part.x, middle, part.right, part.bottom),
        )
    for half in halves:
        inside = bounds(missing[half.slices].view(np.uint8))
        if inside is not None:
            yield from _cut(missing, inside.moved(half.x, half.y))


def _reach(missing: Flags, part: Box) -> int:
    """How far around *part* to look: four times as far as it is thick, at most its length."""
    import cv2

    inner = cv2.distanceTransform(missing[part.slices].view(np.uint8), cv2.DIST_L2, 3)
    longest = max(part.width, part.height)
    return max(MIN_REACH, min(longest, round(8 * float(inner.max()))))


def _hole(piece: Box, missing: Flags, usable: Flags, whole: Box) -> Hole:
    """Return *piece* as a hole whose window has at least as much to copy from as to fill."""
    # So many pixels more on each side make a window of WINDOW pixels.
    wide, apart = piece.width + piece.height, piece.width - piece.height
    room = round(((apart**2 + 4 * WINDOW) ** 0.5 - wide) / 4)
    reach = max(MIN_REACH, min(_reach(missing, piece), room))
    enough = np.count_nonzero(missing[piece.slices])
    window = piece
    while window != whole:
        grown = piece.grown(reach).intersection(whole)
        assert grown is not None  # every piece lies in the picture
        window = grown
        if np.count_nonzero(usable[window.slices]) >= enough:
            break
        reach *= 2
    here = np.zeros((window.height, window.width), np.bool_)
    here[piece.moved(-window.x, -window.y).slices] = missing[piece.slices]
    return Hole(window, here, usable[window.slices])


def fill(pixels: Rgb, hole: Hole, seed: int) -> Rgb:
    """Return the window of *pixels* (uint8, height x width x 3) with *hole* filled.

    Pixels that are not missing are returned as they are. The same seed gives the same pixels.
    Windows above MAX_PIXELS are filled at reduced size and enlarged. Raises EngineMissing.
    """
    picture = np.ascontiguousarray(pixels[hole.window.slices])
    if hole.window.extent.pixels <= MAX_PIXELS:
        return _patchmatch(picture, hole.missing, hole.usable, seed)
    enlarged = _fill_reduced(picture, hole, seed)
    return np.where(hole.missing[..., None], enlarged, picture)


def _fill_reduced(picture: Rgb, hole: Hole, seed: int) -> Rgb:
    """Return *picture* filled at a size of about MAX_PIXELS and enlarged again."""
    import cv2

    extent = hole.window.extent
    small = extent.scaled((MAX_PIXELS / extent.pixels) ** 0.5)
    size = (small.width, small.height)
    # Resizing mixes neighbours: what is not to be copied takes a colour that is.
    shown = painted_over(picture, hole.usable)

    def covered(flags: Flags) -> Flags:
        share = cv2.resize(flags.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return np.asarray(share) > 0

    missing = covered(hole.missing)
    usable = covered(hole.usable) & ~missing
    if not usable.any():  # all that could be copied are specks
        return shown
    reduced = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), np.uint8)
    filled = _patchmatch(reduced, missing, usable, seed)
    size = (extent.width, extent.height)
    return np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _patchmatch(picture: Rgb, missing: Flags, usable: Flags, seed: int) -> Rgb:
    import patchmatch

    if not patchmatch.patchmatch_available:
        raise EngineMissing(
            _("The built-in engine's library does not load on this machine."),
            _("Run 'overpaint doctor' to see why."),
        )
    height, width = missing.shape
    below, beside = _room(missing, usable)
    picture = np.pad(picture, ((0, below), (0, beside), (0, 0)))
    missing, usable = (np.pad(flags, ((0, below), (0, beside))) for flags in (missing, usable))
    radius = RADIUS if np.count_nonzero(missing) < LARGE_HOLE else LARGE_RADIUS
    hole, hidden = missing.view(np.uint8), (~(missing | usable)).view(np.uint8)
    tones = guide(picture, missing, usable) if is_smooth(picture, missing, usable) else None
    filled: Rgb
    with _seed_lock:
        patchmatch.set_random_seed(seed)
        if tones is None:
            filled = patchmatch.inpaint(picture, hole, global_mask=hidden, patch_size=radius)
        else:
            filled = patchmatch.inpaint_regularity(
                picture,
                hole,
                tones,
                global_mask=hidden,
                patch_size=radius,
                guide_weight=TONE_WEIGHT,
            )
    return filled[:height, :width]


def _room(missing: Flags, usable: Flags) -> tuple[int, int]:
    """Return how many rows and columns of nothing to add, about within MAX_PIXELS.

    The library halves the picture until its shorter side is about a patch. Where the middle of
    the hole is then still farther from what is known than a patch reaches, it stays black: a
    wide hole in a banner, a narrow icon, a hole among hidden pixels.
    """
    import cv2

    height, width = missing.shape
    distance = cv2.distanceTransform((~usable).view(np.uint8), cv2.DIST_L2, 5)
    side = round(2 * float(distance[missing].max(initial=0)))
    rows = max(height, MIN_SIDE, min(side, MAX_PIXELS // width))
    columns = max(width, MIN_SIDE, min(side, MAX_PIXELS // rows))
    return rows - height, columns - width


def average(pixels: Rgb, mask: Mask, visible: Flags | None = None) -> Rgb:
    """Return *pixels* with what *mask* changes set to its own average colour.

    The average is over what of it is *visible*, where that is given and not nothing.
    """
    result = pixels.copy()
    chosen = mask > 0
    counted = chosen if visible is None or not (chosen & visible).any() else chosen & visible
    if counted.any():
        result[chosen] = np.rint(pixels[counted].mean(axis=0)).astype(np.uint8)
    return result
