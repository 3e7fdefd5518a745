"""Time and memory of fitting one patch, and how they grow; in a process of its own."""

import os
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from bench import shapes
from bench.methods import ours
from bench.roundtrip.cases import photograph
from bench.roundtrip.goals import Mark
from tests.drift import PRESETS

__all__ = ["cost", "memory"]


MOST_SECONDS, MOST_MEMORY, MOST_GROWTH = 0.35, 400, 4.4


def cost() -> bool:
    """Print time and memory of ours for patches of three sizes; whether all goals are met.

    Wall time tells only on a quiet machine; CPU time, over all threads, stands beside it.
    """
    load = os.getloadavg()[0]
    figures = {side: _of(side) for side in (512, 1024, 2048)}
    for side, (wall, cpu, more) in figures.items():
        print(
            f"   {side}x{side}: {wall:.2f} s wall, {cpu:.2f} s CPU, {more:.0f} MB more than before"
        )
    wall, cpu, more = figures[1024]
    growth = figures[2048][1] / cpu
    marks = (
        Mark(f"1024x1024 in {wall:.2f} s (<={MOST_SECONDS})", wall <= MOST_SECONDS),
        Mark(f"{more:.0f} MB (<={MOST_MEMORY})", more <= MOST_MEMORY),
        Mark(
            f"four times the pixels {growth:.1f} times the CPU time (<={MOST_GROWTH})",
            growth <= MOST_GROWTH,
        ),
    )
    print("; ".join(("ok " if mark.good else "FAIL ") + mark.text for mark in marks))
    print(f"   load {load:.1f} before, {os.cpu_count()} cores")
    return all(mark.good for mark in marks)


def _of(side: int) -> tuple[float, float, float]:
    """Wall and CPU seconds (medians of five runs), and the most memory beyond the start, in MB."""
    picture = photograph("astronaut", 10**8)
    truth = np.ascontiguousarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC))
    # Enlarged, it has no grain; pictures from cameras do.
    rng = np.random.default_rng(1)
    grain = rng.standard_normal(truth.shape, dtype=np.float32) * 1.5
    truth = np.clip(np.rint(truth + grain), 0, 255).astype(np.uint8)
    mask = shapes.selection("ellipse", side, side, 1)
    returned = PRESETS["together"](rng).apply(truth, rng)
    memory()
    before = memory()
    walls, cpus = [], []
    for _ in range(5):
        started, busy = time.perf_counter(), time.process_time()
        ours(truth, returned, mask, mask == 0)
        walls.append(time.perf_counter() - started)
        cpus.append(time.process_time() - busy)
    return statistics.median(walls), statistics.median(cpus), memory() - before


def memory() -> float:
    """The largest resident size since the last call, in MB; and start anew (Linux only)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024
