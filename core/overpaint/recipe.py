"""The recipe: everything that decides the pixels of one edit, and nothing else.

It travels as a small JSON object: on the wire, on the layer it made, in batch files. It never
holds a key. Its version changes when an old recipe would no longer mean the same.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from overpaint.errors import RecipeInvalid

__all__ = ["VERSION", "Edit", "Oversize", "Recipe"]

VERSION = 1
MAX_PROMPT = 32_000
MAX_PX = 4096
MAX_SEED = 2**31 - 1
"""What GIMP's procedures can be given."""


class Edit(StrEnum):
    """What is asked for."""

    INPAINT = "inpaint"
    REMOVE = "remove"


class Oversize(StrEnum):
    """What happens to a region that is larger than the model's largest picture."""

    AUTO = "auto"
    """Tiles where fitting would lose more than a third of the linear resolution."""
    FIT = "fit"
    TILES = "tiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One edit, ready to run.

    *grow* and *feather* change the selection before use, in pixels; *context* is how many
    pixels around the selection the provider sees, None for the provider's own rule; *seed*
    makes a run repeatable, None takes a new one.

    *register*, *match_colours*, *blend* and *match_grain* switch the steps that fit a redrawn
    picture back; *oversize* says what becomes of a region that is too large for the model.
    """

    edit: Edit
    prompt: str = ""
    provider: str = "embedded"
    grow: int = 0
    feather: int = 0
    context: int | None = None
    seed: int | None = None
    oversize: Oversize = Oversize.AUTO
    register: bool = True
    match_colours: bool = True
    blend: bool = True
    match_grain: bool = True

    def __post_init__(self) -> None:
        _check(isinstance(self.edit, Edit), f"{self.edit!r} is not an edit")
        _check(isinstance(self.prompt, str), "the prompt is not text")
        _check(len(self.prompt) <= MAX_PROMPT, f"the prompt is longer than {MAX_PROMPT} characters")
        _check(isinstance(self.provider, str) and self.provider != "", "no provider is named")
        _integer("grow", self.grow, 0, MAX_PX)
        _integer("feather", self.feather, 0, MAX_PX)
        if self.context is not None:
            _integer("context", self.context, 0, MAX_PX)
        if self.seed is not None:
            _integer("seed", self.seed, 0, MAX_SEED)
        _check(isinstance(self.oversize, Oversize), f"{self.oversize!r} is not fit or tiles")
        for name in ("register", "match_colours", "blend", "match_grain"):
            _check(isinstance(getattr(self, name), bool), f"{name} must be true or false")

    def with_seed(self) -> "Recipe":
        """Return this recipe with a seed: its own, or a new one."""
        return self if self.seed is not None else replace(self, seed=secrets.randbits(31))

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            **asdict(self),
            "edit": self.edit.value,
            "oversize": self.oversize.value,
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Recipe":
        """Read what :meth:`to_dict` wrote; raises RecipeInvalid for anything else."""
        version = data.get("version")
        if version != VERSION:
            raise RecipeInvalid(
                f"This recipe has version {version!r}; this Overpaint reads version {VERSION}.",
                "Update Overpaint, or make the edit again.",
            )
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(data) - known - {"version"})
        _check(not unknown, f"it has parts that are not known: {', '.join(unknown)}")
        values = {name: data[name] for name in known if name in data}
        values["edit"] = _choice(Edit, values.get("edit"))
        values["oversize"] = _choice(Oversize, values.get("oversize", Oversize.AUTO))
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what :meth:`to_json` wrote; raises RecipeInvalid for anything else."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise RecipeInvalid("This recipe is not JSON.", _HINT) from error
        _check(isinstance(data, dict), "it is not an object")
        return cls.from_dict(data)


C = TypeVar("C", bound=StrEnum)

_HINT = "Make the edit again from the menu or the command line."


def _check(holds: bool, complaint: str) -> None:
    if not holds:
        raise RecipeInvalid(f"This recipe cannot be used: {complaint}.", _HINT)


def _choice(kind: type[C], value: object) -> C:
    names = [choice.value for choice in kind]
    _check(value in names, f"{value!r} is not one of {', '.join(names)}")
    return kind(str(value))


def _integer(name: str, value: object, low: int, high: int) -> None:
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    _check(fits, f"{name} must be a whole number from {low} to {high}, not {value!r}")
