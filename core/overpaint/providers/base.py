"""What a provider is: what it can do, what it is given, what it may answer."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.mask import Mask
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

__all__ = ["Candidate", "Capabilities", "Event", "Job", "Notice", "Progress", "Provider"]


ANY_SIZE = Sizes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider accepts; the dialog and the plan ask this, never the provider's name."""

    edits: frozenset[Edit]
    reads_prompt: bool
    """Whether the prompt steers the result."""
    copies_pixels: bool
    """Whether it only rearranges pixels, so that their range of values means nothing to it:
    colours beyond sRGB then travel squeezed into 8 bits instead of clipped, and what comes back
    needs no fitting. A model that redraws the whole picture does not copy."""
    needs_network: bool
    needs_key: bool
    sizes: Sizes = ANY_SIZE
    """Which picture sizes it takes; by default any, as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One picture to make.

    *pixels*: uint8 (height, width, 3), sRGB. *mask*: what is to change (the words of
    overpaint.mask). *visible*: bool (height, width), True where *pixels* show: inside the
    layer, not transparent, not hidden by the layer's own mask.
    """

    edit: Edit
    prompt: str
    seed: int
    pixels: npt.NDArray[np.uint8]
    mask: Mask
    visible: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the provider is, 0..1; None where it cannot tell."""

    fraction: float | None
    phase: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that the user should read although the edit succeeds."""

    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One picture as the provider returned it: uint8 (height, width, 3), sRGB, of any size."""

    pixels: npt.NDArray[np.uint8]


Event: TypeAlias = Progress | Notice | Candidate


class Provider(Protocol):
    """A source of pixels.

    *run* is called by the runner only. It yields progress as it likes and at least one
    candidate, or raises ProviderFailed; being closed early is cancelling.
    """

    name: str
    title: str
    capabilities: Capabilities

    def run(self, job: Job) -> AsyncGenerator[Event, None]: ...
