"""Which GIMPs are found, and what is said where none is."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.installer.trees import tree

from installer import places

Install = Callable[..., int]
Put = Callable[..., Path]


def installed(home: Path) -> set[str]:
    """The user folders that have the plug-in, relative to HOME."""
    return {
        str(path.parents[2].relative_to(home)) for path in home.rglob("overpaint-gimp/core.json")
    }


def test_without_a_gimp_it_says_what_to_do(
    install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is changed; the hint names both ways on."""
    assert install() == 1

    said = capsys.readouterr().err
    assert "No GIMP 3 was found" in said
    assert "--gimp-folder" in said
    assert tree(home) == {}


def test_gimp_2_is_named(
    install: Install, home: Path, gimp_program: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has only an older GIMP is told that it is too old."""
    gimp_program("2.10.34", "gimp")
    (home / ".config" / "GIMP" / "2.10").mkdir(parents=True)

    assert install() == 1

    assert "only GIMP 2.10 was found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sign", "name"), [(".var/app/org.gimp.GIMP", "Flatpak"), ("snap/gimp", "Snap")]
)
def test_a_packaging_that_cannot_start_a_core_is_named(
    sign: str, name: str, install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is installed where it could not work."""
    (home / sign).mkdir(parents=True)

    assert install() == 1

    assert f"Only GIMP from {name} was found" in capsys.readouterr().err
    assert set() == installed(home)


@pytest.mark.usefixtures("gimp")
def test_flatpak_beside_a_gimp_that_works_is_mentioned(
    install: Install, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other GIMP is installed into, and the user knows why the Flatpak's is not."""
    (home / ".var" / "app" / "org.gimp.GIMP").mkdir(parents=True)

    assert install() == 0

    assert "Flatpak" in capsys.readouterr().err
    assert {".config/GIMP/3.0"} == installed(home)


def test_gimp_that_was_never_started_makes_its_own_folder(
    install: Install, home: Path, gimp_program: Put
) -> None:
    """It is started once, so that it takes over older settings before the plug-in comes."""
    gimp_program("3.0.4")

    assert install() == 0

    assert {".config/GIMP/3.0"} == installed(home)
    assert (home / ".config" / "GIMP" / "3.0" / "gimprc").exists()


@pytest.mark.usefixtures("gimp")
def test_a_newer_gimp_that_was_never_started_gets_it_too(
    install: Install, home: Path, gimp_program: Put
) -> None:
    """After an update of GIMP, the older one's folder is not taken for its own."""
    gimp_program("3.2.6")

    assert install() == 0

    assert {".config/GIMP/3.0", ".config/GIMP/3.2"} == installed(home)


def test_a_folder_that_gimp_has_still_to_make_can_be_named(
    install: Install, home: Path, gimp_program: Put
) -> None:
    """Named with --gimp-folder, it is made by its GIMP as well; others are left alone."""
    gimp_program("3.0.4")
    gimp_program("3.2.6", "gimp-console-3.2")
    folder = home / ".config" / "GIMP" / "3.2"

    assert install("--gimp-folder", folder) == 0

    assert (folder / "gimprc").exists()
    assert (folder / "plug-ins" / "overpaint-gimp").is_dir()
    assert not (folder.parent / "3.0").exists()


def test_dry_run_starts_no_gimp(
    install: Install, home: Path, gimp_program: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that it would."""
    gimp_program("3.0.4")

    assert install("--dry-run") == 0

    assert "gimp-console once" in capsys.readouterr().out
    assert tree(home) == {}


def test_gimp_that_makes_no_folder_is_told_of(
    install: Install, home: Path, gimp_program: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user is asked to start it."""
    gimp_program("3.0.4", makes="elsewhere")

    assert install() == 1

    assert "Start GIMP once, then run this again." in capsys.readouterr().err
    assert set() == installed(home)


@pytest.mark.usefixtures("gimp")
def test_a_broken_gimp_is_passed_over(
    install: Install, home: Path, program: Callable[[str, str], Path]
) -> None:
    """A program of that name that fails to say its version does not stop the installation."""
    program("gimp", "sys.exit('cannot open display')\n")
    program("gimp-console-3.0", "print('GIMP three')\n")

    assert install() == 0

    assert {".config/GIMP/3.0"} == installed(home)


def test_gimp_is_started_by_its_console_program(
    install: Install, home: Path, gimp_program: Put, program: Callable[[str, str], Path]
) -> None:
    """It needs no screen; several names of one program are one GIMP."""
    console = gimp_program("3.0.4", "gimp-console-3.0")
    (console.parent / "gimp-console").symlink_to(console)
    program("gimp", "sys.exit(print('version 3.0.4') if '--version' in sys.argv else 'no screen')")

    assert install() == 0

    assert {".config/GIMP/3.0"} == installed(home)


def test_xdg_config_home_is_honoured(
    install: Install, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIMP's folder moves with it; a relative path is no path."""
    (home / "settings" / "GIMP" / "3.0").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", "settings")
    monkeypatch.chdir(home)

    assert install() == 1

    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))

    assert install() == 0
    assert {"settings/GIMP/3.0"} == installed(home)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.usefixtures("gimp")
def test_gimp3_directory_is_honoured(
    absolute: bool, install: Install, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIMP then reads no other folder, and takes a relative one from HOME."""
    (home / "my gimp").mkdir()
    monkeypatch.setenv("GIMP3_DIRECTORY", str(home / "my gimp") if absolute else "my gimp")

    assert install() == 0

    assert {"my gimp"} == installed(home)


def test_xdg_data_home_is_honoured(
    install: Install, home: Path, gimp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record and the core go there."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))

    install()

    record = json.loads((home / "data" / "overpaint" / "installation.json").read_text())
    assert [str(gimp / "plug-ins" / "overpaint-gimp")] == record["plug-ins"]


@pytest.mark.parametrize(
    ("system", "gimps", "data"),
    [
        ("linux", ".config/GIMP", ".local/share/overpaint"),
        (
            "darwin",
            "Library/Application Support/GIMP",
            "Library/Application Support/overpaint",
        ),
        ("win32", "AppData/Roaming/GIMP", "AppData/Local/overpaint"),
    ],
)
def test_every_system_has_its_places(
    system: str, gimps: str, data: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where GIMP looks for plug-ins, and where a user's programs keep their data."""
    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", system)

    assert home / gimps == places.places()[0].base
    assert home / data == places.data_folder()
