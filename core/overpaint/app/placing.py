"""Placing a result again that is in the history."""

from dataclasses import dataclass, replace

from overpaint import runner
from overpaint.errors import RunUnplaceable
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.picture import Patch
from overpaint.plan import Shot
from overpaint.recipe import Recipe

__all__ = ["Placed", "place"]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A candidate out of the history, fitted back into the picture it was made for."""

    number: int
    patch: Patch
    recipe: Recipe
    canvas: Extent


def place(run_id: str) -> list[Placed]:
    """Fit the complete candidates of a run back, exactly as the run itself would have.

    Raises RunUnknown, and RunUnplaceable where no candidate is complete.
    """
    from overpaint.history import Journal
    from overpaint.recipe import MAX_SEED

    with Journal.open() as journal:
        record = journal.record(run_id)
        facts, recipe, source = record.facts, record.recipe, journal.source(record.id)
        shots = [Shot(framed.box, framed.working) for framed in facts.shots]
        placed = []
        for kept in journal.candidates(record.id):
            if not kept.complete:
                continue
            assert recipe.seed is not None  # runs begin with one
            own = replace(recipe, seed=(recipe.seed + kept.number) % (MAX_SEED + 1), count=1)
            pieces = [(shots[shot], file.read_bytes()) for shot, file in sorted(kept.files.items())]
            patch = runner.refit(own, source, facts.region, pieces, copied=facts.copied)
            placed.append(Placed(kept.number, patch, own, facts.canvas))
    if not placed:
        raise RunUnplaceable(
            _("Run {run} brought no whole picture.").format(run=record.id),
            _("'overpaint history show' says what became of it."),
        )
    return placed
