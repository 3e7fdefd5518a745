"""The commands about words: which presets there are, and having a wish rewritten."""

from typing import Any

import click

from overpaint.commands import options
from overpaint.commands.telling import print_json
from overpaint.recipe import Edit, Recipe

__all__ = ["presets", "rewrite"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def presets(*, as_json: bool) -> None:
    """List the presets that --preset takes, by what they are for."""
    from overpaint import presets as data

    known = data.load()
    if as_json:
        print_json(
            {
                each.id: {"name": each.name, "category": each.category, "asks": each.asks_for}
                for each in known.by_id.values()
            }
        )
        return
    for problem in known.problems:
        click.echo(problem, err=True)
    category = None
    for each in sorted(known.by_id.values(), key=lambda preset: (preset.category, preset.name)):
        if each.category != category:
            category = each.category
            click.echo(category or "Others")
        asks = f" (asks for {', '.join(each.asks_for)})" if each.asks_for else ""
        click.echo(f"  {each.id}: {each.name}{asks}")


@click.command()
@click.argument("wish")
@click.option(
    "--edit",
    type=click.Choice([edit.value for edit in Edit]),
    default=Edit.INPAINT.value,
    show_default=True,
    help="What the prompt is for.",
)
@click.option("--for", "asked", metavar="NAME", help="The provider that the prompt is for.")
@click.option("--by", default="gemini", show_default=True, metavar="NAME", help="Who rewrites it.")
@click.option("--model", metavar="ID", help="Which language model of that provider.")
@click.option("--base-url", metavar="URL", help="Where its server is.")
@click.option(
    "--option", "settings", multiple=True, type=options.Pairs(), help="A setting of its own."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rewrite(wish: str, *, by: str, model: str | None, as_json: bool, **given: Any) -> None:
    """Have a language model turn WISH into a full prompt, and print it.

    Only the words are sent. Nothing is edited: give what it prints to --prompt if you like it.
    """
    import anyio

    from overpaint import app

    recipe = Recipe(
        edit=Edit(given["edit"]),
        prompt=wish,
        provider=given["asked"] or app.default_provider(),
    )
    reach = app.Reach(base_url=given["base_url"], options=dict(given["settings"]))
    written = anyio.run(app.rewrite, recipe, by, model, reach)
    if as_json:
        print_json({"prompt": written.prompt, "negative": written.negative})
        return
    click.echo(written.prompt)
    if written.negative:
        click.echo(f"Not to be shown: {written.negative}", err=True)
