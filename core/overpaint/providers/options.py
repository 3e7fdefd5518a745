"""A setup's options, checked as they are read: only the provider knows their words."""

from collections.abc import Mapping
from typing import Any

from overpaint.errors import RequestRejected
from overpaint.language import _

__all__ = ["Options"]


class Options:
    """What a setup's *options* hold, for the provider called *title*.

    A value in *unset* counts as left out. Each method raises RequestRejected for a value that
    cannot be used.
    """

    def __init__(
        self, options: Mapping[str, Any], title: str, *, unset: tuple[str, ...] = ("",)
    ) -> None:
        self._options = options
        self._title = title
        self._unset = unset

    def get(self, name: str, usual: Any = None) -> Any:
        value = self._options.get(name, usual)
        return None if isinstance(value, str) and value in self._unset else value

    def number(self, name: str, usual: int | None, low: int, high: int) -> Any:
        """Return a whole number, None where there is none and none is usual."""
        return self._within(name, usual, int, low, high)

    def fraction(self, name: str, usual: float | None, low: float, high: float) -> Any:
        """Return a number, None where there is none and none is usual."""
        return self._within(name, usual, float, low, high)

    def choice(self, name: str, usual: str, known: tuple[str, ...]) -> str:
        value = self.get(name, usual)
        if value not in known:
            raise self.unusable(name, value, _("one of {names}").format(names=", ".join(known)))
        return str(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise self.unusable(name, value, _("true or false"))
        return value

    def table(self, name: str) -> dict[str, Any]:
        value = self.get(name, {})
        if not isinstance(value, Mapping):
            raise self.unusable(name, value, "a table")
        return dict(value)

    def unusable(self, name: str, value: object, wanted: str) -> RequestRejected:
        """Return the error that *value* is not what is *wanted*."""
        return RequestRejected(
            _("The setting {name!r} of {title} must be {wanted}, not {value!r:.60}.").format(
                name=name, title=self._title, wanted=wanted, value=value
            ),
            _("Change it in the settings."),
        )

    def _within(self, name: str, usual: Any, kind: type, low: float, high: float) -> Any:
        value = self.get(name, usual)
        if value is None:
            return None
        try:
            number = None if isinstance(value, bool) else kind(value)
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None or not low <= number <= high:
            raise self.unusable(
                name, value, _("a number from {low:g} to {high:g}").format(low=low, high=high)
            )
        return number
