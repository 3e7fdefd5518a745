"""One picture through the embedded engine, as the benches ask for it."""

import anyio
import numpy as np
import numpy.typing as npt

from overpaint.engine.provider import Embedded
from overpaint.look import Look
from overpaint.providers.base import Candidate, Job
from overpaint.recipe import Edit

__all__ = ["made"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def made(
    edit: Edit,
    picture: Rgb,
    *,
    mask: npt.NDArray[np.uint8] | None = None,
    visible: Flags | None = None,
    look: Look | None = None,
    strength: float | None = None,
    seed: int = 4,
) -> Rgb:
    """Return what the engine makes of *picture*, by default of all of it, all of it visible."""
    shape = picture.shape[:2]
    job = Job(
        edit=edit,
        prompt="",
        seed=seed,
        pixels=picture,
        mask=np.full(shape, 255, np.uint8) if mask is None else mask,
        visible=np.ones(shape, np.bool_) if visible is None else visible,
        look=look or Look(),
        strength=strength,
    )

    async def make() -> Rgb:
        async for event in Embedded().run(job, None):
            if isinstance(event, Candidate) and not isinstance(event.picture, bytes):
                return np.asarray(event.picture, np.uint8)
        raise AssertionError("a run that makes nothing raises")

    return anyio.run(make)
