"""Unpacks the Debian systems that carry GIMP 3.0 and 3.2 into the cache folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import host
from .errors import LabUnavailable
from .homes import user_folder
from .lock import exclusive
from .releases import PACKAGES, RELEASES, Release, cache_folder
from .sandbox import Sandbox
from .sources import host_mirror

Say = Callable[[str], None]

# Suites age on mirrors that keep a snapshot: a Release file past its date is no fault here.
_APT = (
    "apt-get",
    "-q",
    "-o",
    "Acquire::Check-Valid-Until=false",
    "-o",
    "APT::Sandbox::User=root",
    "-o",
    "Acquire::Retries=3",
    "-o",
    "Dpkg::Options::=--force-unsafe-io",
)
_PROBE = (
    "import os,subprocess,sys;"
    "words = subprocess.run(['gimp-console', '--version'], capture_output=True, text=True).stdout;"
    "print(words.split()[-1]);"
    "print(os.path.realpath(sys.executable))"
)


@dataclass(frozen=True)
class Installed:
    """What a finished system holds; written last, so it is the stamp of a complete one."""

    release: str
    python: str
    packages: tuple[str, ...]


class Place:
    """The files of one version in the cache folder."""

    def __init__(self, version: str, cache: Path | None = None) -> None:
        self.version = version
        self.cache = cache or cache_folder()
        self.root = self.cache / version
        self.unpacking = self.cache / f"{version}.unpacking"
        self.registry = self.cache / f"{version}.pluginrc"
        self.stamp = self.cache / f"{version}.json"
        self.log = self.cache / f"{version}.log"
        self.lock = self.cache / "lock"

    def installed(self) -> Installed | None:
        """What is there, or None where it is missing, unfinished or lacks a package."""
        try:
            values = json.loads(self.stamp.read_text())
            found = Installed(values["release"], values["python"], tuple(values["packages"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        parts = self.root.is_dir() and self.registry.is_file()
        return found if parts and set(PACKAGES) <= set(found.packages) else None


def provision(version: str, say: Say = print, cache: Path | None = None) -> Installed:
    """Make GIMP `version` ready in the cache folder; returns at once where it is."""
    place = Place(version, cache)
    if found := place.installed():
        return found
    host.require_root()
    host.architecture()
    with exclusive(place.lock, say):
        if found := place.installed():  # another run finished it meanwhile
            return found
        host.install_missing_tools(say)
        if not place.root.is_dir():
            unpack(place, RELEASES[version], say)
        install(place, say)
        warm_up(place, say)
        return record(place)


def unpack(place: Place, release: Release, say: Say) -> None:
    """Step 1: a minimal Debian, under a temporary name until it is whole."""
    mirror = host_mirror()
    require_mirror(mirror, release.suite)
    say(f"{release.version}: unpacking Debian {release.suite} (half a minute)")
    if place.unpacking.exists():
        shutil.rmtree(place.unpacking)
    command = [
        "debootstrap",
        f"--arch={host.architecture()}",
        "--variant=minbase",
        "--include=ca-certificates",
        release.suite,
        str(place.unpacking),
        mirror,
    ]
    scripts = Path(os.environ.get("DEBOOTSTRAP_DIR", "/usr/share/debootstrap")) / "scripts"
    if not (scripts / release.suite).exists():
        # The host is older than the suite; the unstable one's script fits every newer suite.
        command.append(str(scripts / "sid"))
    # A mount and process namespace of its own: what debootstrap mounts and starts goes away
    # with it, also when it is killed half way.
    isolation = [host.bubblewrap(), "--dev-bind", "/", "/", "--proc", "/proc"]
    _logged(place, [*isolation, "--unshare-pid", "--die-with-parent", "--", *command])
    place.unpacking.rename(place.root)


def install(place: Place, say: Say) -> None:
    """Step 2: GIMP and what tests need. Killed half way, dpkg takes up where it stopped."""
    say(f"{place.version}: installing GIMP (one or two minutes)")
    _administer(place, "dpkg", "--configure", "-a")
    _administer(place, *_APT, "update")
    _administer(place, *_APT, "install", "-y", "--no-install-recommends", *PACKAGES)
    _administer(place, *_APT, "clean")
    for lists in (place.root / "var" / "lib" / "apt" / "lists").iterdir():
        if lists.is_file():
            lists.unlink()


def warm_up(place: Place, say: Say) -> None:
    """Step 3: keep GIMP's registry of its own plug-ins, to spare each new HOME the query."""
    say(f"{place.version}: starting GIMP once")
    # On a display, as some of them cannot be asked without one.
    start = ["xvfb-run", "-a", "gimp-console", "-nic", "--quit"]
    start += ["--batch-interpreter", "python-fu-eval", "-b", "pass"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        done = Sandbox(place.root, home).run(start, check=False)
        registry = user_folder(home, place.version) / "pluginrc"
        if done.returncode or not registry.is_file():
            place.log.write_text(f"{done.stdout}\n{done.stderr}")
            raise LabUnavailable(
                f"GIMP {place.version} was installed but does not run here.",
                f"What it said is in {place.log}.",
            )
        draft = place.registry.with_suffix(".pluginrc.new")
        shutil.copyfile(registry, draft)
        draft.replace(place.registry)


def record(place: Place) -> Installed:
    """Step 4: ask the new system what it is, and write the stamp."""
    with tempfile.TemporaryDirectory() as home:
        done = Sandbox(place.root, Path(home)).run(["python3", "-c", _PROBE])
    release, python = done.stdout.split()
    found = Installed(release, python, PACKAGES)
    draft = place.stamp.with_suffix(".json.new")
    draft.write_text(json.dumps(vars(found), indent=1) + "\n")
    draft.replace(place.stamp)
    return found


def require_mirror(mirror: str, suite: str) -> None:
    """Fail early, in words, when the mirror cannot be reached or lacks the suite."""
    address = f"{mirror}/dists/{suite}/Release"
    try:
        with urllib.request.urlopen(address, timeout=30):
            pass
    except (urllib.error.URLError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise LabUnavailable(
            f"The Debian mirror does not hand out {address} ({reason}).",
            "Check the network, http_proxy, and the mirror in /etc/apt.",
        ) from error


def _administer(place: Place, *command: str) -> None:
    """Run a command as administrator of the unpacked system."""
    line = [host.bubblewrap(), "--bind", str(place.root), "/", "--proc", "/proc", "--dev", "/dev"]
    line += ["--perms", "1777", "--tmpfs", "/tmp", "--unshare-pid", "--die-with-parent"]
    for path in host.network_paths():
        line += ["--ro-bind", str(path.resolve()), str(path)]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        **host.passed_on_environment(),
    }
    _logged(place, [*line, "--", *command], environment)


def _logged(place: Place, command: list[str], environment: dict[str, str] | None = None) -> None:
    with place.log.open("a") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        status = subprocess.run(
            command,
            env=environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ).returncode
    if status:
        lines = place.log.read_text(errors="replace").strip().splitlines()
        errors = [line for line in lines[-40:] if line.startswith("E:")] or lines
        raise LabUnavailable(
            f"Setting up GIMP {place.version} stopped with status {status}: {errors[-1].strip()}",
            f"The log is {place.log}; run again to go on, or delete {place.root} to start over.",
        )
