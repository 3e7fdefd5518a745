"""The base of all wrapper objects, and which class wraps which kind of object."""

from __future__ import annotations

from typing import Callable, Optional, TypeVar

from . import host
from .errors import GimpError

H = TypeVar("H", bound="Handle")


class Handle:
    """A thin object around GIMP's number of something; equal handles mean the same thing."""

    __slots__ = ("ref",)
    ref: host.Ref

    @classmethod
    def of(cls: type[H], ref: host.Ref) -> H:  # noqa: PYI019 - Python 3.9 has no Self
        """Make the wrapper of an existing object, without the script-level constructor."""
        handle = object.__new__(cls)
        handle.ref = ref
        return handle

    @property
    def ID(self) -> int:  # noqa: N802  (the name scripts use)
        """GIMP's number of this object."""
        return self.ref.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Handle):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, int]:
        return (self.ref.family, self.ref.id)

    def __repr__(self) -> str:
        kind = type(self).__name__
        try:
            return f"<gimp.{kind} {getattr(self, 'name', self.ID)!r}>"
        except GimpError:  # a traceback must be able to show what is gone
            return f"<gimp.{kind} {self.ID}, which no longer exists>"


_classes: dict[str, type[Handle]] = {}


def wraps(*kinds: str) -> Callable[[type[H]], type[H]]:
    """Class decorator: objects of these kinds are handed to scripts as this class."""

    def remember(cls: type[H]) -> type[H]:
        _classes.update(dict.fromkeys(kinds, cls))
        return cls

    return remember


def wrap(ref: Optional[host.Ref]) -> Optional[Handle]:
    """Return the wrapper of what `ref` means, or None for None."""
    return None if ref is None else _classes[ref.kind].of(ref)


def from_id(family: str, number: int) -> Optional[Handle]:
    """Return the wrapper of the object with this number, or None if there is none."""
    return wrap(host.current().find(family, number))
