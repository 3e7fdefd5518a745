"""One side of a conversation: messages out as bytes, bytes in as messages; no I/O.

Everything that affects the state lives here. The rules: both sides say hello first and once,
with the same protocol version; nothing is accepted before that.
"""

from typing import List, Optional

from .errors import LocalProtocolError, RemoteProtocolError, VersionMismatch
from .frames import Blob, FrameDecoder, encode
from .messages import Hello, Message, from_frame, to_frame

__all__ = ["PROTOCOL", "Connection"]

PROTOCOL = 7
"""Raised whenever an older peer could misunderstand; independent of Overpaint's release."""


class Connection:
    """The state of one side; *release* tells the other side which Overpaint this is."""

    def __init__(self, release: str) -> None:
        self._decoder = FrameDecoder()
        self._release = release
        self._said_hello = False
        self.peer: Optional[Hello] = None

    def hello(self) -> List[Blob]:
        """Return the bytes of this side's first message."""
        if self._said_hello:
            raise LocalProtocolError("hello was said already")
        self._said_hello = True
        return encode(to_frame(Hello(protocol=PROTOCOL, release=self._release)))

    def send(self, message: Message) -> List[Blob]:
        """Return the buffers that carry *message*, to be written in order."""
        if not self._said_hello or isinstance(message, Hello):
            raise LocalProtocolError("a conversation starts with one hello")
        return encode(to_frame(message))

    def receive(self, data: Blob) -> None:
        """Take what arrived; raises RemoteProtocolError where it cannot be right."""
        self._decoder.feed(data)

    def room(self) -> memoryview:
        """Return where the next bytes can be read into; to be released before :meth:`filled`."""
        return self._decoder.room()

    def filled(self, count: int) -> None:
        """Take the first *count* bytes of :meth:`room`; raises RemoteProtocolError."""
        self._decoder.filled(count)

    def next_message(self) -> Optional[Message]:
        """Return the next message after hello, or None until more arrived."""
        frame = self._decoder.next_frame()
        if frame is None:
            return None
        if self.peer is None:
            self.peer = self._greeted(frame.header)
            return self.next_message()
        message = from_frame(frame)
        if isinstance(message, Hello):
            raise RemoteProtocolError("hello was said already")
        return message

    def _greeted(self, header: dict) -> Hello:  # type: ignore[type-arg]
        # The version comes before everything else: a newer hello may have other parts.
        theirs = header.get("protocol") if header.get("type") == "hello" else None
        if type(theirs) is not int:
            raise RemoteProtocolError("a conversation that does not start with hello")
        if theirs != PROTOCOL:
            raise VersionMismatch(PROTOCOL, theirs)
        return Hello(protocol=theirs, release=str(header.get("release", ""))[:100])
