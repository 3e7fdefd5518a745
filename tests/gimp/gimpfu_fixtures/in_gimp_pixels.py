"""Runs inside GIMP: what the shim reads and writes, beside what GIMP itself has in its buffers.

Each function whose name begins with `fact_` is reported by name with what it returns.
"""

# ruff: noqa: F403, F405 - names come by the star import, and from the lab's batch

import array
import struct
import time

from gimpfu import *

U8, U16, U16_LINEAR, FLOAT_LINEAR, FLOAT = 150, 250, 200, 600, 650
SQUARE = (0, 0, 8, 6)


def new_image(precision=U8, profile=None, base=RGB, kind=RGBA_IMAGE, size=(8, 6)):
    raw = Gimp.Image.new_with_precision(*size, base, precision)
    if profile is not None:
        raw.set_color_profile(profile)
    image = gimp._id2image(raw.get_id())
    layer = gimp.Layer(image, "Layer", *size, kind)
    layer.fill(FILL_WHITE)
    image.insert_layer(layer)
    return image, layer


def stored(drawable):
    """The bytes in GIMP's buffer, read without the shim."""
    thing = Gimp.Item.get_by_id(drawable.ID)
    box = Gegl.Rectangle.new(0, 0, drawable.width, drawable.height)
    return thing.get_buffer().get(box, 1.0, None, Gegl.AbyssPolicy.NONE)


def soft_selection(image):
    raw = Gimp.Image.get_by_id(image.ID)
    raw.select_ellipse(Gimp.ChannelOps.REPLACE, 1, 1, 6, 4)
    Gimp.Selection.feather(raw, 3)


def fact_selection_becomes_mask():
    """For each precision: formats, and whether stored bytes of selection and mask are the same."""
    found = {}
    for precision in (U8, U16, U16_LINEAR, 550, FLOAT_LINEAR, FLOAT, 750):
        image, layer = new_image(precision)
        soft_selection(image)
        layer.add_mask(layer.create_mask(ADD_MASK_BLACK))
        data = image.selection.read_pixels(*SQUARE, None)
        layer.mask.write_pixels(*SQUARE, None, data)
        found[precision] = [
            image.precision == precision,
            image.selection.format,
            layer.mask.format,
            len(set(data)) > 4,
            stored(image.selection) == stored(layer.mask) == data,
        ]
    return found


def fact_formats():
    found = {}
    for name, precision, base, kind in (
        ("rgb", U8, RGB, RGB_IMAGE),
        ("rgba", U8, RGB, RGBA_IMAGE),
        ("gray", U8, GRAY, GRAY_IMAGE),
        ("graya", U16, GRAY, GRAYA_IMAGE),
        ("linear", FLOAT_LINEAR, RGB, RGBA_IMAGE),
        ("perceptual", 175, RGB, RGBA_IMAGE),
    ):
        found[name] = new_image(precision, None, base, kind)[1].format
    profile = Gimp.ColorProfile.new_rgb_adobe()
    found["adobe"] = new_image(U16, profile)[1].format
    return found


def fact_outside_is_zero():
    _image, layer = new_image()
    return list(layer.read_pixels(-1, -1, 2, 2, "R'G'B'A u8"))


def fact_writing_outside():
    _image, layer = new_image()
    told = []
    for box, data in (
        ((7, 0, 2, 1), bytes(8)),
        ((0, 0, 2, 1), bytes(7)),
        ((-1, 0, 1, 1), bytes(4)),
    ):
        try:
            layer.write_pixels(*box, "R'G'B'A u8", data)
        except ValueError as error:
            told.append(str(error))
    return [told, stored(layer) == b"\xff" * 192]


def fact_unknown_format():
    _image, layer = new_image()
    try:
        layer.read_pixels(*SQUARE, "no such format")
    except gimp.error as error:
        return str(error)


def fact_other_formats():
    """What was written as 8-bit sRGB, read in other formats."""
    _image, layer = new_image(U16)
    layer.write_pixels(0, 0, 1, 1, "R'G'B'A u8", bytes((255, 128, 0, 64)))
    wide = layer.read_pixels(0, 0, 1, 1, None)
    floats = layer.read_pixels(0, 0, 1, 1, "R'G'B'A float")
    return [struct.unpack("4H", wide), struct.unpack("4f", floats)]


def fact_wide_gamut():
    """The purest green of Adobe RGB as encoded sRGB, and what writing it back leaves."""
    profile = Gimp.ColorProfile.new_rgb_adobe()
    image, layer = new_image(U16, profile)
    colours = [(0, 65535, 0, 65535), (65535, 0, 65535, 65535), (1234, 40000, 65535, 32768)]
    data = struct.pack("12H", *sum(colours, ()))
    layer.write_pixels(0, 0, 3, 1, None, data)
    floats = layer.read_pixels(0, 0, 3, 1, "R'G'B'A float")
    copy = gimp.Layer(image, "Copy", 8, 6, RGBA_IMAGE)
    copy.write_pixels(0, 0, 3, 1, "R'G'B'A float", floats)
    back = copy.read_pixels(0, 0, 3, 1, None)
    u8 = layer.read_pixels(0, 0, 1, 1, "R'G'B'A u8")
    return {
        "stored": stored(layer)[:24] == data,
        "floats": array.array("f", floats).tolist(),
        "back": [
            abs(a - b) for a, b in zip(array.array("H", data), array.array("H", back), strict=True)
        ],
        "u8": list(u8),
    }


def fact_is_srgb():
    adobe = Gimp.ColorProfile.new_rgb_adobe()
    linear = Gimp.ColorProfile.new_rgb_srgb_linear()
    # The same colours under another name, as cameras and other programs embed them.
    text = bytes(Gimp.ColorProfile.new_rgb_srgb().get_icc_profile())
    renamed = bytearray(text)
    renamed[text.find("sRGB".encode("utf-16-be")) + 1] = ord("t")
    other = Gimp.ColorProfile.new_from_icc_profile(bytes(renamed))
    lab = Gimp.ColorProfile.new_d50_gray_lab_trc()
    cases = {
        "default": (U8,),
        "perceptual": (175,),
        "linear": (FLOAT_LINEAR,),
        "renamed": (U16, other),
        "gray": (U8, None, GRAY, GRAY_IMAGE),
        "gray linear": (U16_LINEAR, None, GRAY, GRAY_IMAGE),
        "adobe": (U8, adobe),
        "adobe linear": (FLOAT_LINEAR, adobe),
        "linear bytes": (U8, linear),
        "gray lab": (U8, lab, GRAY, GRAY_IMAGE),
    }
    return {name: new_image(*case)[0].is_srgb for name, case in cases.items()}


def fact_large():
    """A picture of 24 megapixels: sizes, and seconds to read and to write all of it."""
    _image, layer = new_image(size=(6000, 4000))
    start = time.monotonic()
    data = layer.read_pixels(0, 0, 6000, 4000, "R'G'B'A u8")
    read = time.monotonic()
    layer.write_pixels(0, 0, 6000, 4000, "R'G'B'A u8", bytes(len(data)))
    written = time.monotonic()
    corner = list(layer.read_pixels(5999, 3999, 1, 1, None))
    floats = len(layer.read_pixels(0, 0, 6000, 4000, "R'G'B'A float"))
    return [len(data), data.count(255), corner, floats, read - start, written - read]


def fact_unattached():
    """A layer and a mask that are in no image yet can be filled."""
    image, layer = new_image()
    free = gimp.Layer(image, "Free", 2, 1, RGBA_IMAGE)
    free.write_pixels(0, 0, 2, 1, None, b"12345678")
    mask = layer.create_mask(ADD_MASK_BLACK)
    mask.write_pixels(0, 0, 8, 6, "Y u8", bytes(range(48)))
    layer.add_mask(mask)
    image.insert_layer(free)
    return [stored(free).decode(), stored(layer.mask) == bytes(range(48))]


def fact_pixels_of_gimp_2():
    """get_pixel, set_pixel and pixel regions are 8-bit and gamma-encoded in any precision."""
    found = {}
    for precision in (U8, FLOAT_LINEAR):
        _image, layer = new_image(precision)
        layer.set_pixel(1, 2, (200, 100, 50, 255))
        region = layer.get_pixel_rgn(0, 0, 8, 6)
        one = region[1, 2]
        region[3:5, 1:3] = b"\x0a\x14\x1e\xff" * 4
        before = layer.get_pixel(4, 2)
        layer.flush()
        found[precision] = [layer.get_pixel((1, 2)), list(map(ord, one)), before]
        found[precision] += [layer.get_pixel(4, 2), layer.get_pixel(5, 2), region.bpp]
    return found


def fact_gray_and_masks():
    _image, layer = new_image(base=GRAY, kind=GRAYA_IMAGE)
    layer.write_pixels(0, 0, 1, 1, "Y'A u8", bytes((77, 200)))
    layer.add_mask(layer.create_mask(ADD_MASK_BLACK))
    layer.mask.set_pixel(0, 0, (99,))
    return [
        layer.get_pixel(0, 0),
        layer.mask.get_pixel(0, 0),
        layer.mask.read_pixels(0, 0, 1, 1, None)[0],
    ]


def fact_indexed():
    """An indexed layer's pixels are places in the palette; they are read and written as such."""
    image, layer = new_image(kind=RGB_IMAGE)
    Gimp.Image.get_by_id(image.ID).convert_indexed(0, 0, 8, False, False, "")
    layer = image.layers[0]
    found = [layer.is_indexed, layer.get_pixel(0, 0), layer.get_pixel_rgn(0, 0, 2, 1)[0:2, 0].hex()]
    layer.set_pixel(1, 0, (0,))
    return [*found, list(layer.read_pixels(0, 0, 1, 1, "R'G'B' u8"))]


def fact_closed_image():
    image, layer = new_image()
    gimp.delete(image)
    told = []
    for attempt in (
        lambda: image.width,
        lambda: layer.name,
        lambda: layer.read_pixels(0, 0, 1, 1, None),
        lambda: pdb.gimp_selection_bounds(image),
    ):
        try:
            attempt()
        except gimp.error as error:
            told.append(str(error))
    return told
