"""Overpaint's core: everything that does not need GIMP."""

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
