"""Every error that Overpaint raises on purpose, as one tree.

    OverpaintError
      RequestError             what was asked for cannot be done
        RecipeInvalid            a recipe does not say what it must
        SelectionEmpty           nothing is selected
        SelectionMismatch        picture and selection do not belong together
        EditUnsupported          the provider cannot make this edit
        ProviderUnknown          no provider has that name
      FileProblem              a file on disk
        FileUnreadable           cannot be opened or decoded
        FileUnwritable           cannot be written
        FormatUnsupported        a format that cannot hold the result
      ProviderFailed           the provider could not make the pixels
        EngineMissing            the offline engine's library does not load
      Unexpected               a defect of Overpaint itself

Each class has a code that never changes; each error says in one sentence what happened,
and hints at what to do next.
"""

from typing import ClassVar

__all__ = [
    "EditUnsupported",
    "EngineMissing",
    "FileProblem",
    "FileUnreadable",
    "FileUnwritable",
    "FormatUnsupported",
    "OverpaintError",
    "ProviderFailed",
    "ProviderUnknown",
    "RecipeInvalid",
    "RequestError",
    "SelectionEmpty",
    "SelectionMismatch",
    "Unexpected",
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


class FileProblem(OverpaintError):
    code = "file"


class FileUnreadable(FileProblem):
    code = "file-unreadable"


class FileUnwritable(FileProblem):
    code = "file-unwritable"


class FormatUnsupported(FileProblem):
    code = "format-unsupported"


class ProviderFailed(OverpaintError):
    code = "provider-failed"


class EngineMissing(ProviderFailed):
    code = "engine-missing"


class Unexpected(OverpaintError):
    code = "unexpected"
