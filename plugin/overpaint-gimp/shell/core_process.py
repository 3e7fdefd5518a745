"""The core process as the shell sees it: started once per command, asked, ended.

State: a process that is starting, ready or ended. Its pipes are served by threads, one of which
takes in all that comes and passes on whole messages, or what was wrong; everything else happens
in the caller's thread, which polls, because on Windows pipes cannot be waited for and because
GIMP wants its progress bar moved meanwhile.
"""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from functools import partial
from typing import (
    Any,
    Callable,
    Deque,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import wire
from shell import launch, messages

__all__ = ["CoreProcess", "Outcome"]

RELEASE = "gimp"
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
CANCEL_SECONDS = 0.35
POLL_SECONDS = 0.05
CHUNK = 1 << 20

OnProgress = Callable[[Optional[float], str], None]


class Outcome:
    """What a run brought: patches, layers that failed, sentences to show, seconds per phase."""

    def __init__(self) -> None:
        self.patches: List[wire.PatchMade] = []
        self.failed: List[wire.LayerFailed] = []
        self.notices: List[str] = []
        self.seconds: Dict[str, float] = {}


class CoreProcess:
    """A running core. Use as a context manager: leaving it ends the process."""

    def __init__(self, argv: List[str]) -> None:
        """Start *argv*; raises CoreTrouble where it cannot be started. Does not wait for it."""
        self.started = time.monotonic()
        self.seconds_to_hello: Optional[float] = None
        self._connection = wire.Connection(RELEASE)
        self._dismissed = False
        self._arrived: "queue.Queue[Union[wire.Message, wire.ProtocolError, None]]" = queue.Queue()
        self._to_send: "queue.Queue[Optional[List[wire.Blob]]]" = queue.Queue()
        self._last_words: Deque[bytes] = deque(maxlen=64)
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=launch.environment(),
                bufsize=0,
                creationflags=flags,
            )
        except OSError as error:
            raise messages.core_not_started(error.strerror or str(error)) from error
        _widen(self._process.stdin, self._process.stdout)
        for work in (self._write, self._read, self._listen_to_last_words):
            threading.Thread(target=work, daemon=True).start()
        self._to_send.put(self._connection.hello())

    def __enter__(self) -> "CoreProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin_plan(
        self, recipe: Dict[str, Any], canvas: Tuple[int, int], selection: wire.Rectangle
    ) -> None:
        """Ask which region *recipe* reads, and do not wait: :meth:`planned` brings it."""
        self.send(
            wire.PlanEdit(
                recipe=recipe,
                canvas_width=canvas[0],
                canvas_height=canvas[1],
                selection=selection,
            )
        )

    def planned(self) -> wire.Rectangle:
        """Return the region that was asked for; raises EditFailed or CoreTrouble."""
        while True:
            answer = self._next(ANSWER_SECONDS)
            if isinstance(answer, wire.RegionPlanned):
                return answer.region

    def begin(
        self,
        request: wire.RunEdit,
        pixels: Iterable[bytes],
        references: Sequence[wire.Reference] = (),
    ) -> None:
        """Begin an edit of *pixels*, in strips, and do not wait: :meth:`outcome` brings its end."""
        for reference in references:
            self.send(reference)
        self.send(request)
        for strip in pixels:
            self.send(wire.Strip(pixels=strip))

    def outcome(self, on_progress: OnProgress) -> Outcome:
        """Wait for the edit's end, however long it takes; raises EditFailed or CoreTrouble.

        *on_progress* is called often, also where nothing is new, and may raise to cancel.
        """
        outcome = Outcome()
        last = wire.Progress(fraction=None, phase="")
        while True:
            answer = self._next(None, partial(on_progress, last.fraction, last.phase))
            if isinstance(answer, wire.Progress):
                last = answer
                on_progress(last.fraction, last.phase)
            elif isinstance(answer, wire.Notice):
                outcome.notices.append(answer.sentence)
            elif isinstance(answer, wire.PatchMade):
                outcome.patches.append(answer)
            elif isinstance(answer, wire.Done):
                outcome.seconds = answer.seconds
                return outcome

    def style_layers(
        self,
        request: wire.StyleLayers,
        read: Callable[[str], wire.LayerPixels],
        keep: Callable[[wire.LayerMade], None],
        on_progress: OnProgress,
        references: Sequence[wire.Reference] = (),
    ) -> Outcome:
        """Style many layers, however long it takes; raises EditFailed or CoreTrouble.

        *read* is asked for one layer after the other, *keep* is given each that is made.
        *on_progress* as for :meth:`outcome`.
        """
        for reference in references:
            self.send(reference)
        self.send(request)
        outcome = Outcome()
        last = wire.Progress(fraction=None, phase="")
        while True:
            answer = self._next(None, partial(on_progress, last.fraction, last.phase))
            if isinstance(answer, wire.LayerWanted):
                self.send(read(answer.id))
            elif isinstance(answer, wire.LayerMade):
                keep(answer)
            elif isinstance(answer, wire.LayerFailed):
                outcome.failed.append(answer)
            elif isinstance(answer, wire.Progress):
                last = answer
                on_progress(last.fraction, last.phase)
            elif isinstance(answer, wire.Notice):
                outcome.notices.append(answer.sentence)
            elif isinstance(answer, wire.Done):
                outcome.seconds = answer.seconds
                return outcome

    def send(self, message: wire.Message) -> None:
        """Send a message without waiting; what is answered comes out of :meth:`arrived`."""
        self._to_send.put(self._connection.send(message))

    def arrived(self) -> Iterator[wire.Message]:
        """Yield what has come by now, failures among it, without waiting; raises CoreTrouble."""
        while True:
            try:
                yield self._message(self._arrived.get_nowait())
            except queue.Empty:
                waited = time.monotonic() - self.started
                if self._connection.peer is None and waited > START_SECONDS:
                    raise messages.core_silent(START_SECONDS) from None
                return

    def dismiss(self) -> None:
        """Ask the process to end, and do not wait for it: nothing is wanted of it any more."""
        if not self._dismissed:
            self._dismissed = True
            if self._connection.peer is not None:
                self._to_send.put(self._connection.send(wire.Cancel()))
            self._to_send.put(None)

    def close(self) -> None:
        """End the process: ask, wait a moment, then kill. Safe to call twice.

        One that has not even said hello has nothing to put away.
        """
        if self._connection.peer is None:
            self._process.kill()
        if self._process.poll() is None:
            self.dismiss()
            try:
                self._process.wait(CANCEL_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _next(
        self, seconds: Optional[float], idle: Callable[[], None] = lambda: None
    ) -> wire.Message:
        """Return the next message; raises EditFailed for a failure, CoreTrouble for the rest.

        Within *seconds*, or at any time for None; the core must have said hello in time anyway.
        """
        asked = time.monotonic()
        while True:
            try:
                message = self._message(self._arrived.get(timeout=POLL_SECONDS))
            except queue.Empty:
                limit, since = (seconds, asked)
                if self._connection.peer is None:
                    limit, since = START_SECONDS, self.started
                if limit is not None and time.monotonic() - since > limit:
                    raise messages.core_silent(limit) from None
                idle()
                continue
            if isinstance(message, wire.Failure):
                raise messages.EditFailed(message.sentence, message.hint, message.code)
            return message

    def _message(self, arrived: Union[wire.Message, wire.ProtocolError, None]) -> wire.Message:
        """Return what arrived where it is a message; raises CoreTrouble where it is not."""
        if arrived is None:
            self._tell_last_words()
            raise messages.core_died()
        if isinstance(arrived, wire.VersionMismatch):
            raise messages.other_release(arrived.ours, arrived.theirs) from arrived
        if isinstance(arrived, wire.ProtocolError):
            raise self._nonsense(arrived) from arrived
        return arrived

    def _nonsense(self, error: wire.ProtocolError) -> messages.CoreTrouble:
        sys.stderr.write("overpaint: the core broke the protocol: {}\n".format(error))
        self._tell_last_words()
        return messages.core_nonsense()

    def _tell_last_words(self) -> None:
        # For whoever starts GIMP from a terminal; the user gets the sentence.
        for line in list(self._last_words):
            sys.stderr.write("overpaint core: {}\n".format(line.decode("utf-8", "replace")))

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        # Where the core is gone, the side that reads finds out and tells.
        with contextlib.suppress(OSError), pipe:
            while True:
                buffers = self._to_send.get()
                if buffers is None:
                    break
                for buffer in buffers:
                    view = memoryview(buffer).cast("B")
                    while view:
                        view = view[pipe.write(view) :]

    def _read(self) -> None:
        pipe: Any = self._process.stdout  # a raw file, for there is no buffer before it
        try:
            while True:
                with self._connection.room() as room:
                    count = pipe.readinto(room)
                if not count:
                    self._arrived.put(None)
                    return
                self._connection.filled(count)
                self._pass_on()
        except wire.ProtocolError as error:
            self._arrived.put(error)

    def _pass_on(self) -> None:
        while True:
            message = self._connection.next_message()
            if self.seconds_to_hello is None and self._connection.peer is not None:
                self.seconds_to_hello = time.monotonic() - self.started
            if message is None:
                return
            self._arrived.put(message)

    def _listen_to_last_words(self) -> None:
        pipe = self._process.stderr
        assert pipe is not None
        for line in pipe:
            self._last_words.append(line.rstrip()[:500])


def _widen(*pipes: Any) -> None:
    """Let pipes hold more than a few rows of pixels, where the system can."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        size: Any = getattr(fcntl, "F_SETPIPE_SZ", None)
        for pipe in pipes if size is not None else ():
            fcntl.fcntl(pipe, size, CHUNK)
