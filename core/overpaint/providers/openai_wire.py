"""OpenAI's image API as OpenAI and those who imitate it speak it: requests, pictures, usage.

Shared by the providers `openai` and `gateway`, and by nobody else.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint.codec import encode_png
from overpaint.errors import (
    AddressInvalid,
    AnswerUnusable,
    ConnectionLost,
    ProviderFailed,
    RequestRejected,
)
from overpaint.language import _
from overpaint.mask import Mask
from overpaint.providers.base import (
    Candidate,
    Event,
    Notice,
    Preview,
    Progress,
    Usage,
)
from overpaint.providers.exchange import (
    Answer,
    Exchange,
    ServerEvent,
    picture_bytes,
)

__all__ = [
    "Delivery",
    "File",
    "Found",
    "Request",
    "deliver",
    "flag",
    "found_in",
    "mask_file",
    "picture_file",
    "send",
    "stream",
    "stream_pictures",
    "usage_of",
]

MASK_LIMIT = 4 << 20
FILE_LIMIT = 50 << 20
MAX_COST = 10_000
"""US dollars for one job: what is more, or no number at all, is not believed."""
MAX_TOKENS = 1 << 40

File: TypeAlias = tuple[str, tuple[str, bytes, str]]
"""One file of a form: its field, and name, bytes and media type."""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: a form where there are *files*, else JSON."""

    path: str
    fields: Mapping[str, Any]
    files: Sequence[File] | None = None

    @property
    def form(self) -> dict[str, str]:
        """The fields as a form has them: texts."""
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.fields.items()
        }

    def without(self, name: str) -> "Request":
        """Return this request without one of its fields."""
        fields = {key: value for key, value in self.fields.items() if key != name}
        return replace(self, fields=fields)


async def send(exchange: Exchange, request: Request) -> Answer:
    """Return the whole answer to *request*."""
    if request.files is None:
        return await exchange.post(request.path, dict(request.fields))
    return await exchange.post_form(request.path, request.form, request.files)


def stream(exchange: Exchange, request: Request) -> AsyncGenerator[ServerEvent, None]:
    """Yield the events of the answer to *request*."""
    if request.files is None:
        return exchange.stream(request.path, dict(request.fields))
    return exchange.stream(request.path, fields=request.form, files=request.files)


async def stream_pictures(
    exchange: Exchange,
    request: Request,
    title: str,
    previews: int,
    check: Callable[[Any, bytes], None],
    take: Callable[[Any], AsyncGenerator[Event, None]],
) -> AsyncGenerator[Event, None]:
    """Yield previews as they come, at most *previews* being expected, then what *take* yields.

    *check* raises what an event means that is an error; *take* gets the event with the picture.
    """
    seen = 0
    async with aclosing(stream(exchange, request)) as events:
        async for event in events:
            if event.data.strip() == "[DONE]":
                break
            data = event.json()
            check(data, event.data.encode())
            kind = str(data.get("type") or event.event) if isinstance(data, dict) else ""
            if kind.endswith(".partial_image"):
                seen += 1
                for preview in _preview(data):
                    yield preview
                fraction = min(seen / (previews + 1), 1.0) if previews else None
                yield Progress(fraction, _("{title} is drawing").format(title=title))
            elif not kind or kind.endswith(".completed"):
                # Without a kind it is the whole answer of a server that does not stream.
                async with aclosing(take(data)) as taken:
                    async for found in taken:
                        yield found
                return
    raise ConnectionLost(
        _("{title} ended its answer before the picture was finished.").format(title=title),
        _("It may have been charged. Look at your account there before you try again."),
    )


def _preview(data: dict[str, Any]) -> list[Preview]:
    try:
        return [Preview(picture_bytes(str(data.get("b64_json") or "")))]
    except AnswerUnusable:
        return []  # a damaged preview is no reason to lose the picture


def flag(value: object) -> bool:
    """Say whether an option is switched on; it may come as text."""
    return str(value).lower() in ("true", "yes", "on", "1")


async def picture_file(pixels: npt.NDArray[np.uint8], title: str) -> bytes:
    """Return *pixels* as a PNG file; raises RequestRejected where it is 50 MB or more.

    Not WebP: it saves a quarter of the bytes, takes ten times as long to make, and not everybody
    who imitates OpenAI reads it.
    """
    file = await anyio.to_thread.run_sync(encode_png, pixels, abandon_on_cancel=True)
    if len(file) >= FILE_LIMIT:
        raise RequestRejected(
            _("A picture of {width}x{height} pixels is too large for {title}.").format(
                width=pixels.shape[1], height=pixels.shape[0], title=title
            ),
            _("Select less, or choose smaller references."),
        )
    return file


async def mask_file(mask: Mask, *, transparent: bool) -> bytes:
    """Return *mask* as a PNG file of less than 4 MB that marks every pixel that changes at all.

    How much each of them changes is the business of compositing: a model that was told to keep
    the half-selected edge would leave its old content there. *transparent*: the mark is alpha 0
    in an opaque picture, as OpenAI has it; otherwise it is white on black, as all others have it.
    """
    return await anyio.to_thread.run_sync(_mask_file, mask, transparent, abandon_on_cancel=True)


def _mask_file(mask: Mask, transparent: bool) -> bytes:
    changes = mask > 0
    block = 1
    while True:
        if transparent:
            marked = np.zeros((*mask.shape, 4), np.uint8)
            marked[..., 3] = np.where(changes, 0, 255)
        else:
            marked = np.where(changes, 255, 0).astype(np.uint8)
        file = encode_png(marked)
        if len(file) < MASK_LIMIT:
            return file
        # Only speckles in their millions get here. Marking more than changes does no harm.
        block *= 2
        rows = np.logical_or.reduceat(mask > 0, np.arange(0, mask.shape[0], block), axis=0)
        blocks = np.logical_or.reduceat(rows, np.arange(0, mask.shape[1], block), axis=1)
        whole = blocks.repeat(block, axis=0).repeat(block, axis=1)
        changes = whole[: mask.shape[0], : mask.shape[1]]


@dataclass(frozen=True, slots=True)
class Found:
    """One picture in an answer: base64, a data URL or a link; *text*: what was said with it."""

    source: str = field(repr=False)
    text: str = ""


def found_in(data: Any) -> list[Found]:
    """Return the pictures in an answer of /images/*, or in the event that ends its stream."""
    if not isinstance(data, dict):
        return []
    entries = data.get("data", data.get("images", [data]))
    found = []
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str) and entry:
            found.append(Found(entry))
        if isinstance(entry, dict):
            source = entry.get("b64_json") or entry.get("url")
            if isinstance(source, str) and source:
                found.append(Found(source, str(entry.get("revised_prompt") or "")))
    return found


class Delivery:
    """Pictures on their way out of an answer: each at once, failures kept for last."""

    def __init__(self, exchange: Exchange) -> None:
        self.came = 0
        self._exchange = exchange
        self._failure: ProviderFailed | AddressInvalid | None = None

    async def fetch(self, found: Iterable[Found]) -> AsyncGenerator[Candidate, None]:
        """Yield each picture as soon as its bytes are there."""
        for each in found:
            try:
                if each.source.startswith(("http://", "https://")):
                    picture = await self._exchange.download(each.source)
                else:
                    picture = await anyio.to_thread.run_sync(
                        picture_bytes, each.source, abandon_on_cancel=True
                    )
            except (ProviderFailed, AddressInvalid) as error:
                self._failure = self._failure or error
                continue
            self.came += 1
            yield Candidate(picture, each.text)

    def end(self, otherwise: ProviderFailed) -> Iterator[Notice]:
        """Raise *otherwise* where there was no picture, or what was wrong with the only ones."""
        if not self.came:
            raise self._failure or otherwise
        if self._failure:
            yield Notice(
                _("Not every picture could be used. {sentence}").format(
                    sentence=self._failure.sentence
                )
            )


async def deliver(
    exchange: Exchange, found: Iterable[Found], usage: Usage, otherwise: ProviderFailed
) -> AsyncGenerator[Event, None]:
    """Yield each picture as soon as its bytes are there, then *usage*.

    What was paid for is told before anything is raised: *otherwise* where there was no picture,
    or what was wrong with the only ones.
    """
    delivery = Delivery(exchange)
    async with aclosing(delivery.fetch(found)) as pictures:
        async for picture in pictures:
            yield picture
    yield usage
    for notice in delivery.end(otherwise):
        yield notice


def usage_of(data: Any, request_id: str, rates: Mapping[str, float]) -> Usage:
    """Return what an answer says it took; *rates*: US dollars for a million tokens.

    A cost that the answer names itself wins. Tokens of which it does not say what they are count
    as those of pictures, which are dearer.
    """
    usage = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(usage, dict):
        return Usage(request_id=request_id)
    came = _count(usage, "input_tokens", "prompt_tokens")
    made = _count(usage, "output_tokens", "completion_tokens")
    told = usage.get("cost")
    cost: float | None = None
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < MAX_COST:
        cost = float(told)
    elif rates and came is not None and made is not None:
        read = min(came, _count(usage.get("input_tokens_details"), "text_tokens") or 0)
        said = min(made, _count(usage.get("output_tokens_details"), "text_tokens") or 0)
        dollars = read * rates["text_in"] + (came - read) * rates["image_in"]
        dollars += said * rates.get("text_out", rates["image_out"])
        dollars += (made - said) * rates["image_out"]
        cost = dollars / 1e6
    return Usage(cost, came, made, request_id)


def _count(usage: Any, *names: str) -> int | None:
    for name in names:
        value = usage.get(name) if isinstance(usage, dict) else None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_TOKENS:
            return value
    return None
