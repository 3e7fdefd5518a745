"""What the errors of ModelArk and Volcengine ARK mean: one code, one of our errors."""

from typing import Any

from overpaint.errors import (
    AccountLimited,
    Busy,
    ContentRefused,
    KeyRejected,
    ModelUnknown,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.language import N_, _
from overpaint.providers.exchange import Answer, by_status, retry_after

__all__ = ["explain", "failure_in", "meaning"]

TITLE = "Seedream"
BUSY = (
    "ModelAccountIpmRateLimitExceeded",
    "ModelAccountRpmRateLimitExceeded",
    "APIAccountRpmRateLimitExceeded",
    "AccountRateLimitExceeded",
    "RateLimitExceeded",
    "RequestBurstTooFast",
    "ServerOverloaded",
    "InflightBatchsizeExceeded",
)
SPENT = {
    "AccountOverdueError": N_("the account has a debt"),
    "InvalidAccountStatus": N_("the account is blocked"),
    "QuotaExceeded": N_("the quota is used up"),
    "SetLimitExceeded": N_("a limit that you set yourself there is reached"),
}
CLOSED = {
    "ModelNotOpen": N_("is not activated for this account"),
    "InvalidEndpointOrModel.ModelIDAccessDisabled": N_("may not be used by its id in this account"),
    "InvalidEndpointOrModel.NotFound": N_("does not exist, or not in this region"),
    "InvalidEndpointOrModel": N_("does not exist, or not in this region"),
    "InvalidEndpoint.ClosedEndpoint": N_("is an endpoint that was closed"),
    "InvalidEndpoint": N_("is an endpoint that cannot be used"),
}
OPEN_HINT = {
    "ModelNotOpen": N_("Activate it in the vendor's console, or choose another model."),
    "InvalidEndpointOrModel.ModelIDAccessDisabled": N_(
        "Give an endpoint id (ep-...) as the model."
    ),
}


def failure_in(data: Any) -> tuple[str, str] | None:
    """Return code and message of the error in an answer or a part of one; None without."""
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, str) and error:
        return "", error
    if not isinstance(error, dict):
        return None
    return str(error.get("code") or ""), str(error.get("message") or "")


def explain(answer: Answer, *, model: str, successor: str | None, region: str) -> ProviderFailed:
    """Return the error that an answer with an error status means."""
    code, message = failure_in(answer.data()) or ("", "")
    code = code or answer.headers.get("x-error-code", "")
    return meaning(answer, code, message, model=model, successor=successor, region=region)


def meaning(
    answer: Answer, code: str, message: str, *, model: str, successor: str | None, region: str
) -> ProviderFailed:
    """Return the error that *code* means, by itself or with the status of *answer*."""
    family = code.partition(".")[0]
    told = answer.told(message)
    if "SensitiveContent" in family or "RiskDetection" in family:
        return _refused(family, code, told)
    if family in BUSY:
        return Busy(
            _("{title} is busy or limits how often it is asked ({family}).").format(
                title=TITLE, family=family
            ),
            _("Nothing was charged. Try again in a moment."),
            retry_after=retry_after(answer.headers),
        )
    if family in SPENT:
        return AccountLimited(
            _("{title} refuses: {why}.").format(title=TITLE, why=_(SPENT[family])),
            _("Look at your account in the vendor's console."),
        )
    gone = CLOSED.get(code) or CLOSED.get(family)
    if gone:
        instead = (
            _("Use {successor} instead.").format(successor=successor)
            if successor
            else _("Choose another model.")
        )
        return ModelUnknown(
            _("The model {model} {gone}.").format(model=model, gone=_(gone)),
            _(OPEN_HINT[code]) if code in OPEN_HINT else instead,
            successor=successor,
        )
    if family == "AuthenticationError" or (not code and answer.status == 401):
        return KeyRejected(
            _("{title} did not accept the key for the region {region}.").format(
                title=TITLE, region=region
            ),
            _(
                "A key works only in the region it was made in: set 'region' to asia, europe or "
                "china, or set a new key."
            ),
        )
    if family == "OperationDenied":
        return KeyRejected(
            _("{title} is not switched on for this account.").format(title=TITLE),
            _("Activate the service and the model in the vendor's console."),
        )
    if family == "AccessDenied":
        return KeyRejected(
            _("This key may not use {title}.").format(title=TITLE),
            _("Give it the right to in the vendor's console."),
        )
    if family == "InvalidImageURL":
        return RequestRejected(
            _("{title} cannot read a picture that was sent.{told}").format(title=TITLE, told=told),
            _("Set 'upload' to png, or choose another model."),
        )
    if family in ("MissingParameter", "InvalidParameter"):
        return RequestRejected(
            _("{title} does not take this request ({code}).{told}").format(
                title=TITLE, code=code, told=told
            ),
            _("Change the prompt or the settings, or choose another model."),
        )
    if family == "InternalServiceError":
        return ServerFault(
            _("{title} failed while it worked.{told}").format(title=TITLE, told=told),
            _("It may have been charged. Try again later."),
        )
    if answer.status == 200:
        return RequestRejected(
            _("{title} made no picture.{told}").format(title=TITLE, told=told),
            _("Change the prompt, or choose another model."),
        )
    if answer.status == 404:
        return ModelUnknown(
            _("{title} does not know the model {model}, or not at this address.{told}").format(
                title=TITLE, model=model, told=told
            ),
            _("Use {successor} instead.").format(successor=successor)
            if successor
            else _("Check the model and the base URL."),
            successor=successor,
        )
    return by_status(answer, TITLE, message or None)


def _refused(family: str, code: str, told: str) -> ContentRefused:
    if code.endswith(".PrivacyInformation"):
        what = _("the picture, because it may show a real person")
    elif code.endswith(".DeepFake"):
        what = _("the picture it made, because it could deceive about a real person")
    elif family.startswith("InputText"):
        what = _("the prompt")
    elif family.startswith("InputImage"):
        what = _("the picture that was sent")
    elif family.startswith("OutputImage"):
        what = _("the picture it made")
    else:
        what = _("the request")
    return ContentRefused(
        _("{title}'s policy refuses {what}.{told}").format(title=TITLE, what=what, told=told),
        _(
            "Nothing was charged. Say it in other words, select something else, or choose another "
            "provider."
        ),
    )
