"""Every error that Overpaint raises on purpose, as one tree.

    OverpaintError
      RequestError             what was asked for cannot be done
        RecipeInvalid            a recipe does not say what it must
        SelectionEmpty           nothing is selected
        SelectionMismatch        picture and selection do not belong together
        EditUnsupported          the provider cannot make this edit
        ProviderUnknown          no provider has that name
        KeyMissing               the provider needs a key, and none is set
        AddressInvalid           a base URL that cannot be used, or not safely
        BudgetSpent              this would cost more than the user allows a day
        KeyInvalid               what was given is no key, or no name of one
        RunUnknown               history has no such run, or more than one
        RunUnplaceable           a run of which no picture arrived whole
        SendingForbidden         the settings forbid to send pictures to this provider
      FileProblem              a file on disk
        FileUnreadable           cannot be opened or decoded
        FileUnwritable           cannot be written
        FormatUnsupported        a format that cannot hold the result
        KeyStoreProblem          keys cannot be kept, or others could read them
        SettingsInvalid          the settings say what cannot be used
        HistoryProblem           history cannot be read or written
      ProviderFailed           the provider could not make the pixels
        EngineMissing            the offline engine's library does not load
        Unreachable              nothing was sent: no connection came about
        ConnectionLost           broken off after sending began: it may have been charged
          TimedOut                 likewise, because nothing came for too long
        ServerFault              the server failed while it worked: it may have been charged
        Busy                     refused for now, nothing was charged; may say when to come back
        KeyRejected              the key is wrong, or may not do this
        AccountLimited           no credit, or a quota that waiting does not bring back
        ModelUnknown             the model does not exist (any more), or not for this key
        RequestRejected          the server does not take the request as it is
        ContentRefused           the provider's policy forbids prompt, picture or result
        NoPicture                it answered, but made no picture
        AnswerUnusable           what came back cannot be read
      Unexpected               a defect of Overpaint itself

Each class has a code that never changes; each error says in one sentence what happened,
and hints at what to do next.
"""

from typing import ClassVar

__all__ = [
    "AccountLimited",
    "AddressInvalid",
    "AnswerUnusable",
    "BudgetSpent",
    "Busy",
    "ConnectionLost",
    "ContentRefused",
    "EditUnsupported",
    "EngineMissing",
    "FileProblem",
    "FileUnreadable",
    "FileUnwritable",
    "FormatUnsupported",
    "HistoryProblem",
    "KeyInvalid",
    "KeyMissing",
    "KeyRejected",
    "KeyStoreProblem",
    "ModelUnknown",
    "NoPicture",
    "OverpaintError",
    "ProviderFailed",
    "ProviderUnknown",
    "RecipeInvalid",
    "RequestError",
    "RequestRejected",
    "RunUnknown",
    "RunUnplaceable",
    "SelectionEmpty",
    "SelectionMismatch",
    "SendingForbidden",
    "ServerFault",
    "SettingsInvalid",
    "TimedOut",
    "Unexpected",
    "Unreachable",
]


class OverpaintError(Exception):
    """The root: a sentence for the user and a hint for what to do next."""

    code: ClassVar[str] = "overpaint"

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()


class RequestError(OverpaintError):
    code = "request"


class RecipeInvalid(RequestError):
    code = "recipe-invalid"


class SelectionEmpty(RequestError):
    code = "selection-empty"


class SelectionMismatch(RequestError):
    code = "selection-mismatch"


class EditUnsupported(RequestError):
    code = "edit-unsupported"


class ProviderUnknown(RequestError):
    code = "provider-unknown"


class KeyMissing(RequestError):
    code = "key-missing"


class AddressInvalid(RequestError):
    code = "address-invalid"


class BudgetSpent(RequestError):
    code = "budget-spent"


class KeyInvalid(RequestError):
    code = "key-invalid"


class RunUnknown(RequestError):
    code = "run-unknown"


class RunUnplaceable(RequestError):
    code = "run-unplaceable"


class SendingForbidden(RequestError):
    code = "sending-forbidden"


class FileProblem(OverpaintError):
    code = "file"


class FileUnreadable(FileProblem):
    code = "file-unreadable"


class FileUnwritable(FileProblem):
    code = "file-unwritable"


class FormatUnsupported(FileProblem):
    code = "format-unsupported"


class KeyStoreProblem(FileProblem):
    code = "key-store"


class SettingsInvalid(FileProblem):
    code = "settings-invalid"


class HistoryProblem(FileProblem):
    code = "history"


class ProviderFailed(OverpaintError):
    code = "provider-failed"


class EngineMissing(ProviderFailed):
    code = "engine-missing"


class Unreachable(ProviderFailed):
    code = "unreachable"


class ConnectionLost(ProviderFailed):
    code = "connection-lost"


class TimedOut(ConnectionLost):
    code = "timed-out"


class ServerFault(ProviderFailed):
    code = "server-fault"


class Busy(ProviderFailed):
    """*retry_after*: seconds the server asks to wait, None where it does not say."""

    code = "busy"

    def __init__(self, sentence: str, hint: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(sentence, hint)
        self.retry_after = retry_after


class KeyRejected(ProviderFailed):
    code = "key-rejected"


class AccountLimited(ProviderFailed):
    code = "account-limited"


class ModelUnknown(ProviderFailed):
    """*successor*: the model to switch to, None where none is known."""

    code = "model-unknown"

    def __init__(self, sentence: str, hint: str = "", *, successor: str | None = None) -> None:
        super().__init__(sentence, hint)
        self.successor = successor


class RequestRejected(ProviderFailed):
    code = "request-rejected"


class ContentRefused(ProviderFailed):
    code = "content-refused"


class NoPicture(ProviderFailed):
    code = "no-picture"


class AnswerUnusable(ProviderFailed):
    code = "answer-unusable"


class Unexpected(OverpaintError):
    code = "unexpected"
