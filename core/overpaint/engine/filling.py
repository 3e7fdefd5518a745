"""Edit.INPAINT and Edit.REMOVE with the embedded engine: the selection from its surroundings."""

from collections.abc import AsyncGenerator

import anyio.to_thread

from overpaint.engine.fill import average, find_holes
from overpaint.engine.fill import fill as fill_hole
from overpaint.language import _
from overpaint.providers.base import Candidate, Event, Job, Notice, Progress

__all__ = ["fill"]


async def fill(job: Job) -> AsyncGenerator[Event, None]:
    """Yield one candidate; progress counts the pixels of the windows that are done."""
    if job.prompt.strip():
        yield Notice(
            _(
                "The built-in engine cannot read prompts: it filled the selection "
                "from its surroundings."
            )
        )
    holes = find_holes(job.mask, job.visible)
    if not holes:
        yield Notice(
            _(
                "Nothing lies around the selection that could fill it, so it got its own "
                "average colour. Select less, or choose a provider that reads the prompt."
            )
        )
        yield Candidate(average(job.pixels, job.mask, job.visible))
        return
    result = job.pixels.copy()
    done, whole = 0, sum(hole.window.extent.pixels for hole in holes)
    for hole in holes:
        yield Progress(done / whole if done else None, _("Filling from the surroundings"))
        # C code that cannot be interrupted: who cancels leaves it behind and ends the process.
        filled = await anyio.to_thread.run_sync(
            fill_hole, job.pixels, hole, job.seed, abandon_on_cancel=True
        )
        window = result[hole.window.slices]
        window[hole.missing] = filled[hole.missing]
        done += hole.window.extent.pixels
    yield Candidate(result)
