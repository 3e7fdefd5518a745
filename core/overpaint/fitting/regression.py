"""Regression of a regrade on samples: robust, linear least squares with Gaussian priors.

A curve is identity + gain + gamma + offset (the shapes of real regrades, so that tones which occur
only inside the selection are extrapolated sanely) + a cubic B-spline for what these leave over
(Eilers, Marx, "Flexible Smoothing with B-splines and Penalties", 1996, in its Bayesian reading).
Where a shape or two tell as much as all of this, they are all that is taken: the fewer, the surer
the tones that the surroundings do not show (MacKay, "Bayesian Interpolation", 1992).
Content that really changed is left out by weights that redescend while their scale shrinks (Geman,
McClure; graduated non-convexity: Yang, Antonante, Tzoumas, Carlone, "Graduated Non-Convexity for
Robust Spatial Perception", 2020).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.fitting.regrade import BINS, TONES, Regrade, field_basis
from overpaint.fitting.samples import Samples

__all__ = [
    "ALL",
    "STEPS",
    "Systems",
    "curves",
    "joint",
    "left_by",
    "length_of",
    "occupied",
    "polished",
    "regrade_of",
    "simplest",
    "solution",
    "typical",
]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

KNOTS = 20
# Standard deviations of the priors: offset, gain, gamma, and the gamma's second order.
PRIOR_SHAPES = (0.04, 0.2, 0.25, 0.04)
PRIOR_SPLINE = 0.03
"""Of the spline, in tones."""
PRIOR_BENDS = 0.004
"""Of the second differences of the spline's coefficients."""
PRIOR_MATRIX = 0.1
PRIOR_FIELD = 0.1
ROUNDING = 0.7 / 255
"""Pixels that typically differ by no more than this, differ by the rounding to 8 bits."""
CROWDING = 4.0
"""Neighbouring blocks err alike: so many count as one."""
STEP = 0.29 / 255
"""Standard deviation of rounding to 8 bits. All pixels of one tone are rounded alike: however many
there are of it, they say no more about a curve than one would."""

SHAPES = 4 + KNOTS
PARTS = SHAPES + 2 + 5
"""What one channel is explained by: the curve, the matrix, the field."""
STEPS = (1, 1 | 2, 1 | 4, 1 | 2 | 4)
"""Which parts to use, as bits: the curve 1, the matrix 2, the field 4."""
ALL = STEPS[-1]
OFFSET, GAIN, GAMMA, GAMMA_2 = range(4)
WHOLE_CURVE = tuple(range(SHAPES))
FAMILIES = (
    (GAIN,),
    (GAMMA, GAMMA_2),
    (GAIN, GAMMA, GAMMA_2),
    (OFFSET, GAIN),
    (OFFSET, GAIN, GAMMA, GAMMA_2),
    WHOLE_CURVE,
)
"""Of what a curve may be made, the most usual regrades first."""


def curves(samples: Samples) -> tuple[Regrade, Floats, float]:
    """The curves of *samples*, the weights that they ended with, and the noise that is left.

    Large differences are doubted gradually, so that a start far off does not decide.
    """
    step = samples.y - samples.x
    bins = _bins(samples.x)
    weight, scale, noise = samples.weight, 0.15, 0.01
    offsets = np.zeros((3, BINS))
    for n in range(14):
        for c in range(3):
            amount = np.bincount(bins[:, c], weight, BINS).astype(np.float64)
            toward = np.bincount(bins[:, c], weight * step[:, c], BINS).astype(np.float64)
            offsets[c] = _solve(amount, toward, noise, WHOLE_CURVE[:4] if n < 4 else WHOLE_CURVE)
        left = np.stack([step[:, c] - offsets[c][bins[:, c]] for c in range(3)], axis=1)
        length = length_of(left)
        noise = max(1e-4, _spread(length, weight))
        scale = max(3 * noise, 0.002, scale * 0.7)
        weight = samples.weight * (scale**2 / (scale**2 + length**2)) ** 2
    curves = np.clip(np.maximum.accumulate(TONES + offsets, axis=1), 0, 1)
    return Regrade(curves, np.eye(3), np.zeros((5, 3)), WHOLE_CURVE), weight, noise


def _solve(amount: Floats, toward: Floats, noise: float, family: tuple[int, ...]) -> Floats:
    """The most probable offsets of all tones, from the weight and the weighted sum of each bin."""
    basis, prior = _BASIS[:, family], _PRIOR[np.ix_(family, family)]
    trust = _trust(amount, noise)
    system = _products(basis * (amount * trust)[:, None], basis) + prior
    aim = np.einsum("ni,n->i", basis, toward * trust)
    return np.asarray(np.einsum("ni,i->n", basis, np.linalg.solve(system, aim)))


def _trust(amount: Floats, noise: float) -> Floats:
    """How far each unit of weight in a bin counts, where all in it add up to *amount*."""
    in_tone = amount * (BINS / 256)  # a tone of 8 bits fills several bins
    return np.asarray(1 / (CROWDING * noise**2 + in_tone * STEP**2))


def polished(regrade: Regrade, x: Floats, y: Floats) -> Regrade:
    """Return *regrade* with curves that fit the pixels *x* to *y* (n, 3) to the last.

    Only where what is left is no more than rounding: noise in *x* would flatten the curves. There
    it makes up for what means over blocks blur of a bent curve.
    """
    # A few pixels tell most pictures apart.
    for some in (slice(None, None, 16), slice(None)):
        left = y[some] - regrade.curved(x[some])
        length = length_of(left)
        noise = float(np.median(length)) * 1.1
        if noise > ROUNDING:
            return regrade
    weight = np.square(1 / (1 + np.square(length / (3 * noise + 1e-4))))
    bins = _bins(x)
    curves = np.empty_like(regrade.curves)
    for c in range(3):
        amount = np.bincount(bins[:, c], weight, BINS).astype(np.float64)
        toward = np.bincount(bins[:, c], weight * left[:, c], BINS).astype(np.float64)
        curves[c] = regrade.curves[c] + _solve(amount, toward, max(noise, 1e-4), regrade.family)
    return replace(regrade, curves=np.clip(np.maximum.accumulate(curves, axis=1), 0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Systems:
    """Least squares of all steps together, linear around the last solution.

    *columns*: for each channel (n, PARTS); *squares*, *aims*: for each fold and channel, what
    the normal equations add up to.
    """

    columns: list[Floats]
    squares: Floats
    aims: Floats


def joint(
    samples: Samples, start: Regrade, weight: Floats, noise: float, *, rounds: int
) -> tuple[Systems, Floats, float]:
    """The systems of *samples* after *rounds* of weighting and linearising anew."""
    bins = _bins(samples.x)
    shapes = field_basis(samples.place)
    moved = samples.y - samples.x
    regrade = start
    tones = [_BASIS[bins[:, c]] for c in range(3)]
    order = np.argsort(samples.fold, kind="stable")
    first = int(np.count_nonzero(samples.fold == 0))
    halves = order[:first], order[first:]
    while True:
        toned = regrade.curved(samples.x)
        mixed = toned @ regrade.matrix.T
        columns = []
        squares, aims = np.zeros((2, 3, PARTS, PARTS)), np.zeros((2, 3, PARTS))
        for c in range(3):
            amount = np.bincount(bins[:, c], weight, BINS).astype(np.float64)
            trust = weight * _trust(amount, noise)[bins[:, c]]
            others = [n for n in range(3) if n != c]
            hues = toned[:, others] - toned[:, c : c + 1]
            column = np.concatenate([tones[c], hues, shapes * mixed[:, c : c + 1]], axis=1)
            columns.append(column)
            for part, half in enumerate(halves):
                here = np.column_stack([column[half], moved[half, c]])
                sums = _products(here[:, :-1] * trust[half, None], here)
                squares[part, c], aims[part, c] = sums[:, :-1], sums[:, -1]
        systems = Systems(columns, squares, aims)
        rounds -= 1
        if rounds < 1:
            return systems, weight, noise
        solutions = [solution(systems, c, ALL, None) for c in range(3)]
        length = length_of(left_by(samples, systems, solutions))
        noise = max(1e-4, _spread(length, weight))
        scale = max(3 * noise, 0.002)
        weight = samples.weight * (scale**2 / (scale**2 + length**2)) ** 2
        regrade = regrade_of(solutions)


def solution(
    systems: Systems,
    channel: int,
    steps: int,
    fold: int | None,
    family: tuple[int, ...] = WHOLE_CURVE,
) -> Floats:
    """What *channel* needs, (PARTS,), by some *steps* only, from one *fold* or from both."""
    part = slice(None) if fold is None else slice(fold, fold + 1)
    used = _used(steps, family)
    square = systems.squares[part, channel].sum(axis=0)[np.ix_(used, used)]
    aim = systems.aims[part, channel].sum(axis=0)[used]
    result = np.zeros(PARTS)
    result[used] = np.linalg.solve(square + _PRIOR[np.ix_(used, used)], aim)
    return result


def simplest(systems: Systems, steps: int) -> tuple[int, ...]:
    """Return the family of curves that all channels speak for most, beside the other *steps*.

    By the evidence for each: how well it fits, less what it could have fitted besides.
    """

    def evidence(family: tuple[int, ...]) -> float:
        used = _used(steps, family)
        prior = _PRIOR[np.ix_(used, used)]
        total = 0.0
        for c in range(3):
            aim = systems.aims[:, c].sum(axis=0)[used]
            both = systems.squares[:, c].sum(axis=0)[np.ix_(used, used)] + prior
            total += float(aim @ np.linalg.solve(both, aim))
            total += float(np.linalg.slogdet(prior)[1] - np.linalg.slogdet(both)[1])
        return total

    return max(FAMILIES, key=evidence)


def _used(steps: int, family: tuple[int, ...]) -> npt.NDArray[np.intp]:
    others = [n for n in range(SHAPES, PARTS) if steps & _BITS[n]]
    return np.array([*family, *others], np.intp)


def left_by(samples: Samples, systems: Systems, solutions: list[Floats]) -> Floats:
    done = [np.einsum("ni,i->n", systems.columns[c], solutions[c]) for c in range(3)]
    return np.asarray(samples.y - samples.x - np.stack(done, axis=1))


def regrade_of(solutions: list[Floats], family: tuple[int, ...] = WHOLE_CURVE) -> Regrade:
    """Return as a value what all channels need, in curves of *family*."""
    curves = np.stack([TONES + _BASIS @ one[:SHAPES] for one in solutions])
    matrix = np.eye(3)
    for c, one in enumerate(solutions):
        mix = one[SHAPES : SHAPES + 2]
        matrix[c, [n for n in range(3) if n != c]] = mix
        matrix[c, c] -= mix.sum()
    field = np.stack([one[SHAPES + 2 :] for one in solutions], axis=1)
    return Regrade(np.clip(np.maximum.accumulate(curves, axis=1), 0, 1), matrix, field, family)


def typical(length: Floats, weight: Floats) -> float:
    """Return the weighted median of lengths."""
    order = np.argsort(length)
    total = np.cumsum(weight[order])
    return float(length[order[np.searchsorted(total, total[-1] / 2)]])


def length_of(left: Floats) -> Floats:
    """Return the lengths of the rows of *left*, in tones a channel."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", left, left) / 3))


def _spread(length: Floats, weight: Floats) -> float:
    """Return a robust standard deviation per channel of what has these lengths."""
    return typical(length, weight) * 1.1


def occupied(x: Floats, weight: Floats) -> Flags:
    """Which bins of each channel hold tones that count: bool (3, BINS)."""
    result = np.zeros((3, BINS), np.bool_)
    for c in range(3):
        low, high = np.quantile(x[weight > weight.max() * 0.01, c], [0.01, 0.99])
        result[c] = (low <= TONES) & (high >= TONES)
    return result


def _bins(x: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.rint(x * (BINS - 1)), 0, BINS - 1).astype(np.intp)


def _products(a: Floats, b: Floats) -> Floats:
    """Return a.T @ b, in pieces so small that BLAS stays in this thread.

    Waking its others costs more than they save, and a hundred times as much on a busy machine.
    """
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), 256):
        total += a[start : start + 256].T @ b[start : start + 256]
    return total


def _basis() -> tuple[Floats, Floats]:
    """The shapes of a curve over BINS tones (BINS, SHAPES), and the precision of all priors."""
    logs = np.log(np.maximum(TONES, 1e-6))
    shapes = np.stack([np.ones(BINS), TONES, TONES * logs, TONES * logs**2], axis=1)
    distance = np.abs(TONES[:, None] * (KNOTS - 3) - (np.arange(KNOTS) - 1))
    splines = np.where(
        distance < 1,
        2 / 3 - distance**2 + distance**3 / 2,
        np.where(distance < 2, (2 - distance) ** 3 / 6, 0),
    )
    bends = np.diff(np.eye(KNOTS), 2, axis=0)
    prior = np.zeros((PARTS, PARTS))
    prior[:4, :4] = np.diag(1 / np.square(PRIOR_SHAPES))
    prior[4:SHAPES, 4:SHAPES] = np.eye(KNOTS) / PRIOR_SPLINE**2 + bends.T @ bends / PRIOR_BENDS**2
    later = [PRIOR_MATRIX] * 2 + [PRIOR_FIELD] * 5
    prior[SHAPES:, SHAPES:] = np.diag(1 / np.square(later))
    return np.concatenate([shapes, splines], axis=1), prior


_BASIS, _PRIOR = _basis()
_BITS = [1] * SHAPES + [2] * 2 + [4] * 5
