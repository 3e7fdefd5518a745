"""The lists that `overpaint batch` reads: what a line says, and what is wrong with it.

Raises with sentences that do not name the line: whoever tells them does.
"""

import errno
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from overpaint.errors import FileUnreadable, RecipeInvalid
from overpaint.recipe import VERSION, Edit, Recipe

__all__ = ["Job", "read_job", "read_lines"]

_NEEDED = {"image", "out", "recipe"}
_PATHS = ("image", "mask", "out")
_HINT = 'A line is {"image": ..., "mask": ..., "out": ..., "recipe": {...}}.'
_RECIPE_HINT = "What may be in a recipe is in docs/command-line.md, under 'Many edits'."


@dataclass(frozen=True, slots=True)
class Job:
    """One line, read: *digest* is that of its text and of where it was read."""

    digest: str
    image: Path
    mask: Path | None
    out: Path
    recipe: Recipe

    @property
    def is_saved(self) -> bool:
        """Whether its result is there; of several pictures, the first says so."""
        return any(each.exists() for each in (self.out, self.out.with_stem(f"{self.out.stem}-1")))


def read_lines(jobs: Path) -> list[tuple[int, str]]:
    """Return the lines of a list that are not blank, with their numbers; raises FileUnreadable."""
    try:
        text = jobs.read_text("utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileUnreadable(f"{jobs} is not UTF-8 in line {line}.", "Save it as UTF-8.") from error
    except OSError as error:
        reason = error.strerror or error
        raise FileUnreadable(f"{jobs} cannot be read: {reason}.", "Check the name.") from error
    # Not splitlines(): JSON may hold what Unicode calls a line separator.
    return [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]


def read_job(text: str, folder: Path) -> Job:
    """Return one line's job, with paths taken from *folder*; raises RecipeInvalid."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeInvalid(f"This is not JSON: {error}.", _HINT) from error
    if not isinstance(data, dict):
        raise RecipeInvalid("This is no JSON object.", _HINT)
    if missing := _NEEDED - {name for name, value in data.items() if value is not None}:
        raise RecipeInvalid(f"This lacks {', '.join(sorted(missing))}.", _HINT)
    if unknown := ", ".join(sorted(set(data) - _NEEDED - {"mask"})):
        raise RecipeInvalid(f"This has parts that are not known: {unknown}.", _HINT)
    paths = {name: _path(name, data[name], folder) for name in _PATHS if data.get(name) is not None}
    digest = sha256(f"{folder}\n{text}".encode()).hexdigest()
    return Job(digest, paths["image"], paths.get("mask"), paths["out"], _recipe(data["recipe"]))


def _path(name: str, value: Any, folder: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise RecipeInvalid(f"Its {name} is not the name of a file.", _HINT)
    path = folder / value
    try:
        path.stat()
    except ValueError as error:
        raise RecipeInvalid(f"Its {name} has letters that no file name can have.", _HINT) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise RecipeInvalid(f"Its {name} is too long for the name of a file.", _HINT) from error
    return path


def _recipe(told: Any) -> Recipe:
    if not isinstance(told, dict):
        raise RecipeInvalid("Its recipe is not an object.", _HINT)
    if "edit" not in told:
        raise RecipeInvalid("Its recipe lacks edit.", _RECIPE_HINT)
    try:
        # Written by hand, it says no version: it is meant for the Overpaint that reads it.
        recipe = Recipe.from_dict({"version": VERSION, **told})
    except RecipeInvalid as error:
        if told.get("version", VERSION) != VERSION:
            raise
        raise RecipeInvalid(error.sentence, _RECIPE_HINT) from error
    if recipe.edit is Edit.GENERATE or recipe.references:
        raise RecipeInvalid(
            "This makes a picture from nothing, or wants reference pictures.",
            "Such edits run one by one: 'overpaint generate', or --reference.",
        )
    return recipe
