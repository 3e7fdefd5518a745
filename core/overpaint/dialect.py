"""How a model wants to be spoken to, and the words that it gets.

Apart from :mod:`overpaint.prompt`, which puts them together and takes longer to load.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Dialect", "MaskUse", "Role", "Text"]


class MaskUse(StrEnum):
    """How a provider learns which part is to change."""

    FIELD = "field"
    """The request has a place for the mask."""
    PICTURE = "picture"
    """The mask goes along as a second picture, and words say what it means."""
    NONE = "none"
    """It cannot be told; only words describe the place."""


class Role(StrEnum):
    """What a reference picture is for."""

    STYLE = "style"
    SUBJECT = "subject"
    SCENE = "scene"
    ANCHOR = "anchor"
    """The whole picture that this is a part of: it is to look the same in all its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one model wants to be spoken to.

    *instructs*: it follows instructions about a picture ("replace the door"); otherwise the words
    describe the finished picture. *negative*: there is a field for what is not wanted. *weights*:
    it reads (word:1.3). *mask*: how it learns what is to change. *longest*: in characters.
    """

    instructs: bool
    negative: bool = False
    weights: bool = False
    mask: MaskUse = MaskUse.NONE
    longest: int = 32_000


@dataclass(frozen=True, slots=True)
class Text:
    """What is sent, and sentences on what of the wish could not be said to this model."""

    prompt: str
    negative: str = ""
    notes: tuple[str, ...] = ()
