"""Pictures by chat: what is sent to /chat/completions, and where in its answers pictures hide."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

from overpaint.errors import ContentRefused, NoPicture, ProviderFailed, ServerFault
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.providers.openai_wire import Found

__all__ = ["ASPECTS", "Reply", "aspect_of", "data_url", "message", "tier_of"]

ASPECTS = (
    (1, 1),
    (2, 3),
    (3, 2),
    (3, 4),
    (4, 3),
    (4, 5),
    (5, 4),
    (9, 16),
    (16, 9),
    (21, 9),
)
# The last alternatives are links that are pictures by their ending; others are not followed.
IN_TEXT = re.compile(
    r"!\[[^\]]*\]\(\s*(?P<shown>data:image/[^)\s]+|https?://[^)\s]+)[^)]*\)"
    r"|(?P<data>data:image/[\w.+-]+;base64,[A-Za-z0-9+/=]+)"
    r"|(?P<link>https?://[^\s<>()\"'\]]+\.(?:png|jpe?g|webp|gif)(?:\?[^\s<>()\"'\]]*)?)",
    re.IGNORECASE,
)
LINK = re.compile(r"https?://\S+")
REFUSALS = {
    "content_filter",
    "safety",
    "image_safety",
    "prohibited_content",
    "image_prohibited_content",
    "blocklist",
    "recitation",
    "image_recitation",
    "spii",
}


def data_url(picture: bytes) -> str:
    """Return a PNG file as a data URL."""
    import base64

    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


def message(prompt: str, pictures: Sequence[bytes]) -> dict[str, Any]:
    """Return what the user says: the words first, then the pictures, as OpenRouter advises."""
    images = [{"type": "image_url", "image_url": {"url": data_url(each)}} for each in pictures]
    return {"role": "user", "content": [{"type": "text", "text": prompt}, *images]}


def aspect_of(extent: Extent, aspects: Sequence[tuple[int, int]]) -> str:
    """Return the one of *aspects* that comes nearest, like "4:3"."""
    shape = log(extent.width / extent.height)
    across, down = min(aspects or ASPECTS, key=lambda pair: abs(log(pair[0] / pair[1]) - shape))
    return f"{across}:{down}"


def tier_of(extent: Extent) -> str:
    """Return the word for about that many pixels."""
    if extent.pixels <= 1_600_000:
        return "1K"
    return "2K" if extent.pixels <= 6_300_000 else "4K"


@dataclass(slots=True)
class Reply:
    """What a chat answered: whole, or put together from the pieces of a stream."""

    texts: list[str] = field(default_factory=list)
    refusal: str = ""
    finish: str = ""
    native_finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def said(self) -> str:
        """The text without the pictures in it."""
        return " ".join(IN_TEXT.sub(" ", self.text).split())

    def take(self, data: Mapping[str, Any]) -> list[Found]:
        """Add an answer, or one piece of it, and return the pictures that it has outside text."""
        if isinstance(data.get("usage"), dict):
            self.usage = data["usage"]
        self.id = str(data.get("id") or self.id)
        found: list[Found] = []
        choices = data.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, dict):
                continue
            self.finish = str(choice.get("finish_reason") or self.finish)
            self.native_finish = str(choice.get("native_finish_reason") or self.native_finish)
            part = choice.get("message") or choice.get("delta")
            if isinstance(part, dict):
                found += self._take_message(part)
        return found

    def _take_message(self, part: Mapping[str, Any]) -> list[Found]:
        self.refusal += str(part.get("refusal") or "")
        sources = list(_sources(part.get("images")))
        content = part.get("content")
        if isinstance(content, str):
            self.texts.append(content)
        elif isinstance(content, list):
            texts = [each.get("text") for each in content if isinstance(each, dict)]
            self.texts.extend(text for text in texts if isinstance(text, str))
            sources += _sources(content)
        said = self.said if sources else ""
        return [Found(source, said) for source in sources]

    def in_text(self, *, whole: bool) -> list[Found]:
        """Return the pictures within the text, but none that its end may have cut off.

        *whole*: all of the text is there.
        """
        said = self.said
        sources = [
            next(group for group in match.groups() if group)
            for match in IN_TEXT.finditer(self.text)
            if whole or match.end() < len(self.text)
        ]
        bare = self.text.strip()
        if whole and not sources and LINK.fullmatch(bare):
            return [Found(bare)]
        return [Found(source, said) for source in sources]

    def without_picture(self, title: str, tell: Callable[[str], str]) -> ProviderFailed:
        """Return why there is no picture; *tell* makes a sentence of what the model said."""
        told = tell(self.refusal or self.said)
        if self.refusal or {self.finish.lower(), self.native_finish.lower()} & REFUSALS:
            return ContentRefused(
                _("{title} refuses this edit by its rules on content.{told}").format(
                    title=title, told=told
                ),
                _("Say it in other words, or select another part of the picture."),
            )
        if self.finish == "error":
            return ServerFault(
                _("{title} failed while it worked.{told}").format(title=title, told=told),
                _("It may have been charged. Try again."),
            )
        if self.finish == "length":
            return NoPicture(
                _(
                    "{title} stopped before the picture, because its answer grew too long.{told}"
                ).format(title=title, told=told),
                _("Ask for less, or choose another model."),
            )
        return NoPicture(
            _("{title} answered without a picture.{told}").format(title=title, told=told),
            _("Not every model makes pictures: choose one that does, or say it in other words."),
        )


def _sources(entries: Any) -> Iterator[str]:
    """Yield the addresses of the pictures in a list of parts, whichever way each is written."""
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry
        if not isinstance(entry, dict):
            continue
        image = entry.get("image_url")
        source = image.get("url") if isinstance(image, dict) else image
        source = source or entry.get("b64_json") or entry.get("url")
        if isinstance(source, str) and source:
            yield source
