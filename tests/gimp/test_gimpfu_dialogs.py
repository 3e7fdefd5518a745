"""The shim's dialogs and messages as a user meets them, in a GIMP with a window."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.gimp.gimpfu_fixtures import rooms

pytestmark = [pytest.mark.gimp, pytest.mark.window]

DOCUMENT = """
image = Gimp.Image.new(300, 200, 0)
layer = Gimp.Layer.new(image, "Background", 300, 200, 0, 100, 28)
image.insert_layer(layer, None, 0)
Gimp.Display.new(image)
"""
REPEAT = """
def repeat(name, with_image):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.WITH_LAST_VALS)
    if with_image:
        config.set_property("image", image)
        config.set_core_object_array("drawables", [layer])
    procedure.run(config)
"""
SHOTS = rooms.ROOT / "out" / "screenshots"


class User:
    """Someone at the screen of one GIMP, with a picture open."""

    def __init__(self, desktop: lab.Desktop, home: Path) -> None:
        self.desktop, self._home = desktop, home
        desktop.python(DOCUMENT)
        self.picture = desktop.wait_for_window("300x200")

    def choose(self, entry: str) -> None:
        """Run a menu entry, found by GIMP's search for actions."""
        self.desktop.activate(self.picture)
        self.desktop.click(700, 480)
        self.desktop.key("slash")
        search = self.desktop.wait_for_window("Search|^GNU Image")
        self.desktop.activate(search)
        self.desktop.type(entry)
        time.sleep(1)  # the search waits for the end of typing, and shows nothing of it
        self.desktop.key("Return")
        self.desktop.wait_until_gone(search)

    def dialog(self, title: str) -> lab.Window:
        """The window with this title, ready to be typed at."""
        window = self.desktop.wait_for_window(f"^{re.escape(title)}$")
        self.desktop.wait_until_still()
        self.desktop.activate(window)
        return window

    def notes(self, name: str, more_than: int = -1) -> list[list[str]]:
        """The values of each call of the fixture, once there are more than so many."""

        def look() -> list[list[str]] | None:
            found = [note["values"] for note in rooms.notes(self._home) if note["name"] == name]
            return found if len(found) > more_than else None

        return self.desktop.wait(look, 30, f"the fixture did not run {name}")

    def messages(self) -> list[lab.Window]:
        return [window for window in self.desktop.windows() if window.title == "GIMP Message"]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def user(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[User]:
    """A user of each GIMP, with the fixture and the example of docs/gimpfu.md installed."""
    home = tmp_path_factory.mktemp("home")
    gimp, sandbox = rooms.with_fixture(request.param, home)
    rooms.install(gimp, home, "example-dialog", documented_dialog())
    with lab.Desktop(gimp, sandbox, size=(1400, 1100)) as desktop:
        yield User(desktop, home)


def documented_dialog() -> str:
    """The plug-in with a dialog of its own from the documentation."""
    text = (rooms.ROOT / "docs" / "gimpfu.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if "dialog=ask" in block)


def shot(user: User, name: str) -> None:
    user.desktop.screenshot(SHOTS / f"gimpfu-{name}-{user.desktop.gimp.version}.png")


def test_the_default_dialog_asks_for_every_type(user: User) -> None:
    """GIMP's dialog shows a widget for each type, and OK gives the registered defaults."""
    user.choose("Every Type")
    window = user.dialog("Every Type")
    shot(user, "every-type")
    user.desktop.key("alt+o")
    user.desktop.wait_until_gone(window)
    given = user.notes("all", more_than=0)[-1]

    assert given[2:10] == ["7", "200", "0.25", "'a string'", r"'two\nlines'", "True", "3.0", "4.0"]
    assert given[10:13] == ["0.5", "2", "1"]
    assert given[13].startswith("gimpcolor.RGB(1.0, 0.50196")
    assert given[14:17] == ["None", "'/tmp/out.png'", "'/tmp'"]
    assert user.notes("on_run", more_than=0)
    assert "CRITICAL" not in own_lines(user)
    assert "Traceback" not in own_lines(user)


def own_lines(user: User) -> str:
    """What the fixture's processes wrote to the terminal, without GIMP's own lines."""
    return "\n".join(line for line in user.desktop.messages().splitlines() if "plug-in-" in line)


def test_resources_are_asked_for_by_name(user: User) -> None:
    """Fonts, brushes and the like come as names; unknown and empty ones are the current ones."""
    user.choose("Resources")
    window = user.dialog("Resources")
    shot(user, "resources")
    user.desktop.key("alt+o")
    user.desktop.wait_until_gone(window)
    font, brush, *others = user.notes("resources", more_than=0)[-1]

    assert [font, brush] == ["'DejaVu Sans Bold'", "'2. Hardness 050'"]
    assert all(name.strip("'") for name in others)


def type_how(user: User, how: str) -> None:
    user.choose("Ends")
    window = user.dialog("Ends")
    user.desktop.key("alt+w", "ctrl+a")
    user.desktop.type(how)
    user.desktop.key("alt+o")
    user.desktop.wait_until_gone(window)


def test_last_values_are_kept_and_cancelling_runs_nothing(user: User) -> None:
    """The dialog and Repeat have what was typed last; Cancel runs and changes nothing."""
    before = len(user.notes("ends"))
    type_how(user, "fine")
    assert user.notes("ends", more_than=before)[-1] == ["'fine'"]

    user.choose("Ends")
    window = user.dialog("Ends")
    user.desktop.key("alt+w", "ctrl+a")
    user.desktop.type("not this")
    user.desktop.key("alt+c")
    user.desktop.wait_until_gone(window)
    user.choose("Ends")
    window = user.dialog("Ends")
    user.desktop.key("alt+o")
    user.desktop.wait_until_gone(window)

    assert user.notes("ends", more_than=before + 1)[before:] == [["'fine'"], ["'fine'"]]
    user.desktop.python(f"{REPEAT}repeat('plug-in-fixture-ends', True)")
    assert user.notes("ends", more_than=before + 2)[-1] == ["'fine'"]


def test_a_procedure_without_image_has_its_dialog_and_last_values(user: User) -> None:
    """It is found in the menu, asks, and repeats with what was typed."""
    before = len(user.notes("no-image"))
    user.choose("No Image")
    window = user.dialog("No Image")
    user.desktop.key("alt+t", "ctrl+a")
    user.desktop.type("typed")
    user.desktop.key("alt+o")
    user.desktop.wait_until_gone(window)

    assert user.notes("no-image", more_than=before)[-1] == ["'typed'"]
    user.desktop.python(f"{REPEAT}repeat('python-fu-fixture-no-image', False)")
    assert user.notes("no-image", more_than=before + 1)[-1] == ["'typed'"]


@pytest.mark.parametrize("how", ["fail", "bug"])
def test_a_failure_is_shown_once(user: User, how: str) -> None:
    """One message window comes up, however the run failed."""
    type_how(user, how)
    window = user.dialog("GIMP Message")
    shot(user, f"ends-{how}")
    time.sleep(1)  # a second one would have time to come

    assert len(user.messages()) == 1
    user.desktop.activate(window)
    user.desktop.key("Return")
    user.desktop.wait_until_gone(window)


def test_cancelling_in_the_function_is_silent(user: User) -> None:
    """CancelError ends the run without a message."""
    before = len(user.notes("ends"))
    type_how(user, "cancel")
    user.notes("ends", more_than=before)
    time.sleep(2)  # a message would have time to come

    assert user.messages() == []


def test_nothing_left_to_ask_shows_no_dialog(user: User) -> None:
    """A procedure of image and drawable runs at once."""
    before = len(user.notes("one"))
    user.choose("One")

    given = user.notes("one", more_than=before)[-1]
    assert given[1] == "<gimp.Layer 'Background'>"
    assert [window.title for window in user.desktop.windows() if window.title == "One"] == []


def names(user: User) -> list[Any]:
    return user.desktop.python("report([item.get_name() for item in image.get_layers()])")[0]


def rename(user: User, last_key: str, name: str = "") -> None:
    """Open the example's window, type *name* if there is one, and end with a key."""
    user.choose("Rename...")
    window = user.dialog("Rename")
    if name:
        user.desktop.key("ctrl+a")
        user.desktop.type(name)
        shot(user, "own-dialog")
    user.desktop.key(last_key)
    user.desktop.wait_until_gone(window)


def wait_for_name(user: User, name: str) -> None:
    renamed = lambda: names(user) == [name] or None  # noqa: E731
    assert user.desktop.wait(renamed, 20, f"the layer is not called {name!r}")


def test_a_plug_in_brings_its_own_dialog(user: User) -> None:
    """The documented example's window comes instead of GIMP's; its values reach the function."""
    rename(user, "Return", "by its own dialog")
    wait_for_name(user, "by its own dialog")


def test_a_plug_ins_own_dialog_can_cancel_and_remembers(user: User) -> None:
    """Cancelled, it changes nothing; opened again, it has the values of the last good run."""
    rename(user, "Return", "a good run")
    wait_for_name(user, "a good run")
    rename(user, "Escape", "not this")
    assert names(user) == ["a good run"]
    user.desktop.python("layer.set_name('by hand')")
    rename(user, "Return")
    wait_for_name(user, "a good run")
