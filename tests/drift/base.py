"""What a drift is: a value that changes a picture, and says where it put every pixel.

Pictures are (height, width, 3): uint8 0..255, or float32 where 0..1 is sRGB's range. Points are
float64 (n, 2), x before y, in pixels; (0, 0) is the centre of the first pixel.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from overpaint.geometry import Extent

__all__ = [
    "Bytes",
    "Chain",
    "Colours",
    "Drift",
    "Moving",
    "Picture",
    "Points",
    "extent_of",
    "to_bytes",
    "to_colours",
    "warp",
]

Bytes: TypeAlias = npt.NDArray[np.uint8]
Colours: TypeAlias = npt.NDArray[np.float32]
Picture = TypeVar("Picture", Bytes, Colours)
Points: TypeAlias = npt.NDArray[np.float64]

GRID = 8
"""Pixels between the points at which a map is asked; in between it is taken as linear. For the
bendiest preset that is wrong by less than 0.01 px."""


class Drift(ABC):
    """One thing that models do to a picture they were asked to leave alone.

    Drifts are frozen dataclasses: what is not decided by their fields comes from the generator,
    so that the same drift, picture and seed give the same bytes.
    """

    def apply(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Return *picture* as the model returns it, in the same dtype.

        Bytes are clipped and rounded once, at the end; floats are left as they come out.
        """
        if picture.dtype == np.uint8:
            return to_bytes(self.change(to_colours(picture), rng))
        return self.change(picture, rng)

    @abstractmethod
    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        """Return what becomes of *colours*; the argument is not changed."""

    def returned(self, extent: Extent) -> Extent:
        """The size that comes back where *extent* was sent."""
        return extent

    def map(self, points: Points, extent: Extent) -> Points:
        """Where *points* of a sent picture of size *extent* are in the returned one."""
        del extent
        return points

    def unmap(self, points: Points, extent: Extent) -> Points:
        """The opposite of :meth:`map`; *extent* is still the size that was sent."""
        del extent
        return points

    def tone(self, colours: Colours) -> Colours:
        """What the drift does to colours wherever they are, before anything is clipped."""
        return colours

    def untone(self, colours: Colours) -> Colours:
        """The exact opposite of :meth:`tone`, for colours that were not clipped."""
        return colours


class Moving(Drift):
    """A drift that moves pixels and does nothing else; :meth:`map` and :meth:`unmap` say how.

    What the model sees past the picture's border it invents: here the picture mirrored.
    """

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        extent = extent_of(colours)
        return warp(colours, lambda points: self.unmap(points, extent), self.returned(extent))

    @abstractmethod
    def map(self, points: Points, extent: Extent) -> Points: ...

    @abstractmethod
    def unmap(self, points: Points, extent: Extent) -> Points: ...


@dataclass(frozen=True)
class Chain(Drift):
    """Drifts one after the other; neighbours that move pixels resample the picture only once."""

    drifts: tuple[Drift, ...]

    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        for moving, group in groupby(self.drifts, lambda drift: isinstance(drift, Moving)):
            part = Chain(tuple(group))
            if moving:
                colours = _move(part, colours)
                continue
            for drift in part.drifts:
                colours = drift.change(colours, rng)
        return colours

    def returned(self, extent: Extent) -> Extent:
        for drift in self.drifts:
            extent = drift.returned(extent)
        return extent

    def map(self, points: Points, extent: Extent) -> Points:
        for drift in self.drifts:
            points = drift.map(points, extent)
            extent = drift.returned(extent)
        return points

    def unmap(self, points: Points, extent: Extent) -> Points:
        sent = []
        for drift in self.drifts:
            sent.append(extent)
            extent = drift.returned(extent)
        for drift, size in zip(reversed(self.drifts), reversed(sent), strict=True):
            points = drift.unmap(points, size)
        return points

    def tone(self, colours: Colours) -> Colours:
        for drift in self.drifts:
            colours = drift.tone(colours)
        return colours

    def untone(self, colours: Colours) -> Colours:
        for drift in reversed(self.drifts):
            colours = drift.untone(colours)
        return colours


def to_colours(picture: Bytes) -> Colours:
    return picture.astype(np.float32) / np.float32(255)


def to_bytes(colours: Colours) -> Bytes:
    return np.rint(np.clip(colours, 0, 1) * np.float32(255)).astype(np.uint8)


def extent_of(picture: Bytes | Colours) -> Extent:
    return Extent(picture.shape[1], picture.shape[0])


def warp(colours: Colours, where: Callable[[Points], Points], extent: Extent) -> Colours:
    """Return a picture of size *extent* whose pixel p is *colours* at *where*(p).

    Lanczos over 8x8 pixels; the picture goes on mirrored past its border. OpenCV takes positions
    to 1/32 px. Nothing is done against aliasing: reduce first where *where* strides.
    """
    x, y = _knots(extent.width), _knots(extent.height)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    found = where(grid).reshape(len(y), len(x), 2).astype(np.float32)
    dense = [
        np.ascontiguousarray(_between(_between(found[..., axis], extent.height).T, extent.width).T)
        for axis in (0, 1)
    ]
    return np.asarray(
        cv2.remap(colours, *dense, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT), np.float32
    )


def _move(part: Chain, colours: Colours) -> Colours:
    extent = extent_of(colours)
    return warp(colours, lambda points: part.unmap(points, extent), part.returned(extent))


def _knots(length: int) -> npt.NDArray[np.float64]:
    return np.arange(0, length + GRID, GRID, dtype=np.float64)


def _between(knots: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Fill in linearly between rows that lie GRID pixels apart."""
    share = (np.arange(GRID, dtype=np.float32) / GRID)[:, None]
    filled = knots[:-1, None] * (1 - share) + knots[1:, None] * share
    rows: npt.NDArray[np.float32] = filled.reshape(-1, knots.shape[1])[:length]
    return rows
