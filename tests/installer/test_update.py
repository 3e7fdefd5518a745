"""Installing over an older version: the old works until the new is complete."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installer.errors import PackagesFailed
from tests.installer.trees import tree

from installer import environment, interpreters

Install = Callable[..., int]


@pytest.fixture
def installed(install: Install, place: Path, home: Path) -> dict[str, object]:
    """Overpaint 1.2.3 is installed; returns HOME as it is then."""
    assert install() == 0
    assert place.is_dir()
    return tree(home)


@pytest.fixture
def made_environments(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Environments are made in no time, of one file; returns those that were made."""
    made: list[Path] = []

    def make(folder: Path, *_: object) -> None:
        folder.mkdir()
        (folder / "pyvenv.cfg").touch()
        made.append(folder)

    python = interpreters.Interpreter("python3", (3, 13, 0), makes_environments=True)
    monkeypatch.setattr(interpreters, "choose", lambda: python)
    monkeypatch.setattr(environment, "make", make)
    monkeypatch.setattr(environment, "check_up", lambda *_: True)
    return made


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/some/file")


def new_release(source: Path) -> None:
    (source / "core" / "overpaint" / "__init__.py").write_text('__version__ = "1.3.0"\n')
    (source / "plugin" / "overpaint-gimp" / "shell" / "commands.py").unlink()
    (source / "plugin" / "overpaint-gimp" / "shell" / "menu.py").touch()


@pytest.mark.usefixtures("installed")
def test_an_older_version_is_replaced_whole(install: Install, source: Path, place: Path) -> None:
    """Files that the new release no longer has are gone, those that it brought are there."""
    new_release(source)

    assert install() == 0

    assert {"__init__.py", "menu.py"} == {path.name for path in (place / "shell").iterdir()}
    assert json.loads((place / "core.json").read_text())["release"] == "1.3.0"


def test_installing_again_is_no_change(
    install: Install, home: Path, installed: dict[str, object]
) -> None:
    """The same release over itself leaves the same files and nothing else."""
    assert install() == 0

    assert installed == tree(home)


@pytest.mark.usefixtures("installed")
def test_folders_of_before_are_updated_too(
    install: Install, source: Path, place: Path, tmp_path: Path
) -> None:
    """A GIMP that is not named this time would otherwise lose its core."""
    new_release(source)

    install("--gimp-folder", tmp_path)

    assert json.loads((place / "core.json").read_text())["release"] == "1.3.0"


def test_a_full_disk_leaves_the_old_version(
    install: Install,
    source: Path,
    home: Path,
    installed: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where copying fails in the middle, everything is as it was."""
    new_release(source)
    copied, copyfile = [], shutil.copyfile

    def copy(path: Path, target: Path) -> None:
        copied.append(copyfile(path, target))
        if len(copied) == 4:
            full_disk()

    monkeypatch.setattr(shutil, "copyfile", copy)

    assert install() == 1

    assert installed == tree(home)
    said = capsys.readouterr().err
    assert "No space left on device: /some/file" in said
    assert "Free some space" in said


def test_a_plug_ins_folder_that_is_none_leaves_all_others(
    install: Install, source: Path, home: Path, gimp: Path, installed: dict[str, object]
) -> None:
    """Where one of several GIMPs cannot be installed into, none is changed."""
    assert installed
    new_release(source)
    second = gimp.with_name("3.2")
    second.mkdir()
    (second / "plug-ins").touch()
    before = tree(home)

    assert install() == 1

    assert before == tree(home)


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
@pytest.mark.usefixtures("installed")
def test_a_rename_that_fails_is_taken_back(
    failing: int,
    install: Install,
    source: Path,
    home: Path,
    gimp: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever step of putting two copies into their places fails, both are as before."""
    gimp.with_name("3.2").mkdir()
    install()
    before = tree(home)
    new_release(source)
    rename, renamed = Path.rename, []

    def limited(path: Path, target: Path) -> Path:
        renamed.append(path)
        if len(renamed) == failing:
            full_disk()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", limited)

    assert install() == 1

    assert before == tree(home)


@pytest.mark.parametrize("failure", [PackagesFailed("No.", "Wait."), KeyboardInterrupt()])
@pytest.mark.usefixtures("made_environments")
@pytest.mark.usefixtures("gimp")
def test_a_core_that_cannot_be_made_leaves_the_old_one(
    failure: BaseException,
    install: Install,
    source: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pip that fails, or a user who gives up, leaves the plug-in and its core as they were."""
    assert install(core=True) == 0
    before = tree(home)
    new_release(source)

    def half(folder: Path, *_: object) -> None:
        (folder / "lib").mkdir(parents=True)
        raise failure

    monkeypatch.setattr(environment, "make", half)

    status = install(core=True)

    assert (130 if isinstance(failure, KeyboardInterrupt) else 1) == status
    assert before == tree(home)


@pytest.mark.usefixtures("gimp")
def test_a_first_installation_that_fails_leaves_nothing(
    install: Install, home: Path, monkeypatch: pytest.MonkeyPatch, made_environments: list[Path]
) -> None:
    """Also the folders that were made for it are gone."""
    before = tree(home)

    def half(folder: Path, *_: Any) -> None:
        folder.mkdir()
        made_environments.append(folder)
        raise PackagesFailed("No.", "Wait.")

    monkeypatch.setattr(environment, "make", half)

    assert install(core=True) == 1

    assert made_environments
    assert before == tree(home)


def test_the_core_of_before_goes_when_the_new_one_is_there(
    install: Install, place: Path, data: Path, made_environments: list[Path]
) -> None:
    """The launch spec names the new environment, and the old one is removed."""
    install(core=True)
    install(core=True)

    old, new = made_environments
    assert [new] == list((data / "venv").iterdir())
    assert old != new
    expected = [str(new / "bin" / "python"), "-I", "-m", "overpaint.serve"]
    assert expected == json.loads((place / "core.json").read_text())["argv"]


@pytest.mark.usefixtures("gimp")
def test_a_core_of_before_that_cannot_be_removed_stays_known(
    install: Install,
    data: Path,
    made_environments: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The installation succeeds, says what was left, and the next one tries again."""
    install(core=True)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", full_disk)
        patch.setattr("time.sleep", lambda _: None)

        assert install(core=True) == 0

    assert f"{made_environments[0]} could not be removed" in capsys.readouterr().err

    install(core=True)

    assert made_environments[2:] == list((data / "venv").iterdir())


@pytest.mark.usefixtures("place")
def test_a_lost_record_is_no_loss(
    install: Install, data: Path, made_environments: list[Path]
) -> None:
    """Without it, or with rubbish in it, the core of before is known from the launch spec."""
    install(core=True)
    (data / "installation.json").write_text('{"release": 3')

    install(core=True)

    assert made_environments[1:] == list((data / "venv").iterdir())


def test_what_a_killed_installer_left_is_tidied(
    install: Install, home: Path, gimp: Path, installed: dict[str, object]
) -> None:
    """Half a copy from before does no harm and is gone afterwards."""
    (gimp / ".overpaint-gimp.new" / "shell").mkdir(parents=True)
    (gimp / ".overpaint-gimp.old").mkdir()

    assert install() == 0

    assert installed == tree(home)


def test_killed_between_two_renames(
    install: Install,
    home: Path,
    gimp: Path,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: dict[str, object],
) -> None:
    """Where only the version put aside is left, a failing installation brings it back."""
    place.rename(gimp / ".overpaint-gimp.old")
    monkeypatch.setattr(shutil, "copyfile", full_disk)

    assert install() == 1

    assert installed == tree(home)
