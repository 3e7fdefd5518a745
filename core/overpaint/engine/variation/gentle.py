"""A gentle variation: shapes bend a little, and the light is another; nothing is torn apart.

Both fade out towards the edge of the selection, so that no seam can show there.
"""

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation import bending
from overpaint.hidden import painted_over

__all__ = ["bend", "vary"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

WAVE = 0.2
"""How long the waves of the bending are, as a share of the selection's size."""
BEND = 0.052
"""How far shapes move at most, as a share of the selection's size."""
FADE = 0.25
"""Over which part of the selection's depth both fade in."""
PIECE = 2048
"""Side of what is bent at once, in pixels."""
LIGHTS = ((3.0, 2.0), (-2.5, -3.0), (1.0, 4.0), (3.0, -2.5))
"""What is added to lightness and to yellow against blue in CIELAB: noon, dusk, evening, morning."""

COLOURFUL = 8.0
"""Mean chroma in CIELAB from which on a picture takes all of that colour."""


def vary(pixels: Rgb, missing: Flags, visible: Flags, strength: float, seed: int) -> Rgb:
    """Return uint8 (height, width, 3) *pixels* bent and lit anew where *missing*.

    *strength* 0..1. The same seed makes the same picture; nothing that is hidden shows.
    """
    import cv2

    random = np.random.default_rng(seed)
    bent = bend(pixels, missing, visible, strength, random)
    lightness, yellow = LIGHTS[int(random.integers(len(LIGHTS)))]
    lab = np.asarray(cv2.cvtColor(bent.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    share, _ = _share(missing)
    weight = share * np.float32(0.4 + strength)
    # Where there are no colours, light of another colour is a stain.
    chroma = float(np.linalg.norm(lab[missing][:, 1:], axis=1).mean()) if missing.any() else 0.0
    yellow *= min(1.0, chroma / COLOURFUL)
    lab[..., 0] += lightness * weight
    lab[..., 2] += yellow * weight
    lit = np.clip(np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255), 0, 255).astype(np.uint8)
    return np.where(missing[..., None], lit, pixels)


def bend(
    pixels: Rgb, missing: Flags, visible: Flags, strength: float, random: np.random.Generator
) -> Rgb:
    """Return *pixels* bent where *missing*, as *vary* does, in the same light."""
    share, deepest = _share(missing)
    size = float(np.count_nonzero(missing)) ** 0.5
    # No steeper than half a pixel a pixel where it fades in: shapes bend, nothing folds.
    most = min(BEND * size * (0.4 + strength), 0.5 * FADE * deepest)
    source = painted_over(pixels, visible)
    across, down = bending.waves(source, share * np.float32(most), WAVE * size, random)
    return np.where(missing[..., None], _moved(source, across, down), pixels)


def _share(missing: Flags) -> tuple[Floats, float]:
    """Return the share of each pixel, fading in from the edge, and how deep that is at most."""
    import cv2

    framed = np.pad(missing.view(np.uint8), 1)
    depth = np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5), np.float32)[1:-1, 1:-1]
    deepest = float(depth.max())
    share = np.clip(depth / max(1.0, FADE * deepest), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32), deepest


def _moved(source: Rgb, across: Floats, down: Floats) -> Rgb:
    """Return *source* with each pixel taken from so many pixels away.

    Piece by piece: OpenCV's remap takes no side of 32767 pixels or more.
    """
    import cv2

    reach = int(np.ceil(max(np.abs(across).max(), np.abs(down).max()))) + 2
    framed = cv2.copyMakeBorder(source, *(reach,) * 4, cv2.BORDER_REFLECT_101)
    height, width = source.shape[:2]
    bent = np.empty_like(source)
    for top in range(0, height, PIECE):
        for left in range(0, width, PIECE):
            place = np.s_[top : min(top + PIECE, height), left : min(left + PIECE, width)]
            rows, columns = across[place].shape
            y, x = np.mgrid[:rows, :columns].astype(np.float32)
            around = framed[top : top + rows + 2 * reach, left : left + columns + 2 * reach]
            x += across[place] + reach
            y += down[place] + reach
            bent[place] = cv2.remap(around, x, y, cv2.INTER_CUBIC)
    return bent
