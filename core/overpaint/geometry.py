"""Sizes and rectangles in whole pixels, as values."""

from dataclasses import dataclass

__all__ = ["Box", "Extent"]


@dataclass(frozen=True, slots=True)
class Extent:
    """A size in pixels; both sides are at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"an extent has at least one pixel: {self.width}x{self.height}")

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def box(self) -> "Box":
        """The rectangle of this size whose corner is the origin."""
        return Box(0, 0, self.width, self.height)

    def scaled(self, factor: float) -> "Extent":
        """This size times *factor*, rounded, never below one pixel."""
        return Extent(max(1, round(self.width * factor)), max(1, round(self.height * factor)))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of at least one pixel; *right* and *bottom* lie just outside it."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box has at least one pixel: {self.width}x{self.height}")

    @classmethod
    def spanning(cls, x: int, y: int, right: int, bottom: int) -> "Box":
        """The box from (*x*, *y*) to just before (*right*, *bottom*)."""
        return cls(x, y, right - x, bottom - y)

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def extent(self) -> Extent:
        return Extent(self.width, self.height)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of this box in an array whose origin is (0, 0)."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def grown(self, px: int) -> "Box":
        """This box with *px* more on each side."""
        return Box(self.x - px, self.y - px, self.width + 2 * px, self.height + 2 * px)

    def moved(self, dx: int, dy: int) -> "Box":
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def intersection(self, other: "Box") -> "Box | None":
        """What both boxes cover, or None where they do not meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box.spanning(x, y, right, bottom) if x < right and y < bottom else None

    def union(self, other: "Box") -> "Box":
        """The smallest box that covers both."""
        return Box.spanning(
            min(self.x, other.x),
            min(self.y, other.y),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def contains(self, other: "Box") -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )
