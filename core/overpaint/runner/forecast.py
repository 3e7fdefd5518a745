"""What a run will ask for, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from overpaint.errors import BudgetSpent
from overpaint.plan import Shot
from overpaint.prompt import MaskUse
from overpaint.providers.base import Capabilities

__all__ = ["Forecast", "check_budget", "forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    *requests*: how many pictures are asked for; *cost* in US dollars, None where it is unknown or
    nothing is charged; *resolution*: how much of the linear resolution the model gets, 1 for all.
    """

    requests: int
    cost: float | None
    resolution: float


def forecast(able: Capabilities, shots: Sequence[Shot], count: int, references: int) -> Forecast:
    """Return what *count* candidates of these *shots* take."""
    inputs = 1 + references + (able.dialect.mask is MaskUse.PICTURE)
    cost = None
    if able.price is not None:
        cost = count * sum(able.price.estimate(shot.working, inputs) for shot in shots)
    resolution = min((shot.resolution for shot in shots), default=1.0)
    return Forecast(count * len(shots), cost, resolution)


def check_budget(expected: Forecast, left: float | None) -> None:
    """Raise BudgetSpent where *expected* costs more than what is *left* today; None is no limit."""
    if left is None or expected.cost is None or expected.cost <= left:
        return
    raise BudgetSpent(
        f"This would cost about ${expected.cost:.2f}, and ${max(left, 0):.2f} of today's budget "
        "is left.",
        "Ask for fewer or smaller pictures, raise the budget in the settings, or wait until "
        "tomorrow.",
    )
