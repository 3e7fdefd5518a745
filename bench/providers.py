"""What talking to providers costs besides the providers, against servers on this machine.

    python -m bench.providers

Three ratios, each against a baseline of the same run: four candidates of a server that takes 3 s
each, against one; the bytes that leave for a selection of 1024x1024 in a picture of 24 megapixels,
against the whole picture sent the same way (as a file, or as text); and how long cancelling a
stalled request takes.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
from aiohttp import web
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.servers.faults import FAULTS, Fault  # noqa: E402, it is found by the line above
from tests.servers.vendors import VENDORS, Vendor  # noqa: E402

from overpaint import runner  # noqa: E402
from overpaint.codec import encode_png  # noqa: E402
from overpaint.geometry import Box, Extent  # noqa: E402
from overpaint.picture import Source  # noqa: E402
from overpaint.plan import make_plan  # noqa: E402
from overpaint.providers.base import Timeouts  # noqa: E402
from overpaint.recipe import Edit, Recipe  # noqa: E402
from overpaint.runner import Finished, Made  # noqa: E402

SECONDS = 3.0
RECIPE = Recipe(edit=Edit.INPAINT, prompt="a wooden door", seed=3)
MEGAPIXELS = Extent(6000, 4000)
SELECTION = Box(2400, 1400, 1024, 1024)
CANCELS = 7


def main() -> None:
    print(f"{'':10}{'1 candidate':>14}{'4 at once':>12}{'ratio':>8}   goal at most 1.15")
    for vendor in VENDORS:
        concurrency = vendor.provider("http://127.0.0.1:9", Timeouts()).capabilities.concurrency
        if concurrency < 4:
            print(f"{vendor.name:10}takes {concurrency} at once")
            continue
        one, four = (anyio.run(seconds_for, vendor, count) for count in (1, 4))
        print(f"{vendor.name:10}{one:13.2f}s{four:11.2f}s{four / one:8.2f}")

    picture = photograph()
    whole = len(encode_png(picture))
    print(f"\n24 MP as PNG: {whole:,} bytes, in the text of JSON a third more")
    head = f"{'region':>12}{'bytes sent':>13}{'the whole':>13}{'share':>8}"
    print(f"{'':10}{head}   goal under 6 %")
    for vendor in VENDORS:
        region, sent, as_text = anyio.run(bytes_for, vendor, picture)
        same_way = whole * 4 // 3 if as_text else whole
        extent = f"{region.width}x{region.height}"
        print(f"{vendor.name:10}{extent:>12}{sent:13,}{same_way:13,}{sent / same_way:8.2%}")

    print(f"\n{'':10}{'cancelled in':>14}   goal at most 0.3 s, worst of {CANCELS}")
    for vendor in VENDORS:
        took = [anyio.run(seconds_to_cancel, vendor) for _ in range(CANCELS)]
        print(f"{vendor.name:10}{statistics.median(took):12.3f} s, worst {max(took):.3f} s")


def photograph() -> np.ndarray:
    """Return 24 megapixels as a camera takes them: large shapes and the noise of a sensor."""
    rng = np.random.default_rng(5)
    small = Image.fromarray(rng.integers(0, 255, (160, 240, 3)).astype(np.uint8))
    smooth = np.asarray(small.resize((6000, 4000), Image.Resampling.BICUBIC), np.int16)
    noise = rng.normal(0, 2.5, (4000, 6000, 1)).astype(np.int16)
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def small_source() -> tuple[Box, Source]:
    region = Box(0, 0, 160, 128)
    selection = np.zeros((128, 160), np.uint8)
    selection[40:80, 50:100] = 255
    y, x = np.mgrid[:128, :160]
    pixels = np.stack([x, y, x + y, np.full_like(x, 255)], axis=2).astype(np.uint8)
    return region, Source(pixels, selection)


async def _late(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    await asyncio.sleep(SECONDS)
    return await handler(request)


async def seconds_for(vendor: Vendor, count: int) -> float:
    """Return how long *count* candidates take of a server that needs three seconds for each."""
    region, source = small_source()
    late = Fault("late", _late)
    with vendor.server() as server:
        server.fault, server.fault_at = late, vendor.strikes(late)
        provider = vendor.provider(server.url, Timeouts())
        started = time.monotonic()
        recipe = replace(RECIPE, provider=vendor.name, count=count)
        async with runner.run(recipe, region, source, provider) as events:
            made = [event async for event in events if isinstance(event, Made)]
        assert len(made) == count
        return time.monotonic() - started


async def bytes_for(vendor: Vendor, picture: np.ndarray) -> tuple[Box, int, bool]:
    """Return the region of the selection, how many bytes left for it, and whether as text."""
    with vendor.server() as server:
        provider = vendor.provider(server.url, Timeouts())
        recipe = replace(RECIPE, provider=vendor.name)
        sizes = provider.capabilities.sizes
        region = make_plan(recipe, SELECTION, MEGAPIXELS, sizes).region
        selection = np.zeros((region.height, region.width), np.uint8)
        selection[SELECTION.moved(-region.x, -region.y).slices] = 255
        opaque = np.full((region.height, region.width, 1), 255, np.uint8)
        source = Source(np.concatenate((picture[region.slices], opaque), axis=2), selection)
        sent = 0
        async with runner.run(recipe, region, source, provider) as events:
            async for event in events:
                if isinstance(event, Finished):
                    sent = event.sent
        largest = max(server.requests, key=lambda request: len(request.body))
        return region, sent, len(largest.body) > sent // 4


async def seconds_to_cancel(vendor: Vendor) -> float:
    """Return how long it takes from cancelling a stalled request until all is quiet."""
    region, source = small_source()
    stall = next(fault for fault in FAULTS if fault.name == "stall")
    with vendor.server() as server:
        server.fault, server.fault_at = stall, vendor.strikes(stall)
        provider = vendor.provider(server.url, Timeouts())
        recipe = replace(RECIPE, provider=vendor.name)
        async with runner.run(recipe, region, source, provider):
            while not server.struck:  # noqa: ASYNC110, the server is in another thread
                await anyio.sleep(0.01)
            await anyio.sleep(0.1)
            started = time.monotonic()
        return time.monotonic() - started


if __name__ == "__main__":
    main()
