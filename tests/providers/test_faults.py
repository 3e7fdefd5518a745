"""Whatever goes wrong on the way, for every provider: one documented error, or the right result."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from tests.servers import Server
from tests.servers.faults import FAULTS, Fault, redirected
from tests.servers.vendors import VENDORS, Vendor

from overpaint import runner
from overpaint.errors import OverpaintError, ProviderFailed, Unexpected
from overpaint.geometry import Box
from overpaint.picture import Source
from overpaint.providers.base import Timeouts
from overpaint.recipe import Edit, Recipe
from overpaint.runner import Begun, Made, Retries

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REGION = Box(0, 0, 160, 128)
SHORT = Timeouts(connect=5.0, send=5.0, answer=2.0, total=4.0)
QUICK = Retries(deadline=1.0, first_wait=0.05, longest_wait=0.1, unreachable=1)
LIMIT = 15.0
"""Seconds in which every fault must be over: the longest time limit, with time for the work."""


@dataclass
class Kept:
    """A recorder that keeps what came."""

    pictures: list[bytes] = field(default_factory=list)
    ended: list[tuple[str | None, bool]] = field(default_factory=list)

    def begin(self, begun: Begun) -> None: ...

    def submitted(self, number: int, shot: int, remote_id: str) -> None: ...

    def candidate(self, _number: int, _shot: int, data: bytes) -> None:
        self.pictures.append(data)

    def usage(self, number: int, usage: Any) -> None: ...

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        self.ended.append((error and error.code, cancelled))


def source() -> Source:
    rng = np.random.default_rng(1)
    small = rng.integers(40, 210, (17, 21, 3)).astype(np.uint8)
    pixels = np.kron(small, np.ones((8, 8, 1), np.uint8))[: REGION.height, : REGION.width]
    selection = np.zeros((REGION.height, REGION.width), np.uint8)
    selection[40:80, 50:100] = 255
    return Source(np.dstack([pixels, np.full(selection.shape, 255, np.uint8)]), selection)


def edit(vendor: Vendor, url: str, kept: Kept, retries: Retries = QUICK) -> list[Made]:
    async def run() -> list[Made]:
        provider = vendor.provider(url, SHORT)
        recipe = Recipe(edit=Edit.INPAINT, prompt="a door", provider=vendor.name, seed=5)
        running = runner.run(recipe, REGION, source(), provider, recorder=kept, retries=retries)
        async with running as events:
            return [event async for event in events if isinstance(event, Made)]

    return anyio.run(run)


@pytest.fixture(
    params=[
        pytest.param(vendor, id=vendor.name, marks=pytest.mark.xdist_group(f"faults-{vendor.name}"))
        for vendor in VENDORS
    ]
)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return request.param


def struck(vendor: Vendor, fault: Fault, act: Callable[[Server], None]) -> Server:
    with vendor.server() as server:
        server.fault, server.fault_at = fault, vendor.strikes(fault)
        started = time.monotonic()
        act(server)
        assert time.monotonic() - started < LIMIT
    return server


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_one_error_or_the_right_result(vendor: Vendor, fault: Fault) -> None:
    """In time, with a sentence and a hint; nothing lost, and nothing asked twice that may cost."""
    kept = Kept()

    def act(server: Server) -> None:
        if fault.fine:
            assert len(edit(vendor, server.url, kept)) == 1
            assert kept.ended == [(None, False)]
            return
        with pytest.raises(ProviderFailed) as caught:
            edit(vendor, server.url, kept)
        check(caught.value)
        assert kept.ended == [(caught.value.code, False)]

    server = struck(vendor, fault, act)

    assert server.struck >= 1, "the fault never struck"
    if not (fault.repeatable or fault.fine or vendor.looks_twice):
        assert server.struck == 1, "asked again although it may have been charged"
    if fault.fine or "picture" in fault.name or fault.name == "png-bomb":
        assert kept.pictures or not fault.fine


def check(error: OverpaintError) -> None:
    assert not isinstance(error, Unexpected)
    assert error.sentence.endswith((".", "…", ")", "!", "?")), error.sentence
    assert error.hint, error.sentence
    assert "Traceback" not in str(error)
    assert "test-key-marked" not in str(error) + repr(error)
    assert not re.search(r"<html|<!doctype", str(error), re.IGNORECASE)


def test_a_server_that_is_not_there_is_said_so(vendor: Vendor) -> None:
    """Nothing listens: the error says that nothing was sent."""
    with vendor.server() as server:
        url = server.url

    with pytest.raises(ProviderFailed) as caught:
        edit(vendor, url, Kept())

    assert caught.value.code == "unreachable"
    check(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_never_carries_the_key_to_another_host(vendor: Vendor, status: int) -> None:
    """The other host hears nothing at all."""
    with vendor.server() as other:
        fault = redirected(status, other.url.replace("127.0.0.1", "localhost"))

        def act(server: Server) -> None:
            with pytest.raises(ProviderFailed) as caught:
                edit(vendor, server.url, Kept())
            check(caught.value)

        struck(vendor, fault, act)

        assert not other.requests


def test_cancelling_a_stalled_request_returns_at_once(vendor: Vendor) -> None:
    """Within 0.3 s, and the server sees the connection closed."""
    stall = next(fault for fault in FAULTS if fault.name == "stall")

    async def cancel(server: Server) -> float:
        provider = vendor.provider(server.url, Timeouts())
        recipe = Recipe(edit=Edit.INPAINT, prompt="a door", provider=vendor.name, seed=5)
        async with runner.run(recipe, REGION, source(), provider):
            with anyio.fail_after(10):
                while not server.struck:  # noqa: ASYNC110, the server is in another thread
                    await anyio.sleep(0.01)
            await anyio.sleep(0.1)
            started = anyio.current_time()
        return anyio.current_time() - started

    with vendor.server() as server:
        server.fault, server.fault_at = stall, vendor.strikes(stall)
        took = anyio.run(cancel, server)
        for _ in range(100):
            if server.closed:
                break
            time.sleep(0.02)

    assert took < 0.3
    assert server.closed >= 1


BOMBS = ("gzip-bomb", "png-bomb")


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_not_fill_the_memory(vendor: Vendor, name: str) -> None:
    """What unpacks to gigabytes stays below one, measured in a process of its own."""
    code = (
        "import re, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import pytest\n"
        "from tests.providers.test_faults import Kept, edit\n"
        "from tests.servers.vendors import VENDORS\n"
        "from overpaint.errors import ProviderFailed\n"
        f"vendor = next(v for v in VENDORS if v.name == {vendor.name!r})\n"
        "try:\n"
        "    edit(vendor, sys.argv[1], Kept())\n"
        "except ProviderFailed as error:\n"
        "    status = open('/proc/self/status').read()\n"
        "    print(error.code, re.search(r'VmHWM:\\s+(\\d+)', status)[1])\n"
    )
    fault = next(fault for fault in FAULTS if fault.name == name)
    with vendor.server() as server:
        server.fault, server.fault_at = fault, vendor.strikes(fault)
        done = subprocess.run(
            [sys.executable, "-c", code, server.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.stdout, done.stderr[-2000:]
    _, peak = done.stdout.split()
    assert int(peak) * 1024 < 1 << 30
