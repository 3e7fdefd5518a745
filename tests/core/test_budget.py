"""The day's budget."""

from datetime import datetime

import pytest

from overpaint.budget import check, start_of_day


@pytest.mark.parametrize(
    ("estimate", "spent", "budget", "refused"),
    [
        (9.0, 99.0, None, False),
        (None, 99.0, None, False),
        (0.1, 0.2, 0.3, False),
        (0.1, 0.21, 0.3, True),
        (None, 0.2, 0.3, False),
        (None, 0.3, 0.3, True),
        (0.0, 9.0, 0.3, False),
        (0.1, 0.0, 0.0, True),
        (None, 0.0, 0.0, True),
    ],
)
def test_an_edit_is_refused_where_it_would_exceed_the_day(
    estimate: float | None, spent: float, budget: float | None, refused: bool
) -> None:
    """Up to the budget it may, beyond it may not; what is free always may."""
    assert (check(estimate, spent, budget) is not None) == refused


def test_the_refusal_says_the_amounts() -> None:
    """What it would cost, what is left, of how much."""
    error = check(0.0375, 4.99, 5.0)

    assert error is not None
    assert "about $0.0375; $0.0100 of today's $5.00" in error.sentence


def test_a_day_begins_at_the_users_midnight() -> None:
    """In the local time zone, and never after now."""
    start = start_of_day()

    assert start.tzinfo is not None
    assert (start.hour, start.minute) == (0, 0)
    assert start <= datetime.now().astimezone()
