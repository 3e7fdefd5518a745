"""One style over the layers of a document in a real GIMP: what becomes of its tree."""

from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.test_matrix import provided
from tests.gimp.test_round_trip import CORE

pytestmark = pytest.mark.gimp

# An image, and what puts layers into it.
MAKING = """
WIDTH, HEIGHT = 160, 120
image = Gimp.Image.new(WIDTH, HEIGHT, Gimp.ImageBaseType.RGB)

def add(layer, parent, **values):
    image.insert_layer(layer, parent, 0)
    for name, value in values.items():
        getattr(layer, "set_" + name)(*(value if isinstance(value, tuple) else (value,)))
    return layer

def pixels(name, parent, number, width=60, height=50, alpha=True, **values):
    kind = Gimp.ImageType.RGBA_IMAGE if alpha else Gimp.ImageType.RGB_IMAGE
    layer = Gimp.Layer.new(image, name, width, height, kind, 100, Gimp.LayerMode.NORMAL)
    add(layer, parent, **values)
    rows = b"".join(
        bytes(((x * 3 + number * 29) % 256, (y * 5 + number * 13) % 256, (x + y) % 256,
               255 if (x + y + number) % 5 else 90))
        for y in range(height) for x in range(width)
    )
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, width, height), "R'G'B'A u8", rows)
    buffer.flush()
    layer.update(0, 0, width, height)
    return layer

def group(name, parent, **values):
    return add(Gimp.GroupLayer.new(image, name), parent, **values)

"""

# A document of forty layers: groups three deep, modes, offsets, a mask, two equal ones, a locked
# one, an empty one, text.
DOCUMENT = (
    MAKING
    + """
MODES = [Gimp.LayerMode.NORMAL, Gimp.LayerMode.MULTIPLY, Gimp.LayerMode.SCREEN,
         Gimp.LayerMode.OVERLAY, Gimp.LayerMode.LCH_COLOR, Gimp.LayerMode.ADDITION]
pixels("Paper", None, 0, WIDTH, HEIGHT, alpha=False)
parent = None
made = 1
for depth in range(3):
    parent = group(f"Group {depth}", parent, opacity=90.0 - depth)
    for number in range(11):
        layer = pixels(f"Layer {depth}.{number}", parent, made, opacity=100.0 - number,
                       mode=MODES[made % len(MODES)], offsets=(depth * 9 - 7, number * 6 - 11),
                       visible=number != 4)
        if number == 2:
            mask = layer.create_mask(Gimp.AddMaskType.WHITE)
            layer.add_mask(mask)
            mask.get_buffer().set(
                Gegl.Rectangle.new(5, 5, 20, 20), "Y u8", bytes((40,)) * 400
            )
        made += 1
first = pixels("Twin", None, 99, offsets=(30, 20))
again = pixels("Other twin", None, 99, offsets=(50, 60))
locked = pixels("Locked", None, 55, offsets=(3, 3))
locked.set_lock_content(True)
empty = Gimp.Layer.new(image, "Empty", 30, 30, Gimp.ImageType.RGBA_IMAGE, 100,
                       Gimp.LayerMode.NORMAL)
add(empty, None)
font = Gimp.context_get_font()
text = Gimp.TextLayer.new(image, "Words", font, 24, Gimp.Unit.pixel())
image.insert_layer(text, None, 0)
text.set_offsets(20, 70)
"""
)

# tree(image) tells all of a document that is to stay, and what its pixels are.
TELLING = """
import hashlib

def raw(item):
    width, height = item.get_width(), item.get_height()
    return item.get_buffer().get(
        Gegl.Rectangle.new(0, 0, width, height), 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE
    )

def told(item):
    mask = item.get_mask()
    about = {
        # GIMP gives no two layers one name: the second gets a number behind it.
        "name": item.get_name().split(" #")[0],
        "visible": item.get_visible(),
        "opacity": round(item.get_opacity(), 3),
        "mode": int(item.get_mode()),
        "offsets": list(item.get_offsets())[-2:],
        "size": [item.get_width(), item.get_height()],
        "mask": mask and hashlib.sha256(raw(mask)).hexdigest(),
        "filters": [each.get_operation_name() for each in item.get_filters()],
    }
    if item.is_group():
        about["children"] = [told(child) for child in item.get_children()]
    else:
        data = raw(item)
        negative = bytearray(255 - b for b in data)
        negative[3::4] = data[3::4]
        clear = [n for n in range(0, len(data), 4) if data[n + 3] == 0]
        about["alpha"] = hashlib.sha256(data[3::4]).hexdigest()
        for n in clear:
            negative[n:n + 3] = data[n:n + 3]
        about["pixels"] = hashlib.sha256(data).hexdigest()
        about["negative"] = hashlib.sha256(bytes(negative)).hexdigest()
    return about

def tree(image):
    return [told(item) for item in image.get_layers()]
"""

IN_GIMP = (
    DOCUMENT
    + TELLING
    + """
import random
before = tree(image)
procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-style-layers")
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [first])
config.set_property("which", "all")
config.set_property("prompt", "negative")
config.set_property("seed", 7)
result = procedure.run(config)
report({
    "status": int(result.index(0)),
    "error": Gimp.get_pdb().get_last_error(),
    "before": before,
    "after": tree(image),
})

# A still scene in three frames, with other noise in each.
image = Gimp.Image.new(64, 64, Gimp.ImageBaseType.RGB)
for number in range(3):
    noise = random.Random(number)
    layer = Gimp.Layer.new(image, f"Frame {number}", 64, 64, Gimp.ImageType.RGB_IMAGE, 100,
                           Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    data = bytes(100 + x // 2 + noise.randrange(-2, 3) for y in range(64) for x in range(192))
    layer.get_buffer().set(Gegl.Rectangle.new(0, 0, 64, 64), "R'G'B' u8", data)
    layer.get_buffer().flush()
before = tree(image)
config = procedure.create_config()
config.set_property("image", image)
config.set_core_object_array("drawables", [layer])
config.set_property("which", "all")
config.set_property("frames", True)
config.set_property("prompt", "negative")
config.set_property("seed", 7)
result = procedure.run(config)
report({
    "status": int(result.index(0)),
    "error": Gimp.get_pdb().get_last_error(),
    "before": before,
    "after": tree(image),
})
"""
)


@pytest.fixture(scope="module", params=lab.VERSIONS)
def styled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A document of forty layers, after the command."""
    gimp = provided(request.param)
    home: Path = tmp_path_factory.mktemp(f"layers-{request.param}")
    made = "providers.Negative()"
    code = CORE.format(core=str(gimp_home.ROOT / "core"), root=str(gimp_home.ROOT), made=made)
    gimp_home.install(gimp, home, gimp_home.core_argv(gimp, code))
    room = gimp_home.room(gimp, home)
    many, film = gimp.batch(IN_GIMP, room, timeout=300, resources=True).reports
    for report in (many, film):
        assert report["status"] == 3, report["error"]
    return {**many, "film": film}


def leaves(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for node in nodes:
        found += leaves(node["children"]) if "children" in node else [node]
    return found


def structure(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for node in nodes:
        facts = {k: v for k, v in node.items() if k not in ("pixels", "negative")}
        if "children" in node:
            facts["children"] = structure(node["children"])
        kept.append(facts)
    return kept


def test_the_new_group_is_the_old_tree_but_for_its_pixels(styled: dict[str, Any]) -> None:
    """Names, places, sizes, alpha, masks, modes, opacity, visibility and groups are the same."""
    new, *_ = styled["after"]
    assert new["name"] == "negative"
    assert structure(new["children"]) == structure(styled["before"])
    assert len(leaves(new["children"])) == 39


def test_the_old_layers_are_hidden_and_otherwise_as_they_were(styled: dict[str, Any]) -> None:
    """Nothing of them changed but the eye of the outermost."""
    _, *old = styled["after"]
    assert not any(node["visible"] for node in old)
    assert [{**node, "visible": True} for node in old] == styled["before"]


def test_every_layer_is_styled_but_the_locked_and_the_empty(styled: dict[str, Any]) -> None:
    """Each has its own pixels in the new style; text is rendered; two are as they were."""
    new = leaves(styled["after"][0]["children"])
    for was, now in zip(leaves(styled["before"]), new, strict=True):
        left = was["name"] in ("Locked", "Empty")
        assert now["pixels"] == (was["pixels"] if left else was["negative"]), was["name"]


def test_frames_of_a_still_scene_have_one_look(styled: dict[str, Any]) -> None:
    """The first frame, which is the lowest layer, decides how all of them look."""
    film = styled["film"]
    looks = [frame["pixels"] for frame in leaves(film["after"][0]["children"])]
    assert looks == [film["before"][-1]["negative"]] * 3
