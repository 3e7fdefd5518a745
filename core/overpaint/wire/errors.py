"""What can go wrong between a shell and its core, told apart by whose fault it is."""

__all__ = ["LocalProtocolError", "ProtocolError", "RemoteProtocolError", "VersionMismatch"]


class ProtocolError(Exception):
    """The only error that leaves this package."""


class LocalProtocolError(ProtocolError):
    """This side was about to break the protocol; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The other side broke the protocol; nothing that it says can be relied on any more."""


class VersionMismatch(RemoteProtocolError):
    """The other side speaks another version of the protocol."""

    def __init__(self, ours: int, theirs: int) -> None:
        super().__init__(f"protocol version {theirs} where {ours} was expected")
        self.ours = ours
        self.theirs = theirs
