"""The options of a Stable Diffusion server, checked as they are read."""

from collections.abc import Mapping
from typing import Any

from overpaint.errors import RequestRejected

__all__ = ["Options"]

SERVER = "server"


class Options:
    """What a setup's options hold; the value `server` counts as left out.

    Each method raises RequestRejected for a value that cannot be used.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def get(self, name: str, usual: Any = None) -> Any:
        value = self._given.get(name, usual)
        return None if value in (SERVER, "") else value

    def number(self, name: str, usual: int, low: int, high: int) -> Any:
        return self._within(name, usual, int, low, high)

    def fraction(self, name: str, usual: float | None) -> Any:
        return self._within(name, usual, float, 0, 1000)

    def _within(self, name: str, usual: Any, kind: type, low: float, high: float) -> Any:
        value = self.get(name, usual)
        if value is None:
            return None
        try:
            number = kind(value)
        except (TypeError, ValueError):
            number = None
        if number is None or not low <= number <= high:
            raise _unusable(name, value, f"a number from {low:g} to {high:g}")
        return number

    def choice(self, name: str, usual: str, known: tuple[str, ...]) -> str:
        value = self.get(name, usual)
        if value not in known:
            raise _unusable(name, value, f"one of {', '.join(known)}")
        return str(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise _unusable(name, value, "true or false")
        return value

    def table(self, name: str) -> dict[str, Any]:
        value = self.get(name, {})
        if not isinstance(value, Mapping):
            raise _unusable(name, value, "a table")
        return dict(value)


def _unusable(name: str, value: object, wanted: str) -> RequestRejected:
    return RequestRejected(
        f"The setting {name!r} of the Stable Diffusion server must be {wanted}, not {value!r:.60}.",
        "Change it in the settings.",
    )
