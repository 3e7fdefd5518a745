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
AT_ONCE = 1 << 26
"""So much of a blob is made room for before any of it came; then as much again as is there."""

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

    State: the part that is being read, how much of it is there, and what it is: prelude, header,
    or the next of the blobs that the header announced. Bytes are put where they will stay, for
    pictures are large: read into :meth:`room` and tell :meth:`filled`, or leave it to
    :meth:`feed`. A part grows with what has come, so that nobody can announce memory away.
    """

    def __init__(self) -> None:
        self._frames: Deque[Frame] = deque()
        self._size = _PRELUDE.size
        self._part = bytearray(self._size)
        self._there = 0
        self._in_header = False
        self._header: Optional[Dict[str, Any]] = None
        self._sizes: List[int] = []
        self._blobs: List[Blob] = []
        self._broken: Optional[RemoteProtocolError] = None

    def room(self) -> memoryview:
        """Return where the next bytes belong; never empty, to be released before :meth:`filled`."""
        return memoryview(self._part)[self._there :]

    def filled(self, count: int) -> None:
        """Take the first *count* bytes of :meth:`room`, which now are what came.

        Raises RemoteProtocolError at the first that cannot be right.
        """
        if self._broken is not None:
            raise self._broken
        self._there += count
        try:
            if self._header is None and not self._in_header:
                _check_magic(self._part[: self._there])
            self._advance()
        except RemoteProtocolError as error:
            self._broken = error
            raise

    def feed(self, data: Blob) -> None:
        """Take bytes as they come; raises RemoteProtocolError at the first that cannot be right."""
        if self._broken is not None:
            raise self._broken
        view = memoryview(data).cast("B")
        while view:
            with self.room() as room:
                count = min(len(room), len(view))
                room[:count] = view[:count]
            self.filled(count)
            view = view[count:]

    def next_frame(self) -> Optional[Frame]:
        """Return the next whole frame, or None until more bytes came."""
        return self._frames.popleft() if self._frames else None

    def _advance(self) -> None:
        """Go on to the next part where this one is complete, to the one after where it is empty."""
        while self._there == self._size:
            self._take(self._part)
            self._part, self._there = bytearray(min(self._size, AT_ONCE)), 0
        if self._there == len(self._part):
            self._part.extend(bytes(min(self._size - self._there, self._there)))

    def _take(self, part: bytearray) -> None:
        """Take a complete part, and say how large the next one is."""
        if self._header is not None:
            self._blobs.append(part)
        elif self._in_header:
            self._header, self._sizes = _parse_header(part)
            self._in_header = False
        else:
            self._in_header, self._size = True, _parse_prelude(part)
            return
        if len(self._blobs) == len(self._sizes):
            self._frames.append(Frame(self._header, tuple(self._blobs)))
            self._header, self._blobs = None, []
            self._size = _PRELUDE.size
        else:
            self._size = self._sizes[len(self._blobs)]


def _check_magic(start: bytearray) -> None:
    if not MAGIC.startswith(start[: len(MAGIC)]):
        raise RemoteProtocolError(f"not a frame: it starts with {bytes(start[: len(MAGIC)])!r}")


def _parse_prelude(data: bytearray) -> int:
    _check_magic(data)
    length: int = _PRELUDE.unpack(data)[1]
    if length > MAX_HEADER:
        raise RemoteProtocolError(f"a header of {length} bytes is too long")
    return length


def _parse_header(data: bytearray) -> Tuple[Dict[str, Any], List[int]]:
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
