"""The commands as a user meets them: menu, dialog, progress, undo, in a GIMP with a window."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.gimp import home as gimp_home

pytestmark = [pytest.mark.gimp, pytest.mark.window]

SHOTS = gimp_home.ROOT / "out" / "screenshots"
FACTS = Path(gimp_home.__file__).with_name("in_gimp_facts.py").read_text()
# Places on the lab's screen of 1400x900, the same in GIMP 3.0 and 3.2.
FILTERS = (426, 31)
OVERPAINT = (460, 509)
CANCEL = (1117, 883)  # in the progress bar at the foot of the window
ENTRIES = {
    "Check Setup...": (722, 509),
    "Edit Again...": (722, 534),
    "History...": (722, 559),
    "Inpaint Selection...": (722, 584),
    "Remove Selection": (722, 609),
    "Settings...": (722, 634),
}

DOCUMENT = """
import random
random.seed({side})
image = Gimp.Image.new({side}, {side}, Gimp.ImageBaseType.RGB)
layer = Gimp.Layer.new(image, "Photo", {side}, {side}, 0, 100, Gimp.LayerMode.NORMAL)
image.insert_layer(layer, None, 0)
rows = [bytes((x * 5 // (1 + k) + random.randrange(24)) % 256 for x in range(3 * {side}))
        for k in range(8)]
for y in range({side}):
    layer.get_buffer().set(Gegl.Rectangle.new(0, y, {side}, 1), "R'G'B' u8", rows[y // 16 % 8])
layer.get_buffer().flush()
layer.update(0, 0, {side}, {side})
image.clean_all()
if {selected}:
    image.select_ellipse(Gimp.ChannelOps.REPLACE, *{selected})
    Gimp.Selection.feather(image, 6)
display = Gimp.Display.new(image)
Gimp.displays_flush()
"""

CORES = """
import glob, os
found = {}
for folder in glob.glob("/proc/[0-9]*"):
    try:
        words = open(folder + "/cmdline", "rb").read()
        numbers = open(folder + "/stat").read().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        continue
    if b"overpaint.serve" in words:
        ticks = int(numbers[11]) + int(numbers[12])
        found[folder.split("/")[2]] = ticks / os.sysconf("SC_CLK_TCK")
report(found)
"""

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

BUSY = 3.0
"""A core that has used so many seconds of processor time is filling: it starts with under one."""
GTK_PAUSE = 0.6
"""GTK takes a click within half a second of a menu's opening for the end of the one before."""


@pytest.fixture(params=lab.VERSIONS)
def desktop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[lab.Desktop]:
    """A GIMP with a window and the plug-in."""
    try:
        gimp = lab.gimp(request.param)
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    gimp_home.install(gimp, tmp_path)
    with lab.Desktop(gimp, gimp_home.room(gimp, tmp_path)) as desktop:
        desktop.python(FACTS)
        yield desktop
        # Shown by pytest where the test failed.
        print(desktop.messages(), [window.title for window in desktop.windows()])
        shoot(desktop, f"end-of-{request.node.originalname}")


def shoot(desktop: lab.Desktop, name: str) -> None:
    desktop.screenshot(SHOTS / f"{desktop.gimp.version}-{name}.png")


def open_document(
    desktop: lab.Desktop, side: int = 500, selected: tuple[int, ...] = (150, 120, 160, 120)
) -> dict[str, Any]:
    desktop.python(DOCUMENT.format(side=side, selected=selected))
    desktop.wait_for_window(rf"{side}x{side}")
    desktop.wait_until_still(2)
    return facts(desktop)


def choose(desktop: lab.Desktop, entry: str) -> None:
    """Click the menu and an entry of Filters > Overpaint; the submenu opens under the mouse."""
    open_before = popups(desktop)
    desktop.click(*FILTERS)
    wait_for_popups(desktop, open_before + 1)
    desktop.xdotool("mousemove", *OVERPAINT)
    wait_for_popups(desktop, open_before + 2)
    time.sleep(GTK_PAUSE)
    shoot(desktop, "menu")
    desktop.click(*ENTRIES[entry])


def popups(desktop: lab.Desktop) -> int:
    """How many windows GIMP shows, menus among them."""
    found = desktop.room.run(["xdotool", "search", "--onlyvisible", "--class", "gimp"], check=False)
    return len(found.stdout.split())


def wait_for_popups(desktop: lab.Desktop, count: int) -> None:
    desktop.wait(lambda: popups(desktop) >= count or None, 10, "the menu did not open")


def facts(desktop: lab.Desktop) -> dict[str, Any]:
    """All that is to be known, less what GIMP keeps on an image of any plug-in's last use."""
    (found,) = desktop.python("report(image_facts(image))")
    kept = [name for name in found["parasites"] if not name.startswith("GimpProcedureConfigRun")]
    return {**found, "parasites": kept}


def wait_for_layers(desktop: lab.Desktop, count: int, timeout: float = 60) -> dict[str, Any]:
    def look() -> bool | None:
        return desktop.python("report(len(image.get_layers()))") == [count] or None

    desktop.wait(look, timeout, f"there were not {count} layers")
    return facts(desktop)


def cores(desktop: lab.Desktop) -> dict[int, float]:
    """The processor time of each core that runs, by its process's number there."""
    (found,) = desktop.python(CORES)
    return {int(number): seconds for number, seconds in found.items()}


def busy_core(desktop: lab.Desktop) -> int:
    """Wait until a core is filling; return its number."""

    def look() -> int | None:
        return next((core for core, spent in cores(desktop).items() if spent > BUSY), None)

    return desktop.wait(look, 60, "no core was at work")


def wait_until_told(desktop: lab.Desktop) -> None:
    """Wait for the window in which GIMP shows an error."""
    desktop.wait_for_window("^GIMP Message$")
    time.sleep(GTK_PAUSE)  # until it is painted, for the screenshot


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
    """Menu, typing, Enter, Enter: a layer named after the prompt, and one Ctrl+Z takes it back."""
    before = open_document(desktop)

    choose(desktop, "Inpaint Selection...")
    dialog = desktop.wait_for_window("Inpaint")
    desktop.activate(dialog)
    desktop.wait_until_still(5)
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
    assert not cores(desktop)


def test_escape_stops_a_run_then_closes(desktop: lab.Desktop) -> None:
    """The first Escape ends the core within half a second, the second the window; nothing else."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    choose(desktop, "Inpaint Selection...")
    dialog = desktop.wait_for_window("Inpaint")
    desktop.activate(dialog)
    desktop.wait_until_still(5)
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
    choose(desktop, "Inpaint Selection...")
    dialog = desktop.wait_for_window("Inpaint")
    desktop.activate(dialog)
    desktop.wait_until_still(5)
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


def wait_for_button(desktop: lab.Desktop, dialog: lab.Window) -> None:
    """Wait until the window has grown by the row of candidates: Enter then keeps."""
    height = geometry(desktop, dialog)[1]
    desktop.wait(
        lambda: geometry(desktop, dialog)[1] > height + 60 or None, 60, "no candidate came"
    )
    desktop.wait_until_still(5)


def geometry(desktop: lab.Desktop, window: lab.Window) -> tuple[int, int]:
    told = desktop.xdotool("getwindowgeometry", "--shell", window.id)
    found = dict(line.split("=") for line in told.splitlines())
    return int(found["WIDTH"]), int(found["HEIGHT"])


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


def leftovers(desktop: lab.Desktop) -> list[str]:
    """Files that Overpaint may have forgotten in the temporary folder."""
    (names,) = desktop.python("import os; report(os.listdir('/tmp'))")
    return [name for name in names if "overpaint" in name.lower()]
