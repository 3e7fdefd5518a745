"""Matching grain: a picture gets the noise that it lacks, and loses what its source has not.

Noise is measured on the smoothest known blocks by their power spectra, so that correlated
grain (film, demosaicing, JPEG, enlarging) is told from white noise; what the picture lacks of
each frequency is added inside the selection; `quiet` takes away what is too much.
OpenCV is imported where it is used, so that a core process starts fast.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting.evidence import Evidence, Outcome
from overpaint.fitting.quiet import SIDE, quieted
from overpaint.geometry import Box, Extent
from overpaint.mask import Mask, bounds

__all__ = ["Grained", "match_grain"]

Rgb = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SIDES = (16, 8)
"""Blocks whose noise is measured, in pixels; the smaller ones where few of the larger fit."""
MIN_BLOCKS = 12
MAX_BLOCKS = 160
SMOOTHEST = 0.3
"""The share of the known blocks that counts as smooth."""
LEAST = 0.5 / 255
"""Missing noise below this standard deviation is not visible."""
LEAST_SHARE = 0.25
"""Missing noise below this share of the source's variance is a matter of measuring."""
NEARLY = 0.9
"""What is added brings the noise's standard deviation to this share of the source's: nobody sees
the rest, and all that is added is error as well."""
MOST = 12 / 255
"""What is stronger than this is texture, not grain."""
TILE = 384
KERNEL = 7
LEVELS = 6


@dataclass(frozen=True, slots=True)
class Grained(Evidence):
    """What smooth known blocks said, and how many *blocks* these were.

    *sent*, *picture*: the noise's standard deviation in source and picture over all channels,
    and what was *added*, in tones 0..1; below 0 what was taken away.
    """

    blocks: int = 0
    sent: float = 0.0
    picture: float = 0.0
    added: float = 0.0


def match_grain(sent: Rgb, picture: Rgb, known: Flags, mask: Mask, seed: int) -> Outcome[Grained]:
    """Return *picture* as noisy as *sent* where *mask* changes it.

    Noise that it lacks is added, noise that it has beyond the source's taken away.
    *sent* and *picture*: float32 (height, width, 3), 0..1, aligned, colours matched. *known*:
    bool (height, width), where both may be compared. The same seed gives the same grain; grey
    pictures stay grey; what *mask* does not change is returned as it is.
    """
    box = bounds(mask)
    if box is None:
        return Outcome(picture, Grained(False, "Nothing is selected."))
    found = _blocks(sent, picture, known & (mask == 0))
    if found is None:
        return Outcome(picture, Grained(False, "No smooth known area shows the grain."))
    ours, theirs = found
    count = len(ours)
    grey = bool((ours == ours[:, :1]).all()) or bool((theirs == theirs[:, :1]).all())
    spectrum_ours, spectrum_theirs = _spectra(ours), _spectra(theirs)
    high = _radius(ours.shape[-1]) >= 3 * ours.shape[-1] / 16
    energy_ours = spectrum_ours[:, high].mean(axis=1)
    energy_theirs = spectrum_theirs[:, high].mean(axis=1)
    was, now = float(np.median(energy_ours)), float(np.median(energy_theirs))
    evidence = Grained(False, "", count, was**0.5, now**0.5)
    missing = was - now
    if -missing > max(LEAST**2, LEAST_SHARE * now) and (energy_theirs > energy_ours).mean() > 0.8:
        if now > MOST**2:
            reason = "Nothing around the selection is smooth."
            return Outcome(picture, replace(evidence, reason=reason))
        return Outcome(
            _changed(picture, _quieted_in(box, picture, now, was), mask, box),
            replace(
                evidence,
                used=True,
                reason="The picture was noisier than its source; the added noise was taken away.",
                added=-((-missing) ** 0.5),
            ),
        )
    if missing < max(LEAST**2, LEAST_SHARE * was) or (energy_ours > energy_theirs).mean() < 0.8:
        reason = "The picture has the grain of its source."
        return Outcome(picture, replace(evidence, reason=reason))
    if was > MOST**2:
        reason = "Nothing around the selection is smooth."
        return Outcome(picture, replace(evidence, reason=reason))

    kernel, total = _kernel(spectrum_ours, spectrum_theirs, ours.shape[-1])
    total *= max(0.0, NEARLY**2 * was - now) / missing
    mix = _mix(ours, theirs, total, grey=grey)
    levels = _levels(theirs, energy_ours - energy_theirs, missing)
    noise = _noise(kernel, mix, (box.height, box.width), seed)
    before = picture[box.slices]
    noise *= _strength(before, levels)[..., None]
    noise += before
    return Outcome(
        _changed(picture, noise, mask, box),
        replace(
            evidence,
            used=True,
            reason="The picture was cleaner than its source; the missing grain was added.",
            added=total**0.5,
        ),
    )


def _quieted_in(box: Box, picture: Rgb, now: float, wanted: float) -> Rgb:
    """Return what *box* of *picture* is when it is quiet; only what it needs is worked on."""
    height, width = picture.shape[:2]
    window = box.grown(SIDE).intersection(Extent(width, height).box)
    assert window is not None  # the selection lies in the picture
    inside = box.moved(-window.x, -window.y)
    return quieted(picture[window.slices], now, wanted)[inside.slices]


def _changed(picture: Rgb, other: Rgb, mask: Mask, box: Box) -> Rgb:
    """Return *picture* with *other*, which shows *box* alone, where *mask* changes it."""
    import cv2

    result = picture.copy()
    here = picture[box.slices].copy()
    cv2.copyTo(np.clip(other, 0, 1), mask[box.slices], here)
    result[box.slices] = here
    return result


def _blocks(sent: Rgb, picture: Rgb, ring: Flags) -> tuple[Rgb, Rgb] | None:
    """The smoothest blocks of *ring*, the same of both: float32 (n, 3, side, side)."""
    import cv2

    area = cv2.INTER_AREA
    for side in SIDES:
        height, width = (length // side * side for length in ring.shape)
        if not (height and width):
            continue
        size = (width // side, height // side)
        part = ring[:height, :width].view(np.uint8) * np.uint8(255)
        usable = cv2.resize(part, size, interpolation=area) == 255
        rough = np.zeros(usable.shape, np.float32)
        for one in (sent, picture):
            fine = (size[0] * 4, size[1] * 4)
            quarters = cv2.resize(one[:height, :width], fine, interpolation=area)
            mean = cv2.resize(quarters, size, interpolation=area)
            squares = cv2.resize(quarters * quarters, size, interpolation=area)
            rough += np.maximum(squares - mean * mean, 0).sum(axis=2)
            # Clipped tones have no noise.
            usable &= (mean.min(axis=2) > 0.02) & (mean.max(axis=2) < 0.98)
        rows, columns = np.nonzero(usable)
        keep = min(MAX_BLOCKS, int(SMOOTHEST * len(rows)))
        if keep < MIN_BLOCKS:
            continue
        order = np.argsort(rough[rows, columns], kind="stable")[:keep]
        at = list(zip(rows[order] * side, columns[order] * side, strict=True))
        ours, theirs = (
            np.stack([one[y : y + side, x : x + side].transpose(2, 0, 1) for y, x in at])
            for one in (sent, picture)
        )
        return ours, theirs
    return None


def _levelled(blocks: Rgb) -> Rgb:
    """*blocks* without their means and slopes."""
    side = blocks.shape[-1]
    ramp = (np.arange(side) - (side - 1) / 2) / np.sqrt((side**2 - 1) / 12)
    across = np.tile(ramp, side)
    shapes = np.stack([np.ones(side * side), across, across.reshape(side, side).T.ravel()])
    shapes = shapes.astype(np.float32) / side
    flat = blocks.reshape(-1, side * side)
    return np.asarray((flat - (flat @ shapes.T) @ shapes).reshape(blocks.shape), np.float32)


def _spectra(blocks: Rgb) -> Rgb:
    """Power over frequency, averaged over the channels: (n, side, side).

    In variance a pixel: white noise of variance v gives v everywhere.
    """
    side = blocks.shape[-1]
    line = np.hanning(side + 2)[1:-1]
    window = line[:, None] * line[None, :]
    window /= np.sqrt(np.square(window).sum())
    waves = np.fft.fft2(_levelled(blocks) * window.astype(np.float32))
    return np.asarray((np.square(waves.real) + np.square(waves.imag)).mean(axis=1), np.float32)


def _radius(side: int) -> Floats:
    """The frequency of each coefficient, in cycles a block."""
    frequency = np.fft.fftfreq(side) * side
    return np.asarray(np.hypot(frequency[:, None], frequency[None, :]))


def _kernel(ours: Rgb, theirs: Rgb, side: int) -> tuple[Rgb, float]:
    """A kernel that gives white noise the missing spectrum, at unit variance, and its variance."""
    radius = np.rint(_radius(side)).astype(np.intp)
    excess = np.zeros(radius.max() + 1)
    for ring in range(len(excess)):
        at = radius == ring
        was, now = (np.median(one[:, at].mean(axis=1)) for one in (ours, theirs))
        excess[ring] = max(was - now, 0)
    # The lowest frequencies hold the picture itself, however smooth.
    first = max(2, 3 * side // 16)
    excess[:first] = excess[first]
    amplitude = np.sqrt(excess[radius])
    kernel = np.fft.fftshift(np.fft.ifft2(amplitude).real)
    middle, half = side // 2, KERNEL // 2
    kernel = kernel[middle - half : middle + half + 1, middle - half : middle + half + 1]
    kernel /= np.sqrt(np.square(kernel).sum())
    return np.asarray(kernel, np.float32), float(excess[radius].mean())


def _mix(ours: Rgb, theirs: Rgb, missing: float, *, grey: bool) -> Rgb:
    """The matrix (3, 3) that gives white noise the missing covariance of the channels."""
    if grey:
        # Only the first channel is drawn from, so that all three are the same to the bit.
        only = np.zeros((3, 3), np.float32)
        only[:, 0] = missing**0.5
        return only
    lacking = np.zeros((3, 3))
    for blocks, sign in ((ours, 1), (theirs, -1)):
        fine = _levelled(blocks)
        fine = fine[..., 1:, 1:] - fine[..., :-1, 1:] - fine[..., 1:, :-1] + fine[..., :-1, :-1]
        flat = fine.reshape(len(fine), 3, -1)
        each = flat @ flat.transpose(0, 2, 1)
        lacking += sign * np.median(each, axis=0)
    values, vectors = np.linalg.eigh(lacking)
    values = np.maximum(values, 0)
    scale = 3 * missing / max(float(values.sum()), 1e-20)
    return np.asarray(vectors * np.sqrt(values * scale), np.float32)


def _levels(blocks: Rgb, lacking: Floats, missing: float) -> Floats:
    """How strong the missing noise is at LEVELS brightnesses, against its typical strength."""
    brightness = blocks.mean(axis=(1, 2, 3))
    result = np.ones(LEVELS)
    for n, centre in enumerate(np.linspace(0, 1, LEVELS)):
        near = np.maximum(0, 1 - np.abs(brightness - centre) * (LEVELS - 1))
        variance = (near * np.clip(lacking, 0, 4 * missing)).sum() + MIN_BLOCKS * missing
        result[n] = np.sqrt(variance / (near.sum() + MIN_BLOCKS) / missing)
    return result


def _noise(kernel: Rgb, mix: Rgb, shape: tuple[int, int], seed: int) -> Rgb:
    """Grain of *shape*, seeded; a tile that repeats every TILE pixels."""
    import cv2

    rows, columns = min(TILE, shape[0]), min(TILE, shape[1])
    rng = np.random.Generator(np.random.SFC64(seed))
    white = rng.standard_normal((rows, columns, 3), dtype=np.float32)
    half = KERNEL // 2
    padded = cv2.copyMakeBorder(white, half, half, half, half, cv2.BORDER_WRAP)
    grain = cv2.filter2D(padded, -1, kernel)[half:-half, half:-half]
    grain = cv2.transform(grain, mix)
    if (rows, columns) != shape:
        grain = np.tile(grain, (-(-shape[0] // rows), -(-shape[1] // columns), 1))
    return np.ascontiguousarray(grain[: shape[0], : shape[1]], np.float32)


def _strength(picture: Rgb, levels: Floats) -> Rgb:
    """The strength of grain at each pixel, from the brightness around it: (height, width)."""
    import cv2

    height, width = picture.shape[:2]
    size = (max(1, width // 4), max(1, height // 4))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).mean(axis=2)
    strength = np.interp(small, np.linspace(0, 1, LEVELS), levels).astype(np.float32)
    return np.asarray(
        cv2.resize(strength, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
