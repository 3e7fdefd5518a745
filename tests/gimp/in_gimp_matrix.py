"""Runs inside GIMP: builds each document, runs the command on it, reports all that is to be known.

The names `cases` (a list of dicts), `dumps` (a folder) and `judged` (whether all facts of the
document are wanted, or only its looks) are set by the test, the functions of in_gimp_facts.py
stand before this text; pictures leave as raw files.
"""

import time
from pathlib import Path

PRECISION = Gimp.Precision
BASE = {"RGB": Gimp.ImageBaseType.RGB, "GRAY": Gimp.ImageBaseType.GRAY}
KIND = {
    ("RGB", False): Gimp.ImageType.RGB_IMAGE,
    ("RGB", True): Gimp.ImageType.RGBA_IMAGE,
    ("GRAY", False): Gimp.ImageType.GRAY_IMAGE,
    ("GRAY", True): Gimp.ImageType.GRAYA_IMAGE,
}


def fill(layer, picture):
    """Cover the layer with the picture (400x300 floats), repeated as often as needed."""
    buffer = layer.get_buffer()
    for y in range(0, layer.get_height(), 300):
        for x in range(0, layer.get_width(), 400):
            buffer.set(Gegl.Rectangle.new(x, y, 400, 300), "R'G'B'A float", picture)
    buffer.flush()


def punch(layer):
    """Make a square of the layer transparent, with a colour hidden in it that must not come out."""
    buffer = layer.get_buffer()
    hidden = bytes([255, 0, 255, 0]) * (80 * 120)
    buffer.set(Gegl.Rectangle.new(90, 80, 80, 120), "R'G'B'A u8", hidden)
    buffer.flush()


def build(case, picture):
    width, height = case["canvas"]
    base = BASE["RGB" if case["base"] == "INDEXED" else case["base"]]
    image = Gimp.Image.new_with_precision(
        width, height, base, getattr(PRECISION, case["precision"])
    )
    image.undo_disable()
    if case["profile"] == "adobe":
        assert image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    grey = "GRAY" if case["base"] == "GRAY" else "RGB"
    background = Gimp.Layer.new(
        image, "Background", width, height, KIND[grey, False], 100, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(background, None, 0)
    fill(background, picture)
    x, y, w, h = case["layer"] or (0, 0, width, height)
    layer = Gimp.Layer.new(
        image, "Subject", w, h, KIND[grey, case["alpha"]], 100, Gimp.LayerMode.NORMAL
    )
    parent = None
    if case["grouped"]:
        parent = Gimp.GroupLayer.new(image, "Group")
        image.insert_layer(parent, None, 0)
    image.insert_layer(layer, parent, 0)
    layer.set_offsets(x, y)
    fill(layer, picture)
    if case["holes"]:
        punch(layer)
    above = Gimp.Layer.new(image, "Above", 50, 40, KIND[grey, True], 60, Gimp.LayerMode.MULTIPLY)
    image.insert_layer(above, None, 0)
    above.set_offsets(20, 200)
    above.fill(Gimp.FillType.WHITE)
    if case["masked"]:
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
        half = bytes([0]) * (120 * 300)
        mask.get_buffer().set(Gegl.Rectangle.new(0, 0, 120, 300), "Y u8", half)
        mask.get_buffer().flush()
    channel = Gimp.Channel.new(image, "Saved", width, height, 50, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    path = Gimp.Path.new(image, "Outline")
    image.insert_path(path, None, 0)
    path.stroke_new_from_points(
        Gimp.PathStrokeType.BEZIER, [10, 10, 10, 10, 10, 10, 90, 90, 90, 90, 90, 90], False
    )
    image.attach_parasite(Gimp.Parasite.new("keep-me", 1, b"precious"))
    if case["base"] == "INDEXED":
        image.convert_indexed(
            Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 32, False, False, ""
        )
    select(image, case)
    active = [layer]
    kind = case["active"]
    if kind == "locked":
        layer.set_lock_content(True)
    elif kind == "invisible":
        layer.set_visible(False)
    elif kind == "invisible-parent":
        parent.set_visible(False)
    elif kind == "group":
        active = [parent]
    elif kind == "channel":
        active = [channel]
    elif kind == "mask":
        active = [layer.get_mask()]
    elif kind == "two":
        active = [layer, background]
    if kind in ("layer", "two", "locked", "invisible"):
        image.set_selected_layers(active)
    image.undo_enable()
    image.clean_all()
    return image, layer, active


def select(image, case):
    Gimp.Selection.none(image)
    Gimp.context_set_antialias(True)
    Gimp.context_set_feather(False)
    for shape, *box in case["select"]:
        if shape == "all":
            Gimp.Selection.all(image)
        elif shape == "ellipse":
            image.select_ellipse(Gimp.ChannelOps.ADD, *box)
        elif shape == "rectangle":
            image.select_rectangle(Gimp.ChannelOps.ADD, *box)
        else:
            image.select_rectangle(Gimp.ChannelOps.SUBTRACT, *box)
    if case["feather"]:
        Gimp.Selection.feather(image, case["feather"])


def run(case, image, active):
    procedure = Gimp.get_pdb().lookup_procedure(case["procedure"])
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", active)
    for name, value in case["arguments"].items():
        config.set_property(name, value)
    started = time.monotonic()
    result = procedure.run(config)
    seconds = time.monotonic() - started
    status = result.index(0)
    new = result.index(1) if status == Gimp.PDBStatusType.SUCCESS else None
    return int(status), new, Gimp.get_pdb().get_last_error(), seconds


def examine(case, picture):
    image, layer, active = build(case, picture)
    form = (
        "R'G'B'A u8"
        if case["precision"].startswith("U8_NON") and not case["profile"]
        else ("R'G'B'A float")
    )
    folder = Path(dumps) / case["name"]
    folder.mkdir(parents=True, exist_ok=True)
    before = judged and image_facts(image)
    visible_before = not case["refused"] and projection(image, form)
    status, new, error, seconds = run(case, image, active)
    after = judged and image_facts(image)
    facts = {
        "name": case["name"],
        "status": status,
        "error": error,
        "seconds": seconds,
        "format": form,
        "before": before,
        "after": after,
    }
    if new is not None:
        mask = new.get_mask()
        parent = new.get_parent()
        siblings = parent.get_children() if parent else image.get_layers()
        facts["new"] = {
            "id": new.get_id(),
            "name": new.get_name(),
            "size": [new.get_width(), new.get_height(), *new.get_offsets()[1:]],
            "parent": parent and parent.get_id(),
            "below": siblings[siblings.index(new) + 1].get_id(),
            "target": layer.get_id(),
            "target_parent": layer.get_parent() and layer.get_parent().get_id(),
            "recipe": bytes(new.get_parasite("overpaint-recipe").get_data()).decode().rstrip("\0"),
            "edits_mask": new.get_edit_mask(),
        }
        x, y = new.get_offsets()[1:]
        box = Gegl.Rectangle.new(x, y, new.get_width(), new.get_height())
        planes = {
            "visible-before": visible_before,
            "visible-after": projection(image, form),
            "mask": raw(mask, "Y float"),
        }
        if judged:
            selection = image.get_selection()
            native = selection.get_buffer().get(box, 1.0, None, Gegl.AbyssPolicy.NONE)
            planes["selection"] = raw(selection, "Y float")
            planes["selection-native"] = native
            planes["mask-native"] = raw(mask)
            planes["layer"] = raw(new, form)
        for name, data in planes.items():
            (folder / (name + ".raw")).write_bytes(data)
    image.delete()
    return facts


picture = Path(dumps, "picture.raw").read_bytes()
for case in cases:
    report(examine(case, picture))
