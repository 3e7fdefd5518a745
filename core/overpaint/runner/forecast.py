"""What a run will ask for, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from overpaint.dialect import MaskUse
from overpaint.plan import Shot
from overpaint.providers.base import Capabilities

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    *requests*: how many pictures are asked for; *cost* in US dollars, None where nobody knows;
    *resolution*: how much of the linear resolution the model gets, 1 for all.
    """

    requests: int
    cost: float | None
    resolution: float


def forecast(able: Capabilities, shots: Sequence[Shot], count: int, references: int) -> Forecast:
    """Return what *count* candidates of these *shots* take."""
    inputs = 1 + references + (able.dialect.mask is MaskUse.PICTURE)
    cost = None if able.charges else 0.0
    if able.price is not None:
        cost = count * sum(able.price.estimate(shot.working, inputs) for shot in shots)
    resolution = min((shot.resolution for shot in shots), default=1.0)
    return Forecast(count * len(shots), cost, resolution)
