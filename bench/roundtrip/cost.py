"""Time and memory of ours for one patch, in a process of its own."""

import os
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from bench import photos, shapes
from bench.methods import ours
from bench.roundtrip.cases import photograph
from tests.drift import PRESETS

__all__ = ["cost", "memory"]


def cost() -> None:
    """Time and memory of ours for one patch of 1024x1024, in this process alone."""
    (name,) = [photo.name for photo in photos.available(20) if photo.name == "aloe"] or [
        "astronaut"
    ]
    picture = photograph(name, 10**8)
    truth = np.ascontiguousarray(cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_AREA))
    mask = shapes.selection("ellipse", 1024, 1024, 1)
    rng = np.random.default_rng(1)
    returned = PRESETS["together"](rng).apply(truth, rng)
    memory()
    before = memory()
    walls = []
    for _ in range(5):
        started = time.perf_counter()
        ours(truth, returned, mask, mask == 0)
        walls.append(time.perf_counter() - started)
    wall, more = statistics.median(walls), memory() - before
    mark = "ok" if wall <= 0.35 and more <= 400 else "FAIL"
    print(
        f"{mark} 1024x1024: {wall:.2f} s (first {walls[0]:.2f}; <=0.35), "
        f"at most {more:.0f} MB more than before (<=400); "
        f"machine's load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    )


def memory() -> float:
    """The largest resident size since the last call, in MB; and start anew (Linux only)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024
