"""From the values of a command, as a dialog or a program sets them, to a recipe for the core."""

from typing import Any, Dict, List, Mapping

import wire
from shell import messages, references
from shell.i18n import _

__all__ = ["name", "parts", "parts_text", "recipe", "shown", "values"]

NAME_LENGTH = 40


def recipe(edit: str, values: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the recipe. What is empty, the core decides by the user's settings.

    Raises ShellError where the parts of the prompt are not written as :func:`parts` reads them.
    """
    context, seed = values.get("context", -1), values.get("seed", -1)
    made: Dict[str, Any] = {
        "version": 1,
        "edit": edit,
        "grow": int(values.get("grow", 0)),
        "feather": int(values.get("feather", 0)),
        "context": None if context < 0 else int(context),
        "seed": None if seed < 0 else int(seed),
    }
    for text in ("prompt", "negative"):
        if text in values:
            made[text] = _line(values, text)
    if _line(values, "parts"):
        made["parts"] = parts(values["parts"])
    for who in ("provider", "model"):
        if _line(values, who):
            made[who] = _line(values, who)
    if "count" in values:
        made["count"] = int(values["count"])
    if values.get("strength", -1) >= 0:
        made["strength"] = float(values["strength"])
    if edit == "style":
        made["look"] = {
            "style": _line(values, "named_style"),
            "stroke": float(values["stroke"]),
            "keep_colours": bool(values["keep_colours"]),
            "keep_light": bool(values["keep_light"]),
        }
    return made


def parts(text: str) -> Dict[str, str]:
    """Return the parts of a prompt from lines such as "lighting: soft".

    What parts there are, the core knows. Raises ShellError for what is no such line.
    """
    found = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        part, colon, words = (each.strip() for each in line.partition(":"))
        if not (part and colon and words):
            raise messages.not_a_part(line)
        found[part] = words
    return found


def parts_text(said: Mapping[str, str]) -> str:
    """Return the parts of a prompt as lines: the way back; what is empty is left out."""
    kept = ((part, " ".join(words.split())) for part, words in said.items())
    return "\n".join("{}: {}".format(part, words) for part, words in kept if words)


def values(stored: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the fields said for a recipe that is on a layer: the way back.

    Grow and feather are left out: they are in the mask that it has by now. Who and what is wanted
    has no field of its own beside the prompt, and joins it.
    """
    apart = dict(stored.get("parts") or {})
    about = [stored.get("prompt"), apart.pop("subject", ""), apart.pop("action", "")]
    look = stored.get("look") or {}
    strength = stored.get("strength")
    said: Dict[str, Any] = {
        "prompt": ", ".join(filter(None, about)),
        "parts": parts_text(apart),
        "negative": stored.get("negative") or "",
        "grow": 0,
        "feather": 0,
        "context": -1 if stored.get("context") is None else stored["context"],
        "seed": -1 if stored.get("seed") is None else stored["seed"],
        "provider": stored.get("provider") or "",
        "model": stored.get("model") or "",
        "strength": -1.0 if strength is None else strength,
        "count": 1,
    }
    if stored.get("edit") == "style":
        said.update(
            named_style=look.get("style", ""),
            style_layer=None,
            style_file="",
            stroke=look.get("stroke", 1.0),
            keep_colours=look.get("keep_colours", False),
            keep_light=look.get("keep_light", False),
        )
    return said


def name(edit: str, values: Mapping[str, Any]) -> str:
    """Return what a layer is called that was made with *values*."""
    said = _line(values, "prompt") or _line(values, "named_style")
    if not said and _line(values, "parts"):
        said = ", ".join(parts(values["parts"]).values())
    line = " ".join(said.split())
    if line:
        return line if len(line) <= NAME_LENGTH else line[: NAME_LENGTH - 1].rstrip() + "…"
    return {
        "inpaint": _("Inpainted"),
        "remove": _("Removed"),
        "variation": _("Variation"),
        "style": _("Styled"),
    }.get(edit, _("Inpainted"))


def shown(values: Mapping[str, Any]) -> List[wire.Reference]:
    """Return the picture whose style is wanted, where one was chosen."""
    layer, file = values.get("style_layer"), values.get("style_file")
    if layer is not None:
        return [references.of_layer(layer, "style")]
    return [references.of_file(file, "style")] if file else []


def _line(values: Mapping[str, Any], text: str) -> str:
    return (values.get(text) or "").strip()
