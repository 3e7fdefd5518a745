"""What the answers of a Stable Diffusion server mean, its errors in all their shapes among them."""

import json
from typing import Any

from overpaint.errors import (
    KeyRejected,
    ModelUnknown,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.language import N_, _
from overpaint.providers.exchange import Answer, by_status

__all__ = ["explain", "info_of", "pictures_of", "said"]

TITLE = N_("The Stable Diffusion server")
NOT_FOUND = {"", "not found", "method not allowed"}
"""What a server says of a route that it does not have."""


def said(data: Any) -> str:
    """Return what an error's JSON says in words: `errors`, `detail`, `error`, or `message`."""
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        return ""
    # stable-diffusion.cpp puts a code into `error` and the words into `message`.
    for name in ("errors", "detail", "message", "error"):
        text = _words(data.get(name))
        if text:
            return text
    return ""


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return said(value) or _words(value.get("msg"))
    if isinstance(value, list):
        # What pydantic found wrong: the place and the complaint.
        rows = [row for row in value if isinstance(row, dict)]
        return "; ".join(
            f"{'.'.join(str(part) for part in row.get('loc', ()))}: {row.get('msg', '')}"
            for row in rows
        )
    return ""


def explain(answer: Answer, *, has_key: bool) -> ProviderFailed:
    """Return the error that an answer with an error status means."""
    data = answer.data()
    words = said(data)
    kind = str(data.get("error", "")) if isinstance(data, dict) else ""
    lower = f"{kind} {words}".lower()
    told = answer.told(words)
    if answer.status in (401, 403):
        return _locked(has_key=has_key)
    if answer.status in (404, 405) and words.lower() in NOT_FOUND:
        return RequestRejected(
            _("{title} does not offer its API at this address.").format(title=_(TITLE)),
            _("Start the web UI with --api, and give its root as the base URL."),
        )
    if "outofmemory" in lower or "out of memory" in lower or "not enough memory" in lower:
        return RequestRejected(
            _("{title} ran out of memory.").format(title=_(TITLE)),
            _("Select less, or lower 'native' and 'largest' in the settings."),
        )
    if "sampler not found" in lower:
        return RequestRejected(
            _("{title} does not know the sampler.").format(title=_(TITLE)),
            _("Set 'sampler' to one of its own; 'overpaint keys check' lists them."),
        )
    if lower.rstrip(". ").endswith("not found") and ("model '" in lower or "checkpoint" in lower):
        return ModelUnknown(
            _("{title} does not have this checkpoint.{told}").format(title=_(TITLE), told=told),
            _("Choose another."),
        )
    if "nans" in lower or "all nan" in lower:
        return RequestRejected(
            _("The checkpoint made no valid numbers.{told}").format(told=told),
            _("Start the web UI with --no-half-vae, or choose another checkpoint."),
        )
    if "prompt required" in lower:
        return RequestRejected(
            _("{title} needs a prompt.").format(title=_(TITLE)), _("Say what is to be there.")
        )
    if answer.status in (429, 503, 413):
        return by_status(answer, _(TITLE), words or None)
    if answer.status >= 500:
        return ServerFault(
            _("{title} failed while it worked (status {status}).{told}").format(
                title=_(TITLE), status=answer.status, told=told
            ),
            _("Its own window shows the reason."),
        )
    return RequestRejected(
        _("{title} does not take this request (status {status}).{told}").format(
            title=_(TITLE), status=answer.status, told=told
        ),
        _("Change the settings, or choose another checkpoint."),
    )


def _locked(*, has_key: bool) -> KeyRejected:
    where = _(
        "Set user:password, as in its --api-auth, in Overpaint's settings, with "
        "'overpaint keys set a1111' or in A1111_AUTH."
    )
    if has_key:
        return KeyRejected(
            _("{title} did not accept the name and password.").format(title=_(TITLE)), where
        )
    return KeyRejected(_("{title} asks for a name and a password.").format(title=_(TITLE)), where)


def info_of(answer: Any) -> dict[str, Any]:
    """Return what an answer says of the picture; it comes as JSON in a string, as "", or plain."""
    info = answer.get("info") if isinstance(answer, dict) else None
    if isinstance(info, str):
        try:
            info = json.loads(info)
        except (ValueError, RecursionError):
            return {}
    return info if isinstance(info, dict) else {}


def pictures_of(answer: Any) -> list[str]:
    """Return the pictures that were asked for, in base64, one as a rule.

    A grid of all comes before them, extensions add theirs behind.
    """
    images = answer.get("images") if isinstance(answer, dict) else None
    if not isinstance(images, list):
        return []
    images = [image for image in images if isinstance(image, str) and image]
    first = info_of(answer).get("index_of_first_image", 0)
    if not isinstance(first, int) or not 0 <= first < len(images):
        first = 0
    return images[first : first + 1]
