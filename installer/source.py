"""The folder the installer is called from: a checkout or an unpacked release."""

import ast
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Iterator, Tuple

from .errors import SourceIncomplete

__all__ = ["ENTRY", "PLUG_IN", "Source"]

PLUG_IN = "overpaint-gimp"
ENTRY = f"{PLUG_IN}.py"
"""GIMP wants a plug-in's folder and its script to share their name."""

_CORE = PurePath("core", "overpaint")
# What of the source becomes which folder inside the plug-in's own.
_PARTS = {
    PurePath("plugin", PLUG_IN): PurePath(),
    PurePath("plugin", "gimpfu"): PurePath("gimpfu"),
    _CORE / "wire": PurePath("wire"),
}
_NEEDED = (
    PurePath("pyproject.toml"),
    PurePath("plugin", PLUG_IN, ENTRY),
    PurePath("plugin", "gimpfu", "__init__.py"),
    _CORE / "__init__.py",
    _CORE / "wire" / "__init__.py",
)


@dataclass(frozen=True)
class Source:
    """What is to be installed, read from *root*."""

    root: Path
    release: str
    protocol: int

    @classmethod
    def at(cls, root: Path) -> "Source":
        """Look at a folder; raises SourceIncomplete where it is not all of Overpaint."""
        for part in _NEEDED:
            if not (root / part).is_file():
                raise SourceIncomplete(
                    f"{root} is not all of Overpaint: {part} is missing.",
                    "Unpack the release, or clone the repository, once more.",
                )
        return cls(
            root,
            _constant(root / _CORE / "__init__.py", "__version__"),
            _constant(root / _CORE / "wire" / "connection.py", "PROTOCOL"),
        )

    @property
    def wire(self) -> Path:
        """The protocol's package, which the installer itself uses to hear the core's hello."""
        return self.root / _CORE / "wire"

    def plug_in_files(self) -> Iterator[Tuple[Path, PurePath]]:
        """Every file of the plug-in, and its path inside the plug-in's folder."""
        for part, inside in _PARTS.items():
            folder = self.root / part
            for path in sorted(folder.rglob("*")):
                relative = path.relative_to(folder)
                unwanted = "__pycache__" in relative.parts or path.suffix == ".pyc"
                if path.is_file() and not unwanted:
                    yield path, inside / relative


def _constant(path: Path, name: str) -> Any:
    # Read instead of imported: the core needs a newer Python than the installer.
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]:
            return ast.literal_eval(node.value)
    raise SourceIncomplete(f"{path} does not say {name}.", "Unpack or clone Overpaint once more.")
