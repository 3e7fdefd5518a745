"""Running one provider against a server, as the runner does, without plan and composite."""

import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import anyio
import httpx
import numpy as np
from tests.servers.base import Server

from overpaint.codec import decode
from overpaint.providers.base import (
    Candidate,
    Event,
    Job,
    Notice,
    Preview,
    Progress,
    Provider,
    Submitted,
    Usage,
)
from overpaint.recipe import Edit


@dataclass
class Outcome:
    """What one run of a provider told, by kind, and everything in order."""

    events: list[Event] = field(default_factory=list)

    def _of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def candidates(self) -> list[Candidate]:
        return self._of(Candidate)

    @property
    def pictures(self) -> list[np.ndarray]:
        """The candidates, decoded."""
        return [
            decode(each.picture) if isinstance(each.picture, bytes) else each.picture
            for each in self.candidates
        ]

    @property
    def notices(self) -> list[Notice]:
        return self._of(Notice)

    @property
    def previews(self) -> list[Preview]:
        return self._of(Preview)

    @property
    def progress(self) -> list[Progress]:
        return self._of(Progress)

    @property
    def submitted(self) -> list[Submitted]:
        return self._of(Submitted)

    @property
    def usage(self) -> Usage | None:
        found = self._of(Usage)
        return found[-1] if found else None


def job(width: int = 96, height: int = 64, **changes: Any) -> Job:
    """A job with a striped picture and a soft square mask; *changes* are fields of Job."""
    pixels = _stripes(width, height)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 4 : width // 2] = 255
    mask[height // 4, width // 4 : width // 2] = 128
    values: dict[str, Any] = {
        "edit": Edit.INPAINT,
        "prompt": "a wooden door",
        "seed": 7,
        "pixels": pixels,
        "mask": mask,
        "visible": np.ones((height, width), np.bool_),
        **changes,
    }
    return Job(**values)


@cache
def _stripes(width: int, height: int) -> np.ndarray:
    x, y = np.arange(width), np.arange(height)[:, None]
    pixels = np.empty((height, width, 3), np.uint8)
    for channel, values in enumerate((x * 5, y * 7, (x + y) * 3)):
        pixels[..., channel] = values % 256
    pixels.flags.writeable = False
    return pixels


@cache
def tls() -> ssl.SSLContext:
    """The certificates, which take a while to read, for all clients of the tests."""
    return httpx.create_ssl_context()


def run_provider(provider: Provider, what: Job | None = None) -> Outcome:
    """Run *provider* to its end with a client like the runner's; errors come out as raised."""

    async def collect() -> Outcome:
        outcome = Outcome()
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, verify=tls()) as http,
            aclosing(provider.run(what or job(), http)) as events,
        ):
            async for event in events:
                outcome.events.append(event)
        return outcome

    return anyio.run(collect)


def seconds_to_cancel(provider: Provider, server: Server, what: Job) -> float:
    """Run *provider* until the server has its request, cancel, and return how long it took until
    the server saw the connection closed; 5 at most.
    """

    async def measure() -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(consume, provider.run(what, http))
                await until(lambda: bool(server.requests))
                await anyio.sleep(0.1)
                started = anyio.current_time()
                tasks.cancel_scope.cancel()
            await until(lambda: server.closed > 0)
            return anyio.current_time() - started

    async def consume(running: AsyncGenerator[Event, None]) -> None:
        async with aclosing(running) as events:
            async for _ in events:
                pass

    async def until(holds: Callable[[], bool]) -> None:
        # The server lives in another thread: there is nothing to wait on but time.
        for _ in range(500):
            if holds():
                return
            await anyio.sleep(0.01)

    return anyio.run(measure)
