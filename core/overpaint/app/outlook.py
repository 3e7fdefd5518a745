"""What an edit will read, send and cost, before anything is sent."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from overpaint import budget, runner
from overpaint.app.reach import USUAL, Reach, load_settings, provider, set_up
from overpaint.dialect import Role, Text
from overpaint.errors import EditUnsupported
from overpaint.geometry import Box, Extent
from overpaint.language import _
from overpaint.mask import Mask
from overpaint.plan import Plan, Shot, make_plan, make_shots
from overpaint.providers.base import Provider
from overpaint.recipe import Edit, Recipe

__all__ = ["Outlook", "forecast", "plan", "refuse_unable", "spent_today", "usual_seconds"]

PAST = 10
"""How many earlier runs tell how long one takes."""


def plan(recipe: Recipe, selection: Box, canvas: Extent, reach: Reach = USUAL) -> Plan:
    """Say which rectangle the edit reads; raises RequestError before anything is read."""
    if recipe.edit is Edit.GENERATE:
        return Plan(canvas.box, canvas.box, (Shot(canvas.box, canvas),))
    return make_plan(recipe, selection, canvas, provider(recipe, reach).capabilities.sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a run would do, before anything is sent.

    *receiver*: who gets the pixels, "" where they stay on this machine. *cost*: US dollars, None
    where nothing is charged or nobody knows; *spent* today, and *budget* for a day. *seconds*: what
    such an edit usually takes, None where there was none yet.
    """

    title: str
    model: str
    receiver: str
    region: Box
    shots: tuple[Shot, ...]
    text: Text
    requests: int
    resolution: float
    cost: float | None
    spent: float
    budget: float | None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        region = self.region
        return {
            "provider": self.title,
            "model": self.model,
            "receiver": self.receiver or None,
            "region": [region.x, region.y, region.width, region.height],
            "sizes": [[shot.working.width, shot.working.height] for shot in self.shots],
            "prompt": self.text.prompt,
            "negative": self.text.negative,
            "notes": list(self.text.notes),
            "requests": self.requests,
            "resolution": self.resolution,
            "cost": self.cost,
            "spent_today": self.spent,
            "budget": self.budget,
            "seconds": self.seconds,
        }

    def lines(self) -> list[str]:
        """Return it as lines to be read."""
        region = self.region
        sizes = sorted({f"{shot.working.width}x{shot.working.height}" for shot in self.shots})
        lost = "" if self.resolution >= 1 else f", {self.resolution:.0%} of its resolution"
        pieces = f" in {len(self.shots)} pieces" if len(self.shots) > 1 else ""
        indented = self.text.prompt.strip().replace("\n", "\n" + " " * 11)
        said = [
            f"Provider   {self.title}" + (f", {self.model}" if self.model else ""),
            f"Receiver   {self.receiver or 'nobody: it stays on this machine'}",
            f"Region     {region.width}x{region.height} at {region.x},{region.y}",
            f"Sent as    {', '.join(sizes)}{pieces}{lost}",
            f"Requests   {self.requests}",
            f"Cost       {self._money()}",
            *([] if self.seconds is None else [f"Time       about {self.seconds:.0f} s"]),
            f"Prompt     {indented or '(none)'}",
        ]
        if self.text.negative:
            said.append(f"Negative   {self.text.negative}")
        return [*said, *(f"Note       {note}" for note in self.text.notes)]

    def _money(self) -> str:
        if not self.receiver:
            return "none"
        if self.cost == 0:
            return "none"
        cost = "not known" if self.cost is None else f"about ${self.cost:.3f}"
        if self.budget is not None:
            cost += f"; ${self.spent:.2f} of ${self.budget:.2f} spent today"
        return cost


def forecast(
    recipe: Recipe,
    region: Box,
    selection: Mask,
    reach: Reach = USUAL,
    roles: Sequence[Role] = (),
) -> Outlook:
    """Say what :func:`run` would send of *region*, where that is selected; sends nothing.

    *roles*: what the pictures are for that would go along.
    """
    from overpaint.mask import adjust
    from overpaint.prompt import compose

    settings = load_settings()
    asked = set_up(recipe.provider, recipe.model, reach, settings)
    able = asked.capabilities
    refuse_unable(recipe, asked)
    mask = adjust(selection, grow_px=recipe.grow, feather_px=recipe.feather)
    shots = make_shots(recipe, mask, able.sizes)
    taken = roles[: able.references]
    expected = runner.forecast(able, shots, recipe.count, len(taken))
    return Outlook(
        title=_(asked.title),
        model=recipe.model or settings.setup_for(recipe.provider, None).model or "",
        receiver=asked.receiver if able.needs_network else "",
        region=region,
        shots=shots,
        text=compose(recipe, able.dialect, list(taken))
        if able.reads_prompt
        else Text(recipe.prompt),
        requests=expected.requests,
        resolution=expected.resolution,
        cost=expected.cost,
        spent=spent_today() if able.needs_network else 0.0,
        budget=settings.daily_budget,
        seconds=usual_seconds(recipe) if able.needs_network else None,
    )


def refuse_unable(recipe: Recipe, asked: Provider) -> None:
    """Raise EditUnsupported where the provider cannot make that edit."""
    if recipe.edit not in asked.capabilities.edits:
        raise EditUnsupported(
            _("{title} cannot do that edit ({edit}).").format(
                title=_(asked.title), edit=recipe.edit.value
            ),
            _("Choose another provider."),
        )


def usual_seconds(recipe: Recipe) -> float | None:
    """Return what the last edits of this kind took: same provider, model and count."""
    from overpaint.history import Journal, State

    with Journal.open() as journal:
        past = journal.runs(PAST, provider=recipe.provider, state=State.DONE)
    alike = (recipe.edit.value, recipe.model, recipe.count)
    took = [
        (run.ended - run.began).total_seconds()
        for run in past
        if run.ended is not None
        and tuple(run.facts.recipe.get(name) for name in ("edit", "model", "count")) == alike
    ]
    return statistics.median(took) if took else None


def spent_today() -> float:
    """Return the US dollars that went today, as the history knows."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        return journal.spent(budget.start_of_day())
