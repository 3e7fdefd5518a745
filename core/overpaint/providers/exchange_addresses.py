"""Which addresses may be spoken to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from overpaint.errors import AddressInvalid
from overpaint.language import N_, _

__all__ = ["ADDRESS_HINT", "check_address", "host_of"]

ADDRESS_HINT = N_("Write it like https://api.example.com/v1.")


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
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressInvalid(
            _("{url!r:.80} is no address.").format(url=url), _(ADDRESS_HINT)
        ) from error
    if parts.scheme not in ("http", "https") or not host:
        raise AddressInvalid(
            _("{url!r:.80} is no address of a server.").format(url=url), _(ADDRESS_HINT)
        )
    if parts.username or parts.password:
        raise AddressInvalid(
            _("The address of {host} holds a name or password.").format(host=host),
            _("Store it as a key instead, in Overpaint's settings or with 'overpaint keys set'."),
        )
    if parts.scheme == "http" and not (plain_http or _is_loopback(host)):
        raise AddressInvalid(
            _("{host} would be spoken to without encryption.").format(host=host),
            _("Use https, or allow plain http for this provider in the settings."),
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
