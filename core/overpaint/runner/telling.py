"""What is told and written down while a run goes on: one stream of events, one record.

State: which notices were told, how far each job is. Writing happens in threads, one call at a
time, and is not cut short by cancelling: what was paid for is on disk.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio
import anyio.to_thread
import numpy as np
import numpy.typing as npt
from anyio.streams.memory import MemoryObjectSendStream

from overpaint.errors import OverpaintError, Unexpected
from overpaint.language import _
from overpaint.providers.base import Notice, Progress, Usage
from overpaint.runner.events import Begun, Event, Recorder, Seen

__all__ = ["Telling"]


class Telling:
    """Tells the front end, and the recorder where there is one."""

    def __init__(self, events: MemoryObjectSendStream[Event], recorder: Recorder | None) -> None:
        self._events = events
        self._recorder = recorder
        self._writing = anyio.Lock()
        self._begun = False
        self._said: set[str] = set()
        self._progress: dict[tuple[int, int], float] = {}
        self._jobs = 1

    @property
    def keeps(self) -> bool:
        """Whether what arrives is written down."""
        return self._recorder is not None

    async def event(self, event: Event) -> None:
        await self._events.send(event)

    async def notice(self, sentence: str) -> None:
        """Tell a sentence, once a run."""
        if sentence not in self._said:
            self._said.add(sentence)
            await self._events.send(Notice(sentence))

    async def progress(self, number: int, shot: int, event: Progress) -> None:
        """Tell the progress of one job as that of the whole run."""
        if self._jobs == 1:
            await self._events.send(event)
            return
        self._progress[number, shot] = event.fraction or 0.0
        done = sum(self._progress.values()) / self._jobs
        ready = sum(fraction == 1 for fraction in self._progress.values())
        phase = _("{phase} ({ready} of {count} done)").format(
            phase=event.phase, ready=ready, count=self._jobs
        )
        await self._events.send(Progress(min(done, 1.0), phase))

    async def ready(self, number: int, shot: int) -> None:
        """Tell, where there are several jobs, that this one's picture is there."""
        if self._jobs > 1:
            await self.progress(number, shot, Progress(1.0, _("Making pictures")))

    async def preview(self, number: int, picture: bytes) -> None:
        await self._events.send(Seen(number, picture))

    async def begin(self, begun: Begun) -> None:
        self._jobs = begun.recipe.count * len(begun.shots)
        if self._recorder is not None:
            await self._write(partial(self._recorder.begin, begun))
            self._begun = True

    async def submitted(self, number: int, shot: int, remote_id: str) -> None:
        if self._recorder is not None:
            await self._write(partial(self._recorder.submitted, number, shot, remote_id))

    async def candidate(self, number: int, shot: int, data: bytes) -> None:
        if self._recorder is not None:
            try:
                await self._write(partial(self._recorder.candidate, number, shot, data))
            except OverpaintError as error:
                await self.notice(
                    _("{sentence} The result is not in the history.").format(
                        sentence=error.sentence
                    )
                )

    async def drawn(self, number: int, shot: int, picture: npt.NDArray[np.uint8]) -> None:
        """Have it written down; where that cannot be, it costs nothing to be made again."""
        if self._recorder is not None:
            with suppress(OverpaintError):
                await self._write(partial(self._recorder.drawn, number, shot, picture))

    async def usage(self, number: int, usage: Usage) -> None:
        if self._recorder is not None:
            await self._write(partial(self._recorder.usage, number, usage))
        await self._events.send(usage)

    async def end(self, error: Exception | None = None, *, cancelled: bool = False) -> None:
        if self._recorder is None or not self._begun:
            return
        if error is not None and not isinstance(error, OverpaintError):
            error = Unexpected(
                _("Overpaint met a defect of its own: {kind}: {error}").format(
                    kind=type(error).__name__, error=error
                ),
                _("Please report this."),
            )
        await self._write(partial(self._recorder.finish, error, cancelled=cancelled))

    async def _write(self, write: Callable[[], None]) -> None:
        with anyio.CancelScope(shield=True):
            async with self._writing:
                await anyio.to_thread.run_sync(write)
