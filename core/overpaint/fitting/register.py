"""Finding how a candidate moved against what was sent, from the known pixels alone.

Models redraw the whole crop: recoloured, shifted, zoomed by a few per cent. What lies outside the
selection is known, so it tells how. Four steps, the first three on luminance that is normalised by
its local mean and contrast (`levels`); each step's module cites its sources:

1. Coarse: scales in x and y times a correlation over all shifts (`search`).
2. Fine: Gauss-Newton from coarse to fine over a pyramid, on tiles (`tiles`).
3. Bend: a smooth displacement, kept where tiles that it was not fitted to agree (`bend`).
4. Polish: where nothing bends, the last hundredths of a pixel at full size (`polish`).

Here what they find is judged. Everything is numpy and OpenCV: scipy has nothing here that they
lack.
"""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import product

import numpy as np
import numpy.typing as npt

from overpaint.fitting.bend import bent
from overpaint.fitting.levels import Level, pyramid_of
from overpaint.fitting.polish import polished
from overpaint.fitting.search import search
from overpaint.fitting.tiles import displacement, distance, grid, refine, step, tiles_of
from overpaint.fitting.warp import IDENTITY, Colours, Drift, Flags
from overpaint.geometry import Extent

__all__ = ["Kind", "Registration", "register"]

MIN_INFORMATIVE = 400
"""Pixels of the finest level with contrast; fewer are nothing to register on."""
MIN_WHOLE = 0.4
"""Correlation over the whole picture that it takes to call it framed anew."""
MAX_APART = 0.5
"""Pixels that two halves of the evidence may differ by, each from their mean."""
MIN_LESS = 0.5
"""Pixels that must be gained before a drift is searched for parts that nothing asks for."""
SNAP = 0.04
"""Drifts below this many pixels, on average over the crop, are none."""
SNAP_WEAK, SNAP_ERROR = 0.3, 0.97
"""Likewise those below so many pixels that leave so much of the error."""
MAX_ZOOM = 0.15
"""Models drift by up to 6 %, and by 14 % where they cut to a multiple of 112 pixels; from here on,
as a logarithm, the picture was framed anew."""
MAX_SHIFT = 0.12
"""Likewise, of the crop's sides."""
SCALES = (0.94, 0.97, 1.0, 1.03, 1.06)
DRIFTS = tuple(product(SCALES, SCALES))
"""Scales in x and y to start from where models drift."""
FRAMINGS = (
    *((scale, scale) for scale in np.geomspace(0.66, 1.5, 29).tolist()),
    *((one, other) for one, other in product((1.0, 1.03, 1.07, 1.11, 1.15), repeat=2)),
)
"""Likewise, where they cut off more than a few pixels, or frame the picture anew."""


class Kind(Enum):
    """What became of the registration."""

    EXACT = "exact"
    """The candidate is what was sent wherever that is known: there is nothing to undo."""
    ALIGNED = "aligned"
    """The drift was found (it may be none, when only the colours changed)."""
    REFUSED = "refused"
    """The evidence is too weak: the candidate is used as it is, plainly rescaled."""
    REFRAMED = "reframed"
    """The model framed the picture anew; the drift says how, for whoever wants to undo it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The drift and what speaks for it.

    *before* and *after*: the error on the known pixels, 0 (the same structure) to 1 (nothing in
    common), plainly rescaled and with the drift undone. *informative*: how many known pixels of
    the crop have enough contrast to register on. *reason*: one sentence for the log.
    """

    kind: Kind
    drift: Drift
    before: float
    after: float
    informative: int
    reason: str


def register(sent: Colours, candidate: Colours, known: Flags) -> Registration:
    """Return how *candidate* moved against *sent*, judged by the *known* pixels of *sent*.

    *sent*: sRGB, uint8, or float32 in 0..1, (height, width, 3). *candidate*: likewise, of any
    size. *known*: bool (height, width), False where the candidate was free to change, or where
    *sent* does not show.
    """
    if not known.any():
        return Registration(Kind.REFUSED, IDENTITY, 1.0, 1.0, 0, "No known pixel was sent.")
    if _is_exact(sent, candidate, known):
        reason = "The candidate is what was sent on the known pixels."
        return Registration(Kind.EXACT, IDENTITY, 0.0, 0.0, int(known.sum()), reason)
    pyramid = pyramid_of(sent, candidate, known)
    finest = pyramid[-1]
    pixels = round(np.count_nonzero(finest.informative) / finest.factor**2)
    before = finest.error(IDENTITY)

    def refused(reason: str) -> Registration:
        return Registration(Kind.REFUSED, IDENTITY, before, before, pixels, reason)

    if np.count_nonzero(finest.informative) < MIN_INFORMATIVE:
        return refused(f"The known pixels are too flat to register on ({pixels} with contrast).")
    drift = search(pyramid, DRIFTS)
    if not finest.believes(drift) or _is_reframed(drift, finest.sent):
        coarse = pyramid[:2]
        framing = search(coarse, FRAMINGS)
        if coarse[-1].error(framing) < coarse[-1].error(drift):
            for level in pyramid[2:]:
                framing = refine(level, framing, 3)
            drift = min(drift, framing, key=finest.error)
    if not finest.believes(drift):
        # Zoomed in so far that nothing known is left to be seen? What was to change may tell.
        whole = pyramid_of(sent, candidate, np.ones_like(known))[:2]
        framing = search(whole, FRAMINGS)
        if whole[-1].error(framing) < 1 - MIN_WHOLE and _is_reframed(framing, finest.sent):
            return _reframed(framing, before, finest.error(framing), pixels)
        return refused(
            "The candidate shows something else on the known pixels (error "
            f"{finest.error(drift):.2f} of 1 at best; {pixels} pixels with contrast), so it was "
            "not registered."
        )
    if _is_reframed(drift, finest.sent):
        return _reframed(drift, before, finest.error(drift), pixels)
    drift = _simplest(finest, bent(pyramid, drift))
    if drift.bend is None:
        drift = polished(sent, candidate, known, drift)
    after = finest.error(drift)
    size = distance(drift, finest.sent)
    if size < SNAP or (size < SNAP_WEAK and after > SNAP_ERROR * before):
        reason = f"The candidate did not move (error {before:.3f}, {pixels} pixels with contrast)."
        return Registration(Kind.ALIGNED, IDENTITY, before, before, pixels, reason)
    apart = _disagreement(finest, drift)
    if apart > MAX_APART:
        return refused(
            f"Two halves of the known pixels place the candidate {apart:.1f} px apart, so it was "
            f"not registered ({pixels} pixels with contrast)."
        )
    if after >= before:
        return refused(f"No drift lowers the error of {before:.2f} on the known pixels.")
    reason = (
        f"The candidate was moved by {drift.shift_x:.2f}, {drift.shift_y:.2f} px and scaled by "
        f"{drift.scale_x:.4f}, {drift.scale_y:.4f}{'' if drift.bend is None else ', and bent'} "
        f"(error {before:.3f} before, {after:.3f} after; {pixels} pixels with contrast)."
    )
    return Registration(Kind.ALIGNED, drift, before, after, pixels, reason)


def _simplest(level: Level, drift: Drift) -> Drift:
    """Return *drift* without what the known pixels do not ask for: along a fence, say."""
    allowed = 1.1 * level.error(drift) + 0.01
    for across in (True, False):
        if across:
            part = Drift(scale_x=drift.scale_x, shift_x=drift.shift_x)
            simpler = replace(drift, scale_x=1.0, shift_x=0.0)
        else:
            part = Drift(scale_y=drift.scale_y, shift_y=drift.shift_y)
            simpler = replace(drift, scale_y=1.0, shift_y=0.0)
        if distance(part, level.sent) > MIN_LESS and level.error(simpler) < allowed:
            drift = simpler
    return drift


def _disagreement(level: Level, drift: Drift) -> float:
    """Return by how many pixels two halves of the tiles would place things apart, on average.

    The halves are the black and the white fields of a chess board. Infinite where one has none.
    """
    tiles = tiles_of(level, drift)
    black = tiles.black(level.sent)
    if min(black.sum(), (~black).sum()) < 2:
        return float("inf")
    ones, others = (
        displacement(
            step(tiles.chosen(half), level.sent, replace(drift, bend=None)),
            level.sent,
            *grid(level.sent),
        )
        for half in (black, ~black)
    )
    return float(np.hypot(ones[0] - others[0], ones[1] - others[1]).mean()) / 2


def _is_exact(sent: Colours, candidate: Colours, known: Flags) -> bool:
    if sent.shape != candidate.shape:
        return False
    import cv2

    difference = cv2.absdiff(_bytes(sent), _bytes(candidate))
    same = np.asarray(cv2.inRange(difference, (0, 0, 0), (1, 1, 1))) > 0
    return bool(np.count_nonzero(known & ~same) <= 0.005 * np.count_nonzero(known))


def _bytes(picture: Colours) -> npt.NDArray[np.uint8]:
    if picture.dtype == np.uint8:
        return picture.astype(np.uint8, copy=False)
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)


def _reframed(drift: Drift, before: float, after: float, pixels: int) -> Registration:
    reason = (
        f"The model framed the picture anew: zoomed by {drift.zoom:.2f}, moved by "
        f"{drift.shift_x:.0f}, {drift.shift_y:.0f} px (error {before:.2f} before, "
        f"{after:.2f} after undoing it)."
    )
    return Registration(Kind.REFRAMED, drift, before, after, pixels, reason)


def _is_reframed(drift: Drift, extent: Extent) -> bool:
    zoomed = max(abs(np.log(drift.scale_x)), abs(np.log(drift.scale_y))) > MAX_ZOOM
    side = max(32, min(extent.width, extent.height))
    return bool(zoomed or max(abs(drift.shift_x), abs(drift.shift_y)) > MAX_SHIFT * side)
