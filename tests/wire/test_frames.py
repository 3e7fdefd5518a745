"""Frames survive any cutting; anything else is refused with the protocol's own error."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from overpaint.wire.frames import (
    MAGIC,
    MAX_BLOBS,
    MAX_HEADER,
    MAX_PAYLOAD,
    Frame,
    FrameDecoder,
    encode,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
names = st.text(max_size=10).filter(lambda name: name != "blobs")
frames = st.builds(
    Frame,
    st.dictionaries(names, json_values, max_size=4),
    st.lists(st.binary(max_size=200), max_size=MAX_BLOBS).map(tuple),
)


def wire_bytes(*sent: Frame) -> bytes:
    return b"".join(bytes(part) for frame in sent for part in encode(frame))


def drain(decoder: FrameDecoder) -> list[Frame]:
    found = []
    while (frame := decoder.next_frame()) is not None:
        found.append(Frame(frame.header, tuple(bytes(blob) for blob in frame.blobs)))
    return found


@given(st.lists(frames, max_size=4), st.data())
def test_frames_arrive_as_sent_wherever_the_stream_is_cut(
    sent: list[Frame], data: st.DataObject
) -> None:
    """What is decoded equals what was encoded, for any cutting of the bytes."""
    stream = wire_bytes(*sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder = FrameDecoder()

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        decoder.feed(stream[start:end])

    assert sent == drain(decoder)


@given(frames)
def test_one_byte_at_a_time(frame: Frame) -> None:
    """A frame that arrives byte by byte is complete with its last byte, not before."""
    stream = wire_bytes(frame)
    decoder = FrameDecoder()

    for byte in stream[:-1]:
        decoder.feed(bytes([byte]))
        assert decoder.next_frame() is None
    decoder.feed(stream[-1:])

    assert [frame] == drain(decoder)


@given(st.binary(max_size=300), st.booleans())
def test_garbage_raises_nothing_but_the_protocols_error(garbage: bytes, framed: bool) -> None:
    """Random bytes, bare or behind a right prelude, end in a ProtocolError or wait for more."""
    stream = MAGIC + struct.pack(">I", len(garbage)) + garbage if framed else garbage
    decoder = FrameDecoder()

    try:
        for byte in stream:
            decoder.feed(bytes([byte]))
    except ProtocolError:
        with pytest.raises(ProtocolError):
            decoder.feed(b"")
    else:
        drain(decoder)


@given(frames, st.data())
def test_a_damaged_frame_is_refused_or_still_a_frame(frame: Frame, data: st.DataObject) -> None:
    """One changed byte anywhere never raises anything but the protocol's own error."""
    stream = bytearray(wire_bytes(frame))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    decoder = FrameDecoder()

    try:
        decoder.feed(stream)
    except ProtocolError:
        return
    drain(decoder)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"blobs": 3}',
        b'{"blobs": [-1]}',
        b'{"blobs": [true]}',
        b'{"blobs": [1.5]}',
        b'{"blobs": [NaN]}',
        b'{"blobs": [], "x": Infinity}',
        b"[" * 100_000,
        json.dumps({"blobs": [1] * (MAX_BLOBS + 1)}).encode(),
        json.dumps({"blobs": [MAX_PAYLOAD, 1]}).encode(),
    ],
)
def test_wrong_headers_are_refused(header: bytes) -> None:
    """A header that is no object with a list of bounded sizes is refused at once."""
    decoder = FrameDecoder()

    with pytest.raises(RemoteProtocolError):
        decoder.feed(MAGIC + struct.pack(">I", len(header)) + header)


def test_foreign_text_is_refused_at_its_first_byte() -> None:
    """A program that prints to stdout is recognised without waiting for a whole prelude."""
    with pytest.raises(RemoteProtocolError, match="not a frame"):
        FrameDecoder().feed(b"H")


def test_a_huge_header_is_refused_before_it_is_stored() -> None:
    """A length above the limit is refused by its prelude alone."""
    with pytest.raises(RemoteProtocolError, match="too long"):
        FrameDecoder().feed(MAGIC + struct.pack(">I", MAX_HEADER + 1))


def test_what_a_decoder_would_refuse_is_not_sent() -> None:
    """The sender finds out first: too many blobs, too long a header, no JSON."""
    for frame in (
        Frame({}, (b"x",) * (MAX_BLOBS + 1)),
        Frame({"text": "x" * MAX_HEADER}),
        Frame({"number": float("nan")}),
        Frame({"object": object()}),
    ):
        with pytest.raises(LocalProtocolError):
            encode(frame)


def test_blobs_are_not_copied_on_their_way_out() -> None:
    """A large blob is handed on as the very buffer it came in."""
    blob = bytearray(1000)

    assert encode(Frame({}, (blob,)))[-1] is blob
