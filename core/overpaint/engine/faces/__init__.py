"""Whether there are faces in a selection: what would be torn apart needs gentler hands."""

from overpaint.engine.faces.detector import find

__all__ = ["find"]
