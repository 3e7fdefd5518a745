"""The promises of one edit, on every kind of document, by the PDB of a real GIMP."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.matrix_cases import GOOD, REFUSED, Case

pytestmark = pytest.mark.gimp
HERE = Path(__file__).parent
SCRIPT = (HERE / "in_gimp_facts.py").read_text() + (HERE / "in_gimp_matrix.py").read_text()


def photo() -> bytes:
    """A picture with edges, texture and gradients, 400x300 RGBA floats."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:300, :400].astype(np.float32)
    sky = np.stack([0.3 + y / 900, 0.5 + y / 800, 0.9 - y / 700], axis=2)
    grain = rng.normal(0, 0.03, (300, 400, 1))
    waves = 0.1 * np.sin(x / 9 + 5 * np.sin(y / 40))[..., None]
    colours = np.clip(sky + grain + waves * (y[..., None] > 150), 0, 1)
    colours[100:170, 150:240] = rng.uniform(0, 1, (1, 1, 3)) * 0.6
    return np.dstack([colours, np.ones((300, 400))]).astype(np.float32).tobytes()


@pytest.fixture(scope="module", params=lab.VERSIONS)
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, dict[str, Any]]]:
    """All cases, run in one GIMP of each version: their reports by name, and the dumps."""
    gimp = provided(request.param)
    home = tmp_path_factory.mktemp(f"home-{request.param}")
    gimp_home.install(gimp, home)
    dumps = home / "dumps"
    dumps.mkdir()
    (dumps / "picture.raw").write_bytes(photo())
    cases = [case.data() for case in (*GOOD, *REFUSED)]
    batch = gimp.batch(script(cases, dumps), gimp_home.room(gimp, home), timeout=600)
    return dumps, {report["name"]: report for report in batch.reports}


def script(cases: list[dict[str, Any]], dumps: Path, *, judged: bool = True) -> str:
    """What GIMP runs: all *cases*; with *judged*, it reports all facts of the documents."""
    names = f"cases = json.loads({json.dumps(cases)!r})\ndumps, judged = {str(dumps)!r}, {judged}\n"
    return f"import json\n{names}{SCRIPT}"


def provided(version: str) -> lab.Gimp:
    try:
        return lab.gimp(version)
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def plane(dumps: Path, case: Case, name: str, kind: Any, *shape: int) -> np.ndarray:
    return np.fromfile(dumps / case.name / f"{name}.raw", kind).reshape(*shape)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_an_edit_adds_one_masked_layer_and_changes_nothing_else(
    results: tuple[Path, dict[str, dict[str, Any]]], case: Case
) -> None:
    """One new layer above the target, masked by the selection; all else is as it was."""
    dumps, reports = results
    report = reports[case.name]
    assert report["status"] == 3, report["error"]
    new = report["new"]
    width, height = case.canvas

    assert new["below"] == new["target"]
    assert new["parent"] == new["target_parent"]
    assert not new["edits_mask"]
    assert without(report["after"], new["id"]) == report["before"]
    assert {"version", "edit", "seed"} <= set(json.loads(new["recipe"]))
    if not case.arguments.get("grow"):
        w, h, x, y = new["size"]
        selection = plane(dumps, case, "selection", np.float32, height, width)
        mask = plane(dumps, case, "mask", np.float32, h, w)
        assert np.abs(mask - selection[y : y + h, x : x + w]).max() <= 1 / 255
        outside = selection.copy()
        outside[y : y + h, x : x + w] = 0
        assert not outside.any(), "selected pixels lie outside the new layer"
        for name in ("selection-native", "mask-native"):
            assert (dumps / case.name / f"{name}.raw").stat().st_size
        assert (dumps / case.name / "selection-native.raw").read_bytes() == (
            dumps / case.name / "mask-native.raw"
        ).read_bytes()
    else:
        selection = np.zeros((height, width), np.float32)
        w, h, x, y = new["size"]
        selection[y : y + h, x : x + w] = plane(dumps, case, "mask", np.float32, h, w)
    deep = np.uint32 if report["format"].endswith("float") else np.uint8
    before = plane(dumps, case, "visible-before", deep, height, width, 4)
    after = plane(dumps, case, "visible-after", deep, height, width, 4)
    changed = (before != after).any(axis=2)
    assert not changed[selection == 0].any(), f"{changed[selection == 0].sum()} pixels changed"
    assert changed.any()


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_cannot_be_edited_is_refused_with_a_sentence(
    results: tuple[Path, dict[str, dict[str, Any]]], case: Case
) -> None:
    """The message says what is wrong and what to do; nothing is changed."""
    _, reports = results
    report = reports[case.name]

    assert report["status"] != 3
    assert case.refused in report["error"]
    assert report["error"].count(".") >= 2, "a sentence and what to do next"
    assert report["after"] == report["before"]


def test_hidden_colours_never_come_out(
    results: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    """Nothing is copied from transparent pixels: their magenta is nowhere in the fill."""
    dumps, reports = results
    case = next(case for case in GOOD if case.name == "holes")
    w, h, x, y = reports[case.name]["new"]["size"]
    layer = plane(dumps, case, "layer", np.uint8, h, w, 4).astype(int)
    mask = plane(dumps, case, "mask", np.float32, h, w)

    inside = layer[mask > 0]

    assert not ((inside[:, 0] > 200) & (inside[:, 1] < 60) & (inside[:, 2] > 200)).any()
    assert (x, y) >= (0, 0)


def test_what_is_transparent_is_filled_by_a_removal_and_stays_so_in_a_style(
    results: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    """Where the layer has a hole of 80x120 pixels at 90, 80."""
    dumps, reports = results
    for name, expected in (("holes", 255), ("style-of-holes", 0)):
        case = next(case for case in GOOD if case.name == name)
        w, h, x, y = reports[name]["new"]["size"]
        alpha = plane(dumps, case, "layer", np.uint8, h, w, 4)[..., 3]
        hole = np.s_[80 - min(y, 80) : 200 - y, 90 - min(x, 90) : 170 - x]
        chosen = plane(dumps, case, "mask", np.float32, h, w)[hole] > 0
        assert chosen.any()
        assert (alpha[hole][chosen] == expected).all()


def without(facts: dict[str, Any], gone: int) -> dict[str, Any]:
    """These facts less the layer with that ID, wherever it is in the tree."""

    def prune(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**layer, "children": prune(layer["children"])} if "children" in layer else layer
            for layer in layers
            if layer["id"] != gone
        ]

    return {**facts, "layers": prune(facts["layers"])}
