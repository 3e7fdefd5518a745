"""The tests' own house: what shares costly fixtures runs in one worker."""

import os

import pytest


@pytest.mark.xdist_group("one-worker")
def test_groups_reach_the_workers(request: pytest.FixtureRequest) -> None:
    """A group that is lost on the way costs each GIMP fixture twice, and nothing else tells."""
    if "PYTEST_XDIST_WORKER" not in os.environ or not request.config.option.loadgroup:
        pytest.skip("there is one process, or no grouping was asked for")
    assert request.node.nodeid.endswith("@one-worker")
