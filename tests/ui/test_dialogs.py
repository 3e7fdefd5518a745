"""Our own windows as a user meets them: candidates, hosted providers, history, settings.

One provider answers on loopback. The pictures that are taken are those of the user guide.
"""

import json
from typing import Any

import pytest
import tomlkit
from tests import lab
from tests.servers.faults import status
from tests.ui.scene import (
    FACTS,
    RUN,
    Scene,
    asked,
    came_up,
    choose,
    chosen,
    cores,
    facts,
    geometry,
    open_document,
    shoot,
    wait_for_button,
    wait_for_layers,
    wait_for_list,
    wait_for_question,
    wait_until_counted,
    wait_until_told,
)

from overpaint.history import Journal

pytestmark = [pytest.mark.gimp, pytest.mark.window]


def test_nothing_leaves_before_the_user_says_so(scene: Scene) -> None:
    """Enter asks whether the crop may be sent and to whom; only the answer to that sends it, no
    Enter too many.
    """
    before = open_document(scene.desktop)
    dialog = chosen(scene.desktop, "Inpaint Selection...")
    scene.desktop.type("a small red boat")
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "hosted-typed")
    height = geometry(scene.desktop, dialog)[1]
    scene.desktop.key("Return")
    wait_for_question(scene, dialog, height)
    shoot(scene.desktop, "hosted-question")
    scene.desktop.key("Return")
    scene.desktop.wait_until_still(5)
    assert asked(scene) == 0

    scene.desktop.key("Return")
    scene.desktop.wait_until_still(5)
    height = geometry(scene.desktop, dialog)[1]
    scene.desktop.key("alt+s")
    scene.desktop.wait(
        lambda: geometry(scene.desktop, dialog)[1] > height or None, 60, "no candidate came"
    )
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "hosted-candidate")
    assert asked(scene) == 1
    assert facts(scene.desktop) == before
    scene.desktop.key("Return")
    scene.desktop.wait_until_gone(dialog)
    after = wait_for_layers(scene.desktop, 2)

    assert after["layers"][0]["name"] == "a small red boat"
    assert after["layers"][1:] == before["layers"]
    assert "compositeWithTrainedAlgorithmicMedia" in after["metadata"]
    scene.desktop.key("ctrl+z")
    assert wait_for_layers(scene.desktop, 1) == before


def test_what_was_just_typed_is_shown_before_it_is_sent(scene: Scene) -> None:
    """Enter right after a number waits for its crop, and then needs no second one."""
    settings = scene.hosted()
    settings["providers"][scene.vendor.name]["privacy"] = "allow"
    scene.dress(**settings)
    open_document(scene.desktop)
    dialog = chosen(scene.desktop, "Inpaint Selection...")
    scene.desktop.key("alt+o", "alt+b", "ctrl+a", "4", "0", "Return")
    wait_for_button(scene.desktop, dialog)
    shoot(scene.desktop, "typed-then-enter")
    scene.desktop.key("alt+a")
    scene.desktop.wait_until_gone(dialog)
    after = wait_for_layers(scene.desktop, 2)

    assert asked(scene) == 1
    assert recipe_of(scene.desktop)["grow"] == 40
    assert after["layers"][0]["mask"]


RECIPE = """
parasite = image.get_layers()[0].get_parasite("overpaint-recipe")
report(bytes(parasite.get_data()).decode())
"""


def recipe_of(desktop: lab.Desktop) -> dict[str, Any]:
    """What is on the top layer."""
    (text,) = desktop.python(RECIPE)
    found: dict[str, Any] = json.loads(text.rstrip("\0"))
    return found


def test_a_refusal_stays_in_the_window(scene: Scene) -> None:
    """A wrong key is told in the window, which leads to the settings, and then works."""
    fault = status(401, "json")
    scene.server.fault, scene.server.fault_at = fault, scene.vendor.strikes(fault)
    before = open_document(scene.desktop)
    dialog = chosen(scene.desktop, "Inpaint Selection...")
    height = geometry(scene.desktop, dialog)[1]
    scene.desktop.key("Return")
    wait_for_question(scene, dialog, height)
    scene.desktop.key("alt+s")
    scene.desktop.wait(lambda: scene.server.struck or None, 30, "nothing was sent")
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "hosted-refused")
    assert facts(scene.desktop) == before
    scene.desktop.key("alt+w")
    settings = scene.desktop.wait_for_window("Settings")
    scene.desktop.activate(settings)
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(settings)
    scene.desktop.activate(dialog)

    scene.server.fault = None
    scene.desktop.key("alt+g")
    wait_for_button(scene.desktop, dialog)
    scene.desktop.key("Return")
    wait_for_layers(scene.desktop, 2)


def test_of_four_variations_two_are_kept(scene: Scene) -> None:
    """Four candidates, the first and the third kept: a group of two, and one step to undo; History
    still has all four.
    """
    before = open_document(scene.desktop)
    scene.desktop.start_python('run("vary", [layer], provider="embedded", count=4)')
    dialog = came_up(scene.desktop, "Variations")
    scene.desktop.key("Return")
    wait_for_button(scene.desktop, dialog)
    scene.desktop.key("alt+3")
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "variations")
    scene.desktop.key("alt+a")
    scene.desktop.wait_until_gone(dialog)
    (kept,) = scene.desktop.python(
        "top = image.get_layers()[0]\n"
        "report([top.get_name(), [each.get_visible() for each in top.get_children()]])"
    )
    shoot(scene.desktop, "variations-kept")

    assert kept == ["Variation", [True, False]]
    scene.desktop.key("ctrl+z")
    assert wait_for_layers(scene.desktop, 1) == before
    window = scene.open("history")  # the others are not lost
    add_to_image(scene.desktop, window)
    wait_for_layers(scene.desktop, 2)
    code = "top = image.get_layers()[0]; report([top.get_name(), len(top.get_children())])"
    assert scene.desktop.python(code) == [["Variation", 4]]
    shoot(scene.desktop, "variations-placed")


def test_an_edit_is_made_again_after_saving(scene: Scene) -> None:
    """The recipe is in the XCF: reloaded, the layer opens with its prompt, in its place."""
    open_document(scene.desktop)
    file = scene.home / "saved.xcf"
    scene.desktop.python(
        "procedure = Gimp.get_pdb().lookup_procedure('plug-in-overpaint-inpaint')\n"
        "config = procedure.create_config()\n"
        "config.set_property('image', image)\n"
        "config.set_core_object_array('drawables', [layer])\n"
        "config.set_property('prompt', 'a red boat')\n"
        "config.set_property('provider', 'embedded')\n"
        "procedure.run(config)\n"
        "Gimp.Selection.none(image)\n"
        f"file = Gio.File.new_for_path({str(file)!r})\n"
        "Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)\n"
        "image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)\n"
        "display = Gimp.Display.new(image)\n"
        "made, layer = image.get_layers()\n"
    )
    dialog = scene.open("edit-again", "made")
    shoot(scene.desktop, "edit-again")
    scene.desktop.key("Return")
    wait_for_button(scene.desktop, dialog)
    scene.desktop.key("Return")
    after = wait_for_layers(scene.desktop, 3)

    assert [layer["name"] for layer in after["layers"]] == ["a red boat #1", "a red boat", "Photo"]
    assert after["layers"][0]["size"] == after["layers"][1]["size"]


def test_parts_and_earlier_prompts_reach_the_provider(scene: Scene) -> None:
    """Light and mood are said apart; a prompt of an earlier edit is found by one of its words."""
    settings = scene.hosted()
    settings["providers"][scene.vendor.name]["privacy"] = "allow"
    scene.dress(**settings)
    for number, said in enumerate(("a red boat", "something else")):
        open_document(scene.desktop)
        dialog = chosen(scene.desktop, "Inpaint Selection...")
        scene.desktop.key("ctrl+a")
        scene.desktop.type(said)
        if number == 0:
            scene.desktop.key("alt+q")
            scene.desktop.wait_until_still(3)
            scene.desktop.type("a harbour at dawn")
        else:
            scene.desktop.key("alt+r")
            scene.desktop.wait_until_still(3)
            scene.desktop.key("Escape")  # closes the list, not the window
            scene.desktop.wait_until_still(3)
            scene.desktop.key("alt+r")
            scene.desktop.wait_until_still(3)
            scene.desktop.type("red")
            scene.desktop.wait_until_still(3)
            shoot(scene.desktop, "earlier")
            scene.desktop.key("Return")
        scene.desktop.wait_until_still(5)
        shoot(scene.desktop, f"parts-{number}")
        height = geometry(scene.desktop, dialog)[1]
        scene.desktop.key("Return")
        wait_for_button(scene.desktop, dialog, height)
        scene.desktop.key("Return")
        wait_for_layers(scene.desktop, 2)

    prompts = [each.fields["prompt"] for each in scene.server.requests if "prompt" in each.fields]
    assert len(prompts) == 2
    for prompt in prompts:
        assert "a red boat" in prompt
        assert "harbour at dawn" in prompt
        assert "something else" not in prompt


def add_to_image(desktop: lab.Desktop, window: lab.Window) -> None:
    """Add what a list of results has chosen, as soon as it is there."""

    def added() -> bool | None:
        desktop.key("alt+a")  # does nothing before the list is there
        return window.id not in [each.id for each in desktop.windows()] or None

    desktop.wait(added, 30, f"nothing was listed in {window.title!r}")


def test_what_was_paid_for_is_placed_after_a_crash(scene: Scene) -> None:
    """GIMP killed with a paid candidate in its window: History has it, and adds it again.

    Results knows it under another name, too, and removes it after a question.
    """
    open_document(scene.desktop)
    dialog = chosen(scene.desktop, "Inpaint Selection...")
    scene.desktop.type("a boat that was paid for")
    height = geometry(scene.desktop, dialog)[1]
    scene.desktop.key("Return")
    wait_for_question(scene, dialog, height)
    scene.desktop.key("alt+s")
    scene.desktop.wait(lambda: asked(scene) or None, 30, "nothing was sent")
    wait_for_button(scene.desktop, dialog, height)
    scene.desktop.kill_gimp()

    scene.desktop.start_gimp()
    scene.desktop.python(FACTS)
    scene.desktop.python(RUN)
    open_document(scene.desktop)
    choose(scene.desktop, "Results...")
    window = scene.desktop.wait_for_window("Results")
    scene.desktop.activate(window)
    wait_for_list(scene.desktop, window)
    shoot(scene.desktop, "results")
    add_to_image(scene.desktop, window)
    wait_for_layers(scene.desktop, 2)
    scene.desktop.key("ctrl+z")
    wait_for_layers(scene.desktop, 1)
    window = scene.open("history")
    shoot(scene.desktop, "history")
    add_to_image(scene.desktop, window)
    after = wait_for_layers(scene.desktop, 2)

    assert after["layers"][0]["name"] == "a boat that was paid for"
    assert asked(scene) == 1
    remove_under_another_name(scene)


def remove_under_another_name(scene: Scene) -> None:
    """Save the image as history does not know it, open it again, and remove what Results lists."""
    file = scene.home / "work.xcf"
    scene.desktop.python(
        f"file = Gio.File.new_for_path({str(file)!r})\n"
        "Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)\n"
        "image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)\n"
        "display = Gimp.Display.new(image)\n"
        "made, layer = image.get_layers()\n"
    )
    window = scene.open("results")
    scene.desktop.key("alt+r")
    scene.desktop.wait_until_still(5)
    scene.desktop.key("Return")  # one too many: the question's answer that does nothing
    scene.desktop.wait_until_still(5)
    assert runs(scene) == 1

    def removed() -> bool | None:
        scene.desktop.key("alt+r")  # does nothing before the list is there
        scene.desktop.wait_until_still(3)
        shoot(scene.desktop, "results-removing")
        scene.desktop.key("alt+v")
        scene.desktop.wait_until_still(3)
        return runs(scene) == 0 or None

    scene.desktop.wait(removed, 30, "nothing was removed")
    shoot(scene.desktop, "results-none")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)


def runs(scene: Scene) -> int:
    """How many history has."""
    with Journal.open(scene.home / "data" / "history") as journal:
        return len(journal.runs())


def test_settings_keep_a_key_and_never_show_it(scene: Scene) -> None:
    """A key that is typed is stored for its owner only; the window says where, and not what."""
    before = tomlkit.loads((scene.config / "settings.toml").read_text()).unwrap()
    open_document(scene.desktop)
    scene.desktop.start_python('run("settings")')
    window = came_up(scene.desktop, "Settings")
    shoot(scene.desktop, "settings-general")
    scene.desktop.key("ctrl+Next")
    scene.desktop.wait_until_still(3)
    scene.desktop.key("alt+k")
    scene.desktop.type("open-sesame")
    scene.desktop.key("alt+s")
    stored = scene.config / "keys.json"
    scene.desktop.wait(lambda: stored.exists() or None, 20, "no key was stored")
    scene.desktop.wait_until_still(5)
    shoot(scene.desktop, "settings-providers")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)

    after = tomlkit.loads((scene.config / "settings.toml").read_text()).unwrap()
    assert after["providers"]["a1111"] == before["providers"]["a1111"]  # types, too
    assert after["providers"]["openai"]["base_url"] == before["providers"]["openai"]["base_url"]
    assert "open-sesame" in json.dumps(json.loads(stored.read_text()))
    assert stored.stat().st_mode & 0o077 == 0
    assert "open-sesame" not in (scene.config / "settings.toml").read_text()


def test_the_setup_is_checked_from_the_menu(scene: Scene) -> None:
    """Check Setup says that all is well, and leaves no core behind."""
    open_document(scene.desktop)
    choose(scene.desktop, "Check Setup...")
    window = came_up(scene.desktop, "Check Setup")
    wait_for_list(scene.desktop, window)
    shoot(scene.desktop, "check-setup")
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)

    scene.desktop.wait(lambda: not cores(scene.desktop) or None, 10, "a core was left")


def test_a_layer_without_a_recipe_is_refused(scene: Scene) -> None:
    """Edit Again says which layers it works on."""
    before: dict[str, Any] = open_document(scene.desktop)
    choose(scene.desktop, "Edit Again...")
    wait_until_told(scene.desktop)
    shoot(scene.desktop, "no-recipe")

    assert facts(scene.desktop) == before


def test_layers_are_counted_before_they_go(scene: Scene) -> None:
    """Two layers to a provider: the window says how many requests and what they cost, and asks.

    One Ctrl+Z takes it all back, without a word.
    """
    open_document(scene.desktop, selected=())
    scene.desktop.python(
        "other = layer.copy()\nimage.insert_layer(other, None, 0)\n"
        "other.fill(Gimp.FillType.WHITE)\n"
        "image.set_selected_layers([layer])"
    )
    before = facts(scene.desktop)
    scene.desktop.start_python('run("style-layers", [layer, other], which="all")')
    window = came_up(scene.desktop, "Transfer Style to Layers")
    scene.desktop.type("watercolour")
    scene.desktop.key("Return")
    wait_until_counted(scene.desktop)
    shoot(scene.desktop, "layers-question")
    assert asked(scene) == 0

    scene.desktop.key("alt+s")
    scene.desktop.wait_until_gone(window)
    after = wait_for_layers(scene.desktop, 3)
    shoot(scene.desktop, "layers-styled")
    assert asked(scene) >= 2
    assert after["layers"][0]["name"] == "watercolour"
    assert after["layers"][2]["pixels"] == before["layers"][1]["pixels"]

    scene.desktop.key("ctrl+z")
    assert wait_for_layers(scene.desktop, 2) == before
    assert len(scene.desktop.windows()) == 1
