"""The goals of the round trip, each judging all cases of one drift."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from bench.roundtrip.rows import Row

__all__ = [
    "Goal",
    "Mark",
    "bit_for_bit",
    "near_oracle",
    "not_below_feather",
    "not_below_unregistered",
    "not_mistaken",
    "on_place",
    "over_feather",
    "recognised",
    "seamless",
]


@dataclass(frozen=True, slots=True)
class Mark:
    text: str
    good: bool


Goal = Callable[[Sequence[Row]], Mark]


def near_oracle(rows: Sequence[Row]) -> Mark:
    gaps = [row.scores["oracle"].psnr - row.scores["ours"].psnr for row in rows]
    gaps = [gap for gap in gaps if np.isfinite(gap)]
    middle, worst = statistics.median(gaps), max(gaps)
    return Mark(f"to oracle {middle:.1f}/{worst:.1f} (<=0.5/2)", middle <= 0.5 and worst <= 2)


def over_feather(least: float) -> Goal:
    def goal(rows: Sequence[Row]) -> Mark:
        gains = [row.scores["ours"].psnr - row.scores["feather 8"].psnr for row in rows]
        middle = statistics.median(gain for gain in gains if np.isfinite(gain))
        return Mark(f"over feather {middle:.1f} (>={least:.0f})", middle >= least)

    return goal


def seamless(rows: Sequence[Row]) -> Mark:
    """Against the truth: 0.95 to 1.05, and nothing else.

    The oracle's stands beside it: where the model's noise or JPEG roughens all that it returned,
    the true drift undone has a border as rough.
    """
    seam = statistics.median(row.scores["ours"].seam for row in rows)
    ideal = statistics.median(row.scores["oracle"].seam for row in rows)
    outside = "" if 0.95 <= ideal <= 1.05 else ", itself outside"
    return Mark(f"seam {seam:.2f} (0.95-1.05; oracle {ideal:.2f}{outside})", 0.95 <= seam <= 1.05)


def on_place(rows: Sequence[Row]) -> Mark:
    errors = [row.error for row in rows]
    if not np.isfinite(errors).all():
        return Mark("registration unknown", False)
    middle, worst = statistics.median(errors), max(errors)
    return Mark(
        f"registration {middle:.2f}/{worst:.2f} (<=0.1/0.5)", middle <= 0.1 and worst <= 0.5
    )


def not_below_unregistered(rows: Sequence[Row]) -> Mark:
    losses = [row.unregistered - row.scores["ours"].psnr for row in rows]
    worst = max(loss for loss in losses if np.isfinite(loss))
    return Mark(f"below unregistered by {max(worst, 0):.1f} at worst (<=0.1)", worst <= 0.1)


def not_below_feather(rows: Sequence[Row]) -> Mark:
    losses = [row.scores["feather 8"].psnr - row.scores["ours"].psnr for row in rows]
    rougher = [row.scores["ours"].seam - row.scores["feather 8"].seam for row in rows]
    text = f"below feather by {max(0, *losses):.1f} dB, seam by {max(0, *rougher):.2f} at worst"
    return Mark(f"{text} (<=0.1)", max(losses) <= 0.1 and max(rougher) <= 0.1)


def recognised(rows: Sequence[Row]) -> Mark:
    count = sum(row.reframed for row in rows)
    return Mark(f"recognised {count} of {len(rows)}", count == len(rows))


def not_mistaken(rows: Sequence[Row]) -> Mark:
    count = sum(row.reframed for row in rows)
    return Mark(f"taken for reframed {count}", count == 0)


def bit_for_bit(rows: Sequence[Row]) -> Mark:
    count = sum(row.exact for row in rows)
    return Mark(f"bit for bit {count} of {len(rows)}", count == len(rows))
