"""What a gateway's errors mean: OpenAI's words, OpenRouter's, and those of servers at home."""

from dataclasses import dataclass, field
from typing import Any

from overpaint.catalogue import Model
from overpaint.errors import Busy, ContentRefused, KeyRejected, ProviderFailed, ServerFault
from overpaint.language import _
from overpaint.providers.exchange import Answer
from overpaint.providers.gateway_presets import OWN_KEY, Preset, Way
from overpaint.providers.openai_faults import Problem, by_code, first_problem, unknown_model

__all__ = ["Faults"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Explains the errors of one server, asked for *model* in one *way*."""

    preset: Preset
    model: Model
    way: Way
    key: str | None = field(repr=False)

    def explain(self, answer: Answer) -> ProviderFailed:
        """Return what an answer means whose status is an error."""
        return self._mean(answer, first_problem(answer.data()))

    def raise_told(self, data: Any, body: bytes, *, started: bool) -> None:
        """Raise what is wrong in an answer whose status said that all is well.

        *started*: work had begun, so that nobody can say that nothing was charged.
        """
        problem = first_problem(data)
        if problem is None:
            return
        status = problem.status if problem.status and 400 <= problem.status < 600 else 500
        failure = self._mean(Answer(status, {}, body, self.key), problem)
        if isinstance(failure, Busy) and started:
            failure = ServerFault(failure.sentence, _("It may have been charged. Try again later."))
        raise failure

    def told(self, text: str) -> str:
        """Return what a server said as a sentence to follow another, without the key."""
        return Answer(200, {}, b"", self.key).told(text)

    def _mean(self, answer: Answer, problem: Problem | None) -> ProviderFailed:
        title = self.preset.title
        said = problem.message.lower() if problem else ""
        words = problem.words if problem else set()
        details = problem.details if problem else {}
        if answer.status == 401 and not self.key:
            return KeyRejected(
                _("{title} wants a key, and none is set.").format(title=title),
                _("Store one in Overpaint's settings or with 'overpaint keys set {name}'.").format(
                    name=(*self.preset.keys, OWN_KEY)[0]
                ),
            )
        if answer.status == 403 and (
            "moderation" in words or "moderation" in said or "flagged_input" in details
        ):
            reasons = details.get("reasons")
            why = ", ".join(map(str, reasons)) if isinstance(reasons, list) else ""
            told = f" ({answer.excerpt(why)})" if why else ""
            return ContentRefused(
                _("{title} refuses this edit by its rules on content{told}.").format(
                    title=title, told=told
                ),
                _("Say it in other words, or select another part of the picture."),
            )
        if answer.status == 502 and self.preset.unbilled_502 and self.way is Way.IMAGES:
            return Busy(
                _("No server behind {title} could do this just now.").format(title=title),
                _("Nothing was charged. Try again in a moment."),
            )
        if answer.status in (404, self.preset.gone_status) and "model" in said:
            return unknown_model(title, self.model)
        return by_code(answer, problem, title, self.model)
