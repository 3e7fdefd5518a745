"""Having a language model put a wish into better words; nothing is used before it is accepted."""

from typing import TYPE_CHECKING, Any

from overpaint import runner
from overpaint.app.reach import USUAL, Reach, load_settings, set_up
from overpaint.errors import EditUnsupported
from overpaint.recipe import Recipe

if TYPE_CHECKING:
    from overpaint.rewrite import Rewritten

__all__ = ["rewrite"]


async def rewrite(recipe: Recipe, by: str, model: str | None, reach: Reach = USUAL) -> "Rewritten":
    """Return *recipe*'s wish in the words of the provider *by*, for the recipe's own provider.

    *model* and *reach* are for *by*. Raises EditUnsupported where it has no language model, and
    what it raises itself.
    """
    from overpaint import rewrite as words

    settings = load_settings()
    writer: Any = set_up(by, model, reach, settings, with_key=True)
    if not hasattr(writer, "rewrite"):
        raise EditUnsupported(
            f"{writer.title} cannot rewrite prompts.", "Let gemini or a gateway do it."
        )
    dialect = set_up(recipe.provider, recipe.model, USUAL, settings).capabilities.dialect
    question = words.ask(recipe, dialect)
    async with runner.client() as http:
        answer: str = await writer.rewrite(http, question.instructions, question.wish)
    return words.read(answer, dialect)
