"""Every error that the installer raises on purpose, as one tree.

    InstallError             what was installed before still works
      RunWithSudo              it would install for root instead of the user
      SourceIncomplete         the folder it is called from lacks a part
      GimpMissing              no GIMP 3 to install into
      FolderMissing            a folder that was named does not exist
      CoreProblem              the core cannot be set up
        PythonTooOld             no Python here is new enough for the core
        VenvMissing              Python lacks what makes virtual environments
        PackagesFailed           pip could not install the core
        CoreSilent               the core is installed but does not start
      FileProblem              a file or folder cannot be written, moved or removed

Each class has a code that never changes; each error says in one sentence what happened,
and hints at what to do next.
"""

import errno

__all__ = [
    "CoreProblem",
    "CoreSilent",
    "FileProblem",
    "FolderMissing",
    "GimpMissing",
    "InstallError",
    "PackagesFailed",
    "PythonTooOld",
    "RunWithSudo",
    "SourceIncomplete",
    "VenvMissing",
]


class InstallError(Exception):
    """The root: a sentence for the user and a hint for what to do next."""

    code = "install"

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(f"{sentence} {hint}")
        self.sentence = sentence
        self.hint = hint


class RunWithSudo(InstallError):
    code = "run-with-sudo"


class SourceIncomplete(InstallError):
    code = "source-incomplete"


class GimpMissing(InstallError):
    code = "gimp-missing"


class FolderMissing(InstallError):
    code = "folder-missing"


class CoreProblem(InstallError):
    code = "core"


class PythonTooOld(CoreProblem):
    code = "python-too-old"


class VenvMissing(CoreProblem):
    code = "venv-missing"


class PackagesFailed(CoreProblem):
    code = "packages-failed"


class CoreSilent(CoreProblem):
    code = "core-silent"


class FileProblem(InstallError):
    code = "file"

    @classmethod
    def of(cls, error: OSError) -> "FileProblem":
        """Say what the operating system said, and what can be done about it."""
        hints = {
            errno.ENOSPC: "Free some space (the core needs about 500 MB), then run this again.",
            errno.EDQUOT: "Free some space (the core needs about 500 MB), then run this again.",
            errno.EACCES: "Make it yours (it may have been made by root), then run this again.",
            errno.EPERM: "Make it yours (it may have been made by root), then run this again.",
            errno.EROFS: "Choose a folder that can be written to, then run this again.",
        }
        what = error.strerror or type(error).__name__
        where = f": {error.filename}" if error.filename else ""
        hint = hints.get(error.errno or 0, "Look at what is in its place, then run this again.")
        return cls(f"{what}{where}.", hint)
