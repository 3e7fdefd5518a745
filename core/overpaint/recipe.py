"""The recipe: everything that decides the pixels of one edit, and nothing else.

It travels as a small JSON object: on the wire, on the layer it made, in batch files. It never
holds a key. Its version changes when an old recipe would no longer mean the same.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from overpaint.errors import RecipeInvalid
from overpaint.language import N_, _
from overpaint.look import PLAIN, Look

__all__ = ["VERSION", "Edit", "Oversize", "Part", "Recipe"]

VERSION = 1
MAX_PROMPT = 32_000
MAX_PX = 4096
MAX_SEED = 2**31 - 1
"""What GIMP's procedures can be given."""
MAX_COUNT = 16
MAX_REFERENCES = 16
DIGEST = re.compile(r"[0-9a-f]{64}")


class Edit(StrEnum):
    """What is asked for."""

    INPAINT = "inpaint"
    REMOVE = "remove"
    VARIATION = "variation"
    STYLE = "style"
    GENERATE = "generate"

    @property
    def keeps_alpha(self) -> bool:
        """Whether it changes what is there and adds nothing: what is transparent stays so."""
        return self in (Edit.VARIATION, Edit.STYLE)


class Part(StrEnum):
    """What a prompt may be put together from; free text is always possible beside them."""

    SUBJECT = "subject"
    ACTION = "action"
    SETTING = "setting"
    STYLE = "style"
    LIGHTING = "lighting"
    COLOURS = "colours"
    COMPOSITION = "composition"
    MOOD = "mood"
    QUALITY = "quality"


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

    *prompt* and *parts* say what is wanted, *negative* what is not. *model* is the provider's own
    name for one of its models, None for its default. *strength* is how far a result may depart
    from what was there, 0..1; None is the provider's own choice. *references* are the SHA-256
    digests of the pictures that go along, in order; *count* is how many candidates are made.

    *register*, *match_colours*, *blend* and *match_grain* switch the steps that fit a redrawn
    picture back; *oversize* says what becomes of a region that is too large for the model. *look*
    says how a style is laid on.
    """

    edit: Edit
    prompt: str = ""
    parts: Mapping[Part, str] = field(default_factory=dict)
    negative: str = ""
    provider: str = "embedded"
    model: str | None = None
    strength: float | None = None
    references: tuple[str, ...] = ()
    count: int = 1
    grow: int = 0
    feather: int = 0
    context: int | None = None
    seed: int | None = None
    oversize: Oversize = Oversize.AUTO
    register: bool = True
    match_colours: bool = True
    blend: bool = True
    match_grain: bool = True
    look: Look = PLAIN

    def __post_init__(self) -> None:
        _check(isinstance(self.edit, Edit), _("{edit!r} is not an edit").format(edit=self.edit))
        texts = [
            ("prompt", self.prompt),
            (_("negative prompt"), self.negative),
            *self.parts.items(),
        ]
        for name, text in texts:
            _check(isinstance(text, str), _("the {name} is not text").format(name=name))
            _check(
                len(text) <= MAX_PROMPT,
                _("the {name} is longer than {limit} characters").format(
                    name=name, limit=MAX_PROMPT
                ),
            )
        _check(all(isinstance(part, Part) for part in self.parts), _("a part of it is not known"))
        _check(isinstance(self.provider, str) and self.provider != "", _("no provider is named"))
        named = self.model is None or (isinstance(self.model, str) and self.model != "")
        _check(named, _("its model has no name"))
        _fraction("strength", self.strength)
        _integer("count", self.count, 1, MAX_COUNT)
        listed = len(self.references) <= MAX_REFERENCES and all(
            isinstance(each, str) and DIGEST.fullmatch(each) for each in self.references
        )
        _check(listed, _("its references are not digests of pictures"))
        _integer("grow", self.grow, 0, MAX_PX)
        _integer("feather", self.feather, 0, MAX_PX)
        if self.context is not None:
            _integer("context", self.context, 0, MAX_PX)
        if self.seed is not None:
            _integer("seed", self.seed, 0, MAX_SEED)
        _check(
            isinstance(self.oversize, Oversize),
            _("{value!r} is not fit or tiles").format(value=self.oversize),
        )
        _check(isinstance(self.look, Look), _("its look is not one"))
        for name in ("register", "match_colours", "blend", "match_grain"):
            _check(
                isinstance(getattr(self, name), bool),
                _("{name} must be true or false").format(name=name),
            )

    def with_seed(self) -> "Recipe":
        """Return this recipe with a seed: its own, or a new one."""
        return self if self.seed is not None else replace(self, seed=secrets.randbits(31))

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            **asdict(self),
            "edit": self.edit.value,
            "parts": {part.value: text for part, text in self.parts.items()},
            "references": list(self.references),
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
                _(
                    "This recipe has version {version!r}; this Overpaint reads version {known}."
                ).format(version=version, known=VERSION),
                _("Update Overpaint, or make the edit again."),
            )
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(data) - known - {"version"})
        _check(
            not unknown,
            _("it has parts that are not known: {names}").format(names=", ".join(unknown)),
        )
        values = {name: data[name] for name in known if name in data}
        values["edit"] = _choice(Edit, values.get("edit"))
        parts = values.get("parts", {})
        _check(isinstance(parts, Mapping), _("its parts are not an object"))
        values["parts"] = {_choice(Part, part): text for part, text in parts.items()}
        references = values.get("references", [])
        _check(isinstance(references, list), _("its references are not a list"))
        values["references"] = tuple(references)
        values["oversize"] = _choice(Oversize, values.get("oversize", Oversize.AUTO))
        if "look" in values:
            values["look"] = Look.from_dict(values["look"])
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what :meth:`to_json` wrote; raises RecipeInvalid for anything else."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise RecipeInvalid(_("This recipe is not JSON."), _(_HINT)) from error
        _check(isinstance(data, dict), _("it is not an object"))
        return cls.from_dict(data)


C = TypeVar("C", bound=StrEnum)

_HINT = N_("Make the edit again from the menu or the command line.")


def _check(holds: bool, complaint: str) -> None:
    if not holds:
        raise RecipeInvalid(
            _("This recipe cannot be used: {complaint}.").format(complaint=complaint), _(_HINT)
        )


def _choice(kind: type[C], value: object) -> C:
    names = [choice.value for choice in kind]
    _check(
        value in names,
        _("{value!r} is not one of {names}").format(value=value, names=", ".join(names)),
    )
    return kind(str(value))


def _fraction(name: str, value: object) -> None:
    fits = value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    )
    _check(
        fits, _("{name} must be a number from 0 to 1, not {value!r}").format(name=name, value=value)
    )


def _integer(name: str, value: object, low: int, high: int) -> None:
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    _check(
        fits,
        _("{name} must be a whole number from {low} to {high}, not {value!r}").format(
            name=name, low=low, high=high, value=value
        ),
    )
