"""Talking to a core without waiting for it: for dialogs, whose main loop must go on.

State: the core, and what is expected of it, in the order in which it was asked: a core answers
one request after the other. Everything happens in :meth:`pump`, in the thread that calls it.
"""

from collections import deque
from typing import Any, Callable, Deque, NamedTuple, Optional, Sequence

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
    """One core at a time, and what it was asked. Call :meth:`pump` often, :meth:`close` at the end.

    A core that has ended is replaced when something is asked again, not before: one that cannot
    live would otherwise be started for ever.
    """

    def __init__(self, core: Optional[CoreProcess] = None) -> None:
        """Take over *core*, or start one; raises CoreTrouble where there is none to be started."""
        self._core: Optional[CoreProcess] = core or CoreProcess(launch.argv())
        self._expected: Deque[_Expected] = deque()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._expected)

    def reply(self, message: wire.Message) -> None:
        """Send what the core has asked for; nothing where it has ended, which is told by pump."""
        if self._core is not None:
            self._core.send(message)

    def ask(
        self,
        message: wire.Message,
        on_end: OnEnd,
        on_trouble: OnTrouble,
        on_part: Optional[OnPart] = None,
        along: Sequence[wire.Message] = (),
    ) -> None:
        """Send a request, after what goes *along*. *on_part* gets what comes before its end.

        One of the others is called once, with the end, or with what kept it from coming.
        """
        try:
            if self._core is None:
                self._core = CoreProcess(launch.argv())
        except messages.CoreTrouble as trouble:
            on_trouble(trouble)
            return
        self._expected.append(_Expected(on_end, on_part, on_trouble))
        for each in (*along, message):
            self._core.send(each)

    def pump(self) -> None:
        """Hand out what has come. Where the core is gone, all that was asked gets its trouble."""
        core = self._core
        if core is None:
            return
        try:
            for message in core.arrived():
                self._hand_out(message)
                if self._core is not core:  # what it answered to has ended it
                    return
        except messages.CoreTrouble as trouble:
            expected, self._expected = self._expected, deque()
            self._end()
            for each in expected:
                each.on_trouble(trouble)
            if not expected:
                raise

    def close(self) -> None:
        """Drop all that was asked, and end the core: that is how it is stopped."""
        self._expected.clear()
        self._end()

    def _end(self) -> None:
        old, self._core = self._core, None
        if old is not None:
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
