"""Runs inside GIMP, last: reports all facts by name; one that failed reports its traceback."""

# ruff: noqa: F821, BLE001 - runs after the facts, in their namespace; any failure is a report

import traceback

for name, fact in list(globals().items()):
    if name.startswith("fact_"):
        try:
            report([name[5:], fact()])
        except Exception:
            report([name[5:], traceback.format_exc()])
for image in gimp.image_list():
    gimp.delete(image)
