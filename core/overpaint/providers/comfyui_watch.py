"""Following one prompt on a ComfyUI server to its end, and taking it back before that.

The socket only tells early; what counts is the server's history, which is asked when the socket
says that all is done, when it falls silent, and when there is none.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import anyio

from overpaint.errors import (
    Busy,
    ConnectionLost,
    NoPicture,
    ProviderFailed,
    ServerFault,
    TimedOut,
    Unreachable,
)
from overpaint.language import _
from overpaint.providers.base import Preview, Progress
from overpaint.providers.comfyui_events import Tracker, outputs_of
from overpaint.providers.comfyui_socket import Socket, SocketLost
from overpaint.providers.comfyui_workflow import Graph
from overpaint.providers.exchange import Exchange

__all__ = ["Watch", "withdraw"]

QUIET = 5.0
"""Seconds of silence on the socket after which the server is asked."""
POLL = 1.0
SOON = 0.1
"""The history is written a moment after the socket's last word."""
PATIENCE = 5
"""How many questions in a row may fail: the work goes on although the network hiccups."""
PASSING = (Unreachable, ConnectionLost, ServerFault, Busy)


class Watch:
    """One prompt that the server took; *outputs* is what it made, by node, once it ended."""

    def __init__(
        self,
        exchange: Exchange,
        socket: Socket | None,
        graph: Graph,
        prompt_id: str,
        *,
        total: float,
        secret: str | None,
    ) -> None:
        """*total* is in seconds; *secret* is shown in no error."""
        self._exchange = exchange
        self._socket = socket
        self._id = prompt_id
        self._secret = secret
        self._tracker = Tracker(graph, prompt_id, secret)
        self._total = total
        self._deadline = monotonic() + total
        self._failed = 0
        self.ended = False
        self.outputs: dict[str, Any] = {}

    async def events(self) -> AsyncGenerator[Progress | Preview, None]:
        """Yield what is heard until the prompt has ended; raises how it failed."""
        while not self.ended:
            if monotonic() > self._deadline:
                raise TimedOut(
                    _("ComfyUI did not finish within {seconds:g} seconds.").format(
                        seconds=self._total
                    ),
                    _("It was told to drop the work. Select less, or allow it more time."),
                )
            if self._socket is None or self._tracker.ended:
                for each in await self._ask():
                    yield each
                if not self.ended:
                    soon = self._tracker.ended and not self._failed
                    await anyio.sleep(SOON if soon else POLL)
                continue
            try:
                message = await self._socket.receive(min(QUIET, self._deadline - monotonic()))
            except SocketLost:
                self._socket = None
                continue
            if message is None:
                for each in await self._ask():
                    yield each
                continue
            for told in self._tracker.take(message):
                yield told
            if self._tracker.failure is not None:
                self.ended = True
                raise self._tracker.failure

    async def _ask(self) -> list[Progress]:
        """Look for the prompt in the history, then in the queue; return what there is to tell."""
        try:
            if await self._find():
                return []
            queue = _dict((await self._exchange.get("queue")).json())
            if _among(queue.get("queue_running"), self._id) is not None:
                self._failed = 0
                return []
            place = _among(queue.get("queue_pending"), self._id)
            if place is not None:
                self._failed = 0
                before = place + bool(queue.get("queue_running"))
                return [
                    Progress(
                        None,
                        _("Waiting in ComfyUI's queue ({before} before this)").format(
                            before=before
                        ),
                    )
                ]
            # It may have ended between the two questions.
            if await self._find():
                return []
        except PASSING as error:
            if self.ended:
                raise  # this is how the prompt ended, not how the question did
            self._failed += 1
            if self._failed >= PATIENCE:
                raise ConnectionLost(
                    _("ComfyUI no longer answers, in the middle of its work."),
                    _(
                        "If it goes on, its folder output/overpaint will have the picture. Look at "
                        "its window, and start it again if need be."
                    ),
                ) from error
            return []
        self.ended = True
        if not self._tracker.ended or not self._tracker.outputs:
            raise NoPicture(
                _("The work is no longer in ComfyUI's queue."),
                _("It was removed there, or ComfyUI was restarted. Try again."),
            )
        self.outputs = self._tracker.outputs  # the history was cleared meanwhile
        return []

    async def _find(self) -> bool:
        history = _dict((await self._exchange.get(f"history/{self._id}")).json())
        entry = history.get(self._id)
        if not isinstance(entry, dict):
            return False
        self.ended = True
        self.outputs = outputs_of(entry, self._secret) or self._tracker.outputs
        return True


async def withdraw(exchange: Exchange, prompt_id: str, *, taken: bool) -> None:
    """Take *prompt_id* out of the queue, or interrupt it where it is the one that runs.

    Where the server was not heard to have *taken* it, it may only be about to: asks again.

    Never interrupts without having seen that: older servers ignore the id and stop whatever
    runs.
    """
    with suppress(ProviderFailed):
        for pause in (0.0,) if taken else (0.0, SOON / 2, SOON):
            await anyio.sleep(pause)
            await exchange.post("queue", {"delete": [prompt_id]})
            queue = _dict((await exchange.get("queue")).json())
            if _among(queue.get("queue_running"), prompt_id) is not None:
                await exchange.post("interrupt", {"prompt_id": prompt_id})
                return


def _among(rows: object, prompt_id: str) -> int | None:
    """Return how many of the queue's *rows* come before that of *prompt_id*; None without one."""
    if not isinstance(rows, list):
        return None
    entries = [
        row
        for row in rows
        if isinstance(row, list) and len(row) > 1 and isinstance(row[0], int | float)
    ]
    number = next((row[0] for row in entries if row[1] == prompt_id), None)
    if number is None:
        return None
    return sum(1 for row in entries if row[0] < number)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
