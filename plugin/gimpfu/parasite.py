"""Parasites: named data attached to GIMP, an image or an item."""

from __future__ import annotations

from typing import Optional, Union

from . import enums, values


class Parasite:
    """A piece of named data; `data` is always bytes."""

    def __init__(self, name: str, flags: int = 0, data: Union[bytes, str] = b"") -> None:
        self.name = name
        self.flags = int(flags)
        self.data = data.encode() if isinstance(data, str) else bytes(data)

    @property
    def is_persistent(self) -> bool:
        """Whether it is saved with the image."""
        return self.has_flag(enums.PARASITE_PERSISTENT)

    @property
    def is_undoable(self) -> bool:
        """Whether attaching it can be undone."""
        return self.has_flag(enums.PARASITE_UNDOABLE)

    def has_flag(self, flag: int) -> bool:
        """Tell whether a flag is set."""
        return bool(self.flags & flag)

    def is_type(self, name: str) -> bool:
        """Tell whether this is the name."""
        return self.name == name

    def copy(self) -> Parasite:
        """Return an equal parasite."""
        return Parasite(self.name, self.flags, self.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parasite):
            return NotImplemented
        return (self.name, self.flags, self.data) == (other.name, other.flags, other.data)

    def __hash__(self) -> int:
        return hash((self.name, self.flags, self.data))

    def __repr__(self) -> str:
        return f"<gimp.Parasite {self.name!r}>"


class Carrier:
    """What an object with parasites offers; `_parasites` is how its procedures' names begin."""

    __slots__ = ()
    _parasites: str

    def attach_new_parasite(self, name: str, flags: int, data: Union[bytes, str]) -> None:
        """Make a parasite and attach it."""
        self.parasite_attach(Parasite(name, flags, data))

    def parasite_attach(self, parasite: Parasite) -> None:
        """Attach a parasite, in place of one of the same name."""
        values.call(f"{self._parasites}-attach-parasite", self, parasite)

    def parasite_detach(self, name: str) -> None:
        """Take a parasite away."""
        values.call(f"{self._parasites}-detach-parasite", self, name)

    def parasite_find(self, name: str) -> Optional[Parasite]:
        """Return the parasite of this name, or None."""
        if name not in self.parasite_list():
            return None  # asking GIMP for it would be an error
        found = values.call(f"{self._parasites}-get-parasite", self, name)
        return found if isinstance(found, Parasite) else None

    def parasite_list(self) -> tuple[str, ...]:
        """Return the names of all parasites."""
        return tuple(values.call(f"{self._parasites}-get-parasite-list", self))
