"""The whole way once, with a real environment and pip: install, fail, interrupt, update, remove."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.installer.trees import tree
from tests.lab.host import passed_on_environment

from overpaint import wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
INSTALLER = [sys.executable, str(ROOT / "installer" / "install.py")]


@dataclass
class User:
    """Someone with a private HOME, a GIMP 3.0 that was started before, and pip's usual settings."""

    home: Path

    @property
    def gimp(self) -> Path:
        return self.home / ".config" / "GIMP" / "3.0"

    @property
    def place(self) -> Path:
        return self.gimp / "plug-ins" / "overpaint-gimp"

    @property
    def environments(self) -> list[Path]:
        return list((self.home / ".local" / "share" / "overpaint" / "venv").iterdir())

    def environment(self, **more: str) -> dict[str, str]:
        cache = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
        settings = {"PIP_CACHE_DIR": cache, **passed_on_environment()}
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], **settings, **more}

    def install(self, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*INSTALLER, *options],
            cwd="/",
            env=self.environment(**more),
            check=False,
            capture_output=True,
            text=True,
        )

    def typed(self, *arguments: str) -> str:
        """What the command line prints that the installer has left."""
        program = self.home / ".local" / "share" / "overpaint" / "bin" / "overpaint"
        done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    def hello(self) -> str:
        """The release that the core says, started as the shell starts it."""
        spec = json.loads((self.place / "core.json").read_text())
        ours = wire.Connection("test")
        said = subprocess.run(
            spec["argv"], input=b"".join(ours.hello()), check=True, capture_output=True
        )
        ours.receive(said.stdout)
        ours.next_message()
        assert ours.peer is not None
        assert spec["protocol"] == ours.peer.protocol
        assert spec["release"] == ours.peer.release
        return ours.peer.release


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Has Overpaint installed; the tests follow each other in the order of this file."""
    user = User(tmp_path_factory.mktemp("whole") / "Ann Müller")
    (user.gimp / "brushes").mkdir(parents=True)
    done = user.install()
    assert done.returncode == 0, done.stdout + done.stderr
    return user


def test_installing(user: User) -> None:
    """The core says hello when it is started by the launch spec, and a terminal can start it."""
    assert user.hello()
    assert user.typed("--version")


def test_an_update_without_network(user: User) -> None:
    """pip fails with its own words; the installation of before still works."""
    before, environments = tree(user.gimp), user.environments
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}

    done = user.install(**nowhere)

    assert done.returncode == 1
    assert "No matching distribution found" in done.stderr
    assert "Check the network" in done.stderr
    assert before == tree(user.gimp)
    assert environments == user.environments
    assert user.hello()


@pytest.mark.parametrize("pause", [0.5, 2.0, 5.0])
def test_an_update_that_is_interrupted(user: User, pause: float) -> None:
    """Whenever it is ended, all that it started ends too, and nothing of it is left."""
    before, environments = tree(user.gimp), user.environments
    process = subprocess.Popen(
        INSTALLER,
        env=user.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert "Making the core's environment" in process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()

    assert process.returncode == 130
    assert "Interrupted" in said
    assert before == tree(user.gimp)
    assert environments == user.environments
    assert user.hello()


def test_an_update(user: User) -> None:
    """The new core is another one, and the old one is gone."""
    environments = user.environments

    done = user.install("--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(user.environments) == 1
    assert environments != user.environments
    assert user.hello()
    assert user.typed("--version")


def test_uninstalling(user: User) -> None:
    """Nothing of Overpaint is left in HOME, and GIMP's folder is as it was."""
    done = user.install("--uninstall")

    assert done.returncode == 0
    assert tree(user.gimp) == {"brushes": "folder"}
    assert not (user.home / ".local").exists()
