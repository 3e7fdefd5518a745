"""Which picture sizes a provider takes, and the best one for a rectangle of a given shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from overpaint.geometry import Extent

__all__ = ["Sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a provider accepts; the default accepts everything as it is.

    *native* is the number of pixels that a model was trained for: smaller pictures are enlarged
    to it. *fixed* lists the only sizes there are, *aspects* the only shapes (width, height);
    otherwise edges are multiples of *multiple* within the limits, none longer than *max_aspect*
    times the other.
    """

    native: int | None = None
    multiple: int = 1
    min_edge: int = 1
    max_edge: int = 1 << 19
    min_pixels: int = 1
    max_pixels: int = 1 << 38
    max_aspect: float = float("inf")
    aspects: tuple[tuple[int, int], ...] = ()
    fixed: tuple[Extent, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether every picture is taken as it is."""
        return self == Sizes()

    @property
    def largest(self) -> int:
        """The most pixels that one picture can have."""
        if self.fixed:
            return max(extent.pixels for extent in self.fixed)
        return min(self.max_pixels, self.max_edge * self.max_edge)

    def working(self, shape: Extent) -> Iterator[Extent]:
        """Yield the sizes at which a picture of about this *shape* could be sent.

        Each comes close to *shape* where that is neither too small nor too large for the model,
        else as near to its native size as its limits let it.
        """
        if self.fixed:
            yield from self.fixed
            return
        if not self.aspects:
            yield self._near(self._permitted_shape(shape))
            return
        for across, down in self.aspects:
            # The smallest rectangle of this aspect that holds the shape.
            width = max(shape.width, shape.height * across / down)
            yield self._near((width, width * down / across))

    def _permitted_shape(self, shape: Extent) -> tuple[float, float]:
        width, height = float(shape.width), float(shape.height)
        return max(width, height / self.max_aspect), max(height, width / self.max_aspect)

    def _near(self, wanted: tuple[float, float]) -> Extent:
        width, height = wanted
        pixels = width * height
        factor = 1.0
        if self.native is not None and pixels < self.native:
            factor = sqrt(self.native / pixels)
        factor = max(factor, sqrt(self.min_pixels / pixels), self.min_edge / min(wanted))
        factor = min(factor, sqrt(self.max_pixels / pixels), self.max_edge / max(wanted))
        edges = [self._edge(length * factor, up=factor >= 1) for length in wanted]
        while edges[0] * edges[1] > self.max_pixels and max(edges) > self.multiple:
            edges[edges.index(max(edges))] -= self.multiple
        return Extent(edges[0], edges[1])

    def _edge(self, length: float, *, up: bool) -> int:
        """Return a permitted edge near *length*: not below it where pixels would be lost."""
        units = length / self.multiple
        # The tolerance keeps 1024.0000001 from becoming the next multiple.
        rounded = int(-(-(units - 1e-6) // 1)) if up else round(units)
        lowest = -(-self.min_edge // self.multiple)
        return self.multiple * max(1, lowest, min(rounded, self.max_edge // self.multiple))
