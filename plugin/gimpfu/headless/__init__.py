"""A host without GIMP: images in memory, for running a plug-in file in a plain Python.

host = headless.Host()
host.load("plugin/example/example.py")
image = host.new_image(4, 3)
layer = host.add_layer(image, "Background", bytes(4 * 3 * 3))
outcome = host.run("plug-in-example", image, layer, strength=3)
"""

from __future__ import annotations

from .host import Host
from .model import UndoStep

__all__ = ["Host", "UndoStep"]
