"""Providers for test runs: one that returns what it was sent, and one that drifts."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import cv2
import numpy as np
from tests.drift.base import Bytes, Chain, Drift
from tests.drift.loss import Noise
from tests.drift.move import Shift, Zoom
from tests.drift.tone import Cast, Gamma

from overpaint.engine.provider import Embedded
from overpaint.providers.base import Candidate, Event, Job
from overpaint.recipe import Edit

__all__ = ["Drifting", "Identity", "Negative", "paint"]

CAPABILITIES = replace(
    Embedded.capabilities, edits=frozenset(Edit), reads_prompt=True, copies_pixels=False
)
"""As a hosted model has them, so that colours travel the same way, but with nothing to reach."""

USUAL = Chain((Zoom(1.012, 1.012), Shift(5.4, -3.7), Cast((1.06, 0.98, 0.9)), Gamma(1.1), Noise(2)))
"""What a drifting provider does unless told otherwise."""


class Identity:
    """Returns exactly what it was sent."""

    name = "identity"
    title = "Identity (test)"
    capabilities = CAPABILITIES

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        yield Candidate(job.pixels.copy())


class Negative:
    """Turns every colour into its opposite, and says how often it was asked."""

    name = "negative"
    title = "Negative (test)"
    receiver = ""
    capabilities = replace(CAPABILITIES, copies_pixels=True, references=4, measures_anchor=True)

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        self.jobs.append(job)
        yield Candidate(255 - job.pixels)


class Drifting:
    """Returns what it was sent, drifted; the job's seed is the drift's.

    With *content*, a photograph uint8 (height, width, 3), it first paints that into the mask.
    """

    name = "drifting"
    title = "Drifting model (test)"
    capabilities = CAPABILITIES

    def __init__(self, drift: Drift = USUAL, content: Bytes | None = None) -> None:
        self.drift = drift
        self.content = content

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        made = job.pixels if self.content is None else paint(job.pixels, self.content, job.mask)
        yield Candidate(self.drift.apply(made, np.random.default_rng(job.seed)))


def paint(picture: Bytes, content: Bytes, mask: np.ndarray) -> Bytes:
    """Return *picture* with *content*, cropped to the same shape, under *mask* (uint8)."""
    height, width = picture.shape[:2]
    factor = max(height / content.shape[0], width / content.shape[1])
    size = (
        max(width, round(content.shape[1] * factor)),
        max(height, round(content.shape[0] * factor)),
    )
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    cover = cv2.resize(content, size, interpolation=kind)[:height, :width]
    share = mask.astype(np.float32)[..., None] / 255
    blend = picture * (1 - share) + cover * share
    return np.rint(np.clip(blend, 0, 255)).astype(np.uint8)
