"""Which models there are: read from the dated data files in `models/`, one a provider.

Model ids live and die by the month, so they are data. A file has a date of its own and a table
for each model; an id that is not in it can be used all the same, with what is usual for its
provider. Prices are in US dollars, as the vendors list them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from overpaint.geometry import Extent
from overpaint.price import Price
from overpaint.sizes import Sizes

__all__ = ["Model", "Output", "Price", "State", "default", "find", "listed", "models", "usual"]


ANY_SIZE = Sizes()


class Output(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    TEXT = "text"


class State(StrEnum):
    """Whether a model can still be used."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    """Works, but its end is announced."""
    DOUBTFUL = "doubtful"
    """Sources disagree; it may be gone."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of one provider.

    *features* are words that only its provider's module understands, and so are the words of
    *rates*, US dollars for a million tokens, and of *tiers*, what a picture costs at other
    settings. *ends*: when it was or will be shut down. *successor*: the id to use instead.
    *note*: a sentence for the user, or "".
    """

    id: str
    title: str
    output: Output = Output.IMAGE
    state: State = State.CURRENT
    sizes: Sizes = ANY_SIZE
    price: Price | None = None
    rates: Mapping[str, float] = field(default_factory=dict, hash=False)
    tiers: Mapping[str, Price] = field(default_factory=dict, hash=False)
    references: int = 0
    features: frozenset[str] = frozenset()
    ends: date | None = None
    successor: str | None = None
    note: str = ""


def models(provider: str) -> tuple[Model, ...]:
    """Return all models of *provider* that the catalogue knows, the default first."""
    return _read(provider)[1]


def listed(provider: str) -> date | None:
    """Return the day on which the models of *provider* were last looked up; None if never."""
    return _read(provider)[0]


def default(provider: str) -> Model | None:
    """Return the model that *provider* uses unless told otherwise, if the catalogue has one."""
    known = models(provider)
    return known[0] if known else None


def find(provider: str, model_id: str) -> Model | None:
    """Return the model of that id, or None where the catalogue does not know it."""
    return next((model for model in models(provider) if model.id == model_id), None)


def usual(provider: str, model_id: str | None) -> Model:
    """Return the model of that id, or the default; an unknown id gets the default's abilities."""
    first = default(provider)
    if model_id is None:
        return first or Model(id="", title="")
    known = find(provider, model_id)
    if known is not None:
        return known
    like = first or Model(id="", title="")
    return Model(
        id=model_id,
        title=model_id,
        sizes=like.sizes,
        references=like.references,
        features=like.features,
    )


@cache
def _read(provider: str) -> tuple[date | None, tuple[Model, ...]]:
    file = resources.files("overpaint") / "models" / f"{provider}.toml"
    if not file.is_file():
        return None, ()
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return data["listed"], tuple(_model(row, data) for row in data["model"])


def _model(row: dict[str, Any], shared: dict[str, Any]) -> Model:
    row = dict(row)
    sizes = row.pop("sizes", {})
    price = row.pop("price", None)
    prices = shared.get("prices", {})
    return Model(
        output=Output(row.pop("output", Output.IMAGE)),
        state=State(row.pop("state", State.CURRENT)),
        sizes=_sizes(shared["sizes"][sizes] if isinstance(sizes, str) else sizes),
        price=None if price is None else _price(price, prices),
        tiers={word: _price(each, prices) for word, each in row.pop("tiers", {}).items()},
        features=frozenset(row.pop("features", ())),
        **row,
    )


def _sizes(row: dict[str, Any]) -> Sizes:
    row = dict(row)
    fixed = tuple(Extent(*pair) for pair in row.pop("fixed", ()))
    aspects = tuple((across, down) for across, down in row.pop("aspects", ()))
    return Sizes(fixed=fixed, aspects=aspects, **row)


def _price(row: dict[str, Any] | str, shared: dict[str, Any]) -> Price:
    row = shared[row] if isinstance(row, str) else row
    steps = tuple((int(pixels), float(price)) for pixels, price in row["steps"])
    return Price(steps=steps, per_input=row.get("per_input", 0.0))
