"""Matching colours: undo a model's recolouring, as seen on the known pixels around a selection.

Three steps, of which the later ones are used only where pixels that were held out say so:

1. one smooth curve per channel: identity + gain + gamma + offset (the shapes of real regrades,
   so that tones which occur only inside the selection are extrapolated sanely) + a cubic
   B-spline for what these leave over, all with Gaussian priors (Eilers, Marx, "Flexible
   Smoothing with B-splines and Penalties", 1996, in its Bayesian reading);
2. a 3x3 matrix that keeps neutral colours (saturation, hue);
3. a gain that varies slowly over the picture (vignettes, uneven casts).

Fitted on means of small blocks, not on pixels: noise and JPEG in the picture would otherwise
flatten every slope (errors in variables). Content that really changed is left out by weights
that redescend while their scale shrinks (Geman, McClure; graduated non-convexity: Yang, Antonante,
Tzoumas, Carlone, "Graduated Non-Convexity for Robust Spatial Perception", 2020).
OpenCV is imported where it is used, so that a core process starts fast.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overpaint.mask import Mask

__all__ = ["Evidence", "Toned", "match"]

Rgb = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MIN_BLOCKS = 48
"""Fewer known blocks than this are no evidence."""
MAX_SAMPLES = 4096
FARTHEST = 0.3
"""A regrade moves no tone by more than this; what looks like more is other content."""
MIN_AGREEING = 0.3
"""The share of the ring that has to follow one regrade."""
MIN_STRUCTURE = 0.2
"""The correlation of fine structure below which two pictures do not show the same."""
ALIKE = 0.7
"""The same, around a block, below which it counts for less."""
NOISE = 0.006
"""What noise adds to the second derivatives of blocks of 8 pixels, in tones."""

BINS = 512
KNOTS = 20
# Standard deviations of the priors: offset, gain, gamma, and the gamma's second order.
PRIOR_SHAPES = (0.04, 0.2, 0.25, 0.04)
PRIOR_SPLINE = 0.03
"""Of the spline, in tones."""
PRIOR_BENDS = 0.004
"""Of the second differences of the spline's coefficients."""
PRIOR_MATRIX = 0.1
PRIOR_FIELD = 0.1
CROWDING = 4.0
"""Neighbouring blocks err alike: so many count as one."""
PAYS = 0.95
"""To what share matching has to lower the error on blocks that it was not fitted to."""
PAYS_MORE = 0.85
"""And each further step: it has more ways to go wrong where nothing is known."""

SHAPES = 4 + KNOTS
PARTS = SHAPES + 2 + 5
"""What one channel is explained by: the curve, the matrix, the field."""
STEPS = (1, 1 | 2, 1 | 4, 1 | 2 | 4)
ALL = STEPS[-1]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ring said about colours.

    *before* and *after*: the typical difference (median) between source and picture on known
    blocks that no curve was fitted to, in tones 0..1. *agreeing*: the share of known blocks,
    0..1, that follow the match. *structure*: the correlation of fine structure, -1..1 (1 where
    there is none to compare). *matrix*, *field*: whether the second and the third step were used.
    """

    used: bool
    reason: str
    blocks: int = 0
    before: float = 0.0
    after: float = 0.0
    agreeing: float = 0.0
    structure: float = 1.0
    matrix: bool = False
    field: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Toned:
    """A picture after its colours were matched (float32, 0..1), and why that was done or not."""

    picture: Rgb
    evidence: Evidence


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Block means: *x* of the picture, *y* of the source (n, 3); *weight* (n,).

    *place* (n, 2) in -1..1; *fold* (n,) 0 or 1, a chequerboard of larger cells.
    """

    x: Floats
    y: Floats
    weight: Floats
    place: Floats
    fold: npt.NDArray[np.intp]
    structure: float


@dataclass(frozen=True, slots=True, eq=False)
class _Regrade:
    """The inverse of a regrade: *curves* (3, BINS) over 0..1, *matrix* (3, 3), *field* (5, 3)."""

    curves: Floats
    matrix: Floats
    field: Floats

    def curved(self, x: Floats) -> Floats:
        return np.stack([np.interp(x[:, c], _TONES, self.curves[c]) for c in range(3)], axis=1)

    def __call__(self, x: Floats, place: Floats) -> Floats:
        return (self.curved(x) @ self.matrix.T) * (1 + _field_basis(place) @ self.field)


def match(sent: Rgb, picture: Rgb, known: Flags, mask: Mask) -> Toned:
    """Return *picture* with the colours of *sent*, as the *known* pixels tell.

    *sent* and *picture*: float32 (height, width, 3), sRGB-encoded, 0..1, aligned. *known*: bool
    (height, width), where both may be compared; pixels that *mask* changes are never used,
    those near it count most. The picture itself comes back, bit for bit, where it is as it was
    sent on all known pixels or the evidence is refused. Grey sources with grey pictures stay grey.
    """
    ring = known & (mask == 0)
    if not ring.any():
        return Toned(picture, Evidence(False, "No known pixels surround the selection."))
    if _same(sent, picture, ring):
        return Toned(picture, Evidence(False, "The colours around the selection are as sent."))
    samples = _sample(sent, picture, ring, mask)
    if samples is None:
        return Toned(picture, Evidence(False, "Too few known pixels surround the selection."))
    regrade, evidence = _fit(samples)
    if not evidence.used:
        return Toned(picture, evidence)
    return Toned(_apply(regrade, picture), evidence)


def _same(sent: Rgb, picture: Rgb, ring: Flags) -> bool:
    # A few pixels tell most pictures apart.
    for step in (16, 1):
        few = slice(None, None, step)
        chosen = ring[few, few]
        if not np.array_equal(sent[few, few][chosen], picture[few, few][chosen]):
            return False
    return True


def _sample(sent: Rgb, picture: Rgb, ring: Flags, mask: Mask) -> _Samples | None:
    """Means over blocks that lie in *ring* altogether; None where there are too few."""
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
    return _Samples(
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


def _fit(samples: _Samples) -> tuple[_Regrade, Evidence]:
    regrade, weight, noise = _curves(samples)
    evidence = Evidence(False, "", blocks=len(samples.x), structure=samples.structure)
    if samples.structure < MIN_STRUCTURE:
        return regrade, replace(evidence, reason="The surroundings show something else.")
    # Grey pictures have no hue to mix and no cast to vary: curves alone keep them grey.
    grey = bool((samples.y == samples.y[:, :1]).all() or (samples.x == samples.x[:, :1]).all())
    systems, weight, noise = _joint(samples, regrade, weight, noise, rounds=1 if grey else 3)
    fullest = [_solution(systems, c, STEPS[0] if grey else ALL, None) for c in range(3)]
    left = _left(samples, systems, fullest)
    agreeing = float((_length(left) < max(4 * noise, 0.02)).mean())
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
        before += _typical((samples.y - samples.x)[test], samples.weight[test]) / 2
        for n, choice in enumerate(choices):
            tried = [_solution(systems, c, choice, 1 - fold) for c in range(3)]
            left = _left(samples, systems, tried)[test]
            errors[n] += _typical(left, samples.weight[test]) / 2
    best = 0
    for n in range(1, len(choices)):
        # Each further step has to pay.
        if errors[n] < PAYS_MORE * errors[best]:
            best = n
    matrix, field = bool(choices[best] & 2), bool(choices[best] & 4)
    evidence = replace(evidence, before=before, after=errors[best])
    if errors[best] > PAYS * before:
        return regrade, replace(evidence, reason="Matching colours would not bring them nearer.")
    regrade = _regrade([_solution(systems, c, choices[best], None) for c in range(3)])
    tones = _occupied(samples.x, weight)
    if np.abs(regrade.curves - _TONES)[tones].max(initial=0) > FARTHEST:
        return regrade, replace(evidence, reason="The surroundings differ by more than a regrade.")
    reason = "The colours around the selection follow one regrade; it was undone."
    return regrade, replace(evidence, used=True, reason=reason, matrix=matrix, field=field)


@dataclass(frozen=True, slots=True, eq=False)
class _Systems:
    """Least squares of all steps together, linear around the last solution.

    *columns*: for each channel (n, PARTS); *squares*, *aims*: for each fold and channel, what
    the normal equations add up to.
    """

    columns: list[Floats]
    squares: Floats
    aims: Floats


def _joint(
    samples: _Samples, start: _Regrade, weight: Floats, noise: float, *, rounds: int
) -> tuple[_Systems, Floats, float]:
    """The systems of *samples* after *rounds* of weighting and linearising anew."""
    bins = _bins(samples.x)
    shapes = _field_basis(samples.place)
    moved = samples.y - samples.x
    regrade = start
    tones = [_BASIS[bins[:, c]] for c in range(3)]
    fold = samples.fold.astype(bool)
    while True:
        toned = regrade.curved(samples.x)
        mixed = toned @ regrade.matrix.T
        trust = weight / (CROWDING * noise**2)
        columns = []
        squares, aims = np.zeros((2, 3, PARTS, PARTS)), np.zeros((2, 3, PARTS))
        for c in range(3):
            others = [n for n in range(3) if n != c]
            hues = toned[:, others] - toned[:, c : c + 1]
            column = np.concatenate([tones[c], hues, shapes * mixed[:, c : c + 1]], axis=1)
            columns.append(column)
            for part in (0, 1):
                here = column[fold == part]
                left = here * trust[fold == part, None]
                squares[part, c] = _products(left, here)
                aims[part, c] = np.einsum("ni,n->i", left, moved[fold == part, c])
        systems = _Systems(columns, squares, aims)
        rounds -= 1
        if rounds < 1:
            return systems, weight, noise
        solutions = [_solution(systems, c, ALL, None) for c in range(3)]
        length = _length(_left(samples, systems, solutions))
        noise = max(1e-4, _spread(length, weight))
        scale = max(3 * noise, 0.002)
        weight = samples.weight * (scale**2 / (scale**2 + length**2)) ** 2
        regrade = _regrade(solutions)


def _solution(systems: _Systems, channel: int, steps: int, fold: int | None) -> Floats:
    """What *channel* needs, (PARTS,), by some *steps* only, from one *fold* or from both."""
    part = slice(None) if fold is None else slice(fold, fold + 1)
    used = np.flatnonzero([bool(steps & bit) for bit in _BITS])
    square = systems.squares[part, channel].sum(axis=0)[np.ix_(used, used)]
    aim = systems.aims[part, channel].sum(axis=0)[used]
    result = np.zeros(PARTS)
    result[used] = np.linalg.solve(square + _PRIOR[np.ix_(used, used)], aim)
    return result


def _left(samples: _Samples, systems: _Systems, solutions: list[Floats]) -> Floats:
    done = [np.einsum("ni,i->n", systems.columns[c], solutions[c]) for c in range(3)]
    return np.asarray(samples.y - samples.x - np.stack(done, axis=1))


def _regrade(solutions: list[Floats]) -> _Regrade:
    curves = np.stack([_TONES + _BASIS @ one[:SHAPES] for one in solutions])
    matrix = np.eye(3)
    for c, one in enumerate(solutions):
        mix = one[SHAPES : SHAPES + 2]
        matrix[c, [n for n in range(3) if n != c]] = mix
        matrix[c, c] -= mix.sum()
    field = np.stack([one[SHAPES + 2 :] for one in solutions], axis=1)
    return _Regrade(np.clip(np.maximum.accumulate(curves, axis=1), 0, 1), matrix, field)


def _bins(x: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.rint(x * (BINS - 1)), 0, BINS - 1).astype(np.intp)


def _typical(left: Floats, weight: Floats) -> float:
    """The weighted median of the lengths of the rows of *left*."""
    length = _length(left)
    order = np.argsort(length)
    total = np.cumsum(weight[order])
    return float(length[order[np.searchsorted(total, total[-1] / 2)]])


def _length(left: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", left, left) / 3))


def _occupied(x: Floats, weight: Floats) -> Flags:
    """Which bins of each channel hold tones that count: bool (3, BINS)."""
    result = np.zeros((3, BINS), np.bool_)
    for c in range(3):
        low, high = np.quantile(x[weight > weight.max() * 0.01, c], [0.01, 0.99])
        result[c] = (low <= _TONES) & (high >= _TONES)
    return result


def _curves(samples: _Samples) -> tuple[_Regrade, Floats, float]:
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
            offsets[c] = _solve(amount, toward, noise, stiff=n < 4)
        left = np.stack([step[:, c] - offsets[c][bins[:, c]] for c in range(3)], axis=1)
        length = _length(left)
        noise = max(1e-4, _spread(length, weight))
        scale = max(3 * noise, 0.002, scale * 0.7)
        weight = samples.weight * (scale**2 / (scale**2 + length**2)) ** 2
    curves = np.clip(np.maximum.accumulate(_TONES + offsets, axis=1), 0, 1)
    return _Regrade(curves, np.eye(3), np.zeros((5, 3))), weight, noise


def _spread(length: Floats, weight: Floats) -> float:
    """A robust standard deviation per channel of what has these lengths."""
    order = np.argsort(length)
    total = np.cumsum(weight[order])
    return float(length[order[np.searchsorted(total, total[-1] / 2)]]) * 1.1


def _solve(amount: Floats, toward: Floats, noise: float, *, stiff: bool) -> Floats:
    """The most probable offsets of all tones, from the weight and the weighted sum of each bin."""
    used = 4 if stiff else SHAPES
    basis, prior = _BASIS[:, :used], _PRIOR[:used, :used]
    trust = 1 / (CROWDING * noise**2)
    system = _products(basis * (amount * trust)[:, None], basis) + prior
    aim = np.einsum("ni,n->i", basis, toward * trust)
    return np.asarray(np.einsum("ni,i->n", basis, np.linalg.solve(system, aim)))


def _products(a: Floats, b: Floats) -> Floats:
    """Return a.T @ b, in pieces so small that BLAS stays in this thread.

    Waking its others costs more than they save, and a hundred times as much on a busy machine.
    """
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), 256):
        total += a[start : start + 256].T @ b[start : start + 256]
    return total


def _field_basis(place: Floats) -> Floats:
    u, v = place[..., 0], place[..., 1]
    return np.stack([u, v, u * u, u * v, v * v], axis=-1)


def _apply(regrade: _Regrade, picture: Rgb) -> Rgb:
    import cv2

    # 16-bit tables: exact enough for 16-bit pictures, and ten times as fast as interpolation.
    steps = 65536
    tones = np.linspace(0, 1, steps)
    index = np.asarray(cv2.multiply(picture, np.full(4, 65535.0), dtype=cv2.CV_16U), np.uint16)
    table = np.concatenate([np.interp(tones, _TONES, curve) for curve in regrade.curves])
    result = np.empty(picture.shape, np.float32)
    for c in range(3):
        plane = table[c * steps : (c + 1) * steps].astype(np.float32)
        result[..., c] = plane[index[..., c]]
    if not np.array_equal(regrade.matrix, np.eye(3)):
        result = np.asarray(cv2.transform(result, regrade.matrix), np.float32)
    if regrade.field.any():
        height, width = picture.shape[:2]
        side = 2 / max(height, width)
        rows, columns = np.linspace(0, height, 33), np.linspace(0, width, 33)
        place = np.stack(np.meshgrid(columns * side - 1, rows * side - 1), axis=-1)
        gain = (1 + _field_basis(place) @ regrade.field).astype(np.float32)
        result *= _enlarged(gain, width, height)
    return np.asarray(np.clip(result, 0, 1, out=result), np.float32)


def _enlarged(grid: Rgb, width: int, height: int) -> Rgb:
    """*grid*, whose outer samples lie on the picture's borders, at the picture's size."""
    import cv2

    steps = grid.shape[0] - 1
    scale = np.array([[width / steps, 0, -0.5], [0, height / steps, -0.5]])
    return np.asarray(
        cv2.warpAffine(
            grid, scale, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )


def _basis() -> tuple[Floats, Floats]:
    """The shapes of a curve over BINS tones (BINS, SHAPES), and the precision of all priors."""
    logs = np.log(np.maximum(_TONES, 1e-6))
    shapes = np.stack([np.ones(BINS), _TONES, _TONES * logs, _TONES * logs**2], axis=1)
    distance = np.abs(_TONES[:, None] * (KNOTS - 3) - (np.arange(KNOTS) - 1))
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


_TONES = np.linspace(0, 1, BINS)
_BASIS, _PRIOR = _basis()
_BITS = [1] * SHAPES + [2] * 2 + [4] * 5
