"""What one case of the round trip measured, as values."""

from dataclasses import dataclass

__all__ = ["Row", "Scene", "Score"]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a case's truth comes from: one photograph, or a mosaic of many, and a region of it.

    *pixels* is the size of the whole picture; *region* (of a mosaic) how much of it is sent.
    """

    name: str
    pixels: int
    region: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    psnr: float
    seam: float
    outside: int
    seconds: float
    """CPU seconds per megapixel."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one case measured, by method.

    *error*: mean end-point error inside the selection, *worst_error* the largest. *unregistered*:
    PSNR of the best there is without registration. *exact*: whether ours is the truth, all bits.
    """

    trial: str
    scene: Scene
    shape: str
    scores: dict[str, Score]
    error: float
    worst_error: float
    reframed: bool
    unregistered: float
    exact: bool
