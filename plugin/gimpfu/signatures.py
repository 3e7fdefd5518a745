"""What a procedure takes and returns, and the one-line notation in which tables write it down.

The notation is `name:GType[low..high] ... -> name:GType`, with GIMP 3's own type names, e.g.
`image:GimpImage width:gint[1..524288] -> layer:GimpLayer`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

_ITEM = re.compile(r"(?P<name>[^:\s]+):(?P<gtype>\w+)(?:\[(?P<low>[^.\]]+)\.\.(?P<high>[^\]]+)\])?")


@dataclass(frozen=True)
class Parameter:
    """One argument or result; the range is None where the type has none."""

    name: str
    gtype: str
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    description: str = ""


@dataclass(frozen=True)
class Signature:
    """A procedure's name, arguments, results and documentation."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: tuple[Parameter, ...]
    blurb: str = ""
    help: str = ""
    author: str = ""
    copyright: str = ""
    date: str = ""
    proc_type: int = 0

    @property
    def has_run_mode(self) -> bool:
        """Whether the first argument is the run mode, which scripts leave out."""
        return bool(self.parameters) and self.parameters[0].name == "run-mode"


def parse(name: str, notation: str) -> Signature:
    """Read the notation of a signature table."""
    takes, _, gives = notation.partition("->")
    return Signature(name, _parameters(takes), _parameters(gives))


def _parameters(text: str) -> tuple[Parameter, ...]:
    found = []
    for word in text.split():
        match = _ITEM.fullmatch(word)
        if match is None:
            raise ValueError(f"not a parameter: {word}")
        low, high = match["low"], match["high"]
        found.append(
            Parameter(
                match["name"],
                match["gtype"],
                float(low) if low else None,
                float(high) if high else None,
            )
        )
    return tuple(found)
