"""Giving many layers one style: an anchor first, then each layer with it, all kept as they come.

What is finished lies on disk under a key made of all that decides it. Asking the same again takes
it from there, whatever ended the run before; layers that look the same are made once.
"""

from overpaint.app.layering.planning import plan_layers
from overpaint.app.layering.styling import forget_layers, style_layers

__all__ = ["forget_layers", "plan_layers", "style_layers"]
