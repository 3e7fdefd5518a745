"""Watching one job at a Stable Diffusion server that serves others too, and stopping it.

`/progress` tells of whatever the server works on, and `/interrupt` stops that. Whose job it is,
servers tell in different ways or not at all, so three are tried: `current_task` in the progress;
the route behind the web UI's own progress bar, asked for our job by name; and else, where the
server was idle before we asked it, that it still works on the first job since.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import anyio

from overpaint.errors import AnswerUnusable, KeyRejected, ProviderFailed, RequestRejected
from overpaint.providers.exchange import Answer, Exchange, picture_bytes

__all__ = ["Sight", "Watch"]

API = "sdapi/v1"
SHORT = 2.0
"""Seconds that one look may take."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look showed. *fraction*: 0..1, None where unknown; *waiting*: another job is
    being worked on; *named*: the server knows our job by its name; *unsure*: it works, and does
    not tell on whose job.
    """

    fraction: float | None = None
    preview: bytes | None = None
    waiting: bool = False
    named: bool = False
    unsure: bool = False


class Watch:
    """The watch over the job called *task*.

    *blind*: the server tells nothing of its work (stable-diffusion.cpp). *was_idle*: nothing was
    being worked on when the watch began.
    """

    def __init__(self, exchange: Exchange, task: str, *, previews: bool) -> None:
        self.blind = False
        self.was_idle = False
        self._exchange = exchange
        self._task = task
        self._previews = previews
        self._asks_by_name = True
        self._named = False
        self._mark: object = None
        self._fraction = 0.0
        self._preview: str | None = None
        self._interrupted = False

    async def start(self) -> None:
        """Look whether the server is idle, before the job is sent."""
        seen = await self._progress(picture=False)
        self.was_idle = seen is not None and not _count(seen)

    async def look(self) -> Sight:
        """Return how far our job is; never raises for what the server answers."""
        if self.blind:
            return Sight()
        seen = await self._progress(picture=self._previews)
        if seen is None:
            return Sight()
        ours = await self._is_ours(seen)
        if not ours:
            busy = _count(seen) > 0
            return Sight(
                waiting=busy and ours is False, named=self._named, unsure=busy and ours is None
            )
        self._interrupted = self._interrupted or _was_stopped(seen)
        progress = seen.get("progress")
        if isinstance(progress, int | float):
            # It falls back to nothing as soon as the work is done.
            self._fraction = max(self._fraction, min(float(progress), 1.0))
        return Sight(self._fraction, self._new_preview(seen), named=self._named)

    async def interrupted(self) -> bool:
        """Return whether somebody stopped our job, whose answer then is half a picture."""
        if self._interrupted or self.blind:
            return self._interrupted
        seen = await self._progress(picture=False)
        if seen is None or not _was_stopped(seen):
            return False
        return _count(seen) == 0 if self._mark is None else _mark(seen) == self._mark

    async def stop(self, policy: str) -> None:
        """Stop our job. *policy*: `own` only where the server works on it, `always`, or `never`."""
        if policy == "never" or self.blind:
            return
        if policy == "own":
            seen = await self._progress(picture=False)
            if seen is None or not await self._is_ours(seen):
                return
        await self._ask(self._exchange.post(f"{API}/interrupt", {}))

    async def _is_ours(self, seen: dict[str, Any]) -> bool | None:
        """Return whether the server works on our job; None where nobody can tell."""
        current = seen.get("current_task")
        if isinstance(current, str) and current:
            self._named = self._named or current == self._task
            ours: bool | None = current == self._task
        else:
            ours = await self._by_name()
            if ours is None:
                ours = self._by_order(seen)
        if ours and self._mark is None:
            self._mark = _mark(seen)
        return ours

    async def _by_name(self) -> bool | None:
        if not self._asks_by_name:
            return None
        question = {"id_task": self._task, "id_live_preview": -1}
        told = await self._ask(self._exchange.post("internal/progress", question))
        if not isinstance(told, dict):
            self._asks_by_name = False
            return None
        active = told.get("active") is True
        known = active or told.get("queued") is True or told.get("completed") is True
        self._named = self._named or known
        return active if self._named else None

    def _by_order(self, seen: dict[str, Any]) -> bool | None:
        if not self.was_idle:
            return None
        if not _count(seen):
            return False
        return self._mark is None or _mark(seen) == self._mark

    def _new_preview(self, seen: dict[str, Any]) -> bytes | None:
        picture = seen.get("current_image")
        if not isinstance(picture, str) or not picture or picture == self._preview:
            return None
        self._preview = picture
        try:
            return picture_bytes(picture)
        except AnswerUnusable:
            return None

    async def _progress(self, *, picture: bool) -> dict[str, Any] | None:
        params = {"skip_current_image": "false" if picture else "true"}
        seen = await self._ask(self._exchange.get(f"{API}/progress", params=params), blind=True)
        return seen if isinstance(seen, dict) else None

    async def _ask(self, question: Awaitable[Answer], *, blind: bool = False) -> Any:
        """Return the JSON of an answer, None without one; *blind*: remember a missing route."""
        with anyio.move_on_after(SHORT):
            try:
                return (await question).json()
            except (RequestRejected, KeyRejected):
                self.blind = self.blind or blind
            except ProviderFailed:
                pass
        return None


def _state(seen: dict[str, Any]) -> dict[str, Any]:
    state = seen.get("state")
    return state if isinstance(state, dict) else {}


def _count(seen: dict[str, Any]) -> int:
    """Return how many pictures are being worked on: 0 where the server is idle.

    -1, which it is for a moment at a job's start, counts as one.
    """
    count = _state(seen).get("job_count", 0)
    return abs(count) if isinstance(count, int) else 0


def _mark(seen: dict[str, Any]) -> object:
    """Return what tells one job of the server from the next: when it began, and SD.Next's id."""
    return seen.get("id"), _state(seen).get("job_timestamp")


def _was_stopped(seen: dict[str, Any]) -> bool:
    state = _state(seen)
    return state.get("interrupted") is True or state.get("skipped") is True
