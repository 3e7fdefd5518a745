"""What a server's answer says: its data, its errors, and nothing that must not be shown."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    Busy,
    KeyMissing,
    KeyRejected,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.language import _

__all__ = ["Answer", "by_status", "key_missing", "picture_bytes", "retry_after"]

EXCERPT = 300
MASKED = re.compile(r"\S*\*{3,}\S*|\b(?:Bearer|Basic|Key)\s+\S+|([?&]key=)[^&\s]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; *secret* is what must not be shown of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    secret: str | None = field(default=None, repr=False)

    def json(self) -> Any:
        """Return the body's JSON; raises AnswerUnusable."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise AnswerUnusable(
                _("The server's answer cannot be read ({said}).").format(
                    said=self.excerpt() or _("it is empty")
                ),
                _("Check the base URL, or try again."),
            ) from error

    def data(self) -> Any:
        """Return the body's JSON, or None where it is none: for looking into errors."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def excerpt(self, text: str | None = None) -> str:
        """Return *text*, or the start of the body, fit to be shown: one line, short, no key."""
        raw = self.body[:4000].decode("utf-8", "replace") if text is None else text
        if re.match(r"\s*<(!doctype|html)", raw, re.IGNORECASE):
            title = re.search(r"<title>(.*?)</title>", raw, re.IGNORECASE | re.DOTALL)
            raw = (
                _("a web page: {title}").format(title=title.group(1)) if title else _("a web page")
            )
        if self.secret:
            raw = raw.replace(self.secret, "[key]")
        line = " ".join(MASKED.sub(r"\1[key]", raw).split())
        return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"

    def told(self, text: str | None = None) -> str:
        """Return what the server says as a sentence to follow another, "" where it says nothing."""
        said = self.excerpt(text)
        if not said:
            return ""
        return _(" It says: {said}").format(said=said) + (
            "" if said.endswith((".", "!", "?", "…")) else "."
        )


def key_missing(title: str, name: str, *variables: str) -> KeyMissing:
    """Return the error of having no key; *name* is what 'overpaint keys set' calls it."""
    return KeyMissing(
        _("{title} needs a key, and none is set.").format(title=title),
        _(
            "Store one in Overpaint's settings or with 'overpaint keys set {name}', "
            "or set {variables}."
        ).format(name=name, variables=_(" or ").join(variables)),
    )


def by_status(answer: Answer, title: str, sentence: str | None = None) -> ProviderFailed:
    """Return the error that a status means by itself; *sentence* is what the server said."""
    told = answer.told(sentence)
    status = answer.status
    if status in (401, 403):
        # What servers say here often quotes the key.
        return KeyRejected(
            _("{title} did not accept the key (status {status}).").format(
                title=title, status=status
            ),
            _("Check it in Overpaint's settings or with 'overpaint keys check', or set a new one."),
        )
    if status == 402:
        return AccountLimited(
            _("{title} wants to be paid first.{told}").format(title=title, told=told),
            _("Check your account there."),
        )
    if status in (429, 503):
        return Busy(
            _("{title} is busy or limits how often it is asked.{told}").format(
                title=title, told=told
            ),
            _("Nothing was charged. Try again in a moment."),
            retry_after=retry_after(answer.headers),
        )
    if status == 404:
        return RequestRejected(
            _("{title} does not know this address.{told}").format(title=title, told=told),
            _("Check the base URL and the model."),
        )
    if status == 413:
        return RequestRejected(
            _("{title} finds the picture too large.").format(title=title),
            _("Select less, or choose another model."),
        )
    if status >= 500 or status == 408:
        return ServerFault(
            _("{title} failed while it worked (status {status}).{told}").format(
                title=title, status=status, told=told
            ),
            _("It may have been charged. Try again later."),
        )
    return RequestRejected(
        _("{title} does not take this request (status {status}).{told}").format(
            title=title, status=status, told=told
        ),
        _("Change the prompt or the settings, or choose another model."),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait: milliseconds, seconds, or an HTTP date."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            seconds = float(text) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def picture_bytes(text: str) -> bytes:
    """Return the bytes in base64 *text*, with or without `data:` in front; AnswerUnusable."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnswerUnusable(_("The picture in the answer is damaged."), _("Try again.")) from error
    if not data:
        raise AnswerUnusable(_("The picture in the answer is empty."), _("Try again."))
    return data
