"""A HOME in which the plug-in is installed, with a core that runs from this checkout.

The core's libraries are installed once per GIMP and kept beside the lab; its own code always
comes from here. (That the real installer does all this by itself is tested in tests/installer.)
"""

import hashlib
import json
import shutil
import sys
import tomllib
from pathlib import Path

from tests import lab
from tests.lab.lock import exclusive
from tests.lab.releases import cache_folder

from overpaint import wire

ROOT = Path(__file__).parents[2]
SERVE = "import sys; sys.path.insert(0, {!r}); from overpaint.serve import main; main()"


def core_argv(gimp: lab.Gimp, code: str = SERVE.format(str(ROOT / "core"))) -> list[str]:
    """The command that starts a core where this GIMP runs, by default Overpaint's own."""
    if gimp.root is None:
        return [sys.executable, "-I", "-c", code]
    # What is compiled for GIMP's Python cannot lie beside the code, which is only to be read there.
    compiled = f"pycache_prefix={compiled_folder(gimp)}"
    return [str(libraries(gimp) / "bin" / "python"), "-I", "-X", compiled, "-c", code]


def compiled_folder(gimp: lab.Gimp) -> Path:
    """Where GIMP's Python keeps what it compiles of this checkout."""
    folder = cache_folder() / f"compiled-{gimp.version}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def libraries(gimp: lab.Gimp) -> Path:
    """A virtual environment with what the core needs, made where it is missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = project["dependencies"]
    mark = hashlib.sha256(json.dumps([needed, gimp.release]).encode()).hexdigest()[:12]
    place = cache_folder() / f"core-{gimp.version}-{mark}"
    with exclusive(cache_folder() / "core.lock"):
        if not (place / "ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            home = place / "home"
            sandbox = gimp.sandbox(home, binds=[place], network=True)
            sandbox.run([gimp.python, "-m", "venv", place], timeout=300)
            sandbox.run([place / "bin" / "pip", "install", "-q", *needed], timeout=900)
            shutil.rmtree(home)
            (place / "ready").touch()
    return place


def install(gimp: lab.Gimp, home: Path, argv: list[str] | None = None) -> Path:
    """Put the plug-in into HOME, with *argv* as its core; return the plug-in's folder."""
    gimp.prepare(home)
    folder = gimp.user_folder(home) / "plug-ins" / "overpaint-gimp"
    shutil.copytree(ROOT / "plugin" / "overpaint-gimp", folder, ignore=_caches)
    shutil.copytree(ROOT / "plugin" / "gimpfu", folder / "gimpfu", ignore=_caches)
    shutil.copytree(ROOT / "core" / "overpaint" / "wire", folder / "wire", ignore=_caches)
    spec = {"argv": argv or core_argv(gimp), "protocol": wire.PROTOCOL}
    (folder / "core.json").write_text(json.dumps(spec))
    return folder


def room(gimp: lab.Gimp, home: Path, *, network: bool = False, **env: str) -> lab.Sandbox:
    """The sandbox of such a HOME: the checkout and the libraries to be read.

    *network*: whether it shares this machine's, with the servers that tests start on it.
    """
    shown = [ROOT] if gimp.root is None else [ROOT, libraries(gimp)]
    kept = [] if gimp.root is None else [compiled_folder(gimp)]
    return gimp.sandbox(home, binds=kept, read_only=shown, env=env, network=network)


_caches = shutil.ignore_patterns("__pycache__")
