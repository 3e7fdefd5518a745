"""Talking to a core without waiting for it: for dialogs, whose main loop must go on.

State: the core, and what is expected of it, in the order in which it was asked: a core answers
one request after the other. Everything happens in :meth:`pump`, in the thread that calls it.
"""

from collections import deque
from typing import Any, Callable, Deque, NamedTuple, Optional

import wire
from shell import launch, messages
from shell.core_process import CoreProcess

__all__ = ["Conversation"]

ENDS = (wire.Answer, wire.RegionPlanned, wire.Outlook, wire.Done)

OnEnd = Callable[[Any], None]
OnPart = Callable[[Any], None]
OnTrouble = Callable[[messages.ShellError], None]


class _Expected(NamedTuple):
    on_end: OnEnd
    on_part: Optional[OnPart]
    on_trouble: OnTrouble


class Conversation:
    """One core and what it was asked. Call :meth:`pump` often, and :meth:`close` at the end."""

    def __init__(self, core: Optional[CoreProcess] = None) -> None:
        """Take over *core*, or start one; raises CoreTrouble where there is none to be started."""
        self._core = core or CoreProcess(launch.argv())
        self._expected: Deque[_Expected] = deque()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._expected)

    def say(self, message: wire.Message) -> None:
        """Send what is not answered."""
        self._core.send(message)

    def ask(
        self,
        message: wire.Message,
        on_end: OnEnd,
        on_trouble: OnTrouble,
        on_part: Optional[OnPart] = None,
    ) -> None:
        """Send a request. *on_part* gets what comes before its end; one of the others ends it."""
        self._expected.append(_Expected(on_end, on_part, on_trouble))
        self._core.send(message)

    def pump(self) -> None:
        """Hand out what has come. Where the core is gone, all that was asked gets its trouble."""
        try:
            for message in self._core.arrived():
                self._hand_out(message)
        except messages.CoreTrouble as trouble:
            expected, self._expected = self._expected, deque()
            self._restart()
            for each in expected:
                each.on_trouble(trouble)
            if not expected:
                raise

    def cancel(self) -> None:
        """Drop all that was asked, and go on with a new core: ending one is how it is stopped."""
        self._expected.clear()
        self._restart()

    def close(self) -> None:
        """End the core."""
        self._expected.clear()
        self._core.close()

    def _restart(self) -> None:
        old, self._core = self._core, CoreProcess(launch.argv())
        old.close()

    def _hand_out(self, message: wire.Message) -> None:
        if not self._expected:
            return  # the end of something that was dropped
        first = self._expected[0]
        if isinstance(message, wire.Failure):
            self._expected.popleft()
            first.on_trouble(messages.EditFailed(message.sentence, message.hint, message.code))
        elif isinstance(message, ENDS):
            self._expected.popleft()
            first.on_end(message)
        elif first.on_part is not None:
            first.on_part(message)
