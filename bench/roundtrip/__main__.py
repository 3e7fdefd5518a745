"""Runs the cases on two cores and prints the table; see this package's first lines."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import bench.roundtrip
from bench import photos, shapes
from bench.methods import have_ours
from bench.roundtrip.cost import cost
from bench.roundtrip.pool import measure_all
from bench.roundtrip.rows import Scene
from bench.roundtrip.sheets import PAGE, gallery, sheet, worst
from bench.roundtrip.table import table
from bench.roundtrip.trials import TRIALS

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "bench"
PHOTOS = 12


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


def main() -> None:
    parser = argparse.ArgumentParser(description=(bench.roundtrip.__doc__ or "").split("\n", 1)[0])
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
    rows = measure_all(cases, names)
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
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "bench.roundtrip", "--cost"], cwd=ROOT, check=False)
    print(
        f"{met} goals met, {missed} missed; {len(rows)} cases in {time.monotonic() - started:.0f} s"
    )
    print(f"sheets: {OUT}/roundtrip-*.png")


if __name__ == "__main__":
    main()
