"""The words that a model gets: put together from a recipe, in the dialect of its provider.

A model that follows instructions is told what to change, what to keep, and which picture is
which, around the user's own words. Another one gets a description of the finished picture. A text
that was composed already, and perhaps edited since, is sent as it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from overpaint.dialect import Dialect, MaskUse, Role, Text
from overpaint.recipe import Edit, Part, Recipe
from overpaint.syntax import plain
from overpaint.wish import Wish
from overpaint.wording import note, nth, wording

__all__ = ["compose"]

MOST_NOTES = 12


def compose(recipe: Recipe, dialect: Dialect, references: Sequence[Role] = ()) -> Text:
    """Return the words for *recipe* in *dialect*; *references* go along in that order.

    In the prompt of Edit.REMOVE, subject, action and free text name what is to go, the other
    parts what is to be there instead. Nothing that is too long, or cannot be said, is an error:
    it is left out, and a note says so.
    """
    if recipe.edit is Edit.STYLE:
        recipe = _with_style(recipe)
    wish = Wish(recipe, weights=dialect.weights)
    if dialect.instructs:
        prompt = _instruct(wish, recipe, dialect, references)
        negative = ", ".join(wish.unwanted) if dialect.negative else ""
    else:
        prompt, negative = _describe(wish, recipe.edit, dialect)
    if not dialect.weights:
        # What was two halves of nothing in two parts can be a weight in the whole.
        prompt, negative = plain(prompt), plain(negative)
    if len(negative) > dialect.longest:
        negative = _cut(negative, dialect.longest)
        wish.notes.append(note("unwanted_cut", longest=dialect.longest))
    return Text(prompt, negative, tuple(dict.fromkeys(wish.notes))[:MOST_NOTES])


# Instructions


def _with_style(recipe: Recipe) -> Recipe:
    """Return *recipe* with the words of a named style among its parts."""
    if not recipe.look.style or Part.STYLE in recipe.parts:
        return recipe
    from overpaint import styles

    words = styles.get(recipe.look.style).words
    return replace(recipe, parts={**recipe.parts, Part.STYLE: words})


def _instruct(wish: Wish, recipe: Recipe, dialect: Dialect, references: Sequence[Role]) -> str:
    edit = recipe.edit
    if edit is Edit.REMOVE:
        asked = _sentences(wish.free, wish.lead, ())
        instead = _sentences("", "", wish.others())
    else:
        asked = _sentences(wish.free, wish.lead, wish.others())
        instead = ""
    words = wording()["words"]
    user = [asked]
    if wish.strong:
        user.append(words["emphasis"].format(list=_and(wish.strong)))
    after = []
    if instead and instead not in asked:
        after.append(f"{wording()['edits']['remove']['instead']} {instead}")
    unwanted = "" if dialect.negative else _and(wish.unwanted, "or")
    if unwanted:
        after.append(words["unwanted"].format(list=unwanted))
    if edit is Edit.STYLE:
        kept = (("keep_colours", recipe.look.keep_colours), ("keep_light", recipe.look.keep_light))
        after += [wording()["edits"]["style"][name] for name, wanted in kept if wanted]
    after = [sentence for sentence in after if sentence not in asked]
    frame = _frame(edit, dialect, references, asked)
    if frame.sign in asked:
        # Composed before: perhaps previewed, and edited by hand.
        return _fit([], [*user, *after], [], dialect, wish)
    if edit is not Edit.GENERATE and dialect.mask is MaskUse.NONE and not asked:
        wish.notes.append(note("nowhere"))
    return _fit(frame.before, [*user, *after], frame.after, dialect, wish)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Our sentences around the user's words; by *sign* it is seen that they are there already."""

    sign: str
    before: list[str]
    after: list[str]


def _frame(edit: Edit, dialect: Dialect, references: Sequence[Role], asked: str) -> _Frame:
    says = wording()
    edits, finish = says["edits"][edit.value], says["finish"]
    if edit is Edit.GENERATE:
        task = edits["wish" if asked else "bare"]
        return _Frame(_known(edits, asked, task), [task, *_introduce(references, 0)], [])
    where = says["where"][dialect.mask.value]
    sent = 2 if dialect.mask is MaskUse.PICTURE else 1
    if asked:
        task = edits["wish"]
    elif edit is Edit.STYLE and Role.STYLE in references:
        place = sent + 1 + list(references).index(Role.STYLE)
        task = edits["borrowed"].replace("{nth}", nth(place))
    elif dialect.mask is MaskUse.NONE:
        task = edits.get("bare_none", edits["bare"])
    else:
        task = edits["bare"]
    task = task.format(area=where["area"])
    before = [where["sentence"], *_introduce(references, sent), task]
    after = [edits["fill"]] if "fill" in edits else []
    after += [finish["keep"], finish["seam"], finish["result"]]
    return _Frame(where["sentence"], before, after)


def _known(edits: dict[str, str], asked: str, task: str) -> str:
    """Return the task that *asked* says already, whichever it is, else *task*."""
    return next((each for each in (edits["wish"], edits["bare"]) if each in asked), task)


def _introduce(references: Sequence[Role], sent: int) -> list[str]:
    """Return what the references are for; *sent* pictures go before them."""
    says = wording()["references"]
    return [
        says[role.value].format(nth=nth(place))
        for place, role in enumerate(references, start=sent + 1)
    ]


def _sentences(free: str, lead: str, parts: Iterable[tuple[Part, str]]) -> str:
    """Return free text and parts as sentences, none twice; free text alone stays as it is."""
    labels = wording()["labels"]
    said = [free] if free else []
    if lead and not _says(free, lead):
        said.insert(0, _closed(lead))
    for part, text in parts:
        sentence = _closed(f"{labels[part.value]}: {text}")
        if sentence not in free:
            said.append(sentence)
    return said[0] if len(said) == 1 else " ".join(map(_closed, said))


def _closed(text: str) -> str:
    return text if text[-1:] in ".!?:;,…\"')\u3002\uff01\uff1f" else f"{text}."


def _and(items: Sequence[str], word: str = "and") -> str:
    items = list(filter(None, dict.fromkeys(item.strip(" .,;") for item in items)))
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def _fit(before: list[str], user: list[str], after: list[str], dialect: Dialect, wish: Wish) -> str:
    """Return all of it, within the longest prompt: our last sentences go first, then words."""
    words = "\n".join(filter(None, user))
    for kept in range(len(after), -1, -1):
        whole = _lines(" ".join(before), words, " ".join(after[:kept]))
        if len(whole) <= dialect.longest:
            return whole
    frame = " ".join(before)
    if len(frame) > dialect.longest // 2:
        frame = ""
    kept_words = _cut(words, dialect.longest - len(frame) - 1 if frame else dialect.longest)
    _tell_cut(wish, words, kept_words, dialect)
    return _lines(frame, kept_words)


def _lines(*paragraphs: str) -> str:
    return "\n".join(filter(None, paragraphs))


# Descriptions


def _describe(wish: Wish, edit: Edit, dialect: Dialect) -> tuple[str, str]:
    """Return the description of the finished picture, and what must not be in it."""
    background = wording()["words"]["background"]
    unwanted = list(wish.unwanted)
    removed = ""
    if edit is Edit.REMOVE and background in wish.free:
        pieces = [wish.free]  # composed before
    elif edit is Edit.REMOVE:
        whole = " ".join(filter(None, (wish.lead, wish.free)))
        removed = _removed(whole) or whole.strip(" .,;\n")
        pieces = [background, *(text for _, text in wish.others())]
    elif edit is Edit.INPAINT and not wish.lead and _removed(wish.free):
        removed = _removed(wish.free)
        pieces = [background, *(text for _, text in wish.others())]
        wish.notes.append(note("described", quoted=wish.free, sent=background))
    else:
        pieces = _pieces(wish)
    if wish.strong and not removed:
        pieces.append(wording()["words"]["emphasis_described"].format(list=_and(wish.strong)))
    prompt = _joined(pieces)
    kept = _cut(prompt, dialect.longest)
    if kept != prompt:
        _tell_cut(wish, prompt, kept, dialect)
    if dialect.negative:
        known = {item.casefold() for item in unwanted}
        gone = [removed] if removed and removed.casefold() not in known else []
        return kept, ", ".join([*gone, *unwanted])
    if removed:
        wish.notes.append(note("no_removal"))
    if unwanted:
        wish.notes.append(note("unwanted", list=", ".join(unwanted)))
    return kept, ""


def _pieces(wish: Wish) -> list[str]:
    free = _described(wish)
    parts = dict(wish.others(Part.SETTING))
    beside = [wish.lead, wish.parts.get(Part.SETTING, ""), *parts.values()]
    new = [text for text in beside if text and not _says(free, text)]
    leads = sum(1 for text in beside[:2] if text in new)
    return [*new[:leads], free, *new[leads:]]


def _described(wish: Wish) -> str:
    """Return the free text; of a plain instruction only what it asks to see."""
    for pattern in wording()["describe"]["instructions"]:
        match = re.fullmatch(rf"{pattern}\.?", wish.free, re.IGNORECASE)
        if match and not re.search(r"[.!?]\s", wish.free):
            kept = match.group("kept")
            wish.notes.append(note("described", quoted=wish.free, sent=kept))
            return kept
    return wish.free


def _removed(text: str) -> str:
    """Return what *text* asks to be taken away; "" where it asks for something else."""
    match = re.fullmatch(wording()["describe"]["removals"], text, re.IGNORECASE)
    return match.group("kept").strip(" .,;") if match else ""


def _joined(pieces: Iterable[str]) -> str:
    """Return pieces as one list with commas; what has an end of its own gets none."""
    text = ""
    for piece in filter(None, pieces):
        text += piece if not text else f" {piece}" if text[-1] in ".,;!?\n" else f", {piece}"
    return text


def _says(text: str, piece: str) -> bool:
    """Say whether *piece* is one of the items or sentences of *text*."""
    bare = piece.rstrip(" .,;")
    start = text.casefold().find(bare.casefold()) if bare else -1
    if start < 0 or len(text.casefold()) != len(text):
        return bare in text if start >= 0 else False
    before, after = text[:start].rstrip(), text[start + len(bare) :].lstrip()
    return before[-1:] in ("", *",.;:!?\n") and after[:1] in ("", *",.;:!?\n")


# Length


def _cut(text: str, longest: int) -> str:
    """Return as many whole words of *text* as fit."""
    if len(text) <= longest:
        return text
    start = text[: max(0, longest) + 1]
    at = max(start.rfind(" "), start.rfind("\n"))
    return (start[:at] if at > longest // 2 else start[: max(0, longest)]).rstrip(" ,;\n")


def _tell_cut(wish: Wish, whole: str, kept: str, dialect: Dialect) -> None:
    wish.notes.append(note("cut", kept=len(kept), length=len(whole), longest=dialect.longest))
