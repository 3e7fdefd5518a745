"""Frames of an animation in a style: what keeps still keeps still, what is new looks new."""

import io
import zipfile
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image
from tests.drift.providers import Negative

from overpaint import app, layers
from overpaint.cli import run as run_command
from overpaint.geometry import Box
from overpaint.layers import Content, Frame, LayerInput, LayerMade, Skip
from overpaint.picture import Source
from overpaint.providers import registry
from overpaint.recipe import Edit, Recipe

WIDTH, HEIGHT = 96, 64
BOX = Box(0, 0, WIDTH, HEIGHT)
RECIPE = Recipe(edit=Edit.STYLE, prompt="negative", seed=3)


def scene(seed: int, noise: float = 3.0) -> np.ndarray:
    """A still picture as a camera takes it: other noise with each seed."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    still = 120 + 40 * np.sin(columns / 9) + 30 * np.cos(rows / 7)
    still = still[..., None] + np.array([0, 10, -10])
    noisy = still + np.random.default_rng(seed).normal(0, noise, still.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def content(colours: np.ndarray) -> Content:
    alpha = np.full((*colours.shape[:2], 1), 255, np.uint8)
    pixels = np.concatenate([colours, alpha], axis=2)
    return Content(BOX, Source(pixels, np.full(colours.shape[:2], 255, np.uint8), None), "")


def run(frames: list[np.ndarray], looks: list[np.ndarray]) -> list[np.ndarray]:
    """The looks that the frames get one after the other."""
    last: Frame | None = None
    made = []
    for frame, look in zip(frames, looks, strict=True):
        last = layers.carried(last, BOX, content(frame), look)
        made.append(last.colours)
    return made


def look(seed: int) -> np.ndarray:
    return np.random.default_rng(100 + seed).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def test_what_keeps_still_keeps_its_look_to_the_bit() -> None:
    """Noise is no movement: a still scene has one look in all its frames."""
    made = run([scene(n) for n in range(6)], [look(n) for n in range(6)])
    assert all(np.array_equal(each, made[0]) for each in made)


def test_frames_of_other_boxes_are_compared_where_they_overlap() -> None:
    """Frames are as large as what is in them: what both show keeps its look, the rest is new."""
    whole, first, second = scene(1), look(1), look(2)
    boxes = Box(4, 2, 60, 40), Box(20, 10, 70, 50)
    last: Frame | None = None
    for box, colours in zip(boxes, (first, second), strict=True):
        found = content(np.ascontiguousarray(whole[box.slices]))
        last = layers.carried(last, box, found, np.ascontiguousarray(colours[box.slices]))
    assert last is not None
    both = boxes[0].intersection(boxes[1])
    assert both is not None
    inside = both.grown(-6).moved(-boxes[1].x, -boxes[1].y).slices
    assert np.array_equal(last.colours[inside], first[both.grown(-6).slices])
    assert np.array_equal(last.colours[-8:], second[boxes[1].slices][-8:])
    apart = layers.carried(last, Box(0, 0, 10, 8), content(whole[:8, :10]), second[:8, :10])
    assert np.array_equal(apart.colours, second[:8, :10])


@pytest.mark.parametrize("followed", [2_000_000, 3000])
def test_a_large_frame_is_carried_in_strips(followed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in one piece, to the last bit, also where a flow is looked for on a smaller picture."""
    frames, looks = (
        [np.roll(scene(n, 1.0), 2 * n, 1) for n in range(4)],
        [look(n) for n in range(4)],
    )
    for number, frame in enumerate(frames):
        frame[20:34, 10 + 15 * number : 24 + 15 * number] = (250, 20, 20)
    monkeypatch.setattr("overpaint.layers.film._PIXELS", 12 * WIDTH)
    monkeypatch.setattr("overpaint.layers.film._usual", lambda *_: 1.0)
    monkeypatch.setattr("overpaint.layers.film._FOLLOWED", followed)
    strips = run(frames, looks)
    monkeypatch.setattr("overpaint.layers.film._PIXELS", 1_000_000)
    pieces = run(frames, looks)
    assert all(np.array_equal(a, b) for a, b in zip(strips, pieces, strict=True))
    assert not np.array_equal(strips[-1], looks[-1]), "nothing was carried"


def test_what_is_new_gets_a_new_look() -> None:
    """A cut to another picture takes nothing over."""
    frames = [scene(0), 255 - scene(1)[::-1, ::-1]]
    made = run(frames, [look(0), look(1)])
    assert np.mean(np.all(made[1] == look(1), axis=2)) > 0.9


def test_a_slow_fade_is_followed() -> None:
    """Steps too small to be seen add up: the look is not the first one's for ever."""
    frames = [np.clip(scene(n, 0.5).astype(int) + n, 0, 255).astype(np.uint8) for n in range(40)]
    looks = [np.full((HEIGHT, WIDTH, 3), 2 * n, np.uint8) for n in range(40)]
    made = run(frames, looks)
    assert made[-1].mean() > 50


def test_nothing_is_left_behind_by_what_passes() -> None:
    """What a passing thing has coloured around itself is gone when that thing is."""
    frames, looks = [], []
    for n in range(14):
        frame, plain = scene(n), np.full((HEIGHT, WIDTH, 3), 50, np.uint8)
        if n < 10:
            x = 8 * n
            plain[16:48, max(0, x - 6) : x + 22] = 250  # a halo
            frame[24:40, x : x + 16] = (255, 0, 0)
            plain[24:40, x : x + 16] = 130
        frames.append(frame)
        looks.append(plain)
    made = run(frames, looks)
    assert np.abs(made[-1].astype(int) - 50).mean() < 8
    assert (made[5][26:38, 42:54] == 130).mean() > 0.5  # and the thing itself was there


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_no_frame_is_too_odd(dtype: type) -> None:
    """One pixel, one row: nothing raises, and numbers keep their kind."""
    for shape in ((1, 1), (1, 40), (17, 16)):
        colours = np.zeros((*shape, 3), dtype)
        pixels = np.ones((*shape, 4), dtype) * (255 if dtype is np.uint8 else 1)
        found = Content(
            Box(0, 0, shape[1], shape[0]), Source(pixels, np.full(shape, 255, np.uint8), None), ""
        )
        first = layers.carried(None, found.box, found, colours)
        again = layers.carried(first, found.box, found, colours + dtype(1))
        assert again.colours.dtype == dtype
        assert np.array_equal(again.colours, colours)


def frames_of(pictures: list[np.ndarray], locked: int | None = None) -> list[LayerInput]:
    """As layers: the last frame is the topmost, and comes first."""

    def reader(at: int) -> Any:
        async def read() -> np.ndarray:
            alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
            return np.concatenate([pictures[at], alpha], axis=2)

        return read

    return [
        LayerInput(
            id=str(at),
            name=f"Frame {at}",
            box=BOX,
            read=reader(at),
            skip=Skip.LOCKED if at == locked else None,
        )
        for at in reversed(range(len(pictures)))
    ]


def styled(given: list[LayerInput], stop: int | None = None) -> dict[str, np.ndarray]:
    made: dict[str, np.ndarray] = {}

    async def whole() -> np.ndarray:
        return np.full((HEIGHT, WIDTH, 4), 200, np.uint8)

    async def work() -> None:
        async with app.style_layers(RECIPE, given, whole, frames=True) as events:
            async for event in events:
                if isinstance(event, LayerMade):
                    made[event.id] = event.pixels
                    if len(made) == stop:
                        return

    anyio.run(work)
    return made


def test_the_lowest_layer_is_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a still scene look like it; a locked frame in between changes nothing."""
    monkeypatch.setattr(registry, "get", lambda *_: Negative())
    pictures = [scene(n) for n in range(5)]
    made = styled(frames_of(pictures, locked=2))
    assert sorted(made) == ["0", "1", "3", "4"]
    assert all(np.array_equal(each[..., :3], 255 - pictures[0]) for each in made.values())


def test_a_run_that_was_left_ends_in_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stopped after three frames and gone on, it is as if it had not been stopped."""
    monkeypatch.setattr(registry, "get", lambda *_: Negative())
    pictures = [scene(n) for n in range(6)]
    for n, each in enumerate(pictures):
        each[10:30, 8 * n : 8 * n + 20] = (250, 20, 20)
    styled(frames_of(pictures), stop=3)
    resumed = styled(frames_of(pictures))
    monkeypatch.setenv("OVERPAINT_DATA", str(tmp_path))
    at_once = styled(frames_of(pictures))
    assert len(resumed) == 6
    assert all(np.array_equal(resumed[n], at_once[n]) for n in resumed)


def test_frames_come_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The layers of an OpenRaster file as frames; alone, the option is refused."""
    monkeypatch.setattr(registry, "get", lambda *_: Negative())
    pictures = [scene(n) for n in range(3)]
    with zipfile.ZipFile(tmp_path / "film.ora", "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        layers_of = "".join(f'<layer name="{n}" src="data/{n}.png"/>' for n in (2, 1, 0))
        image = f'<image w="{WIDTH}" h="{HEIGHT}"><stack>{layers_of}</stack></image>'
        archive.writestr("stack.xml", image)
        for n, picture in enumerate(pictures):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG")
            archive.writestr(f"data/{n}.png", file.getvalue())
    command = ["style", str(tmp_path / "film.ora"), "--prompt", "negative", "--frames"]
    command += ["-o", str(tmp_path / "out.ora")]

    assert run_command([*command, "--each-layer"]) == 0
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        names = [name for name in archive.namelist() if "styled" in name]
        made = [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names]
    assert len(made) == 3
    assert all(np.array_equal(each[..., :3], 255 - pictures[0]) for each in made)
    assert run_command([*command[:-1], str(tmp_path / "other.ora")]) == 2
    assert "--each-layer" in capsys.readouterr().err
