"""Messages are checked in both directions, and both ends of a conversation understand them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint import wire
from overpaint.wire.frames import Frame, FrameDecoder, encode
from overpaint.wire.messages import from_frame, to_frame

REGION = wire.Rectangle(3, 4, 2, 3)
RECIPE = {"version": 1, "edit": "remove", "prompt": "Grüße, “hier”"}
EXAMPLES: list[wire.Message] = [
    wire.PlanEdit(recipe=RECIPE, canvas_width=8, canvas_height=9, selection=REGION),
    wire.RegionPlanned(region=REGION),
    wire.RunEdit(
        recipe=RECIPE,
        canvas_width=8,
        canvas_height=9,
        document="[Untitled]",
        region=REGION,
        format="R'G'B'A u8",
        selected=REGION,
        selection=b"abcdef",
        shown=None,
        views=0,
    ),
    wire.RunEdit(
        recipe=RECIPE,
        canvas_width=8,
        canvas_height=9,
        document="[Untitled]",
        region=REGION,
        format="R'G'B'A float",
        selected=wire.Rectangle(4, 5, 1, 2),
        selection=b"ab",
        shown=b"ABCDEF",
        views=360,
    ),
    wire.Strip(pixels=bytes(range(24))),
    wire.Progress(fraction=None, phase="Filling"),
    wire.Progress(fraction=0.25, phase=""),
    wire.Notice(sentence="Mind the gap."),
    *(
        wire.PatchMade(
            number=number,
            recipe=RECIPE,
            provenance={"system": "OpenAI"},
            region=REGION,
            format="R'G'B'A u8",
            pixels=bytes(24),
            mask=mask,
        )
        for number, mask in ((3, bytes(6)), (0, None))
    ),
    wire.Done(seconds={"prepare": 0.5}),
    wire.Failure(code="x", sentence="No.", hint="Try."),
    wire.Cancel(),
    wire.Ask(what="history", about={"limit": 3}),
    wire.Answer(what="facts", data={"provider": "embedded"}),
    wire.Forecast(
        recipe=RECIPE,
        canvas_width=8,
        canvas_height=9,
        region=REGION,
        selected=wire.Rectangle(4, 5, 1, 2),
        selection=b"ab",
        width=1,
        height=2,
        pixels=bytes(8),
        roles=["style"],
    ),
    wire.Outlook(data={"cost": None}, width=1, height=2, pixels=bytes(6)),
    wire.View(number=2, stage="preview", width=2, height=1, pixels=bytes(6)),
    wire.Reference(role="style", width=2, height=1, pixels=bytes(8)),
    wire.StyleLayers(
        recipe=RECIPE,
        canvas_width=8,
        canvas_height=9,
        document="",
        layers=[{"id": "7", "name": "Sky", "box": [-1, 0, 2, 3], "skip": "locked"}],
        frames=True,
        forecast=False,
    ),
    wire.LayerWanted(id=""),
    wire.LayerPixels(id="7", width=2, height=3, format="Y' u8", pixels=b"abcdef"),
    wire.LayerMade(
        id="7",
        recipe=RECIPE,
        provenance={},
        width=1,
        height=1,
        format="R'G'B'A u8",
        pixels=b"abcd",
    ),
    wire.LayerFailed(id="7", code="x", sentence="No.", hint="Try."),
]


def pair() -> tuple[wire.Connection, wire.Connection]:
    """Two sides that have greeted each other."""
    shell, core = wire.Connection("shell"), wire.Connection("core")
    core.receive(b"".join(shell.hello()))
    shell.receive(b"".join(core.hello()))
    assert core.next_message() is None
    assert shell.next_message() is None
    return shell, core


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.type)
def test_every_message_crosses_a_conversation_unchanged(message: wire.Message) -> None:
    """A message that one side sends is equal to the one that the other receives, byte by byte."""
    shell, core = pair()

    for byte in b"".join(bytes(part) for part in shell.send(message)):
        core.receive(bytes([byte]))

    assert message == core.next_message()
    assert core.next_message() is None


def test_every_type_of_message_has_an_example() -> None:
    """The examples above leave no message out."""
    types = {cls.type for cls in wire.Message.__subclasses__()} - {"hello"}

    assert types == {message.type for message in EXAMPLES}


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_message_with_a_wrong_part_is_refused(message: wire.Message, data: st.DataObject) -> None:
    """Whatever stands in a part's place, only the protocol's own error comes out."""
    frame = to_frame(message)
    header = dict(frame.header)
    wrong: Any = data.draw(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=5)
        | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    )
    header[data.draw(st.sampled_from([*header, "surprise"]))] = wrong

    try:
        again = from_frame(Frame(header, frame.blobs))
    except wire.ProtocolError:
        return
    assert isinstance(again, wire.Message)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("format", "CMYK u8"),
        ("region", wire.Rectangle(0, 0, 2, 2)),
        ("region", wire.Rectangle(0, 0, 0, 0)),
        ("selection", b""),
        ("selection", None),
        ("shown", b"x"),
        ("recipe", "text"),
    ],
)
def test_planes_must_fit_their_region(part: str, value: object) -> None:
    """A run whose blobs do not have the region's size is refused by the receiver."""
    run = EXAMPLES[2]
    header = to_frame(run).header
    blobs = {"selection": run.selection, "shown": None}  # type: ignore[attr-defined]
    if part in blobs:
        blobs[part] = value  # type: ignore[assignment]
    else:
        header[part] = value
    given_blobs = [(name, blob) for name, blob in blobs.items() if blob is not None]
    header.update(dict.fromkeys(blobs))
    header.update({name: number for number, (name, _) in enumerate(given_blobs)})

    with pytest.raises(wire.RemoteProtocolError):
        from_frame(Frame(header, tuple(blob for _, blob in given_blobs)))


def test_what_is_selected_must_lie_in_the_region() -> None:
    """A run whose selection reaches out of its region is refused by the receiver."""
    frame = to_frame(EXAMPLES[3])

    with pytest.raises(wire.RemoteProtocolError):
        from_frame(Frame({**frame.header, "selected": [5, 5, 1, 2]}, frame.blobs))


def test_a_wrong_message_is_not_sent() -> None:
    """The sender finds its own mistakes."""
    shell, _ = pair()

    with pytest.raises(wire.LocalProtocolError):
        shell.send(replace(wire.Progress(fraction=0.5, phase="x"), fraction=7))


def test_another_version_is_told_from_nonsense() -> None:
    """A peer of another protocol version raises VersionMismatch, even if its hello changed."""
    connection = wire.Connection("x")
    newer = {"type": "hello", "protocol": 99, "surprise": [1]}
    connection.receive(b"".join(bytes(part) for part in encode(Frame(newer))))

    with pytest.raises(wire.VersionMismatch) as caught:
        connection.next_message()

    assert (caught.value.ours, caught.value.theirs) == (wire.PROTOCOL, 99)


def test_nothing_is_accepted_before_hello() -> None:
    """A conversation that starts with anything else is refused."""
    connection = wire.Connection("x")
    connection.receive(b"".join(bytes(part) for part in encode(to_frame(wire.Cancel()))))

    with pytest.raises(wire.RemoteProtocolError):
        connection.next_message()


def test_hello_is_said_once() -> None:
    """Neither side may greet twice."""
    shell, core = pair()
    with pytest.raises(wire.LocalProtocolError):
        shell.hello()

    core.receive(b"".join(wire.Connection("again").hello()))
    with pytest.raises(wire.RemoteProtocolError):
        core.next_message()


def test_nothing_is_sent_before_hello() -> None:
    """A side cannot send a message before it has greeted."""
    with pytest.raises(wire.LocalProtocolError):
        wire.Connection("x").send(wire.Cancel())


@given(st.binary(max_size=200))
def test_garbage_between_messages_raises_the_protocols_error_only(garbage: bytes) -> None:
    """Random bytes in a running conversation never raise anything but a ProtocolError."""
    shell, core = pair()
    core.receive(b"".join(shell.send(wire.Progress(fraction=1, phase=""))))

    try:
        core.receive(garbage)
        while core.next_message() is not None:
            pass
    except wire.ProtocolError:
        pass


def test_blobs_of_many_sizes_survive_the_decoder() -> None:
    """Empty and large blobs keep their places."""
    blobs = (b"", b"x" * 100_000, b"", b"y")
    decoder = FrameDecoder()

    decoder.feed(b"".join(bytes(part) for part in encode(Frame({}, blobs))))
    frame = decoder.next_frame()

    assert frame is not None
    assert blobs == tuple(bytes(blob) for blob in frame.blobs)


@pytest.mark.parametrize("change", [{"role": "anchor"}, {"width": 3}, {"height": 0}])
def test_a_reference_is_of_a_known_kind_and_as_large_as_it_says(change: dict[str, Any]) -> None:
    """What does not fit is refused by the side that would send it."""
    right = wire.Reference(role="style", width=2, height=1, pixels=bytes(8))
    with pytest.raises((wire.LocalProtocolError, ValueError)):
        to_frame(replace(right, **change))
