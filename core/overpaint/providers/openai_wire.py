"""OpenAI's image API as OpenAI and those who imitate it speak it: masks, answers, errors.

Shared by the providers `openai` and `gateway`, and by nobody else.
"""

import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint.catalogue import Model, Output, State
from overpaint.codec import encode_png
from overpaint.errors import (
    AccountLimited,
    Busy,
    ContentRefused,
    EditUnsupported,
    ModelUnknown,
    ProviderFailed,
    RequestRejected,
)
from overpaint.mask import Mask
from overpaint.providers.base import Candidate, Event, Notice, Usage
from overpaint.providers.exchange import Answer, Exchange, by_status, picture_bytes, retry_after

__all__ = [
    "Found",
    "Problem",
    "by_code",
    "deliver",
    "first_problem",
    "found_in",
    "mask_file",
    "picture_file",
    "require_usable",
    "unknown_model",
    "usage_of",
    "warnings",
]

MASK_LIMIT = 4 << 20
FILE_LIMIT = 50 << 20

REFUSED = {"moderation_blocked", "content_policy_violation", "content_filter", "refusal"}
SPENT = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "project_spend_limit_exceeded",
    "payment_required",
}
GONE = {"model_not_found"}
BUSY = {"rate_limit_exceeded", "slow_down", "server_is_overloaded", "provider_overloaded"}
AGAIN = re.compile(r"try again in (?:(\d+)m(?!s))?(\d+(?:\.\d+)?)?(ms|s)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an answer says went wrong; *status*: an HTTP status that its body names, or None."""

    message: str
    code: str = ""
    kind: str = ""
    param: str = ""
    status: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> set[str]:
        """Everything in it that may be one of the vendors' error codes."""
        return {self.code, self.kind, str(self.details.get("error_type", ""))} - {""}


def first_problem(data: Any) -> Problem | None:
    """Return the error in an answer's JSON, whichever of the four usual shapes it has, or None."""
    if not isinstance(data, dict):
        return None
    error = data.get("error")
    if isinstance(error, dict) and error:
        code = error.get("code")
        details = error.get("metadata")
        number = isinstance(code, int) and not isinstance(code, bool)
        return Problem(
            str(error.get("message") or ""),
            "" if code is None or number else str(code),
            str(error.get("type") or ""),
            str(error.get("param") or ""),
            code if number else None,
            details if isinstance(details, dict) else {},
        )
    if isinstance(error, str) and error:
        return Problem(error, str(data.get("code") or ""))
    detail = data.get("detail")
    if isinstance(detail, str) and detail:
        return Problem(detail)
    if isinstance(detail, list) and detail:
        return Problem("; ".join(_one_detail(each) for each in detail))
    return None


def _one_detail(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    where = ".".join(str(step) for step in each.get("loc") or ())
    return f"{where}: {each.get('msg', '')}" if where else str(each.get("msg", ""))


def by_code(answer: Answer, problem: Problem | None, title: str, model: Model) -> ProviderFailed:
    """Return the error that an answer means, by its code where it has one, else by its status."""
    sentence = problem.message if problem else None
    said = answer.excerpt(sentence)
    told = f" It says: {said}" if said else ""
    words = problem.words if problem else set()
    if words & REFUSED or "safety system" in said.lower():
        return ContentRefused(
            f"{title} refuses this edit by its rules on content.{told}",
            "Say it in other words, or select another part of the picture. "
            "Another provider may have other rules.",
        )
    if words & SPENT:
        return AccountLimited(
            f"Your account at {title} has no credit or budget left.{told}",
            "Add credit or raise its limit there; waiting does not help.",
        )
    if words & GONE or (problem and problem.param == "model" and answer.status in (400, 404)):
        return unknown_model(title, model)
    if words & {"invalid_api_key"}:
        return by_status(Answer(401, answer.headers, answer.body, answer.secret), title)
    if words & BUSY or answer.status == 429:
        if answer.headers.get("x-should-retry", "").lower() == "false":
            return AccountLimited(
                f"{title} limits how often it is asked, and says that asking again soon "
                f"does not help.{told}",
                "Look at your account's limits there.",
            )
        wait = retry_after(answer.headers)
        return Busy(
            f"{title} is busy or limits how often it is asked.{told}",
            "Nothing was charged. Try again in a moment.",
            retry_after=_told_to_wait(said) if wait is None else wait,
        )
    if problem and problem.param and answer.status in (400, 422):
        return RequestRejected(
            f"{title} does not take {problem.param} as it was sent.{told}",
            "Change that setting, or choose another model.",
        )
    return by_status(answer, title, sentence)


def _told_to_wait(said: str) -> float | None:
    """Return the seconds in "Please try again in 12s", which is where image limits say it."""
    found = AGAIN.search(said)
    if not found or not (found[1] or found[2]):
        return None
    seconds = float(found[2] or 0) * (0.001 if (found[3] or "").lower() == "ms" else 1)
    return 60 * float(found[1] or 0) + seconds


def unknown_model(title: str, model: Model) -> ModelUnknown:
    """Return the error for a model that the server does not have, with what to use instead."""
    name = model.id or "this model"
    return ModelUnknown(
        f"{title} does not have {name} (any more), or not for this key.",
        _use(model.successor) if model.successor else "Choose another model, or ask which it has.",
        successor=model.successor,
    )


def require_usable(model: Model, title: str) -> None:
    """Raise ModelUnknown for a model that is gone by the catalogue, EditUnsupported for text."""
    ended = model.ends is not None and model.ends <= datetime.now(UTC).date()
    if model.state is State.DEAD or ended:
        raise ModelUnknown(
            f"{model.title} does not exist any more. {model.note}".rstrip(),
            _use(model.successor) if model.successor else "Choose another model.",
            successor=model.successor,
        )
    if model.output is Output.TEXT:
        raise EditUnsupported(
            f"{model.title} writes text and makes no pictures. {model.note}".rstrip(),
            _use(model.successor) if model.successor else f"Choose another model of {title}.",
        )


def warnings(model: Model) -> Iterator[Notice]:
    """Yield what the user should know of a model that can be used for now."""
    if model.state is State.DEPRECATED:
        end = f" on {model.ends.day} {model.ends:%B %Y}" if model.ends else " soon"
        instead = f" {_use(model.successor)}" if model.successor else ""
        yield Notice(f"{model.title} will be shut down{end}.{instead}")


def _use(successor: str | None) -> str:
    return f"Use {successor} instead."


async def picture_file(pixels: npt.NDArray[np.uint8], title: str) -> bytes:
    """Return *pixels* as a PNG file; raises RequestRejected where it is 50 MB or more.

    Not WebP: it saves a quarter of the bytes, takes ten times as long to make, and not everybody
    who imitates OpenAI reads it.
    """
    file = await anyio.to_thread.run_sync(encode_png, pixels)
    if len(file) >= FILE_LIMIT:
        raise RequestRejected(
            f"A picture of {pixels.shape[1]}x{pixels.shape[0]} pixels is too large for {title}.",
            "Select less, or choose smaller references.",
        )
    return file


async def mask_file(mask: Mask, *, transparent: bool) -> bytes:
    """Return *mask* as a PNG file of less than 4 MB that marks every pixel that changes at all.

    How much each of them changes is the business of compositing: a model that was told to keep
    the half-selected edge would leave its old content there. *transparent*: the mark is alpha 0
    in an opaque picture, as OpenAI has it; otherwise it is white on black, as all others have it.
    """
    return await anyio.to_thread.run_sync(_mask_file, mask, transparent)


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


async def deliver(
    exchange: Exchange, found: Iterable[Found], usage: Usage, otherwise: ProviderFailed
) -> AsyncGenerator[Event, None]:
    """Yield each picture as soon as its bytes are there, then *usage*.

    What was paid for is told before anything is raised: *otherwise* where there was no picture,
    or what was wrong with the only ones.
    """
    came, failure = 0, None
    for each in found:
        try:
            if each.source.startswith(("http://", "https://")):
                picture = await exchange.download(each.source)
            else:
                picture = await anyio.to_thread.run_sync(picture_bytes, each.source)
        except ProviderFailed as error:
            failure = failure or error
            continue
        came += 1
        yield Candidate(picture, each.text)
    yield usage
    if not came:
        raise failure or otherwise
    if failure:
        yield Notice(f"Not every picture could be used. {failure.sentence}")


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
    cost = usage.get("cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        cost = None
        if rates and came is not None and made is not None:
            read = min(came, _count(usage.get("input_tokens_details"), "text_tokens") or 0)
            said = min(made, _count(usage.get("output_tokens_details"), "text_tokens") or 0)
            dollars = read * rates["text_in"] + (came - read) * rates["image_in"]
            dollars += said * rates.get("text_out", rates["image_out"])
            dollars += (made - said) * rates["image_out"]
            cost = dollars / 1e6
    return Usage(None if cost is None else float(cost), came, made, request_id)


def _count(usage: Any, *names: str) -> int | None:
    for name in names:
        value = usage.get(name) if isinstance(usage, dict) else None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None
