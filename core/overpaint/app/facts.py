"""What a dialog shows beside the picture: who can do what, styles, words of earlier edits."""

import contextlib
import json
from itertools import accumulate
from typing import Any

from overpaint import catalogue, presets, provenance, styles
from overpaint.app.reach import USUAL, Reach, load_settings, set_up
from overpaint.errors import OverpaintError
from overpaint.language import _
from overpaint.providers import registry
from overpaint.providers.base import Provider
from overpaint.recipe import Edit, Recipe

__all__ = ["facts", "provenance_of", "provider_facts", "templated"]

PAST = 200
"""How many runs are looked through for words."""
WORDS = 100
"""How many earlier prompts are offered."""
LONGEST = 4000
"""Characters of one that is offered."""
ROOM = 400_000
"""Bytes for all of them in a message, which has a largest size."""
GAP = "..."


def facts() -> dict[str, Any]:
    """Return what any dialog needs to know, ready for JSON."""
    return {
        "provider": load_settings().provider,
        "providers": [provider_facts(name) for name in registry.names()],
        "styles": [{"id": each.id, "title": _(each.title)} for each in styles.load().values()],
        "templates": [
            {
                "id": each.id,
                "name": _(each.name),
                "category": _(each.category),
                "edits": sorted(each.edits),
            }
            for each in presets.load().by_id.values()
        ],
        "prompts": _earlier_prompts(),
    }


def templated(preset_id: str, edit: str, prompt: str, negative: str) -> dict[str, str]:
    """Return prompt and exclusions as a preset puts them; raises RecipeInvalid.

    The first thing that it asks for is what the prompt says; all else that nobody has said stands
    there as a gap, for the user to fill.
    """
    preset = presets.load().get(preset_id)
    values = {name: preset.fields.get(name, "") for name in preset.asks_for}
    first = next((name for name, usual in values.items() if not usual), None)
    if first and prompt.strip():
        values[first], prompt = prompt.strip(), ""
    gaps = {name: value or GAP for name, value in values.items()}
    recipe = Recipe(edit=Edit(edit), prompt=prompt, negative=negative)
    put = presets.apply(preset, recipe, gaps)
    said = [put.prompt, *put.parts.values()]
    return {"prompt": ", ".join(text for text in said if text), "negative": put.negative}


def provider_facts(name: str, model: str | None = None) -> dict[str, Any]:
    """Return what the provider can do, with one of its models."""
    settings = load_settings()
    asked: Provider = set_up(name, model, USUAL, settings)
    able = asked.capabilities
    return {
        "name": name,
        "title": _(asked.title),
        "receiver": asked.receiver if able.needs_network else "",
        "privacy": settings.of(name).privacy.value,
        "lacks_key": _lacks_key(name),
        "usual_model": _titled(name, settings.setup_for(name, None).model),
        "edits": sorted(able.edits),
        "reads_prompt": able.reads_prompt,
        "strength": able.strength,
        "seed": able.seed,
        "references": able.references,
        "models": [{"id": each.id, "title": each.title} for each in _image_models(name)],
    }


def _lacks_key(name: str) -> bool:
    """Return whether the provider would refuse at once; trouble with keys is told when it runs."""
    from overpaint import keys

    entry = registry.entry(name)
    with contextlib.suppress(OverpaintError):
        return entry.needs_key and keys.find(entry.keys) is None
    return False


def _titled(name: str, model: str | None) -> str:
    """Return what to call the model that is asked where none is named."""
    models = _image_models(name)
    if model is None:
        return models[0].title if models else ""
    return next((each.title for each in models if each.id == model), model)


def provenance_of(recipe: Recipe, reach: Reach = USUAL) -> provenance.Provenance:
    """Return who made what *recipe* stands for, just now.

    What was paid for must come out whatever the settings say by now: of a provider that cannot
    be set up any more its name is told.
    """
    whole = recipe.edit is Edit.GENERATE
    try:
        settings = load_settings()
        asked: Provider = set_up(recipe.provider, recipe.model, reach, settings)
    except OverpaintError:
        return provenance.of_model(recipe.provider, recipe.model or "", whole=whole)
    if not asked.capabilities.needs_network:
        return provenance.of_rules(asked.title)
    usual = next((each.id for each in _image_models(recipe.provider)), "")
    # An address may be private, and what is exported tells this to everybody.
    maker = asked.name if asked.title == asked.receiver else asked.title
    model = recipe.model or settings.setup_for(recipe.provider, None).model or usual
    return provenance.of_model(maker, model, whole=whole)


def _image_models(name: str) -> list[catalogue.Model]:
    """Return the provider's models that make pictures and are still there, the usual one first."""
    return [
        each
        for each in catalogue.models(name)
        if each.output is catalogue.Output.IMAGE and each.state is not catalogue.State.DEAD
    ]


def _earlier_prompts() -> list[str]:
    """Return what was asked for lately, the latest first, each once."""
    from overpaint.history import Journal

    try:
        with Journal.open() as journal:
            wishes = [record.wish for record in journal.runs(PAST)]
    except OverpaintError:  # told by what needs history; words to choose from are a comfort
        return []
    offered = list(dict.fromkeys(wish for wish in wishes if 0 < len(wish) <= LONGEST))[:WORDS]
    sizes = accumulate(len(json.dumps(wish)) for wish in offered)
    return [wish for wish, size in zip(offered, sizes, strict=True) if size <= ROOM]
