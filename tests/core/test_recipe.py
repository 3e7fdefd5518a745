"""Recipes: what they hold, and that nothing else gets in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.errors import RecipeInvalid
from overpaint.look import Look
from overpaint.recipe import MAX_PROMPT, MAX_PX, MAX_SEED, Edit, Recipe

recipes = st.builds(
    Recipe,
    edit=st.sampled_from(Edit),
    prompt=st.text(max_size=50),
    provider=st.text(min_size=1, max_size=10),
    grow=st.integers(0, MAX_PX),
    feather=st.integers(0, MAX_PX),
    context=st.none() | st.integers(0, MAX_PX),
    seed=st.none() | st.integers(0, MAX_SEED),
)


@given(recipes)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    """A recipe that is written and read again is equal."""
    assert recipe == Recipe.from_json(recipe.to_json())


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"edit": "explode"},
        {"edit": 3},
        {"prompt": None},
        {"prompt": "x" * (MAX_PROMPT + 1)},
        {"provider": ""},
        {"grow": -1},
        {"grow": 1.5},
        {"grow": True},
        {"feather": MAX_PX + 1},
        {"context": "all"},
        {"seed": MAX_SEED + 1},
        {"api_key": "anything"},
    ],
)
def test_a_wrong_recipe_is_refused_with_a_sentence(change: dict[str, Any]) -> None:
    """Whatever does not belong in a recipe is named, with a hint; it is never ignored."""
    data = {**Recipe(edit=Edit.REMOVE).to_dict(), **change}

    with pytest.raises(RecipeInvalid) as caught:
        Recipe.from_dict(data)

    assert caught.value.sentence.endswith(".")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "3"])
def test_what_is_no_object_is_no_recipe(text: str) -> None:
    """Text that is not a JSON object is refused as a recipe."""
    with pytest.raises(RecipeInvalid):
        Recipe.from_json(text)


def test_a_recipe_without_a_seed_gets_one_and_keeps_it() -> None:
    """A seed is drawn once; a recipe that has one stays as it is."""
    drawn = Recipe(edit=Edit.REMOVE).with_seed()

    assert drawn.seed is not None
    assert drawn is drawn.with_seed()


def test_defaults_need_not_be_written() -> None:
    """A recipe in a batch file may leave out all but its version and edit."""
    assert Recipe(edit=Edit.INPAINT) == Recipe.from_json(
        json.dumps({"version": 1, "edit": "inpaint"})
    )


def test_a_look_travels_with_its_recipe_and_a_wrong_one_is_refused() -> None:
    """How a style is laid on comes back as it was; what no hand could set is an error."""
    look = Look(style="great-wave", stroke=2, keep_colours=True)
    made = Recipe(edit=Edit.STYLE, look=look)
    assert Recipe.from_json(made.to_json()).look == look
    for wrong in ({"stroke": 9}, {"stroke": float("nan")}, {"keep_light": 1}, {"glaze": 1}, []):
        with pytest.raises(RecipeInvalid):
            Recipe.from_dict({**made.to_dict(), "look": wrong})
