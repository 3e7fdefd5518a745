"""A picture in a style: strokes first, then the network, then what of the old is to be kept.

The network draws in pixels, so a large picture is drawn at a size at which its strokes suit the
whole of it, and enlarged; the picture's own fine light and shade is laid over that, so that it
stays sharp.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.engine.style import flow, network, strokes
from overpaint.engine.style.network import Moments
from overpaint.engine.style.steps import Steps, within
from overpaint.engine.style.strokes import Brushes, Painted
from overpaint.geometry import Extent
from overpaint.look import Look

__all__ = ["BRUSHES", "Manner", "factor_for", "mix", "moments_of", "paint"]

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

BRUSHES = {
    "oil": Brushes(),
    "knife": Brushes(radii=(18, 10, 6, 3), length=4, tolerance=26, jitter=8, relief=0.9),
    "dots": Brushes(radii=(7, 4, 3), length=1, tolerance=12, jitter=4, hue=2.5, relief=0.1),
}
DRAWN = 1_500_000
"""Pixels of the whole picture at which the network's strokes suit it."""
DETAIL = 0.7
"""How much of the fine light and shade of an enlarged picture is its own."""
STEPS = 3.0, 9.0
"""Levels of 255 by which strokes differ from the picture: none to speak of, and plainly."""
WIDEST, LONGEST = 7.0, 3
"""Brushes before the network, as in Brushes."""
NEAR = 5
"""Pixels around one over which that is averaged."""
ROWS = 512
LIT = 500
"""Pixels of the longer side at which light is compared."""
COARSE = 0.01
"""From which size on light is kept, as a share of the longer side."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manner:
    """How a style is laid on.

    *vector*: float32 (network.LENGTH,), None for strokes alone; *share* of the network's picture,
    0..1; *brushes*, None for none; *flow*: along how many pixels, in both directions, what the
    network draws follows the form; *keeps_colours*, *keeps_light*: the style itself leaves the
    hues, and what is light and dark on the whole.
    """

    vector: Floats | None
    share: float = 1.0
    brushes: Brushes | None = None
    flow: int = 0
    keeps_colours: bool = False
    keeps_light: bool = False


def factor_for(whole: Extent, stroke: float) -> float:
    """Return at which size, as a factor up to 1, a part of the *whole* picture is drawn.

    The network's strokes are as wide as its pixels make them: a picture that is drawn smaller gets
    wider ones, a small picture as well.
    """
    usual = min(1.0, (DRAWN / whole.pixels) ** 0.5)
    return float(min(1.0, usual / stroke))


def moments_of(
    whole: Rgb, manner: Manner, stroke: float, seed: int
) -> Steps[tuple[Moments, ...] | None]:
    """Return the moments that all parts of *whole* share; None where no network draws."""
    if manner.vector is None:
        return None
    extent = Extent(whole.shape[1], whole.shape[0])
    factor = factor_for(extent, stroke)
    # Strokes of the drawn size, on the drawn size: to be measured, no more is needed.
    small = _scaled(whole, factor)
    if manner.brushes is not None:
        unit = stroke * (extent.pixels / strokes.SKETCH) ** 0.5 * factor
        run = strokes.paint(small, _calm(manner.brushes), unit, seed)
        painted = yield from within(run, 0.0, 0.5)
        small = _telling(painted.colours, small)
    _, moments = yield from within(network.run(small, manner.vector), 0.5, 1.0)
    return moments


def paint(
    picture: Rgb,
    manner: Manner,
    look: Look,
    seed: int,
    whole: Extent,
    moments: tuple[Moments, ...] | None,
    corner: tuple[int, int] = (0, 0),
) -> Steps[Rgb]:
    """Return *picture*, uint8 (height, width, 3), sRGB, in the *manner*, of the same size.

    *whole* is the size of the picture that it is a part of, *moments* those of that picture, None
    to measure *picture* itself; *corner*: where in it, x and y.
    """
    painted = yield from _stroked(picture, whole, manner, look.stroke, seed, corner)
    brushed = picture if painted is None else painted.colours
    made = brushed
    if manner.vector is not None:
        start = 0.5 if manner.brushes is not None else 0.0
        factor = factor_for(whole, look.stroke)
        left, top = (round(at * factor) % network.GRID for at in corner)
        small = _scaled(brushed, factor)
        if painted is not None:
            small = _telling(small, _scaled(picture, factor))
        small = _extended(small, left, top)
        run = network.run(small, manner.vector, moments)
        drawn, _ = yield from within(run, start, 0.85)
        drawn = yield from within(flow.along(drawn, small, manner.flow), 0.85, 0.9)
        made = _enlarged(np.ascontiguousarray(drawn[top:, left:]), brushed)
        del drawn
        mix(made, brushed, manner.share)
    del brushed
    if painted is not None and manner.brushes is not None:
        painted.light(made, manner.brushes.relief)
    yield 0.95
    lighter = None
    if look.keep_light or manner.keeps_light:
        lighter = _lighter(made, picture, max(whole.width, whole.height))
    _keep(made, picture, lighter, colours=look.keep_colours or manner.keeps_colours)
    return made


def _stroked(
    picture: Rgb,
    whole: Extent,
    manner: Manner,
    stroke: float,
    seed: int,
    corner: tuple[int, int],
) -> Steps[Painted | None]:
    if manner.brushes is None:
        return None
    draws = manner.vector is not None
    brushes = _calm(manner.brushes) if draws else manner.brushes
    unit = stroke * (whole.pixels / strokes.SKETCH) ** 0.5
    run = strokes.paint(picture, brushes, unit, seed, corner)
    painted = yield from within(run, 0.0, 0.5 if draws else 0.95)
    return painted


def _calm(brushes: Brushes) -> Brushes:
    """Return *brushes* for a network to go on from: it makes thick dark lines of what strokes by
    chance differ in, most of all where there is nothing else, as in skies; and it draws strokes of
    its own, so that long and wide ones would only carry far what lies beside a layer.
    """
    radii = tuple(min(radius, WIDEST) for radius in brushes.radii)
    return replace(brushes, radii=radii, length=min(brushes.length, LONGEST), jitter=0.0)


def _telling(brushed: Rgb, picture: Rgb) -> Rgb:
    """Return *brushed* where strokes say something, and *picture* where they only leave steps, as
    in skies: of steps, too, the network makes thick dark lines.
    """
    import cv2

    apart = cv2.absdiff(brushed, picture).max(axis=2).astype(np.float32)
    apart = cv2.blur(apart, (NEAR, NEAR))
    share = np.clip((apart - STEPS[0]) / (STEPS[1] - STEPS[0]), 0, 1)[..., None]
    mixed = picture + (brushed.astype(np.float32) - picture) * share
    return np.asarray(np.rint(mixed), np.uint8)


def _extended(picture: Rgb, left: int, top: int) -> Rgb:
    """Return *picture* with pixels before it, so that the network's grid lies as on the whole."""
    import cv2

    if not (left or top):
        return picture
    kind = cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(picture, top, 0, left, 0, kind), np.uint8)


def _scaled(picture: Rgb, factor: float) -> Rgb:
    import cv2

    if factor >= 1:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(drawn: Rgb, source: Rgb) -> Rgb:
    """Return *drawn* at the size of *source*, with the fine light and shade of *source*."""
    import cv2

    if drawn.shape == source.shape:
        return drawn
    height, width = source.shape[:2]
    made = np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    light = cv2.cvtColor(source, cv2.COLOR_RGB2GRAY)
    size = (drawn.shape[1], drawn.shape[0])
    coarse = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for start in range(0, height, ROWS):
        rows = slice(start, start + ROWS)
        fine = DETAIL * (light[rows].astype(np.float32) - coarse[rows])
        mixed = made[rows] + fine[..., None]
        made[rows] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return made


def mix(made: Rgb, source: Rgb, share: float) -> None:
    """Change *made* to that *share* of itself and the rest of *source*."""
    import cv2

    if share < 1:
        cv2.addWeighted(made, share, source, 1 - share, 0, dst=made)


def _keep(made: Rgb, source: Rgb, lighter: Floats | None, *, colours: bool) -> None:
    """Make *made* as much *lighter* in CIELAB, and put the colours of *source* back into it."""
    import cv2

    if not colours and lighter is None:
        return
    for start in range(0, made.shape[0], ROWS):
        rows = slice(start, start + ROWS)
        new = cv2.cvtColor(made[rows].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        old = cv2.cvtColor(source[rows].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        if colours:
            new[..., 1:] = old[..., 1:]
        if lighter is not None:
            new[..., 0] = np.clip(new[..., 0] + lighter[rows], 0, 100)
        back = cv2.cvtColor(new, cv2.COLOR_LAB2RGB)
        made[rows] = np.clip(np.rint(back * 255), 0, 255).astype(np.uint8)


def _lighter(made: Rgb, source: Rgb, longer: int) -> Floats:
    """Return by how much *source* is lighter than *made* around each pixel, in L of CIELAB.

    Only what is coarse: strokes are light and dark as well. How coarse, goes by the *longer* side
    of the whole picture.
    """
    import cv2

    height, width = made.shape[:2]
    factor = min(1.0, LIT / longer)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))

    def light(picture: Rgb) -> Floats:
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32)[..., 0]

    apart = cv2.GaussianBlur(light(source) - light(made), (0, 0), COARSE * longer * factor)
    return np.asarray(
        cv2.resize(apart, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
