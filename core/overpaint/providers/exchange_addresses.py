"""Which addresses may be spoken to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from overpaint.errors import AddressInvalid

__all__ = ["ADDRESS_HINT", "check_address", "host_of"]

ADDRESS_HINT = "Write it like https://api.example.com/v1."


def host_of(url: str) -> str:
    """Return the host, with its port, of a base URL; "" where it is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def check_address(url: str, *, plain_http: bool = False) -> str:
    """Return *url* without a slash at its end; raises AddressInvalid for one that is not safe."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise AddressInvalid(f"{url!r:.80} is no address.", ADDRESS_HINT) from error
    if parts.scheme not in ("http", "https") or not host:
        raise AddressInvalid(f"{url!r:.80} is no address of a server.", ADDRESS_HINT)
    if parts.username or parts.password:
        raise AddressInvalid(
            f"The address of {host} holds a name or password.",
            "Store it with 'overpaint keys set' instead.",
        )
    if parts.scheme == "http" and not (plain_http or _is_loopback(host)):
        raise AddressInvalid(
            f"{host} would be spoken to without encryption.",
            "Use https, or allow plain http for this provider in the settings.",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
