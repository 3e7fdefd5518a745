"""Frames of an animation: where the picture keeps still, its style keeps still.

Each frame gets its style by itself, with statistics of the whole sequence. Then what was seen
before takes the look that it had before, moved along by optical flow; only what is new keeps its
own. The idea is that of Ruder, Dosovitskiy, Brox, "Artistic style transfer for videos", 2016; the
flow is DIS (Kroeger, Timofte, Dai, Van Gool 2016), of OpenCV.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box
from overpaint.hidden import painted_over
from overpaint.layers.content import Content, Rgb, opaque_colours
from overpaint.picture import Pixels

__all__ = ["Frame", "carried", "lay_in"]

Floats = npt.NDArray[np.float32]
Numbers: TypeAlias = npt.NDArray[Any]

_TILE = 64
"""Pixels: of every frame some tiles are measured."""
_NEAR = 7
"""Pixels around one over which a difference is averaged: noise is none."""
_LEAST, _NOISY = 3.0, 0.75
"""A difference is one from this many levels of 255 on, or times what is usual in the frame."""
_MOST = 12.0
_STILL = 0.5
"""Pixels: what moves less does not move."""
_REFRESHED = 0.2
"""What moves takes so much of its new look in each frame: to be resampled for ever blurs."""
_REACH = 0.04
"""As a share of the longer side: from what is so near, styles take light and hue."""
_FADED = 0.03
"""So much moving nearby is as good as none."""
_FLOWS = 16, 32766
"""Pixels of a side from which, and up to which, OpenCV finds and follows a flow."""
_ASTRAY = 1.0
"""Pixels by which the way there and back may differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What a frame looks like, to be carried on.

    *box*: its content's place on the canvas. *base*: uint8 (height, width, 3), the colours that
    the look was made of, frames ago where nothing has changed since. *colours*: the look, (height,
    width, 3) in the layer's own numbers. *shows*: bool (height, width). *moving*: float32 (height,
    width), 0..1, how much was moving nearby when the look was made.
    """

    box: Box
    base: Rgb
    colours: Pixels
    shows: npt.NDArray[np.bool_]
    moving: Floats


def lay_in(measured: Rgb, pixels: Pixels, box: Box, number: int, count: int) -> None:
    """Put some tiles of a frame into *measured*, a picture of the canvas' size that is to have
    something of each of *count* frames: its statistics are those of the sequence.
    """
    colours, shows = opaque_colours(pixels)
    height, width = measured.shape[:2]
    columns = -(-width // _TILE)
    for at in range(number, columns * -(-height // _TILE), count):
        tile = Box(at % columns * _TILE, at // columns * _TILE, _TILE, _TILE)
        there = tile.intersection(box)
        if there is None or (there := there.intersection(Box(0, 0, width, height))) is None:
            continue
        of_layer = there.moved(-box.x, -box.y).slices
        seen = shows[of_layer]
        measured[there.slices][seen] = colours[of_layer][seen]


def carried(before: Frame | None, box: Box, found: Content, colours: Pixels) -> Frame:
    """Return a frame whose own look is *colours*, with the look of the one *before* where that
    shows the same.
    """
    base, shows = opaque_colours(found.source.pixels)
    if not shows.all():
        base = painted_over(base, shows)
    comparable = before is not None and before.box == box and before.colours.dtype == colours.dtype
    if before is None or not comparable:
        return Frame(box, base, colours, shows, np.zeros(shows.shape, np.float32))
    import cv2

    share, moves, where = _known(before.base, base)
    share[~(shows & before.shows)] = 0
    old_look, old_base, old_moving = before.colours, before.base, before.moving
    if moves.any():
        old_look = np.where(moves[..., None], _moved(old_look, where), old_look)
        old_base = np.where(moves[..., None], _moved(old_base, where), old_base)
        old_moving = np.where(moves, _moved(old_moving, where), old_moving)
    moving = _nearby((share < 1) | moves)
    # What a passing thing had coloured gets its own look back as that thing goes away.
    share = share * np.clip((moving + _FADED) / (old_moving + _FADED), 0, 1)
    soft = np.asarray(cv2.GaussianBlur(share, (0, 0), 1.0), np.float32)
    share = soft * (share > 0)  # no hard edges, and none wider
    share[share > 1 - 1 / 64] = 1
    share = np.where(moves, share * np.float32(1 - _REFRESHED), share)
    return Frame(
        box,
        _mixed(old_base, base, share),
        _mixed(old_look, colours, share),
        shows,
        old_moving * share + moving * (1 - share),
    )


def _nearby(changed: npt.NDArray[np.bool_]) -> Floats:
    """Return how much of what is around each pixel has *changed*, 0..1, from a half on as 1."""
    import cv2

    height, width = changed.shape
    sigma = max(1.0, _REACH * max(height, width))
    # Small enough to be quick, large enough for so wide a blur.
    size = (max(1, round(width * 4 / sigma)), max(1, round(height * 4 / sigma)))
    coarse = cv2.resize(changed.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(coarse, (0, 0), 4.0)
    wide = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.minimum(1, 2 * wide), np.float32)


def _known(before: Rgb, now: Rgb) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return how sure it is that a pixel was seen before, 0..1; whether it moved; and where it
    was, (height, width, 2) as x, y.
    """
    import cv2

    height, width = now.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float32)
    usual = float(np.median(_rough(before, now)))
    sure = _certainty(before, now, usual)
    moves = np.zeros((height, width), np.bool_)
    if min(height, width) < _FLOWS[0] or max(height, width) > _FLOWS[1] or sure.min() == 1:
        return sure, moves, grid
    grey_before = cv2.cvtColor(before, cv2.COLOR_RGB2GRAY)
    grey_now = cv2.cvtColor(now, cv2.COLOR_RGB2GRAY)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = np.asarray(flow.calc(grey_now, grey_before, np.zeros_like(grid)), np.float32)
    forth = np.asarray(flow.calc(grey_before, grey_now, np.zeros_like(grid)), np.float32)
    where = grid + back
    there_and_back = np.linalg.norm(back + _moved(forth, where), axis=2)
    moved = _certainty(_moved(before, where), now, usual)
    moved[there_and_back > _ASTRAY] = 0
    inside = (where >= 0).all(2) & (where[..., 0] <= width - 1) & (where[..., 1] <= height - 1)
    moved[~inside] = 0
    moves = (np.linalg.norm(back, axis=2) > _STILL) & (moved > sure)
    return np.where(moves, moved, sure), moves, where


def _certainty(one: Rgb, other: Rgb, usual: float) -> Floats:
    """Return how sure it is that two pictures show the same around each pixel, 0..1.

    A change of colour shows in the mean, one of texture only in what is not mean; *usual* is
    what noise makes of the latter, in levels of 255.
    """
    import cv2

    mean = cv2.blur(one.astype(np.float32), (_NEAR, _NEAR))
    mean = np.abs(mean - cv2.blur(other.astype(np.float32), (_NEAR, _NEAR))).max(axis=2)
    apart = np.maximum(mean, _rough(one, other) - usual)
    limit = min(_MOST, max(_LEAST, _NOISY * usual))
    return np.asarray(np.clip(2 - apart / np.float32(limit), 0, 1), np.float32)


def _rough(one: Rgb, other: Rgb) -> Floats:
    """Return the mean absolute difference around each pixel, of the channel that differs most."""
    import cv2

    difference = cv2.absdiff(one, other).max(axis=2).astype(np.float32)
    return np.asarray(cv2.blur(difference, (_NEAR, _NEAR)), np.float32)


def _moved(picture: Numbers, where: Floats) -> Numbers:
    import cv2

    nowhere: Any = None
    made = cv2.remap(picture, where, nowhere, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, picture.dtype)


def _mixed(old: Numbers, new: Numbers, share: Floats) -> Numbers:
    """Return *share* of *old* and the rest of *new*, in their numbers; none and all are exact."""
    weight = share[..., None]
    mixed = old * weight + new * (1 - weight)
    made = np.rint(mixed) if new.dtype == np.uint8 else mixed
    return np.where(weight == 1, old, np.where(weight == 0, new, made)).astype(new.dtype)
