"""What a picture costs."""

from dataclasses import dataclass

from overpaint.geometry import Extent

__all__ = ["Price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one picture costs, in US dollars.

    *steps*: pairs of pixels and price, rising; a picture costs the price of the first step that
    it does not exceed, or of the last. *per_input*: for each picture that is sent.
    """

    steps: tuple[tuple[int, float], ...]
    per_input: float = 0.0

    def estimate(self, extent: Extent, inputs: int) -> float:
        """Return the price of one picture of size *extent*, made from *inputs* pictures."""
        fitting = [price for pixels, price in self.steps if extent.pixels <= pixels]
        return (fitting[0] if fitting else self.steps[-1][1]) + inputs * self.per_input
