"""The command line that the installer leaves, and that it goes with the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.installer.trees import tree

from installer import environment, interpreters

Install = Callable[..., int]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The extras of each environment that is made; each has a program that can be started."""
    extras: list[tuple[str, ...]] = []

    def make(
        folder: Path, _python: object, _source: object, _say: object, wanted: tuple[str, ...]
    ) -> None:
        extras.append(wanted)
        packages = folder / "lib" / "python3.13" / "site-packages"
        packages.mkdir(parents=True)
        for name in wanted:
            (packages / name).mkdir()
        (folder / "bin").mkdir()
        (folder / "bin" / "overpaint").write_text("#!/bin/sh\n")

    python = interpreters.Interpreter("python3", (3, 13, 0), makes_environments=True)
    monkeypatch.setattr(interpreters, "choose", lambda: python)
    monkeypatch.setattr(environment, "make", make)
    monkeypatch.setattr(environment, "check_up", lambda *_: True)
    return extras


@pytest.mark.usefixtures("made", "gimp")
def test_it_leads_to_the_core_that_is_in_use(
    install: Install, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also after an update; where it is, is said at the end."""
    install(core=True)
    first = (data / "bin" / "overpaint").resolve()
    install(core=True)
    second = (data / "bin" / "overpaint").resolve()

    assert first != second
    assert second.is_file()
    assert str(data / "bin" / "overpaint") in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.usefixtures("made", "gimp")
def test_it_goes_where_another_core_is_used(install: Install, data: Path) -> None:
    """A launcher that leads nowhere is none."""
    install(core=True)
    install()

    assert not (data / "bin").exists()


@pytest.mark.usefixtures("made", "gimp")
def test_a_shell_finds_it_where_there_is_a_place_for_it(
    install: Install,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """~/.local/bin gets a link if it is there and on PATH; uninstalling takes it away."""
    folder = home / ".local" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folder))
    before = tree(home)
    install(core=True)

    assert (folder / "overpaint").resolve().is_file()
    assert "In a terminal: overpaint --help" in capsys.readouterr().out
    install(core=True)
    assert (folder / "overpaint").resolve().is_file()
    install("--uninstall")
    assert before == tree(home)


@pytest.mark.usefixtures("made", "gimp")
def test_what_is_not_ours_is_left_alone(
    install: Install, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name stays, and so does a folder that is not on PATH."""
    folder = home / ".local" / "bin"
    folder.mkdir(parents=True)
    install(core=True)
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("PATH", str(folder))
    (folder / "overpaint").write_text("another")
    install(core=True)
    install("--uninstall")

    assert (folder / "overpaint").read_text() == "another"


@pytest.mark.usefixtures("gimp")
def test_a_keyring_that_was_wanted_once_stays(
    install: Install, made: list[tuple[str, ...]]
) -> None:
    """An update without the option has it as well: the keys are in it."""
    install(core=True)
    install("--keyring", core=True)
    install(core=True)

    assert made == [(), ("keyring",), ("keyring",)]


@pytest.mark.usefixtures("made", "gimp")
def test_uninstalling_names_what_it_keeps(
    install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of settings and keys is named, too."""
    install(core=True)
    config = home / ".config" / "overpaint"
    config.mkdir()
    install("--uninstall")

    assert config.is_dir()
    assert f"Kept {config}" in capsys.readouterr().out
