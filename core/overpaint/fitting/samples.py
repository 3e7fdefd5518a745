"""What the known pixels say about colours: means of small blocks, and how far each counts.

Means, not pixels: noise and JPEG in the picture would otherwise flatten every slope (errors in
variables). OpenCV is imported where it is used, so that a core process starts fast.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.mask import Mask

__all__ = ["MIN_BLOCKS", "Samples", "sample", "unclipped"]

Rgb = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MIN_BLOCKS = 48
"""Fewer known blocks than this are no evidence."""
MAX_SAMPLES = 3072
ENOUGH = 400
"""From so many on, blocks with clipped pixels can be done without."""
ALIKE = 0.7
"""The correlation of fine structure around a block below which it counts for less."""
NOISE = 0.006
"""What noise adds to the second derivatives of blocks of 8 pixels, in tones."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Block means: *x* of the picture, *y* of the source (n, 3); *weight* (n,).

    *place* (n, 2) in -1..1; *fold* (n,) 0 or 1, a chequerboard of larger cells.
    """

    x: Floats
    y: Floats
    weight: Floats
    place: Floats
    fold: npt.NDArray[np.intp]
    structure: float


def sample(sent: Rgb, picture: Rgb, ring: Flags, mask: Mask) -> Samples | None:
    """Return means over blocks that lie in *ring* altogether; None where there are too few.

    Blocks with black or white pixels in *picture* are left out where there are enough others: what
    a regrade clipped differs from pixel to pixel.
    """
    found = _sampled(sent, picture, ring & unclipped(picture), mask)
    if found is not None and len(found.x) >= ENOUGH:
        return found
    return _sampled(sent, picture, ring, mask)


def unclipped(picture: Rgb) -> Flags:
    """Return where no channel of *picture* is black or white, as 8 bits round."""
    import cv2

    low, high = (0.5 / 255,) * 3, (254.5 / 255,) * 3
    return np.asarray(cv2.inRange(picture, low, high)) > 0


def _sampled(sent: Rgb, picture: Rgb, ring: Flags, mask: Mask) -> Samples | None:
    import cv2

    side = 8
    while True:
        height, width = (length // side * side for length in ring.shape)
        size = (width // side, height // side)
        whole = np.zeros((0, 0), np.bool_)
        if width and height:
            share = cv2.resize(
                ring[:height, :width].view(np.uint8) * np.uint8(255),
                size,
                interpolation=cv2.INTER_AREA,
            )
            whole = share == 255
        count = np.count_nonzero(whole)
        if count >= 1200 or side == 2:
            break
        side //= 2
    if count < MIN_BLOCKS:
        return None
    # Twice as fine first: what a block holds of edges shows in the spread of its quarters.
    half = (size[0] * 2, size[1] * 2)
    fine = [
        cv2.resize(p[:height, :width], half, interpolation=cv2.INTER_AREA) for p in (sent, picture)
    ]
    y, x = (np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.float32) for p in fine)
    squares = cv2.resize(cv2.multiply(fine[0], fine[0]), size, interpolation=cv2.INTER_AREA)
    spread = np.maximum(squares - y * y, 0).sum(axis=2)

    changed = (mask[:height, :width] > 0).view(np.uint8)
    here = cv2.resize(changed * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 0
    near = np.ones(whole.shape, np.float32)
    if here.any():
        away = cv2.distanceTransform((~here).view(np.uint8), cv2.DIST_L2, 3)
        reach = max(6.0, float(np.sqrt(np.count_nonzero(here))) / 2)
        near = 0.15 + 0.85 * np.exp(-away / reach)
    structure, alike = _structure(x, y, whole, NOISE * 8 / side)
    rows, columns = np.nonzero(whole)
    if rows.size > MAX_SAMPLES:
        chosen = np.random.default_rng(0).permutation(rows.size)[:MAX_SAMPLES]
        rows, columns = rows[chosen], columns[chosen]
    weight = (near * alike)[rows, columns] / (1 + spread[rows, columns] / 0.003)
    place = np.stack([columns, rows], axis=1) * (2.0 / max(size)) - 1
    cell = max(2, max(size) // 16)
    return Samples(
        x[rows, columns].astype(np.float64),
        y[rows, columns].astype(np.float64),
        weight.astype(np.float64),
        place,
        (rows // cell + columns // cell) % 2,
        structure,
    )


def _structure(x: Rgb, y: Rgb, whole: Flags, noise: float) -> tuple[float, Rgb]:
    """How far the two pictures show the same, whatever their colours.

    The correlation of the second derivatives of their brightness, once for all *whole* blocks
    (1 where nothing rises above the *noise*), and as a weight 0..1 around each block.
    """
    import cv2

    inner = cv2.erode(whole.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    brightness = np.full((1, 3), 1 / 3, np.float32)
    a, b = (cv2.Laplacian(cv2.transform(p, brightness), cv2.CV_32F) for p in (x, y))
    a[~inner] = 0
    b[~inner] = 0
    both, ours, theirs = (
        cv2.GaussianBlur(product, (0, 0), 2, borderType=cv2.BORDER_CONSTANT) + noise * noise
        for product in (a * b, b * b, a * a)
    )
    alike = np.clip(both / np.sqrt(ours * theirs) / ALIKE, 0.02, 1)
    if np.count_nonzero(inner) < MIN_BLOCKS:
        return 1.0, np.asarray(alike, np.float32)
    a, b = a[inner], b[inner]
    # Single strong edges must not decide alone.
    a, b = (np.clip(v, -4 * s, 4 * s) for v in (a, b) for s in [np.abs(v).mean() + 1e-9])
    power = (a * a).mean(), (b * b).mean()
    overall = 1.0 if min(power) < noise**2 else (a * b).mean() / np.sqrt(power[0] * power[1])
    return float(overall), np.asarray(alike, np.float32)
