"""What a provider is: what it can do, what it is given, what it may answer."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.dialect import Dialect, MaskUse, Role
from overpaint.look import PLAIN, Look
from overpaint.mask import Mask
from overpaint.price import Price
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

if TYPE_CHECKING:
    import httpx

__all__ = [
    "Candidate",
    "Capabilities",
    "Event",
    "Job",
    "Notice",
    "Preview",
    "Progress",
    "Provider",
    "Reference",
    "RemoteProvider",
    "RewritingProvider",
    "Setup",
    "Submitted",
    "Timeouts",
    "Usage",
]


ANY_SIZE = Sizes()
SILENT = Dialect(instructs=False, mask=MaskUse.FIELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider, set up with one model, accepts.

    The dialog, the plan and the runner ask this, never the provider's name.
    """

    edits: frozenset[Edit]
    reads_prompt: bool
    """Whether the prompt steers the result."""
    copies_pixels: bool
    """Whether it only rearranges pixels, so that their range of values means nothing to it:
    colours beyond sRGB then travel squeezed into 8 bits instead of clipped, and what comes back
    needs no fitting. A model that redraws the whole picture does not copy."""
    needs_network: bool
    needs_key: bool
    sizes: Sizes = ANY_SIZE
    """Which picture sizes it takes; by default any, as it is."""
    dialect: Dialect = SILENT
    """How it wants to be spoken to, and how it learns what is to change."""
    seed: bool = True
    """Whether the same seed makes the same picture."""
    strength: bool = False
    """Whether it can be told how far to depart from what was there."""
    references: int = 0
    """How many further pictures may go along."""
    measures_anchor: bool = False
    """Whether the anchor of a style is the whole picture as it was, which is measured; otherwise
    it is the whole picture in its new style, which is looked at."""
    previews: bool = False
    """Whether pictures arrive while it works."""
    concurrency: int = 1
    """How many jobs it takes at once."""
    charges: bool = True
    """Whether pictures cost money at all."""
    price: Price | None = None
    """What a picture costs; None where nobody knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A picture that goes along: uint8 (height, width, 3), sRGB, and what it is for."""

    pixels: npt.NDArray[np.uint8]
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One picture to make.

    *prompt* and *negative* are the final words, in the provider's dialect. *pixels*: uint8
    (height, width, 3), sRGB, of a size that the provider takes. *mask*: what is to change (the
    words of overpaint.mask). *visible*: bool (height, width), True where *pixels* show: inside
    the layer, not transparent, not hidden by the layer's own mask. *strength*: 0..1, or None.
    *look*: how Edit.STYLE is laid on. *corner*: x and y of the picture on the canvas, for engines
    whose grid must not depend on what they are given of it.

    For Edit.GENERATE there is no picture yet: *pixels* only have the size that is wanted.
    """

    edit: Edit
    prompt: str
    seed: int
    pixels: npt.NDArray[np.uint8]
    mask: Mask
    visible: npt.NDArray[np.bool_]
    negative: str = ""
    strength: float | None = None
    references: tuple[Reference, ...] = ()
    look: Look = PLAIN
    corner: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the provider is, 0..1; None where it cannot tell."""

    fraction: float | None
    phase: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that the user should read although the edit succeeds."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """The server took the job; *remote_id* is its name for it, to ask for it later."""

    remote_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What the picture looks like so far: a file's bytes, as they came."""

    picture: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What the job took, as the answer says: None where it does not.

    *cost*: US dollars; by the vendor's price list where the answer only counts tokens.
    """

    cost: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One picture as the provider returned it, of any size.

    *picture*: a file's bytes as they came, not looked into yet; or, from an engine of our own,
    uint8 (height, width, 3), sRGB. *text*: what the model said beside it.
    """

    picture: bytes | npt.NDArray[np.uint8]
    text: str = ""


Event: TypeAlias = Progress | Notice | Submitted | Preview | Usage | Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """In seconds. *answer* is the longest silence while a server works, *total* bounds all."""

    connect: float = 10.0
    send: float = 60.0
    answer: float = 300.0
    total: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How one user reaches a provider: nothing of it decides what a picture shows but *model*
    and *options*, whose words only the provider's module understands.

    *base_url* means what the vendor's own SDK means by it; None is the vendor's address.
    *key* is never shown. Plain http is only for loopback, unless *plain_http* says otherwise.
    """

    model: str | None = None
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    timeouts: Timeouts = Timeouts()
    plain_http: bool = False


class Provider(Protocol):
    """A source of pixels, made from a Setup by the registry.

    *run* is called by the runner only. It yields what it likes to tell and at least one
    candidate, or raises ProviderFailed; being closed early is cancelling. *http* is the runner's
    client; None for a provider that needs no network.

    An error says whether it is safe to try again: after Busy and Unreachable nothing can have
    been charged, and the runner may run the same job again; after any other it never does.
    """

    name: str
    title: str

    @property
    def receiver(self) -> str:
        """The host that gets the pixels; "" where they stay in this process."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]: ...


class RemoteProvider(Provider, Protocol):
    """A provider behind an API, which can be asked things that cost nothing."""

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Return a sentence that says all is well; raises ProviderFailed otherwise."""
        ...

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return the ids of the models that this server, or this key, offers."""
        ...


class RewritingProvider(Provider, Protocol):
    """A provider that has a model for words as well."""

    async def rewrite(self, http: "httpx.AsyncClient", instructions: str, wish: str) -> str:
        """Return what the model makes of *wish*, told by *instructions* how to go about it.

        Raises ProviderFailed.
        """
        ...
