"""Runs inside GIMP: calls the procedures of the fixture plug-in, as other programs do.

Each function whose name begins with `fact_` is reported by name with what it returns.
"""

# ruff: noqa: F403, F405 - names come by the star import, and from the lab's batch

from gimpfu import *

SUCCESS = 3


def new_image(kind=Gimp.ImageType.RGB_IMAGE):
    image = Gimp.Image.new(60, 40, 0)
    layers = []
    for name in ("Background", "Second"):
        layers.append(Gimp.Layer.new(image, name, 60, 40, kind, 100, 28))
        image.insert_layer(layers[-1], None, 0)
    return image, layers


def call(name, image=None, drawables=None, mode=1, **values):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    if image is not None:
        config.set_property("image", image)
        config.set_core_object_array("drawables", drawables)
    for key, value in values.items():
        config.set_property(key.replace("_", "-"), value)
    found = procedure.run(config)
    results = [found.index(i) for i in range(1, found.length())]
    shown = [item.get_name() if hasattr(item, "get_name") else item for item in results]
    return [int(found.index(0)), *shown]


def fact_registered():
    found = {}
    for name in Gimp.get_pdb().query_procedures(".*fixture.*", *[".*"] * 7):
        procedure = Gimp.get_pdb().lookup_procedure(name)
        found[name] = {
            "label": procedure.get_menu_label(),
            "menus": procedure.get_menu_paths(),
            "types": procedure.get_image_types(),
            "blurb": procedure.get_blurb(),
            "author": procedure.get_authors(),
            "arguments": [[s.name, s.value_type.name] for s in procedure.get_arguments()],
            "results": [[s.name, s.value_type.name] for s in procedure.get_return_values()],
        }
    return found


def fact_defaults():
    image, layers = new_image()
    return call("plug-in-fixture-all", image, layers[:1])


def fact_given():
    image, layers = new_image()
    values = {"radio": "1", "option": "2", "spinner": 10, "layer": layers[1], "slider": 2.5}
    values.update(whole=-3, image_2=image, drawable=layers[0], string_name="Grüße")
    return call("plug-in-fixture-all", image, layers[:1], **values)


def fact_last_values():
    image, layers = new_image()
    return call("plug-in-fixture-all", image, layers[:1], mode=2)


def fact_old_form():
    image, layers = new_image()
    return call("python-fu-fixture-old-form", image, layers[:1], size=5)


def fact_no_image():
    return call("python-fu-fixture-no-image", text="hello")


def fact_results():
    image, layers = new_image()
    return call("plug-in-fixture-results", image, layers[:1])


def fact_ends():
    image, layers = new_image()
    found = {}
    for how in ("well", "fail", "error", "bug", "cancel", "caught"):
        found[how] = call("plug-in-fixture-ends", image, layers[:1], how=how)
    return found


def fact_one():
    image, layers = new_image()
    mask = layers[0].create_mask(0)
    layers[0].add_mask(mask)
    channel = Gimp.Channel.new(image, "Channel", 60, 40, 50, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    chosen = {"none": [], "one": layers[:1], "two": layers, "mask": [mask], "channel": [channel]}
    return {name: call("plug-in-fixture-one", image, items) for name, items in chosen.items()}


def fact_layer_only():
    image, layers = new_image()
    mask = layers[0].create_mask(0)
    layers[0].add_mask(mask)
    return [call("plug-in-fixture-layer", image, items) for items in (layers[:1], [mask])]


def fact_many():
    image, layers = new_image()
    return [call("plug-in-fixture-many", image, items) for items in ([], layers)]


def fact_from_script():
    """The same, called through `pdb`: the run mode is left out, or the one keyword."""
    image, layers = new_image()
    wrapped, layer = gimp._id2image(image.get_id()), gimp.Item.from_id(layers[0].get_id())
    made, number, real, text, truth = pdb.plug_in_fixture_results(wrapped, 1, [layer])
    told = []
    for attempt in (
        lambda: pdb.plug_in_fixture_ends(wrapped, 1, [layer], "fail"),
        lambda: pdb.plug_in_fixture_ends(wrapped, 1, [layer], "cancel"),
        lambda: pdb.plug_in_fixture_one(1, wrapped, 1, [layer]),
        lambda: pdb.plug_in_fixture_choice(wrapped, 1, [layer], "nope"),
    ):
        try:
            attempt()
        except (RuntimeError, TypeError) as error:
            told.append(f"{type(error).__name__}: {error}")
    pdb.plug_in_fixture_choice(wrapped, 1, [layer], 1)
    pdb.plug_in_fixture_one(wrapped, 1, [layer], run_mode=RUN_NONINTERACTIVE)
    return [made in wrapped.layers, number, real, text, truth, told]
