"""Runs in GIMP's own Python: builds the XCF file from the files that lie beside this one.

Nobody imports it: xcf.py copies it to them. Standard library and gi only, as in plugin/.
"""

import json
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402, after the versions

__all__ = ["build"]

PARASITE = "overpaint-recipe"  # as the shell in GIMP names it
PERSISTENT = 1


def build(folder: Path) -> None:
    """Write written.xcf from job.json, original.*, and result-N.* with mask-N.raw.

    The first result lies on top; the others are hidden.
    """
    Gegl.init(None)
    job = json.loads((folder / "job.json").read_text("utf-8"))

    def file(name: str) -> Gio.File:
        return Gio.File.new_for_path(str(folder / name))

    quietly = Gimp.RunMode.NONINTERACTIVE
    image = Gimp.file_load(quietly, file("original" + job["extension"]))
    image.get_layers()[0].set_name("Original")
    for number, each in enumerate(job["layers"]):
        picture = file("result-{}{}".format(number, job["extension"]))
        layer = Gimp.file_load_layer(quietly, image, picture)
        layer.set_name(each["name"])
        # Its bytes are gint8 to PyGObject.
        data = [byte - 256 if byte > 127 else byte for byte in each["recipe"].encode("utf-8")]
        layer.attach_parasite(Gimp.Parasite.new(PARASITE, PERSISTENT, data))
        image.insert_layer(layer, None, number)
        layer.set_offsets(*each["offsets"])
        layer.set_visible(number == 0)
        if not layer.has_alpha():
            layer.add_alpha()
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
        size = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
        buffer = mask.get_buffer()
        buffer.set(size, "Y u8", (folder / f"mask-{number}.raw").read_bytes())
        buffer.flush()
        mask.update(0, 0, size.width, size.height)
    Gimp.file_save(quietly, image, file("written.xcf"), None)
    image.delete()


if __name__ == "__main__":
    here = Path(__file__).parent
    try:
        build(here)
    except Exception as error:
        # GIMP prints much else; what went wrong is read from here.
        (here / "failed.txt").write_text(f"{type(error).__name__}: {error}", "utf-8")
        raise
