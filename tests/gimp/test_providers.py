"""Every provider from a real GIMP, against its server: a prompt goes out, layers come back."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.test_matrix import provided
from tests.servers import Server
from tests.servers.faults import status
from tests.servers.vendors import KEY, VENDORS, Vendor

from overpaint import provenance
from overpaint.providers import registry

pytestmark = pytest.mark.gimp

IN_GIMP = """
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-" + command)

def picture():
    image = Gimp.Image.new(64, 48, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "Painting", 64, 48, 0, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, 64, 48), "R'G'B' u8", bytes((200, 30, 90)) * 64 * 48)
    buffer.flush()
    return layer

def save(layer):
    path = os.path.join(os.environ["OVERPAINT_DATA"], "..", "painting.png")
    Gimp.file_save(
        Gimp.RunMode.NONINTERACTIVE, layer.get_image(), Gio.File.new_for_path(path), None
    )
    return Gio.File.new_for_path(path)

painting = picture()
painting_file = save(painting) if command == "style" else None

def build():
    image = Gimp.Image.new(320, 240, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "Photo", 320, 240, 0, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    rows = b"".join(
        bytes(((x // 9 * 37 + y // 7 * 53) % 200, (x + y) % 256, x % 256))
        for y in range(240) for x in range(320)
    )
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, 320, 240), "R'G'B' u8", rows)
    buffer.flush()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 120, 80, 90, 70)
    return image, layer

def visible(image):
    copy = image.duplicate()
    layer = copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    data = layer.get_buffer().get(
        Gegl.Rectangle.new(0, 0, 320, 240), 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE
    )
    copy.delete()
    return data

def flat(image):
    return [
        leaf for item in image.get_layers()
        for leaf in (item.get_children() if item.is_group() else [item])
    ]

def selected(image):
    return image.get_selection().get_buffer().get(
        Gegl.Rectangle.new(0, 0, 320, 240), 1.0, "Y u8", Gegl.AbyssPolicy.NONE
    )

for number, (name, model, count) in enumerate(asked):
    image, layer = build()
    before = visible(image)
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    config.set_property("prompt", "a wooden door")
    if command == "style" and number % 2:
        config.set_property("style-layer", painting)
    elif command == "style":
        config.set_property("style-file", painting_file)
    config.set_property("provider", name)
    config.set_property("model", model)
    config.set_property("count", count)
    config.set_property("seed", 7)
    result = procedure.run(config)
    error = Gimp.get_pdb().get_last_error()
    after, mask = visible(image), selected(image)
    exported = Gio.File.new_for_path(os.path.join(os.path.expanduser("~"), name + ".png"))
    png = Gimp.get_pdb().lookup_procedure("file-png-export")
    config = png.create_config()
    config.set_property("image", image)
    config.set_property("file", exported)
    config.set_property("include-xmp", True)  # off by default, as in GIMP's dialog
    png.run(config)
    outside = sum(
        before[3 * n : 3 * n + 3] != after[3 * n : 3 * n + 3]
        for n in range(320 * 240) if not mask[n]
    )
    report({
        "name": name,
        "status": int(result.index(0)),
        "error": error,
        "layers": [[each.get_name(), each.get_visible()] for each in flat(image)],
        "outermost": [each.get_name() for each in image.get_layers()],
        "recipes": [
            bytes(b & 255 for b in each.get_parasite("overpaint-recipe").get_data()).decode()
            for each in flat(image) if each.get_parasite("overpaint-recipe")
        ],
        "made": [
            json.loads(bytes(b & 255 for b in layer_made.get_data()).decode().rstrip(chr(0)))
            for each in flat(image)
            for layer_made in [each.get_parasite("overpaint-provenance")] if layer_made
        ],
        "file": exported.get_path(),
        "outside": outside,
        "changed": before != after,
    })
    image.delete()
"""


def asked(vendors: list[Vendor], count: int) -> str:
    return f"asked = {[(each.name, each.model or '', count) for each in vendors]!r}\n"


def edit(
    gimp: lab.Gimp, home: Path, servers: dict[str, Server], count: int, command: str = "inpaint"
) -> dict[str, dict[str, Any]]:
    """Run one edit through each vendor in one GIMP; what it reported, by provider."""
    vendors = [each for each in VENDORS if each.name in servers]
    settings = {
        "providers": {
            each.name: {
                "base_url": servers[each.name].url + each.base,
                "options": each.options,
            }
            for each in vendors
        }
    }
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(tomlkit.dumps(settings))
    env = {name: each.key for each in vendors for name in registry.entry(each.name).keys[:1]}
    gimp_home.install(gimp, home)
    room = gimp_home.room(
        gimp,
        home,
        network=True,
        OVERPAINT_CONFIG=str(home / "config"),
        OVERPAINT_DATA=str(home / "data"),
        **env,
    )
    script = f"import json, os\ncommand = {command!r}\n{asked(vendors, count)}{IN_GIMP}"
    batch = gimp.batch(script, room, timeout=600)
    return {report["name"]: report for report in batch.reports}


@pytest.mark.parametrize("command", ["inpaint", "vary", "style"])
@pytest.mark.parametrize("version", lab.VERSIONS)
def test_every_provider_edits_from_gimp(version: str, command: str, tmp_path: Path) -> None:
    """Two candidates become a group, the first shown; outside the selection nothing changes."""
    with ExitStack() as stack:
        servers = {each.name: stack.enter_context(each.server()) for each in VENDORS}
        reports = edit(provided(version), tmp_path, servers, 2, command)

    assert set(reports) == {each.name for each in VENDORS}
    for name, report in reports.items():
        assert report["status"] == 3, (name, report["error"])
        assert [shown for _, shown in report["layers"]] == [True, False, True], name
        assert report["outermost"] == ["a wooden door", "Photo"]
        recipes = [json.loads(recipe) for recipe in report["recipes"]]
        assert [recipe["seed"] for recipe in recipes] == [7, 8]
        assert {recipe["provider"] for recipe in recipes} == {name}
        assert {len(recipe["references"]) for recipe in recipes} == {int(command == "style")}
        assert report["changed"]
        assert report["outside"] == 0, name
        assert [made["source_type"] for made in report["made"]] == [provenance.COMPOSITE] * 2
        assert all(made["system"] and made["made"] for made in report["made"])
        # What GIMP itself exports says it, too.
        exported = Path(report["file"]).read_bytes()
        assert provenance.COMPOSITE.encode() in exported, name
        assert report["made"][0]["system"].encode() in exported, name
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("version", lab.VERSIONS)
def test_a_refusal_is_a_sentence_in_gimp(version: str, tmp_path: Path) -> None:
    """A wrong key is told with what to do, and the document is as it was."""
    with ExitStack() as stack:
        servers = {each.name: stack.enter_context(each.server()) for each in VENDORS}
        for each in VENDORS:
            fault = status(401, "json")
            servers[each.name].fault = fault
            servers[each.name].fault_at = each.strikes(fault)
        reports = edit(provided(version), tmp_path, servers, 1)

    for name, report in reports.items():
        assert report["status"] != 3, name
        assert report["layers"] == [["Photo", True]], name
        assert report["error"].count(".") >= 2, report["error"]
        assert KEY not in report["error"]
