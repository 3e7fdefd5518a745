"""Blending: no seam at the border of a selection, without touching a pixel outside it.

What source and picture still differ by just outside the border is diffused into the selection,
as a membrane held at the border would (overpaint.membrane). Unlike Poisson cloning it doubts
the border: differences that are large, or that average out, are not carried inside.
OpenCV is imported where it is used, so that a core process starts fast.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overpaint.fitting.evidence import Evidence, Outcome
from overpaint.geometry import Box, Extent
from overpaint.mask import Mask, bounds
from overpaint.membrane import BLOCK, diffused, enlarged, reduced

__all__ = ["Blended", "blend"]

Rgb = npt.NDArray[np.float32]
Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

RING = 8
"""How far outside the border source and picture are compared, in pixels."""
MIN_RING = 16
UNRELATED = 0.15
"""A border that typically differs by more than this says nothing about colours."""
LARGEST = 0.2
"""No tone is corrected by more than this."""
FADE = 0.5
"""How deep the correction reaches, as a share of the selection's greatest depth."""
MIN_FADE = 24.0
"""In pixels."""
INDEPENDENT = 12.0
"""How many differences near a place are independent of each other."""
CONTINUED = 3.5
"""How deep, in pixels, single differences at the border are carried inside."""
MIN_ALIKE = 0.1
"""Correlation of neighbouring differences below which they are noise."""
LEAN = 2
"""How deep, in pixels, noise is weighed against what lies outside."""
SETTLE = 5
"""How deep, in pixels, the source may show where the picture agrees with it up to noise."""


@dataclass(frozen=True, slots=True)
class Blended(Evidence):
    """What the border said.

    *ring*: how many pixels were compared. *difference*: their typical difference (median), in
    tones 0..1. *trusted*: the share of them that was carried inside, 0..1. *largest*: the
    greatest correction made.
    """

    ring: int = 0
    difference: float = 0.0
    trusted: float = 0.0
    largest: float = 0.0


def blend(sent: Rgb, picture: Rgb, mask: Mask, known: Flags) -> Outcome[Blended]:
    """Return *picture* so that what *mask* shows of it meets *sent* at the border.

    *sent* and *picture*: float32 (height, width, 3), 0..1, aligned, colours matched. *known*:
    bool (height, width), where both may be compared. Pixels that *mask* does not change are
    returned as they are in *picture*, bit for bit; so is all of it where the border does
    not differ.
    """
    box = bounds(mask)
    if box is None:
        return Outcome(picture, Blended(False, "Nothing is selected."))
    height, width = mask.shape
    window = box.grown(RING + BLOCK).intersection(Extent(width, height).box)
    assert window is not None  # the selection lies in the picture
    source, drawn = sent[window.slices], picture[window.slices]
    support = mask[window.slices] > 0
    ring = _ring(support, known[window.slices])
    count = int(np.count_nonzero(ring))
    if count < MIN_RING:
        return Outcome(picture, Blended(False, "Too few known pixels touch the selection.", count))
    difference = source - drawn
    if not difference[ring].any():
        return Outcome(
            picture, Blended(False, "The selection meets its surroundings already.", count)
        )
    at = difference[ring]
    length = np.sqrt(np.einsum("ij,ij->i", at, at) / 3)
    typical = float(np.median(length))
    if typical > UNRELATED:
        reason = "The picture shows something else around the selection."
        return Outcome(picture, Blended(False, reason, count, typical))
    correction, trusted = _membrane(at, length, typical, ring, support)
    smooth = enlarged(correction, support.shape)
    result = _corrected(drawn, smooth, support)
    left = difference - smooth
    result = _continued(left, result, ring, support)
    noise = float(np.median(np.sqrt(np.square(left[ring]).mean(axis=1))))
    result = _leaning(source, result, support, noise)
    result = _settled(source, result, support, window, mask, typical)
    whole = picture.copy()
    whole[window.slices] = result
    evidence = Blended(
        True,
        "What differed at the border was evened out inside the selection.",
        count,
        typical,
        trusted,
        float(np.abs(correction).max()),
    )
    return Outcome(whole, evidence)


def _ring(support: Flags, known: Flags) -> Flags:
    """The known pixels within RING of *support*."""
    import cv2

    side = 2 * RING + 1
    near = cv2.dilate(support.view(np.uint8), np.ones((side, side), np.uint8)) > 0
    return np.asarray(near & known & ~support)


def _membrane(
    at: Rgb, length: Plane, typical: float, ring: Flags, support: Flags
) -> tuple[Rgb, float]:
    """The correction on blocks, and how much of the ring was trusted.

    *at*: the differences on the *ring*, *length* theirs, *typical* the median of these.
    """
    import cv2

    doubt = min(max(4 * typical, 0.016), LARGEST)
    weight = np.square(1 / (1 + np.square(length / doubt)))
    sums = np.zeros((*ring.shape, 4), np.float32)
    sums[ring, :3] = at * weight[:, None]
    sums[ring, 3] = weight
    extra = np.zeros((*ring.shape, 2), np.float32)
    extra[ring, 0] = weight * np.square(length)
    extra[ring, 1] = 1
    sums, extra = diffused(reduced(sums)), diffused(reduced(extra))
    total = np.maximum(sums[..., 3], 1e-12)
    mean = sums[..., :3] / total[..., None]
    power = (mean * mean).mean(axis=2)
    # Differences that average out are noise and edges, not colours.
    variance = np.maximum(extra[..., 0] / total - power, 0)
    shrink = power / (power + variance / INDEPENDENT + 1e-12)
    trust = np.clip(2 * total / np.maximum(extra[..., 1], 1e-12) - 0.2, 0, 1)
    inside = reduced(support.astype(np.float32)) > 0
    depth = cv2.distanceTransform(np.pad(inside, 1).view(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    depth *= BLOCK
    reach = max(MIN_FADE, FADE * float(depth.max()))
    fade = 1 / (1 + np.square(depth / reach))
    correction = mean * (shrink * trust * fade)[..., None]
    correction = LARGEST * np.tanh(correction / LARGEST)
    return correction.astype(np.float32), float(weight.mean())


def _corrected(drawn: Rgb, smooth: Rgb, support: Flags) -> Rgb:
    import cv2

    result = cv2.add(drawn, smooth)
    np.clip(result, 0, 1, out=result)
    blended = drawn.copy()
    cv2.copyTo(result, support.view(np.uint8), blended)
    return blended


def _continued(left: Rgb, result: Rgb, ring: Flags, support: Flags) -> Rgb:
    """Carry what is *left* of the differences on the *ring* over the border, if only by a pixel.

    As far as neighbours on the ring differ alike: errors of JPEG do over two or three pixels, noise
    not at all. That is kriging with the correlation of an autoregressive process.
    """
    import cv2

    alike = _correlation(left, ring)
    if alike < MIN_ALIKE:
        return result
    distance, labels = cv2.distanceTransformWithLabels(
        (~ring).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    carried = np.zeros((int(labels.max()) + 1, 3), np.float32)
    length = np.sqrt(np.square(left[ring]).mean(axis=1))
    # What stands out is other content, not an error that goes on.
    doubt = 4 * float(np.median(length)) + 1e-6
    carried[labels[ring]] = left[ring] * np.square(1 / (1 + np.square(length / doubt)))[:, None]
    rows, columns = np.nonzero(support & (distance <= CONTINUED))
    share = np.float32(alike) ** distance[rows, columns]
    result[rows, columns] += carried[labels[rows, columns]] * share[:, None]
    return np.asarray(np.clip(result, 0, 1, out=result))


def _correlation(left: Rgb, ring: Flags) -> float:
    """Return how far neighbours on the *ring* differ alike, -1..1; single ones do not decide."""
    tall = float(np.median(np.abs(left[ring]))) * 4 + 1e-6
    both = total = 0.0
    for one, other in (
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[1:], np.s_[:-1]),
    ):
        pairs = ring[one] & ring[other]
        a, b = (np.clip(left[side][pairs], -tall, tall) for side in (one, other))
        both += float((a * b).sum())
        total += float((a * a).sum() + (b * b).sum()) / 2
    return both / total if total else 0.0


def _leaning(source: Rgb, result: Rgb, support: Flags, noise: float) -> Rgb:
    """Let the outermost pixels lean on those outside as far as *noise* leaves them in doubt.

    Each is weighed against the mean of its neighbours outside, by the noise of the one and the
    variance of the others (Wiener's shrinkage): smooth skies meet, texture and edges stay.
    """
    import cv2

    # One more all around: past the picture's border there is nothing to lean on.
    pad = LEAN + 1
    depth = cv2.distanceTransform(np.pad(support, pad, mode="edge").view(np.uint8), cv2.DIST_C, 3)
    rows, columns = (at + pad for at in np.nonzero(support & (depth[pad:-pad, pad:-pad] <= LEAN)))
    around = np.arange(-LEAN, LEAN + 1)
    at = (rows[:, None, None] + around[:, None], columns[:, None, None] + around)
    near = np.exp(-(around[:, None] ** 2 + around**2) / 2)
    weight = (near * (depth[at] == 0)).reshape(len(rows), -1).astype(np.float32)
    weight /= weight.sum(axis=1, keepdims=True) + np.float32(1e-6)
    padded = cv2.copyMakeBorder(source, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    values = padded[at].reshape(len(rows), -1, 3)
    mean = np.einsum("np,npc->nc", weight, values)
    square = np.einsum("np,npc,npc->n", weight, values, values) / 3
    deep = depth[rows, columns]
    variance = np.maximum(square - np.square(mean).mean(axis=1), 0) * 2 * deep + 1e-7
    rows, columns = rows - pad, columns - pad
    off = mean - result[rows, columns]
    far = np.square(off).mean(axis=1) / (variance + noise**2)
    share = noise**2 / (noise**2 + variance) / np.square(1 + far / 9)
    result[rows, columns] += share[:, None].astype(np.float32) * off
    return result


def _settled(
    source: Rgb, result: Rgb, support: Flags, window: Box, mask: Mask, typical: float
) -> Rgb:
    """Let the source show in the outermost pixels where *result* agrees with it up to noise.

    Noise that a model adds would otherwise end in a line. Where the content is new nothing changes.
    """
    import cv2

    inside = np.pad(support, SETTLE + 1, mode="edge").view(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_C, 3)
    depth = depth[SETTLE + 1 : -SETTLE - 1, SETTLE + 1 : -SETTLE - 1]
    hard = mask[window.slices] > 0
    rows, columns = np.nonzero((depth > 0) & (depth <= SETTLE) & hard)
    off = source - result
    square = cv2.blur(cv2.transform(off * off, np.full((1, 3), 1 / 3, np.float32)), (5, 5))
    noise = np.clip(typical, 1 / 255, 6 / 255)
    # All of it up to 1.5 times the noise, nothing from 2.5 times on.
    agree = np.clip(2.5 - np.sqrt(square[rows, columns]) / noise, 0, 1)
    share = agree * np.cos((depth[rows, columns] - 1) * (np.pi / 2 / SETTLE))
    result[rows, columns] += off[rows, columns] * share[:, None].astype(np.float32)
    return result
