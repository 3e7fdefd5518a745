"""The protocol between the shell inside GIMP and the core beside it; standard library only.

It also runs inside GIMP's own Python, so it keeps to Python 3.9's syntax and imports nothing
from the rest of Overpaint. The installer puts a copy beside the shell.
"""

from .connection import PROTOCOL, Connection
from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError, VersionMismatch
from .frames import Blob
from .messages import (
    BYTES_PER_PIXEL,
    QUESTIONS,
    WITH_ALPHA,
    Answer,
    Ask,
    Cancel,
    Done,
    Failure,
    Forecast,
    Hello,
    LayerFailed,
    LayerMade,
    LayerPixels,
    LayerWanted,
    Message,
    Notice,
    Outlook,
    PatchMade,
    PlanEdit,
    Progress,
    Rectangle,
    Reference,
    RegionPlanned,
    RunEdit,
    StyleLayers,
    View,
)

__all__ = [
    "BYTES_PER_PIXEL",
    "PROTOCOL",
    "QUESTIONS",
    "WITH_ALPHA",
    "Answer",
    "Ask",
    "Blob",
    "Cancel",
    "Connection",
    "Done",
    "Failure",
    "Forecast",
    "Hello",
    "LayerFailed",
    "LayerMade",
    "LayerPixels",
    "LayerWanted",
    "LocalProtocolError",
    "Message",
    "Notice",
    "Outlook",
    "PatchMade",
    "PlanEdit",
    "Progress",
    "ProtocolError",
    "Rectangle",
    "Reference",
    "RegionPlanned",
    "RemoteProtocolError",
    "RunEdit",
    "StyleLayers",
    "VersionMismatch",
    "View",
]
