"""The protocol between the shell inside GIMP and the core beside it; standard library only.

It also runs inside GIMP's own Python, so it keeps to Python 3.9's syntax and imports nothing
from the rest of Overpaint. The installer puts a copy beside the shell.
"""

from .connection import PROTOCOL, Connection
from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError, VersionMismatch
from .frames import Blob
from .messages import (
    BYTES_PER_PIXEL,
    WITH_ALPHA,
    Cancel,
    Done,
    Failure,
    Hello,
    LayerFailed,
    LayerMade,
    LayerPixels,
    LayerWanted,
    Message,
    Notice,
    PatchMade,
    PlanEdit,
    Progress,
    Rectangle,
    Reference,
    RegionPlanned,
    RunEdit,
    StyleLayers,
)

__all__ = [
    "BYTES_PER_PIXEL",
    "PROTOCOL",
    "WITH_ALPHA",
    "Blob",
    "Cancel",
    "Connection",
    "Done",
    "Failure",
    "Hello",
    "LayerFailed",
    "LayerMade",
    "LayerPixels",
    "LayerWanted",
    "LocalProtocolError",
    "Message",
    "Notice",
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
]
