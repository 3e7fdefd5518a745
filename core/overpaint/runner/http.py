"""The one HTTP client of a run."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from overpaint import __version__

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["client"]


def client(sent: Callable[[int], None] = lambda _: None) -> "httpx.AsyncClient":
    """Return the one HTTP client of a run: verifies TLS, follows no redirects.

    *sent* is told the bytes of each request's body.
    """
    import httpx

    async def count(request: httpx.Request) -> None:
        sent(int(request.headers.get("content-length", 0)))

    # Never through a proxy to this machine itself.
    direct = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
    return httpx.AsyncClient(
        event_hooks={"request": [count]},
        follow_redirects=False,
        headers={"user-agent": f"overpaint/{__version__}"},
        limits=httpx.Limits(max_connections=32, keepalive_expiry=2.0),
        mounts=direct,
        verify=_tls(),
    )


@cache
def _tls() -> "ssl.SSLContext":
    """Reading the certificates takes a while, and they do not change while a process lives."""
    import httpx

    return httpx.create_ssl_context()
