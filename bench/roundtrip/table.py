"""The table of a run: a line for each drift, with medians, worst cases and goals."""

import statistics
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from bench.methods import BASELINES
from bench.roundtrip.goals import Mark
from bench.roundtrip.rows import Row
from bench.roundtrip.trials import TRIALS

__all__ = ["table"]


def pair(values: Sequence[float], *, low: bool = True) -> str:
    """Median and worst."""
    values = [value for value in values if np.isfinite(value)]
    if not values:
        return "-"
    worst = min(values) if low else max(values)
    return (
        f"{statistics.median(values):.1f}/{worst:.1f}"
        if low
        else (f"{statistics.median(values):.2f}/{worst:.2f}")
    )


def table(rows: Sequence[Row], names: Sequence[str]) -> tuple[list[str], int, int]:
    """The table as lines, and how many goals are met and missed."""
    methods = (*BASELINES, "ours", "oracle")
    by_trial = defaultdict(list)
    for row in rows:
        by_trial[row.trial].append(row)
    head = f"{'drift':15}{'cases':>6}" + "".join(f"{name:>11}" for name in methods)
    head += f"{'seam f8':>13}{'seam ours':>13}{'regist. px':>12}{'out':>4}{'s/MP':>6}  goals"
    lines = [
        "PSNR in dB inside the selection: median/worst. Seam ratio: median/farthest from 1.",
        "Registration error inside: median/worst. Out: largest change outside, by any method.",
        f"{len(names)} photographs: {', '.join(names)}.",
        head,
    ]
    met = missed = 0
    for label in (label for label in TRIALS if label in by_trial):
        group = by_trial[label]
        cells = "".join(f"{pair([row.scores[name].psnr for row in group]):>11}" for name in methods)
        seams = ""
        for name in ("feather 8", "ours"):
            found = [row.scores[name].seam for row in group]
            far = max(found, key=lambda seam: abs(np.log(seam)))
            seams += f"{f'{statistics.median(found):.2f}/{far:.2f}':>13}"
        errors = pair([row.error for row in group], low=False)
        out = max(score.outside for row in group for score in row.scores.values())
        cost = statistics.median(row.scores["ours"].seconds for row in group)
        marks = [goal(group) for goal in TRIALS[label].goals]
        marks.append(Mark("outside 0", out == 0))
        met += sum(mark.good for mark in marks)
        missed += sum(not mark.good for mark in marks)
        told_goals = "; ".join(("ok " if m.good else "FAIL ") + m.text for m in marks)
        lines.append(
            f"{label:15}{len(group):6}{cells}{seams}{errors:>12}{out:4}{cost:6.2f}  {told_goals}"
        )
    lines += ["", f"{'over all drifts':15}{'seam':>13}{'outside':>9}{'s/MP':>7}"]
    for name in methods:
        found = [row.scores[name] for row in rows]
        seams = pair([score.seam for score in found], low=False)
        cost = statistics.median(score.seconds for score in found)
        lines.append(f"{name:15}{seams:>13}{max(s.outside for s in found):9}{cost:7.2f}")
    return lines, met, missed
