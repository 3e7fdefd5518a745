"""The half of Overpaint that runs inside GIMP: commands, canvas, core process, messages.

Runs on whatever Python GIMP brings: standard library and the gimpfu shim, Python 3.9's syntax.
"""
