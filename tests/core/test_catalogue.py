"""The catalogue of models: every file can be read, and what it says hangs together."""

from datetime import date
from pathlib import Path

import pytest

from overpaint import catalogue
from overpaint.catalogue import Output, Price, State
from overpaint.geometry import Extent

FILES = sorted(Path(catalogue.__file__).with_name("models").glob("*.toml"))
MODELS = [(file.stem, model) for file in FILES for model in catalogue.models(file.stem)]


def ids(value: object) -> str:
    return getattr(value, "id", str(value))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_list_has_its_date_and_no_model_twice(file: Path) -> None:
    """A list says when it was made; an id means one thing."""
    listed = catalogue.listed(file.stem)
    known = [model.id for model in catalogue.models(file.stem)]

    assert listed is not None
    assert date(2026, 11, 1) <= listed
    assert sorted(set(known)) == sorted(known)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_default_works_and_makes_pictures(file: Path) -> None:
    """What is used unless told otherwise is alive."""
    model = catalogue.default(file.stem)

    assert model is not None
    assert model.state is not State.DEAD
    assert model.output is Output.IMAGE


@pytest.mark.parametrize(("provider", "model"), MODELS, ids=ids)
def test_what_is_dead_names_a_living_successor(provider: str, model: catalogue.Model) -> None:
    """Whoever asks for a model that is gone can be told what to use instead."""
    if model.successor is not None:
        successor = catalogue.find(provider, model.successor)
        assert successor is not None
        assert successor.state is not State.DEAD
    if model.state is State.DEAD:
        assert model.successor or model.note
    assert model.note == "" or model.note.endswith(".")


def test_an_id_that_is_not_listed_can_be_used() -> None:
    """New models need no new release: they are taken to be like the default."""
    usual = catalogue.usual("gemini", "gemini-next-week")
    default = catalogue.default("gemini")

    assert usual.id == "gemini-next-week"
    assert default is not None
    assert usual.sizes == default.sizes
    assert usual.price is None


def test_a_price_depends_on_the_size_and_on_what_is_sent() -> None:
    """The first step that holds the picture counts; each picture that goes along adds to it."""
    price = Price(steps=((1_000_000, 0.04), (4_000_000, 0.1)), per_input=0.01)

    assert price.estimate(Extent(1000, 1000), 0) == pytest.approx(0.04)
    assert price.estimate(Extent(1001, 1000), 2) == pytest.approx(0.12)
    assert price.estimate(Extent(9000, 9000), 0) == pytest.approx(0.1)
