"""The shell's side of the core process, against the real core and cores that misbehave."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wire
from shell import core_process, messages
from shell.core_process import CoreProcess

HERE = Path(__file__).parent
REAL = [sys.executable, "-I", "-m", "overpaint.serve"]
SELECTION = wire.Rectangle(2, 3, 4, 5)
RECIPE = {"version": 1, "edit": "remove", "seed": 1}


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch):
    """Start a core with one bad behaviour."""
    monkeypatch.setenv("OVERPAINT_WIRE_PARENT", str(HERE.parents[1] / "core" / "overpaint"))
    started = []

    def start(behaviour: str) -> CoreProcess:
        core = CoreProcess([sys.executable, str(HERE / "bad_core.py"), behaviour])
        started.append(core)
        return core

    yield start
    for core in started:
        core.close()
        assert not alive(core)


def alive(core: CoreProcess) -> bool:
    try:
        os.kill(core.pid, 0)
    except ProcessLookupError:
        return False
    return True


def request(region: wire.Rectangle) -> wire.RunEdit:
    pixels = region.width * region.height
    return wire.RunEdit(
        recipe=RECIPE,
        canvas_width=64,
        canvas_height=48,
        document="",
        region=region,
        format="R'G'B'A u8",
        selected=region,
        selection=bytes([0, 255]) * (pixels // 2) + bytes(pixels % 2),
        shown=None,
        views=0,
    )


def strips(region: wire.Rectangle) -> Iterator[bytes]:
    """The pixels of *region*, a row and then the rest."""
    for rows in (1, region.height - 1):
        yield bytes([90, 120, 30, 255]) * (region.width * rows)


def whole_edit(core: CoreProcess, on_progress=lambda _fraction, _phase: None):
    core.begin_plan(RECIPE, (64, 48), SELECTION)
    region = core.planned()
    core.begin(request(region), strips(region))
    return core.outcome(on_progress)


def test_the_real_core_plans_runs_and_ends() -> None:
    """Plan, run and close work against the core that ships; nothing stays behind."""
    with CoreProcess(REAL) as core:
        core.begin_plan(RECIPE, (64, 48), SELECTION)
        region = core.planned()
        core.begin(request(region), strips(region))
        outcome = core.outcome(lambda _fraction, _phase: None)
        assert [region] == [patch.region for patch in outcome.patches]
        assert {"prepare", "provider", "composite"} == set(outcome.seconds)

    assert not alive(core)


def test_a_core_that_starts_late_is_waited_for(bad) -> None:
    """A slow disk is no error."""
    outcome = whole_edit(bad("starts-late"))

    assert len(outcome.patches) == 1


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("exits-at-once", "ended before it was done"),
        ("dies-midway", "ended before it was done"),
        ("dies-in-a-message", "ended before it was done"),
        ("prints-text", "does not speak its protocol"),
        ("garbage-midway", "does not speak its protocol"),
        ("other-version", "different releases"),
    ],
)
def test_a_core_that_breaks_is_told_in_a_sentence(bad, behaviour: str, sentence: str) -> None:
    """Whatever a core does wrong, the user gets one sentence and what to do next."""
    with pytest.raises(messages.CoreTrouble, match=sentence) as caught:
        whole_edit(bad(behaviour))

    assert caught.value.hint


@pytest.mark.parametrize("behaviour", ["never-starts", "never-plans"])
def test_a_core_that_is_silent_is_given_up(
    bad, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a run has begun, silence has an end."""
    monkeypatch.setattr(core_process, "START_SECONDS", 0.6)
    monkeypatch.setattr(core_process, "ANSWER_SECONDS", 0.6)

    with pytest.raises(messages.CoreTrouble, match="did not answer"):
        whole_edit(bad(behaviour))


def test_a_failure_is_told_in_the_cores_own_words(bad) -> None:
    """What the core says of its failure reaches the user as it is."""
    with pytest.raises(messages.EditFailed, match=r"It is raining\. Wait\."):
        whole_edit(bad("fails"))


class Stop(Exception):
    """Raised by a progress callback: the user cancelled."""


def _stop(_fraction: object, phase: str) -> None:
    if phase:
        raise Stop


@pytest.mark.parametrize("behaviour", ["ignores-cancel", "answers"])
def test_cancelling_ends_even_a_core_that_ignores_it(bad, behaviour: str) -> None:
    """From cancel to no process in under half a second."""
    core = bad(behaviour)
    with pytest.raises(Stop):
        whole_edit(core, _stop)

    cancelled = time.monotonic()
    core.close()

    assert time.monotonic() - cancelled < 0.5
    assert not alive(core)


def test_a_core_that_does_not_read_cannot_block_its_end(bad) -> None:
    """Closing works while megabytes wait in a pipe that nobody empties."""
    core = bad("never-reads")
    big = wire.Rectangle(0, 0, 2000, 2000)
    core.send(request(big))
    time.sleep(0.3)

    cancelled = time.monotonic()
    core.close()

    assert time.monotonic() - cancelled < 0.5
    assert not alive(core)


def test_a_command_that_cannot_be_started_is_told() -> None:
    """A launch spec that points nowhere is trouble with a hint, not a crash."""
    with pytest.raises(messages.CoreTrouble, match="could not be started"):
        CoreProcess(["/nowhere/python"])


def test_the_real_core_ends_when_the_shell_is_gone() -> None:
    """The end of stdin ends a core in the middle of a long fill, at once."""
    core = CoreProcess(REAL)
    canvas, everything = (1500, 1500), wire.Rectangle(300, 300, 900, 900)
    core.begin_plan(RECIPE, canvas, everything)
    region = core.planned()
    core.begin(request(region), strips(region))
    with pytest.raises(Stop):
        core.outcome(_stop)

    gone = time.monotonic()
    core._to_send.put(None)
    core._process.wait(5)

    assert time.monotonic() - gone < 0.5
