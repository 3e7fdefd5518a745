"""Having one picture made: asking, and asking again where that is safe.

A job is repeated only after Busy and Unreachable, when nothing can have been charged, and never
after the provider said that it took the job. State: until when the provider wants to be left
alone, which holds for all jobs of a run.
"""

import random
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import anyio
import numpy as np
import numpy.typing as npt

from overpaint.errors import Busy, ProviderFailed, Unreachable
from overpaint.language import _
from overpaint.providers.base import (
    Candidate,
    Job,
    Notice,
    Preview,
    Progress,
    Provider,
    Submitted,
    Usage,
)
from overpaint.runner.telling import Telling

if TYPE_CHECKING:
    import httpx

__all__ = ["Asker", "Picture", "Retries"]

Picture: TypeAlias = bytes | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how long a job that cost nothing is tried again, in seconds."""

    deadline: float = 90.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    unreachable: int = 2
    """How often a server is tried again that cannot be reached: it is more often off than busy."""


@dataclass(slots=True)
class _Answer:
    """What came of one job so far; *taken*: it may be charged, so it is not asked for again."""

    taken: bool = False
    pictures: int = 0
    picture: Picture | None = None


class Asker:
    """Asks one provider for the pictures of one run, *count* candidates of them."""

    def __init__(
        self,
        provider: Provider,
        http: "httpx.AsyncClient | None",
        telling: Telling,
        retries: Retries,
        count: int,
    ) -> None:
        self._provider = provider
        self._http = http
        self._telling = telling
        self._retries = retries
        self._count = count
        self._not_before = 0.0

    async def ask(self, number: int, shot: int, job: Job) -> Picture:
        """Return the picture for one shot of candidate *number*; raises ProviderFailed."""
        started, tries = anyio.current_time(), 0
        while True:
            await anyio.sleep_until(self._not_before)
            answer = _Answer()
            try:
                return await self._ask_once(number, shot, job, answer)
            except (Busy, Unreachable) as error:
                tries += 1
                wait = self._wait(error, tries)
                late = anyio.current_time() + wait - started > self._retries.deadline
                off = isinstance(error, Unreachable) and tries > self._retries.unreachable
                if answer.taken or late or off:
                    raise
                if isinstance(error, Busy):
                    # What limits one job limits all of them.
                    self._not_before = max(self._not_before, anyio.current_time() + wait)
                phase = _("{sentence} Trying again in {seconds} s").format(
                    sentence=error.sentence[:150], seconds=max(1, round(wait))
                )
                await self._telling.event(Progress(None, phase))
                await anyio.sleep(wait)

    def _wait(self, error: Busy | Unreachable, tries: int) -> float:
        # A server that says 0 is not to be asked without a pause.
        if isinstance(error, Busy) and error.retry_after:
            return error.retry_after
        wait = min(self._retries.first_wait * 2.0 ** (tries - 1), self._retries.longest_wait)
        # Spread, so that jobs that were refused together do not come back together.
        return wait * random.uniform(0.75, 1.25)  # noqa: S311, nothing to guess here

    async def _ask_once(self, number: int, shot: int, job: Job, answer: _Answer) -> Picture:
        async with aclosing(self._provider.run(job, self._http)) as events:
            async for event in events:
                match event:
                    case Progress():
                        await self._telling.progress(number, shot, event)
                    case Notice(sentence):
                        await self._telling.notice(sentence)
                    case Submitted(remote_id):
                        answer.taken = True
                        await self._telling.submitted(number, shot, remote_id)
                    case Preview(picture):
                        await self._telling.preview(number, picture)
                    case Usage():
                        await self._telling.usage(number, event)
                    case Candidate(made):
                        await self._keep(number, shot, made, answer)
        if answer.picture is None:
            raise ProviderFailed(
                _("{title} returned no picture.").format(title=_(self._provider.title)),
                _("Try again."),
            )
        await self._telling.ready(number, shot)
        return answer.picture

    async def _keep(self, number: int, shot: int, picture: Picture, answer: _Answer) -> None:
        """Write a picture down before anything else; the first is the one that was asked for."""
        answer.taken = True
        answer.pictures += 1
        if isinstance(picture, bytes):
            extra = answer.pictures - 2
            await self._telling.candidate(
                number if extra < 0 else self._count + extra, shot, picture
            )
        elif answer.picture is None:
            await self._telling.drawn(number, shot, picture)
        if answer.picture is None:
            answer.picture = picture
        else:
            kept = _(" The others are in the history.") if self._telling.keeps else ""
            await self._telling.notice(
                _("{title} returned more pictures than were asked for.{kept}").format(
                    title=_(self._provider.title), kept=kept
                )
            )
