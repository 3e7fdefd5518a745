"""The embedded engine as a provider, the default one."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from overpaint.language import N_
from overpaint.providers.base import Capabilities, Event, Job, Setup
from overpaint.recipe import Edit

__all__ = ["Embedded"]


class Embedded:
    """Fills the selection from its surroundings, varies it, and lays styles on."""

    name = "embedded"
    title = N_("Built-in engine (offline)")
    receiver = ""
    capabilities = Capabilities(
        edits=frozenset({Edit.INPAINT, Edit.REMOVE, Edit.STYLE, Edit.VARIATION}),
        reads_prompt=False,
        references=2,
        measures_anchor=True,
        strength=True,
        copies_pixels=True,
        needs_network=False,
        needs_key=False,
        charges=False,
    )

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        """Take a Setup, as all providers do; there is nothing in it for this one."""

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        """Yield one candidate, and meanwhile how far it is."""
        if job.edit is Edit.STYLE:
            from overpaint.engine.styling import style

            make = style
        elif job.edit is Edit.VARIATION:
            from overpaint.engine.varying import vary

            make = vary
        else:
            from overpaint.engine.filling import fill

            make = fill
        async with aclosing(make(job)) as events:
            async for event in events:
                yield event
