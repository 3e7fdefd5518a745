"""What all tests share: the plug-in's modules importable, and no network but loopback."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from pytest_socket import socket_allow_hosts

import overpaint.wire

ROOT = Path(__file__).parent.parent

# As in the installed plug-in's folder, where gimpfu, shell and wire lie beside each other.
sys.path[:0] = [str(ROOT), str(ROOT / "plugin"), str(ROOT / "plugin" / "overpaint-gimp")]
sys.modules["wire"] = overpaint.wire

from tests import lab  # noqa: E402, it is found by the line above


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    # Not disable_socket: the servers that tests start need sockets of their own.
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, keys and history of nobody: what a test writes is its own."""
    # Not its mktemp, which looks through all the folders before for the next number.
    own = Path(tempfile.mkdtemp(prefix="own-", dir=tmp_path_factory.getbasetemp()))
    for variable, name in (("OVERPAINT_CONFIG", "config"), ("OVERPAINT_DATA", "data")):
        (own / name).mkdir()
        monkeypatch.setenv(variable, str(own / name))
    monkeypatch.setenv("LANGUAGE", "en")  # what tests compare, whatever the tester speaks
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_AUTH")):
            monkeypatch.delenv(name)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what shares fixtures run in one worker, and what takes longest begin first.

    Windows of one GIMP come one after the other: they wait most of their time, and measure how fast
    it reacts. Other tests of a file share a worker for each GIMP; a file may group its tests
    otherwise, by marks of its own.
    """
    for item in items:
        values = getattr(item, "callspec", None) and item.callspec.params.values()  # type: ignore[attr-defined]
        gimps = [str(value) for value in values or () if str(value).startswith(lab.VERSIONS)]
        if item.get_closest_marker("window"):
            item.add_marker(pytest.mark.xdist_group(f"window-{'-'.join(gimps)}"))
        elif not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(f"{item.path}-{'-'.join(gimps)}"))
    items.sort(key=_kind)


def _kind(item: pytest.Item) -> int:
    """Windows wait most of their time, and real GIMPs come in the longest groups."""
    kinds = ("window", "gimp", "slow")
    return next((at for at, kind in enumerate(kinds) if item.get_closest_marker(kind)), len(kinds))
