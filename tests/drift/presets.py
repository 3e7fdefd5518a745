"""Drifts by name, drawn anew for every case: what users of real models report."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from tests.drift.base import Chain, Drift
from tests.drift.loss import Blur, Jpeg, Noise, Repaint, Resampled
from tests.drift.move import (
    Cut,
    Reframe,
    Resize,
    Rotate,
    Rounded,
    Scaled,
    Shift,
    SizedZoom,
    Wobble,
    Zoom,
)
from tests.drift.tone import Cast, Contrast, Gamma

from overpaint.geometry import Extent

__all__ = ["PRESETS", "Draw"]

Draw = Callable[[np.random.Generator], Drift]
"""Makes one drift; the same state of the generator makes the same one."""


def _strong(rng: np.random.Generator, limit: float) -> float:
    """A number of either sign between half of *limit* and *limit*: never next to nothing."""
    return float(rng.uniform(0.5, 1) * limit * rng.choice([-1, 1]))


def _cast(rng: np.random.Generator) -> Drift:
    red, green, blue = rng.uniform(-0.12, 0.12, 3)
    return Cast((1 + red, 1 + green, 1 + blue))


def _gamma(rng: np.random.Generator) -> Drift:
    return Gamma(float(rng.choice([rng.uniform(0.85, 0.93), rng.uniform(1.08, 1.2)])))


def _contrast(rng: np.random.Generator) -> Drift:
    return Contrast(1 + _strong(rng, 0.12))


def _shift(rng: np.random.Generator) -> Drift:
    return Shift(_strong(rng, 14), _strong(rng, 14))


def _zoom(limit: float) -> Draw:
    def draw(rng: np.random.Generator) -> Drift:
        factor = 1 + _strong(rng, limit)
        return Zoom(factor, factor)

    return draw


def _aspect(rng: np.random.Generator) -> Drift:
    across, down = 1 + _strong(rng, 0.06), 1 + _strong(rng, 0.06)
    return Chain((Zoom(across, down), Shift(_strong(rng, 4), _strong(rng, 4))))


def _together(rng: np.random.Generator) -> Drift:
    return Chain((_zoom(0.02)(rng), _shift(rng), _cast(rng), _gamma(rng), Noise(3)))


def _together_jpeg(rng: np.random.Generator) -> Drift:
    return Chain((_together(rng), Jpeg(85)))


def _qwen(rng: np.random.Generator) -> Drift:
    """A zoom that depends on the size sent and is not the same everywhere."""
    return Chain((SizedZoom(), Wobble(3, int(rng.integers(2**31))), _cast(rng), Noise(2)))


def _flux2(rng: np.random.Generator) -> Drift:
    return Chain((Cut(16, 16), _cast(rng), Noise(2)))


def _wobble(rng: np.random.Generator) -> Drift:
    return Chain((Wobble(4, int(rng.integers(2**31))), _cast(rng), Noise(2)))


def _webui(rng: np.random.Generator) -> Drift:
    return Chain(
        (Resampled(8), Rounded(16, (float(rng.uniform()), float(rng.uniform()))), Noise(2))
    )


def _half(rng: np.random.Generator) -> Drift:
    return Chain((Scaled(0.5), _cast(rng)))


def _square(rng: np.random.Generator) -> Drift:
    return Chain((Resize(Extent(1024, 1024)), _shift(rng), _cast(rng), Noise(2)))


def _rotated(rng: np.random.Generator) -> Drift:
    return Rotate(_strong(rng, 0.5))


def _repainted(rng: np.random.Generator) -> Drift:
    return Chain((Repaint(0.3, int(rng.integers(2**31))), _together(rng)))


def _reframed(rng: np.random.Generator) -> Drift:
    by = 0.2 * float(rng.choice([-1, 1]))
    return Chain((Reframe(by, (float(rng.uniform()), float(rng.uniform()))), _cast(rng), Noise(2)))


PRESETS: Mapping[str, Draw] = MappingProxyType(
    {
        "identity": lambda _: Chain(()),
        "cast": _cast,
        "gamma": _gamma,
        "contrast": _contrast,
        "noise": lambda _: Noise(3),
        "blur": lambda _: Blur(1),
        "shift 14 px": _shift,
        "scale 2 %": _zoom(0.02),
        "together": _together,
        "jpeg": lambda _: Jpeg(85),
        "together, jpeg": _together_jpeg,
        "zoom 6 %": _zoom(0.06),
        "aspect 6 %": _aspect,
        "strip cut": _flux2,
        "non-uniform": _wobble,
        "qwen": _qwen,
        "rounded size": _webui,
        "half size": _half,
        "1024x1024": _square,
        "rotated": _rotated,
        "repainted": _repainted,
        "reframed": _reframed,
    }
)
