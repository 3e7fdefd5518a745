"""A picture painted anew with curved brush strokes, from coarse to fine.

The method: Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes", 1998.
Each brush paints over what still differs from the picture as that brush could show it; strokes
follow the lines of equal light. Where they go is decided on a small picture, they are drawn at
the size that is wanted: a large picture gets the same strokes, with sharp edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.engine.style.steps import Steps

__all__ = ["SKETCH", "Brushes", "paint"]

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

SKETCH = 500_000
"""Pixels of the small picture for strokes of the usual size."""
SUBPIXEL = 4
"""Strokes are drawn at a sixteenth of a pixel: 2 ** SUBPIXEL."""
BATCH = 400
"""Strokes between two steps."""
WIDTH = 1.5
"""Of a stroke, in radii of its brush."""
BAND = 512
"""Rows that are lit at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brushes:
    """How strokes are laid.

    *radii*: of the brushes, in pixels of a sketch of SKETCH pixels, coarse to fine. *length*: of
    a stroke at most, in radii. *tolerance*: how far colours may be off before a brush paints
    over them (0..441, a distance in RGB). *jitter*: how much the colour of a stroke varies
    (0..255). *relief*: how much the paint's thickness shows, 0..1.
    """

    radii: tuple[float, ...] = (14, 7, 4, 2)
    length: int = 7
    tolerance: float = 20.0
    jitter: float = 5.0
    relief: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Strokes:
    """*points*: float32 (strokes, points, 2) as x, y; *counts*: how many of them each has."""

    points: Floats
    counts: Places
    colours: npt.NDArray[np.uint8]
    heights: npt.NDArray[np.uint8]


def paint(picture: Rgb, brushes: Brushes, unit: float, seed: int) -> Steps[Rgb]:
    """Return *picture* (uint8, height x width x 3, sRGB) in strokes, of the same size.

    *unit*: how many of its pixels are one of the sketch. The same seed makes the same strokes.
    """
    import cv2

    height, width = picture.shape[:2]
    factor = max(1.0, unit)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    sketch = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    zoom = (width / size[0], height / size[1])
    random = np.random.default_rng(seed)
    canvas = np.empty_like(picture)
    canvas[:] = np.rint(sketch.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    heights = np.zeros((height, width), np.uint8)
    # A picture smaller than the sketch gets finer brushes instead.
    radii = [max(1.0, radius * min(1.0, unit)) for radius in brushes.radii]
    for number, radius in enumerate(radii):
        seen = np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)
        tolerance = 0.0 if number == 0 else brushes.tolerance
        strokes = _strokes(sketch, seen, radius, tolerance, brushes, random)
        for done in _draw(canvas, heights, strokes, radius * WIDTH, zoom):
            yield (number + done) / len(radii)
    if brushes.relief:
        _light(canvas, heights, brushes.relief, factor)
    return canvas


def _strokes(
    sketch: Rgb,
    seen: Rgb,
    radius: float,
    tolerance: float,
    brushes: Brushes,
    random: np.random.Generator,
) -> _Strokes:
    """Return the strokes of one brush, in the order in which they are laid."""
    import cv2

    soft = np.asarray(cv2.GaussianBlur(sketch, (0, 0), max(0.5, 0.5 * radius)), np.float32)
    wrong = np.sqrt(((soft - seen) ** 2).sum(axis=2))
    at = _starts(wrong, max(1, round(radius)), tolerance)
    random.shuffle(at)
    light = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY), np.float32)
    points, counts = _trace(soft, seen, _directions(light, radius), at, radius, brushes.length)
    # More of the noise is in the light than in the hue.
    colours = soft[at[:, 1], at[:, 0]] + random.normal(0, brushes.jitter, (len(at), 1))
    colours += random.normal(0, 0.5 * brushes.jitter, (len(at), 3))
    heights = random.integers(60, 256, len(at)).astype(np.uint8)
    return _Strokes(points, counts, np.clip(np.rint(colours), 0, 255).astype(np.uint8), heights)


def _starts(wrong: Floats, cell: int, tolerance: float) -> Places:
    """Return where strokes begin, x and y: where a cell of the grid is most wrong."""
    height, width = wrong.shape
    rows, columns = -(-height // cell), -(-width // cell)
    padded = np.full((rows * cell, columns * cell), -1, np.float32)
    padded[:height, :width] = wrong
    cells = padded.reshape(rows, cell, columns, cell).swapaxes(1, 2).reshape(rows, columns, -1)
    known = cells >= 0
    mean = np.where(known, cells, 0).sum(axis=2) / known.sum(axis=2)
    most = cells.argmax(axis=2)
    y, x = np.nonzero(mean >= tolerance)
    place = most[y, x]
    return np.stack([x * cell + place % cell, y * cell + place // cell], axis=1)


def _directions(light: Floats, radius: float) -> Floats:
    """Return unit vectors (height, width, 2) along lines of equal light, averaged over the brush.

    By the structure tensor, in which opposite slopes agree.
    """
    import cv2

    gx = cv2.Scharr(light, cv2.CV_32F, 1, 0)
    gy = cv2.Scharr(light, cv2.CV_32F, 0, 1)
    sigma = max(1.0, 1.5 * radius)
    xx, yy, xy = (
        np.asarray(cv2.GaussianBlur(each, (0, 0), sigma), np.float32)
        for each in (gx * gx, gy * gy, gx * gy)
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    return np.stack([np.cos(angle), np.sin(angle)], axis=2)


def _trace(
    soft: Floats, seen: Rgb, along: Floats, at: Places, radius: float, length: int
) -> tuple[Floats, Places]:
    """Follow all strokes at once, a radius a step, until they no longer fit the picture."""
    height, width = seen.shape[:2]
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
            # Where the canvas is nearer to the picture than the stroke's colour, it ends.
            here = soft[y, x]
            off = np.abs(here - own).sum(axis=1)
            going &= (off <= 40) | (off <= np.abs(here - seen[y, x]).sum(axis=1))
        place = place + way * np.float32(radius)
        going &= (place >= 0).all(axis=1) & (place[:, 0] < width) & (place[:, 1] < height)
        points[going, step] = place[going]
        counts[going] = step + 1
        last = way
    return points, counts


def _draw(
    canvas: Rgb, heights: Rgb, strokes: _Strokes, wide: float, zoom: tuple[float, float]
) -> Iterator[float]:
    """Draw *strokes* on *canvas* in their order, and their height; yields how many are done."""
    import cv2

    scale = np.array(zoom, np.float32)
    points = ((strokes.points + 0.5) * scale - 0.5) * (1 << SUBPIXEL)
    places = np.rint(points).astype(np.int32)
    thick = max(1, round(wide * (zoom[0] + zoom[1]) / 2))
    colours, raised = strokes.colours.tolist(), strokes.heights.tolist()
    counts = strokes.counts.tolist()
    for number, count in enumerate(counts):
        line = [places[number, :count]]
        cv2.polylines(canvas, line, False, colours[number], thick, cv2.LINE_AA, SUBPIXEL)
        cv2.polylines(heights, line, False, raised[number], thick, cv2.LINE_8, SUBPIXEL)
        if number % BATCH == BATCH - 1:
            yield number / len(counts)


def _light(canvas: Rgb, heights: Rgb, relief: float, factor: float) -> None:
    """Light the paint from the upper left, in place: edges of strokes catch light and shadow."""
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
