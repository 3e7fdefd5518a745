"""Which Python the core gets, and what is said where making its environment fails."""

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from installer.errors import CoreProblem, CoreSilent, PackagesFailed, PythonTooOld, VenvMissing
from installer.interpreters import Interpreter
from installer.say import Say
from installer.source import Source

from installer import environment, interpreters

ROOT = Path(__file__).parents[2]
Put = Callable[..., Path]


@pytest.fixture
def running(python_program: Put, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Let the installer run on a Python of this version."""

    def put(*version: int, complete: bool = True) -> Path:
        path = python_program("the-running-one", version, complete=complete)
        monkeypatch.setattr(sys, "executable", str(path))
        return path

    return put


def test_the_running_python_is_taken(running: Put, python_program: Put) -> None:
    """Where it will do, no other is looked for."""
    path = running(3, 11, 2)
    python_program("python3.14", (3, 14, 0))

    assert Interpreter(str(path), (3, 11, 2), True) == interpreters.choose()


def test_an_old_python_finds_a_newer_one(running: Put, python_program: Put) -> None:
    """The newest on PATH is taken; one that only prints an error is passed over."""
    running(3, 9, 18)
    python_program("python3.12", (3, 12, 1))
    path = python_program("python3.13", (3, 13, 0))
    python_program("python3.14", (3, 14, 0)).write_text("#!/bin/sh\necho not here\nexit 127\n")

    assert str(path) == interpreters.choose().path


def test_without_a_newer_python_it_says_what_to_install(running: Put) -> None:
    """The sentence names both versions."""
    running(3, 9, 18)

    with pytest.raises(PythonTooOld, match=r"needs Python 3\.11 or newer"):
        interpreters.choose()


def test_debians_missing_package_is_named(running: Put) -> None:
    """Debian's Python comes without what makes environments; the package has its version."""
    running(3, 13, 5, complete=False)

    with pytest.raises(VenvMissing) as caught:
        interpreters.choose()

    assert "ensurepip is missing" in caught.value.sentence
    assert "sudo apt install python3.13-venv" in caught.value.hint


def test_a_complete_python_is_preferred(running: Put, python_program: Put) -> None:
    """Nothing needs to be installed where another Python has all that is needed."""
    running(3, 13, 5, complete=False)
    path = python_program("python3.11", (3, 11, 2))

    assert str(path) == interpreters.choose().path


def test_this_python_can_answer() -> None:
    """The question put to every Python is answered by a real one."""
    found = interpreters.choose()

    assert sys.version_info[:3] == found.version


def test_the_core_and_the_installer_agree() -> None:
    """The oldest Python for the core is the one in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert ">=" + ".".join(map(str, interpreters.MINIMUM)) == project["requires-python"]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("ERROR: ... NewConnectionError ... Connection refused", "Check the network"),
        ("ERROR: No matching distribution found for numpy>=2.0", "Check the network"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "Free some"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("x Building wheel for numpy did not run successfully.", "try another"),
        ("ERROR: something else", "Then run this again."),
    ],
)
def test_pips_last_lines_are_shown_with_what_to_do(
    said: str, hint: str, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    """Without its many others; the hint fits the cause."""
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    pip = f"for n in range(50): print('line', n)\nprint({said!r})\nsys.exit('pip' in sys.argv)\n"
    program("python-and-pip", pip).rename(folder / "bin" / "python")
    python = Interpreter(str(program("any-python", "")), (3, 13, 0), makes_environments=True)

    with pytest.raises(PackagesFailed) as caught:
        environment.make(folder, python, Source(tmp_path, "1.2.3", 7), Say(quiet=True))

    assert said in caught.value.sentence
    assert "line 49" in caught.value.sentence
    assert "line 30" not in caught.value.sentence
    assert hint in caught.value.hint


def test_a_python_that_cannot_make_environments(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    """Where it fails although all modules are there, its own words are shown."""
    path = program("python", "sys.exit('Error: no symbolic links here')\n")
    python = Interpreter(str(path), (3, 13, 0), makes_environments=True)

    with pytest.raises(VenvMissing, match="no symbolic links here"):
        environment.make(tmp_path / "venv", python, Source(tmp_path, "1", 1), Say(quiet=True))


@pytest.mark.parametrize(
    ("core", "words"),
    [
        ("sys.exit('libGL.so.1: cannot open shared object file')", "libGL.so.1"),
        ("print('Welcome!')", "speaks otherwise"),
    ],
)
def test_a_core_that_does_not_say_hello_is_not_installed(
    core: str, words: str, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    """pip may be content with libraries that do not load here."""
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    code = f"if 'overpaint.serve' in sys.argv:\n    {core}\n"
    program("python-and-core", code).rename(folder / "bin" / "python")
    python = Interpreter(str(program("any-python", "")), (3, 13, 0), makes_environments=True)

    with pytest.raises(CoreSilent, match=words):
        environment.make(folder, python, Source.at(ROOT), Say(quiet=True))


def test_settings_that_lead_astray_are_not_passed_on(
    tmp_path: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHONPATH would let pip leave out what another program has; the proxy is pip's business."""
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'w').write(repr(dict(os.environ)))\nsys.exit(1)\n"
    python = Interpreter(str(program("python", code)), (3, 13, 0), makes_environments=True)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "http://localhost/simple")

    with pytest.raises(CoreProblem):
        environment.make(tmp_path / "venv", python, Source(tmp_path, "1", 1), Say(quiet=True))

    assert "/elsewhere" not in seen.read_text()
    assert "http://localhost/simple" in seen.read_text()


@pytest.mark.parametrize("well", [True, False])
@pytest.mark.usefixtures("gimp")
def test_the_check_up_ends_the_installation(
    well: bool,
    install: Callable[..., int],
    program: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`overpaint doctor` is run; where it is not content, the exit status is 3."""

    def make(folder: Path, *_: object) -> None:
        (folder / "bin").mkdir(parents=True)
        code = f"print('doctor says', sys.argv[1:])\nsys.exit({int(not well)})\n"
        program("overpaint", code).rename(folder / "bin" / "overpaint")

    monkeypatch.setattr(environment, "make", make)

    assert (0 if well else 3) == install(core=True)

    said = capsys.readouterr()
    assert "doctor says ['doctor']" in said.out
    assert well == ("found something to mend" not in said.err)
