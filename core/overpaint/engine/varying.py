"""Edit.VARIATION with the embedded engine: what is there, re-arranged; it invents nothing.

The seed decides the kind, so that seeds which follow each other give candidates that differ:
three are quilted, with blocks of other sizes from other places, one is bent and lit anew.
"""

from collections.abc import AsyncGenerator, Generator
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint.language import _
from overpaint.providers.base import Candidate, Event, Job, Notice, Progress

if TYPE_CHECKING:
    from overpaint.engine.variation.quilt import Style

__all__ = ["GENTLE", "vary"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

USUAL = 0.6
GENTLE = 0.3
"""Below this strength, shapes are only bent and lit anew."""
KINDS = 4
BLOCKS = 7.0
"""How many blocks of the usual size lie side by side in the selection."""
SIZES = (1.0, 1.45, 0.75)
"""The blocks of the three quilted kinds, against the usual size."""


async def vary(job: Job) -> AsyncGenerator[Event, None]:
    """Yield one candidate."""
    from overpaint.engine import faces
    from overpaint.engine.variation import gentle
    from overpaint.engine.variation.quilt import quilt

    if job.prompt.strip():
        yield Notice(
            _(
                "The built-in engine cannot read prompts: it re-arranged what is there, and "
                "invented nothing."
            )
        )
    strength = USUAL if job.strength is None else job.strength
    missing = job.mask > 0
    if strength == 0:
        yield Candidate(job.pixels.copy())
        return
    made: Rgb | None = None
    quilts = strength >= GENTLE and job.seed % KINDS < len(SIZES)
    found = await anyio.to_thread.run_sync(faces.find, job.pixels, missing) if quilts else []
    if found:
        quilts = False
        yield Notice(
            _(
                "There is a face in the selection, so nothing was re-arranged: shapes were only "
                "bent a little, and lit anew."
            )
        )
    if quilts:
        style = _style(missing, strength, job.seed % KINDS)
        # What keeps its place is bent all the same, so that no two candidates are alike there.
        random = np.random.default_rng(job.seed)
        bend = partial(gentle.bend, job.pixels, missing, job.visible, strength, random)
        bent = await anyio.to_thread.run_sync(bend)
        steps = quilt(bent, missing, job.visible, style, job.seed)
        while True:
            done, ended, made = await anyio.to_thread.run_sync(partial(_next, steps))
            if ended:
                break
            yield Progress(done, _("Re-arranging what is there"))
    if made is None:
        yield Progress(None, _("Bending and lighting"))
        work = partial(gentle.vary, job.pixels, missing, job.visible, strength, job.seed)
        yield Candidate(await anyio.to_thread.run_sync(work))
        return
    yield Notice(
        _(
            "Blocks of the picture were re-arranged. Things with a fixed shape may be torn apart: "
            "a strength below {strength} only bends them, and lights them anew."
        ).format(strength=GENTLE)
    )
    yield Candidate(made)


def _style(missing: Flags, strength: float, kind: int) -> "Style":
    from overpaint.engine.variation.quilt import CELLS, Style

    size = float(np.count_nonzero(missing)) ** 0.5
    cell = max(1, round(size / BLOCKS / CELLS * SIZES[kind]))
    # From staying close to going far.
    closeness = 2.5 * (1 - strength) + 0.25
    return Style(
        cell=cell,
        closeness=closeness,
        apart=max(24, round(0.75 * CELLS * cell)),
    )


def _next(
    steps: "Generator[float, None, Rgb | None]",
) -> "tuple[float, bool, Rgb | None]":
    try:
        return next(steps), False, None
    except StopIteration as ended:
        return 1.0, True, ended.value
