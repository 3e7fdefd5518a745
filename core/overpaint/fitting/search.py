"""The coarse search for a drift: scales in x and y times a correlation over all shifts.

A masked normalised cross-correlation of gradients. Source: Padfield, "Masked Object Registration
in the Fourier Domain", 2012; gradients as complex numbers from Argyriou, Vlachos, "Estimation of
sub-pixel motion using gradient cross-correlation", 2003.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from overpaint.fitting.levels import MIN_SEEN, Level, box, gradient, normalise
from overpaint.fitting.tiles import distance, refine
from overpaint.fitting.warp import IDENTITY, Drift, Plane
from overpaint.geometry import Extent

__all__ = ["search"]

NEAR = 0.1
"""Where hardly any error is left near no drift at all, there is no need to look further."""


def search(pyramid: Sequence[Level], scales: Sequence[tuple[float, float]]) -> Drift:
    """Return the drift that fits best, found over *scales* and all shifts, then refined."""
    coarsest = pyramid[0]
    refined = [refine(coarsest, IDENTITY, 5)]
    if coarsest.error(refined[0]) > NEAR:
        refined += [refine(coarsest, drift, 5) for drift in _correlate(coarsest, scales)]
    best = min(
        refined,
        key=lambda drift: coarsest.error(drift) + 1e-3 * distance(drift, Extent(1000, 1000)),
    )
    for level in pyramid[1:]:
        best = refine(level, best, 3)
    return best


def _correlate(level: Level, scales: Sequence[tuple[float, float]]) -> list[Drift]:
    """Return the most promising drifts at *level*, at most three, the best first."""
    import cv2

    height, width = level.weight.shape
    size = (cv2.getOptimalDFTSize(height * 5 // 4), cv2.getOptimalDFTSize(width * 5 // 4))

    def spectrum(*planes: Plane) -> npt.NDArray[np.complex64]:
        padded = np.zeros((*size, 2), np.float32)
        for index, plane in enumerate(planes):
            padded[:height, :width, index] = plane
        return np.asarray(cv2.dft(padded)).view(np.complex64)[..., 0]

    def back(product: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        planes = np.ascontiguousarray(product).view(np.float32).reshape(*size, 2)
        return np.asarray(cv2.dft(planes, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)).view(
            np.complex64
        )[..., 0]

    gx, gy = level.gradient
    ours = spectrum(level.firm * gx, level.firm * gy).conj()
    energy = level.firm * (gx * gx + gy * gy)
    mask, ours_energy = spectrum(level.firm).conj(), spectrum(energy).conj()
    everywhere = np.ones_like(level.weight)
    theirs, _ = normalise(level.candidate, everywhere, box(everywhere))
    tx, ty = gradient(theirs)
    planes = cv2.merge([tx, ty, everywhere])
    found = []
    total = float(energy.sum())
    for scale_x, scale_y in scales:
        matrix = np.array(
            [
                [scale_x, 0, (1 - scale_x) * (width - 1) / 2],
                [0, scale_y, (1 - scale_y) * (height - 1) / 2],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(planes, matrix, (width, height), flags=flags)
        sx, sy, cover = (np.asarray(plane, np.float32) for plane in cv2.split(warped))
        product = back(spectrum(sx, sy) * ours).real
        theirs_energy = np.maximum(back(spectrum(sx * sx + sy * sy) * mask).real, 0)
        seen = np.maximum(back(spectrum(cover) * ours_energy).real, 0)
        score = product / np.sqrt(theirs_energy * seen + 0.01 * total * total)
        score = np.where(seen > MIN_SEEN * total, score * (seen / total) ** 0.25, 0)
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        dy, dx = (
            (int(y) + size[0] // 2) % size[0] - size[0] // 2,
            (int(x) + size[1] // 2) % size[1] - size[1] // 2,
        )
        # What the scaled candidate shows dx further right, the candidate shows scale * dx further.
        drift = Drift(
            float(scale_x),
            float(scale_y),
            dx * scale_x * level.sent.width / width,
            dy * scale_y * level.sent.height / height,
        )
        found.append((float(score.max()), drift))
    found.sort(key=lambda each: -each[0])
    return [drift for _, drift in found[:3]]
