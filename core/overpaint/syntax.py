"""What people write into prompts beside words: options, weights, and lists of what not to show.

These come from other tools (Midjourney's `--ar 16:9`, the `(word:1.3)` of Stable Diffusion), and
are understood everywhere, so that a prompt can be taken along from one model to another.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, islice

from overpaint.language import _
from overpaint.wording import note, wording

__all__ = ["Reading", "plain", "read"]

STRONG = 1.2
"""From this weight on, losing it would change the picture."""
STEP = 1.1
"""What one pair of brackets without a number means."""
LONGEST_EMPHASIS = 100
"""In characters: whoever emphasises more than this emphasises nothing."""
MOST_EMPHASES = 8
ROUNDS = 20
"""Taking one thing away can bring another to light, in texts that nobody writes."""

NUMBER = re.compile(r":\s{0,4}(\d{1,4}(?:\.\d{0,6})?|\.\d{1,6})\s{0,4}\Z")
UNWANTED = re.compile(r"(?<!\S)--no(?:[ \t=]+([^\n]*?))?(?=\s--[a-zA-Z]|\n|\Z)", re.IGNORECASE)
UNWANTED_LINE = re.compile(r"^negative prompt:([^\n]*)$", re.IGNORECASE | re.MULTILINE)
SETTINGS_LINE = re.compile(r"^steps: \d{1,6}, [^\n]*$", re.IGNORECASE | re.MULTILINE)
BETWEEN = re.compile(r"(?<=\w)::-?\d{0,3}(?:\.\d{1,3})?(?=\s|\Z)")
EXTRA = re.compile(r"<(?:lora|lyco|lycoris|hypernet):[^<>\n]{1,200}>", re.IGNORECASE)
ESCAPED = re.compile(r"\\([()\[\]])")


@dataclass(slots=True)
class Reading:
    """A text without its syntax. *unwanted*: what must not be shown; *strong*: what was given
    a high weight; *weighed*: whether weights were taken out; *notes*: sentences on what was lost.
    """

    text: str
    unwanted: list[str] = field(default_factory=list)
    strong: list[str] = field(default_factory=list)
    weighed: bool = False
    notes: list[str] = field(default_factory=list)


def read(text: str, *, weights: bool) -> Reading:
    """Return what *text* says; with *weights*, those and add-on networks stay in it as they are."""
    reading = Reading(text.strip())
    for _round in range(ROUNDS):
        before = reading.text
        _take_unwanted(reading)
        _take_flags(reading)
        if not weights:
            _take_weights(reading)
        if reading.text == before:
            break
    if not weights:
        reading.text = plain(reading.text)
    return reading


def plain(text: str) -> str:
    """Return *text* without any bracket where something in it reads as a weight."""
    return re.sub(r"[()\[\]]", "", text) if any(_weights(text)) else text


def _take_unwanted(reading: Reading) -> None:
    def keep(match: re.Match[str]) -> str:
        listed = (match.group(1) or "").strip(" \t,;")
        if listed:
            reading.unwanted.append(listed)
        return ""

    _replace(reading, UNWANTED_LINE, keep)
    _replace(reading, UNWANTED, keep)


def _take_flags(reading: Reading) -> None:
    for pattern, why, words in _flags():

        def drop(match: re.Match[str], why: str = why, words: str = words) -> str:
            name = "put_in_words" if words else "left_out"
            reading.notes.append(note(name, quoted=match.group(), why=_(why)))
            return f", {words}" if words else ""

        _replace(reading, pattern, drop)

    def settings(_match: re.Match[str]) -> str:
        reading.notes.append(note("steps"))
        return ""

    def between(match: re.Match[str]) -> str:
        reading.notes.append(note("parts", quoted=match.group()))
        return "," if match.end() < len(match.string) else ""

    _replace(reading, SETTINGS_LINE, settings)
    _replace(reading, BETWEEN, between)


@cache
def _flags() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    found = []
    for flag in wording()["flags"]:
        names = "|".join(sorted(flag["names"], key=len, reverse=True))
        # Keyboards turn two hyphens into a dash; before a mere word that would be prose.
        dashes = "(?:--|[\u2013\u2014])" if "value" in flag else "--"
        value = rf"[ \t=]{{1,4}}(?:{flag['value']})" if "value" in flag else ""
        pattern = rf"(?<!\S){dashes}(?:{names}){value}(?=[\s,;]|\.?(?:\s|\Z))"
        found.append((re.compile(pattern, re.IGNORECASE), flag["why"], flag.get("words", "")))
    return tuple(found)


def _replace(
    reading: Reading, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]
) -> None:
    text, count = pattern.subn(by, reading.text)
    if count:
        # What was taken out leaves its blanks behind.
        text = re.sub(r"(?<=\S)[ \t]+(?=[,\n])", "", re.sub(r"(?<=\S)[ \t]{2,}", " ", text))
        reading.text = text.strip().removeprefix(", ")


def _take_weights(reading: Reading) -> None:
    def drop(match: re.Match[str]) -> str:
        reading.notes.append(note("extras", quoted=match.group()))
        return ""

    _replace(reading, EXTRA, drop)
    text = ESCAPED.sub(r"\1", reading.text)
    spans = list(_weights(text))
    if spans:
        outer = min(spans, key=lambda span: (span.start, -span.end))
        if not reading.weighed:
            reading.weighed = True
            reading.notes.append(note("weights", quoted=text[outer.start : outer.end]))
        cuts = sorted(cut for span in spans for cut in span.delimiters)
        reading.strong.extend(islice(_strong(text, spans, cuts), MOST_EMPHASES))
        text = _without(text, cuts, 0, len(text))
    reading.text = text


@dataclass(frozen=True, slots=True)
class _Span:
    """One weight: from *start* to *end* with its brackets, its words until *inner_end*."""

    start: int
    end: int
    inner_end: int
    weight: float

    @property
    def delimiters(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.start, self.start + 1), (self.inner_end, self.end)


def _weights(text: str) -> Iterator[_Span]:
    """Yield the weights in *text*: (a:1.3), ((a)) and [a], but no single brackets of prose."""
    previous: _Span | None = None  # the pair that was closed last, if a round one without a number
    previous_given = False
    letters = list(accumulate((letter.isalpha() for letter in text), initial=0))
    quotes = list(accumulate((letter == '"' for letter in text), initial=0))
    for start, end in _pairs(text):
        tail = max(start + 1, end - 20)
        number = NUMBER.search(text[tail : end - 1])
        inner_end = tail + number.start() if number else end - 1
        if text[start] == "[":
            # Brackets in JSON hold quotes or numbers.
            if quotes[start] == quotes[end] and letters[start] < letters[end]:
                yield _Span(start, end, inner_end, 1 / STEP)
            continue
        if number:
            yield _Span(start, end, inner_end, float(number.group(1)))
            continue
        span = _Span(start, end, end - 1, STEP)
        doubled = previous is not None and (previous.start, previous.end) == (start + 1, end - 1)
        if doubled and previous is not None:
            if not previous_given:
                yield previous
            yield span
        previous, previous_given = span, doubled


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where brackets that belong together begin and end, inner ones first."""
    opened: dict[str, list[int]] = {"(": [], "[": []}
    closes = {")": "(", "]": "["}
    for match in re.finditer(r"[()\[\]]", text):
        letter = match.group()
        if letter in opened:
            opened[letter].append(match.start())
        elif opened[closes[letter]]:
            start = opened[closes[letter]].pop()
            # What was opened since and never closed does not belong to anything.
            other = opened["[" if letter == ")" else "("]
            while other and other[-1] > start:
                other.pop()
            yield start, match.end()


def _strong(text: str, spans: list[_Span], cuts: list[tuple[int, int]]) -> Iterator[str]:
    """Yield the words whose weight, with those around it, is first a strong one."""
    around: list[tuple[int, float]] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        while around and around[-1][0] <= span.start:
            around.pop()
        outer = around[-1][1] if around else 1.0
        weight = outer * span.weight
        around.append((span.end, weight))
        if outer < STRONG <= weight and span.inner_end - span.start <= LONGEST_EMPHASIS:
            words = _without(text, cuts, span.start, span.end).strip(" ,.")
            if words:
                yield words


def _without(text: str, cuts: list[tuple[int, int]], start: int, end: int) -> str:
    """Return *text* from *start* to *end* without what lies in *cuts*, which rise."""
    kept, at = [], start
    for first, last in cuts:
        if first >= start and last <= end:
            kept.append(text[at:first])
            at = max(at, last)
    return "".join([*kept, text[at:end]])
