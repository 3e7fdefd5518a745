"""Frames of an animation: where the picture keeps still, its style keeps still.

Each frame gets its style by itself, with statistics of the whole sequence. Then what was seen
before takes the look that it had before, moved along by optical flow; only what is new keeps its
own. The idea is that of Ruder, Dosovitskiy, Brox, "Artistic style transfer for videos", 2016; the
flow is DIS (Kroeger, Timofte, Dai, Van Gool 2016), of OpenCV.
"""

from collections.abc import Iterable, Iterator
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
Bytes = npt.NDArray[np.uint8]
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
_FOLLOWED = 2_000_000
"""Pixels of the picture in which a flow is looked for."""
_PIXELS = 1_000_000
"""Of a frame that are looked at as floats at a time, about."""
_MIXED = 250_000
"""And while all of both frames is in memory, and a third is made of them."""
_ALL = 255
"""Shares of a whole frame are kept as bytes: as floats, those of two took half a gigabyte."""
_MARGIN = 8
"""Rows around these that what is averaged needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What a frame looks like, to be carried on.

    *box*: its content's place on the canvas. *base*: uint8 (height, width, 3), the colours that
    the look was made of, frames ago where nothing has changed since. *colours*: the look, (height,
    width, 3) in the layer's own numbers. *shows*: bool (height, width). *moving*: uint8 (height,
    width), how much was moving nearby when the look was made.
    """

    box: Box
    base: Rgb
    colours: Pixels
    shows: npt.NDArray[np.bool_]
    moving: Bytes


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
    shows the same, in the same place on the canvas or moved.
    """
    base, shows = opaque_colours(found.source.pixels)
    if shows.all():
        shows = np.broadcast_to(np.True_, shows.shape)  # of no size
    else:
        base = painted_over(base, shows)
    last = None
    if before is not None and before.colours.dtype == colours.dtype:
        last = before if before.box == box else _placed(before, box)
    if last is None:
        return Frame(box, base, colours, shows, np.zeros(shows.shape, np.uint8))
    known = _known(last.base, base, (last.shows, shows))
    moving = _nearby((known.share < _ALL) | known.moves)
    looks, mixed = np.empty_like(colours), np.empty_like(moving)
    for strip in _strips(box.height, box.width, _MIXED):
        rows = strip.rows
        share, moved = _shares(known, last, moving, strip)
        was = last.colours[rows], last.base[rows], last.moving[rows]
        if moved.any():
            where = known.where(rows)
            was = (
                np.where(moved[..., None], _moved(last.colours, where), was[0]),
                np.where(moved[..., None], _moved(last.base, where), was[1]),
                np.where(moved, _moved(last.moving, where), was[2]),
            )
        looks[rows] = _mixed(was[0], colours[rows], share)
        base[rows] = _mixed(was[1], base[rows], share)
        mixed[rows] = np.rint(was[2] * share + moving[rows] * (1 - share))
    return Frame(box, base, looks, shows, mixed)


def _shares(
    known: "_Known", last: Frame, moving: Bytes, strip: "_Strip"
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return how much of the old look the rows of *strip* take, and where it moved to."""
    import cv2

    wide = strip.wide
    share, old_moving, moves = known.share[wide] / _ALL, last.moving[wide], known.moves[wide]
    if moves.any():
        old_moving = np.where(moves, _moved(last.moving, known.where(wide)), old_moving)
    # What a passing thing had coloured gets its own look back as that thing goes away.
    faded = np.float32(_FADED * 255)
    share = share * np.clip((moving[wide] + faded) / (old_moving + faded), 0, 1)
    soft = np.asarray(cv2.GaussianBlur(share, (0, 0), 1.0), np.float32)
    share = soft * (share > 0)  # no hard edges, and none wider
    share[share > 1 - 1 / 64] = 1
    share = np.where(moves, share * np.float32(1 - _REFRESHED), share)
    return strip.kept(share), strip.kept(moves)


def _placed(before: Frame, box: Box) -> Frame | None:
    """Return a frame as one that has *box*; None where it shows nothing there."""
    there = before.box.intersection(box)
    if there is None:
        return None
    old = there.moved(-before.box.x, -before.box.y).slices
    new = there.moved(-box.x, -box.y).slices

    def laid(plane: Numbers) -> Numbers:
        made = np.zeros((box.height, box.width, *plane.shape[2:]), plane.dtype)
        made[new] = plane[old]
        return made

    within = np.zeros((box.height, box.width), np.bool_)
    within[new] = True
    # A flow is looked for in all of the box: what goes on beyond the frame must not stop it.
    base = painted_over(laid(before.base), within)
    return Frame(box, base, laid(before.colours), laid(before.shows), laid(before.moving))


@dataclass(frozen=True, slots=True)
class _Strip:
    """Some *rows* of a frame, and *wide*, those with some more around them."""

    rows: slice
    wide: slice

    def kept(self, plane: Numbers) -> Numbers:
        """Return what of *plane*, which has the wide ones, belongs to the rows."""
        start = self.rows.start - self.wide.start
        return plane[start : start + self.rows.stop - self.rows.start]


def _strips(height: int, width: int, pixels: int = _PIXELS) -> Iterator[_Strip]:
    """Yield strips of a frame: of a large one, floats of all of it would take gigabytes."""
    rows = max(_MARGIN, pixels // width)
    for start in range(0, height, rows):
        stop = min(height, start + rows)
        wide = slice(max(0, start - _MARGIN), min(height, stop + _MARGIN))
        yield _Strip(slice(start, stop), wide)


def _nearby(changed: npt.NDArray[np.bool_]) -> Bytes:
    """Return how much of what is around each pixel has *changed*, up to 255, from a half on."""
    import cv2

    height, width = changed.shape
    sigma = max(1.0, _REACH * max(height, width))
    # Small enough to be quick, large enough for so wide a blur.
    size = (max(1, round(width * 4 / sigma)), max(1, round(height * 4 / sigma)))
    coarse = cv2.resize(changed.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    soft = np.minimum(255, 2 * cv2.GaussianBlur(coarse.astype(np.float32), (0, 0), 4.0))
    made = cv2.resize(np.rint(soft).astype(np.uint8), (width, height))
    return np.asarray(made, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What of a frame was seen before. *share*, uint8: how sure it is, up to _ALL; *moves*: where
    it was elsewhere. *flow*: how far away, None where nothing is.
    """

    share: Bytes
    moves: npt.NDArray[np.bool_]
    flow: "_Flow | None"

    def where(self, rows: slice) -> Floats:
        """Return where what is in *rows* was, (rows, width, 2) as x, y."""
        assert self.flow is not None  # only asked for what moves
        return self.flow.where(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """*back*, float32 (..., 2): how far back to the frame before, on a picture that is *factor*
    times smaller, in its pixels; *straight*, float32: where the way there and back agree.
    """

    back: Floats
    straight: Floats
    factor: tuple[float, float]
    extent: tuple[int, int]

    @classmethod
    def between(cls, before: Rgb, now: Rgb) -> "_Flow":
        import cv2

        height, width = now.shape[:2]
        factor = max(1.0, (height * width / _FOLLOWED) ** 0.5)
        size = (round(width / factor), round(height / factor))

        def grey(picture: Rgb) -> Bytes:
            made = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            if factor > 1:
                made = cv2.resize(made, size, interpolation=cv2.INTER_AREA)
            return np.asarray(made, np.uint8)

        grey_before, grey_now = grey(before), grey(now)
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        none = np.zeros((size[1], size[0], 2), np.float32)
        back = np.asarray(flow.calc(grey_now, grey_before, none.copy()), np.float32)
        forth = np.asarray(flow.calc(grey_before, grey_now, none), np.float32)
        grid = np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), 2).astype(np.float32)
        astray = np.linalg.norm(back + _moved(forth, grid + back), axis=2)
        straight = (astray <= _ASTRAY).astype(np.float32)
        return cls(back, straight, (width / size[0], height / size[1]), (width, height))

    def rows(self, rows: slice) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return how far back *rows* of the frame go, in its own pixels, and where that holds."""
        if self.factor == (1.0, 1.0):
            return self.back[rows], self.straight[rows] > 0
        import cv2

        across, down = self.factor
        # Of each pixel of the rows, where it is on the small picture.
        there = np.array(
            [[1 / across, 0, 0.5 / across - 0.5], [0, 1 / down, (rows.start + 0.5) / down - 0.5]]
        )
        size, how = (
            (self.extent[0], rows.stop - rows.start),
            cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )

        def enlarged(plane: Floats) -> Floats:
            edge = cv2.BORDER_REPLICATE
            made = cv2.warpAffine(plane, there, size, flags=how, borderMode=edge)
            return np.asarray(made, np.float32)

        back = enlarged(self.back) * np.array(self.factor, np.float32)
        return back, enlarged(self.straight) > 1 / 2

    def where(self, rows: slice) -> Floats:
        width = self.extent[0]
        y, x = np.mgrid[rows.start : rows.stop, :width]
        return np.stack([x, y], 2).astype(np.float32) + self.rows(rows)[0]


def _known(before: Rgb, now: Rgb, shows: Iterable[npt.NDArray[np.bool_]]) -> _Known:
    """Return what of *now* was seen *before*, where all of *shows* hold."""
    height, width = now.shape[:2]
    usual = _usual(before, now)
    share = np.empty((height, width), np.uint8)
    for strip in _strips(height, width):
        sure = _certainty(before[strip.wide], now[strip.wide], usual)
        share[strip.rows] = strip.kept(sure)
    moves = np.zeros((height, width), np.bool_)
    flow = None
    flows = _FLOWS[0] <= min(height, width) and max(height, width) <= _FLOWS[1]
    if flows and share.min() < _ALL:
        flow = _Flow.between(before, now)
        for strip in _strips(height, width):
            _follow(flow, before, now, usual, strip, share, moves)
    for each in shows:
        share *= each
    return _Known(share, moves, flow)


def _follow(
    flow: _Flow,
    before: Rgb,
    now: Rgb,
    usual: float,
    strip: _Strip,
    share: Bytes,
    moves: npt.NDArray[np.bool_],
) -> None:
    """Write into *share* and *moves* what in the rows of *strip* was seen elsewhere."""
    height, width = now.shape[:2]
    back, straight = flow.rows(strip.wide)
    where = flow.where(strip.wide)
    moved = _certainty(_moved(before, where), now[strip.wide], usual)
    moved[~straight] = 0
    inside = (where >= 0).all(2) & (where[..., 0] <= width - 1) & (where[..., 1] <= height - 1)
    moved[~inside] = 0
    moved, far = strip.kept(moved), strip.kept(np.linalg.norm(back, axis=2))
    rows = strip.rows
    moves[rows] = (far > _STILL) & (moved > share[rows])
    share[rows] = np.where(moves[rows], moved, share[rows])


def _usual(before: Rgb, now: Rgb) -> float:
    """Return what noise makes of the difference between two frames, in levels of 255."""
    height, width = now.shape[:2]
    every = max(1, round((height * width / _PIXELS) ** 0.5))
    found = [
        strip.kept(_rough(before[strip.wide], now[strip.wide]))[::every, ::every].ravel()
        for strip in _strips(height, width)
    ]
    return float(np.median(np.concatenate(found)))


def _certainty(one: Rgb, other: Rgb, usual: float) -> Bytes:
    """Return how sure it is that two pictures show the same around each pixel, up to _ALL.

    A change of colour shows in the mean, one of texture only in what is not mean; *usual* is
    what noise makes of the latter, in levels of 255.
    """
    import cv2

    mean = cv2.blur(one.astype(np.float32), (_NEAR, _NEAR))
    mean = np.abs(mean - cv2.blur(other.astype(np.float32), (_NEAR, _NEAR))).max(axis=2)
    apart = np.maximum(mean, _rough(one, other) - usual)
    limit = min(_MOST, max(_LEAST, _NOISY * usual))
    sure = np.clip(2 - apart / np.float32(limit), 0, 1)
    return np.asarray(sure * _ALL, np.uint8)


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
