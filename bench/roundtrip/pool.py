"""Measuring all cases, two at a time, each on one thread.

Not in __main__: new processes would not find it there.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cv2
from bench.roundtrip.measure import measure
from bench.roundtrip.rows import Row, Scene

__all__ = ["measure_all"]

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
Job = tuple[list[tuple[str, Scene, str]], tuple[str, ...]]


def measure_all(cases: Sequence[tuple[str, Scene, str]], names: tuple[str, ...]) -> list[Row]:
    """Return what every case (drift, scene, shape) measured."""
    batches = defaultdict(list)
    for case in cases:
        batches[case[1], case[2]].append(case)
    # New processes, so that numpy's libraries read this when they start.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    rows: list[Row] = []
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_start) as pool:
        for part in pool.map(_measure_batch, [(batch, names) for batch in batches.values()]):
            rows += part
            if sys.stderr.isatty():
                print(f"\r{len(rows)} of {len(cases)} cases", end="\r", file=sys.stderr)
    for name in ONE_THREAD:
        del os.environ[name]
    return rows


def _start() -> None:
    cv2.setNumThreads(1)


def _measure_batch(job: Job) -> list[Row]:
    cases, names = job
    return [measure(*case, names) for case in cases]
