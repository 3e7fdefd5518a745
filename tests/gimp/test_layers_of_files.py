"""The layers of an .xcf file in one style by the command line, with a real GIMP at hand."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from tests import lab
from tests.core.test_files_xcf import Console
from tests.drift.providers import Negative
from tests.gimp.test_layers import DOCUMENT, TELLING, leaves, structure
from tests.gimp.test_matrix import provided

from overpaint import cli
from overpaint.providers import registry

pytestmark = pytest.mark.gimp

MAKE = """
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path), None)
report({"tree": tree(image), "font": text.get_font().get_name()})
"""
LOOK = """
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
texts = [each for each in image.get_layers() if isinstance(each, Gimp.TextLayer)]
first = image.get_layers()[0].get_children()[0]
recipe = first.get_parasite("overpaint-recipe")
report({
    "tree": tree(image),
    "fonts": [each.get_font().get_name() for each in texts],
    "text": [each.get_text() for each in texts],
    "recipe": bytes(n & 255 for n in recipe.get_data()).decode() if recipe else None,
})
"""


@dataclass
class Styled:
    """A document as it was, and as the command line saved it as .xcf and as .ora."""

    before: dict[str, Any]
    after: dict[str, Any]
    ora: Path
    told: dict[str, Any]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def styled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Styled:
    gimp = provided(request.param)
    room = Console(gimp, tmp_path_factory.mktemp("files"))
    document, xcf, ora = (room.folder / name for name in ("in.xcf", "out.xcf", "out.ora"))
    sandbox = gimp.sandbox(room.home, binds=[room.folder])

    def in_gimp(script: str, path: Path) -> dict[str, Any]:
        code = f"path = {str(path)!r}\n" + script
        (report,) = gimp.batch(code, sandbox, resources=True).reports
        return report

    before = in_gimp(DOCUMENT + TELLING + MAKE, document)
    negative = Negative()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "get", lambda *_: negative)
        patch.setenv("OVERPAINT_GIMP", room.command)
        patch.setenv("OVERPAINT_DATA", str(room.home / "data"))
        patch.setenv("OVERPAINT_CONFIG", str(room.home / "config"))
        patch.setattr("tempfile.tempdir", str(room.folder))
        words = ["style", str(document), "--each-layer", "--prompt", "negative", "--json", "-o"]
        assert cli.run([*words, str(xcf)]) == 0
        told = io.StringIO()
        patch.setattr("sys.stdout", told)
        assert cli.run([*words, str(ora)]) == 0
    return Styled(before, in_gimp(TELLING + LOOK, xcf), ora, json.loads(told.getvalue()))


def test_an_xcf_gets_the_group_that_the_command_in_gimp_makes(styled: Styled) -> None:
    """The tree is the old one but for pixels; locked and empty layers are as they were."""
    new, *_ = styled.after["tree"]
    before = styled.before["tree"]
    assert new["name"] == "negative"
    assert structure(new["children"]) == structure(before)
    for was, now in zip(leaves(before), leaves(new["children"]), strict=True):
        left = was["name"] in ("Locked", "Empty")
        assert now["pixels"] == (was["pixels"] if left else was["negative"]), was["name"]
    assert json.loads(styled.after["recipe"])["prompt"] == "negative"


def test_the_old_layers_of_the_xcf_are_hidden_and_else_as_they_were(styled: Styled) -> None:
    """Text is text still, in its own font."""
    _, *old = styled.after["tree"]
    assert [{**node, "visible": True} for node in old] == styled.before["tree"]
    assert not any(node["visible"] for node in old)
    assert styled.after["fonts"] == [styled.before["font"]]
    assert styled.after["text"] == ["Words"]


def test_an_ora_has_the_same_tree_and_says_what_it_cannot_hold(styled: Styled) -> None:
    """Names, places, sizes, opacity, visibility, groups; masks are applied, modes the nearest."""
    with zipfile.ZipFile(styled.ora) as archive:
        stack = ET.fromstring(archive.read("stack.xml")).find("stack")
        assert stack is not None
        new, old = stack
        sizes = {
            name: Image.open(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
            if name.startswith("data/")
        }

        def told(element: ET.Element) -> dict[str, Any]:
            about: dict[str, Any] = {
                "name": element.get("name", "").split(" #")[0],
                "visible": element.get("visibility") != "hidden",
                "opacity": round(100 * float(element.get("opacity", "1")), 3),
            }
            if element.tag == "stack":
                about["children"] = [told(child) for child in element]
            else:
                about["offsets"] = [int(element.get("x", "")), int(element.get("y", ""))]
                about["size"] = list(sizes[element.get("src", "")].size)
            return about

        def wanted(node: dict[str, Any]) -> dict[str, Any]:
            kept = {key: node[key] for key in ("name", "visible", "opacity")}
            if "children" in node:
                return {**kept, "children": [wanted(each) for each in node["children"]]}
            return {**kept, "offsets": node["offsets"], "size": node["size"]}

        before = [wanted(node) for node in styled.before["tree"]]
        assert [told(each) for each in new] == [told(each) for each in old] == before
        assert old.get("visibility") == "hidden"
        modes = {each.get("composite-op") for each in new.iter("layer")}
        assert {"svg:multiply", "svg:screen", "svg:overlay", "svg:plus"} < modes

        def pixels(parent: ET.Element, name: str) -> np.ndarray:
            (found,) = (each for each in parent.iter("layer") if each.get("name") == name)
            return np.asarray(sizes[found.get("src", "")]).astype(int)

        was, now = pixels(old, "Layer 0.2"), pixels(new, "Layer 0.2")
        assert np.array_equal(now[..., :3], 255 - was[..., :3])
        assert np.array_equal(now[..., 3], was[..., 3])
        inside, outside = was[5:25, 5:25, 3], was[30:, 30:, 3]
        assert abs(inside.max() - 40) <= 1, "the mask is not in the alpha"
        assert outside.max() == 255
    said = " ".join(styled.told["notices"])
    assert "Layer 0.2" in said
    assert "Words" in said
    assert "lch-color" in said
    assert [each.split(":")[0] for each in styled.told["skipped"]] == ["Empty", "Locked"]
