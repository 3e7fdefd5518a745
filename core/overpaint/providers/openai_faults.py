"""What is wrong, in the words of OpenAI and of those who imitate it; and models that are gone.

Shared by the providers `openai` and `gateway`, and by nobody else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from overpaint.catalogue import Model, Output, State
from overpaint.errors import (
    AccountLimited,
    Busy,
    ContentRefused,
    EditUnsupported,
    ModelUnknown,
    ProviderFailed,
    RequestRejected,
)
from overpaint.language import _
from overpaint.providers.base import Notice
from overpaint.providers.exchange import Answer, by_status, retry_after

__all__ = [
    "Problem",
    "by_code",
    "first_problem",
    "require_usable",
    "unknown_model",
    "warnings",
]

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
    steps = each.get("loc")
    where = ".".join(map(str, steps)) if isinstance(steps, list) else ""
    return f"{where}: {each.get('msg', '')}" if where else str(each.get("msg", ""))


def by_code(answer: Answer, problem: Problem | None, title: str, model: Model) -> ProviderFailed:
    """Return the error that an answer means, by its code where it has one, else by its status."""
    sentence = problem.message if problem else None
    said = answer.excerpt(sentence)
    told = answer.told(sentence)
    words = problem.words if problem else set()
    if words & REFUSED or "safety system" in said.lower():
        return ContentRefused(
            _("{title} refuses this edit by its rules on content.{told}").format(
                title=title, told=told
            ),
            _(
                "Say it in other words, or select another part of the picture. "
                "Another provider may have other rules."
            ),
        )
    if words & SPENT:
        return AccountLimited(
            _("Your account at {title} has no credit or budget left.{told}").format(
                title=title, told=told
            ),
            _("Add credit or raise its limit there; waiting does not help."),
        )
    if words & GONE or (problem and problem.param == "model" and answer.status in (400, 404)):
        return unknown_model(title, model)
    if words & {"invalid_api_key"}:
        return by_status(Answer(401, answer.headers, answer.body, answer.secret), title)
    if words & BUSY or answer.status == 429:
        if answer.headers.get("x-should-retry", "").lower() == "false":
            return AccountLimited(
                _(
                    "{title} limits how often it is asked, and says that asking again soon "
                    "does not help.{told}"
                ).format(title=title, told=told),
                _("Look at your account's limits there."),
            )
        wait = retry_after(answer.headers)
        return Busy(
            _("{title} is busy or limits how often it is asked.{told}").format(
                title=title, told=told
            ),
            _("Nothing was charged. Try again in a moment."),
            retry_after=_told_to_wait(said) if wait is None else wait,
        )
    if problem and problem.param and answer.status in (400, 422):
        return RequestRejected(
            _("{title} does not take {name} as it was sent.{told}").format(
                title=title, name=answer.excerpt(problem.param), told=told
            ),
            _("Change that setting, or choose another model."),
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
    name = model.id or _("this model")
    return ModelUnknown(
        _("{title} does not have {name} (any more), or not for this key.").format(
            title=title, name=name
        ),
        _use(model.successor)
        if model.successor
        else _("Choose another model, or ask which it has."),
        successor=model.successor,
    )


def require_usable(model: Model, title: str) -> None:
    """Raise ModelUnknown for a model that is gone by the catalogue, EditUnsupported for text."""
    ended = model.ends is not None and model.ends <= datetime.now(UTC).date()
    if model.state is State.DEAD or ended:
        raise ModelUnknown(
            _("{title} does not exist any more. {note}")
            .format(title=model.title, note=_(model.note))
            .rstrip(),
            _use(model.successor) if model.successor else _("Choose another model."),
            successor=model.successor,
        )
    if model.output is Output.TEXT:
        raise EditUnsupported(
            _("{title} writes text and makes no pictures. {note}")
            .format(title=model.title, note=_(model.note))
            .rstrip(),
            _use(model.successor)
            if model.successor
            else _("Choose another model of {title}.").format(title=title),
        )


def warnings(model: Model) -> Iterator[Notice]:
    """Yield what the user should know of a model that can be used for now."""
    if model.state is State.DEPRECATED:
        end = _(" on {date}").format(date=model.ends.isoformat()) if model.ends else _(" soon")
        instead = f" {_use(model.successor)}" if model.successor else ""
        yield Notice(
            _("{title} will be shut down{end}.{instead}").format(
                title=model.title, end=end, instead=instead
            )
        )


def _use(successor: str | None) -> str:
    return _("Use {successor} instead.").format(successor=successor)
