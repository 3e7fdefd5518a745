"""Server-sent events: a stream of bytes, cut anywhere, as events."""

import json
from dataclasses import dataclass
from typing import Any

from overpaint.errors import AnswerUnusable
from overpaint.language import _

__all__ = ["EventParser", "ServerEvent"]


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a text/event-stream. *event* is "" where the stream does not name it;
    *stray*: these are lines that are no event stream at all (a bare JSON error, for example).
    """

    event: str
    data: str
    stray: bool = False

    def json(self) -> Any:
        """Return the data's JSON; raises AnswerUnusable."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise AnswerUnusable(
                _("The server's stream of events cannot be read."), _("Try again.")
            ) from error


class EventParser:
    """Server-sent events from bytes cut anywhere (WHATWG HTML, 9.2).

    Our own because pictures come as single lines of megabytes, and because some servers answer
    with a bare JSON error in the middle of a stream, which must not get lost.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._event = ""
        self._data: list[str] = []
        self._stray: list[str] = []

    def feed(self, piece: bytes) -> list[ServerEvent]:
        if b"\n" not in piece:
            self._pieces.append(piece)
            return []
        *lines, rest = b"".join([*self._pieces, piece]).split(b"\n")
        self._pieces = [rest]
        return [event for line in lines for event in self._line(line)]

    def end(self) -> list[ServerEvent]:
        """Return what is left when the connection ends: servers forget the last blank line."""
        rest = b"".join(self._pieces)
        self._pieces = []
        events = self._line(rest) if rest else []
        return [*events, *self._line(b"")]

    def _line(self, raw: bytes) -> list[ServerEvent]:
        line = raw.removesuffix(b"\r").decode("utf-8", "replace")
        if not line:
            return self._dispatch()
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name and colon:
            pass  # a comment, sent to keep the connection open
        elif name == "data" and colon:
            self._data.append(value)
        elif name == "event" and colon:
            self._event = value
        elif name not in ("id", "retry"):
            self._stray.append(line)
        return []

    def _dispatch(self) -> list[ServerEvent]:
        events = []
        if self._data:
            events.append(ServerEvent(self._event, "\n".join(self._data)))
        if self._stray:
            events.append(ServerEvent("", "\n".join(self._stray), stray=True))
        self._event, self._data, self._stray = "", [], []
        return events
