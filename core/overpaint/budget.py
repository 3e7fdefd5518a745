"""The day's budget: what may still be spent before an edit is refused."""

from datetime import datetime, time

from overpaint.errors import BudgetSpent
from overpaint.language import _

__all__ = ["check", "start_of_day"]


def check(estimate: float | None, spent: float, budget: float | None) -> BudgetSpent | None:
    """Return the error to raise where an edit would cost more than is left, else None.

    All in US dollars: *estimate* of the edit, None where nobody knows; *spent* today; *budget* a
    day, None for no limit. What costs nothing is always allowed; what costs an unknown amount
    is, as long as anything is left.
    """
    if budget is None or estimate == 0:
        return None
    left = budget - spent
    # Sums of cents as floats are off by a hair; a hair is not worth a refusal.
    if left > 0 and (estimate is None or estimate <= left + 1e-9):
        return None
    cost = (
        _("an unknown amount")
        if estimate is None
        else _("about {amount}").format(amount=_dollars(estimate))
    )
    return BudgetSpent(
        _("This would cost {cost}; {left} of today's {budget} are left.").format(
            cost=cost, left=_dollars(max(left, 0)), budget=_dollars(budget)
        ),
        _("Raise daily_budget in the settings, choose a cheaper model, or wait until tomorrow."),
    )


def start_of_day(now: datetime | None = None) -> datetime:
    """Return when the user's day began: midnight of the local time zone."""
    today = (now or datetime.now().astimezone()).date()
    return datetime.combine(today, time()).astimezone()


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}"
