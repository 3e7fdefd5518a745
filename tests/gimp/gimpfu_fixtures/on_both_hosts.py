"""What a script sees, told by a script: runs in GIMP and on the headless host, to be compared.

Each function whose name begins with `fact_` is reported by name with what it returns.
"""

# ruff: noqa: F403, F405 - names come by the star import, and from the lab's batch

from gimpfu import *
from gimpfu import host as _host
from gimpfu.headless import host as _headless


def new_image(base=RGB, kind=RGBA_IMAGE, size=(5, 4)):
    image = gimp.Image(*size, base)
    layer = gimp.Layer(image, "Layer", *size, kind)
    layer.fill(WHITE_FILL)
    image.insert_layer(layer)
    return image, layer


def flags_of(item):
    found = [item.name, item.visible, item.width, item.height, item.offsets, item.has_alpha]
    found += [item.is_rgb, item.is_gray, item.is_indexed, item.bpp, item.type, item.format]
    return [*found, item.type_with_alpha, item.is_layer_mask, item.mask_bounds, item.children]


def fact_new_things():
    found = []
    for base, kind in (
        (RGB, RGB_IMAGE),
        (RGB, RGBA_IMAGE),
        (GRAY, GRAY_IMAGE),
        (GRAY, GRAYA_IMAGE),
    ):
        image, layer = new_image(base, kind)
        found.append(flags_of(layer))
        found.append(
            [layer.opacity, layer.mode, layer.lock_alpha, layer.mask, layer.is_floating_sel]
        )
        found.append([image.width, image.base_type, image.precision, image.name, image.filename])
        found.append([image.is_srgb, image.floating_selection, image.undo_is_enabled()])
        found.append(flags_of(image.selection))
    return found


def fact_tree():
    image, layer = new_image()
    group = gimp.GroupLayer(image, "Group")
    image.insert_layer(group)
    inner = gimp.Layer(image, "Layer", 2, 2, RGBA_IMAGE)
    image.insert_layer(inner, group)
    second = layer.copy()
    found = [second.name, second.parent, group.parent]
    image.insert_layer(second)  # above the active one, which is in the group
    found += [[item.name for item in group.children], [item.name for item in image.layers]]
    third = layer.copy(True)
    image.insert_layer(third, None, 1)
    found += [[item.name for item in image.layers], image.active_layer == third, inner.name]
    found += [
        pdb.gimp_image_get_item_position(image, item) for item in (group, inner, third, layer)
    ]
    copy = image.duplicate()
    image.remove_layer(third)
    found += [image.active_layer and image.active_layer.name]
    image.remove_layer(group)
    found += [[item.name for item in image.layers], [item.name for item in copy.layers]]
    return [*found, [item.name for item in copy.layers[0].children], gimp.Item.from_id(inner.ID)]


def fact_names():
    image, layer = new_image()
    twin = gimp.Layer(image, "Layer", 1, 1, RGBA_IMAGE)
    found = [twin.name]
    image.insert_layer(twin)
    found.append(twin.name)
    third = gimp.Layer(image, "Layer", 1, 1, RGBA_IMAGE)
    image.insert_layer(third)
    found.append(third.name)
    layer.name = "Other"
    third.name = "Other"
    return [*found, layer.name, third.name]


def fact_masks():
    image, layer = new_image()
    layer.set_offsets(1, 1)
    image.selection.write_pixels(0, 0, 5, 4, "Y u8", bytes(range(0, 200, 10)))
    found = []
    for kind in (ADD_MASK_WHITE, ADD_MASK_BLACK, ADD_MASK_SELECTION):
        mask = layer.create_mask(kind)
        found.append([list(mask.read_pixels(0, 0, 5, 4, None)), mask.name, layer.mask])
        layer.add_mask(mask)
        found.append([layer.mask == mask, mask.offsets, layer.apply_mask, layer.edit_mask])
        layer.remove_mask(MASK_APPLY if kind == ADD_MASK_SELECTION else MASK_DISCARD)
    return [*found, list(layer.read_pixels(0, 0, 5, 4, "R'G'B'A u8")), layer.mask]


def fact_selection():
    image, layer = new_image()
    layer.set_offsets(2, 1)
    found = [
        pdb.gimp_selection_bounds(image),
        pdb.gimp_selection_is_empty(image),
        layer.mask_bounds,
    ]
    image.selection.write_pixels(1, 1, 2, 2, "Y u8", bytes((0, 255, 7, 0)))
    found += [pdb.gimp_selection_bounds(image), pdb.gimp_selection_is_empty(image)]
    found += [layer.mask_bounds]
    pdb.gimp_selection_none(image)
    found += [pdb.gimp_selection_is_empty(image)]
    pdb.gimp_selection_all(image)
    return [*found, pdb.gimp_selection_bounds(image), list(image.selection.get_pixel(0, 0))]


def fact_formats():
    """The same colours in every format, from every kind of layer."""
    found = {}
    rgba = bytes((255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 255, 1, 200, 100, 50, 255, 9, 9, 9, 9))
    for base, kind in (
        (RGB, RGB_IMAGE),
        (RGB, RGBA_IMAGE),
        (GRAY, GRAY_IMAGE),
        (GRAY, GRAYA_IMAGE),
    ):
        _image, layer = new_image(base, kind)
        layer.write_pixels(0, 0, 5, 1, "R'G'B'A u8", rgba)
        for name in ("R'G'B'A u8", "R'G'B' u8", "Y'A u8", "Y' u8", "Y u8"):
            found[f"{kind} {name}"] = list(layer.read_pixels(0, 0, 5, 1, name))
        floats = layer.read_pixels(0, 0, 5, 1, "R'G'B'A float")
        layer.write_pixels(0, 1, 5, 1, "R'G'B'A float", floats)
        same = layer.read_pixels(0, 0, 5, 1, None) == layer.read_pixels(0, 1, 5, 1, None)
        found[f"{kind} floats"] = [same, len(floats)]
    mask = layer.create_mask(ADD_MASK_BLACK)
    mask.write_pixels(0, 0, 5, 1, "Y u8", bytes((0, 1, 50, 128, 255)))
    for name in ("R'G'B'A u8", "Y' u8", "Y u8"):
        found[f"mask {name}"] = list(mask.read_pixels(0, 0, 5, 1, name))
    return found


def fact_edges():
    _image, layer = new_image()
    layer.write_pixels(0, 0, 5, 4, None, bytes(range(80)))
    boxes = ((-2, -1, 4, 3), (3, 2, 4, 4), (9, 9, 2, 2), (-1, 0, 7, 1), (0, 0, 0, 0))
    return [list(layer.read_pixels(*box, None)) for box in boxes]


def refusal(attempt):
    try:
        attempt()
    except (RuntimeError, AttributeError, TypeError, ValueError) as error:
        kinds = (RuntimeError, AttributeError, TypeError, ValueError)
        return [kind.__name__ for kind in kinds if isinstance(error, kind)]
    return "no refusal"


def fact_refusals():
    image, layer = new_image()
    other, foreign = new_image()
    free = gimp.Layer(image, "free", 3, 3, RGBA_IMAGE)
    mask = layer.create_mask(ADD_MASK_BLACK)
    gone = gimp.Layer(image, "gone", 3, 3, RGBA_IMAGE)
    gimp.delete(gone)
    attempts = (
        lambda: image.insert_layer(layer),
        lambda: other.insert_layer(free),
        lambda: image.remove_layer(free),
        lambda: free.add_mask(mask),
        lambda: gone.name,
        lambda: image.insert_layer(foreign),
        image.undo_group_end,
        lambda: setattr(layer, "opacity", 101),
        lambda: gimp.Layer(image, "x", 0, 5),
        lambda: pdb.gimp_item_get_name(image),
        lambda: pdb.nope,
        lambda: layer.write_pixels(4, 0, 2, 1, None, bytes(8)),
        lambda: layer.write_pixels(0, 0, 1, 1, None, bytes(3)),
        lambda: layer.read_pixels(0, 0, 1, 1, "no such format"),
        lambda: layer.read_pixels(0, 0, -1, 1, None),
    )
    return [refusal(attempt) for attempt in attempts]


def fact_parasites():
    image, layer = new_image()
    layer.attach_new_parasite("b", 0, b"\x00\xff")
    layer.attach_new_parasite("a", 1, "text")
    layer.attach_new_parasite("b", 1, b"new")
    copy = layer.copy()
    image.insert_layer(copy)
    found = [[p.name, p.flags, list(p.data)] for p in map(layer.parasite_find, ("a", "b"))]
    layer.parasite_detach("a")
    found += [sorted(layer.parasite_list()), sorted(copy.parasite_list()), layer.parasite_find("a")]
    return found


def fact_flags():
    _image, layer = new_image()
    found = []
    for get, change in (
        (pdb.gimp_item_get_lock_content, pdb.gimp_item_set_lock_content),
        (pdb.gimp_item_get_lock_position, pdb.gimp_item_set_lock_position),
        (pdb.gimp_layer_get_lock_alpha, pdb.gimp_layer_set_lock_alpha),
        (pdb.gimp_item_get_visible, pdb.gimp_item_set_visible),
        (pdb.gimp_item_get_color_tag, pdb.gimp_item_set_color_tag),
    ):
        before = get(layer)
        change(layer, 1 - before)
        found.append([before, get(layer)])
    layer.opacity = 12.5
    layer.mode = LAYER_MODE_SCREEN
    return [*found, layer.opacity, layer.mode, pdb.gimp_item_is_group(layer)]


def fact_regions():
    _image, layer = new_image()
    region = layer.get_pixel_rgn(1, 1, 3, 2)
    region[1:3, 1:3] = bytes(range(16))
    found = [
        list(map(ord, region[2, 2])),
        layer.get_pixel(1, 1),
        [region.x, region.w, region.rowstride],
    ]
    layer.flush()
    return [*found, layer.get_pixel(1, 1), list(layer.read_pixels(0, 0, 5, 4, None))]


def fact_alpha():
    _image, layer = new_image(kind=RGB_IMAGE)
    layer.write_pixels(0, 0, 1, 1, None, bytes((1, 2, 3)))
    layer.add_alpha()
    return [layer.has_alpha, layer.format, layer.get_pixel(0, 0)]


def fact_signatures():
    """The headless host's own procedures that GIMP would not know like this."""
    here = _host.current()
    different = []
    for name, entry in _headless.procedures.TABLE.items():
        real = here.signature(name)
        mine = entry.signature
        if real is None:
            different.append([name, "unknown"])
            continue
        for one, other in ((mine.parameters, real.parameters), (mine.returns, real.returns)):
            if [p.gtype for p in one] != [p.gtype for p in other]:
                different.append([name, [p.gtype for p in one], [p.gtype for p in other]])
    return different
