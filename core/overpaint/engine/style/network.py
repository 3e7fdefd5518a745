"""The style network, run in strips of any picture as if in one piece.

The network: Ghiasi, Lee, Kudlur, Dumoulin, Shlens, "Exploring the structure of a real-time,
arbitrary neural artistic stylization network", 2017, in the small form that Magenta published
for phones. It normalises the channels of 13 of its layers by their mean and variance over the
whole picture, which is what makes tiles differ from each other. Here each layer goes over the
whole picture before the next begins, strip by strip; the statistics are therefore those of the
whole picture, exactly, and what lies between the layers is small: the network works at a quarter
of the size in between.

Everything runs through cv2.dnn, one small network for each layer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from overpaint.engine.style import nets, weights
from overpaint.engine.style.steps import Steps

__all__ = ["GRID", "LENGTH", "Moments", "run"]

Floats = npt.NDArray[np.float32]
Map = npt.NDArray[Any]
"""Channels, rows, columns: float32, or float16 for large pictures."""

LENGTH = 100
"""Numbers in a style vector."""
GRID = 4
"""Pixels: the network draws in cells of so many; moved by less, a picture looks different."""
RESIDUALS = 5
EPSILON = 1e-5
STRIP = 600_000
"""Pixels of the picture that one step works on, about."""
LEAST_ROWS = 32
LARGE = 6_000_000
"""From this many pixels on, what lies between layers is kept in 16 bits: half the memory."""
LEAST_SIDE = 16
"""Smaller pictures are extended: mirroring needs pixels to mirror."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and variance of each channel of a layer, over a whole picture: float32 (channels,)."""

    mean: Floats
    variance: Floats


@dataclass(slots=True, eq=False)
class _Tally:
    """Adds up moments strip by strip (Chan, Golub, LeVeque 1979: no differences of squares)."""

    count: int = 0
    mean: Any = 0.0
    squares: Any = 0.0

    def add(self, strip: Floats) -> None:
        flat = strip.reshape(strip.shape[0], -1)
        count = flat.shape[1]
        mean = flat.mean(axis=1, dtype=np.float64)
        centred = flat - mean.astype(np.float32)[:, None]
        squares = np.einsum("ij,ij->i", centred, centred, optimize=False).astype(np.float64)
        total, apart = self.count + count, mean - self.mean
        self.squares = self.squares + squares + apart**2 * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    def moments(self) -> Moments:
        variance = np.asarray(self.squares / self.count, np.float32)
        return Moments(np.asarray(self.mean, np.float32), variance)


@dataclass(frozen=True, slots=True, eq=False)
class _Affine:
    """What a norm amounts to once its moments are known: x * scale + shift for each channel."""

    scale: Floats
    shift: Floats

    def as_inputs(self, name: str) -> dict[str, Floats]:
        sides = (1, -1, 1, 1)
        return {
            f"{name}.scale": self.scale.reshape(sides),
            f"{name}.shift": self.shift.reshape(sides),
        }


def _affine(layer: str, vector: Floats, moments: Moments) -> _Affine:
    known = weights.load(weights.TRANSFORMER)
    gamma = known[f"{layer}.gamma"] @ vector + known[f"{layer}.gamma.bias"]
    beta = known[f"{layer}.beta"] @ vector + known[f"{layer}.beta.bias"]
    scale = gamma / np.sqrt(moments.variance + EPSILON)
    return _Affine(scale, beta - moments.mean * scale)


def run(
    picture: npt.NDArray[np.uint8], vector: Floats, moments: Sequence[Moments] | None = None
) -> Steps[tuple[npt.NDArray[np.uint8], tuple[Moments, ...]]]:
    """Return *picture* in the style of *vector*, and the moments that were used.

    *picture*: uint8 (height, width, 3), sRGB, of any size; *vector*: float32 (LENGTH,). Without
    *moments* those of the picture itself are measured; with those of a larger picture, this one
    comes out as a part of it.
    """
    work = _Work(vector, moments)
    height, width = picture.shape[:2]
    grid = _to_grid(picture)
    rows = _Rows(grid.shape[0], grid.shape[1])
    quarter = yield from work.contract(grid, rows)
    quarter = yield from work.residuals(quarter, rows)
    half = yield from work.expand(quarter, rows)
    del quarter
    drawn = yield from work.finish(half, rows)
    del half
    made = yield from _colours(drawn, work.affine("expand3"), rows)
    return np.ascontiguousarray(made[:height, :width]), tuple(work.moments)


def _to_grid(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return *picture* extended to sides that are multiples of four."""
    import cv2

    height, width = picture.shape[:2]
    below, beside = (max(LEAST_SIDE, -(-side // 4) * 4) - side for side in (height, width))
    if not (below or beside):
        return picture
    kind = cv2.BORDER_REFLECT_101 if min(height, width) > LEAST_SIDE else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, beside, kind), np.uint8)


@dataclass(frozen=True, slots=True)
class _Strip:
    """Rows *start* to *stop* of a map, and how many more, *above* and *below*, are looked at."""

    start: int
    stop: int
    above: int
    below: int

    def of(self, plane: Map) -> Map:
        return plane[:, self.start - self.above : self.stop + self.below]

    def kept(self, made: Floats, factor: int = 1) -> Floats:
        """Return what of *made*, which is *factor* times as high, belongs to these rows."""
        end = made.shape[-2] - self.below * factor
        return made[..., self.above * factor : end, :]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The strips of a picture of *height* x *width* pixels, both multiples of four."""

    height: int
    width: int

    def strips(self, factor: int, margin: int) -> Iterator[_Strip]:
        """Yield the strips of a map that is *factor* times smaller, with *margin* rows around."""
        whole = self.height // factor
        rows = max(LEAST_ROWS, STRIP // self.width) // 4 * 4 // factor
        for start in range(0, whole, rows):
            stop = min(whole, start + rows)
            yield _Strip(start, stop, min(margin, start), min(margin, whole - stop))

    @property
    def kind(self) -> type[np.float32] | type[np.float16]:
        return np.float16 if self.height * self.width >= LARGE else np.float32

    def share(self, strip: _Strip, factor: int) -> float:
        return strip.stop * factor / self.height


class _Work:
    """One run: a style, and the moments of the layers that it has come past."""

    def __init__(self, vector: Floats, moments: Sequence[Moments] | None) -> None:
        self._vector = vector
        self._given = moments
        self._layers: list[str] = []
        self.moments: list[Moments] = []

    def affine(self, layer: str) -> _Affine:
        return _affine(layer, self._vector, self.moments[self._layers.index(layer)])

    def _tally(self, layer: str) -> Callable[[Floats], None]:
        """Return what is told each strip of *layer*; nothing is measured that is known."""
        self._layers.append(layer)
        if self._given is not None:
            self.moments.append(self._given[len(self.moments)])
            return _ignore
        self._open = _Tally()
        return self._open.add

    def _close(self) -> None:
        if self._given is None:
            self.moments.append(self._open.moments())

    def contract(self, picture: npt.NDArray[np.uint8], rows: _Rows) -> Steps[Map]:
        """Return the picture's 32 channels at a quarter of its size."""
        net = nets.contracting()
        made = np.empty((32, rows.height // 4, rows.width // 4), rows.kind)
        for strip in rows.strips(4, 2):
            some = picture[4 * (strip.start - strip.above) : 4 * (strip.stop + strip.below)]
            blob = np.ascontiguousarray(some.transpose(2, 0, 1)[None], np.float32)
            blob *= np.float32(1 / 255)
            made[:, strip.start : strip.stop] = strip.kept(net(picture=blob))
            yield 0.2 * rows.share(strip, 4)
        return made

    def residuals(self, quarter: Map, rows: _Rows) -> Steps[Map]:
        """Take *quarter* through five blocks of two layers each; it is written over."""
        inner = np.empty_like(quarter)
        for block in range(1, RESIDUALS + 1):
            done = 0.2 + 0.08 * (block - 1)
            yield from self._layer(f"residual{block}.1", quarter, inner, rows, done)
            before = self.affine(f"residual{block}.1")
            yield from self._layer(f"residual{block}.2", inner, inner, rows, done + 0.04, before)
            after = self.affine(f"residual{block}.2")
            for strip in rows.strips(4, 0):
                normed = inner[:, strip.start : strip.stop] * after.scale[:, None, None]
                normed += after.shift[:, None, None]
                quarter[:, strip.start : strip.stop] += normed
        return quarter

    def _layer(
        self,
        layer: str,
        source: Map,
        target: Map,
        rows: _Rows,
        done: float,
        before: _Affine | None = None,
    ) -> Steps[None]:
        """Convolve *source* into *target*, which may be the same; first *before* and cut at 0."""
        net = nets.convolving(layer, normed=before is not None)
        norm = {} if before is None else before.as_inputs("before")
        tally = self._tally(layer)
        kept: Map | None = None
        for strip in rows.strips(4, 1):
            some = strip.of(source).astype(np.float32)
            if kept is not None:
                some[:, :1] = kept  # the row above has been written over
            kept = some[:, -1 - strip.below : some.shape[1] - strip.below].copy()
            made = strip.kept(net(map=np.ascontiguousarray(some[None]), **norm))
            tally(made[0])
            target[:, strip.start : strip.stop] = made[0]
            yield done + 0.04 * rows.share(strip, 4)
        self._close()

    def expand(self, quarter: Map, rows: _Rows) -> Steps[Map]:
        """Return 16 channels at half of the picture's size."""
        net = nets.expanding("expand1", normed=False)
        tally = self._tally("expand1")
        made = np.empty((16, rows.height // 2, rows.width // 2), rows.kind)
        for strip in rows.strips(4, 1):
            some = strip.of(quarter).astype(np.float32)
            drawn = strip.kept(net(map=np.ascontiguousarray(some[None])), 2)[0]
            tally(drawn)
            made[:, 2 * strip.start : 2 * strip.stop] = drawn
            yield 0.6 + 0.08 * rows.share(strip, 4)
        self._close()
        return made

    def finish(self, half: Map, rows: _Rows) -> Steps[Map]:
        """Return the three channels of the picture before their norm."""
        before = self.affine("expand1").as_inputs("before")
        measuring = nets.expanding("expand2", normed=True)
        tally = self._tally("expand2")
        if self._given is None:
            for strip in rows.strips(2, 1):
                some = np.ascontiguousarray(strip.of(half)[None], np.float32)
                tally(strip.kept(measuring(map=some, **before), 2)[0])
                yield 0.68 + 0.1 * rows.share(strip, 2)
        self._close()
        net = nets.finishing()
        between = self.affine("expand2").as_inputs("between")
        tally = self._tally("expand3")
        made = np.empty((3, rows.height, rows.width), rows.kind)
        for strip in rows.strips(2, 3):
            some = np.ascontiguousarray(strip.of(half)[None], np.float32)
            drawn = strip.kept(net(map=some, **before, **between), 2)[0]
            tally(drawn)
            made[:, 2 * strip.start : 2 * strip.stop] = drawn
            yield 0.78 + 0.2 * rows.share(strip, 2)
        self._close()
        return made


def _ignore(_strip: Floats) -> None:
    """Measure nothing."""


def _colours(drawn: Map, norm: _Affine, rows: _Rows) -> Steps[npt.NDArray[np.uint8]]:
    """Return the picture, uint8 (height, width, 3): the last norm and a sigmoid."""
    import cv2

    made = np.empty((rows.height, rows.width, 3), np.uint8)
    for strip in rows.strips(1, 0):
        for channel in range(3):
            plane = drawn[channel, strip.start : strip.stop].astype(np.float32)
            plane *= -norm.scale[channel]
            plane -= norm.shift[channel]
            # exp overflows to infinity far from any colour, and 255 / infinity is the right 0.
            exponential = cv2.exp(np.minimum(plane, 80))
            cv2.divide(255.0, exponential + 1, dst=exponential)
            made[strip.start : strip.stop, :, channel] = np.rint(exponential)
        yield 0.98 + 0.02 * rows.share(strip, 1)
    return made
