"""One style over the layers of a document: the tree stays, work is done once and can go on."""

import io
import json
import shlex
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import anyio
import numpy as np
import pytest
from PIL import Image
from tests.drift.providers import Negative

from overpaint import app, layers, places, settings
from overpaint.cli import run
from overpaint.dialect import Role
from overpaint.errors import KeyRejected, NoPicture
from overpaint.geometry import Box
from overpaint.layers import LayerFailed, LayerInput, LayerMade, LayersFinished, LayerSkipped, Skip
from overpaint.providers import registry
from overpaint.recipe import Edit, Recipe

WIDTH, HEIGHT = 90, 70
MODES = ("svg:src-over", "svg:multiply", "svg:screen", "svg:overlay", "svg:luminosity")
RECIPE = Recipe(edit=Edit.STYLE, prompt="negative", seed=3)


class Trying(Negative):
    """Fails for the layers whose first colour is in *fails*, that many times each."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: dict[tuple[int, ...], list[Exception]] = {}

    async def run(self, job: Any, http: object) -> Any:
        waiting = self.fails.get(tuple(job.pixels[0, 0].tolist()))
        if waiting:
            self.jobs.append(job)
            raise waiting.pop(0)
        async for event in super().run(job, http):
            yield event


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Trying:
    made = Trying()
    monkeypatch.setattr(registry, "get", lambda *_: made)
    return made


def pixels(number: int, width: int = 20, height: int = 16) -> np.ndarray:
    rng = np.random.default_rng(number)
    picture = rng.integers(0, 256, (height, width, 4)).astype(np.uint8)
    picture[..., 3] = np.where(rng.random((height, width)) < 0.2, 0, 255)
    picture[0, 0] = (number, 7, 9, 255)
    return picture


def inputs(count: int, read: list[int] | None = None) -> list[LayerInput]:
    def reader(number: int) -> Any:
        async def one() -> np.ndarray:
            if read is not None:
                read.append(number)
            return pixels(number)

        return one

    return [
        LayerInput(id=str(n), name=f"Layer {n}", box=Box(n, -n, 20, 16), read=reader(n))
        for n in range(count)
    ]


async def whole() -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 4), 200, np.uint8)


def styled(given: list[LayerInput], stop: int | None = None) -> list[Any]:
    """What was told; with *stop*, until that many layers were made."""
    told: list[Any] = []

    async def work() -> None:
        async with app.style_layers(RECIPE, given, whole) as events:
            async for event in events:
                told.append(event)
                if stop is not None and sum(isinstance(e, LayerMade) for e in told) == stop:
                    return

    anyio.run(work)
    return told


def made(told: list[Any]) -> dict[str, np.ndarray]:
    return {each.id: each.pixels for each in told if isinstance(each, LayerMade)}


def test_every_layer_is_made_with_its_own_alpha_and_the_whole_as_anchor(provider: Trying) -> None:
    """Colours are the provider's where something shows, alpha and hidden colours the layer's."""
    told = made(styled(inputs(3)))
    for number in range(3):
        was, now = pixels(number), told[str(number)]
        shows = was[..., 3] > 0
        assert np.array_equal(now[..., 3], was[..., 3])
        assert np.array_equal(now[shows, :3], 255 - was[shows, :3])
        assert np.array_equal(now[~shows], was[~shows])
    for job in provider.jobs:
        (anchor,) = [each for each in job.references if each.role is Role.ANCHOR]
        assert anchor.pixels.shape == (HEIGHT, WIDTH, 3)
        assert job.seed == 3


def test_a_run_that_was_left_goes_on_where_it_was(provider: Trying) -> None:
    """The same bytes as in one go, and nothing is asked twice."""
    styled(inputs(40), stop=15)
    asked = len(provider.jobs)
    assert 15 <= asked < 20
    again = styled(inputs(40))
    kept = [each for each in again if isinstance(each, LayerMade) and each.reused]
    assert len(kept) >= 15
    assert len(provider.jobs) <= 41
    results = made(again)
    assert all(
        np.array_equal(results[str(n)][shows, :3], 255 - pixels(n)[shows, :3])
        for n in range(40)
        for shows in [pixels(n)[..., 3] > 0]
    )


def test_equal_layers_are_made_once(provider: Trying) -> None:
    """Also where they lie elsewhere."""
    one, two = inputs(2)
    twin = replace(one, id="twin", name="Twin", box=Box(40, 40, 20, 16))
    told = made(styled([one, two, twin]))
    assert len(provider.jobs) == 2
    assert np.array_equal(told["0"], told["twin"])


def test_a_failed_layer_is_named_and_made_alone_the_next_time(provider: Trying) -> None:
    """The others are made; one that fails twice is asked for a third time only."""
    trouble = [NoPicture("It is raining.", "Wait."), NoPicture("Still.", "Wait.")]
    provider.fails[2, 7, 9] = trouble
    for expected in (5, 1, 1):
        before = len(provider.jobs)
        told = styled(inputs(5))
        assert len(provider.jobs) - before == expected
        failed = [each for each in told if isinstance(each, LayerFailed)]
        (end,) = [each for each in told if isinstance(each, LayersFinished)]
        assert end.failed == len(failed)
        if expected == 5:
            assert [each.name for each in failed] == ["Layer 2"]
    assert not failed
    assert len(made(told)) == 5


def test_what_no_layer_would_survive_ends_the_run(provider: Trying) -> None:
    """A rejected key is raised; what was made before stays."""
    provider.fails[2, 7, 9] = [KeyRejected("The key is wrong.", "Set it.")]
    with pytest.raises(KeyRejected):
        styled(inputs(5))
    before = len(provider.jobs)
    assert before <= 3
    styled(inputs(5))
    assert len(provider.jobs) - before == 3


def test_empty_and_locked_layers_are_left_and_named(provider: Trying) -> None:
    """With the reason, and without asking anybody."""
    (one,) = inputs(1)

    async def nothing() -> np.ndarray:
        return np.zeros((16, 20, 4), np.uint8)

    given = [
        replace(one, id="a", name="Locked", skip=Skip.LOCKED),
        replace(one, id="b", name="Empty", read=nothing),
    ]
    told = [each for each in styled(given) if isinstance(each, LayerSkipped)]
    assert [(each.name, each.why) for each in told] == [
        ("Locked", Skip.LOCKED),
        ("Empty", Skip.EMPTY),
    ]
    assert not provider.jobs


def test_the_plan_counts_what_will_be_asked(provider: Trying) -> None:
    """Equal layers and those that are done cost nothing."""
    provider.capabilities = replace(provider.capabilities, needs_network=True)
    given = [*inputs(3), replace(inputs(1)[0], id="twin")]
    plan = lambda: anyio.run(lambda: app.plan_layers(RECIPE, given, whole))  # noqa: E731
    assert plan().requests == 3
    assert [each.like for each in plan().layers] == [None, None, None, "0"]


# The command line


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def document(path: Path) -> None:
    """Write an OpenRaster file of 40 layers: groups three deep, modes, offsets, two equal, a
    locked, an empty and a hidden one.
    """
    image = ET.Element("image", w=str(WIDTH), h=str(HEIGHT), version="0.0.3")
    stack = ET.SubElement(image, "stack")
    root = stack
    contents: dict[str, bytes] = {}

    def add(parent: ET.Element, name: str, picture: np.ndarray, **more: str) -> None:
        source = f"data/{len(contents)}.png"
        contents[source] = png(picture)
        ET.SubElement(parent, "layer", name=name, src=source, **more)

    add(root, "Locked", pixels(201), **{"edit-locked": "true"})
    add(root, "Empty", np.zeros((9, 9, 4), np.uint8))
    add(root, "Twin", pixels(50), x="3", y="4")
    add(root, "Other twin", pixels(50), x="33", y="24", opacity="0.5")
    number = 0
    for depth in range(3):
        stack = ET.SubElement(stack, "stack", name=f"Group {depth}", opacity=f"0.{9 - depth}")
        for _ in range(12 if depth else 11):
            more = {"x": str(number * 3 - 9), "y": str(number - 5), "opacity": f"0.{5 + depth}"}
            more["composite-op"] = MODES[number % len(MODES)]
            if number == 7:
                more["visibility"] = "hidden"
            add(stack, f"Layer {number}", pixels(number, 20 + depth, 15), **more)
            number += 1
    add(root, "Paper", np.full((HEIGHT, WIDTH, 4), 240, np.uint8))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", ET.tostring(image))
        for source, data in contents.items():
            archive.writestr(source, data)


def tree(path: Path) -> tuple[list[Any], dict[str, np.ndarray]]:
    """The stack of a file as plain values, and each layer's pixels by the place of its source."""
    with zipfile.ZipFile(path) as archive:
        image = ET.fromstring(archive.read("stack.xml"))
        found = {
            name: np.asarray(Image.open(io.BytesIO(archive.read(name))))
            for name in archive.namelist()
            if name.startswith("data/")
        }

    def told(element: ET.Element) -> list[Any]:
        usual = {"x": "0", "y": "0", "opacity": "1.0", "visibility": "visible"}
        usual |= {"composite-op": "svg:src-over", "edit-locked": "false", "isolation": "auto"}
        facts = {**usual, **dict(element.items())}
        facts["opacity"] = str(float(facts["opacity"]))
        source = facts.pop("src", None)
        size = found[source].shape if source else None
        return [facts, size, source, [told(child) for child in element]]

    stack = image.find("stack")
    assert stack is not None
    return [told(child) for child in stack], found


def without_sources(nodes: list[Any]) -> list[Any]:
    return [[facts, size, without_sources(below)] for facts, size, _, below in nodes]


def leaves(nodes: list[Any]) -> list[Any]:
    return [n for node in nodes for n in (leaves(node[3]) if node[3] else [node])]


@pytest.mark.usefixtures("provider")
def test_a_documents_tree_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new group repeats the old one but for pixels; the old one is there, hidden."""
    source, out = tmp_path / "in.ora", tmp_path / "out.ora"
    document(source)
    command = ["style", str(source), "--each-layer", "--prompt", "negative", "--json", "-o"]
    assert run([*command, str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["made"] == 37
    assert told["reused"] == 1
    assert [each.split(":")[0] for each in told["skipped"]] == ["Locked", "Empty"]

    before, old_pixels = tree(source)
    (new, old), new_pixels = tree(out)
    assert len(leaves(before)) == 40
    assert without_sources(new[3]) == without_sources(old[3]) == without_sources(before)
    assert new[0]["visibility"] == "visible"
    assert old[0]["visibility"] == "hidden"
    for was, kept, now in zip(leaves(before), leaves(old[3]), leaves(new[3]), strict=True):
        original = old_pixels[was[2]]
        assert np.array_equal(new_pixels[kept[2]], original)
        shows = original[..., 3] > 0
        expected = original.copy()
        if was[0]["name"] not in ("Locked", "Empty"):
            expected[shows, :3] = 255 - original[shows, :3]
        assert np.array_equal(new_pixels[now[2]], expected), was[0]["name"]
    assert not list((tmp_path).glob("**/layers/*/*"))


def test_a_failure_is_told_and_the_same_command_goes_on(
    provider: Trying, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status says that something is missing; the second run asks for that alone."""
    source, out = tmp_path / "in.ora", tmp_path / "out.ora"
    document(source)
    provider.fails[50, 7, 9] = [NoPicture("It is raining.", "Wait.")]
    command = ["style", str(source), "--each-layer", "--prompt", "negative", "-o", str(out)]
    # The twin is asked for again at once: it is equal, but nothing was made of it.
    assert run(command) in (0, 1)
    first = len(provider.jobs)
    assert run(command) == 0
    assert len(provider.jobs) - first <= 38
    assert "Saved" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "out", "said"),
    [
        ("in.png", "out.ora", "Save it as .ora or .xcf first"),
        ("in.ora", "out.xcf", "End the name with .ora; GIMP opens it, too."),
        ("in.ora", "out.png", "End the name with .ora"),
        ("in.xcf", "out.tif", "End the name with .xcf or .ora"),
        ("in.ora", "nowhere/out.ora", "Make it first."),
        ("in.xcf", "out.xcf", "Save the document as .ora"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_made(
    provider: Trying,
    name: str,
    out: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files without layers, endings that do not fit, no folder, no GIMP where one is needed."""
    monkeypatch.delenv("OVERPAINT_GIMP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    document(tmp_path / name)
    assert run(["style", str(tmp_path / name), "--each-layer", "-o", str(tmp_path / out)]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not provider.jobs


def test_a_full_disk_is_told_and_what_was_made_is_kept(
    provider: Trying,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence names the folder; the next run asks for less."""
    source, out = tmp_path / "in.ora", tmp_path / "out.ora"
    document(source)
    usual = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "3.png":
            raise OSError(28, "No space left on device")
        return usual(path, data)

    command = ["style", str(source), "--each-layer", "--prompt", "negative", "-o", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert run(command) == 1
    assert "TMPDIR" in capsys.readouterr().err
    asked = len(provider.jobs)
    assert run(command) == 0
    assert len(provider.jobs) - asked < 36
    assert out.exists()


GIMP_THAT = """
import pathlib, re, sys
folder = pathlib.Path(re.search(r"run_path\\('(.*)/", sys.argv[-1])[1])
{what}
"""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("(folder / 'failed.txt').write_text('GError: odd'); sys.exit(1)", "odd"),
        ("sys.exit(3)", "ended with status 3"),
        ("(folder / 'tree.json').write_text('{\"refused\": \"indexed\"}')", "Image > Mode > RGB"),
    ],
)
def test_a_gimp_that_cannot_open_a_document_is_told(
    provider: Trying,
    what: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What GIMP said, how it ended, or why its document will not do."""
    stand_in = tmp_path / "gimp.py"
    stand_in.write_text(GIMP_THAT.format(what=what))
    monkeypatch.setenv("OVERPAINT_GIMP", shlex.join([sys.executable, str(stand_in)]))
    (tmp_path / "in.xcf").write_bytes(b"gimp xcf")
    out = str(tmp_path / "out.xcf")
    assert run(["style", str(tmp_path / "in.xcf"), "--each-layer", "-o", out]) == 1
    assert said in capsys.readouterr().err
    assert not Path(out).exists()
    assert not provider.jobs


def test_the_offline_engine_gives_all_layers_one_look() -> None:
    """Flattening the styled layers is nearer to the styled picture than layers styled alone."""
    from tests.core.test_style import scene

    left, right = scene(320, 160, 1), scene(320, 160, 2) // 4
    alpha = np.zeros((160, 320, 1), np.uint8)
    alpha[:, 160:] = 255
    below = np.dstack([left, np.full((160, 320), 255, np.uint8)])
    above = np.concatenate([right, alpha], axis=2)
    flat = left.copy()
    flat[:, 160:] = right[:, 160:]

    async def entire() -> np.ndarray:
        return np.dstack([flat, np.full((160, 320), 255, np.uint8)])

    def reading(picture: np.ndarray) -> Any:
        async def read() -> np.ndarray:
            return picture

        return read

    given = [
        LayerInput(id="a", name="Above", box=Box(0, 0, 320, 160), read=reading(above)),
        LayerInput(id="b", name="Below", box=Box(0, 0, 320, 160), read=reading(below)),
    ]
    recipe = Recipe(edit=Edit.STYLE, prompt="great wave", seed=3)

    def flattened(wholes: list[Any]) -> np.ndarray:
        parts: dict[str, np.ndarray] = {}

        async def work(some: list[LayerInput], anchor: Any) -> None:
            async with app.style_layers(recipe, some, anchor) as events:
                async for event in events:
                    if isinstance(event, LayerMade):
                        parts[event.id] = event.pixels

        for some, anchor in wholes:
            anyio.run(work, some, anchor)
        result = parts["b"][..., :3].copy()
        result[:, 160:] = parts["a"][:, 160:, :3]
        return result.astype(float)

    together = flattened([(given, entire)])
    alone = flattened([([given[0]], reading(above)), ([given[1]], reading(below))])
    styled_whole = np.zeros(0)

    async def at_once() -> None:
        nonlocal styled_whole
        only = [LayerInput(id="w", name="Whole", box=Box(0, 0, 320, 160), read=entire)]
        async with app.style_layers(recipe, only, entire) as events:
            async for event in events:
                if isinstance(event, LayerMade):
                    styled_whole = event.pixels[..., :3].astype(float)

    anyio.run(at_once)
    # Near an edge the network sees what lies on its other side, or that nothing does.
    inside = np.r_[0:110, 210:320]
    near, far = (np.abs(each - styled_whole)[:, inside].mean() for each in (together, alone))
    assert near < far / 2


def test_finished_layers_keep_to_the_limits_of_history(provider: Trying) -> None:
    """What another run left makes room for this one's, and clearing history takes it along."""

    def kept() -> set[str]:
        return {path.name for path in (places.data_folder() / "layers").glob("??/*")}

    styled(inputs(3))
    before = kept()
    settings.save(settings.Settings(history=settings.HistoryLimits(max_bytes=1)))
    styled([replace(each, skip=Skip.LOCKED) for each in inputs(3)][:2] + inputs(4)[3:])

    assert before
    assert provider.jobs
    assert not before & kept()
    assert kept()
    app.clear_history()
    assert not kept()


def test_keys_depend_on_all_that_decides_the_pixels() -> None:
    """Another recipe, content, anchor or option is another result."""
    base = layers.key(RECIPE, "c", "a", {"model": None})
    others = [
        layers.key(replace(RECIPE, seed=4), "c", "a", {"model": None}),
        layers.key(RECIPE, "d", "a", {"model": None}),
        layers.key(RECIPE, "c", "b", {"model": None}),
        layers.key(RECIPE, "c", "a", {"model": "x"}),
    ]
    assert len({base, *others}) == 5
