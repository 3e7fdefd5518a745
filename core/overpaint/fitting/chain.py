"""All steps that fit a redrawn picture back to what was sent, in their order.

Register first: a colour match on shifted pictures brings a cast of its own. Then colours, then
grain, then the seam. Each step says what it did and why, and leaves the picture alone where its
evidence is weak.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting import blend, grain, register, tone, warp
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.mask import Mask

__all__ = ["Fitted", "Steps", "fit_picture"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

FEATHER = 8
"""Pixels over which a picture fades in that has nothing in common with its surroundings."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Which steps to take."""

    register: bool = True
    match_colours: bool = True
    blend: bool = True
    match_grain: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """*picture*: float32 (height, width, 3) in 0..1, aligned with what was sent."""

    picture: Floats
    log: tuple[str, ...]
    notices: tuple[str, ...] = ()


def fit_picture(
    sent: Bytes, candidate: Bytes, mask: Mask, known: Flags, steps: Steps, seed: int
) -> Fitted:
    """Return *candidate*, of any size, fitted to *sent* as far as its known pixels tell how.

    *sent*: uint8 (height, width, 3), sRGB. *mask*: what changes. *known*: bool, where both may
    be compared. The same seed gives the same picture.
    """
    log: list[str] = []
    notices: list[str] = []
    moved = _registration(sent, candidate, known, steps, log)
    drift, reframed = moved.drift, moved.kind is register.Kind.REFRAMED
    extent = Extent(sent.shape[1], sent.shape[0])
    covers = warp.covered(drift, extent)
    if reframed and not covers[mask > 0].all():
        drift, covers = warp.IDENTITY, np.ones_like(covers)
    if reframed:
        undone = _("It was pasted as it is") if drift.is_identity else _("This was undone")
        notices.append(
            _(
                "The model framed the picture anew (zoom {zoom:.2f}). {undone}; "
                "look closely whether it fits."
            ).format(zoom=moved.drift.zoom, undone=undone)
        )
    before = sent.astype(np.float32) * np.float32(1 / 255)
    picture = warp.resample(candidate, drift, extent)
    if not covers.all():
        # Where the candidate does not reach, it goes on mirrored: what was to be changed must not
        # come back there.
        beyond = ~covers & (mask == 0)
        picture[beyond] = before[beyond]
        known = known & covers
    redrawn = moved.kind is not register.Kind.EXACT
    matched, alike = not redrawn, True
    if steps.match_colours and redrawn:
        toned = tone.match(before, picture, known, mask)
        picture = toned.picture
        matched, alike = toned.evidence.used, toned.evidence.structure >= tone.MIN_STRUCTURE
        log.append(f"colours: {toned.evidence.reason}")
    if steps.match_grain and redrawn:
        grained = grain.match_grain(before, picture, known, mask, seed)
        picture = grained.picture
        log.append(f"grain: {grained.evidence.reason}")
    if steps.blend:
        lost = moved.kind is register.Kind.REFUSED
        if alike or not lost:  # else what differs at the border is content, no colour
            blended = blend.blend(before, picture, mask, known)
            picture, alike = blended.picture, matched or blended.evidence.used
            log.append(f"seam: {blended.evidence.reason}")
        if lost and not alike:
            picture = _feathered(before, picture, mask)
            log.append("seam: nothing agrees with the surroundings, so the edge is feathered")
    return Fitted(picture, tuple(log), tuple(notices))


def _feathered(before: Floats, picture: Floats, mask: Mask) -> Floats:
    """Return *picture*, fading into *before* over the outermost pixels inside *mask*."""
    import cv2

    depth = cv2.distanceTransform((mask > 0).view(np.uint8), cv2.DIST_L2, 5)
    share = np.where(mask > 0, np.minimum(depth / FEATHER, 1), 1)[..., None]
    return (before + share.astype(np.float32) * (picture - before)).astype(np.float32)


def _registration(
    sent: Bytes, candidate: Bytes, known: Flags, steps: Steps, log: list[str]
) -> register.Registration:
    if not steps.register:
        log.append("registration: switched off")
        kind = register.Kind.REFUSED
        return register.Registration(kind, warp.IDENTITY, 1.0, 1.0, 0, "Switched off.")
    found = register.register(sent, candidate, known)
    log.append(f"registration: {found.kind.value}: {found.reason}")
    # A drift that was refused is not to be undone.
    return replace(found, drift=warp.IDENTITY) if found.kind is register.Kind.REFUSED else found
