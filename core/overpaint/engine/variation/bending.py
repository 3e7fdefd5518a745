"""How far each place of a picture moves: in waves, but no line is bent by them.

A wave across a wall bends its courses, which an eye sees at once. So what lies on a line moves
along it as it likes, and across it only as one: of all movements that do, the one nearest to the
waves is found by least squares, on a small picture.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from overpaint.engine.variation.lines import lines

__all__ = ["waves"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

SIDE = 192
"""Longer side of the picture on which lines are looked for, at most."""
SPREADS = (1.5, 5.0)
"""Over how many pixels lines are looked for. The second follows a line across those that meet it,
where the first finds no direction: there courses of bricks got kinks."""
STIFF = 3000.0
"""What bending a line costs, beside what leaving the wave does."""
SMOOTH = 30.0
"""What it costs to leave the wave in one place more than beside it: without that, corners tear."""
ROUNDS = 300
"""Steps of the conjugate gradients: more of them change no picture."""


def waves(
    picture: Rgb, most: Floats, length: float, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return how far each pixel of *picture* moves across and down, float32 (height, width).

    *most*: how far it may at most, in pixels; where that is 0 nothing moves, so a line that goes
    on there stays in its place. *length*: of the waves, in pixels.
    """
    import cv2

    height, width = most.shape
    factor = max(1.0, max(height, width) / SIDE)
    size = (max(2, round(width / factor)), max(2, round(height / factor)))
    most = np.asarray(cv2.resize(most, size, interpolation=cv2.INTER_AREA), np.float32)
    wanted = []
    for _ in range(2):
        noise = random.standard_normal(most.shape).astype(np.float32)
        wave = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(0.5, length / factor)), np.float32)
        highest = max(float(np.abs(wave[most > 0]).max(initial=0)), 1e-6)
        wanted.append(wave / highest * most)
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    flow = _straight(np.stack(wanted), grey.astype(np.float32), most > 0)
    across, down = (
        np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        for plane in flow
    )
    return across, down


def _straight(wanted: Floats, grey: Floats, free: Flags) -> Floats:
    """Return what comes nearest to *wanted* (2, height, width) and bends no line of *grey*."""
    found = [lines(grey, spread) for spread in SPREADS]

    def system(flow: Floats) -> Floats:
        """What every place pulls with: away from the wave, from its neighbours, from the line."""
        right, below = _steps(flow)
        rightwards, downwards = SMOOTH * right, SMOOTH * below
        for normal, hold in found:
            # How much what crosses the line changes along it.
            bent = (normal * (normal[0] * below - normal[1] * right)).sum(axis=0)
            pulled = STIFF * hold * bent * normal
            rightwards -= normal[1] * pulled
            downwards += normal[0] * pulled
        pull = _gathered(rightwards, downwards)
        return np.asarray(free * (flow + pull), np.float32)

    right, below = _steps(wanted)
    return _solved(system, free * (wanted + _gathered(SMOOTH * right, SMOOTH * below)))


def _steps(flow: Floats) -> tuple[Floats, Floats]:
    """Return by how much *flow* changes from each pixel to the one at its right, and below."""
    return (
        np.diff(flow, axis=2, append=flow[:, :, -1:]),
        np.diff(flow, axis=1, append=flow[:, -1:]),
    )


def _gathered(right: Floats, below: Floats) -> Floats:
    """Return the transpose of *_steps*."""
    right[:, :, -1] = 0
    below[:, -1] = 0
    back = np.diff(right, axis=2, prepend=0) + np.diff(below, axis=1, prepend=0)
    return np.asarray(-back, np.float32)


def _solved(system: Callable[[Floats], Floats], wanted: Floats) -> Floats:
    """Return what *system*, symmetric and positive, makes *wanted* of, by conjugate gradients."""
    found = np.zeros_like(wanted)
    rest = wanted.copy()
    step = rest.copy()
    size = float((rest * rest).sum())
    for _ in range(ROUNDS):
        if size < 1e-6:
            break
        turned = system(step)
        far = size / float((step * turned).sum())
        found += far * step
        rest -= far * turned
        size, before = float((rest * rest).sum()), size
        step = rest + size / before * step
    return found
