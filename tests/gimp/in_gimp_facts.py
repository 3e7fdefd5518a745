"""Runs inside GIMP: all that can be known of a document, so that two moments can be compared.

Speaks to GIMP directly, not through the shim, so that it can judge it.
"""

import hashlib


def raw(drawable, form=None):
    buffer = drawable.get_buffer()
    box = buffer.get_extent()
    return buffer.get(box, 1.0, form, Gegl.AbyssPolicy.NONE)


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()[:16]


def item_facts(item):
    facts = {
        "id": item.get_id(),
        "name": item.get_name(),
        "visible": item.get_visible(),
        "locks": [item.get_lock_content(), item.get_lock_position(), item.get_lock_visibility()],
        "parasites": item.get_parasite_list(),
        "tag": int(item.get_color_tag()),
    }
    if isinstance(item, Gimp.Path):
        facts["strokes"] = [
            list(item.stroke_get_points(stroke).controlpoints) for stroke in item.get_strokes()
        ]
        return facts
    facts["pixels"] = digest(raw(item))
    facts["size"] = [item.get_width(), item.get_height(), *item.get_offsets()[1:]]
    if isinstance(item, Gimp.Layer):
        facts["look"] = [item.get_opacity(), int(item.get_mode()), int(item.get_blend_space())]
        mask = item.get_mask()
        facts["mask"] = mask and [digest(raw(mask)), item.get_apply_mask(), item.get_edit_mask()]
    if isinstance(item, Gimp.GroupLayer):
        facts["pixels"] = "of its children"
        facts["children"] = [item_facts(child) for child in item.get_children()]
    return facts


def image_facts(image):
    metadata = image.get_metadata()
    profile = image.get_color_profile()
    return {
        "layers": [item_facts(layer) for layer in image.get_layers()],
        "channels": [item_facts(channel) for channel in image.get_channels()],
        "paths": [item_facts(path) for path in image.get_paths()],
        "selection": digest(raw(image.get_selection())),
        "selected": [layer.get_id() for layer in image.get_selected_layers()],
        "size": [image.get_width(), image.get_height()],
        "precision": int(image.get_precision()),
        "resolution": list(image.get_resolution()),
        "profile": profile and digest(bytes(profile.get_icc_profile())),
        "parasites": image.get_parasite_list(),
        "metadata": metadata and metadata.serialize(),
    }


def projection(image, form):
    flat = image.duplicate()
    merged = flat.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    buffer = merged.get_buffer()
    x, y = merged.get_offsets()[1:]
    box = Gegl.Rectangle.new(-x, -y, image.get_width(), image.get_height())
    pixels = buffer.get(box, 1.0, form, Gegl.AbyssPolicy.NONE)
    flat.delete()
    return pixels
