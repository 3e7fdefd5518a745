"""A user with a private HOME, a small Overpaint to install, and GIMPs and Pythons that only act."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installer import cli

PYTHON = sys.executable  # the real one, also where a test changes it
CORE_ARGV = '["/usr/local/some core", "--serve"]'

FILES = {
    "pyproject.toml": "",
    "core/overpaint/__init__.py": '__version__ = "1.2.3"\n',
    "core/overpaint/serve.py": "",
    "core/overpaint/wire/__init__.py": "",
    "core/overpaint/wire/connection.py": "PROTOCOL = 7\n",
    "core/overpaint/wire/__pycache__/connection.cpython-313.pyc": "",
    "plugin/gimpfu/__init__.py": "",
    "plugin/gimpfu/gimp3/__init__.py": "",
    "plugin/overpaint-gimp/overpaint-gimp.py": "#!/usr/bin/env python3\n",
    "plugin/overpaint-gimp/shell/__init__.py": "",
    "plugin/overpaint-gimp/shell/commands.py": "",
    "plugin/overpaint-gimp/shell/__pycache__/commands.cpython-313.pyc": "",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small Overpaint, release 1.2.3, that can be installed."""
    root = tmp_path / "source of Übermalung"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME, with nothing on PATH and no setting that leads elsewhere."""
    home = tmp_path / "Größe und Raum"
    home.mkdir()
    others = ("OVERPAINT_CONFIG", "GIMP3_DIRECTORY", "SUDO_USER")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", *others):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return home


@pytest.fixture
def gimp(home: Path) -> Path:
    """The user folder of a GIMP 3.0 that was started before, with another plug-in in it."""
    folder = home / ".config" / "GIMP" / "3.0"
    other = folder / "plug-ins" / "other" / "other.py"
    other.parent.mkdir(parents=True)
    other.write_text("#!/usr/bin/env python3\n")
    other.chmod(0o755)
    (folder / "gimprc").write_text("(undo-levels 7)\n")
    return folder


@pytest.fixture
def place(gimp: Path) -> Path:
    """Where the plug-in belongs."""
    return gimp / "plug-ins" / "overpaint-gimp"


@pytest.fixture
def data(home: Path) -> Path:
    """Where the core and the record belong."""
    return home / ".local" / "share" / "overpaint"


@pytest.fixture
def install(source: Path, home: Path) -> Callable[..., int]:
    """Run the installer; it starts the core by CORE_ARGV unless `core=True`."""
    assert home.is_dir()

    def run(*options: str | Path, core: bool = False) -> int:
        given = [] if core or "--uninstall" in options else ["--core-argv", CORE_ARGV]
        return cli.main([*given, *map(str, options)], root=source)

    return run


@pytest.fixture
def program(tmp_path: Path, home: Path) -> Callable[[str, str], Path]:
    """Put a program on PATH, written in Python; it sees HOME as `home`."""

    def put(name: str, code: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        start = f"#!{PYTHON}\nimport os, sys\nhome = {os.fspath(home)!r}\n"
        path.write_text(start + code)
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def gimp_program(program: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Put a GIMP on PATH that says its version, and makes its folder when it is started."""

    def put(release: str, name: str = "gimp-console", *, makes: str | None = None) -> Path:
        folder = makes or f".config/GIMP/{release.rsplit('.', 1)[0]}"
        return program(
            name,
            "if '--version' in sys.argv:\n"
            f"    sys.exit(print('GNU Image Manipulation Program version {release}'))\n"
            "assert '--no-interface' in sys.argv and '--quit' in sys.argv\n"
            f"folder = os.path.join(home, {folder!r})\n"
            "os.makedirs(folder, exist_ok=True)\n"
            "open(os.path.join(folder, 'gimprc'), 'w').close()\n",
        )

    return put


@pytest.fixture
def python_program(program: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Put a Python on PATH that answers the installer's question about it."""

    def put(name: str, version: tuple[int, ...], *, complete: bool = True) -> Path:
        path = program(name, "")
        answer = json.dumps([str(path), version, complete])
        return program(name, f"print({answer!r})\n")

    return put
