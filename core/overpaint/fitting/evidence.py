"""What one step of the fitting made of a picture, and what spoke for that or against it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Evidence", "Outcome"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether a step was *used*, and the *reason*, one sentence for the log.

    Each step adds the figures that it judged by.
    """

    used: bool
    reason: str


Said_co = TypeVar("Said_co", bound=Evidence, covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Generic[Said_co]):
    """A picture after one step (float32, 0..1), and why that step was taken or not."""

    picture: npt.NDArray[np.float32]
    evidence: Said_co
