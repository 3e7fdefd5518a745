"""The commands as a user meets them: menu, dialog, progress, undo, in a GIMP with a window."""

import time

import pytest
from tests import lab
from tests.ui.scene import (
    busy_core,
    choose,
    chosen,
    cores,
    facts,
    leftovers,
    open_document,
    shoot,
    wait_for_button,
    wait_for_layers,
    wait_until_told,
)

pytestmark = [pytest.mark.gimp, pytest.mark.window]

CANCEL = (1117, 883)
"""In the progress bar at the foot of GIMP's window of 1400x900."""
FORGET = """
image.undo_disable()
image.undo_enable()
image.clean_all()
"""
"""Leaves nothing in the undo history of what made the image."""
WATCH = """
import os, pathlib, time
end = time.monotonic() + 20
assert os.path.exists("/proc/{core}"), "the core had ended before anything was done to it"
pathlib.Path({watching!r}).touch()
while time.monotonic() < end and os.path.exists("/proc/{core}"):
    last = time.time()
    time.sleep(0.005)
report(last)
"""


def test_remove_by_menu_then_undo_and_redo(desktop: lab.Desktop) -> None:
    """Three clicks remove the selection; one Ctrl+Z brings the former state back, Ctrl+Y again."""
    before = open_document(desktop)

    choose(desktop, "Remove Selection")
    after = wait_for_layers(desktop, 2)
    shoot(desktop, "removed")
    assert after["layers"][1:] == before["layers"]
    assert after["layers"][0]["mask"]
    assert {**after, "layers": []} == {**before, "layers": []}

    desktop.key("ctrl+z")
    assert wait_for_layers(desktop, 1) == before
    shoot(desktop, "undone")

    desktop.key("ctrl+y")
    assert wait_for_layers(desktop, 2)["layers"] == after["layers"]
    assert not cores(desktop)


def test_inpaint_by_dialog(desktop: lab.Desktop) -> None:
    """Menu, typing, Enter, Enter: a layer named after the prompt, one Ctrl+Z takes it back, and
    Ctrl+Y brings it again; nothing else is there to be undone or redone.
    """
    open_document(desktop)
    desktop.python(FORGET)
    before = facts(desktop)

    dialog = chosen(desktop, "Inpaint Selection...")
    shoot(desktop, "inpaint-dialog")
    desktop.type("a small red boat")
    desktop.key("Return")
    wait_for_button(desktop, dialog)
    shoot(desktop, "inpaint-candidate")
    assert facts(desktop) == before
    desktop.key("Return")
    desktop.wait_until_gone(dialog)
    after = wait_for_layers(desktop, 2)
    shoot(desktop, "inpainted")

    assert after["layers"][0]["name"] == "a small red boat"
    assert after["layers"][1:] == before["layers"]
    desktop.key("ctrl+z")
    assert wait_for_layers(desktop, 1) == before
    assert desktop.python("report(image.is_dirty())") == [False]  # each step makes it dirty
    desktop.key("ctrl+y")
    assert wait_for_layers(desktop, 2)["layers"] == after["layers"]
    desktop.key("ctrl+y", "ctrl+y", "ctrl+z", "ctrl+z", "ctrl+z")
    assert wait_for_layers(desktop, 1) == before
    assert desktop.python("report(image.is_dirty())") == [False]
    assert not cores(desktop)


def test_escape_stops_a_run_then_closes(desktop: lab.Desktop) -> None:
    """The first Escape ends the core within half a second, the second the window; nothing else."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    dialog = chosen(desktop, "Inpaint Selection...")
    desktop.key("Return")
    core = busy_core(desktop)
    watching = desktop.folder / "watching"
    watch = desktop.start_python(WATCH.format(core=core, watching=str(watching)))
    desktop.wait(lambda: watching.exists() or None, 20, "nobody watched the core")
    shoot(desktop, "inpaint-running")

    pressed = time.time()
    desktop.key("Escape")
    (gone,) = watch.result()
    shoot(desktop, "inpaint-stopped")
    desktop.key("Escape")
    desktop.wait_until_gone(dialog)

    assert 0 < gone - pressed < 0.5
    assert facts(desktop) == before
    desktop.wait(lambda: not cores(desktop) or None, 10, "a core was left")


def test_gimp_can_be_painted_in_meanwhile(desktop: lab.Desktop) -> None:
    """While the window is open, GIMP takes strokes and a layer; the result lies over all that."""
    open_document(desktop)
    dialog = chosen(desktop, "Inpaint Selection...")
    desktop.python(
        "layer.fill(Gimp.FillType.WHITE)\n"
        "other = Gimp.Layer.new(image, 'Other', 20, 20, 0, 100, Gimp.LayerMode.NORMAL)\n"
        "image.insert_layer(other, None, 0)\n"
        "Gimp.displays_flush()"
    )
    desktop.key("Return")
    wait_for_button(desktop, dialog)
    desktop.key("Return")
    after = wait_for_layers(desktop, 3)

    names = [layer["name"] for layer in after["layers"]]
    assert names == ["Other", "Inpainted", "Photo"]


def test_a_refusal_is_shown_and_changes_nothing(desktop: lab.Desktop) -> None:
    """Without a selection the command says what to do."""
    before = open_document(desktop, selected=())

    choose(desktop, "Remove Selection")
    wait_until_told(desktop)
    shoot(desktop, "nothing-selected")

    assert facts(desktop) == before


def test_killing_the_core_is_told_and_changes_nothing(desktop: lab.Desktop) -> None:
    """SIGKILL in the middle of the work: a sentence, an untouched document, nothing left over."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    choose(desktop, "Remove Selection")
    core = busy_core(desktop)
    shoot(desktop, "working")

    desktop.python(f"import os, signal; os.kill({core}, signal.SIGKILL)")
    wait_until_told(desktop)
    shoot(desktop, "core-killed")

    assert facts(desktop) == before
    assert not cores(desktop)
    assert not leftovers(desktop)


def test_cancelling_in_gimp_ends_the_core_at_once(desktop: lab.Desktop) -> None:
    """The cancel button of GIMP's own progress bar ends plug-in and core within half a second."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    choose(desktop, "Remove Selection")
    core = busy_core(desktop)
    watching = desktop.folder / "watching"
    watch = desktop.start_python(WATCH.format(core=core, watching=str(watching)))
    # Only now: the click may end the core faster than GIMP starts the watch.
    desktop.wait(lambda: watching.exists() or None, 20, "nobody watched the core")

    clicked = time.time()
    desktop.click(*CANCEL)
    (gone,) = watch.result()
    shoot(desktop, "cancelled")

    assert 0 < gone - clicked < 0.5
    assert facts(desktop) == before
    assert not cores(desktop)
    assert not leftovers(desktop)
