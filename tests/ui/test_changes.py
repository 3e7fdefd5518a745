"""The document changes while a candidate waits in the window: each change has its outcome."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests import lab
from tests.ui.scene import (
    CLEAR,
    chosen,
    cores,
    facts,
    open_document,
    shoot,
    wait_for_button,
    wait_for_layers,
)

pytestmark = [pytest.mark.gimp, pytest.mark.window]

SELECTED = (150, 120, 160, 120)
SIZE = (172, 132)
"""Of what is selected, with its soft edge."""


@dataclass(frozen=True)
class Change:
    """What a user does meanwhile, as a script; how many layers there are then, where the new is."""

    name: str
    script: str
    layers: int
    place: tuple[int, int]


CHANGES = {
    "the layer is moved": Change("moved", "layer.set_offsets(40, 30)", 2, (184, 144)),
    "the layer is deleted": Change("deleted", "image.remove_layer(layer)", 1, (144, 114)),
    "the image is scaled": Change("scaled", "image.scale(250, 250)", 2, (144, 114)),
    "the layer is cropped": Change("cropped", "layer.resize(300, 300, 0, 0)", 2, (144, 114)),
    "something else is selected": Change(
        "selected", "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 50, 50)", 2, (144, 114)
    ),
}
QUIT = """
procedure = Gimp.get_pdb().lookup_procedure("gimp-quit")
config = procedure.create_config()
config.set_property("force", True)
procedure.run(config)
"""


def waiting(desktop: lab.Desktop) -> lab.Window:
    """A window with a candidate that nobody has added yet."""
    open_document(desktop, selected=SELECTED)
    window = chosen(desktop, "Inpaint Selection...")
    desktop.key("Return")
    wait_for_button(desktop, window)
    return window


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_result_finds_its_place(desktop: lab.Desktop, change: Change) -> None:
    """What was made is added where it belongs by then; what GIMP says of it, in a window or its
    status bar, is kept as a picture.
    """
    window = waiting(desktop)
    desktop.python(change.script)
    desktop.activate(window)
    desktop.wait_until_still(5)

    desktop.key("alt+a")
    desktop.wait_until_gone(window)
    after = wait_for_layers(desktop, change.layers)
    shoot(desktop, f"changed-{change.name}")

    assert tuple(after["layers"][0]["size"]) == (*SIZE, *change.place)
    assert not cores(desktop)


def test_a_closed_image_takes_nothing(desktop: lab.Desktop) -> None:
    """The window says that the image is gone; it can be closed, and nothing is left of it."""
    window = waiting(desktop)
    desktop.python(CLEAR)
    desktop.activate(window)
    desktop.key("alt+a")
    desktop.wait_until_still(5)
    shoot(desktop, "image-closed")
    assert window.id in {each.id for each in desktop.windows()}

    desktop.key("Escape")
    desktop.wait_until_gone(window)
    assert not cores(desktop)


def test_quitting_gimp_ends_all(desktop: lab.Desktop) -> None:
    """Neither the window nor its core outlives GIMP."""
    waiting(desktop)
    assert facts(desktop)["layers"]
    desktop.start_python(QUIT)

    until(lambda: not desktop.running(), "GIMP did not end")
    desktop.kill_gimp()  # its room forgets it
    until(lambda: not left_of_us(desktop), "something of Overpaint is left")


def left_of_us(desktop: lab.Desktop) -> str:
    return desktop.room.run(["pgrep", "-f", "overpaint-gimp|overpaint.serve"], check=False).stdout


def until(done: Callable[[], bool], sentence: str) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, sentence
        time.sleep(0.1)


STYLED = """
text = Gimp.TextLayer.new(image, "Words", Gimp.context_get_font(), 44, Gimp.Unit.pixel())
image.insert_layer(text, None, 0)
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-style-layers")
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [text])
config.set_property("which", "all")
config.set_property("prompt", "van gogh")
report(int(procedure.run(config).index(0)))
"""


def test_redo_brings_back_the_style_of_text(desktop: lab.Desktop) -> None:
    """One Ctrl+Z takes the group away, one Ctrl+Y brings it back with all its pixels: GIMP 3.2
    drew text again that it had turned into pixels.
    """
    open_document(desktop, selected=())
    assert desktop.python(STYLED) == [3]
    after = wait_for_layers(desktop, 3)
    desktop.activate(desktop.wait_for_window("500x500"))
    desktop.key("ctrl+z")
    wait_for_layers(desktop, 2)
    desktop.key("ctrl+y")
    again = wait_for_layers(desktop, 3)

    assert again["layers"] == after["layers"]
