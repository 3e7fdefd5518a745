"""Memory of one edit of a 6000x4000 picture in tiles, in a process of its own."""

import resource
import sys
import time

import cv2
import numpy as np
from bench.roundtrip.cases import photograph
from bench.roundtrip.edits import edited, limited, opaque
from tests.drift.providers import Drifting, Identity

from overpaint.picture import Source
from overpaint.recipe import Oversize

__all__ = ["KINDS", "memory_of"]

WIDTH, HEIGHT = 6000, 4000
MEGAPIXEL = 1024 * 1024
MOST = 1536
"""MB, all of the process: the source, what is sent, what returns, the patch."""
KINDS = ("8-bit identity", "8-bit drifting", "float identity")


def memory_of(kind: str) -> None:
    """Print the peak of this process, and whether the picture came back where it should."""
    photo = photograph("astronaut", 10**8)
    whole = cv2.resize(photo, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    depth, model = kind.split()
    colours = whole if depth == "8-bit" else whole * np.float32(1 / 255)
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(selection, (3000, 2000), (2400, 1600), 0, 0, 360, 255, -1)
    source = Source(opaque(colours), selection)
    del photo, whole, colours
    before = _peak()
    started = time.perf_counter()
    provider = limited(Identity() if model == "identity" else Drifting(), MEGAPIXEL)
    patch = edited(source, provider, Oversize.TILES)
    seconds = time.perf_counter() - started
    same = np.array_equal(patch.pixels, source.pixels)
    good = _peak() < MOST and (same or model == "drifting")
    came = "bit for bit" if same else "changed"
    print(
        f"{'ok' if good else 'FAIL'} 6000x4000 in tiles of a megapixel, {kind}: peak {_peak():.0f} "
        f"MB (<{MOST}; {before:.0f} before the edit), {came}, {seconds:.0f} s"
    )
    sys.exit(not good)


def _peak() -> float:
    """The largest resident size so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
