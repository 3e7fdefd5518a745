"""Enum values that GIMP 3 numbers differently from GIMP 2.10, by the type of the parameter."""

from __future__ import annotations

# GIMP 3's type -> {2.10's value: GIMP 3's value}; values that are not listed are the same in both.
TO_GIMP3: dict[str, dict[int, int]] = {
    "GimpFillType": {2: 3, 3: 4, 4: 5},
    "GimpRepeatMode": {1: 2, 2: 3, 3: 1},
    "GimpConvertPaletteType": {2: 1, 3: 2, 4: 3},
    "GimpSelectCriterion": {7: 10, 8: 7, 9: 8, 10: 9},
    "GimpLayerColorSpace": {2: 4},
    "GimpForegroundExtractMode": {1: 0},
}
FROM_GIMP3: dict[str, dict[int, int]] = {
    gtype: {new: old for old, new in values.items()} for gtype, values in TO_GIMP3.items()
}
