"""How well what comes back fits: photographs x selections x drifts, against an oracle.

    python -m bench.roundtrip            under ten minutes on two cores
    python -m bench.roundtrip --quick    under 90 seconds: smaller pictures, one shape each
    python -m bench.roundtrip --full     also pictures of 4 and 24 megapixels

The truth is a photograph. A model is simulated that paints exactly the truth, but drifts
(tests/drift); a method that undoes the drift gets the truth back. How the numbers stay honest:

- Ours gets what an edit gives it. What was sent holds *another* photograph inside the selection,
  so that nothing can be read off or copied from there. The methods beside it get the truth as
  the picture below: where they let it shine through (feather 8), that counts as right for them.
- All methods are composited through the same mask, rounded to 8 bits and measured there.
- Left out for every method, the oracle too: pixels whose colour the drift clipped and pixels that
  it moved past the border. Nobody can know them; the oracle would lose there to any good guess.
- No PSNR counts for more than 60 dB. All seeds are fixed by the case's name.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from bench import metrics, photos, shapes
from bench.methods import BASELINES, Fit, composite, have_ours, ours, registered, told, unregistered
from PIL import Image, ImageDraw
from tests.drift import PRESETS, Chain, Drift, Repaint, recoverable
from tests.drift.base import extent_of, to_colours
from tests.drift.oracle import inside
from tests.drift.providers import paint

from overpaint.mask import bounds

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "bench"
PHOTOS = 12
CAP = 60.0
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
FEW = 100
"""Pixels; a PSNR of fewer is left out."""

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


class Content(Enum):
    """What the simulated model paints."""

    TRUTH = "the truth, everywhere"
    NEW = "another photograph inside the selection, the truth outside"
    UNRELATED = "another photograph everywhere"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a case's truth comes from: one photograph, or a mosaic of many, and a region of it.

    *pixels* is the size of the whole picture; *region* (of a mosaic) how much of it is sent.
    """

    name: str
    pixels: int
    region: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One round trip: what was sent, what returned, and what should come of it."""

    name: str
    trial: str
    truth: Rgb
    below: Rgb
    sent: Rgb
    mask: npt.NDArray[np.uint8]
    drift: Drift
    returned: Rgb


@dataclass(frozen=True, slots=True)
class Score:
    psnr: float
    seam: float
    outside: int
    seconds: float
    """CPU seconds per megapixel."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one case measured, by method.

    *error*: mean end-point error inside the selection, *worst_error* the largest. *unregistered*:
    PSNR of the best there is without registration. *exact*: whether ours is the truth, all bits.
    """

    trial: str
    scene: Scene
    shape: str
    scores: dict[str, Score]
    error: float
    worst_error: float
    reframed: bool
    unregistered: float
    exact: bool


# ---------------------------------------------------------------------------------------- goals


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
    """Against the truth; or, where the model's noise or JPEG roughens all it returned, and the
    oracle's border with it, against the oracle's.
    """
    seam = statistics.median(row.scores["ours"].seam for row in rows)
    ideal = statistics.median(row.scores["oracle"].seam for row in rows)
    good = 0.95 <= seam <= 1.05 or 0.95 <= seam / ideal <= 1.05
    return Mark(f"seam {seam:.2f}, oracle's {ideal:.2f} (0.95-1.05)", good)


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


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the table: a drift, what the model paints, and the goals of the issue.

    *hidden*: what is sent holds another photograph inside the selection.
    """

    preset: str
    goals: tuple[Goal, ...] = ()
    content: Content = Content.TRUTH
    hidden: bool = True


MILD = (near_oracle, seamless, on_place, not_mistaken)
FAR = (over_feather(8), not_mistaken)
TRIALS: dict[str, Trial] = {
    "identity": Trial("identity", (bit_for_bit, not_mistaken), hidden=False),
    "cast": Trial("cast", MILD),
    "gamma": Trial("gamma", MILD),
    "contrast": Trial("contrast", (seamless, on_place, not_mistaken)),
    "noise": Trial("noise", MILD),
    "blur": Trial("blur", (not_mistaken,)),
    "shift 14 px": Trial("shift 14 px", MILD),
    "scale 2 %": Trial("scale 2 %", MILD),
    "together": Trial("together", (*MILD, over_feather(12))),
    "jpeg": Trial("jpeg", MILD),
    "together, jpeg": Trial("together, jpeg", (*MILD, over_feather(12))),
    "zoom 6 %": Trial("zoom 6 %", FAR),
    "aspect 6 %": Trial("aspect 6 %", FAR),
    "strip cut": Trial("strip cut", FAR),
    "non-uniform": Trial("non-uniform", FAR),
    "qwen": Trial("qwen", FAR),
    "rounded size": Trial("rounded size", (not_mistaken,)),
    "half size": Trial("half size", (not_mistaken,)),
    "1024x1024": Trial("1024x1024", (not_mistaken,)),
    "rotated": Trial("rotated", (not_below_unregistered,)),
    "repainted": Trial("repainted", (not_mistaken,)),
    "reframed": Trial("reframed", (recognised,)),
    "new content": Trial("together", (on_place, not_mistaken), Content.NEW, hidden=False),
    "unrelated": Trial("cast", (not_below_feather, not_mistaken), Content.UNRELATED, hidden=False),
}


# ---------------------------------------------------------------------------------------- cases


def seed_of(*words: object) -> int:
    return zlib.crc32("/".join(map(str, words)).encode())


@lru_cache(maxsize=40)
def photograph(name: str, pixels: int) -> Rgb:
    """One photograph by name, its sides made odd: no model's favourite sizes."""
    photo = next(photo for photo in photos.PHOTOS if photo.name == name)
    picture = photos.load(photo, pixels)
    height, width = (side - 1 + side % 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


@lru_cache(maxsize=1)
def mosaic(pixels: int, names: tuple[str, ...]) -> Rgb:
    """A picture of that size, 3:2, in twelve tiles of enlarged photographs, with fresh grain.

    Enlarging leaves no finest detail, as on the sensor of a large camera; grain it has.
    """
    height = round((pixels / 1.5) ** 0.5)
    width = round(1.5 * height)
    tile = np.zeros((-(-height // 3), -(-width // 4), 3), np.uint8)
    everywhere = np.full(tile.shape[:2], 255, np.uint8)
    tiles = [paint(tile, photograph(name, 10**8), everywhere) for name in names]
    rows = [
        np.concatenate([tiles[(4 * row + n) % len(tiles)] for n in range(4)], 1) for row in range(3)
    ]
    whole = np.concatenate(rows, 0)[:height, :width]
    grain = np.random.default_rng(3).standard_normal(whole.shape, dtype=np.float32) * 1.5
    return np.clip(np.rint(whole + grain), 0, 255).astype(np.uint8)


def truth_of(scene: Scene, names: tuple[str, ...]) -> Rgb:
    if scene.name in names:
        return photograph(scene.name, scene.pixels)
    whole = mosaic(scene.pixels, names)
    if scene.region is None:
        return whole
    height, width = whole.shape[:2]
    down = round((scene.region / 1.3) ** 0.5)
    across = round(1.3 * down)
    y, x = round(0.37 * (height - down)), round(0.58 * (width - across))
    return np.ascontiguousarray(whole[y : y + down, x : x + across])


def other_of(scene: Scene, names: tuple[str, ...]) -> Rgb:
    """A photograph of something else."""
    at = names.index(scene.name) if scene.name in names else 0
    return photograph(names[(at + 5) % len(names)], scene.region or scene.pixels)


def make(label: str, scene: Scene, shape: str, names: tuple[str, ...]) -> Case:
    trial = TRIALS[label]
    truth, other = truth_of(scene, names), other_of(scene, names)
    extent = extent_of(truth)
    mask = shapes.selection(shape, extent.width, extent.height, seed_of(scene, shape))
    rng = np.random.default_rng(seed_of(label, scene, shape))
    drift = keeping(PRESETS[trial.preset](rng), mask > 0)
    everywhere = np.full_like(mask, 255)
    painted = {
        Content.TRUTH: lambda: truth,
        Content.NEW: lambda: paint(truth, other, mask),
        Content.UNRELATED: lambda: paint(truth, other, everywhere),
    }[trial.content]()
    core = (mask == 255).astype(np.uint8) * 255
    return Case(
        name=f"{label}, {scene.name}, {shape}",
        trial=label,
        truth=painted if trial.content is Content.NEW else truth,
        below=truth,
        sent=paint(truth, other, core) if trial.hidden else truth,
        mask=mask,
        drift=drift,
        returned=drift.apply(painted, rng),
    )


def keeping(drift: Drift, keep: Flags) -> Drift:
    """*drift*, but nothing is painted over where *keep* says so."""
    if isinstance(drift, Chain):
        return Chain(tuple(keeping(part, keep) for part in drift.drifts))
    return replace(drift, keep=keep) if isinstance(drift, Repaint) else drift


# ------------------------------------------------------------------------------------ measuring


def run_methods(case: Case) -> tuple[dict[str, Fit], dict[str, float]]:
    """Every method's result, and its CPU seconds per megapixel."""
    extent, known = extent_of(case.truth), case.mask == 0
    calls: dict[str, Callable[[], Fit]] = {
        name: lambda method=method: method(case.below, case.returned, case.mask)
        for name, method in BASELINES.items()
    }
    calls["ours"] = lambda: ours(case.sent, case.returned.copy(), case.mask, known)
    calls["oracle"] = lambda: told(case.returned, case.drift, extent)
    fits, seconds = {}, {}
    for name, call in calls.items():
        started = time.process_time()
        fits[name] = call()
        seconds[name] = (time.process_time() - started) / (extent.pixels / 1e6)
    return fits, seconds


def below_of(case: Case, method: str) -> Rgb:
    """What lies under a method's result: in ours, what was really sent."""
    return case.sent if method == "ours" else case.below


def measure(label: str, scene: Scene, shape: str, names: tuple[str, ...]) -> Row:
    case = make(label, scene, shape, names)
    hole = case.mask >= 128
    counted = recoverable(case.truth, case.drift, hole)
    outside = case.mask == 0
    fits, seconds = run_methods(case)
    aim = composite(case.below, to_colours(case.truth), case.mask)

    box = bounds(hole.view(np.uint8))
    around = box.grown(2).intersection(extent_of(aim).box).slices

    def psnr(result: Rgb) -> float:
        if counted.sum() < FEW:
            return float("nan")
        return min(CAP, metrics.psnr(result, aim, counted))

    scores, exact = {}, False
    for name, fit in fits.items():
        result = composite(below_of(case, name), fit.picture, case.mask)
        off = cv2.absdiff(result, case.below)[outside]
        scores[name] = Score(
            psnr(result),
            metrics.seam(result[around], aim[around], hole[around]),
            int(off.max(initial=0)),
            seconds[name],
        )
        if name == "ours":
            exact = np.array_equal(result, case.below)
    plain = unregistered(case.returned, case.drift, extent_of(case.truth))
    fit = registered(fits["ours"], case.sent, case.returned, outside)
    error, worst = endpoint(case, fit)
    return Row(
        label,
        scene,
        shape,
        scores,
        error,
        worst,
        fit.reframed,
        psnr(composite(case.below, plain.picture, case.mask)),
        exact,
    )


def endpoint(case: Case, fit: Fit) -> tuple[float, float]:
    """How far *fit*'s places are from the true ones in the selection: mean and largest, in px.

    Counted in pixels of what was sent; points that left the returned picture do not count.
    """
    if fit.places is None:
        return float("nan"), float("nan")
    extent, came = extent_of(case.truth), case.drift.returned(extent_of(case.truth))
    rows, columns = np.nonzero(case.mask >= 128)
    some = np.linspace(0, len(rows) - 1, min(len(rows), 4000)).astype(int)
    rows, columns = rows[some], columns[some]
    true = case.drift.map(np.stack([columns, rows], axis=1).astype(float), extent)
    held = inside(true, came, 0)
    if not held.any():
        return 0.0, 0.0
    true = (true + 0.5) * (extent.width / came.width, extent.height / came.height) - 0.5
    x, y = (np.asarray(plane)[rows, columns] for plane in fit.places)
    far = np.hypot(x - true[:, 0], y - true[:, 1])[held]
    return float(far.mean()), float(far.max())


# -------------------------------------------------------------------------------------- printing


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


# ---------------------------------------------------------------------------------------- sheets

VIEW = (240, 180)
PAGE = 12


def sheet(rows: Sequence[Row], names: tuple[str, ...], path: Path) -> None:
    """A contact sheet: per case, the whole and the spot where ours is worst, by every method."""
    titles = ("sent, outlined", "returned", "truth", *BASELINES, "ours", "oracle", "ours' error x8")
    step = (VIEW[0] + 6, VIEW[1] + 24)
    page = Image.new("RGB", (step[0] * len(titles) + 6, (step[1]) * len(rows) + 20), "white")
    draw = ImageDraw.Draw(page)
    for column, title in enumerate(titles):
        draw.text((6 + column * step[0], 4), title, "black")
    for number, row in enumerate(rows):
        case = make(row.trial, row.scene, row.shape, names)
        top = 20 + number * step[1]
        gap = row.scores["oracle"].psnr - row.scores["ours"].psnr
        caption = f"{case.name}: {'; '.join(f'{n} {s.psnr:.1f}' for n, s in row.scores.items())}"
        caption += f"; to oracle {gap:.1f} dB; seam {row.scores['ours'].seam:.2f}"
        draw.text((6, top), f"{caption}; off by {row.error:.2f} px", "black")
        for column, view in enumerate(views(case)):
            page.paste(Image.fromarray(view), (6 + column * step[0], top + 14))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)


def views(case: Case) -> list[Rgb]:
    fits, _ = run_methods(case)
    results = {n: composite(below_of(case, n), f.picture, case.mask) for n, f in fits.items()}
    aim = composite(case.below, to_colours(case.truth), case.mask)
    wrong = np.abs(results["ours"].astype(np.float32) - aim).mean(axis=2)
    wrong[case.mask == 0] = 0
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.blur(wrong, (31, 31)))
    extent = extent_of(case.truth)
    left = int(np.clip(x - VIEW[0] // 2, 0, max(0, extent.width - VIEW[0])))
    top = int(np.clip(y - VIEW[1] // 2, 0, max(0, extent.height - VIEW[1])))
    spot = (slice(top, top + VIEW[1]), slice(left, left + VIEW[0]))
    edges, _ = cv2.findContours(
        (case.mask >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    thick = max(1, round((extent.pixels / 40_000) ** 0.5))
    outlined = cv2.drawContours(case.sent.copy(), edges, -1, (255, 0, 255), thick)
    cv2.rectangle(outlined, (left, top), (left + VIEW[0], top + VIEW[1]), (255, 255, 0), thick)
    error = np.clip(np.abs(results["ours"].astype(int) - aim) * 8, 0, 255).astype(np.uint8)
    error[case.mask == 0] //= 2
    whole = [thumbnail(outlined), thumbnail(case.returned)]
    return whole + [part[spot] for part in (aim, *results.values(), error)]


def thumbnail(picture: Rgb) -> Rgb:
    image = Image.fromarray(picture)
    image.thumbnail(VIEW, Image.Resampling.LANCZOS)
    return np.asarray(image)


def undoable(label: str) -> bool:
    trial = TRIALS[label]
    return trial.content is Content.TRUTH and recognised not in trial.goals


def worst(rows: Sequence[Row], count: int = 3) -> list[Row]:
    """The cases that could be undone where ours is farthest from the oracle.

    One per photograph and drift, or all would show the same trouble.
    """
    measured = [row for row in rows if undoable(row.trial)]
    gaps = {id(r): r.scores["oracle"].psnr - r.scores["ours"].psnr for r in measured}
    found: list[Row] = []
    for row in sorted(measured, key=lambda row: -np.nan_to_num(gaps[id(row)], nan=-99)):
        if all(row.trial != one.trial and row.scene != one.scene for one in found):
            found.append(row)
        if len(found) == count:
            break
    return found


def gallery(rows: Sequence[Row]) -> list[Row]:
    """One case per drift, photographs and shapes taking turns."""
    chosen = []
    for number, label in enumerate(TRIALS):
        group = [row for row in rows if row.trial == label and row.scene.pixels < 3_000_000]
        if group:
            chosen.append(group[(number * 7) % len(group)])
    return chosen


# ------------------------------------------------------------------------------------------ main


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


def plan(arguments: argparse.Namespace, names: tuple[str, ...]) -> list[tuple[str, Scene, str]]:
    """The cases to run, the slow ones first."""
    sizes = (120_000,) if arguments.quick else (120_000, 250_000, 400_000, 640_000)
    labels = list(arguments.only or TRIALS)
    cases = []
    for number, name in enumerate(names):
        scene = Scene(name, sizes[number % len(sizes)])
        wanted = shapes.SHAPES
        if arguments.quick:
            wanted = (shapes.SHAPES[number % len(shapes.SHAPES)],)
        cases += [(label, scene, shape) for shape in wanted for label in labels]
    if arguments.full:
        large = [Scene("mosaic 4 MP", 4_000_000), Scene("mosaic 24 MP", 24_000_000, 2_000_000)]
        cases += [(t, scene, shape) for scene in large for shape in shapes.SHAPES for t in labels]
        whole = Scene("mosaic 24 MP, all sent", 24_000_000)
        cases += [("together", whole, shape) for shape in shapes.SHAPES if "together" in labels]
    return sorted(cases, key=lambda case: -(case[1].region or case[1].pixels))


def _start() -> None:
    cv2.setNumThreads(1)


def _measure_all(job: tuple[list[tuple[str, Scene, str]], tuple[str, ...]]) -> list[Row]:
    cases, names = job
    return [measure(*case, names) for case in cases]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="smaller pictures, fewer shapes")
    parser.add_argument("--full", action="store_true", help="also 4 and 24 megapixels")
    parser.add_argument("--only", action="append", choices=TRIALS, help="these drifts (repeat)")
    parser.add_argument("--cost", action="store_true", help="only time and memory at 1024x1024")
    arguments = parser.parse_args()
    if arguments.cost:
        cost()
        return
    started = time.monotonic()
    names = tuple(photo.name for photo in photos.available(PHOTOS))
    cases = plan(arguments, names)
    batches = defaultdict(list)
    for case in cases:
        batches[case[1], case[2]].append(case)
    # New processes, so that numpy's libraries read this when they start: one thread each.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_start) as pool:
        jobs = [(batch, names) for batch in batches.values()]
        rows: list[Row] = []
        for part in pool.map(_measure_all, jobs):
            rows += part
            if sys.stderr.isatty():
                print(f"\r{len(rows)} of {len(cases)} cases", end="\r", file=sys.stderr)
    lines, met, missed = table(rows, names)
    print("\n".join(lines))
    if not have_ours():
        print("ours: overpaint.fitting.chain is not there yet; a plain paste stands in for it.")
    bad = worst(rows)
    sheet(bad, names, OUT / "roundtrip-worst.png")
    shown = gallery(rows)
    for page in range(0, len(shown), PAGE):
        name = f"roundtrip-gallery-{page // PAGE + 1}.png"
        sheet(shown[page : page + PAGE], names, OUT / name)
    for row in bad:
        gap = row.scores["oracle"].psnr - row.scores["ours"].psnr
        print(f"worst: {row.trial}, {row.scene.name}, {row.shape}: {gap:.1f} dB below the oracle")
    for name in ONE_THREAD:
        del os.environ[name]
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "bench.roundtrip", "--cost"], cwd=ROOT, check=False)
    print(
        f"{met} goals met, {missed} missed; {len(rows)} cases in {time.monotonic() - started:.0f} s"
    )
    print(f"sheets: {OUT}/roundtrip-*.png")


if __name__ == "__main__":
    main()
