"""The command line as a user meets it: files in, files out, sentences, exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from PIL import Image
from tests.docs.command_line import shown

from overpaint import __version__, app, files
from overpaint.cli import commands, run
from overpaint.errors import ModelUnknown
from overpaint.recipe import Recipe

SIZE = (90, 120)
BLOB = (slice(30, 50), slice(40, 70))


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def photo() -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([x * 2, y * 2, (x + y) % 40 * 6], axis=2).astype(np.uint8)


def blob() -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[BLOB] = 255
    mask[30, 40:70] = 100
    return mask


@pytest.fixture
def inputs() -> None:
    """photo.png and mask.png."""
    Image.fromarray(photo()).save("photo.png")
    Image.fromarray(blob()).save("mask.png")


def here() -> set[str]:
    return {path.name for path in Path().iterdir()}


def pixels(name: str) -> np.ndarray:
    return np.asarray(Image.open(name))


REMOVE = ["remove", "photo.png", "--mask", "mask.png", "-o", "out.png"]

# What it does


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("edit", ["remove", "inpaint"])
def test_an_edit_changes_what_the_mask_covers_and_nothing_else(edit: str) -> None:
    """The picture is there, the blob is another, the rest the same to the bit."""
    status = run([edit, *REMOVE[1:]])

    assert status == 0
    outside = blob() == 0
    assert np.array_equal(photo()[outside], pixels("out.png")[outside])
    assert (photo()[BLOB] != pixels("out.png")[BLOB]).any()
    assert np.array_equal(photo(), pixels("photo.png"))
    assert here() == {"photo.png", "mask.png", "out.png"}


@pytest.mark.usefixtures("inputs")
def test_the_same_seed_makes_the_same_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Also the seed that a run took by itself and told."""
    run(REMOVE)
    first = Path("out.png").read_bytes()
    told = re.search(r"--seed (\d+)", capsys.readouterr().err)
    assert told is not None

    run([*REMOVE, "--seed", told[1]])
    again = Path("out.png").read_bytes()
    run([*REMOVE, "--seed", str(int(told[1]) ^ 1)])
    other = Path("out.png").read_bytes()

    assert first == again
    assert first != other


@pytest.mark.usefixtures("inputs")
def test_grow_and_feather_widen_what_changes() -> None:
    """As far as they say and no farther."""
    run([*REMOVE, "--grow", "5", "--feather", "4"])

    changed = np.flatnonzero((photo() != pixels("out.png")).any(axis=(1, 2)))
    assert 30 - 9 <= changed[0] < 30
    assert 50 <= changed[-1] <= 49 + 9


@pytest.mark.usefixtures("inputs")
def test_only_the_planned_region_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an edit sees is the mask's bounds and the context, as GIMP's shell reads it."""
    seen = []
    whole = files.Document.source

    def source(*arguments: object) -> object:
        seen.append(arguments[1])
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files.Document, "source", source)
    run([*REMOVE, "--context", "8"])

    assert (seen[0].x, seen[0].y, seen[0].width, seen[0].height) == (32, 22, 46, 36)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_pictures_stay_deep(dtype: type) -> None:
    """16-bit and float TIFFs come back in their depth, bit-identical outside the mask."""
    deep = photo()[..., ::-1].astype(dtype) * dtype(257 if dtype == np.uint16 else 1 / 200)
    cv2.imwrite("photo.tif", deep)
    Image.fromarray(blob()).save("mask.png")

    status = run(["remove", "photo.tif", "--mask", "mask.png", "-o", "out.tif", "--seed", "1"])

    found = cv2.imread("out.tif", cv2.IMREAD_UNCHANGED)
    outside = blob() == 0
    assert status == 0
    assert found.dtype == dtype
    assert found[outside].tobytes() == deep[outside].tobytes()
    assert (found[BLOB] != deep[BLOB]).any()


@pytest.mark.usefixtures("inputs")
def test_a_grey_picture_stays_grey() -> None:
    """One channel in, one channel out."""
    Image.fromarray(photo()).convert("L").save("grey.png")

    run(["remove", "grey.png", "--mask", "mask.png", "-o", "out.png"])

    assert Image.open("out.png").mode == "L"


@pytest.mark.usefixtures("inputs")
def test_the_engine_says_that_it_cannot_read_prompts(capsys: pytest.CaptureFixture[str]) -> None:
    """A notice on stderr; the edit succeeds, and the layer is called after the prompt."""
    words = ["inpaint", *REMOVE[1:4], "-o", "out.ora", "--prompt", "a red ball"]

    status = run(words)

    output = capsys.readouterr()
    assert status == 0
    assert "cannot read prompts" in output.err
    assert output.out == ""


def test_what_of_the_file_is_left_behind_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Further pages are not lost without a word."""
    Image.fromarray(photo()).save(
        "photo.tif", save_all=True, append_images=[Image.new("L", (9, 9))]
    )
    Image.fromarray(blob()).save("mask.png")

    run(["remove", "photo.tif", "--mask", "mask.png", "-o", "out.png"])

    assert "photo.tif: The file holds several pictures" in capsys.readouterr().err


def test_providers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, title, and what each can and needs."""
    status = run(["providers"])

    said = capsys.readouterr().out
    assert status == 0
    for provider in app.providers():
        assert f"{provider.name}: {provider.title}" in said
    assert (
        "edits: inpaint, remove, style, variation; cannot read prompts; works offline; needs no key"
        in said
    )


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the release."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"overpaint {__version__}\n"


# What it refuses

BROKEN = {
    "no such picture": (
        ["remove", "nowhere.png", "--mask", "mask.png", "-o", "out.png"],
        "nowhere.png cannot be read: No such file or directory.",
    ),
    "no such mask": (
        ["remove", "photo.png", "--mask", "nowhere.png", "-o", "out.png"],
        "nowhere.png cannot be read: No such file or directory.",
    ),
    "not a picture": (
        ["remove", "text.png", "--mask", "mask.png", "-o", "out.png"],
        "text.png is not a picture that Overpaint can open.",
    ),
    "mask of another size": (
        ["remove", "photo.png", "--mask", "small.png", "-o", "out.png"],
        "The mask is 10x10 pixels, the picture 120x90.",
    ),
    "black mask": (
        ["remove", "photo.png", "--mask", "black.png", "-o", "out.png"],
        "The mask black.png selects nothing: it is black or transparent everywhere.",
    ),
    "unknown format": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "out.jpg"],
        "Overpaint cannot save to 'out.jpg'.",
    ),
    "no such folder": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "nowhere/out.png"],
        "There is no folder",
    ),
    "unknown provider": (
        [*REMOVE, "--provider", "nobody"],
        "There is no provider called 'nobody'.",
    ),
    "over the picture": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "photo.png"],
        "OUT and IMAGE are the same file, photo.png.",
    ),
    "over the mask": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "./mask.png"],
        "OUT and MASK are the same file, mask.png.",
    ),
    "over the picture by a link": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "link.png"],
        "OUT and IMAGE are the same file, photo.png.",
    ),
    "over a reference": (
        ["style", "photo.png", "--reference", "small.png", "-o", "small.png"],
        "OUT and reference 1 are the same file, small.png.",
    ),
    "a name too long": (
        ["remove", "photo.png", "--mask", "mask.png", "-o", "n" * 300 + ".png"],
        "cannot be written: File name too long.",
    ),
    "prompt too long": (
        ["inpaint", *REMOVE[1:], "--prompt", "a" * 40_000],
        "the prompt is longer than",
    ),
}


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_done_is_said_and_leaves_no_trace(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, one sentence and one hint on stderr, no traceback, all files as they were."""
    arguments, sentence = BROKEN[case]
    Image.new("L", (10, 10), 255).save("small.png")
    Image.new("L", SIZE[::-1]).save("black.png")
    Path("text.png").write_text("not a picture")
    Path("out.png").write_bytes(b"what was there")
    Path("link.png").hardlink_to("photo.png")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}

    status = run(arguments)

    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert status == 1
    assert output.out == ""
    assert len(lines) == 2
    assert lines[0].startswith("overpaint: ")
    assert sentence in lines[0]
    assert lines[1]
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["remove"],
        ["remove", "photo.png"],
        ["remove", "photo.png", "--mask", "mask.png"],
        [*REMOVE, "--count", "0"],
        [*REMOVE, "--option", "steps"],
        [*REMOVE, "--part", "smell=roses"],
        ["generate", "--size", "big", "--prompt", "a door", "-o", "out.png"],
        [*REMOVE, "--grow", "-1"],
        [*REMOVE, "--grow", "many"],
        [*REMOVE, "--feather", "4097"],
        [*REMOVE, "--context", "1.5"],
        [*REMOVE, "--seed", str(2**31)],
        [*REMOVE, "another.png"],
        ["doctor", "--yaml"],
    ],
)
def test_wrong_usage_has_its_own_status(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, how it would be right on stderr, nothing written."""
    status = run(arguments)

    assert status == 2
    assert "Usage: overpaint" in capsys.readouterr().err
    assert here() == set()


@pytest.mark.usefixtures("inputs")
def test_a_defect_is_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks inside, the user reads a sentence and what to do with it."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(app, "plan", broken)

    status = run(REMOVE)

    said = capsys.readouterr().err
    assert status == 1
    assert "a defect of its own: ZeroDivisionError: by nothing" in said
    assert "Please report this" in said
    assert "Traceback" not in said
    assert "out.png" not in here()


# Being interrupted


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("where", ["overpaint.app.run", "overpaint.files.save"])
def test_an_interrupted_run_leaves_nothing(
    where: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 130, whether it was filling or about to save."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)

    status = run(REMOVE)

    assert status == 130
    assert "Interrupted" in capsys.readouterr().err
    assert here() == {"photo.png", "mask.png"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_a_long_fill_at_once(tmp_path: Path) -> None:
    """The native code that fills a large hole is not waited for."""
    noise = np.random.default_rng(1).integers(0, 256, (2400, 3200, 3)).astype(np.uint8)
    Image.fromarray(noise).save("photo.png", compress_level=0)
    mask = np.zeros((2400, 3200), np.uint8)
    mask[400:2000, 400:2800] = 255
    Image.fromarray(mask).save("mask.png")
    # Where pytest runs in the background, its children inherit that SIGINT is ignored.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from overpaint.cli import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, *REMOVE], stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(2.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert time.monotonic() - started < 5
    assert "Traceback" not in said
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "mask.png"}


def test_a_terminal_sees_progress() -> None:
    """A bar on stderr while it works, gone when it is done; nothing of it without a terminal."""
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    Image.fromarray(photo()).save("photo.png")
    Image.fromarray(blob()).save("mask.png")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "overpaint", *REMOVE],
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 1024):
            said += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)

    assert process.wait(60) == 0
    assert b"Filling from the surroundings" in said
    assert b"Saved out.png" in said


# The documentation


@pytest.mark.parametrize("command", shown())
def test_the_documentation_shows_what_is_printed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/command-line.md is true to the letter."""
    run(command.split())

    assert capsys.readouterr().out == shown()[command]


def test_the_documentation_shows_every_command() -> None:
    """No command is left out."""
    missing = [name for name in commands.commands if not any(name in each for each in shown())]

    assert not missing


def test_doctor_reports_for_machines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One JSON object on stdout; its verdict is the exit status."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))

    status = run(["doctor", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert report["release"] == __version__
    assert report["ok"] == (status == 0)
    assert {"name", "ok", "detail", "fix", "required"} == set(report["findings"][0])


# A model that is gone


@pytest.mark.usefixtures("inputs")
def test_a_model_that_is_gone_is_replaced_if_the_user_agrees(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch is offered where somebody can answer; without a yes it is an error."""
    asked: list[str | None] = []

    @asynccontextmanager
    async def gone(recipe: Recipe, *_: object, **__: object) -> AsyncIterator[object]:
        asked.append(recipe.model)
        raise ModelUnknown("old-1 is gone.", "Use new-2.", successor="new-2")
        yield

    monkeypatch.setattr(app, "run", gone)
    answers = iter(["y\n", "n\n"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: next(answers) == "y\n")

    status = run([*REMOVE, "--model", "old-1"])

    assert asked == ["old-1", "new-2"]
    assert status == 1
    assert "old-1 is gone." in capsys.readouterr().err


@pytest.mark.usefixtures("inputs")
def test_machines_are_told_the_successor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --json nobody is asked; the object names the model to use."""

    @asynccontextmanager
    async def gone(*_: object, **__: object) -> AsyncIterator[object]:
        raise ModelUnknown("old-1 is gone.", "Use new-2.", successor="new-2")
        yield

    monkeypatch.setattr(app, "run", gone)

    status = run([*REMOVE, "--model", "old-1", "--json"])

    told = json.loads(capsys.readouterr().out)["error"]
    assert status == 1
    assert told["code"] == "model-unknown"
    assert told["successor"] == "new-2"
