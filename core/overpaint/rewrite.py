"""Putting a plain wish into a full image prompt with the help of a language model.

This asks no model: a provider's `rewrite` does, with the instructions made here, and what it
answers is read here. The user sees the result, and only what they accept gets into the recipe.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from overpaint.dialect import Dialect, Role
from overpaint.errors import AnswerUnusable, RecipeInvalid
from overpaint.recipe import Part, Recipe
from overpaint.syntax import read as read_syntax
from overpaint.wording import wording

__all__ = ["Question", "Rewritten", "accept", "ask", "read"]

MAX_ANSWER = 60_000
"""Characters of an answer that are looked at."""
MAX_PROMPT = 4000
ROUNDS = 6
"""How many things may be wrapped round a prompt, one in the other."""
MOST_WORDS = 150
CHARACTERS_A_WORD = 8

THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"^[ \t]*```[^\n`]{0,40}\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
YES = r"(?:sure|certainly|of course|absolutely|okay|ok|gladly)"
GREETING = re.compile(
    rf"(?:{YES}[^\n]{{0,80}}?[!,.:]\s*)?(?:here(?:'s|\u2019s| is| are)|this is|below is)\b"
    r"(?:[^\n:]{0,120}:(?=\s*\n)|"
    r"[^\n:]{0,80}\b(?:prompt|version|description|rewrite|result)\b[^\n:]{0,60}:)\s*|"
    rf"{YES}(?:[!.:]\s+|,[^\n]{{0,100}}[.!:]\s*\n)\s*",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"[#*_ \t]*(?:(?:rewritten|revised|improved|enhanced|expanded|final|full|image|new|positive)"
    r"[ -]{1,3}){0,3}prompt[*_ \t]{0,4}:[*_ \t]*\s*|#{1,4} [^\n]{0,80}\n\s*",
    re.IGNORECASE,
)
REMARK = re.compile(
    r"\n\s*(?:---+\s*\n.*|\**(?:let me know|feel free|would you like|i hope|hope this|"
    r"if you(?:'d| would| want)|this prompt)\b.*|"
    r"\(?\**note\**:.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
NEGATIVE = re.compile(
    r"^[-*_ \t]*(?:negative(?:[ _-]prompt)?|avoid|exclude|do not show)[*_ \t]{0,4}:"
    r"[*_ \t]*([^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
QUOTES = (
    ('"', '"'),
    ("\u201c", "\u201d"),
    ("\u201e", "\u201c"),
    ("\u2018", "\u2019"),
    ("«", "»"),
    ("»", "«"),
    ("'", "'"),
    ("`", "`"),
    ("**", "**"),
    ("*", "*"),
)
PROMPT_KEYS = ("prompt", "image_prompt", "rewritten_prompt", "rewritten", "text", "description")
NEGATIVE_KEYS = ("negative", "negative_prompt", "avoid", "exclude")
NOTHING = {"", "none", "none.", "n/a", "-", "nothing", "null"}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider's `rewrite` is given."""

    instructions: str
    wish: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What the user is asked to accept."""

    prompt: str
    negative: str = ""


def ask(recipe: Recipe, dialect: Dialect, references: Sequence[Role] = ()) -> Question:
    """Return what to ask for the wish of *recipe*; raises RecipeInvalid where there is none."""
    says = wording()["rewrite"]
    wish = _wish(recipe)
    if not wish:
        raise RecipeInvalid("There is no prompt to rewrite.", "Say in a few words what you want.")
    words = max(5, min(MOST_WORDS, dialect.longest // CHARACTERS_A_WORD))
    lines = [
        says["task"],
        says["edits"][recipe.edit.value],
        says["keep"].replace("{words}", str(words)),
        says["instruction" if dialect.instructs else "description"],
    ]
    if dialect.negative or dialect.instructs:
        lines.append(says["unwanted"])
    if references:
        roles = ", ".join(dict.fromkeys(role.value for role in references))
        lines.append(says["references"].replace("{list}", roles))
    return Question("\n".join(lines), wish)


def read(answer: str, dialect: Dialect) -> Rewritten:
    """Return the prompt in what a language model answered; raises AnswerUnusable without one."""
    text = _tidy(THOUGHTS.sub("", _tidy(answer[:MAX_ANSWER])))
    rewritten = _from_json(text)
    if rewritten is None:
        fence = FENCE.search(text)
        inside = fence.group(1).strip() if fence else ""
        # What stands outside a fence is talk about it, but for what must not be seen.
        outside = FENCE.sub("\n", text) if inside else ""
        rewritten = _from_json(inside) or _from_text(inside or text, outside)
    prompt = _cut(rewritten.prompt, min(dialect.longest, MAX_PROMPT))
    if not any(letter.isalnum() for letter in prompt):
        raise AnswerUnusable(
            "The language model answered without a prompt.", "Try again, or use your own words."
        )
    return Rewritten(prompt, _cut(rewritten.negative, min(dialect.longest, MAX_PROMPT)))


def accept(recipe: Recipe, rewritten: Rewritten) -> Recipe:
    """Return *recipe* with the new words in place of prompt and parts, which they contain."""
    known = [each for each in (recipe.negative.strip(" ,"), rewritten.negative) if each]
    negative = known[0] if len(known) == 2 and known[1] in known[0] else ", ".join(known)
    return replace(recipe, prompt=rewritten.prompt, parts={}, negative=negative)


def _wish(recipe: Recipe) -> str:
    """Return what *recipe* asks for, one thing a line, without options of other tools."""
    labels = {**wording()["labels"], **wording()["rewrite"]["labels"]}
    free = read_syntax(recipe.prompt, weights=False)
    parts = {part: read_syntax(recipe.parts.get(part, ""), weights=False) for part in Part}
    named = [f"{labels[part.value]}: {each.text}" for part, each in parts.items() if each.text]
    said = [line for line in (free.text, *named) if line]
    unwanted = [listed for each in (free, *parts.values()) for listed in each.unwanted]
    unwanted += [recipe.negative.strip()] if recipe.negative.strip() else []
    if said and unwanted:
        said.append(f"{labels['unwanted']}: {', '.join(unwanted)}")
    return CONTROL.sub("", "\n".join(said))


def _from_json(text: str) -> Rewritten | None:
    """Return what JSON says, where *text* is JSON that says it under a name that is known."""
    if text[:1] not in ("{", '"', "["):
        return None
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if isinstance(data, str):
        return _from_text(data)
    if not isinstance(data, dict):
        return None
    found = {str(key).casefold().replace(" ", "_"): value for key, value in data.items()}
    prompt = next((found[key] for key in PROMPT_KEYS if isinstance(found.get(key), str)), None)
    if prompt is None:
        return None
    negative = next((found[key] for key in NEGATIVE_KEYS if key in found), "")
    if isinstance(negative, list):
        negative = ", ".join(str(each) for each in negative)
    said = _from_text(prompt)
    return Rewritten(said.prompt, _listed(negative) if isinstance(negative, str) else "")


def _from_text(text: str, beside: str = "") -> Rewritten:
    """Return the prompt in *text*; what must not be seen may also stand *beside* it."""
    text = _tidy(text)
    negatives = NEGATIVE.findall(text) or NEGATIVE.findall(beside)
    text = NEGATIVE.sub("", text).strip()
    for _ in range(ROUNDS):
        before = text
        for opening in (GREETING, LABEL):
            match = opening.match(text)
            text = text[match.end() :] if match else text
        text = _bare(REMARK.sub("", text).strip())
        if text == before:
            break
    return Rewritten(text, _listed(", ".join(negatives)))


def _tidy(text: str) -> str:
    """Return *text* without control characters, blank lines, and runs of blanks."""
    lines = (" ".join(line.split()) for line in CONTROL.sub(" ", text).split("\n"))
    return "\n".join(filter(None, lines))


def _bare(text: str) -> str:
    """Return *text* without the quotation marks or asterisks that are around all of it."""
    for opening, closing in QUOTES:
        whole = len(text) > len(opening) + len(closing)
        if whole and text.startswith(opening) and text.endswith(closing):
            inner = text[len(opening) : -len(closing)]
            # "A" and "B" has marks at both ends, too.
            if opening not in inner and closing not in inner:
                return inner.strip()
    return text


def _listed(text: str) -> str:
    listed = _bare(" ".join(CONTROL.sub("", text).split())).strip(" .,;")
    return "" if listed.casefold() in NOTHING else listed


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    start = text[:longest]
    end = max(start.rfind(mark) for mark in (". ", "\n", ", ", " "))
    return (start[:end] if end > longest // 2 else start).rstrip(" ,;\n")
