"""Fitting pictures out and back: what is sent of a source, and the patch from what returns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.errors import ProviderFailed
from overpaint.geometry import Box
from overpaint.mask import Mask, bounds
from overpaint.picture import Patch, Pixels, Source

__all__ = ["Sent", "fit", "send", "visible"]

HALF = 128
"""Pixels less than half opaque do not count as visible: their colour is anybody's guess."""


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What left: uint8 (height, width, 3), and the values that its 0 and 255 stand for."""

    pixels: npt.NDArray[np.uint8]
    low: float = 0.0
    high: float = 1.0


def visible(source: Source) -> npt.NDArray[np.bool_]:
    """Return where the source shows: bool of shape (height, width)."""
    alpha = source.pixels[..., 3]
    shows: npt.NDArray[np.bool_] = alpha >= (HALF if alpha.dtype == np.uint8 else HALF / 255)
    return shows if source.shown is None else shows & (source.shown >= HALF)


def send(source: Source, *, squeeze: bool) -> Sent:
    """Return the source's colours as 8-bit sRGB.

    Values outside 0..1 (high dynamic range, wide gamut) are clipped, or with *squeeze* all
    values are scaled to fit; :func:`fit` undoes that.
    """
    if source.pixels.dtype == np.uint8:
        import cv2

        return Sent(np.asarray(cv2.cvtColor(source.pixels, cv2.COLOR_RGBA2RGB), np.uint8))
    colours = source.pixels[..., :3]
    low, high = 0.0, 1.0
    if squeeze:
        shown = colours[visible(source)]
        if shown.size:
            low, high = min(low, float(shown.min())), max(high, float(shown.max()))
    scaled = np.clip((colours - low) * (255 / (high - low)), 0, 255)
    return Sent(np.rint(scaled).astype(np.uint8), low, high)


def fit(
    source: Source, region: Box, mask: Mask, sent: Sent, candidate: npt.NDArray[np.uint8], seed: int
) -> Patch:
    """Return *candidate* as a patch over *region*, in the source's own precision.

    Where the candidate left a pixel as it was sent, the source's own value comes back; what
    *mask* changes is opaque, so that the original cannot shine through. Colours that came back
    in 8 bits for a deeper picture get noise below one 8-bit step, or smooth skies would show
    bands. Raises ProviderFailed where the sizes differ.
    """
    if candidate.shape != sent.pixels.shape:
        raise ProviderFailed(
            f"The provider returned {candidate.shape[1]}x{candidate.shape[0]} pixels "
            f"instead of {sent.pixels.shape[1]}x{sent.pixels.shape[0]}.",
            "Try again, or choose another provider.",
        )
    pixels: Pixels
    if source.pixels.dtype == np.uint8:
        import cv2

        # Where the candidate was left alone, it is the source's own value.
        pixels = np.asarray(cv2.cvtColor(candidate, cv2.COLOR_RGB2RGBA), np.uint8)
        cv2.mixChannels([source.pixels], [pixels], [3, 3])
    else:
        pixels = source.pixels.copy()
        differs = candidate != sent.pixels
        changed = differs[..., 0] | differs[..., 1] | differs[..., 2]
        pixels[changed, :3] = _decode(candidate[changed], sent, seed)
    box = bounds(mask)
    if box is not None:
        inside = pixels[box.slices]
        inside[mask[box.slices] > 0, 3] = 255 if pixels.dtype == np.uint8 else 1
    return Patch(region, pixels, mask)


def _decode(colours: npt.NDArray[np.uint8], sent: Sent, seed: int) -> npt.NDArray[np.float32]:
    # The same noise in all channels, so that grey stays grey.
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (len(colours), 1))
    step = (sent.high - sent.low) / 255
    return ((colours + noise) * step + sent.low).astype(np.float32)
