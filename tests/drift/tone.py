"""Drifts of colour: the same curve at every pixel, whatever lies there."""

from dataclasses import dataclass

import numpy as np
from tests.drift.base import Colours, Drift

__all__ = ["Cast", "Contrast", "Gamma"]


class _Tone(Drift):
    def change(self, colours: Colours, rng: np.random.Generator) -> Colours:
        del rng
        return self.tone(colours)


@dataclass(frozen=True)
class Cast(_Tone):
    """A colour cast: one factor for each of red, green and blue."""

    gains: tuple[float, float, float]

    def tone(self, colours: Colours) -> Colours:
        return colours * np.array(self.gains, np.float32)

    def untone(self, colours: Colours) -> Colours:
        return colours / np.array(self.gains, np.float32)


@dataclass(frozen=True)
class Gamma(_Tone):
    """Midtones darker (above 1) or lighter (below 1); black and white stay."""

    gamma: float

    def tone(self, colours: Colours) -> Colours:
        return np.asarray(np.maximum(colours, 0) ** np.float32(self.gamma), np.float32)

    def untone(self, colours: Colours) -> Colours:
        return np.asarray(np.maximum(colours, 0) ** np.float32(1 / self.gamma), np.float32)


@dataclass(frozen=True)
class Contrast(_Tone):
    """Colours pushed away from middle grey (above 1) or towards it (below 1)."""

    factor: float

    def tone(self, colours: Colours) -> Colours:
        return (colours - np.float32(0.5)) * np.float32(self.factor) + np.float32(0.5)

    def untone(self, colours: Colours) -> Colours:
        return (colours - np.float32(0.5)) / np.float32(self.factor) + np.float32(0.5)
