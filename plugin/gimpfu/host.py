"""The narrow interface between scripts' objects and what holds the images: GIMP 3 or plain memory.

Everything that GIMP 3's procedure database offers goes through `Host.call`, under GIMP 3's names
and types. The few other methods are what the database cannot do: pixels, progress, messages.
Objects cross this line as `Ref`s.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Optional

from .errors import GimpError, NoSuchProcedure
from .signatures import Parameter, Signature

LAYER_KINDS = frozenset(("layer", "text-layer", "group-layer", "vector-layer", "link-layer"))
CHANNEL_KINDS = frozenset(("channel", "layer-mask", "selection"))
ITEM_KINDS = LAYER_KINDS | CHANNEL_KINDS | {"path"}


class Ref(NamedTuple):
    """Which object is meant: its kind ("image", "layer", "layer-mask" ...) and GIMP's number."""

    kind: str
    id: int

    @property
    def family(self) -> str:
        """Numbers are unique within a family: all items share one."""
        return "item" if self.kind in ITEM_KINDS else self.kind


class Rect(NamedTuple):
    """A rectangle in a drawable's own pixels."""

    x: int
    y: int
    width: int
    height: int


class Host(ABC):
    """Where images live. One host is current at a time; see `current` and `use`."""

    # -- procedures --------------------------------------------------------------------------------

    @abstractmethod
    def signature(self, name: str) -> Optional[Signature]:
        """Return what the procedure `name` takes and returns, or None if there is none."""

    @abstractmethod
    def procedure_names(self) -> list[str]:
        """Return the names of all procedures, with dashes, sorted."""

    @abstractmethod
    def run_procedure(self, signature: Signature, arguments: list[Any]) -> tuple[Any, ...]:
        """Run a procedure with arguments that `call` has checked; `GimpError` when it fails."""

    def call(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        """Run the GIMP 3 procedure `name` with all of its arguments in order, objects as `Ref`s."""
        signature = self.signature(name)
        if signature is None:
            raise NoSuchProcedure(f"procedure not found: {name}")
        if len(arguments) != len(signature.parameters):
            raise TypeError(
                f"{name}: wrong number of parameters,"
                f" {len(signature.parameters)} expected, {len(arguments)} given"
            )
        for parameter, value in zip(signature.parameters, arguments):
            check_range(name, parameter, value)
        return self.run_procedure(signature, list(arguments))

    # -- objects -----------------------------------------------------------------------------------

    @abstractmethod
    def find(self, family: str, number: int) -> Optional[Ref]:
        """Return the object of `family` (item, image or display) with this number, or None."""

    # -- pixels ------------------------------------------------------------------------------------

    @abstractmethod
    def pixel_format(self, drawable: Ref) -> str:
        """Return the babl encoding in which the drawable stores its pixels."""

    @abstractmethod
    def read_pixels(self, drawable: Ref, rect: Rect, pixel_format: Optional[str]) -> bytes:
        """Return pixels row by row, as stored if the format is None; zeros outside."""

    @abstractmethod
    def read_scaled(
        self, drawable: Ref, rect: Rect, width: int, height: int, pixel_format: str
    ) -> bytes:
        """Return what `rect` looks like in `width` x `height` pixels, which are no more of them."""

    @abstractmethod
    def write_pixels(
        self, drawable: Ref, rect: Rect, pixel_format: Optional[str], data: bytes
    ) -> None:
        """Replace pixels; `rect` lies inside, and ValueError tells that `data` has another size."""

    @abstractmethod
    def rasterize(self, layer: Ref) -> bool:
        """Let a layer that GIMP draws itself keep its pixels; False where this GIMP cannot."""

    @abstractmethod
    def is_srgb(self, image: Ref) -> bool:
        """Tell whether the image's colours are sRGB's, gamma-encoded or linear."""

    @abstractmethod
    def metadata_tag(self, image: Ref, name: str) -> Optional[str]:
        """Return what the image's metadata say, by a name of Exiv2's; None for nothing."""

    @abstractmethod
    def set_metadata_tag(self, image: Ref, name: str, value: str) -> None:
        """Say something in the image's metadata, which can be undone."""

    # -- the user ----------------------------------------------------------------------------------

    @abstractmethod
    def message(self, text: str) -> None:
        """Show a message the way the user has chosen in GIMP."""

    @abstractmethod
    def progress_init(self, text: Optional[str]) -> None:
        """Begin a progress bar."""

    @abstractmethod
    def progress_update(self, fraction: float) -> None:
        """Move the progress bar to a fraction between 0 and 1."""

    @abstractmethod
    def progress_pulse(self) -> None:
        """Move the progress bar of a job of unknown length."""

    @abstractmethod
    def progress_end(self) -> None:
        """Take the progress bar away."""

    # -- surroundings ------------------------------------------------------------------------------

    @abstractmethod
    def directory(self, which: str) -> str:
        """Return a folder: user, data, locale, sysconf, plug-in or own (the running plug-in's)."""

    @abstractmethod
    def version(self) -> str:
        """Return the version of what really runs, such as `3.0.4`."""


def check_range(procedure: str, parameter: Parameter, value: Any) -> None:
    """Raise when a number is out of range: GIMP 3 would silently use another value."""
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None or not isinstance(value, (int, float)):
        return
    if not low <= value <= high:
        raise GimpError(
            f"{procedure}: {parameter.name} is {value}, but must lie between {low:g} and {high:g}"
        )


_current: Optional[Host] = None


def use(host: Host) -> None:
    """Make `host` the one that scripts' objects talk to."""
    global _current  # noqa: PLW0603  (scripts have one implicit GIMP, so the shim has too)
    _current = host


def current() -> Host:
    """Return the host that scripts' objects talk to; in a plug-in that is GIMP from the start."""
    if _current is None and in_gimp():
        from .gimp3.host import Host as Gimp3

        use(Gimp3())
    if _current is None:
        raise GimpError("there is no GIMP here: run this as a plug-in, or with gimpfu.headless")
    return _current


def in_gimp() -> bool:
    """Tell whether GIMP started this process as a plug-in."""
    return len(sys.argv) > 1 and sys.argv[1] == "-gimp"


def exists() -> bool:
    """Tell whether there is a host: there is none when a script runs in a plain Python."""
    return _current is not None or in_gimp()
