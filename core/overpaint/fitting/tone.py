"""Matching colours: undo a model's recolouring, as seen on the known pixels around a selection.

Three steps, of which the later ones are used only where pixels that were held out say so:

1. one smooth curve per channel;
2. a 3x3 matrix that keeps neutral colours (saturation, hue);
3. a gain that varies slowly over the picture (vignettes, uneven casts).

Here is decided which of them to believe; `samples` says what is compared, `regression` how the
steps are fitted to it, `regrade` what they are.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting.evidence import Evidence, Outcome
from overpaint.fitting.regrade import TONES, Regrade, apply
from overpaint.fitting.regression import (
    ALL,
    STEPS,
    curves,
    joint,
    left_by,
    length_of,
    occupied,
    polished,
    regrade_of,
    simplest,
    solution,
    typical,
)
from overpaint.fitting.samples import MIN_BLOCKS, Samples, sample, unclipped
from overpaint.mask import Mask

__all__ = ["MIN_STRUCTURE", "Toned", "match"]

Rgb = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

FARTHEST = 0.3
"""A regrade moves no tone by more than this; what looks like more is other content."""
MIN_AGREEING = 0.3
"""The share of the ring that has to follow one regrade."""
MIN_STRUCTURE = 0.2
"""The correlation of fine structure below which two pictures do not show the same."""
MAX_PIXELS, MIN_PIXELS = 40_000, 100
VISIBLE = 1 / 255
PAYS = 0.95
"""To what share matching has to lower the error on blocks that it was not fitted to."""
PAYS_MORE = 0.85
"""And each further step: it has more ways to go wrong where nothing is known."""


@dataclass(frozen=True, slots=True)
class Toned(Evidence):
    """What the ring said about colours.

    *before* and *after*: the typical difference (median) between source and picture on known
    blocks that no curve was fitted to, in tones 0..1. *agreeing*: the share of known blocks,
    0..1, that follow the match. *structure*: the correlation of fine structure, -1..1 (1 where
    there is none to compare). *matrix*, *field*: whether the second and the third step were used.
    """

    blocks: int = 0
    before: float = 0.0
    after: float = 0.0
    agreeing: float = 0.0
    structure: float = 1.0
    matrix: bool = False
    field: bool = False


def match(sent: Rgb, picture: Rgb, known: Flags, mask: Mask) -> Outcome[Toned]:
    """Return *picture* with the colours of *sent*, as the *known* pixels tell.

    *sent* and *picture*: float32 (height, width, 3), sRGB-encoded, 0..1, aligned. *known*: bool
    (height, width), where both may be compared; pixels that *mask* changes are never used,
    those near it count most. The picture itself comes back, bit for bit, where it is as it was
    sent on all known pixels or the evidence is refused. Grey sources with grey pictures stay grey.
    """
    ring = known & (mask == 0)
    if not ring.any():
        return Outcome(picture, Toned(False, "No known pixels surround the selection."))
    if _same(sent, picture, ring):
        return Outcome(picture, Toned(False, "The colours around the selection are as sent."))
    samples = sample(sent, picture, ring, mask)
    if samples is None:
        return Outcome(picture, Toned(False, "Too few known pixels surround the selection."))
    regrade, evidence = _fit(samples)
    if not evidence.used:
        return Outcome(picture, evidence)
    regrade = _finished(regrade, sent, picture, ring)
    return Outcome(apply(regrade, picture, mask > 0), evidence)


def _finished(regrade: Regrade, sent: Rgb, picture: Rgb, ring: Flags) -> Regrade:
    """Return *regrade* with what only single pixels can tell: the last half tone, and the ends."""
    # An odd step meets all columns of what a model works on in squares of 8 or 16 pixels.
    step = int((np.count_nonzero(ring) / MAX_PIXELS) ** 0.5) // 2 * 2 + 1
    few = slice(step // 2, None, step)
    chosen = ring[few, few]
    x, y = (p[few, few][chosen].astype(np.float64) for p in (picture, sent))
    inside = unclipped(picture[few, few])[chosen]
    if np.count_nonzero(inside) > MIN_PIXELS and not regrade.field.any() and _plain(regrade):
        regrade = polished(regrade, x[inside], y[inside])
    ends = np.full((2, 3), np.nan)
    for c in range(3):
        for n, at in enumerate((x[:, c] < 0.5 / 255, x[:, c] > 254.5 / 255)):
            if np.count_nonzero(at) < MIN_PIXELS:
                continue
            was = float(np.median(y[at, c]))
            if abs(was - regrade.curves[c, -n]) > VISIBLE:
                ends[n, c] = was
    return replace(regrade, ends=ends)


def _plain(regrade: Regrade) -> bool:
    return np.array_equal(regrade.matrix, np.eye(3))


def _same(sent: Rgb, picture: Rgb, ring: Flags) -> bool:
    # A few pixels tell most pictures apart.
    for step in (16, 1):
        few = slice(None, None, step)
        chosen = ring[few, few]
        if not np.array_equal(sent[few, few][chosen], picture[few, few][chosen]):
            return False
    return True


def _fit(samples: Samples) -> tuple[Regrade, Toned]:
    regrade, weight, noise = curves(samples)
    evidence = Toned(False, "", blocks=len(samples.x), structure=samples.structure)
    if samples.structure < MIN_STRUCTURE:
        return regrade, replace(evidence, reason="The surroundings show something else.")
    # Grey pictures have no hue to mix and no cast to vary: curves alone keep them grey.
    grey = bool((samples.y == samples.y[:, :1]).all() or (samples.x == samples.x[:, :1]).all())
    systems, weight, noise = joint(samples, regrade, weight, noise, rounds=1 if grey else 3)
    fullest = [solution(systems, c, STEPS[0] if grey else ALL, None) for c in range(3)]
    left = left_by(samples, systems, fullest)
    agreeing = float((length_of(left) < max(4 * noise, 0.02)).mean())
    evidence = replace(evidence, agreeing=agreeing)
    if agreeing < MIN_AGREEING:
        return regrade, replace(evidence, reason="Too little of the surroundings stayed the same.")

    choices = STEPS[:1] if grey else STEPS
    errors = [0.0] * len(choices)
    before = 0.0
    for fold in (0, 1):
        test = samples.fold == fold
        if not MIN_BLOCKS // 4 <= np.count_nonzero(test) <= len(test) - MIN_BLOCKS // 4:
            return regrade, replace(evidence, reason="Too few known pixels surround the selection.")
        before += typical(length_of(samples.y - samples.x)[test], samples.weight[test]) / 2
        for n, choice in enumerate(choices):
            tried = [solution(systems, c, choice, 1 - fold) for c in range(3)]
            left = left_by(samples, systems, tried)[test]
            errors[n] += typical(length_of(left), samples.weight[test]) / 2
    best = 0
    for n in range(1, len(choices)):
        # Each further step has to pay.
        if errors[n] < PAYS_MORE * errors[best]:
            best = n
    matrix, field = bool(choices[best] & 2), bool(choices[best] & 4)
    evidence = replace(evidence, before=before, after=errors[best])
    if errors[best] > PAYS * before:
        return regrade, replace(evidence, reason="Matching colours would not bring them nearer.")
    family = simplest(systems, choices[best])
    regrade = regrade_of(
        [solution(systems, c, choices[best], None, family) for c in range(3)], family
    )
    tones = occupied(samples.x, weight)
    if np.abs(regrade.curves - TONES)[tones].max(initial=0) > FARTHEST:
        return regrade, replace(evidence, reason="The surroundings differ by more than a regrade.")
    reason = "The colours around the selection follow one regrade; it was undone."
    return regrade, replace(evidence, used=True, reason=reason, matrix=matrix, field=field)
