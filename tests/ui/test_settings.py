"""What the window of the settings changes, as a user chooses it there."""

from typing import Any

import pytest
import tomlkit
from tests import lab
from tests.servers.faults import status
from tests.ui.scene import (
    Scene,
    generate,
    open_document,
    press_until,
    shoot,
    wait_for_crop,
)

from overpaint.history import Journal

pytestmark = [pytest.mark.gimp, pytest.mark.window]


def stored(scene: Scene) -> dict[str, Any]:
    return tomlkit.loads((scene.config / "settings.toml").read_text()).unwrap()


def saved(scene: Scene, name: str, value: object) -> None:
    """Save, once there is something to be saved, and wait until the file says so."""

    def look() -> bool | None:
        found: Any = stored(scene)
        for each in name.split("."):
            found = found.get(each, {})
        return found == value or None

    press_until(scene.desktop, "alt+s", look, f"{name} was not saved")
    scene.desktop.wait_until_still(5)


def opened(scene: Scene) -> lab.Window:
    """Open the window, and wait for what it shows: only then it can be saved, which it says."""
    window = scene.open("settings", layer="")
    file = scene.config / "settings.toml"
    before = file.stat().st_mtime_ns
    press_until(
        scene.desktop,
        "alt+s",
        lambda: file.stat().st_mtime_ns != before or None,
        "nothing was saved",
    )
    scene.desktop.wait_until_still(5)
    return window


def test_another_language_is_spoken_at_once(scene: Scene) -> None:
    """Hebrew, chosen in an English GIMP: the next windows are Hebrew, from right to left, and so is
    what the core says.
    """
    open_document(scene.desktop)
    window = opened(scene)
    assert window.title == "Settings"
    scene.desktop.key("alt+l", "End")
    shoot(scene.desktop, "language-chosen")
    saved(scene, "language", "he")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)

    window = scene.open("settings", layer="")
    scene.desktop.wait_until_still(10)
    shoot(scene.desktop, "language-settings")
    assert window.title == "הגדרות"
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)
    fault = status(401, "json")
    scene.server.fault, scene.server.fault_at = fault, scene.vendor.strikes(fault)
    settings = tomlkit.loads((scene.config / "settings.toml").read_text())
    settings["providers"][scene.vendor.name]["privacy"] = "allow"
    (scene.config / "settings.toml").write_text(tomlkit.dumps(settings))
    window = scene.open("inpaint")
    wait_for_crop(scene.desktop, window)
    generate(scene.desktop, lambda: scene.server.struck > 0, "Return")
    assert "OpenAI לא קיבל את המפתח" in failed(scene)
    scene.desktop.wait_until_still(10)
    shoot(scene.desktop, "language-error")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)


def failed(scene: Scene) -> str:
    """Wait until the last run has failed; return what was said of it."""

    def look() -> str | None:
        with Journal.open(scene.home / "data" / "history") as journal:
            (run,) = journal.runs()
        return run.error and run.error.sentence

    return scene.desktop.wait(look, 60, "no run has failed")


def test_a_workflow_is_chosen_from_a_file(scene: Scene) -> None:
    """ComfyUI's page has a button for a workflow; the file that is chosen is what is saved."""
    workflow = scene.home / "mine.json"
    workflow.write_text("{}")
    before = stored(scene)
    open_document(scene.desktop)
    window = opened(scene)
    scene.desktop.key("alt+i", "ctrl+Next", "alt+v", "End")
    scene.desktop.wait_until_still(5)
    scene.desktop.key("alt+l")
    chooser = scene.desktop.wait_for_window("Workflow that ComfyUI is to run")
    scene.desktop.activate(chooser)
    scene.desktop.type("/")  # opens the field for the rest
    scene.desktop.wait_until_still(5)
    scene.desktop.type(str(workflow)[1:])
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "settings-workflow-chooser")
    scene.desktop.key("Return")
    scene.desktop.wait_until_gone(chooser)
    scene.desktop.activate(window)
    saved(scene, "providers.comfyui.options.workflow", str(workflow))
    shoot(scene.desktop, "settings-workflow")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)

    after = stored(scene)
    assert after["providers"].pop("comfyui") == {"options": {"workflow": str(workflow)}}
    assert after["providers"]["a1111"] == before["providers"]["a1111"]
    assert after["provider"] == before["provider"]
