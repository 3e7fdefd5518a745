"""ComfyUI's WebSocket over the runner's own HTTP client: messages in, one at a time, bounded.

wsproto speaks the protocol, httpx makes the connection, so that TLS and proxies are those of
every other request. Nothing runs in the background: a provider is a generator, which must not
yield inside the task group that libraries with a background reader open.
"""

import base64
import json
import secrets
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio

from overpaint.errors import ProviderFailed
from overpaint.providers.exchange import Exchange

if TYPE_CHECKING:
    import httpx

__all__ = ["Socket", "SocketLost", "open_socket"]

MAX_MESSAGE = 32 << 20
"""Bytes: previews are at most some megabytes."""
CHUNK = 1 << 16


class SocketLost(Exception):
    """The socket is of no more use; what happens on the server has to be asked for."""


async def open_socket(exchange: Exchange, client_id: str) -> "Socket | None":
    """Return the socket on which the server tells *client_id* how far it is.

    None where the server, or a proxy before it, does not offer one: it only tells of progress.
    """
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }
    try:
        response = await exchange.upgrade("ws", params={"clientId": client_id}, headers=headers)
    except ProviderFailed:
        return None
    socket = Socket(response)
    try:
        # Only as the first message; previews then say which prompt they belong to.
        await socket.send("feature_flags", {"supports_preview_metadata": True})
    except SocketLost:
        await socket.close()
        return None
    except BaseException:
        with anyio.CancelScope(shield=True):
            await socket.close()
        raise
    return socket


class Socket:
    """A WebSocket on the connection of *response*, whose handshake is done."""

    def __init__(self, response: "httpx.Response") -> None:
        from wsproto.connection import Connection, ConnectionType

        self._response = response
        self._stream: Any = response.extensions["network_stream"]
        self._protocol = Connection(ConnectionType.CLIENT)
        self._parts: list[str | bytes] = []
        self._size = 0
        self._messages: list[str | bytes] = []
        self._over = False

    async def send(self, kind: str, data: object) -> None:
        """Send one message of ComfyUI's form; raises SocketLost."""
        from wsproto.events import TextMessage

        text = json.dumps({"type": kind, "data": data})
        await self._write(self._protocol.send(TextMessage(data=text)))

    async def receive(self, seconds: float) -> str | bytes | None:
        """Return the next message, or None if none came within *seconds*; raises SocketLost."""
        deadline = monotonic() + seconds
        while not self._messages:
            if self._over:
                raise SocketLost
            data = None
            with anyio.move_on_after(deadline - monotonic()):
                data = await self._read()
            if data is None:
                return None
            await self._take(data)
        return self._messages.pop(0)

    async def close(self) -> None:
        """Close the connection, without the courtesies: nothing more is wanted from it."""
        with suppress(OSError, RuntimeError):
            await self._response.aclose()

    async def _read(self) -> bytes:
        import httpcore

        try:
            data: bytes = await self._stream.read(CHUNK)
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise SocketLost from error
        if not data:
            raise SocketLost
        return data

    async def _write(self, data: bytes) -> None:
        import httpcore

        try:
            await self._stream.write(data)
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise SocketLost from error

    async def _take(self, data: bytes) -> None:
        from wsproto.events import CloseConnection, Message, Ping
        from wsproto.utilities import ProtocolError

        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, Ping):
                    await self._write(self._protocol.send(event.response()))
                elif isinstance(event, Message):
                    self._collect(event.data, finished=event.message_finished)
                elif isinstance(event, CloseConnection):
                    self._over = True  # what came before it is still to be read
        except ProtocolError as error:
            raise SocketLost from error

    def _collect(self, part: "str | bytes | bytearray", *, finished: bool) -> None:
        self._size += len(part)
        if self._size > MAX_MESSAGE:
            raise SocketLost
        self._parts.append(part if isinstance(part, str) else bytes(part))
        if not finished:
            return
        texts = [each for each in self._parts if isinstance(each, str)]
        blobs = [each for each in self._parts if isinstance(each, bytes)]
        self._messages.append("".join(texts) if texts else b"".join(blobs))
        self._parts, self._size = [], 0
