"""How a style is laid on: the part of a recipe that only Edit.STYLE reads."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from overpaint.errors import RecipeInvalid
from overpaint.language import N_, _

__all__ = ["MAX_STROKE", "MIN_STROKE", "PLAIN", "Look"]

MIN_STROKE = 0.25
MAX_STROKE = 4.0

_HINT = N_("Make the edit again from the menu or the command line.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a style is laid on.

    *style*: the id of a named style (overpaint.styles), "" where a picture or the prompt shows
    it. *stroke*: the size of its strokes, as a multiple of what suits the whole picture.
    *keep_colours*: only the brushwork changes, not the hues; *keep_light*: light and dark stay.
    """

    style: str = ""
    stroke: float = 1.0
    keep_colours: bool = False
    keep_light: bool = False

    def __post_init__(self) -> None:
        right = (
            isinstance(self.style, str)
            and isinstance(self.stroke, int | float)
            and not isinstance(self.stroke, bool)
            and math.isfinite(self.stroke)
            and MIN_STROKE <= self.stroke <= MAX_STROKE
            and isinstance(self.keep_colours, bool)
            and isinstance(self.keep_light, bool)
        )
        if not right:
            raise RecipeInvalid(
                _(
                    "This recipe cannot be used: its look is wrong ({style!r:.60}, strokes "
                    "{stroke!r:.20}; they go from {least} to {most})."
                ).format(style=self.style, stroke=self.stroke, least=MIN_STROKE, most=MAX_STROKE),
                _(_HINT),
            )

    @classmethod
    def from_dict(cls, data: object) -> "Look":
        """Read what dataclasses.asdict made of a Look; raises RecipeInvalid."""
        known = {each.name for each in fields(cls)}
        if not isinstance(data, Mapping) or set(data) - known:
            raise RecipeInvalid(
                _("This recipe cannot be used: its look has parts that are not known."), _(_HINT)
            )
        values: dict[str, Any] = dict(data)
        return cls(**values)


PLAIN = Look()
