"""--uninstall removes what was made, and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.installer.trees import tree

from installer import environment, interpreters

Install = Callable[..., int]


@pytest.fixture(autouse=True)
def _environments_of_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path, *_: object) -> None:
        folder.mkdir()
        (folder / "pyvenv.cfg").touch()

    python = interpreters.Interpreter("python3", (3, 13, 0), makes_environments=True)
    monkeypatch.setattr(interpreters, "choose", lambda: python)
    monkeypatch.setattr(environment, "make", make)
    monkeypatch.setattr(environment, "check_up", lambda *_: True)


def test_home_is_as_it_was(install: Install, home: Path, gimp: Path) -> None:
    """After installing, updating and uninstalling, every file and folder is as before."""
    (gimp.parent / "3.2").mkdir()  # without a plug-ins folder
    before = tree(home)
    install(core=True)
    install(core=True)

    assert before != tree(home)
    assert install("--uninstall") == 0
    assert before == tree(home)


@pytest.mark.usefixtures("gimp")
def test_it_can_be_repeated(
    install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is installed, it says so and succeeds."""
    install(core=True)
    install("--uninstall")
    before = tree(home)
    capsys.readouterr()

    assert install("--uninstall") == 0

    assert install("--uninstall", "--dry-run") == 0

    assert capsys.readouterr().out == "Overpaint is not installed here.\n" * 2
    assert before == tree(home)


def test_it_says_what_it_removed(
    install: Install, place: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each folder is named."""
    install()
    capsys.readouterr()

    install("--uninstall")

    said = capsys.readouterr().out.splitlines()
    assert f"Removed {place}" in said
    assert f"Removed {data}" in said


@pytest.mark.usefixtures("gimp")
def test_the_users_own_data_stays(
    install: Install, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Overpaint kept for the user, such as results, is not the installer's to remove."""
    install(core=True)
    (data / "history").mkdir()
    (data / "history" / "result.png").touch()

    install("--uninstall")

    assert {"history", "history/result.png"} == set(tree(data))
    assert f"Kept {data}" in capsys.readouterr().out


def test_dry_run_removes_nothing(
    install: Install, home: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run it only says what would go."""
    install(core=True)
    before = tree(home)

    assert install("--uninstall", "--dry-run") == 0

    assert f"Would remove {place}" in capsys.readouterr().out
    assert before == tree(home)


def test_a_copy_that_gimp_made_goes_too(install: Install, gimp: Path) -> None:
    """A newer GIMP takes over the older one's folder, with our plug-in in it."""
    install(core=True)
    newer = gimp.with_name("3.2")
    shutil.copytree(gimp, newer)

    install("--uninstall")

    assert not (newer / "plug-ins" / "overpaint-gimp").exists()
    assert (newer / "plug-ins" / "other").exists()


@pytest.mark.usefixtures("gimp")
def test_it_does_without_its_record(install: Install, home: Path, data: Path) -> None:
    """Where the record is lost, plug-ins and core are found by the launch specs."""
    install(core=True)
    (data / "installation.json").unlink()

    install("--uninstall")

    left = {name for name in tree(home) if "overpaint" in name}
    assert left <= {".local/share/overpaint", ".local/share/overpaint/venv"}


def test_what_is_gone_already_is_no_trouble(install: Install, gimp: Path, data: Path) -> None:
    """The user may have removed a GIMP's folder, or the core, by hand."""
    install(core=True)
    shutil.rmtree(gimp)
    shutil.rmtree(data / "venv")

    assert install("--uninstall") == 0

    assert not data.exists()


def test_a_record_cannot_make_it_remove_anything_else(
    install: Install, home: Path, place: Path, data: Path
) -> None:
    """Only folders of the names that the installer gives are ever removed whole."""
    install(core=True)
    mine = home / "Pictures"
    (mine / "plug-ins").mkdir(parents=True)
    (mine / "holiday.xcf").touch()
    record = json.loads((data / "installation.json").read_text())
    for name in ("plug-ins", "environments", "folders"):
        record[name] += [str(mine), str(mine / "plug-ins"), str(home), f"{data}/venv/.."]
    (data / "installation.json").write_text(json.dumps(record))

    assert install("--uninstall") == 0

    assert not place.exists()
    assert (mine / "holiday.xcf").exists()


def test_what_cannot_be_removed_stays_known(
    install: Install,
    place: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It fails with a sentence, the rest is removed, and trying again ends it."""
    install(core=True)
    rename = Path.rename

    def busy(path: Path, target: Path) -> Path:
        if path == place:
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", busy)

        assert install("--uninstall") == 1

    assert f"Permission denied: {place}" in capsys.readouterr().err
    assert not list((data / "venv").iterdir())
    assert place.is_dir()

    assert install("--uninstall") == 0

    assert not place.exists()
    assert not data.exists()


def test_another_installation_is_left_alone_and_named(
    install: Install, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plug-in whose core lies in another data folder is not this installation's."""
    install("--data-folder", tmp_path / "other", core=True)

    assert install("--uninstall") == 0

    assert f"{place} is of another installation" in capsys.readouterr().err
    assert place.is_dir()


def test_a_developers_link_is_unlinked_only(install: Install, place: Path, source: Path) -> None:
    """Where the plug-in's place is a link into a checkout, the checkout survives."""
    checkout = source / "plugin" / "overpaint-gimp"
    place.symlink_to(checkout)
    before = tree(checkout)

    install()

    assert not place.is_symlink()
    assert before == tree(checkout)
