"""Runs inside GIMP: what the shim's objects, `gimp` and `pdb` answer.

Each function whose name begins with `fact_` is reported by name with what it returns.
"""

# ruff: noqa: F403, F405 - names come by the star import, and from the lab's batch

from gimpfu import *


def new_image(name="Layer"):
    image = gimp.Image(40, 30, RGB)
    layer = gimp.Layer(image, name, 40, 30, RGBA_IMAGE, 100, LAYER_MODE_NORMAL)
    layer.fill(FILL_WHITE)
    image.insert_layer(layer)
    return image, layer


def refusal(attempt):
    try:
        attempt()
    except (gimp.error, AttributeError, TypeError, ValueError, KeyError) as error:
        kinds = [RuntimeError, AttributeError, TypeError, KeyError]
        return [[kind.__name__ for kind in kinds if isinstance(error, kind)], str(error)]
    return "no refusal"


def fact_identity():
    image, layer = new_image("Bäckground")
    again = image.layers[0]
    return [
        repr(image),
        repr(layer),
        again == layer and again is not layer,
        len({again, layer, image}),
        image in gimp.image_list(),
        image.layers.index(layer),
        gimp.Item.from_id(layer.ID) == layer,
        gimp.Item.from_id(99999),
        gimp._id2image(99999),
        layer == image,
    ]


def fact_image():
    image, layer = new_image()
    found = [image.width, image.height, image.base_type is RGB, image.precision, image.name]
    found += [image.filename, image.is_srgb, image.active_layer == layer]
    found += [image.active_drawable == layer, image.selected_layers == [layer]]
    found += [image.channels, image.vectors, repr(image.selection), image.floating_selection]
    image.filename = "/tmp/a b.xcf"
    image.resolution = (150.0, 75.0)
    return [*found, image.filename, image.name, image.resolution]


def fact_layer():
    _image, layer = new_image()
    layer.opacity = 40
    layer.visible = False
    layer.name = "renamed"
    layer.mode = LAYER_MODE_MULTIPLY
    layer.set_offsets(3, -2)
    found = [layer.opacity, layer.visible, layer.name, layer.mode == LAYER_MODE_MULTIPLY]
    found += [layer.offsets, layer.width, layer.bpp, layer.has_alpha, layer.is_rgb, layer.is_gray]
    return [*found, layer.type == RGBA_IMAGE, layer.mask_bounds, layer.mask, layer.parent]


def fact_tree():
    image, layer = new_image()
    group = gimp.GroupLayer(image, "Group")
    image.insert_layer(group)
    inner = layer.copy()
    image.insert_layer(inner, group, 0)
    found = [group.children, group.layers, inner.parent, layer.children, image.layers]
    found = [repr(item) for item in found]
    found.append(pdb.gimp_image_get_item_position(image, layer))
    found.append([type(item).__name__ for item in image.layers])
    copy = image.duplicate()
    found.append([len(copy.layers), copy != image])
    image.remove_layer(group)
    found.append(repr(image.layers))
    return found


def fact_masks():
    _image, layer = new_image()
    mask = layer.create_mask(ADD_MASK_BLACK)
    found = [layer.mask is None]
    layer.add_mask(mask)
    found += [layer.mask == mask, type(mask).__name__, mask.is_layer_mask, layer.apply_mask]
    layer.apply_mask = False
    layer.edit_mask = False
    found += [layer.apply_mask, layer.edit_mask]
    layer.remove_mask(MASK_DISCARD)
    return [*found, layer.mask is None]


def fact_fill_types():
    """2.10's numbers of fill types mean the same as they did, though GIMP 3 renumbered them."""
    _image, layer = new_image()
    layer.fill(TRANSPARENT_FILL)
    clear = layer.get_pixel(0, 0)
    pdb.gimp_drawable_fill(layer, WHITE_FILL)
    return [clear[3], layer.get_pixel(0, 0)]


def fact_parasites():
    image, layer = new_image()
    data = bytes(range(256))
    found = []
    for carrier in (image, layer, gimp):
        carrier.attach_new_parasite("shim-test", 1, data)
        parasite = carrier.parasite_find("shim-test")
        found.append(
            [parasite.data == data, parasite.flags, "shim-test" in carrier.parasite_list()]
        )
        carrier.parasite_detach("shim-test")
        found[-1].append(carrier.parasite_find("shim-test"))
    layer.attach_new_parasite("text", 0, "Grüße")
    found.append(layer.parasite_find("text").data.decode())
    return found


def fact_refusals():
    image, layer = new_image()
    return {
        "range": refusal(lambda: setattr(layer, "opacity", 255)),
        "negative": refusal(lambda: gimp.Layer(image, "x", -5, 5)),
        "enum": refusal(lambda: setattr(layer, "mode", 999)),
        "read-only": refusal(lambda: setattr(layer, "width", 9)),
        "choice": refusal(lambda: pdb.gimp_image_convert_precision(image, 4711)),
        "objects": refusal(lambda: pdb.gimp_image_set_selected_layers(image, 1, [1])),
        "kind": refusal(lambda: pdb.gimp_item_get_name(image)),
        "count": refusal(lambda: pdb.gimp_item_get_name(layer, 1)),
        "unknown": refusal(lambda: pdb.no_such_procedure),
        "unknown item": refusal(lambda: pdb["no-such-procedure"]),
        "changed": refusal(lambda: pdb.gimp_edit_paste),
        "failure": refusal(lambda: pdb.gimp_image_undo_group_end(image)),
        "keyword": refusal(lambda: pdb.gimp_item_get_name(item=layer)),
    }


def fact_pdb():
    image, layer = new_image()
    lock = pdb["gimp-item-get-lock-content"]
    return {
        "bounds": pdb.gimp_selection_bounds(image),
        "empty": pdb.gimp_selection_is_empty(image),
        "layers": pdb.gimp_image_get_layers(image)[0],
        "ids": pdb.gimp_image_get_layers(image)[1] == (layer.ID,),
        "lock": [lock(layer), pdb.gimp_item_is_group(layer), repr(lock), lock.proc_name],
        "parent": pdb.gimp_item_get_parent(layer),
        "new": repr(pdb.gimp_layer_new(image, 10, 11, RGB_IMAGE, "made", 50, LAYER_MODE_NORMAL)),
        "old names": [pdb.gimp_image_width(image), pdb.gimp_drawable_bpp(layer)],
        "active": repr(pdb.gimp_image_get_active_layer(image)),
        "has": [hasattr(pdb, "nope"), "gimp-message" in pdb, hasattr(pdb, "gimp_message")],
        "params": [lock.params, lock.nparams, pdb.gimp_layer_new.nparams],
        "colour": repr(pdb.gimp_context_get_foreground()),
        "is gimp's": gimp.pdb is pdb,
        "query": pdb.query("^gimp-item-is-group$"),
        "dir": "gimp_item_get_name" in dir(pdb),
    }


def fact_arrays():
    """Arrays of numbers go both ways, with their length as a value of its own."""
    image, _layer = new_image()
    pdb.gimp_context_set_line_dash_pattern(2, [4, 2.5])
    pdb.gimp_image_select_polygon(image, CHANNEL_OP_REPLACE, 6, (5, 3, 20, 3, 10, 20))
    return [pdb.gimp_context_get_line_dash_pattern(), pdb.gimp_selection_bounds(image)]


def fact_module():
    return {
        "version": gimp.version,
        "host": gimp.host_version.split(".")[:2],
        "strings": [type(getattr(gimp, n)).__name__ for n in ("directory", "data_directory")],
        "user": gimp.directory.endswith(gimp.host_version[:3]),
        "own": gimp.own_directory,
        "plug-ins": gimp.plug_in_directory,
        "display": repr(gimp.Display(new_image()[0])),
    }


def fact_undo():
    image, layer = new_image()
    image.undo_group_start()
    layer.name = "in a group"
    image.undo_group_end()
    return [
        image.undo_is_enabled(),
        image.undo_freeze(),
        image.undo_is_enabled(),
        image.undo_thaw(),
    ]
