"""The headless host answers as a real GIMP does: one script, run on both, sees the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests import lab
from tests.gimp.gimpfu_fixtures import rooms

from gimpfu import headless

pytestmark = pytest.mark.gimp
NAMES = [
    *("new_things", "tree", "names", "masks", "selection", "formats", "edges", "refusals"),
    *("parasites", "flags", "regions", "alpha", "signatures"),
]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def in_gimp(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the script sees in each GIMP."""
    home: Path = tmp_path_factory.mktemp("home")
    return rooms.facts(request.param, home, "on_both_hosts.py")


@pytest.fixture(scope="module")
def in_memory() -> dict[str, Any]:
    """What the same script sees without GIMP."""
    headless.Host()
    found: dict[str, Any] = {}

    def report(fact: list[Any]) -> None:
        found[fact[0]] = json.loads(json.dumps(fact[1]))

    script = [rooms.HERE / name for name in ("on_both_hosts.py", "in_gimp_report.py")]
    exec("".join(path.read_text() for path in script), {"report": report})
    return found


@pytest.mark.parametrize("name", NAMES)
def test_both_hosts_tell_the_same(
    in_gimp: dict[str, Any], in_memory: dict[str, Any], name: str
) -> None:
    """Whatever the script looks at is the same in memory as in GIMP, pixel values included."""
    assert in_memory[name] == in_gimp[name]
    assert not str(in_memory[name]).startswith("Traceback")


def test_every_fact_is_compared(in_gimp: dict[str, Any]) -> None:
    """No fact of the script is left out."""
    assert sorted(in_gimp) == sorted(NAMES)
