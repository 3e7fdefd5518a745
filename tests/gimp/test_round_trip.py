"""The round trip in a real GIMP: models that return what they got, and models that drift."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import lab
from tests.gimp import home as gimp_home
from tests.gimp.matrix_cases import GOOD, Case
from tests.gimp.test_matrix import photo, plane, provided, script

pytestmark = pytest.mark.gimp

CORE = """
import sys
sys.path[:0] = [{core!r}, {root!r}]
from tests.drift import providers
from overpaint.providers import registry
made = {made}
registry.get = lambda *_: made
from overpaint.serve import main
main()
"""
MADE = {
    "identity": "providers.Identity()",
    "drifting": "providers.Drifting()",
}
PARAMS = [f"{version}-{made}" for version in lab.VERSIONS for made in MADE]


@pytest.fixture(scope="module", params=PARAMS)
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, dict[str, Any]]]:
    """All documents, edited by one provider in one GIMP."""
    version, made = request.param.split("-")
    gimp = provided(version)
    home = tmp_path_factory.mktemp(f"home-{version}-{made}")
    code = CORE.format(core=str(gimp_home.ROOT / "core"), root=str(gimp_home.ROOT), made=MADE[made])
    gimp_home.install(gimp, home, gimp_home.core_argv(gimp, code))
    dumps = home / "dumps"
    dumps.mkdir()
    (dumps / "picture.raw").write_bytes(photo())
    cases = [case.data() for case in GOOD]
    batch = gimp.batch(script(cases, dumps, judged=False), gimp_home.room(gimp, home), timeout=900)
    return made, dumps, {report["name"]: report for report in batch.reports}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_the_selection_is_the_edge_and_identity_is_identity(
    results: tuple[str, Path, dict[str, dict[str, Any]]], case: Case
) -> None:
    """Outside the selection nothing changes; a model that changed nothing changes nothing."""
    made, dumps, reports = results
    report = reports[case.name]
    assert report["status"] == 3, report["error"]
    width, height = case.canvas
    w, h, x, y = report["new"]["size"]
    mask = np.zeros((height, width), np.float32)
    mask[y : y + h, x : x + w] = plane(dumps, case, "mask", np.float32, h, w)
    floats = report["format"].endswith("float")
    deep = np.float32 if floats else np.uint8
    before = plane(dumps, case, "visible-before", deep, height, width, 4)
    after = plane(dumps, case, "visible-after", deep, height, width, 4)

    outside = mask == 0
    assert np.array_equal(before[outside], after[outside])
    if made == "identity" and opaque(case):
        # Blending a layer with an equal one rounds in the image's own precision.
        # One step of Adobe RGB's 16 bits is up to two of sRGB's, in which this is measured.
        step = (2 if case.profile else 1) / 65535 if floats else 1
        off = np.abs(after[~outside].astype(np.float64) - before[~outside])
        assert off.max() <= step * 1.5, off.max()


def opaque(case: Case) -> bool:
    """Whether all that is selected is on the layer and visible."""
    return not (case.holes or case.masked or case.layer or case.name.startswith("whole"))
