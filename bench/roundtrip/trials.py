"""The lines of the table: a drift, what the simulated model paints, and the goals for it."""

from dataclasses import dataclass
from enum import Enum

from bench.roundtrip.goals import (
    Goal,
    bit_for_bit,
    near_oracle,
    not_below_feather,
    not_below_unregistered,
    not_mistaken,
    on_place,
    over_feather,
    recognised,
    seamless,
)

__all__ = ["TRIALS", "Content", "Trial"]


class Content(Enum):
    """What the simulated model paints."""

    TRUTH = "the truth, everywhere"
    NEW = "another photograph inside the selection, the truth outside"
    UNRELATED = "another photograph everywhere"


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the table: a drift, what the model paints, and the goals of the issue.

    *hidden*: what is sent holds another photograph inside the selection.
    """

    preset: str
    goals: tuple[Goal, ...] = ()
    content: Content = Content.TRUTH
    hidden: bool = True


MILD = (near_oracle, seamless, on_place, not_mistaken)
FAR = (over_feather(8), not_mistaken)
TRIALS: dict[str, Trial] = {
    "identity": Trial("identity", (bit_for_bit, not_mistaken), hidden=False),
    "cast": Trial("cast", MILD),
    "gamma": Trial("gamma", MILD),
    "contrast": Trial("contrast", (seamless, on_place, not_mistaken)),
    "noise": Trial("noise", MILD),
    "blur": Trial("blur", (not_mistaken,)),
    "shift 14 px": Trial("shift 14 px", MILD),
    "scale 2 %": Trial("scale 2 %", MILD),
    "together": Trial("together", (*MILD, over_feather(12))),
    "jpeg": Trial("jpeg", MILD),
    "together, jpeg": Trial("together, jpeg", (*MILD, over_feather(12))),
    "zoom 6 %": Trial("zoom 6 %", FAR),
    "aspect 6 %": Trial("aspect 6 %", FAR),
    "strip cut": Trial("strip cut", FAR),
    "non-uniform": Trial("non-uniform", FAR),
    "qwen": Trial("qwen", FAR),
    "rounded size": Trial("rounded size", (not_mistaken,)),
    "half size": Trial("half size", (not_mistaken,)),
    "1024x1024": Trial("1024x1024", (not_mistaken,)),
    "rotated": Trial("rotated", (not_below_unregistered,)),
    "repainted": Trial("repainted", (not_mistaken,)),
    "reframed": Trial("reframed", (recognised,)),
    "new content": Trial("together", (on_place, not_mistaken), Content.NEW, hidden=False),
    "unrelated": Trial("cast", (not_below_feather, not_mistaken), Content.UNRELATED, hidden=False),
}
