"""How well a hole was filled, measured against the truth that was there before.

All pictures are uint8 (height, width, 3); holes are bool (height, width). A jump is the
Euclidean distance of the colours of two pixels side by side or one above the other, in 8-bit
levels. None of the numbers sees whether the content makes sense: look at the contact sheets.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["psnr", "seam", "sharp"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def seam(filled: Rgb, truth: Rgb, hole: Flags) -> float:
    """The mean jump across the border of the hole, divided by the same mean in the truth.

    Over all pairs of neighbours of which one is in the hole. 1 where the border shows no more
    than any other line through the picture, above 1 where it shows, below 1 where it is blurred.
    """
    return _mean_jump(filled, hole, inside=False) / _mean_jump(truth, hole, inside=False)


def sharp(filled: Rgb, truth: Rgb, hole: Flags) -> float:
    """The mean jump inside the hole, divided by the same mean in the truth.

    Over all pairs of neighbours that are both in the hole. 1 for as much texture as the truth
    has; low where the fill is smeared.
    """
    return _mean_jump(filled, hole, inside=True) / _mean_jump(truth, hole, inside=True)


def psnr(filled: Rgb, truth: Rgb, hole: Flags) -> float:
    """Peak signal to noise inside the hole, in dB; it rewards blur. Infinite where all is equal."""
    error = np.square(filled[hole].astype(np.float64) - truth[hole]).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def _mean_jump(picture: Rgb, hole: Flags, *, inside: bool) -> float:
    colours = picture.astype(np.float64)
    jumps = []
    for axis in (0, 1):
        one = np.delete(hole, -1, axis)
        other = np.delete(hole, 0, axis)
        lengths = np.linalg.norm(np.diff(colours, axis=axis), axis=2)
        jumps.append(lengths[one & other if inside else one ^ other])
    together = np.concatenate(jumps)
    # A tiny floor: a truth without any jump would otherwise divide by zero.
    return float(together.mean()) + 1e-6 if together.size else float("nan")
