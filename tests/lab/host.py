"""What this machine can do for the lab, and the settings of its network to pass on inside."""

from __future__ import annotations

import configparser
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

# The programs the lab calls on the host, and the Debian package of each.
TOOLS = {"debootstrap": "debootstrap", "bwrap": "bubblewrap"}

# What `platform.machine()` says, and Debian's name for it.
ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
}

_PASSED_ON = re.compile(r"^((https?|no|all|ftp)_proxy|PIP_.+)$", re.IGNORECASE)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PIP_SOURCES = {"find-links", "index-url", "extra-index-url", "cert", "client-cert", "constraint"}


def architecture() -> str:
    """Debian's name of this machine's processor."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise LabUnavailable(
            f"There is no Debian with GIMP 3 for this machine's processor ({machine}).",
            f"Run the lab on one of: {', '.join(ARCHITECTURES)}.",
        )
    return ARCHITECTURES[machine]


def require_root() -> None:
    """Unpacking a Debian system creates device files and owners, which only root may."""
    if os.geteuid() != 0:
        raise LabUnavailable(
            "Setting up the lab needs root.",
            "Run `sudo python3 -m tests.lab`, or install GIMP 3 on this machine.",
        )


def bubblewrap() -> str:
    """Where `bwrap` is; its own PATH is that of the system inside, so it is called by path."""
    return shutil.which("bwrap") or "bwrap"


def install_missing_tools(say: Callable[[str], None]) -> None:
    """Install the programs the lab calls, where they are not there yet."""
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if not missing:
        return
    names = " and ".join(missing)
    if shutil.which("apt-get") is None:
        raise LabUnavailable(
            f"The lab needs {names}, and this machine has no apt-get to install them.",
            f"Install {names} by this machine's own means, then run again.",
        )
    say(f"installing {names} on this machine")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (
        ["update"],
        # The keys by which the newer suites are signed may be newer than this machine.
        ["install", "-y", "--no-install-recommends", *missing, "debian-archive-keyring"],
    ):
        done = subprocess.run(
            ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise LabUnavailable(
                f"apt-get {arguments[0]} failed on this machine: {reason[0]}",
                f"Check its network and apt sources, or install {names} by hand.",
            )


def passed_on_environment() -> dict[str, str]:
    """The host's proxy, certificate and pip settings, so that pip inside works as outside."""
    found = {
        name: value
        for name, value in os.environ.items()
        if _PASSED_ON.match(name) or name in _CERTIFICATES
    }
    # Inside, HOME is another one, where pip does not find the user's settings by itself.
    if "PIP_CONFIG_FILE" not in found and (settings := _user_settings_of_pip()):
        found["PIP_CONFIG_FILE"] = str(settings)
    return found


def network_paths() -> list[Path]:
    """Host files and folders that name resolution and TLS need, to be seen inside too."""
    wanted = [Path("/etc/resolv.conf"), Path("/etc/hosts"), Path("/etc/ssl/certs")]
    wanted += [Path(os.environ[name]) for name in _CERTIFICATES if os.environ.get(name)]
    return _existing(wanted)


def passed_on_paths() -> list[Path]:
    """`network_paths()` and what pip needs: its settings and the local folders they name."""
    environment = passed_on_environment()
    settings = [Path("/etc/pip.conf")]
    if chosen := environment.get("PIP_CONFIG_FILE"):
        settings.append(Path(chosen))
    options = [(name[4:], value) for name, value in environment.items() if name[:4] == "PIP_"]
    for path in settings:
        options += _options_of(path)
    return _existing([*network_paths(), *settings, *local_paths(options)])


def local_paths(options: list[tuple[str, str]]) -> list[Path]:
    """The local folders and files that pip options name, as absolute paths or file:// URLs."""
    found: list[Path] = []
    for name, value in options:
        if name.lower().replace("_", "-") not in _PIP_SOURCES:
            continue
        for word in value.split():
            if word.startswith(("file://", "/")):
                path = Path(unquote(urlsplit(word).path))
                # An index lists files that lie beside it, by convention beside `simple`.
                found.append(path.parent if path.name == "simple" else path)
    return found


def _user_settings_of_pip() -> Path | None:
    candidates = (Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf")
    return next((path for path in candidates if path.is_file()), None)


def _options_of(path: Path) -> list[tuple[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
    except configparser.Error:
        return []  # pip will say it better than the lab could
    return [option for section in parser.sections() for option in parser.items(section)]


def _existing(paths: list[Path]) -> list[Path]:
    """Each path once, and none that lies inside another: binding the outer one shows both."""
    kept: list[Path] = []
    for path in sorted({path.absolute() for path in paths}, key=lambda each: len(each.parts)):
        if path.exists() and not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return kept
