"""Ways to put a returned picture back: ours, what other plug-ins do, and the oracle.

Pictures are uint8 (height, width, 3) where they are sent or returned; what a method makes is
float32 in 0..1 of the size that was sent. *mask* is uint8, *known* bool: what may be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from tests.drift.base import Drift, extent_of, to_colours
from tests.drift.move import resize
from tests.drift.oracle import oracle

from overpaint.geometry import Extent
from overpaint.mask import bounds

__all__ = [
    "BASELINES",
    "Fit",
    "composite",
    "have_ours",
    "ours",
    "registered",
    "told",
    "unregistered",
]

Rgb = npt.NDArray[np.uint8]
Colours = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

FEATHER = 8
"""Pixels over which the feathered paste fades in, from the selection's edge inwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a method made of a returned picture, and what it believes.

    *places*: x and y of every sent pixel in the returned picture, as if that had been rescaled
    to the size sent, float (height, width) each; None from methods that do not register.
    *reframed*: whether it says that the model framed the picture anew.
    """

    picture: Colours
    places: tuple[np.ndarray, np.ndarray] | None = None
    reframed: bool = False
    log: tuple[str, ...] = ()


def composite(below: Rgb, picture: Colours, mask: Mask) -> Rgb:
    """Return *picture* over *below* through *mask*, as the layer shows it, in 8 bits."""
    result, box = below.copy(), bounds(mask)
    if box is not None:  # time for what the mask changes, not for the picture
        part, share = result[box.slices], mask[box.slices].astype(np.float32)[..., None] / 255
        mixed = part * (1 - share) + np.clip(picture[box.slices], 0, 1) * 255 * share
        part[...] = np.where(share > 0, np.rint(mixed), part)
    return result


def paste(sent: Rgb, candidate: Rgb, mask: Mask) -> Fit:
    """The returned picture at the size sent, and nothing else."""
    del mask
    return Fit(_sized(candidate, extent_of(sent)))


def feather(sent: Rgb, candidate: Rgb, mask: Mask) -> Fit:
    """A paste that fades in over FEATHER pixels from the selection's edge inwards.

    The picture's own border is no edge. *sent* shows through on the way.
    """
    depth = cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip(depth / FEATHER, 0, 1)[..., None]
    picture = to_colours(sent) * (1 - share) + _sized(candidate, extent_of(sent)) * share
    return Fit(picture.astype(np.float32))


def clone(sent: Rgb, candidate: Rgb, mask: Mask) -> Fit:
    """OpenCV's seamlessClone, through a mask four pixels larger than the selection.

    It takes its boundary a few pixels inside the mask it is given: larger, that boundary lies on
    pixels that are known. All is padded, because it cannot do masks at the picture's border.
    """
    pad = 16
    around = [pad] * 4
    hole = cv2.dilate((mask > 0).astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
    hole = cv2.copyMakeBorder(hole, *around, cv2.BORDER_CONSTANT)
    plain = np.rint(np.clip(_sized(candidate, extent_of(sent)), 0, 1) * 255).astype(np.uint8)
    above = cv2.copyMakeBorder(plain, *around, cv2.BORDER_REPLICATE)
    below = cv2.copyMakeBorder(sent, *around, cv2.BORDER_REPLICATE)
    x, y, width, height = cv2.boundingRect(hole)
    middle = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(above, below, hole, middle, cv2.NORMAL_CLONE)
    return Fit(to_colours(np.asarray(cloned[pad:-pad, pad:-pad], np.uint8)))


BASELINES: dict[str, Callable[[Rgb, Rgb, Mask], Fit]] = {
    "paste": paste,
    "feather 8": feather,
    "clone": clone,
}


def have_ours() -> bool:
    """Whether the core's own chain is there; until then a plain paste stands in for it."""
    try:
        from overpaint.fitting import chain
    except ImportError:
        return False
    return hasattr(chain, "fit_picture")


def ours(sent: Rgb, candidate: Rgb, mask: Mask, known: Flags, seed: int = 1) -> Fit:
    """What Overpaint does, told nothing but what it is told in an edit."""
    if not have_ours():
        return paste(sent, candidate, mask)
    from overpaint.fitting import chain

    fitted = chain.fit_picture(sent, candidate, mask, known, chain.Steps(), seed)
    return Fit(fitted.picture, log=(*fitted.log, *fitted.notices))


def registered(fit: Fit, sent: Rgb, candidate: Rgb, known: Flags) -> Fit:
    """Return *fit* of ours with what its registration found, which it only tells in words.

    The same call with the same pictures finds the same; it is made again, apart, so that it does
    not count in the time. A drift that was refused is none: the picture is used as it is.
    """
    if not have_ours():
        return fit
    from overpaint.fitting import register

    found = register.register(sent, candidate, known)
    told_so = any("framed" in line and "anew" in line for line in fit.log)
    still = found.kind is register.Kind.REFUSED
    drift = register.IDENTITY if still else found.drift
    return replace(fit, places=drift.places(extent_of(sent)), reframed=told_so)


def told(candidate: Rgb, drift: Drift, extent: Extent) -> Fit:
    """The oracle: it knows the drift, and nothing else can be had without inventing."""
    return Fit(oracle(to_colours(candidate), drift, extent))


def unregistered(candidate: Rgb, drift: Drift, extent: Extent) -> Fit:
    """Told the true colours but not the place: the best there is without registration."""
    return Fit(_sized(candidate, extent, drift))


def _sized(candidate: Rgb, extent: Extent, drift: Drift | None = None) -> Colours:
    colours = to_colours(candidate)
    if drift is not None:
        colours = drift.untone(colours)
    return colours if extent_of(candidate) == extent else resize(colours, extent)
