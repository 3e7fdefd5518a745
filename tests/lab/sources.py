"""Finds the Debian mirror the host itself uses, in apt's two source file formats."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FALLBACK_MIRROR = "http://deb.debian.org/debian"

# A mirror's main archive ends in /debian; -security, -backports archives and other vendors' do not.
_MAIN_ARCHIVE = re.compile(r"^(https?|file)://\S*/debian/?$")
_SHORT_ENTRY = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s")


def host_mirror(apt_folder: Path = Path("/etc/apt")) -> str:
    """The address of the main Debian archive this host installs from."""
    for uri in _configured(apt_folder):
        if _MAIN_ARCHIVE.match(uri):
            return uri.rstrip("/")
    return FALLBACK_MIRROR


def _configured(apt_folder: Path) -> Iterator[str]:
    short = [apt_folder / "sources.list", *sorted(apt_folder.glob("sources.list.d/*.list"))]
    for path in short:
        if path.is_file():
            yield from uris_of_list(path.read_text())
    for path in sorted(apt_folder.glob("sources.list.d/*.sources")):
        yield from uris_of_sources(path.read_text())


def uris_of_list(text: str) -> list[str]:
    """The addresses in a one-line-style `.list` file."""
    matches = (_SHORT_ENTRY.match(line.strip()) for line in text.splitlines())
    return [match[1] for match in matches if match]


def uris_of_sources(text: str) -> list[str]:
    """The addresses in a deb822-style `.sources` file, disabled stanzas left out."""
    uris: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        uris += fields.get("uris", "").split()
    return uris


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            key, _, value = line.partition(":")
            name = key.strip().lower()
            fields[name] = value.strip()
    return fields
