"""Style presets and prompt templates: data files, ours and the user's (docs/presets.md).

A file holds one table for each preset. What is wrong in a user's file costs that preset, or where
it is no TOML that file, and is told with file and line; all others stay usable.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from overpaint.errors import RecipeInvalid
from overpaint.recipe import Edit, Part, Recipe

__all__ = ["Preset", "Presets", "apply", "load", "user_folder"]

FIELD = re.compile(r"\{([a-z][a-z0-9_]{0,30})\}")
FREE = "prompt"
"""The field that the user's free text takes."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
MAX_FILE = 1 << 20
MAX_TEXT = 4000
KEYS = {"name", "category", "prompt", "negative", "edits", "fields", *Part}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a preset adds to a recipe.

    *prompt* is a template: {words} in braces are fields, *fields* their usual values. *edits*:
    what it is meant for, empty where it fits all. *own*: it comes from the user.
    """

    id: str
    name: str
    category: str = ""
    prompt: str = ""
    parts: Mapping[Part, str] = field(default_factory=dict)
    negative: str = ""
    edits: frozenset[Edit] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)
    own: bool = False

    @property
    def asks_for(self) -> tuple[str, ...]:
        """The names of its fields in the order of the template, without the free text."""
        names = dict.fromkeys(FIELD.findall(self.prompt))
        return tuple(name for name in names if name != FREE)


@dataclass(frozen=True, slots=True)
class Presets:
    """All presets by id, and a sentence for each thing that is wrong in the user's files."""

    by_id: Mapping[str, Preset]
    problems: tuple[str, ...] = ()

    def get(self, preset_id: str) -> Preset:
        """Return the preset of that id; raises RecipeInvalid."""
        if preset_id not in self.by_id:
            raise RecipeInvalid(
                f"There is no preset called {preset_id!r}.",
                " ".join([*self.problems, "List them to see which there are."]),
            )
        return self.by_id[preset_id]


def user_folder() -> Path:
    """Return where users put their own files; it need not exist."""
    import platformdirs

    return platformdirs.user_config_path("overpaint", appauthor=False) / "presets"


def load(folder: Path | None = None) -> Presets:
    """Return our presets and those in *folder*, by default the user's; equal ids replace ours."""
    found: dict[str, Preset] = {}
    problems: list[str] = []
    ours = resources.files("overpaint") / "presets"
    for file in sorted(ours.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            read = _read(file.name, file.read_bytes, problems, own=False)
            found |= {preset.id: preset for preset in read}
    folder = folder or user_folder()
    try:
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        problems.append(f"{folder} cannot be read: {error.strerror or error}.")
        files = []
    for path in files:
        read = _read(str(path), _reader(path), problems, own=True)
        found |= {preset.id: preset for preset in read}
    return Presets(found, tuple(problems))


def apply(preset: Preset, recipe: Recipe, values: Mapping[str, str] | None = None) -> Recipe:
    """Return *recipe* with what *preset* adds; the user's own words come first.

    A field takes its value from *values*, else from the recipe's part of that name (which is then
    said there and nowhere else), else its usual one. Raises RecipeInvalid where there is none.
    """
    given = values or {}
    parts = dict(recipe.parts)
    used: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        used.add(name)
        mine = recipe.prompt if name == FREE else given.get(name, "")
        own = mine or (recipe.parts.get(Part(name), "") if name in set(Part) else "")
        value = own.strip() or preset.fields.get(name, "")
        if not value and name != FREE:
            raise RecipeInvalid(
                f"The preset {preset.name!r} needs a value for {name!r}.",
                f"It says: {preset.prompt}",
            )
        return value

    prompt = recipe.prompt
    if preset.prompt:
        filled = FIELD.sub(fill, preset.prompt).strip()
        # A template without a place for the user's own words has them after its own.
        apart = FREE not in used and prompt.strip() and filled not in prompt
        prompt = f"{filled}. {prompt.strip()}" if apart else prompt if filled in prompt else filled
    for part in Part:
        if part.value in used:
            parts.pop(part, None)
    for part, text in preset.parts.items():
        parts[part] = _joined(parts.get(part, ""), text)
    return replace(
        recipe, prompt=prompt, parts=parts, negative=_joined(recipe.negative, preset.negative)
    )


def _joined(first: str, second: str) -> str:
    """Return both as one list, none of its items twice."""
    if not second or second in first:
        return first
    known = {item.strip().casefold() for item in first.split(",")}
    new = [item for item in second.split(", ") if item.casefold() not in known]
    return ", ".join([first.strip(" ,"), *new]) if first.strip(" ,") else second


# Files


class _Wrong(Exception):
    """*key*: the one in the preset's table that is wrong, None for the table itself."""

    def __init__(self, complaint: str, key: str | None = None) -> None:
        super().__init__(complaint)
        self.key = key


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        if not path.is_file():
            raise OSError("it is not a file")
        if path.stat().st_size > MAX_FILE:
            raise OSError(f"it is larger than {MAX_FILE >> 20} MB")
        return path.read_bytes()

    return read


def _read(
    name: str, read: Callable[[], bytes], problems: list[str], *, own: bool
) -> Iterator[Preset]:
    """Yield the presets of one file; what is wrong with it goes to *problems*."""
    try:
        data = read()
        text = data.decode("utf-8-sig")
        tables = tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        problems.append(f"{name} cannot be read: {error.strerror or error}.")
        return
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(f"{name}, line {line}: this is not UTF-8. Save the file in UTF-8.")
        return
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(_not_toml(name, text, str(error)))
        return
    for preset_id, table in tables.items():
        try:
            yield _preset(preset_id, table, own=own)
        except _Wrong as wrong:
            line = _line(text, preset_id, wrong.key)
            problems.append(f"{name}, line {line}: {wrong}.")


def _not_toml(name: str, text: str, message: str) -> str:
    where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = (where and where.group(1)) or text.count("\n") + 1
    what = message[: where.start()] if where else message
    return f"{name}, line {line}: this is not TOML ({what})."


def _line(text: str, preset_id: str, key: str | None) -> int:
    """Return the line of *key* in the table *preset_id*, or of the table; 1 if it is hidden."""
    head = re.compile(
        rf"""\s*(?:\[\s*["']?{re.escape(preset_id)}["']?\s*[\].]|{re.escape(preset_id)}\s*=)"""
    )
    entry = re.compile(rf"""\s*["']?{re.escape(key or "")}["']?\s*[=.]""")
    found = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not found and head.match(line):
            found = number
            if key is None:
                break
        elif found and line.lstrip().startswith("[") and not head.match(line):
            break
        elif found and entry.match(line):
            return number
    return found or 1


def _preset(preset_id: str, table: Any, *, own: bool) -> Preset:
    if not NAME.fullmatch(preset_id):
        raise _Wrong(
            f"{preset_id!r} is no name for a preset: use small letters, digits and hyphens"
        )
    if not isinstance(table, dict):
        raise _Wrong(f"{preset_id!r} is not a table: write [{preset_id}] on a line of its own")
    for key in table:
        if key not in KEYS:
            raise _Wrong(f"{key!r} is not known here: there are {', '.join(sorted(KEYS))}", key)
    texts = {
        key: _text(key, table.get(key, "")) for key in ("name", "category", "prompt", "negative")
    }
    parts = {part: _text(part.value, table[part.value]) for part in Part if part.value in table}
    preset = Preset(
        id=preset_id,
        name=texts["name"] or preset_id,
        category=texts["category"],
        prompt=texts["prompt"],
        parts=parts,
        negative=texts["negative"],
        edits=_edits(table.get("edits", [])),
        fields=_fields(table.get("fields", {})),
        own=own,
    )
    if not (preset.prompt or preset.parts or preset.negative):
        raise _Wrong(f"{preset_id!r} says nothing: give it a prompt or a part such as style")
    unused = sorted(set(preset.fields) - set(preset.asks_for))
    if unused:
        raise _Wrong(f"the prompt has no field {{{unused[0]}}}", "fields")
    return preset


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"{key} must be text in quotes", key)
    if len(value) > MAX_TEXT:
        raise _Wrong(f"{key} is longer than {MAX_TEXT} characters", key)
    return value.strip()


def _edits(value: Any) -> frozenset[Edit]:
    names = [edit.value for edit in Edit]
    if not isinstance(value, list) or not all(each in names for each in value):
        raise _Wrong(f"edits must be a list of some of {', '.join(names)}", "edits")
    return frozenset(map(Edit, value))


def _fields(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _Wrong('fields must look like { material = "wood" }', "fields")
    return {key: _text("fields", text) for key, text in value.items()}
