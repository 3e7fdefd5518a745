"""What hosted models do to a picture besides the edit, as seeded values: the drift simulator.

    drift = Chain((Shift(5.4, -3.7), Cast((1.06, 0.98, 0.9)), Noise(2)))
    returned = drift.apply(truth, np.random.default_rng(1))
    drift.map(points, extent)            # where points of the truth are in what returned
    oracle(returned, drift)              # the truth again, as well as can be had

Every drift is a frozen dataclass; base.py has the rules, presets.py the named ones.
"""

from tests.drift.base import Chain, Drift, Moving
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
from tests.drift.oracle import oracle, recoverable
from tests.drift.presets import PRESETS
from tests.drift.providers import Drifting, Identity
from tests.drift.tone import Cast, Contrast, Gamma

__all__ = [
    "PRESETS",
    "Blur",
    "Cast",
    "Chain",
    "Contrast",
    "Cut",
    "Drift",
    "Drifting",
    "Gamma",
    "Identity",
    "Jpeg",
    "Moving",
    "Noise",
    "Reframe",
    "Repaint",
    "Resampled",
    "Resize",
    "Rotate",
    "Rounded",
    "Scaled",
    "Shift",
    "SizedZoom",
    "Wobble",
    "Zoom",
    "oracle",
    "recoverable",
]
