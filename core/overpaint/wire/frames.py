"""Frames: a small JSON header with raw blobs behind it. Bytes in, frames out; no I/O.

    magic    4 bytes   b"OVPT"
    length   4 bytes   of the header, big-endian
    header             a JSON object in UTF-8; its "blobs" lists the size of each blob
    blobs              one after the other, raw

Everything is bounded before it is stored: a header has at most MAX_HEADER bytes, a frame at most
MAX_BLOBS blobs and MAX_PAYLOAD bytes in them. Once a decoder has raised, it stays broken.
"""

import json
import struct
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, Dict, List, Optional, Tuple, Union

from .errors import LocalProtocolError, RemoteProtocolError

__all__ = ["Blob", "Frame", "FrameDecoder", "encode"]

MAGIC = b"OVPT"
MAX_HEADER = 1 << 20
MAX_BLOBS = 16
MAX_PAYLOAD = 1 << 32

_PRELUDE = struct.Struct(">4sI")

Blob = Union[bytes, bytearray, memoryview]


@dataclass(frozen=True)
class Frame:
    """One message as it travels; *header* does not hold the list of blobs."""

    header: Dict[str, Any]
    blobs: Tuple[Blob, ...] = ()


def encode(frame: Frame) -> List[Blob]:
    """Return the buffers to be written, in order; blobs are not copied.

    Raises LocalProtocolError where the frame is larger than a decoder accepts.
    """
    sizes = [memoryview(blob).nbytes for blob in frame.blobs]
    if len(sizes) > MAX_BLOBS or sum(sizes) > MAX_PAYLOAD:
        raise LocalProtocolError(f"{len(sizes)} blobs of {sum(sizes)} bytes are too much")
    try:
        header = json.dumps({**frame.header, "blobs": sizes}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise LocalProtocolError(f"a header that JSON cannot hold: {error}") from error
    if len(header) > MAX_HEADER:
        raise LocalProtocolError(f"a header of {len(header)} bytes is too long")
    return [_PRELUDE.pack(MAGIC, len(header)) + header, *(blob for blob in frame.blobs if blob)]


class FrameDecoder:
    """Turns bytes, cut anywhere, into frames.

    State: the bytes of the part that is being read, and what that part is: prelude, header, or
    the next of the blobs that the header announced.
    """

    def __init__(self) -> None:
        self._frames: Deque[Frame] = deque()
        self._part: List[memoryview] = []
        self._missing = _PRELUDE.size
        self._in_header = False
        self._header: Optional[Dict[str, Any]] = None
        self._sizes: List[int] = []
        self._blobs: List[Blob] = []
        self._broken: Optional[RemoteProtocolError] = None

    def feed(self, data: Blob) -> None:
        """Take bytes as they come; raises RemoteProtocolError at the first that cannot be right."""
        if self._broken is not None:
            raise self._broken
        # Pieces are kept until their part is complete and joined once: pictures are large.
        view = memoryview(data if isinstance(data, bytes) else bytes(data))
        try:
            while len(view) >= self._missing:
                self._part.append(view[: self._missing])
                view = view[self._missing :]
                part, self._part = b"".join(self._part), []
                self._take(part)
            self._part.append(view)
            self._missing -= len(view)
            if self._header is None and not self._in_header:
                _check_magic(b"".join(self._part))
        except RemoteProtocolError as error:
            self._broken = error
            raise

    def next_frame(self) -> Optional[Frame]:
        """Return the next whole frame, or None until more bytes came."""
        return self._frames.popleft() if self._frames else None

    def _take(self, part: bytes) -> None:
        if self._header is not None:
            self._blobs.append(part)
        elif self._in_header:
            self._header, self._sizes = _parse_header(part)
            self._in_header = False
        else:
            self._in_header, self._missing = True, _parse_prelude(part)
            return
        if len(self._blobs) == len(self._sizes):
            self._frames.append(Frame(self._header, tuple(self._blobs)))
            self._header, self._blobs = None, []
            self._missing = _PRELUDE.size
        else:
            self._missing = self._sizes[len(self._blobs)]


def _check_magic(start: bytes) -> None:
    if not MAGIC.startswith(start[: len(MAGIC)]):
        raise RemoteProtocolError(f"not a frame: it starts with {start[: len(MAGIC)]!r}")


def _parse_prelude(data: bytes) -> int:
    _check_magic(data)
    length: int = _PRELUDE.unpack(data)[1]
    if length > MAX_HEADER:
        raise RemoteProtocolError(f"a header of {length} bytes is too long")
    return length


def _parse_header(data: bytes) -> Tuple[Dict[str, Any], List[int]]:
    try:
        header = json.loads(data.decode("utf-8"), parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError(f"a header that is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise RemoteProtocolError("a header that is not an object")
    sizes = header.pop("blobs", None)
    fits = (
        isinstance(sizes, list)
        and len(sizes) <= MAX_BLOBS
        and all(type(size) is int and size >= 0 for size in sizes)
        and sum(sizes) <= MAX_PAYLOAD
    )
    if not fits:
        raise RemoteProtocolError("a header whose list of blobs cannot be right")
    return header, sizes


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
