"""The user guide, followed step by step in a real GIMP, in the dark theme and in the light one; its
pictures are taken on the way.

`python -m tests.docs.pictures` puts them into docs/pictures.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image
from tests import lab
from tests.gimp import home as gimp_home
from tests.ui.scene import (
    Scene,
    came_up,
    geometry,
    in_light,
    shoot,
    wait_for_button,
    wait_for_crop,
    wait_for_layers,
    wait_for_list,
    wait_for_question,
)

pytestmark = [pytest.mark.gimp, pytest.mark.window]

GUIDE = gimp_home.ROOT / "docs" / "guide.md"
PICTURES = gimp_home.ROOT / "out" / "guide"
OPEN = """
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path({path!r}))
layer = image.get_layers()[0]
image.select_ellipse(Gimp.ChannelOps.REPLACE, *{selected})
Gimp.Selection.feather(image, 10)
image.clean_all()
display = Gimp.Display.new(image)
Gimp.displays_flush()
"""


@pytest.fixture(params=["dark", "light"])
def themed(scene: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene, in each of GIMP's themes."""
    with in_light(scene) if request.param == "light" else nullcontext():
        yield scene


def open_photo(scene: Scene, name: str, selected: tuple[int, ...]) -> None:
    found = metadata.distribution("scikit-image").locate_file(f"skimage/data/{name}")
    path = scene.home / name
    shutil.copy(str(found), path)
    scene.desktop.python(OPEN.format(path=str(path), selected=selected))
    width, height = Image.open(path).size
    scene.desktop.wait_for_window(f"{width}x{height}")
    scene.desktop.wait_until_still(3)


def take(scene: Scene, name: str, window: lab.Window | None = None) -> None:
    """Take a picture for the guide: of a window of ours, or of the screen."""
    scene.desktop.wait_until_still(5)
    suffix = "-light" if scene.theme == "light" else ""
    path = PICTURES / scene.desktop.gimp.version / f"{name}{suffix}.png"
    scene.desktop.screenshot(path, window)


def test_the_first_edit(themed: Scene) -> None:
    """Select, choose, type, Enter, Enter: an image with one more layer, and the pictures of it."""
    scene = themed
    open_photo(scene, "rocket.jpg", (275, 90, 90, 330))
    scene.desktop.start_python('run("inpaint", [layer], provider="embedded")')
    window = came_up(scene.desktop, "Inpaint")
    wait_for_crop(scene.desktop, window)
    scene.desktop.type("an empty launch pad")
    take(scene, "first-crop", window)
    scene.desktop.key("Return")
    wait_for_button(scene.desktop, window)
    take(scene, "first-candidate", window)
    scene.desktop.key("Return")
    scene.desktop.wait_until_gone(window)
    take(scene, "first-layer")

    (names,) = scene.desktop.python("report([each.get_name() for each in image.get_layers()])")
    assert names[0] == "an empty launch pad"
    assert len(names) == 2


@pytest.mark.parametrize("gimp_with_window", lab.VERSIONS[:1], indirect=True)
def test_variations_and_styles(themed: Scene) -> None:
    """Four variations of some grass, and a portrait as a painting."""
    scene = themed
    open_photo(scene, "grass.png", (120, 120, 260, 240))
    scene.desktop.start_python('run("vary", [layer], provider="embedded", count=4)')
    window = came_up(scene.desktop, "Variations")
    scene.desktop.key("Return")
    wait_for_button(scene.desktop, window)
    take(scene, "variations", window)
    scene.desktop.key("Escape")
    scene.desktop.wait_until_gone(window)

    open_photo(scene, "chelsea.png", (90, 30, 260, 230))
    scene.desktop.start_python(
        'run("style", [layer], provider="embedded", **{"named-style": "van-gogh"})'
    )
    window = came_up(scene.desktop, "Transfer Style")
    scene.desktop.key("Return")
    wait_for_button(scene.desktop, window)
    take(scene, "style", window)
    scene.desktop.key("Return")
    scene.desktop.wait_until_gone(window)


@pytest.mark.parametrize("gimp_with_window", lab.VERSIONS[:1], indirect=True)
def test_other_windows(themed: Scene) -> None:
    """The question before something is sent; the windows that look back; Settings, Check Setup."""
    scene = themed
    open_photo(scene, "coffee.png", (312, 222, 84, 118))
    scene.desktop.start_python('run("inpaint", [layer])')
    window = came_up(scene.desktop, "Inpaint")
    wait_for_crop(scene.desktop, window)
    scene.desktop.type("a vase of tulips")
    scene.desktop.wait_until_still(5)
    height = geometry(scene.desktop, window)[1]
    scene.desktop.key("Return")
    wait_for_question(scene, window, height)
    take(scene, "question", window)
    scene.desktop.key("alt+s")
    wait_for_button(scene.desktop, window, height)
    scene.desktop.key("Return")
    wait_for_layers(scene.desktop, 2)

    for command, title, name in (
        ("edit-again", "Edit Again", "again"),
        ("results", "Results", "results"),
        ("history", "History", "history"),
        ("style-layers", "Transfer Style to Layers", "layers"),
        ("settings", "Settings", "settings"),
        ("check-setup", "Check Setup", "check-setup"),
    ):
        target = "" if command in ("settings", "check-setup") else ", [layer]"
        scene.desktop.start_python(f'run("{command}"{target})')
        window = came_up(scene.desktop, title)
        if command == "settings":
            scene.desktop.key("ctrl+Next")
        wait = wait_for_crop if command == "edit-again" else wait_for_list
        wait(scene.desktop, window)
        take(scene, name, window)
        shoot(scene.desktop, f"guide-{name}")
        scene.desktop.key("Escape")
        scene.desktop.wait_until_gone(window)


def test_the_guide_shows_what_is_taken_here() -> None:
    """Each picture of the guide is there for both themes, and comes from these tests."""
    text = GUIDE.read_text()
    shown = re.findall(r'src="pictures/([a-z-]+)\.png"', text)
    light = re.findall(r'light\)" srcset="pictures/([a-z-]+)-light\.png"', text)
    taken = set(re.findall(r'take\(scene, "([a-z-]+)"', Path(__file__).read_text()))
    taken |= {"again", "results", "history", "layers", "settings", "check-setup"}

    assert set(shown) == taken
    assert shown == light
    for name in shown:
        assert (GUIDE.parent / "pictures" / f"{name}.png").exists()
        assert (GUIDE.parent / "pictures" / f"{name}-light.png").exists()
