"""The messages between a shell and its core, as values that are checked when they are made.

    shell -> core   hello  ask  plan  forecast  reference  run  strip  layers  layer-pixels  cancel
    core -> shell   hello  answer  region  outlook  progress  notice  view  patch
                    layer-wanted  layer-made  layer-failed  done  failure

A run is followed by its pixels in strips, which are sent while the next ones are read, and
answered by progress, notices and views, patches, and then done or failure. References
are not answered; they go along with the next run. What a dialog wants to know it asks: each ask
has one answer, after views where pictures belong to it; each forecast has one outlook. Layers are
answered like a run, except that the core asks for the pixels of one layer after the other, and
each request for them is answered before the next comes.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, NamedTuple, Optional, Type

from .errors import LocalProtocolError, RemoteProtocolError
from .frames import Blob, Frame

__all__ = [
    "BYTES_PER_PIXEL",
    "QUESTIONS",
    "WITH_ALPHA",
    "Answer",
    "Ask",
    "Cancel",
    "Done",
    "Failure",
    "Forecast",
    "Hello",
    "LayerFailed",
    "LayerMade",
    "LayerPixels",
    "LayerWanted",
    "Message",
    "Notice",
    "Outlook",
    "PatchMade",
    "PlanEdit",
    "Progress",
    "Rectangle",
    "Reference",
    "RegionPlanned",
    "RunEdit",
    "Strip",
    "StyleLayers",
    "View",
    "from_frame",
    "to_frame",
]

BYTES_PER_PIXEL = {"Y' u8": 1, "Y'A u8": 2, "R'G'B' u8": 3, "R'G'B'A u8": 4, "R'G'B'A float": 16}
"""The pixel formats that travel, under the names that babl gives them; float is native-endian.

8-bit layers travel as they are stored, so that nothing has to be converted on either side.
"""
WITH_ALPHA = {
    "Y' u8": "Y'A u8",
    "Y'A u8": "Y'A u8",
    "R'G'B' u8": "R'G'B'A u8",
    "R'G'B'A u8": "R'G'B'A u8",
    "R'G'B'A float": "R'G'B'A float",
}
"""The format of a run's patches, by the format of its pixels."""

QUESTIONS = (
    "facts",
    "provider",
    "template",
    "history",
    "place",
    "export",
    "remove-run",
    "clear-history",
    "settings",
    "change-settings",
    "change-key",
    "check-provider",
    "check-setup",
    "layers",
)
"""What a dialog may ask; the core's serve_dialogs says what about, and what is answered."""

MAX_SIDE = 1 << 19
MAX_VIEW = 4096
MAX_LAYERS = 2000
MAX_REFERENCES = 16
ROLES = ("style", "subject", "scene")


class Rectangle(NamedTuple):
    """A rectangle of the canvas, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, other: "Rectangle") -> bool:
        """Tell whether all of *other* lies inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


class Message:
    """What every message is: a frozen dataclass with a type name."""

    type = ""


# Each kind of field is a function that returns the value to be stored for what a header or a
# caller gave, or raises ValueError. The same function guards both directions.


def _is_integer(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _integer(low: int, high: int) -> Any:
    def read(value: Any) -> int:
        if not _is_integer(value, low, high):
            raise ValueError(f"{value!r:.40} is not a whole number from {low} to {high}")
        return int(value)

    return field(metadata={"read": read})


def _rectangle() -> Any:
    def read(value: Any) -> Rectangle:
        right = (
            isinstance(value, (list, tuple))
            and len(value) == 4
            and all(_is_integer(n, -MAX_SIDE, MAX_SIDE) for n in value)
            and min(value[2:]) >= 1
        )
        if not right:
            raise ValueError(f"{value!r:.80} is not a rectangle")
        return Rectangle(*value)

    return field(metadata={"read": read})


def _text(limit: int) -> Any:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > limit:
            raise ValueError(f"not a text of at most {limit} characters")
        return value

    return field(metadata={"read": read})


def _format() -> Any:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in BYTES_PER_PIXEL:
            raise ValueError(f"{value!r:.40} is not one of {', '.join(BYTES_PER_PIXEL)}")
        return value

    return field(metadata={"read": read})


def _one_of(*names: str) -> Any:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"{value!r:.40} is not one of {', '.join(names)}")
        return value

    return field(metadata={"read": read})


def _layers() -> Any:
    def read(value: Any) -> List[Dict[str, Any]]:
        if not isinstance(value, list) or len(value) > MAX_LAYERS:
            raise ValueError(f"not a list of at most {MAX_LAYERS} layers")
        for each in value:
            right = (
                isinstance(each, dict)
                and set(each) == {"id", "name", "box", "skip"}
                and isinstance(each["id"], str)
                and 0 < len(each["id"]) <= 100
                and isinstance(each["name"], str)
                and isinstance(each["box"], (list, tuple))
                and len(each["box"]) == 4
                and all(_is_integer(n, -MAX_SIDE, MAX_SIDE) for n in each["box"])
                and min(each["box"][2:]) >= 1
                and each["skip"] in (None, "locked", "cuts")
            )
            if not right:
                raise ValueError(f"{each!r:.80} is not a layer")
        if len({each["id"] for each in value}) < len(value):
            raise ValueError("two layers have one id")
        return value

    return field(metadata={"read": read})


def _read_object(value: Any) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004, one error for all wrong input
    return value


def _object(*, shown: bool = True) -> Any:
    return field(metadata={"read": _read_object}, repr=shown)


def _flag() -> Any:
    def read(value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError("neither true nor false")
        return value

    return field(metadata={"read": read})


def _roles() -> Any:
    def read(value: Any) -> List[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError("not a list of names")
        if len(value) > MAX_REFERENCES or not set(value) <= set(ROLES):
            raise ValueError(f"not a list of at most {MAX_REFERENCES} roles")
        return value

    return field(metadata={"read": read})


def _fraction() -> Any:
    def read(value: Any) -> Optional[float]:
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise ValueError(f"{value!r:.40} is neither null nor a number from 0 to 1")
        return float(value)

    return field(metadata={"read": read})


def _blob(*, optional: bool = False) -> Any:
    def read(value: Any) -> Optional[Blob]:
        if not (isinstance(value, (bytes, bytearray, memoryview)) or (optional and value is None)):
            raise ValueError("not a blob")
        return value

    return field(metadata={"read": read, "blob": True})


def _check_size(name: str, blob: Optional[Blob], region: Rectangle, bytes_per_pixel: int) -> None:
    wanted = region.width * region.height * bytes_per_pixel
    if blob is not None and memoryview(blob).nbytes != wanted:
        raise ValueError(f"{name} has {memoryview(blob).nbytes} bytes instead of {wanted}")


@dataclass(frozen=True)
class Hello(Message):
    """The first message of both sides."""

    protocol: int = _integer(1, 1 << 30)
    release: str = _text(100)

    type = "hello"


@dataclass(frozen=True)
class PlanEdit(Message):
    """Which region would this recipe read, for a selection with these bounds on this canvas?"""

    recipe: Dict[str, Any] = _object()
    canvas_width: int = _integer(1, MAX_SIDE)
    canvas_height: int = _integer(1, MAX_SIDE)
    selection: Rectangle = _rectangle()

    type = "plan"


@dataclass(frozen=True)
class RegionPlanned(Message):
    """The answer to plan: the rectangle of the canvas to be read."""

    region: Rectangle = _rectangle()

    type = "region"


@dataclass(frozen=True)
class Ask(Message):
    """A question of a dialog; *about* has its particulars. May hold a key on its way to be kept."""

    what: str = _one_of(*QUESTIONS)
    about: Dict[str, Any] = _object(shown=False)

    type = "ask"


@dataclass(frozen=True)
class Answer(Message):
    """The answer to an ask."""

    what: str = _one_of(*QUESTIONS)
    data: Dict[str, Any] = _object()

    type = "answer"


@dataclass(frozen=True)
class Forecast(Message):
    """What would a run with this recipe send, cost, and change? Nothing is sent.

    *pixels* is what the region looks like, R'G'B'A u8, at any size that is kind to a dialog;
    *selection* as for a run. *roles*: what the pictures are for that would go along.
    """

    recipe: Dict[str, Any] = _object()
    canvas_width: int = _integer(1, MAX_SIDE)
    canvas_height: int = _integer(1, MAX_SIDE)
    region: Rectangle = _rectangle()
    selected: Rectangle = _rectangle()
    selection: Blob = _blob()
    width: int = _integer(1, MAX_VIEW)
    height: int = _integer(1, MAX_VIEW)
    pixels: Blob = _blob()
    roles: List[str] = _roles()

    type = "forecast"

    def __post_init__(self) -> None:
        if not self.region.contains(self.selected):
            raise ValueError("what is selected is not inside the region")
        _check_size("selection", self.selection, self.selected, 1)
        _check_size("pixels", self.pixels, Rectangle(0, 0, self.width, self.height), 4)


@dataclass(frozen=True)
class Outlook(Message):
    """The answer to a forecast: facts, and the crop as it would be sent, the mask drawn over it.

    R'G'B' u8, of the size in which the crop came.
    """

    data: Dict[str, Any] = _object()
    width: int = _integer(1, MAX_VIEW)
    height: int = _integer(1, MAX_VIEW)
    pixels: Blob = _blob()

    type = "outlook"

    def __post_init__(self) -> None:
        _check_size("pixels", self.pixels, Rectangle(0, 0, self.width, self.height), 3)


@dataclass(frozen=True)
class View(Message):
    """A picture for a dialog, R'G'B' u8: of candidate *number*, or of an answer's entry.

    *stage*: the crop as it was, a candidate as far as it is, or as it would lie in the picture.
    """

    number: int = _integer(0, 1000)
    stage: str = _one_of("original", "preview", "result")
    width: int = _integer(1, MAX_VIEW)
    height: int = _integer(1, MAX_VIEW)
    pixels: Blob = _blob()

    type = "view"

    def __post_init__(self) -> None:
        _check_size("pixels", self.pixels, Rectangle(0, 0, self.width, self.height), 3)


@dataclass(frozen=True)
class Reference(Message):
    """A picture that goes along with the next run, in R'G'B'A u8, sRGB; what it is for."""

    role: str = _one_of(*ROLES)
    width: int = _integer(1, MAX_SIDE)
    height: int = _integer(1, MAX_SIDE)
    pixels: Blob = _blob()

    type = "reference"

    def __post_init__(self) -> None:
        _check_size("pixels", self.pixels, Rectangle(0, 0, self.width, self.height), 4)


@dataclass(frozen=True)
class RunEdit(Message):
    """Make the edit of the region, whose pixels follow: strips of *format*, until all are there.

    *shown* is the layer's own mask, if it has one. *selection* has the pixels of *selected*, a
    part of the region outside of which nothing is selected. Masks have one byte a pixel.
    *document* is what the user calls the picture. *views* is the longest side of the pictures
    for a dialog that go along, 0 for none.
    """

    recipe: Dict[str, Any] = _object()
    canvas_width: int = _integer(1, MAX_SIDE)
    canvas_height: int = _integer(1, MAX_SIDE)
    document: str = _text(300)
    region: Rectangle = _rectangle()
    format: str = _format()
    selected: Rectangle = _rectangle()
    selection: Blob = _blob()
    shown: Optional[Blob] = _blob(optional=True)
    views: int = _integer(0, MAX_VIEW)

    type = "run"

    def __post_init__(self) -> None:
        if not self.region.contains(self.selected):
            raise ValueError("what is selected is not inside the region")
        _check_size("selection", self.selection, self.selected, 1)
        _check_size("shown", self.shown, self.region, 1)


@dataclass(frozen=True)
class Strip(Message):
    """The next rows of the run's region, whole ones, from the topmost on."""

    pixels: Blob = _blob()

    type = "strip"


@dataclass(frozen=True)
class StyleLayers(Message):
    """Give these layers one style: objects with *id*, *name*, *box*, and *skip* or null.

    *skip* is why a layer is to be left as it is: "locked" or "cuts". Boxes are of the canvas.
    The topmost comes first; with *frames* the lowest is the first frame of an animation. With
    *forecast* nothing is made: the answer says what it would take.
    """

    recipe: Dict[str, Any] = _object()
    canvas_width: int = _integer(1, MAX_SIDE)
    canvas_height: int = _integer(1, MAX_SIDE)
    document: str = _text(300)
    layers: List[Dict[str, Any]] = _layers()
    frames: bool = _flag()
    forecast: bool = _flag()

    type = "layers"


@dataclass(frozen=True)
class LayerWanted(Message):
    """The core asks for a layer's pixels; an empty id means the flattened document."""

    id: str = _text(100)

    type = "layer-wanted"


@dataclass(frozen=True)
class LayerPixels(Message):
    """All pixels of a layer, whatever its mask hides."""

    id: str = _text(100)
    width: int = _integer(1, MAX_SIDE)
    height: int = _integer(1, MAX_SIDE)
    format: str = _format()
    pixels: Blob = _blob()

    type = "layer-pixels"

    def __post_init__(self) -> None:
        box = Rectangle(0, 0, self.width, self.height)
        _check_size("pixels", self.pixels, box, BYTES_PER_PIXEL[self.format])


@dataclass(frozen=True)
class LayerMade(Message):
    """A layer's new pixels, of its own size, the recipe that made them, and who."""

    id: str = _text(100)
    recipe: Dict[str, Any] = _object()
    provenance: Dict[str, Any] = _object()
    width: int = _integer(1, MAX_SIDE)
    height: int = _integer(1, MAX_SIDE)
    format: str = _format()
    pixels: Blob = _blob()

    type = "layer-made"

    def __post_init__(self) -> None:
        box = Rectangle(0, 0, self.width, self.height)
        _check_size("pixels", self.pixels, box, BYTES_PER_PIXEL[self.format])


@dataclass(frozen=True)
class LayerFailed(Message):
    """A layer could not be made; the others go on, and asking again makes this one alone."""

    id: str = _text(100)
    code: str = _text(100)
    sentence: str = _text(2000)
    hint: str = _text(2000)

    type = "layer-failed"


@dataclass(frozen=True)
class Progress(Message):
    """How far a run is; a fraction of null means that nobody can tell."""

    fraction: Optional[float] = _fraction()
    phase: str = _text(200)

    type = "progress"


@dataclass(frozen=True)
class Notice(Message):
    """A sentence that the user should read although the edit succeeds."""

    sentence: str = _text(2000)

    type = "notice"


@dataclass(frozen=True)
class PatchMade(Message):
    """Candidate *number*: pixels over this rectangle of the canvas, and the recipe that made them.

    *provenance* says who made them, when, from which model, and as what files must declare it.

    The rectangle is the run's region, or a part of it outside of which nothing changes. It holds
    all that is selected. *mask* is null where it is the selection as it was sent, to the byte.
    """

    number: int = _integer(0, 1000)
    recipe: Dict[str, Any] = _object()
    provenance: Dict[str, Any] = _object()
    region: Rectangle = _rectangle()
    format: str = _format()
    pixels: Blob = _blob()
    mask: Optional[Blob] = _blob(optional=True)

    type = "patch"

    def __post_init__(self) -> None:
        _check_size("pixels", self.pixels, self.region, BYTES_PER_PIXEL[self.format])
        _check_size("mask", self.mask, self.region, 1)


@dataclass(frozen=True)
class Done(Message):
    """The run succeeded; how many seconds each phase took."""

    seconds: Dict[str, float] = _object()

    type = "done"


@dataclass(frozen=True)
class Failure(Message):
    """The request failed; the core is ready for the next one."""

    code: str = _text(100)
    sentence: str = _text(2000)
    hint: str = _text(2000)

    type = "failure"


@dataclass(frozen=True)
class Cancel(Message):
    """Stop at once and end the process; there is no answer."""

    type = "cancel"


_TYPES: Dict[str, Type[Message]] = {
    cls.type: cls
    for cls in (
        Hello,
        Ask,
        Answer,
        Forecast,
        Outlook,
        View,
        PlanEdit,
        RegionPlanned,
        Reference,
        RunEdit,
        Progress,
        Notice,
        PatchMade,
        Strip,
        StyleLayers,
        LayerWanted,
        LayerPixels,
        LayerMade,
        LayerFailed,
        Done,
        Failure,
        Cancel,
    )
}


def to_frame(message: Message) -> Frame:
    """Return *message* as a frame; raises LocalProtocolError where a field is not as it must be."""
    header: Dict[str, Any] = {"type": message.type}
    blobs: List[Blob] = []
    for part in fields(message):  # type: ignore[arg-type]
        try:
            value = part.metadata["read"](getattr(message, part.name))
        except ValueError as error:
            raise LocalProtocolError(f"{message.type}, {part.name}: {error}") from error
        if "blob" in part.metadata and value is not None:
            header[part.name] = len(blobs)
            blobs.append(value)
        else:
            header[part.name] = value
    return Frame(header, tuple(blobs))


def from_frame(frame: Frame) -> Message:
    """Return the message in *frame*; raises RemoteProtocolError for anything but a right one."""
    header = dict(frame.header)
    name = header.pop("type", None)
    cls = _TYPES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise RemoteProtocolError(f"a message of unknown type {name!r:.40}")
    try:
        values = _read_fields(cls, header, list(frame.blobs))
        return cls(**values)
    except ValueError as error:
        raise RemoteProtocolError(f"{name}: {error}") from error


def _read_fields(cls: Type[Message], header: Dict[str, Any], blobs: List[Blob]) -> Dict[str, Any]:
    values: Dict[str, Any] = {}
    unclaimed = set(range(len(blobs)))
    for part in fields(cls):  # type: ignore[arg-type]
        value = header.pop(part.name, None)
        if "blob" in part.metadata and value is not None:
            if type(value) is not int or value not in unclaimed:
                raise ValueError(f"{part.name} is not a blob of this frame")
            unclaimed.remove(value)
            value = blobs[value]
        try:
            values[part.name] = part.metadata["read"](value)
        except ValueError as error:
            raise ValueError(f"{part.name}: {error}") from error
    if header or unclaimed:
        raise ValueError(f"unknown parts: {sorted(header) or 'blobs'}")
    return values
