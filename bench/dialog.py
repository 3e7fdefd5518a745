"""How fast the window of an edit is, in a real GIMP with a window.

    python -m bench.dialog

From the call of the command to the window, painted; from Enter to the candidates, and from Enter
to the layer on the canvas, for a selection of 1024x1024 pixels in a picture of 24 megapixels, with
an engine that takes no time. The baseline of the first is a plain ProcedureDialog of GIMP's, of
the command that uses one, in the same GIMP.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RUNS = 7
SIZE = (6000, 4000)
SIDE = 1024
WINDOW_GOAL, LAYER_GOAL = 0.4, 0.6
"""Seconds."""
SCENE = """
import time
image = Gimp.Image.new({width}, {height}, Gimp.ImageBaseType.RGB)
layer = Gimp.Layer.new(image, "Photo", {width}, {height}, 0, 100, Gimp.LayerMode.NORMAL)
image.insert_layer(layer, None, 0)
tile = open({tile!r}, "rb").read()
buffer = layer.get_buffer()
for y in range(0, {height}, 1000):
    for x in range(0, {width}, 1000):
        buffer.set(Gegl.Rectangle.new(x, y, 1000, 1000), "R'G'B' u8", tile)
buffer.flush()
image.select_ellipse(Gimp.ChannelOps.REPLACE, 2400, 1400, {side}, {side})
display = Gimp.Display.new(image)
def run(name):
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-overpaint-" + name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    open({began!r}, "w").write(str(time.time()))
    procedure.run(config)
"""


def main() -> None:
    from bench.cost import NO_ENGINE, photograph
    from bench.demo import any_gimp
    from tests import lab
    from tests.gimp import home

    gimp = any_gimp()
    with tempfile.TemporaryDirectory(prefix="overpaint-dialog-") as name:
        folder = Path(name)
        timings, began = folder / "timings", folder / "began"
        argv = home.core_argv(gimp, NO_ENGINE.format(str(ROOT / "core")))
        home.install(gimp, folder, argv)
        (folder / "tile").write_bytes(photograph().tobytes())
        room = home.room(gimp, folder, OVERPAINT_TIMINGS=str(timings))
        scene = SCENE.format(
            width=SIZE[0], height=SIZE[1], side=SIDE, tile=str(folder / "tile"), began=str(began)
        )
        ours: list[dict[str, float]] = []
        plain: list[float] = []
        with lab.Desktop(gimp, room) as desktop:
            desktop.python(scene, timeout=120)
            desktop.wait_for_window("6000x4000")
            desktop.wait_until_still(5)
            for _ in range(RUNS + 1):
                ours.append(edited(desktop, timings, began))
                plain.append(appeared(desktop, began))
        report(gimp.release, ours[1:], plain[1:])


def edited(desktop, timings: Path, began: Path) -> dict[str, float]:
    """Open the window, generate, keep; return the moments, and what lies between them."""
    timings.unlink(missing_ok=True)
    script = desktop.start_python('run("inpaint")')
    window = desktop.wait_for_window("Inpaint")
    desktop.activate(window)
    time.sleep(2)
    desktop.key("Return")
    desktop.wait(lambda: "candidates" in moments(timings) or None, 60, "no candidates")
    time.sleep(1)
    desktop.key("Return")
    script.result()
    at = moments(timings)
    return {
        "window": at["window"] - float(began.read_text()),
        "candidates": at["candidates"] - at["generate"],
        "insert": at["layer"] - at["keep"],
    }


def appeared(desktop, began: Path) -> float:
    """Open GIMP's own dialog of another command; return the seconds until it is on screen."""
    script = desktop.start_python('run("style-layers")')
    look = ["xdotool", "search", "--onlyvisible", "--name", "Transfer Style to Layers"]
    while not desktop.room.run(look, check=False).stdout.strip():
        pass
    seconds = time.time() - float(began.read_text())
    desktop.activate(desktop.wait_for_window("Transfer Style to Layers"))
    desktop.key("Escape")
    script.result()
    return seconds


def moments(timings: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in timings.read_text().splitlines() if timings.exists() else ():
        found.update(json.loads(line))
    return found


def report(release: str, ours: list[dict[str, float]], plain: list[float]) -> None:
    def median(name: str) -> float:
        return statistics.median(run[name] for run in ours)

    window, baseline = median("window"), statistics.median(plain)
    layer = statistics.median(run["candidates"] + run["insert"] for run in ours)
    print(f"GIMP {release}, {len(ours)} runs, medians in s, load {os.getloadavg()[0]:.1f}")
    print(f"command to window     {window:.3f}   GIMP's own dialog {baseline:.3f}   "
          f"ratio {window / baseline:.2f}")  # fmt: skip
    print(f"Enter to candidates   {median('candidates'):.3f}")
    print(f"Enter to layer        {median('insert'):.3f}")
    for title, seconds, goal in (
        ("window", window, WINDOW_GOAL),
        ("Generate to layer, without the user", layer, LAYER_GOAL),
    ):
        met = "met" if seconds < goal else "NOT"
        print(f"GOAL: {title} under {goal} s: {seconds:.3f} {met}")


if __name__ == "__main__":
    main()
