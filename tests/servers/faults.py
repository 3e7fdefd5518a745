"""What can go wrong on the way to a server and back: one fault for each way of it.

A fault stands between a server of the tests and its client: set it as `server.fault`, with
`server.fault_at` saying which requests it meets. It works on any vendor's server: pictures are
exchanged wherever they stand in an answer.
"""

import asyncio
import base64
import binascii
import gzip
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from aiohttp import web
from PIL import Image

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Act = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>x</body></html>"
LONGEST_SMALL = 60
"""Characters: shorter texts in an answer are no pictures."""


@dataclass(frozen=True)
class Fault:
    """*repeatable*: nothing can have been charged, so a client may ask again.

    *fine*: the answer can be used all the same. *early*: it strikes before the body is read.
    """

    name: str
    act: Act
    repeatable: bool = False
    fine: bool = False
    early: bool = False


async def _reset(request: web.Request, _handler: Handler) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    raise asyncio.CancelledError


async def _stall(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits that long")


async def _drip(request: web.Request, _handler: Handler) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(1200):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def _cut(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send half of the answer, saying that it is all."""
    body, headers = await _answer(request, handler)
    return web.Response(body=body[: len(body) // 2], headers=headers)


async def _cut_connection(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Break off in the middle of the answer."""
    body, headers = await _answer(request, handler)
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    await asyncio.sleep(0.05)
    return await _reset(request, handler)


async def _garbage(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(body=b'{"data": "\xff\xfe\xc3\x28"}', content_type="application/json")


async def _gzip_bomb(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    packed = await asyncio.to_thread(_packed_zeros)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=packed, headers=headers)


@cache
def _packed_zeros() -> bytes:
    """400 MB of nothing, in 400 kB."""
    return gzip.compress(bytes(400 << 20), 6)


async def _empty(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(body=b"", content_type="application/json")


async def _error_in_200(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    error = {"code": "server_error", "message": "Something went wrong.", "type": "server_error"}
    return web.json_response({"error": error, "errors": "Something went wrong."})


async def _plain_type(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the right answer under a wrong name."""
    body, _ = await _answer(request, handler)
    return web.Response(body=body, headers={"Content-Type": "application/octet-stream"})


async def _page_in_200(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(text=HTML, content_type="text/html")


def status(code: int, kind: str) -> Fault:
    """Return an answer of that status: as json, page, bare, or an echo of what was sent."""
    repeatable = code in (429, 503)
    return Fault(f"{code}-{kind}", _status(code, kind), repeatable=repeatable)


def _status(status: int, kind: str) -> Act:
    async def act(request: web.Request, _handler: Handler) -> web.StreamResponse:
        headers = {"Retry-After": "0"} if status in (429, 503) else {}
        if kind == "page":
            return web.Response(status=status, text=HTML, content_type="text/html", headers=headers)
        if kind == "bare":
            return web.Response(status=status, headers=headers)
        said = f"No: {dict(request.headers)}, {request.query_string}" if kind == "echo" else "No."
        error = {"message": said, "code": None, "type": "x", "param": None}
        return web.json_response({"error": error}, status=status, headers=headers)

    return act


def redirected(status: int, where: str) -> Fault:
    """Return a fault that sends the request on to *where*."""

    async def act(request: web.Request, _handler: Handler) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": where + request.path})

    return Fault(f"redirect-{status}", act)


def _picture(make: Callable[[bytes], bytes]) -> Act:
    """Return an act that exchanges each picture in an answer for what *make* makes of it."""

    async def act(request: web.Request, handler: Handler) -> web.StreamResponse:
        body, headers = await _answer(request, handler)
        if headers["Content-Type"].startswith("image/"):
            return web.Response(body=make(body), headers=headers)
        return web.json_response(_exchange(json.loads(body), make))

    return act


def _exchange(value: Any, make: Callable[[bytes], bytes]) -> Any:
    if isinstance(value, dict):
        return {name: _exchange(each, make) for name, each in value.items()}
    if isinstance(value, list):
        return [_exchange(each, make) for each in value]
    if isinstance(value, str) and len(value) > LONGEST_SMALL:
        start, comma, text = value.rpartition(",")
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error:
            return value
        return start + comma + base64.b64encode(make(data)).decode()
    return value


def _spaced(value: Any) -> Any:
    """Break long texts into lines, as some encoders of base64 do."""
    if isinstance(value, dict):
        return {name: _spaced(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_spaced(each) for each in value]
    if isinstance(value, str) and len(value) > LONGEST_SMALL and " " not in value:
        return "\r\n".join(value[at : at + 76] for at in range(0, len(value), 76))
    return value


async def _whitespace(request: web.Request, handler: Handler) -> web.StreamResponse:
    body, headers = await _answer(request, handler)
    if headers["Content-Type"].startswith("image/"):
        return web.Response(body=body, headers=headers)
    return web.json_response(_spaced(json.loads(body)))


async def _answer(request: web.Request, handler: Handler) -> tuple[bytes, dict[str, str]]:
    response = await handler(request)
    assert isinstance(response, web.Response), "a fault needs an answer that is no stream"
    body = response.body
    assert isinstance(body, bytes)
    return body, {"Content-Type": response.headers["Content-Type"]}


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _bomb(_data: bytes) -> bytes:
    """30000x30000 pixels of nothing: small on the way, 2.7 GB when unpacked."""
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    side = (30_000).to_bytes(4, "big")
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * 30_000)
    packed = b"".join(packer.compress(row) for _ in range(300)) + packer.flush()
    head = chunk(b"IHDR", side + side + bytes((8, 2, 0, 0, 0)))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _dot(_data: bytes) -> bytes:
    return _saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")


def _wide(data: bytes) -> bytes:
    return _saved(_opened(data).resize((512, 128)), "PNG")


def _animated(data: bytes) -> bytes:
    first = _opened(data)
    others = [Image.new("RGB", first.size, colour) for colour in ("red", "green")]
    return _saved(first, "WEBP", save_all=True, append_images=others, lossless=True)


def _cmyk(data: bytes) -> bytes:
    return _saved(_opened(data).convert("CMYK"), "JPEG", quality=95)


def _deep(data: bytes) -> bytes:
    pixels = np.asarray(_opened(data)).astype(np.uint16)[..., ::-1] * 257
    return bytes(cv2.imencode(".png", pixels)[1])


def _jpeg(data: bytes) -> bytes:
    return _saved(_opened(data), "JPEG", quality=90)


FAULTS = [
    Fault("reset-before-body", _reset, early=True),
    Fault("reset-after-body", _reset),
    Fault("stall", _stall),
    Fault("drip", _drip),
    Fault("truncated-answer", _cut),
    Fault("cut-connection", _cut_connection),
    Fault("invalid-utf8", _garbage),
    Fault("gzip-bomb", _gzip_bomb),
    Fault("empty-answer", _empty),
    Fault("error-in-200", _error_in_200),
    Fault("wrong-content-type", _plain_type, fine=True),
    Fault("page-in-200", _page_in_200),
    *(
        status(code, kind)
        for code in (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504)
        for kind in ("json", "page", "bare")
    ),
    Fault("truncated-picture", _picture(_truncated)),
    Fault("png-bomb", _picture(_bomb)),
    Fault("1x1", _picture(_dot), fine=True),
    Fault("wrong-aspect", _picture(_wide), fine=True),
    Fault("animated", _picture(_animated), fine=True),
    Fault("cmyk", _picture(_cmyk), fine=True),
    Fault("16-bit", _picture(_deep), fine=True),
    Fault("jpeg-called-png", _picture(_jpeg), fine=True),
    Fault("base64-with-whitespace", _whitespace, fine=True),
    Fault("no-picture-but-text", _picture(lambda _: b"I am sorry, there is no picture." * 4)),
]
