"""Contact sheets of cases: what was sent, what returned, and what each method made of it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from bench.methods import BASELINES, composite
from bench.roundtrip.cases import Case, make
from bench.roundtrip.goals import recognised
from bench.roundtrip.measure import below_of, run_methods
from bench.roundtrip.rows import Row
from bench.roundtrip.trials import TRIALS, Content
from PIL import Image, ImageDraw
from tests.drift.base import extent_of, to_colours

__all__ = ["PAGE", "gallery", "sheet", "worst"]

Rgb = npt.NDArray[np.uint8]

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
