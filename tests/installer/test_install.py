"""What lies where after an installation."""

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from installer.source import Source
from tests.installer.conftest import CORE_ARGV
from tests.installer.trees import tree

from installer import errors

ROOT = Path(__file__).parents[2]
Install = Callable[..., int]


def test_the_plug_in_lies_as_gimp_and_the_shell_want_it(install: Install, place: Path) -> None:
    """The folder has the entry, shell, gimpfu, wire and the launch spec, and nothing compiled."""
    assert install() == 0

    expected = {
        "core.json",
        "gimpfu",
        "gimpfu/__init__.py",
        "gimpfu/gimp3",
        "gimpfu/gimp3/__init__.py",
        "overpaint-gimp.py",
        "shell",
        "shell/__init__.py",
        "shell/commands.py",
        "wire",
        "wire/__init__.py",
        "wire/connection.py",
    }
    assert expected == set(tree(place))


def test_only_the_entry_can_be_executed(install: Install, place: Path) -> None:
    """GIMP takes every executable file for a plug-in, so there is one."""
    install()

    executable = [path.name for path in place.rglob("*.py") if path.stat().st_mode & 0o111]
    assert executable == ["overpaint-gimp.py"]


def test_the_launch_spec_says_how_to_start_the_core(install: Install, place: Path) -> None:
    """It has the command that was given, the protocol and the release of the source."""
    install()

    expected = {"argv": json.loads(CORE_ARGV), "protocol": 7, "release": "1.2.3"}
    assert expected == json.loads((place / "core.json").read_text())


def test_nothing_else_in_gimps_folder_is_touched(install: Install, gimp: Path) -> None:
    """Other plug-ins and settings stay as they are, and nothing is left beside them."""
    before = tree(gimp)

    install()

    after = tree(gimp)
    ours = "plug-ins/overpaint-gimp"
    assert before == {name: what for name, what in after.items() if not name.startswith(ours)}


def test_gimp_sees_that_the_plug_in_is_another(install: Install, source: Path, place: Path) -> None:
    """The entry gets a date of its own: GIMP asks a plug-in again only when that changed."""
    entry = source / "plugin" / "overpaint-gimp" / "overpaint-gimp.py"
    os.utime(entry, (1_000_000_000, 1_000_000_000))

    install()

    assert time.time() - 60 < (place / "overpaint-gimp.py").stat().st_mtime


def test_every_gimp_gets_the_plug_in(install: Install, gimp: Path) -> None:
    """All user folders of GIMP 3 are found; those of other versions are left alone."""
    for name in ("2.10", "3.2", "3.10"):
        (gimp.parent / name).mkdir()

    install()

    found = gimp.parent.glob("*/plug-ins/overpaint-gimp/overpaint-gimp.py")
    assert {"3.0", "3.2", "3.10"} == {path.parents[2].name for path in found}


def test_folders_can_be_named(install: Install, gimp: Path, tmp_path: Path) -> None:
    """--gimp-folder takes user folders and plug-ins folders, and then no other is used."""
    first, second = tmp_path / "A b", tmp_path / "Ç"
    first.mkdir()
    (second / "plug-ins").mkdir(parents=True)

    install("--gimp-folder", first, "--gimp-folder", second / "plug-ins", "--gimp-folder", first)

    assert (first / "plug-ins" / "overpaint-gimp" / "overpaint-gimp.py").is_file()
    assert (second / "plug-ins" / "overpaint-gimp" / "overpaint-gimp.py").is_file()
    assert not (gimp / "plug-ins" / "overpaint-gimp").exists()


def test_a_misspelt_folder_is_not_made(
    install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is named must exist."""
    before = tree(home)

    assert install("--gimp-folder", home / "GIMP" / "3.O") == 1

    assert "There is no folder" in capsys.readouterr().err
    assert before == tree(home)


def test_plug_ins_may_be_a_link(install: Install, gimp: Path, tmp_path: Path) -> None:
    """Where the plug-ins folder is a link to another one, the plug-in goes there."""
    elsewhere = tmp_path / "disk" / "plug-ins"
    elsewhere.parent.mkdir()
    (gimp / "plug-ins").rename(elsewhere)
    (gimp / "plug-ins").symlink_to(elsewhere)

    assert install() == 0

    assert (elsewhere / "overpaint-gimp" / "core.json").is_file()
    assert {"other", "overpaint-gimp"} == {path.name for path in elsewhere.iterdir()}
    assert [path.name for path in elsewhere.parent.iterdir()] == ["plug-ins"]


def test_dry_run_changes_nothing(
    install: Install, home: Path, gimp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run says what would be made, and makes nothing."""
    before = tree(home)

    assert install("--dry-run") == 0

    assert f"make {gimp / 'plug-ins' / 'overpaint-gimp'}" in capsys.readouterr().out
    assert before == tree(home)


@pytest.mark.usefixtures("gimp")
def test_quiet_says_nothing(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """With --quiet, an installation without trouble is silent."""
    assert install("--quiet") == 0

    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("gimp")
def test_the_user_learns_where_the_menu_is(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line says what to do next."""

    install()

    assert "Filters > Overpaint" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.usefixtures("gimp")
def test_a_part_of_overpaint_is_not_installed(
    install: Install, home: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A source that lacks something is refused before anything is changed."""
    (source / "plugin" / "gimpfu" / "__init__.py").unlink()
    before = tree(home)

    assert install() == 1

    assert "source-incomplete" in capsys.readouterr().err
    assert before == tree(home)


@pytest.mark.usefixtures("gimp")
def test_the_data_folder_can_be_chosen(install: Install, tmp_path: Path) -> None:
    """--data-folder says where the record (and the core) go."""

    install("--data-folder", tmp_path / "da ta")

    assert (tmp_path / "da ta" / "installation.json").is_file()


@pytest.mark.parametrize("text", ["", "core", "[]", '[""]', '"core"', '["core", 1]'])
def test_a_core_argv_that_cannot_be_started_is_refused(install: Install, text: str) -> None:
    """--core-argv takes a JSON list of strings and nothing else."""
    with pytest.raises(SystemExit) as exit_:
        install("--core-argv", text)

    assert exit_.value.code == 2


@pytest.mark.usefixtures("gimp")
def test_it_is_not_installed_for_root_by_mistake(
    install: Install, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under sudo, the installer says that it wants to be run without."""
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    before = tree(home)

    assert install() == 1

    assert before == tree(home)


@pytest.mark.usefixtures("gimp")
def test_a_defect_is_told_without_a_traceback(
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever goes wrong in the installer itself is told in a line that can be reported."""
    monkeypatch.setattr(Source, "plug_in_files", lambda _: 1 / 0)

    assert install() == 1

    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("home")
def test_the_real_source_is_complete(tmp_path: Path) -> None:
    """Installed from this checkout, the shell finds its modules and its launch spec."""
    folder = tmp_path / "gimp"
    folder.mkdir()
    command = [sys.executable, ROOT / "installer" / "install.py", "--core-argv", CORE_ARGV]
    subprocess.run([*command, "--gimp-folder", folder], cwd="/", check=True, capture_output=True)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import wire; from shell import launch; "
    code += "import json; print(json.dumps([wire.__file__, launch.argv()]))"
    place = folder / "plug-ins" / "overpaint-gimp"
    said = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, place], check=True, capture_output=True, text=True
    )

    expected = [str(place / "wire" / "__init__.py"), json.loads(CORE_ARGV)]
    assert expected == json.loads(said.stdout)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "installer").glob("*.py")), ids=lambda path: path.name
)
def test_the_installer_is_written_for_python_3_9(path: Path) -> None:
    """Any Python from 3.9 on can read every module, and none imports a third party."""
    module = ast.parse(path.read_text(), feature_version=(3, 9))

    names = {
        name
        for node in ast.walk(module)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    tops = {name.split(".")[0] for name in names}
    assert tops <= {*sys.stdlib_module_names, "installer"}


def test_a_python_that_is_far_too_old_is_told_so() -> None:
    """The entry says what it needs before it imports anything that such a Python cannot read."""
    entry = ROOT / "installer" / "install.py"
    code = f"import runpy, sys; sys.version_info = (3, 6, 9); runpy.run_path({str(entry)!r})"

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert done.returncode == 1
    assert "needs Python 3.9 or newer, and this is Python 3.6" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_error_has_a_code_of_its_own_and_is_drawn() -> None:
    """The tree at the top of errors.py is the tree of classes."""
    classes = [getattr(errors, name) for name in errors.__all__]
    drawn = [line.split()[0] for line in (errors.__doc__ or "").splitlines() if line[:4] == "    "]

    assert set(errors.__all__) == set(drawn)
    assert len(classes) == len({each.code for each in classes})
