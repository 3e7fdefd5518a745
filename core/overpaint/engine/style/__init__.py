"""Styles offline: strokes, the style network, and the weights that they need."""
