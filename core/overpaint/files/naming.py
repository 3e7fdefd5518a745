"""What the layer of a result is called; the shell in GIMP names its layers the same way."""

from overpaint.recipe import Edit, Recipe

__all__ = ["layer_name"]

_LENGTH = 40
_DONE = {
    Edit.INPAINT: "Inpainted",
    Edit.REMOVE: "Removed",
    Edit.VARIATION: "Variation",
    Edit.STYLE: "Styled",
    Edit.GENERATE: "Generated",
}


def layer_name(recipe: Recipe) -> str:
    """Return the prompt on one line, as far as it fits; without one, what was done."""
    # XML, and so OpenRaster, cannot hold control characters.
    text = "".join(letter if letter.isprintable() else " " for letter in recipe.prompt)
    line = " ".join(text.split())
    if len(line) > _LENGTH:
        line = line[: _LENGTH - 1].rstrip() + "…"
    return line or _DONE[recipe.edit]
