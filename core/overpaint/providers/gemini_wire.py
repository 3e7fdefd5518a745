"""What the Gemini API answers: pictures and words, why there are none, tokens, and errors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from overpaint import catalogue
from overpaint.catalogue import Model, Output, State
from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    Busy,
    ContentRefused,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.geometry import Extent
from overpaint.language import N_, _
from overpaint.providers.base import Usage
from overpaint.providers.exchange import Answer, by_status, picture_bytes, retry_after

__all__ = ["Reading", "chunks_of", "explain", "unknown_model", "usage_of"]

CODES = {
    "INVALID_ARGUMENT": 400,
    "INVALID_REQUEST": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""The HTTP status of each error, for those that come in an answer of status 200."""
REFUSALS = {
    "SAFETY": N_("its safety filters stopped it"),
    "PROHIBITED_CONTENT": N_("it takes it for forbidden content"),
    "BLOCKLIST": N_("it holds a word that Google blocks"),
    "SPII": N_("it seems to hold personal data"),
    "IMAGE_SAFETY": N_("the safety filters stopped the picture"),
    "IMAGE_PROHIBITED_CONTENT": N_("it takes the picture for forbidden content"),
    "RECITATION": N_("it came too close to somebody else's work"),
    "IMAGE_RECITATION": N_("the picture came too close to somebody else's work"),
    "MODEL_ARMOR": N_("a filter of the account stopped it"),
    "JAILBREAK": N_("it takes it for an attempt to get round its rules"),
}
REFUSED_HINT = N_(
    "It may have been charged. Change the prompt or the selection, or choose another provider."
)
DATA_URL = re.compile(
    r"!?\[[^\]]{0,200}\]\(\s*(data:image/[^)]*)\)|(data:image/[\w.+-]+;base64,[A-Za-z0-9+/=_-]+)"
)
URL_SAFE = str.maketrans("-_", "+/")


def chunks_of(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the answers in *data*: one, or a list of them; raises AnswerUnusable."""
    for chunk in data if isinstance(data, list) else [data]:
        if not isinstance(chunk, dict):
            raise AnswerUnusable(
                _("The answer is none of the Gemini API."), _("Check the base URL, or try again.")
            )
        yield chunk


class Reading:
    """Reads one answer, whole or chunk by chunk.

    *pictures*: how many came. *began*: whether the model said anything. *damage*: why a picture
    could not be read.
    """

    def __init__(self) -> None:
        self.pictures = 0
        self.began = False
        self.damage: AnswerUnusable | None = None
        self.tokens: Mapping[str, Any] = {}
        self.request_id = ""
        self._text = ""
        self._finish = ""
        self._block = ""
        self._said = ""

    @property
    def words(self) -> str:
        """What the model said so far, without pictures in it."""
        return DATA_URL.sub("", self._text).strip()

    def add(self, chunk: Mapping[str, Any]) -> Iterator[bytes]:
        """Take in *chunk* and yield the pictures in it, undecoded."""
        self.began = True
        if isinstance(chunk.get("usageMetadata"), dict):
            self.tokens = chunk["usageMetadata"]
        if isinstance(chunk.get("responseId"), str):
            self.request_id = chunk["responseId"]
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._block = str(feedback["blockReason"])
            self._said = str(feedback.get("blockReasonMessage") or "")
        candidates = _objects(chunk.get("candidates"))
        parts = []
        for candidate in candidates:
            if candidate.get("finishReason") and self._finish in ("", "STOP"):
                self._finish = str(candidate["finishReason"])
                self._said = str(candidate.get("finishMessage") or self._said)
            content = candidate.get("content")
            if isinstance(content, dict):
                parts += [
                    part for part in _objects(content.get("parts")) if not part.get("thought")
                ]
        # All text first, so that every picture gets it.
        self._text += "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
        for part in parts:
            blob = part.get("inlineData") or part.get("inline_data")
            if isinstance(blob, dict) and isinstance(blob.get("data"), str):
                kind = blob.get("mimeType") or blob.get("mime_type") or "image/"
                if str(kind).startswith("image/"):
                    yield from self._picture(blob["data"])

    def end(self) -> Iterator[bytes]:
        """Yield the pictures that came as links in the text, as some gateways send them."""
        for found in DATA_URL.finditer(self._text):
            yield from self._picture(found[1] or found[2])

    def _picture(self, text: str) -> Iterator[bytes]:
        try:
            picture = picture_bytes(text.rpartition(",")[2].translate(URL_SAFE))
        except AnswerUnusable as error:
            self.damage = error
            return
        self.pictures += 1
        yield picture

    def failure(self, title: str, key: str | None) -> ProviderFailed:
        """Return why there is no picture, or no text; *key* is not shown."""
        answer = Answer(200, {}, b"", key)
        reason = self._block or self._finish
        shown = answer.excerpt(reason)
        told = answer.told(self._said or self.words)
        if self._block or reason in REFUSALS:
            why = _(REFUSALS.get(reason, N_("it does not say why")))
            sentence = _("{title} refused: {why} ({shown}).{told}").format(
                title=title, why=why, shown=shown, told=told
            )
            return ContentRefused(sentence, _(REFUSED_HINT))
        if reason == "MAX_TOKENS":
            return NoPicture(
                _("{title} reached its limit of words before it had made a picture.{told}").format(
                    title=title, told=told
                ),
                _("Raise the option max_output_tokens, or leave it out."),
            )
        if reason in ("", "STOP"):
            return NoPicture(
                _("{title} answered without a picture.{told}").format(title=title, told=told),
                _(
                    "It may have been charged. Say more plainly what the picture should show, or "
                    'set the option modalities to ["IMAGE"].'
                ),
            )
        return NoPicture(
            _("{title} made no picture ({shown}).{told}").format(
                title=title, shown=shown, told=told
            ),
            _("It may have been charged. Try again, or change the prompt."),
        )


def usage_of(reading: Reading, model: Model, extent: Extent, inputs: int) -> Usage:
    """Return what an answer took.

    The cost is that of its tokens; where it counts none, the price of the *reading*'s pictures
    of size *extent*, made from *inputs* pictures.
    """
    counts = reading.tokens
    prompt = _count(counts.get("promptTokenCount"))
    made = _count(counts.get("candidatesTokenCount"))
    thought = _count(counts.get("thoughtsTokenCount")) or 0
    output = None if made is None else made + thought
    cost = None
    if prompt is not None and made is not None and model.rates:
        details = _objects(counts.get("candidatesTokensDetails"))
        shown = sum(
            _count(each.get("tokenCount")) or 0
            for each in details
            if each.get("modality") == "IMAGE"
        )
        if not details and reading.pictures:
            shown = made
        text = max(0, made - shown) + thought
        rates = model.rates
        cost = prompt * rates["input"] + shown * rates["image_out"] + text * rates["text_out"]
        cost /= 1e6
    elif model.price and reading.pictures:
        cost = model.price.estimate(extent, inputs)
        cost += (reading.pictures - 1) * model.price.estimate(extent, 0)
    return Usage(
        cost=cost, input_tokens=prompt, output_tokens=output, request_id=reading.request_id
    )


def explain(answer: Answer, title: str, model: Model) -> ProviderFailed:
    """Return what an error means that was answered to a request for *model*."""
    data = answer.data()
    if isinstance(data, list) and data:  # how streams that are no event streams wrap them
        data = data[0]
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return by_status(answer, title)
    status = _status(error, answer.status)
    answer = Answer(status, answer.headers, answer.body, answer.secret)
    message = str(error.get("message") or "")
    details = _objects(error.get("details"))
    if _key_is_wrong(details, message):
        return KeyRejected(
            _("{title} did not accept the key.").format(title=title),
            _(
                "Check it in Overpaint's settings or with 'overpaint keys check', "
                "or make one at aistudio.google.com/apikey."
            ),
        )
    if status == 403:
        return KeyRejected(
            _("{title} does not let this key do that (status 403).").format(title=title),
            _(
                "Google blocks keys that became public, and keys of projects without the Gemini "
                "API: make a new one at aistudio.google.com/apikey."
            ),
        )
    if status == 400 and error.get("status") == "FAILED_PRECONDITION":
        return AccountLimited(
            _("{title} needs an account with billing here.{told}").format(
                title=title, told=answer.told(message)
            ),
            _("Switch on billing for the key's project in Google AI Studio."),
        )
    if status == 404:
        return unknown_model(model, title)
    if status in (429, 503):
        return _busy(answer, title, message, details)
    if status == 499:
        return ServerFault(
            _("{title} gave the request up.").format(title=title),
            _("It may have been charged. Try again."),
        )
    if status == 400:
        return _rejected(answer, title, message, model)
    return by_status(answer, title, message)


def unknown_model(model: Model, title: str, wanted: Output | None = None) -> ModelUnknown:
    """Return the error for a *model* that is gone, or that this key does not get.

    *wanted*: what it was to make; what it made, by default.
    """
    wanted = wanted or model.output
    current = [
        each.id
        for each in catalogue.models("gemini")
        if each.output is wanted and each.state is State.CURRENT
    ]
    successor = model.successor
    if successor not in current:
        successor = current[0] if model.id != current[0] else None
    if model.state is State.DEAD:
        sentence = _("{model} does not exist any more. {note}").format(
            model=model.id, note=_(model.note)
        )
    else:
        sentence = _("{title} does not know {model}, or has shut it down. {note}").format(
            title=title, model=model.id, note=_(model.note)
        )
    hint = (
        _("Use {successor} instead.").format(successor=successor)
        if successor
        else _("Choose another model.")
    )
    return ModelUnknown(
        sentence.rstrip(),
        f"{hint} {_('There are: {names}.').format(names=', '.join(current))}",
        successor=successor,
    )


def _rejected(answer: Answer, title: str, message: str, model: Model) -> ProviderFailed:
    lower = message.lower()
    if "modalit" in lower:
        default = catalogue.default("gemini")
        return RequestRejected(
            _("{model} makes no pictures, only text.").format(model=model.id),
            _("Use {other} instead.").format(other=default.id)
            if default
            else _("Choose another model."),
        )
    hint = _("Change the prompt or the settings, or choose another model.")
    if re.search(r"aspect|image_?(size|config)", lower):
        hint = _(
            "This model takes no such size: choose another, or set the option image_config to "
            "false."
        )
    return RequestRejected(
        _("{title} does not take this request.{told}").format(
            title=title, told=answer.told(message)
        ),
        hint,
    )


def _busy(
    answer: Answer, title: str, message: str, details: list[dict[str, Any]]
) -> ProviderFailed:
    told = answer.told(message)
    quotas = [each for detail in details for each in _objects(detail.get("violations"))]
    spent = any(
        "PerDay" in str(quota.get("quotaId")) or str(quota.get("quotaValue")) == "0"
        for quota in quotas
    )
    if answer.status == 429 and (spent or re.search(r"\blimit: 0\b", message)):
        return AccountLimited(
            _("The quota of this key at {title} is used up, or there is none.{told}").format(
                title=title, told=told
            ),
            _(
                "Models that make pictures need billing: see the key's project in Google AI "
                "Studio. A quota for a day comes back the next day."
            ),
        )
    return Busy(
        _("{title} is busy or limits how often it is asked.{told}").format(title=title, told=told),
        _("Nothing was charged. Try again in a moment."),
        retry_after=_delay(details, answer.headers),
    )


def _delay(details: list[dict[str, Any]], headers: Mapping[str, str]) -> float | None:
    for detail in details:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(detail.get("retryDelay")))
        if found:
            return float(found[1])
    return retry_after(headers)


def _key_is_wrong(details: list[dict[str, Any]], message: str) -> bool:
    reasons = {str(detail.get("reason")) for detail in details}
    words = ("api key not valid", "api key expired", "api key not found")
    return "API_KEY_INVALID" in reasons or any(each in message.lower() for each in words)


def _status(error: Mapping[str, Any], status: int) -> int:
    """Return the HTTP status of *error*: the answer's own, where that is one of an error."""
    if status >= 400:
        return status
    code = error.get("code")
    if isinstance(code, int) and 400 <= code <= 599:
        return code
    for name in (error.get("status"), code):
        if str(name).upper() in CODES:
            return CODES[str(name).upper()]
    return 500


def _objects(data: Any) -> list[dict[str, Any]]:
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _count(number: Any) -> int | None:
    fits = isinstance(number, int) and not isinstance(number, bool) and number >= 0
    return number if fits else None
