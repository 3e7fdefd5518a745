"""The user guide's lines for Script-Fu and Python, as they stand there, in a real GIMP."""

import re
from pathlib import Path

import pytest
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.test_matrix import provided

pytestmark = pytest.mark.gimp

GUIDE = (gimp_home.ROOT / "docs" / "guide.md").read_text()
COMMANDS = 6
SCENE = """
def build():
    image = Gimp.Image.new(96, 72, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "Photo", 96, 72, 0, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    rows = bytes((x * 5 + y * 3 + x * y // 9) % 256 for y in range(72) for x in range(3 * 96))
    layer.get_buffer().set(Gegl.Rectangle.new(0, 0, 96, 72), "R'G'B' u8", rows)
    layer.get_buffer().flush()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 30, 20, 30, 24)
    return image, layer

def told(image):
    return [
        [item.get_name(), [each.get_name() for each in item.get_children()]]
        if item.is_group() else item.get_name()
        for item in image.get_layers()
    ]
"""
SCHEME = """
image, layer = build()
text = {text!r}
prelude = "(let* ((image {{}}) (layer {{}})) ".format(image.get_id(), layer.get_id())
procedure = Gimp.get_pdb().lookup_procedure("plug-in-script-fu-eval")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
config.set_property("script", prelude + text + ")")
status = int(procedure.run(config).index(0))
report([status, Gimp.get_pdb().get_last_error(), told(image)])
"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("version", lab.VERSIONS)
def test_the_lines_of_the_guide_do_what_they_say(version: str, tmp_path: Path) -> None:
    """Each line adds one layer or group, in both languages the same."""
    gimp = provided(version)
    gimp_home.install(gimp, tmp_path)
    python = f"image, layer = build()\n{block('python')}\nreport([3, '', told(image)])\n"
    script = SCENE + python + SCHEME.format(text=block("scheme"))

    reports = gimp.batch(script, gimp_home.room(gimp, tmp_path), timeout=200).reports

    for status, error, layers in reports:
        assert status == 3, error
        assert len(layers) == COMMANDS + 1, layers
    assert reports[0][2] == reports[1][2]
