"""The way to a server: addresses, links, streams cut anywhere, waiting times, secrets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from tests.servers import Server

from overpaint.errors import AddressInvalid, AnswerUnusable, Busy, KeyRejected, ServerFault
from overpaint.providers.base import Setup
from overpaint.providers.exchange import (
    Answer,
    Exchange,
    ServerEvent,
    by_status,
    check_address,
    picture_bytes,
    retry_after,
)
from overpaint.providers.exchange_events import EventParser

KEY = "test-key-marked-9"


class Links(Server):
    """Serves a file, ways round to it, and a stream that says what it is told, piece by piece."""

    def __init__(self, pieces: list[bytes] | None = None) -> None:
        super().__init__()
        self.pieces = pieces or []
        self.elsewhere = ""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/file", self.file),
            web.get("/hop", self.hop),
            web.get("/loop", self.loop),
            web.post("/stream", self.stream),
        ]

    async def file(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"the picture")

    async def hop(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": self.elsewhere + "/file"})

    async def loop(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/loop"})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in self.pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        return response


def call(server: Server, what: str, *arguments: Any) -> Any:
    async def run() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            auth = {"Authorization": f"Bearer {KEY}"}
            setup = Setup(base_url=server.url, key=KEY)
            exchange = Exchange(http, setup, title="Links", base_url="", auth=auth)
            answer = getattr(exchange, what)(*arguments)
            if isinstance(answer, AsyncIterator):
                return [event async for event in answer]
            return await answer

    return anyio.run(run)


def test_a_link_is_followed_without_the_key() -> None:
    """A result behind a link comes, also round a corner, and no request for it has the key."""
    with Links() as server, Links() as other:
        server.elsewhere = other.url

        assert call(server, "download", f"{server.url}/hop") == b"the picture"

        assert not [r for r in server.requests + other.requests if KEY in str(r.headers)]


@pytest.mark.parametrize("link", ["/loop", "/nothing", "http://127.0.0.1:9/gone", "ftp://x/y", ""])
def test_a_link_that_leads_nowhere_is_no_reason_to_pay_again(link: str) -> None:
    """Whatever is wrong with a link, the error is one after which nothing is asked again."""
    with Links() as server, pytest.raises(AnswerUnusable):
        call(server, "download", server.url + link if link.startswith("/") else link)


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("https://api.example.com/v1/", True),
        ("http://127.0.0.1:7860", True),
        ("http://localhost:7860/", True),
        ("http://[::1]:1", True),
        ("http://api.example.com/v1", False),
        ("http://192.168.1.4:7860", False),
        ("https://me:secret@api.example.com", False),
        ("api.example.com", False),
        ("https://", False),
        ("https://x:notaport/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_safe_addresses_are_spoken_to(address: str, fine: bool) -> None:
    """Encrypted, or on this machine; without names and passwords in them."""
    if fine:
        assert not check_address(address).endswith("/")
    else:
        with pytest.raises(AddressInvalid) as caught:
            check_address(address)
        assert "secret" not in str(caught.value)


def test_plain_http_needs_the_users_word() -> None:
    """A server in the user's own network can be allowed."""
    assert check_address("http://192.168.1.4:7860", plain_http=True) == "http://192.168.1.4:7860"


EVENTS = [
    ServerEvent("", '{"a": 1}'),
    ServerEvent("done", "two\nlines"),
    ServerEvent("", '{"error": "bare"}', stray=True),
    ServerEvent("", "[DONE]"),
]
STREAM = (
    b': hello\n\ndata: {"a": 1}\r\n\r\nevent: done\ndata: two\ndata: lines\nid: 4\n\n'
    b'{"error": "bare"}\n\ndata:[DONE]'
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_is_read_however_it_is_cut(cuts: list[int]) -> None:
    """Events come whole, comments are skipped, bare errors and a missing last line are not lost."""
    places = [0, *sorted(cuts), len(STREAM)]
    parser = EventParser()
    events = [event for start, end in pairwise(places) for event in parser.feed(STREAM[start:end])]

    assert [*events, *parser.end()] == EVENTS


def test_a_stream_arrives_over_a_connection() -> None:
    """The same, byte by byte from a server."""
    with Links([bytes([byte]) for byte in STREAM]) as server:
        assert call(server, "stream", "stream", {}) == EVENTS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_how_long_to_wait_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds, seconds and dates; what is none of these says nothing."""
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for_is_a_time_from_now() -> None:
    """The second of the two forms of Retry-After."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    seconds = retry_after({"retry-after": date})

    assert seconds is not None
    assert 55 < seconds <= 60


def test_a_status_has_a_meaning_of_its_own() -> None:
    """Where a body says nothing: wrong key, busy with its waiting time, fault."""
    assert isinstance(by_status(Answer(401, {}, b""), "It"), KeyRejected)
    busy = by_status(Answer(429, {"retry-after": "3"}, b""), "It")
    assert isinstance(busy, Busy)
    assert busy.retry_after == 3
    assert isinstance(by_status(Answer(502, {}, b"<html></html>"), "It"), ServerFault)


@pytest.mark.parametrize(
    "said",
    [
        f"bad key {KEY} given",
        f"Authorization: Bearer {KEY}",
        f"see https://x/?key={KEY}&a=1",
        "Incorrect API key provided: test-ke******9.",
    ],
)
def test_what_a_server_says_is_shown_without_a_key(said: str) -> None:
    """Neither the key itself nor a masked form of it."""
    shown = Answer(400, {}, said.encode(), KEY).excerpt()

    assert KEY not in shown
    assert "*" not in shown


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("aGVsbG8=", b"hello"),
        ("data:image/png;base64,aGVsbG8=", b"hello"),
        ("aGVs\r\nbG8=\n", b"hello"),
    ],
)
def test_pictures_in_text_are_decoded(text: str, data: bytes) -> None:
    """Base64 with white space, and with a data: URL's head."""
    assert picture_bytes(text) == data


@pytest.mark.parametrize("text", ["", "data:,", "not base64!", "aGVsbG8"])
def test_damaged_pictures_in_text_are_an_error(text: str) -> None:
    """What is cut off, or no base64 at all, is told as that."""
    with pytest.raises(AnswerUnusable):
        picture_bytes(text)
