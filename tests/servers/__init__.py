"""Servers that answer as the vendors' do, on loopback, for as long as a test runs."""

from tests.servers.base import Recorded, Server
from tests.servers.running import Outcome, job, run_provider, seconds_to_cancel

__all__ = ["Outcome", "Recorded", "Server", "job", "run_provider", "seconds_to_cancel"]
