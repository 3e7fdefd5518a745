"""What the doctor finds, and what it says to do about it."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from overpaint import __version__, app, doctor, wire
from overpaint.doctor import LIBRARIES, Finding, all_well, as_json, examine
from overpaint.errors import EngineMissing
from overpaint.geometry import Box
from overpaint.picture import Patch, Source
from overpaint.recipe import Recipe
from overpaint.runner import Event, Made

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with empty folders, whatever the system."""
    for name in ("GIMP3_DIRECTORY", "OVERPAINT_CONFIG", "OVERPAINT_DATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    return tmp_path


def found(console: list[str] | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(lambda: console)}


def plug_in(gimp: Path, spec: object) -> str:
    """Install a plug-in with this launch spec; returns its finding's name."""
    folder = gimp / "plug-ins" / "overpaint-gimp"
    folder.mkdir(parents=True)
    text = spec if isinstance(spec, str) else json.dumps(spec)
    (folder / "core.json").write_text(text)
    return f"Plug-in in {folder}"


def config(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "GIMP"
    return home / "config" / "GIMP"


def core(code: str) -> dict[str, list[str]]:
    return {"argv": [sys.executable, "-c", code]}


def test_all_is_well_here() -> None:
    """On a machine where the tests run, every required check holds."""
    findings = list(examine(lambda: None))

    assert [finding.line for finding in findings if not finding.ok and finding.required] == []
    assert all_well(findings)


def test_it_knows_what_the_project_needs() -> None:
    """Each dependency of the package is checked, under its own name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert sorted(need.split(">")[0] for need in project["dependencies"]) == sorted(LIBRARIES)


def test_a_library_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason and what to do stand on its line."""
    monkeypatch.setitem(sys.modules, "rich", None)

    finding = found()["rich"]

    assert not finding.ok
    assert "import of rich halted" in finding.detail
    assert finding.line.startswith("problem  rich: ")
    assert "Install Overpaint again." in finding.line


@pytest.mark.parametrize("library", ["numpy", "PIL", "anyio", "platformdirs", "cv2"])
def test_the_doctor_outlives_a_broken_library(library: str) -> None:
    """Whatever is missing, it says so, goes through all checks, and meets no defect."""
    code = (
        f"import sys; sys.modules[{library!r}] = None; "
        "from overpaint.cli import run; sys.exit(run(['doctor']))"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert any("problem" in line and f"import of {library} halted" in line for line in lines)
    assert any(" GIMP: " in line for line in lines)
    assert done.stderr == ""


def test_what_a_library_logs_as_it_loads_is_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPatchMatch loads without its native part, and only logs why."""
    (tmp_path / "patchmatch.py").write_text(
        "import logging; logging.getLogger('patchmatch.x').warning('no libpatchmatch.so')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "patchmatch", raising=False)

    finding = found()["pypatchmatch"]
    sys.modules.pop("patchmatch", None)

    assert not finding.ok
    assert "no libpatchmatch.so" in finding.detail


def test_an_engine_that_does_not_fill_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hole is really filled, with what is around it."""

    @asynccontextmanager
    async def untouched(
        recipe: Recipe, region: Box, source: Source
    ) -> AsyncIterator[AsyncIterator[Event]]:
        async def events() -> AsyncIterator[Event]:
            yield Made(0, Patch(region, source.pixels, source.selection), recipe)

        yield events()

    monkeypatch.setattr(app, "run", untouched)

    finding = found()["Built-in engine"]

    assert not finding.ok
    assert "colours that are not there" in finding.detail


def test_an_engine_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own sentence is passed on."""

    @asynccontextmanager
    async def missing(*_: object) -> AsyncIterator[AsyncIterator[Event]]:
        raise EngineMissing("The library does not load.")
        yield

    monkeypatch.setattr(app, "run", missing)

    assert found()["Built-in engine"].detail == "The library does not load."


def test_a_data_folder_that_cannot_be_written_is_found(home: Path) -> None:
    """Here because a file is in its way."""
    (home / "data").write_text("a file")
    (home / "Library").write_text("a file")

    finding = found()["Data folder"]

    assert not finding.ok
    assert "Nothing can be written to" in finding.detail
    assert finding.fix


def test_the_data_folder_is_not_made_only_to_look(home: Path) -> None:
    """A check changes nothing."""
    assert found()["Data folder"].ok
    assert list(home.iterdir()) == []


def test_gimp_is_only_information() -> None:
    """Without GIMP all is well; with it, its command line is told."""
    without, with_it = found()["GIMP"], found(["gimp-console-3.2"])["GIMP"]

    assert without.line.startswith("info     GIMP: ")
    assert all_well([without])
    assert with_it.line == "ok       GIMP: gimp-console-3.2."


def test_a_plug_ins_core_is_started(home: Path) -> None:
    """Every installed plug-in's own core says hello, in each GIMP 3."""
    spec = {"argv": [sys.executable, "-I", "-m", "overpaint.serve"], "protocol": wire.PROTOCOL}
    names = [plug_in(config(home) / version, spec) for version in ("3.0", "3.2")]
    plug_in(config(home) / "2.10", "not for this GIMP")

    findings = found()

    assert [name for name in findings if name.startswith("Plug-in")] == names
    assert all(findings[name].detail == f"Its core is Overpaint {__version__}." for name in names)


def test_the_folder_that_gimp_is_told_counts_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIMP3_DIRECTORY is read as GIMP reads it: from the home folder."""
    name = plug_in(home / "elsewhere", core(""))
    monkeypatch.setenv("GIMP3_DIRECTORY", "elsewhere")

    assert name in found()


@pytest.mark.parametrize(
    ("spec", "detail"),
    [
        ("{", "core.json cannot be read (JSONDecodeError"),
        ({"protocol": 1}, "core.json cannot be read (KeyError"),
        ([], "core.json cannot be read (TypeError"),
        ({"argv": []}, "core.json names no command."),
        ({"argv": "python"}, "core.json names no command."),
        ({"argv": ["/no/such/python"]}, "Its core does not start: /no/such/python: No such file"),
        (core("raise SystemExit('no module named overpaint')"), "no module named overpaint."),
        (core("raise SystemExit(7)"), "Its core does not say hello: it ended with status 7."),
        (core("print('hello')"), "Its core speaks otherwise: not a frame"),
    ],
)
def test_a_core_that_does_not_work_is_a_problem(home: Path, spec: object, detail: str) -> None:
    """Each way to be broken has its words, and the same way out."""
    name = plug_in(config(home) / "3.0", spec)

    findings = found()

    assert not findings[name].ok
    assert detail in findings[name].detail
    assert findings[name].fix == "Run Overpaint's installer again."
    assert not all_well(list(findings.values()))


def test_a_plug_in_without_its_spec_is_a_problem(home: Path) -> None:
    """A folder that lost it cannot start a core."""
    name = plug_in(config(home) / "3.0", {})
    next(config(home).rglob("core.json")).unlink()

    assert "FileNotFoundError" in found()[name].detail


def test_a_core_of_another_protocol_is_a_problem(home: Path) -> None:
    """Half an update is told from a broken one."""
    theirs = wire.PROTOCOL + 1
    ours, other = (f'"protocol": {version}'.encode() for version in (wire.PROTOCOL, theirs))
    hello = b"".join(wire.Connection("9.9").hello()).replace(ours, other)
    code = f"import sys; sys.stdout.buffer.write({hello!r})"
    name = plug_in(config(home) / "3.0", core(code))

    assert f"protocol version {theirs} where {wire.PROTOCOL} was expected" in found()[name].detail


def test_a_core_that_hangs_is_not_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is a problem after a few seconds."""
    monkeypatch.setattr(doctor, "HELLO_SECONDS", 0.5)
    name = plug_in(config(home) / "3.0", core("import time; time.sleep(60)"))

    assert "did not say hello" in found()[name].detail


def test_what_steers_another_python_does_not_mislead_a_core(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the shell in GIMP starts it, without PYTHONPATH and its like."""
    monkeypatch.setenv("PYTHONHOME", str(home / "nowhere"))
    monkeypatch.setenv("PYTHONPATH", str(home / "nowhere"))
    name = plug_in(config(home) / "3.0", core("import os, sys; sys.exit(str(sorted(os.environ)))"))

    detail = found()[name].detail

    assert "PYTHONHOME" not in detail
    assert "PYTHONPATH" not in detail
    assert "PATH" in detail
    assert "PYTHONHOME" in os.environ


def test_the_report_for_machines_says_the_same() -> None:
    """Release, verdict, and each finding with its parts."""
    bad = Finding("Lamp", ok=False, detail="It is dark.", fix="Light it.")

    report = json.loads(as_json([bad]))

    assert report == {
        "release": __version__,
        "ok": False,
        "findings": [
            {
                "name": "Lamp",
                "ok": False,
                "detail": "It is dark.",
                "fix": "Light it.",
                "required": True,
            }
        ],
    }
