"""The core's own virtual environment: made, filled by pip, and heard to say hello."""

import contextlib
import importlib.util
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Sequence, Tuple

from .errors import CoreSilent, PackagesFailed, VenvMissing
from .interpreters import Interpreter
from .say import Say
from .source import Source

__all__ = ["argv", "check_up", "has", "make", "new_folder", "program"]

_HELLO_SECONDS = 120  # the first start compiles every module
_TAIL = 12

# Of pip's many lines, the ones that tell a waiting user what takes so long.
_TELLING = re.compile(r"\s*(Downloading|Using cached|Installing collected packages)\b.*")

# What pip draws around what it has to say.
_FRAME = re.compile(r"\s*([╰│]|note: |\[end of output\]|error: subprocess-exited).*")

_NETWORK = (
    "Check the network. pip's own settings are honoured: a proxy (https_proxy), another index "
    "(PIP_INDEX_URL), a folder of downloaded wheels (PIP_FIND_LINKS)."
)
_OTHER_PYTHON = "The packages may not be ready for this Python; try another, such as 3.13."
# What is said when it fails, and what the user can do. The first that is found counts.
_HINTS = {
    "No space left": "Free some space: the core needs about 500 MB.",
    "CERTIFICATE_VERIFY_FAILED|SSLError": "Where a proxy replaces certificates, set PIP_CERT "
    "to its certificate file.",
    "ConnectionError|ProxyError|Timeout|name resolution|Connection (refused|reset)": _NETWORK,
    "No matching distribution": f"{_NETWORK} {_OTHER_PYTHON}",
    r"Python\.h|did not run successfully": _OTHER_PYTHON,
}


def new_folder(parent: Path, release: str) -> Path:
    """Return a path in *parent* that nothing has yet: an environment cannot be moved later."""
    name = f"{release}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
    return next(parent / each for each in names if not (parent / each).exists())


def argv(folder: Path) -> List[str]:
    """Return the command that starts the core of this environment."""
    return [str(_program(folder, "python")), "-I", "-m", "overpaint.serve"]


def program(folder: Path) -> Path:
    """Return the command line of this environment."""
    return _program(folder, "overpaint")


def has(folder: Path, package: str) -> bool:
    """Return whether a package is installed in this environment."""
    places = ("lib*/python*/site-packages", "Lib/site-packages")
    return any(any(folder.glob(f"{place}/{package}")) for place in places)


def make(
    folder: Path,
    interpreter: Interpreter,
    source: Source,
    say: Say,
    extras: Sequence[str] = (),
) -> None:
    """Make the environment in *folder*; raises a CoreProblem, and may leave half of it."""
    status, tail = _run([interpreter.path, "-I", "-m", "venv", str(folder)])
    if status:
        raise VenvMissing(
            _with_tail(f"{interpreter} could not make a virtual environment", tail),
            _hint(tail, "On Debian, Ubuntu and Mint, install the package python3-venv."),
        )
    # A URL, because pip would take brackets in a path for something else.
    more = f"[{','.join(extras)}]" if extras else ""
    requirement = f"overpaint{more} @ {source.root.resolve().as_uri()}"
    options = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
    pip = [str(_program(folder, "python")), "-m", "pip", "install", *options, requirement]
    status, tail = _run(pip, lambda line: _tell(line, say))
    if status:
        raise PackagesFailed(
            _with_tail("pip could not install the core's packages", tail), _hint(tail, "")
        )
    _greet(argv(folder), source)


def check_up(folder: Path, say: Say) -> bool:
    """Have the installed core look at itself and its surroundings; whether all is well."""
    say.step("Checking.")
    lines: List[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        say.detail(line)

    status, _ = _run([str(_program(folder, "overpaint")), "doctor"], hear)
    if status and say.quiet:
        say.warn("\n".join(lines))
    return status == 0


def _program(folder: Path, program: str) -> Path:
    if sys.platform == "win32":
        return folder / "Scripts" / f"{program}.exe"
    return folder / "bin" / program


def _greet(command: Sequence[str], source: Source) -> None:
    """Start the core as the shell will, and hear its hello; raises CoreSilent."""
    hint = "Run this again; if it stays so, please report it with these lines."
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_HELLO_SECONDS,
            env=_surroundings(),
        )
    except subprocess.TimeoutExpired:
        raise CoreSilent(
            f"The core was installed, but said nothing for {_HELLO_SECONDS} seconds.", hint
        ) from None
    wire = _wire(source)
    connection = wire.Connection(source.release)
    try:
        connection.receive(done.stdout)
        connection.next_message()
    except wire.ProtocolError as error:
        raise CoreSilent(f"The core was installed, but speaks otherwise: {error}.", hint) from error
    if connection.peer is None:
        tail = done.stderr.decode("utf-8", "replace").splitlines()[-_TAIL:]
        raise CoreSilent(_with_tail("The core was installed, but does not start", tail), hint)


def _wire(source: Source) -> Any:
    # As a package of its own, as the shell has it: the whole core needs a newer Python.
    found = sys.modules.get("overpaint_wire")
    if found is not None:
        return found
    spec = importlib.util.spec_from_file_location(
        "overpaint_wire",
        source.wire / "__init__.py",
        submodule_search_locations=[str(source.wire)],
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["overpaint_wire"] = module
    spec.loader.exec_module(module)
    return module


def _run(
    command: Sequence[str], each_line: Callable[[str], None] = lambda _: None
) -> Tuple[int, List[str]]:
    """Run a command, hand on each line that it prints; its status and its last lines."""
    tail: Deque[str] = deque(maxlen=_TAIL)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=_surroundings(),
            start_new_session=True,  # so that it can be ended with all that it started
        )
    except OSError as error:
        tail.append(f"{command[0]}: {error.strerror}")
        each_line(tail[0])
        return 127, list(tail)
    with process:
        assert process.stdout is not None
        try:
            for line in map(str.rstrip, process.stdout):
                if line and not _FRAME.fullmatch(line):
                    tail.append(line[:300])
                    each_line(line)
        except BaseException:
            _end(process)
            raise
    return process.returncode, list(tail)


def _end(process: "subprocess.Popen[str]") -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _surroundings() -> Dict[str, str]:
    # Settings that would lead the packages, or Python, past the new environment.
    astray = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN")
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return {**kept, "PIP_USER": "0", "PYTHONUTF8": "1"}


def _tell(line: str, say: Say) -> None:
    if _TELLING.fullmatch(line):
        short = line.strip()
        say.detail(short if len(short) < 100 else f"{short[:96]} ...")


def _hint(tail: Sequence[str], otherwise: str) -> str:
    said = "\n".join(tail)
    fitting = (hint for pattern, hint in _HINTS.items() if re.search(pattern, said, re.IGNORECASE))
    return f"{next(fitting, otherwise)} Then run this again.".strip()


def _with_tail(sentence: str, tail: Sequence[str]) -> str:
    if not tail:
        return f"{sentence}."
    return "\n".join([f"{sentence}. It said:", *(f"  {line}" for line in tail)])
