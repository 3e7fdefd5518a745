"""An HTTP server in a thread that keeps what it was sent.

A subclass adds routes; each handler is an aiohttp one. aiohttp: HTTP, streams and WebSockets in
one well-kept package, and close enough to the socket to break connections on purpose.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from tests.servers.faults import Fault

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str | None
    content_type: str | None
    data: bytes


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived; *headers* in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    parts: tuple[Part, ...] = field(default=())

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> dict[str, str]:
        """The form's parts that are no files."""
        return {part.name: part.data.decode() for part in self.parts if part.filename is None}

    def files(self, name: str) -> list[Part]:
        return [part for part in self.parts if part.name == name and part.filename is not None]


class Server:
    """`with SomeServer() as server:` listens at `server.url` until the block ends.

    `requests` holds what came in, in order. Handlers find the recorded request of their own in
    `request["recorded"]`. A `fault` meets the requests that `fault_at` picks by method and path;
    `struck` counts them. `closed` counts connections that the client ended in mid-answer.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.closed = 0
        self.fault: Fault | None = None
        self.fault_at: Callable[[str, str], bool] = lambda _method, _path: True
        self.struck = 0
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; overridden by each server."""
        raise AssertionError("a server without routes")

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the server did not stop"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, path: str, method: str = "POST") -> list[Recorded]:
        """The requests to *path*."""
        return [each for each in self.requests if each.path == path and each.method == method]

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = web.Application(middlewares=[self._record], client_max_size=1 << 30)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
        except OSError as error:
            self._failure = error
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.fault if self.fault_at(request.method, request.path) else None
        if fault is not None and fault.early:
            self.struck += 1
            return await fault.act(request, handler)
        body = b"" if request.content_type.startswith("multipart/") else await request.read()
        parts = await _parts(request) if request.content_type.startswith("multipart/") else ()
        recorded = Recorded(
            request.method,
            request.path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            body,
            parts,
        )
        self.requests.append(recorded)
        request["recorded"] = recorded
        try:
            if fault is not None:
                self.struck += 1
                return await fault.act(request, handler)
            return await handler(request)
        except asyncio.CancelledError:
            self.closed += 1
            raise


async def _parts(request: web.Request) -> tuple[Part, ...]:
    parts = []
    async for part in await request.multipart():
        kind = part.headers.get("Content-Type")
        parts.append(Part(part.name, part.filename, kind, bytes(await part.read(decode=True))))
    return tuple(parts)
