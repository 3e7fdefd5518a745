"""A picture painted anew with curved brush strokes, from coarse to fine.

The method: Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes", 1998.
Each brush paints over what still differs from the picture as that brush could show it; strokes
follow the lines of equal light. Where they go is decided on a small picture, they are drawn at
the size that is wanted: a large picture gets the same strokes, with sharp edges.

All of it follows from the place on the canvas, chance as well: a part of a picture gets the strokes
that the whole has there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.engine import slopes
from overpaint.engine.style.steps import Steps
from overpaint.geometry import Extent

__all__ = ["SKETCH", "Brushes", "Painted", "paint"]

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

SKETCH = 500_000
"""Pixels of the small picture for strokes of the usual size."""
SUBPIXEL = 4
"""Strokes are drawn at a sixteenth of a pixel: 2 ** SUBPIXEL."""
BATCH = 400
"""Strokes between two steps."""
MEETING = 8
"""So many pixels of the small picture are a whole number of the large one's."""
GROUND = 2.0
"""How wide a brush, against the first, would have laid what is under the first strokes."""
WIDTH = 1.5
"""Of a stroke, in radii of its brush."""
BAND = 512
"""Rows that are lit at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brushes:
    """How strokes are laid.

    *radii*: of the brushes, in pixels of a sketch of SKETCH pixels, coarse to fine. *length*: of
    a stroke at most, in radii. *tolerance*: how far colours may be off before a brush paints
    over them (0..441, a distance in RGB). *jitter*: how much the light of a stroke varies (0..255),
    *hue*: and its hue, against that. *relief*: how much the paint's thickness shows, 0..1.
    """

    radii: tuple[float, ...] = (14, 7, 4, 2)
    length: int = 7
    tolerance: float = 20.0
    jitter: float = 5.0
    hue: float = 0.5
    relief: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Strokes:
    """*points*: float32 (strokes, points, 2) as x, y; *counts*: how many of them each has."""

    points: Floats
    counts: Places
    colours: npt.NDArray[np.uint8]
    heights: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """*colours*: the picture in strokes, of flat paint. *heights*, uint8: how thick it lies."""

    colours: Rgb
    heights: Rgb
    factor: float

    def light(self, picture: Rgb, relief: float) -> None:
        """Light *picture*, of the same size, from the upper left, in place, as if it were painted
        so: edges of strokes catch light and shadow, up to *relief*, 0..1.
        """
        if relief:
            _light(picture, self.heights, relief, self.factor)


@dataclass(frozen=True, slots=True)
class _Sketch:
    """Where the small picture lies: one of its pixels is *factor* of the canvas' pixels wide.

    *origin*: its first pixel, x and y, on a small picture of all of the canvas; *before*: how many
    pixels of the canvas that one begins before the picture; *extent*: of the sketch.
    """

    factor: float
    origin: tuple[int, int]
    before: tuple[int, int]
    extent: Extent

    @classmethod
    def over(cls, picture: Rgb, unit: float, corner: tuple[int, int]) -> "_Sketch":
        """Return the place of a sketch that shows of *picture* just what one of the whole would.

        For that it begins and ends where pixels of both meet: strokes go other ways for less.
        """
        height, width = picture.shape[:2]
        factor = max(1.0, round(unit * MEETING) / MEETING)
        step = round(factor * MEETING)
        x, y = (at // step for at in corner)
        left, top = (at % step for at in corner)
        sides = -(-(left + width) // step), -(-(top + height) // step)
        extent = Extent(sides[0] * MEETING, sides[1] * MEETING)
        return cls(factor, (x * MEETING, y * MEETING), (left, top), extent)

    def of(self, picture: Rgb) -> Rgb:
        """Return the small picture; what it covers beyond *picture* continues that."""
        import cv2

        left, top = self.before
        height, width = picture.shape[:2]
        right = round(self.extent.width * self.factor) - left - width
        below = round(self.extent.height * self.factor) - top - height
        if left or top or right or below:
            kind = cv2.BORDER_REPLICATE
            picture = np.asarray(cv2.copyMakeBorder(picture, top, below, left, right, kind))
        if self.factor == 1:
            return picture.copy()
        size = (self.extent.width, self.extent.height)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    def on(self, points: Floats) -> Floats:
        """Return *points* of the sketch, (..., 2) as x, y, as such of the picture."""
        before = np.array(self.before, np.float32)
        return (points + np.float32(0.5)) * np.float32(self.factor) - np.float32(0.5) - before


def paint(
    picture: Rgb, brushes: Brushes, unit: float, seed: int, corner: tuple[int, int] = (0, 0)
) -> Steps[Painted]:
    """Return *picture* (uint8, height x width x 3, sRGB) in strokes, of the same size, not lit yet.

    *unit*: how many of its pixels are one of the sketch; *corner*: where on the canvas it lies, x
    and y. The same seed makes the same strokes in the same place.
    """
    height, width = picture.shape[:2]
    place = _Sketch.over(picture, unit, corner)
    sketch = place.of(picture)
    # A picture smaller than the sketch gets finer brushes instead.
    radii = [max(1.0, radius * unit / place.factor) for radius in brushes.radii]
    shown = _soft(sketch, GROUND * radii[0])
    canvas = _ground(shown, place, (width, height))
    heights = np.zeros((height, width), np.uint8)
    for number, radius in enumerate(radii):
        soft = _soft(sketch, 0.5 * radius)
        if number == 0:
            wanted = np.ones(soft.shape[:2], np.float32)
        else:
            wanted = _apart(soft, place.of(canvas)) - np.float32(brushes.tolerance)
        chance = _Chance(seed, number)
        strokes = _strokes(soft, shown, wanted, radius, brushes, place.origin, chance)
        shown = soft
        for done in _draw(canvas, heights, strokes, radius * WIDTH, place):
            yield (number + done) / len(radii)
    return Painted(canvas, heights, place.factor)


def _ground(shown: Floats, place: _Sketch, size: tuple[int, int]) -> Rgb:
    """Return what the first strokes are laid on, at *size*: a sketch *shown* without any detail."""
    import cv2

    factor, (left, top) = place.factor, place.before
    # Of each pixel of the picture, where it is on the sketch.
    there = np.array(
        [
            [1 / factor, 0, (left + 0.5) / factor - 0.5],
            [0, 1 / factor, (top + 0.5) / factor - 0.5],
        ]
    )
    soft = np.rint(shown).astype(np.uint8)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    made = cv2.warpAffine(soft, there, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)


def _soft(sketch: Rgb, sigma: float) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(sketch, (0, 0), max(0.5, sigma)), np.float32)


def _apart(one: Floats, other: Floats | Rgb) -> Floats:
    """Return how far the colours of two pictures are apart in each pixel."""
    return np.asarray(np.sqrt(((one - other) ** 2).sum(axis=2)), np.float32)


@dataclass(frozen=True, slots=True)
class _Chance:
    """Numbers by chance that follow from a place: Steele, Lea, Flood, "SplitMix", 2014."""

    seed: int
    brush: int

    def uniform(self, cells: Places, count: int) -> npt.NDArray[np.float64]:
        """Return for each of *cells*, x and y, so many numbers, from 0 up to 1."""
        places = cells.astype(np.uint64)
        first = (self.seed * 0x9E3779B97F4A7C15 + self.brush * 0xD1B54A32D192ED03) % (1 << 64)
        state = _stirred(places[:, 0] + np.uint64(first))
        state = _stirred(state + places[:, 1])
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bits = _stirred(state[:, None] + steps) >> np.uint64(11)
        return bits.astype(np.float64) * 2.0**-53

    def over(self, shape: tuple[int, int], origin: tuple[int, int]) -> Floats:
        """Return a number, from 0 up to 1, for each pixel of a sketch of *shape* at *origin*."""
        y, x = np.mgrid[: shape[0], : shape[1]]
        places = np.stack([x.ravel() + origin[0], y.ravel() + origin[1]], axis=1)
        return self.uniform(places, 1).reshape(shape).astype(np.float32)


def _stirred(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _strokes(
    soft: Floats,
    shown: Floats,
    wanted: Floats,
    radius: float,
    brushes: Brushes,
    origin: tuple[int, int],
    chance: _Chance,
) -> _Strokes:
    """Return the strokes of one brush, in the order in which they are laid.

    *soft* is the picture as this brush can show it, *shown* as the one before could; strokes are
    laid where *wanted* is 0 or more. What is on the canvas decides only whether there is a stroke:
    if it bent them as well, one stroke more or less would change all that follow.
    """
    import cv2

    # The first brush covers everything: where it begins says nothing, and if it followed the
    # picture, a little more of that, far away, would move all of these strokes.
    first = chance.brush == 0
    most = chance.over(soft.shape[:2], origin) if first else _apart(soft, shown)
    at, cells = _starts(most, wanted, max(1, round(radius)), origin)
    numbers = chance.uniform(cells, 10)
    order = np.argsort(numbers[:, 0])
    at, numbers = at[order], numbers[order]
    light = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY), np.float32)
    points, counts = _trace(soft, shown, _directions(light, radius), at, radius, brushes.length)
    # Box and Muller, 1958.
    far = np.sqrt(-2 * np.log(1 - numbers[:, 2:6]))
    normal = brushes.jitter * far * np.cos(2 * np.pi * numbers[:, 6:10])
    colours = soft[at[:, 1], at[:, 0]] + normal[:, :1] + brushes.hue * normal[:, 1:]
    heights = (60 + 196 * numbers[:, 1]).astype(np.uint8)
    return _Strokes(points, counts, np.clip(np.rint(colours), 0, 255).astype(np.uint8), heights)


def _starts(
    detail: Floats, wanted: Floats, cell: int, origin: tuple[int, int]
) -> tuple[Places, Places]:
    """Return where strokes begin, x and y: in each cell of a grid that on the whole is *wanted*,
    where *detail* is highest; and which cells of the whole canvas these are.
    """
    height, width = detail.shape
    left, top = (at % cell for at in origin)
    rows, columns = -(-(top + height) // cell), -(-(left + width) // cell)

    def in_cells(plane: Floats, beyond: float) -> Floats:
        padded = np.full((rows * cell, columns * cell), beyond, np.float32)
        padded[top : top + height, left : left + width] = plane
        cells = padded.reshape(rows, cell, columns, cell).swapaxes(1, 2)
        return cells.reshape(rows, columns, -1)

    most = in_cells(detail, -1).argmax(axis=2)
    y, x = np.nonzero(in_cells(wanted, 0).sum(axis=2) >= 0)
    place = most[y, x]
    at = np.stack([x * cell + place % cell - left, y * cell + place // cell - top], axis=1)
    return at, np.stack([x + origin[0] // cell, y + origin[1] // cell], axis=1)


def _directions(light: Floats, radius: float) -> Floats:
    """Return unit vectors (height, width, 2) along lines of equal light, over a brush."""
    angle = slopes.across(slopes.tensor(light, max(1.0, radius))) + np.float32(np.pi / 2)
    return np.stack([np.cos(angle), np.sin(angle)], axis=2)


def _trace(
    soft: Floats, shown: Floats, along: Floats, at: Places, radius: float, length: int
) -> tuple[Floats, Places]:
    """Follow all strokes at once, a radius a step, until they no longer fit the picture."""
    height, width = soft.shape[:2]
    points = np.zeros((len(at), length + 1, 2), np.float32)
    points[:, 0] = at
    counts = np.ones(len(at), np.int64)
    own = soft[at[:, 1], at[:, 0]]
    place = at.astype(np.float32)
    last = along[at[:, 1], at[:, 0]]
    going = np.ones(len(at), np.bool_)
    for step in range(1, length + 1):
        x = np.clip(np.rint(place[:, 0]), 0, width - 1).astype(np.int64)
        y = np.clip(np.rint(place[:, 1]), 0, height - 1).astype(np.int64)
        way = along[y, x]
        way = np.where(((way * last).sum(axis=1) < 0)[:, None], -way, way)
        way = 0.7 * way + 0.3 * last
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        if step > 2:
            # Where the brush before was nearer to the picture than the stroke's colour, it ends.
            here = soft[y, x]
            off = np.abs(here - own).sum(axis=1)
            going &= (off <= 40) | (off <= np.abs(here - shown[y, x]).sum(axis=1))
        place = place + way * np.float32(radius)
        going &= (place >= 0).all(axis=1) & (place[:, 0] < width) & (place[:, 1] < height)
        points[going, step] = place[going]
        counts[going] = step + 1
        last = way
    return points, counts


def _draw(
    canvas: Rgb, heights: Rgb, strokes: _Strokes, wide: float, place: _Sketch
) -> Iterator[float]:
    """Draw *strokes* on *canvas* in their order, and their height; yields how many are done."""
    import cv2

    places = np.rint(place.on(strokes.points) * (1 << SUBPIXEL)).astype(np.int32)
    thick = max(1, round(wide * place.factor))
    colours, raised = strokes.colours.tolist(), strokes.heights.tolist()
    counts = strokes.counts.tolist()
    for number, count in enumerate(counts):
        line = [places[number, :count]]
        cv2.polylines(canvas, line, False, colours[number], thick, cv2.LINE_AA, SUBPIXEL)
        cv2.polylines(heights, line, False, raised[number], thick, cv2.LINE_8, SUBPIXEL)
        if number % BATCH == BATCH - 1:
            yield number / len(counts)


def _light(canvas: Rgb, heights: Rgb, relief: float, factor: float) -> None:
    import cv2

    around = round(4 * factor) + 4
    for start in range(0, canvas.shape[0], BAND):
        stop = min(start + BAND, canvas.shape[0])
        low, high = max(0, start - around), min(canvas.shape[0], stop + around)
        some = cv2.GaussianBlur(heights[low:high], (0, 0), max(0.7, 0.6 * factor))
        slope = cv2.Sobel(some, cv2.CV_32F, 1, 0) + cv2.Sobel(some, cv2.CV_32F, 0, 1)
        slope = np.clip(slope * (-0.06 * relief * factor), -28 * relief, 28 * relief)
        rows = canvas[start:stop]
        lit = rows + slope[start - low : stop - low, :, None]
        rows[:] = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
