"""The embedded engine as a provider, the default one."""

from collections.abc import AsyncGenerator

import anyio.to_thread

from overpaint.engine import fill
from overpaint.providers.base import (
    Candidate,
    Capabilities,
    Event,
    Job,
    Notice,
    Progress,
    Setup,
)
from overpaint.recipe import Edit

__all__ = ["Embedded"]


class Embedded:
    """Fills the selection from its surroundings."""

    name = "embedded"
    title = "Built-in engine (offline)"
    receiver = ""
    capabilities = Capabilities(
        edits=frozenset({Edit.INPAINT, Edit.REMOVE}),
        reads_prompt=False,
        copies_pixels=True,
        needs_network=False,
        needs_key=False,
        charges=False,
    )

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        """Take a Setup, as all providers do; there is nothing in it for this one."""

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        """Yield one candidate; progress counts the pixels of the windows that are done."""
        if job.prompt.strip():
            yield Notice(
                "The built-in engine cannot read prompts: it filled the selection "
                "from its surroundings."
            )
        holes = fill.find_holes(job.mask, job.visible)
        if not holes:
            yield Notice(
                "Nothing lies around the selection that could fill it, so it got its own "
                "average colour. Select less, or choose a provider that reads the prompt."
            )
            yield Candidate(fill.average(job.pixels, job.mask, job.visible))
            return
        result = job.pixels.copy()
        done, whole = 0, sum(hole.window.extent.pixels for hole in holes)
        for hole in holes:
            yield Progress(done / whole if done else None, "Filling from the surroundings")
            # C code that cannot be interrupted: who cancels leaves it behind and ends the process.
            filled = await anyio.to_thread.run_sync(
                fill.fill, job.pixels, hole, job.seed, abandon_on_cancel=True
            )
            window = result[hole.window.slices]
            window[hole.missing] = filled[hole.missing]
            done += hole.window.extent.pixels
        yield Candidate(result)
