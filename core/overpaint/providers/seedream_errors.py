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
    "AccountOverdueError": "the account has a debt",
    "InvalidAccountStatus": "the account is blocked",
    "QuotaExceeded": "the quota is used up",
    "SetLimitExceeded": "a limit that you set yourself there is reached",
}
CLOSED = {
    "ModelNotOpen": "is not activated for this account",
    "InvalidEndpointOrModel.ModelIDAccessDisabled": "may not be used by its id in this account",
    "InvalidEndpointOrModel.NotFound": "does not exist, or not in this region",
    "InvalidEndpointOrModel": "does not exist, or not in this region",
    "InvalidEndpoint.ClosedEndpoint": "is an endpoint that was closed",
    "InvalidEndpoint": "is an endpoint that cannot be used",
}
OPEN_HINT = {
    "ModelNotOpen": "Activate it in the vendor's console, or choose another model.",
    "InvalidEndpointOrModel.ModelIDAccessDisabled": "Give an endpoint id (ep-...) as the model.",
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
            f"{TITLE} is busy or limits how often it is asked ({family}).",
            "Nothing was charged. Try again in a moment.",
            retry_after=retry_after(answer.headers),
        )
    if family in SPENT:
        return AccountLimited(
            f"{TITLE} refuses: {SPENT[family]}.", "Look at your account in the vendor's console."
        )
    gone = CLOSED.get(code) or CLOSED.get(family)
    if gone:
        instead = f"Use {successor} instead." if successor else "Choose another model."
        return ModelUnknown(
            f"The model {model} {gone}.", OPEN_HINT.get(code, instead), successor=successor
        )
    if family == "AuthenticationError" or (not code and answer.status == 401):
        return KeyRejected(
            f"{TITLE} did not accept the key for the region {region}.",
            "A key works only in the region it was made in: set 'region' to asia, europe or "
            "china, or set a new key.",
        )
    if family == "OperationDenied":
        return KeyRejected(
            f"{TITLE} is not switched on for this account.",
            "Activate the service and the model in the vendor's console.",
        )
    if family == "AccessDenied":
        return KeyRejected(
            f"This key may not use {TITLE}.", "Give it the right to in the vendor's console."
        )
    if family == "InvalidImageURL":
        return RequestRejected(
            f"{TITLE} cannot read a picture that was sent.{told}",
            "Set 'upload' to png, or choose another model.",
        )
    if family in ("MissingParameter", "InvalidParameter"):
        return RequestRejected(
            f"{TITLE} does not take this request ({code}).{told}",
            "Change the prompt or the settings, or choose another model.",
        )
    if family == "InternalServiceError":
        return ServerFault(
            f"{TITLE} failed while it worked.{told}", "It may have been charged. Try again later."
        )
    if answer.status == 200:
        return RequestRejected(
            f"{TITLE} made no picture.{told}", "Change the prompt, or choose another model."
        )
    if answer.status == 404:
        return ModelUnknown(
            f"{TITLE} does not know the model {model}, or not at this address.{told}",
            f"Use {successor} instead." if successor else "Check the model and the base URL.",
            successor=successor,
        )
    return by_status(answer, TITLE, message or None)


def _refused(family: str, code: str, told: str) -> ContentRefused:
    if code.endswith(".PrivacyInformation"):
        what = "the picture, because it may show a real person"
    elif code.endswith(".DeepFake"):
        what = "the picture it made, because it could deceive about a real person"
    elif family.startswith("InputText"):
        what = "the prompt"
    elif family.startswith("InputImage"):
        what = "the picture that was sent"
    elif family.startswith("OutputImage"):
        what = "the picture it made"
    else:
        what = "the request"
    return ContentRefused(
        f"{TITLE}'s policy refuses {what}.{told}",
        "Nothing was charged. Say it in other words, select something else, or choose another "
        "provider.",
    )
