"""The installer in a real GIMP's own system, run by that system's Python."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests import lab
from tests.lab.releases import cache_folder

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PROCEDURE = "plug-in-overpaint-remove"
ASK = f"report(Gimp.get_pdb().procedure_exists({PROCEDURE!r}))"


@pytest.fixture(params=lab.VERSIONS)
def gimp(request: pytest.FixtureRequest) -> lab.Gimp:
    try:
        return lab.gimp(request.param)
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def sandbox(gimp: lab.Gimp, tmp_path: Path) -> lab.Sandbox:
    """A user with an empty HOME; pip's downloads are kept from one run to the next."""
    cache = cache_folder() / "pip"
    cache.mkdir(parents=True, exist_ok=True)
    return gimp.sandbox(
        tmp_path / "home of Ann",
        binds=[cache],
        read_only=[ROOT],
        env={"PIP_CACHE_DIR": str(cache)},
        network=True,
    )


def install(
    gimp: lab.Gimp, sandbox: lab.Sandbox, *options: str
) -> subprocess.CompletedProcess[str]:
    command = [gimp.python, ROOT / "installer" / "install.py", *options]
    return sandbox.run(command, timeout=600)


def test_the_commands_come_and_go(gimp: lab.Gimp, sandbox: lab.Sandbox) -> None:
    """A GIMP that was never started has Overpaint after installing, and not after uninstalling."""
    install(gimp, sandbox)
    folder = gimp.user_folder(sandbox.home)

    assert (folder / "gimprc").is_file()  # made by GIMP itself

    there = gimp.batch(ASK, sandbox)

    assert there.reports == [True], there.stderr
    assert "overpaint" not in there.stdout + there.stderr

    install(gimp, sandbox, "--uninstall")

    assert gimp.batch(ASK, sandbox).reports == [False]
    assert not (sandbox.home / ".local" / "share" / "overpaint").exists()
    assert not list(folder.glob("**/*overpaint*"))


def test_settings_of_an_older_gimp_are_not_lost(gimp: lab.Gimp, sandbox: lab.Sandbox) -> None:
    """GIMP takes over the settings of the version before, although Overpaint came first."""
    older = gimp.user_folder(sandbox.home).parent / "2.10"
    older.mkdir(parents=True)
    (older / "gimprc").write_text("(undo-levels 77)\n")

    install(gimp, sandbox, "--core-argv", '["true"]')

    plug_in = gimp.user_folder(sandbox.home) / "plug-ins" / "overpaint-gimp"
    assert json.loads((plug_in / "core.json").read_text())["argv"] == ["true"]
    assert "(undo-levels 77)" in (gimp.user_folder(sandbox.home) / "gimprc").read_text()


@pytest.mark.parametrize("gimp", lab.VERSIONS[1:], indirect=True)
def test_a_copy_that_a_newer_gimp_makes_goes_too(gimp: lab.Gimp, sandbox: lab.Sandbox) -> None:
    """After an update of GIMP, which copies plug-ins, uninstalling removes the copy as well."""
    newer = gimp.user_folder(sandbox.home)
    older = newer.with_name(lab.VERSIONS[0])
    older.mkdir(parents=True)
    (older / "gimprc").touch()
    install(gimp, sandbox, "--gimp-folder", str(older))
    sandbox.run([gimp.console, "-nidfc", "--quit"])

    assert (newer / "plug-ins" / "overpaint-gimp").is_dir()

    install(gimp, sandbox, "--uninstall")

    assert not list(newer.parent.glob("**/*overpaint*"))
