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
ENTRIES = {"Inpaint Selection...": (722, 509), "Remove Selection": (721, 534)}

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
import glob
found = []
for name in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        words = open(name, "rb").read()
    except OSError:
        continue
    if b"overpaint.serve" in words:
        found.append(int(name.split("/")[2]))
report(found)
"""


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
    desktop.click(*FILTERS)
    time.sleep(0.6)
    desktop.xdotool("mousemove", *OVERPAINT)
    time.sleep(1.0)
    shoot(desktop, "menu")
    desktop.click(*ENTRIES[entry])


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


def cores(desktop: lab.Desktop) -> list[int]:
    (found,) = desktop.python(CORES)
    return found


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
    """Menu, typing, Enter on the button: a layer named after the prompt, and an honest notice."""
    before = open_document(desktop)

    choose(desktop, "Inpaint Selection...")
    dialog = desktop.wait_for_window("Inpaint")
    desktop.activate(dialog)
    desktop.wait_until_still(5)
    shoot(desktop, "inpaint-dialog")
    desktop.type("a small red boat")
    shoot(desktop, "inpaint-typed")
    desktop.key("alt+o")
    after = wait_for_layers(desktop, 2)
    time.sleep(1)
    shoot(desktop, "inpainted")

    assert after["layers"][0]["name"] == "a small red boat"
    assert after["layers"][1:] == before["layers"]


def test_a_refusal_is_shown_and_changes_nothing(desktop: lab.Desktop) -> None:
    """Without a selection the command says what to do."""
    before = open_document(desktop, selected=())

    choose(desktop, "Remove Selection")
    time.sleep(3)
    shoot(desktop, "nothing-selected")

    assert facts(desktop) == before


def test_killing_the_core_is_told_and_changes_nothing(desktop: lab.Desktop) -> None:
    """SIGKILL in the middle of the work: a sentence, an untouched document, nothing left over."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    choose(desktop, "Remove Selection")
    (core,) = desktop.wait(lambda: cores(desktop) or None, 20, "no core was started")
    time.sleep(2)
    shoot(desktop, "working")

    desktop.python(f"import os, signal; os.kill({core}, signal.SIGKILL)")
    time.sleep(2)
    shoot(desktop, "core-killed")

    assert facts(desktop) == before
    assert not cores(desktop)
    assert not leftovers(desktop)


def test_cancelling_in_gimp_ends_the_core_at_once(desktop: lab.Desktop) -> None:
    """The cancel button of GIMP's own progress bar ends plug-in and core within half a second."""
    before = open_document(desktop, side=2600, selected=(300, 300, 2000, 2000))
    choose(desktop, "Remove Selection")
    desktop.wait(lambda: cores(desktop) or None, 20, "no core was started")
    time.sleep(2)
    watch = desktop.start_python(
        "import time\n"
        "end = time.monotonic() + 20\n"
        "alive = last = time.time()\n"
        f"{CORES.replace('report(found)', '')}\n"
        "core = found[0]\n"
        "import os\n"
        "while time.monotonic() < end and os.path.exists(f'/proc/{core}'):\n"
        "    last = time.time()\n"
        "    time.sleep(0.005)\n"
        "report(last)\n"
    )

    clicked = time.time()
    desktop.click(*CANCEL)
    (gone,) = watch.result()
    shoot(desktop, "cancelled")

    assert gone - clicked < 0.5
    assert facts(desktop) == before
    assert not leftovers(desktop)


def leftovers(desktop: lab.Desktop) -> list[str]:
    """Files that Overpaint may have forgotten in the temporary folder."""
    (names,) = desktop.python("import os; report(os.listdir('/tmp'))")
    return [name for name in names if "overpaint" in name.lower()]
