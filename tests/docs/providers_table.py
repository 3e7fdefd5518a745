"""Writes the tables of docs/providers.md: `python -m tests.docs.providers_table`.

They come from the registry and the catalogue, so that what the page says is what the code does.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from overpaint import catalogue
from overpaint.catalogue import Model, Output, Price, State
from overpaint.dialect import MaskUse
from overpaint.providers import registry
from overpaint.providers.base import Capabilities, Provider
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
BEGIN = "<!-- Written by `python -m tests.docs.providers_table`; do not edit below. -->"

MASKS = {MaskUse.FIELD: "exact", MaskUse.PICTURE: "as a picture", MaskUse.NONE: "words only"}
STATES = {
    State.CURRENT: "works",
    State.DEPRECATED: "works, will end",
    State.DOUBTFUL: "may be gone",
    State.DEAD: "gone",
}


def with_tables(page: str) -> str:
    """Return *page* with its tables as they should be."""
    return f"{page.partition(BEGIN)[0]}{BEGIN}\n\n{tables()}"


def built_in() -> list[str]:
    """Return the names of the providers that come with Overpaint, the default first."""
    return [
        name for name in registry.names() if registry.entry(name).where.startswith("overpaint.")
    ]


def tables() -> str:
    """Return a table of all built-in providers, and one of the models of each."""
    found = [registry.get(name) for name in built_in()]
    sections = [
        table(
            ("provider", "edits", "selection", "reads the prompt", "what not to show", "seed",
             "strength", "references", "previews", "jobs at once", "key"),
            [_row(provider) for provider in found],
        )
    ]  # fmt: skip
    sections += [models(each.name, each.title, catalogue.models(each.name)) for each in found]
    return "\n".join(filter(None, sections))


def models(name: str, title: str, known: Sequence[Model]) -> str:
    """Return the section on the models of one provider; "" where it has no list of them."""
    if not known:
        return ""
    heads = ("model", "makes", "sizes in pixels", "references", "a picture costs", "state", "note")
    body = table(heads, [_model(model, first=model is known[0]) for model in known])
    return f"## {title} (`{name}`)\n\nAs of {catalogue.listed(name)}.\n\n{body}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines
    )


def _row(provider: Provider) -> tuple[str, ...]:
    can = provider.capabilities
    keys = registry.entry(provider.name).keys
    return (
        f"{provider.title} (`{provider.name}`)",
        ", ".join(edit.value for edit in Edit if edit in can.edits),
        MASKS[can.dialect.mask],
        _how(
            can.reads_prompt, "as an instruction" if can.dialect.instructs else "as a description"
        ),
        _unwanted(can),
        _how(can.seed),
        _how(can.strength),
        str(can.references or "no"),
        _how(can.previews),
        str(can.concurrency),
        _keys(keys, needed=can.needs_key),
    )


def _keys(names: Sequence[str], *, needed: bool) -> str:
    said = " or ".join(f"`{name}`" for name in names)
    return said if needed else f"{said}, if the server wants one" if said else "none"


def _unwanted(can: Capabilities) -> str:
    if can.dialect.negative:
        return "a field of its own"
    return _how(can.reads_prompt and can.dialect.instructs, "in the prompt")


def _how(can: bool, how: str = "yes") -> str:
    return how if can else "no"


def _model(model: Model, *, first: bool) -> tuple[str, ...]:
    makes_pictures = model.output is Output.IMAGE
    notes = [f"Use `{model.successor}` instead."] if model.successor else []
    return (
        f"`{model.id}`" + (" (default)" if first else ""),
        "pictures" if makes_pictures else "text only",
        sizes(model.sizes) if makes_pictures else "",
        str(model.references or "no") if makes_pictures else "",
        price(model),
        STATES[model.state] + (f" ({model.ends})" if model.ends else ""),
        " ".join([*([model.note] if model.note else []), *notes]),
    )


def sizes(takes: Sizes) -> str:
    """Say which sizes a model takes."""
    if takes.anything:
        return "any"
    if takes.fixed:
        return ", ".join(f"{extent.width}x{extent.height}" for extent in takes.fixed)
    usual = Sizes()
    said = []
    if takes.aspects:
        said.append(", ".join(f"{across}:{down}" for across, down in takes.aspects))
    if takes.multiple > 1:
        said.append(f"multiples of {takes.multiple}")
    if takes.min_edge > 1:
        said.append(f"edges from {takes.min_edge}")
    if takes.max_edge < usual.max_edge:
        said.append(f"edges to {takes.max_edge}")
    if takes.min_pixels > 1 or takes.max_pixels < usual.max_pixels:
        low = f"{megapixels(takes.min_pixels)} to " if takes.min_pixels > 1 else "up to "
        # A limit on one side only is said as what it is.
        high = megapixels(takes.max_pixels) if takes.max_pixels < usual.max_pixels else "any"
        said.append(f"{low}{high} MP")
    if takes.max_aspect < usual.max_aspect:
        said.append(f"at most {takes.max_aspect:g}:1")
    if takes.native is not None:
        said.append(f"best at {megapixels(takes.native)} MP")
    return "; ".join(said)


def megapixels(pixels: int) -> str:
    """Return 1_048_576 as "1": in units of 1024 x 1024, as the models' makers count."""
    return f"{pixels / (1 << 20):.3g}"


def price(model: Model) -> str:
    """Say what a picture costs, in US dollars, at what is estimated and at other settings."""
    others = [f"{word}: {steps(cost)}" for word, cost in model.tiers.items() if cost != model.price]
    return "; ".join([*([steps(model.price)] if model.price else []), *others])


def steps(cost: Price) -> str:
    last = len(cost.steps) - 1
    said = [
        f"${amount:g}" + (f" up to {megapixels(pixels)} MP" if number < last else "")
        for number, (pixels, amount) in enumerate(cost.steps)
    ]
    if last:
        said[-1] += " above"
    if cost.per_input:
        said.append(f"${cost.per_input:g} more for each picture sent")
    return ", ".join(said)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
