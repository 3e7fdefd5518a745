"""All vendors' servers, with what it takes to edit through each: for tests that hold for all."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.a1111 import A1111Server
from tests.servers.base import Server
from tests.servers.comfyui import ComfyServer
from tests.servers.faults import Fault
from tests.servers.gateway import GatewayServer
from tests.servers.gemini import Gemini
from tests.servers.openai import OpenAIServer
from tests.servers.seedream import SeedreamServer

from overpaint.providers import registry
from overpaint.providers.base import Provider, Setup, Timeouts

__all__ = ["VENDORS", "Vendor"]

KEY = "test-key-marked-1"


@dataclass(frozen=True)
class Vendor:
    """*job*: the paths of requests that make pictures; *base*: what follows the server's root in
    a base URL; *pictures*: the paths of those that bring them, where they are others.

    *looks_twice*: a request that a fault strikes may be asked for again because it makes nothing.
    """

    name: str
    server: Callable[[], Server]
    job: str
    base: str = ""
    pictures: str = ""
    looks_twice: bool = False
    model: str | None = None
    key: str = KEY
    options: dict[str, Any] = field(default_factory=dict)

    def provider(self, url: str, timeouts: Timeouts) -> Provider:
        setup = Setup(
            base_url=url + self.base,
            key=self.key if registry.entry(self.name).keys else None,
            model=self.model,
            options=self.options,
            timeouts=timeouts,
        )
        return registry.get(self.name, setup)

    def makes(self, method: str, path: str) -> bool:
        """Whether such a request makes a picture, and so may cost something."""
        return method == "POST" and bool(re.search(self.job, path))

    def strikes(self, fault: Fault) -> Callable[[str, str], bool]:
        """Return which requests *fault* meets: those that bring what it damages."""
        about_pictures = fault.act.__qualname__.startswith(("_picture", "_whitespace"))
        wanted = re.compile(self.pictures if about_pictures and self.pictures else self.job)
        return lambda _method, path: bool(wanted.search(path))


VENDORS = [
    Vendor("gemini", Gemini, r":(generateContent|streamGenerateContent)$"),
    Vendor("openai", OpenAIServer, r"/images/(edits|generations)$", base="/v1"),
    Vendor(
        "gateway",
        GatewayServer,
        r"/chat/completions$",
        base="/v1",
        model="painter",
        options={"route": "chat"},
    ),
    Vendor("seedream", SeedreamServer, r"/images/generations$", base="/api/v3"),
    Vendor("a1111", A1111Server, r"/sdapi/v1/(img2img|txt2img)$", key=f"me:{KEY}"),
    Vendor("comfyui", ComfyServer, r"/prompt$", pictures=r"/view$"),
]
