"""What history knows of a run: as it is told before the run, and as it is read back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.geometry import Box, Extent
from overpaint.language import _
from overpaint.recipe import Recipe

if TYPE_CHECKING:
    from overpaint.picture import Source

__all__ = ["Facts", "Framed", "Kept", "Record", "Run", "State", "Told"]

VERSION = 1


class State(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its process ended before it could say how the run did."""


@dataclass(frozen=True, slots=True)
class Framed:
    """One shot: *box* of the region, which may reach past it, and the size at which it is sent."""

    box: Box
    working: Extent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """What is known of a run before its request leaves, enough to redo all but the request.

    *recipe* has its seed; *provider* and *model* are who is asked, *prompt* the final words.
    *region* is a box of the canvas, *shots* are boxes of the region, the same for every
    candidate. *copied*: the provider copies pixels, and is fitted back accordingly. *document*
    is what the user calls the picture. *estimate*: US dollars for all candidates, None where
    nobody knows. None of it may hold a key or an address.
    """

    recipe: Recipe
    provider: str
    model: str
    region: Box
    canvas: Extent
    source: "Source"
    shots: tuple[Framed, ...]
    copied: bool
    prompt: str = ""
    document: str = ""
    estimate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What of a run is stored as it began, beside its pixels.

    In a file of its own as well: pictures can be placed even if the database is lost.
    """

    id: str
    began: float
    recipe: Mapping[str, Any]
    provider: str
    model: str
    region: Box
    canvas: Extent
    shots: tuple[Framed, ...]
    copied: bool
    prompt: str
    document: str
    estimate: float | None

    @classmethod
    def of(cls, run: Run, run_id: str, began: float) -> "Facts":
        return cls(
            id=run_id,
            began=began,
            recipe=run.recipe.to_dict(),
            provider=run.provider,
            model=run.model,
            region=run.region,
            canvas=run.canvas,
            shots=run.shots,
            copied=run.copied,
            prompt=run.prompt,
            document=run.document,
            estimate=run.estimate,
        )

    @property
    def words(self) -> str:
        """What a search looks through."""
        recipe = self.recipe
        said = [self.prompt, recipe.get("prompt"), *dict(recipe.get("parts") or {}).values()]
        facts = [self.id, recipe.get("edit"), self.provider, self.model, self.document]
        return " ".join(str(word) for word in (*facts, *said) if word).casefold()

    def to_json(self) -> str:
        data = {
            "version": VERSION,
            "id": self.id,
            "began": self.began,
            "recipe": dict(self.recipe),
            "provider": self.provider,
            "model": self.model,
            "region": _numbers(self.region),
            "canvas": [self.canvas.width, self.canvas.height],
            "shots": [
                [*_numbers(shot.box), shot.working.width, shot.working.height]
                for shot in self.shots
            ],
            "copied": self.copied,
            "prompt": self.prompt,
            "document": self.document,
            "estimate": self.estimate,
        }
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Facts":
        """Read what :meth:`to_json` wrote; raises ValueError for anything else."""
        try:
            data = json.loads(text)
            if data.pop("version") != VERSION:
                raise ValueError(_("another version of Overpaint wrote it"))
            data["region"] = Box(*data["region"])
            data["canvas"] = Extent(*data["canvas"])
            data["shots"] = tuple(Framed(Box(*s[:4]), Extent(*s[4:])) for s in data["shots"])
            return cls(**data)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(_("it is no run ({error})").format(error=error)) from error


def _numbers(box: Box) -> list[int]:
    return [box.x, box.y, box.width, box.height]


@dataclass(frozen=True, slots=True)
class Told:
    """Why a run failed: an error's code, sentence and hint."""

    code: str
    sentence: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run as history has it.

    *count*: candidates of which anything was kept. *cost*: US dollars, None where no answer said.
    *bytes*: what it takes on disk. *remote_ids*: the server's own names for its jobs.
    """

    facts: Facts
    state: State
    ended: datetime | None
    count: int
    cost: float | None
    bytes: int
    folder: Path
    error: Told | None = None
    remote_ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.facts.began, UTC)

    @property
    def edit(self) -> str:
        return str(self.facts.recipe.get("edit", ""))

    @property
    def recipe(self) -> Recipe:
        """Raises RecipeInvalid where another version of Overpaint wrote it."""
        return Recipe.from_dict(self.facts.recipe)

    @property
    def wish(self) -> str:
        """What the user asked for, in the user's own words."""
        recipe = self.facts.recipe
        parts = dict(recipe.get("parts") or {}).values()
        return str(recipe.get("prompt") or ", ".join(str(part) for part in parts))

    def to_dict(self) -> dict[str, Any]:
        """Return it for machines; times in ISO 8601, UTC."""
        facts = json.loads(self.facts.to_json())
        del facts["version"]
        return {
            **facts,
            "began": self.began.isoformat(),
            "ended": None if self.ended is None else self.ended.isoformat(),
            "state": self.state.value,
            "candidates": self.count,
            "cost": self.cost,
            "bytes": self.bytes,
            "folder": str(self.folder),
            "remote_ids": list(self.remote_ids),
            "error": None
            if self.error is None
            else {
                "code": self.error.code,
                "sentence": self.error.sentence,
                "hint": self.error.hint,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is on disk of one candidate: *files* by the number of their shot, as they came.

    *complete*: every shot is there, so that it can be placed. *text*: what the model said.
    """

    number: int
    files: Mapping[int, Path]
    complete: bool
    text: str = field(default="")
