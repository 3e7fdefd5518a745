"""The host that is a running GIMP 3.0 or 3.2. Only these modules import `gi`."""

from __future__ import annotations

import gi

_VERSIONS = {"Babl": "0.1", "Gegl": "0.4", "Gimp": "3.0", "GimpUi": "3.0", "Gtk": "3.0"}

for _name, _version in _VERSIONS.items():
    gi.require_version(_name, _version)
