"""Running one edit: the only room that runs providers and owns an HTTP client."""

from overpaint.runner.asking import Retries
from overpaint.runner.edit import run
from overpaint.runner.events import Begun, Event, Finished, Made, Recorder, Seen
from overpaint.runner.forecast import Forecast, forecast
from overpaint.runner.http import client
from overpaint.runner.refit import refit

__all__ = [
    "Begun",
    "Event",
    "Finished",
    "Forecast",
    "Made",
    "Recorder",
    "Retries",
    "Seen",
    "client",
    "forecast",
    "refit",
    "run",
]
