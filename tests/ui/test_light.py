"""Every window of ours in GIMP's light theme, to be looked at: other tests show the dark one."""

from collections.abc import Iterator

import pytest
from tests import lab
from tests.servers.faults import status
from tests.ui.scene import (
    Scene,
    asked,
    chosen,
    geometry,
    in_light,
    open_document,
    shoot,
    wait_for_button,
    wait_for_crop,
    wait_for_question,
)

pytestmark = [pytest.mark.gimp, pytest.mark.window]


@pytest.fixture
def light(scene: Scene) -> Iterator[Scene]:
    """The scene, its GIMP started anew in the light theme, and ended after the test."""
    with in_light(scene):
        yield scene


@pytest.mark.parametrize("gimp_with_window", lab.VERSIONS[-1:], indirect=True)
def test_every_window_in_the_light_theme(light: Scene) -> None:
    """The pictures in out/screenshots show the menu and each window, in each of its states."""
    scene, desktop = light, light.desktop
    open_document(desktop)
    window = chosen(desktop, "Inpaint Selection...")
    desktop.type("a red boat")
    shown(scene, "typed")
    height = geometry(desktop, window)[1]
    desktop.key("Return")
    wait_for_question(scene, window, height)
    shown(scene, "question")
    fault = status(401, "json")
    scene.server.fault, scene.server.fault_at = fault, scene.vendor.strikes(fault)
    desktop.key("alt+w")
    desktop.wait(lambda: scene.server.struck or None, 30, "nothing was sent")
    shown(scene, "error")
    scene.server.fault = None
    desktop.key("alt+p", "Return")
    wait_for_button(desktop, window, height)
    shown(scene, "candidate")
    close(scene, window)

    for name, title, call in (
        ("style", "Transfer Style", 'run("style", [layer])'),
        ("layers", "Transfer Style to Layers", 'run("style-layers", [layer])'),
        ("history", "History", 'run("history", [layer])'),
        ("setup", "Check Setup", 'run("check-setup")'),
        ("settings-general", "Settings", 'run("settings")'),
        ("earlier", "Inpaint Selection", 'run("inpaint", [layer])'),
    ):
        desktop.start_python(call)
        window = desktop.wait_for_window(f"^{title}$")
        desktop.activate(window)
        if name in ("style", "earlier"):
            wait_for_crop(desktop, window)
        if name == "earlier":
            desktop.key("alt+r")
        shown(scene, name)
        if name == "earlier":
            desktop.key("Escape", "alt+q")
            shown(scene, "parts")
        if name == "settings-general":
            desktop.key("ctrl+Next")
            shown(scene, "settings-providers")
        close(scene, window)
    assert asked(scene) == 2


def shown(scene: Scene, name: str) -> None:
    scene.desktop.wait_until_still(10)
    shoot(scene.desktop, f"light-{name}")


def close(scene: Scene, window: lab.Window) -> None:
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)
