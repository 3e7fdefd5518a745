"""Variations offline: quilting, bending, and another light."""
