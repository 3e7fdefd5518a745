"""The layers of the style network, each as a small network of cv2.dnn.

Inputs are float32 (1, channels, rows, columns); a norm's are NAME.scale and NAME.shift, float32
(1, channels, 1, 1).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from overpaint.engine.style import weights
from overpaint.engine.style.graph import Graph, Node

__all__ = ["Net", "contracting", "convolving", "expanding", "finishing"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A network of cv2.dnn: called with its inputs by name, returns float32 of four sides."""

    net: Any

    def __call__(self, **inputs: Floats) -> Floats:
        for name, value in inputs.items():
            self.net.setInput(value, name)
        return np.asarray(self.net.forward(), np.float32)


class _Drawn:
    """Collects the nodes of a graph: each operation goes on from the last one."""

    def __init__(self, first: str, channels: int) -> None:
        self._nodes: list[Node] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}
        self._inputs: dict[str, tuple[int | None, ...]] = {first: (1, channels, None, None)}
        self._last = first

    def _then(self, kind: str, *more: str, **attributes: int | str | tuple[int, ...]) -> "_Drawn":
        output = f"n{len(self._nodes)}"
        self._nodes.append(Node(kind, (self._last, *more), output, attributes))
        self._last = output
        return self

    def _constant(self, value: npt.NDArray[Any]) -> str:
        name = f"c{len(self._constants)}"
        self._constants[name] = value
        return name

    def normed(self, name: str, channels: int) -> "_Drawn":
        """Scale and shift each channel by two inputs, and cut below 0."""
        sides = (1, channels, 1, 1)
        self._inputs |= {f"{name}.scale": sides, f"{name}.shift": sides}
        self._then("Mul", f"{name}.scale")
        self._then("Add", f"{name}.shift")
        return self.cut()

    def cut(self) -> "_Drawn":
        return self._then("Relu")

    def doubled(self) -> "_Drawn":
        scales = self._constant(np.array([1, 1, 2, 2], np.float32))
        return self._then(
            "Resize",
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def convolved(self, layer: str, stride: int = 1) -> "_Drawn":
        """Convolve, mirrored at the edges so that no size is lost."""
        known = weights.load(weights.TRANSFORMER)
        kernel = known[layer]
        side = kernel.shape[-1]
        around = side // 2
        pads = self._constant(np.array([0, 0, around, around] * 2, np.int64))
        self._then("Pad", pads, mode="reflect")
        more = [self._constant(kernel)]
        if f"{layer}.bias" in known:
            more.append(self._constant(known[f"{layer}.bias"]))
        return self._then("Conv", *more, kernel_shape=(side, side), strides=(stride, stride))

    def graph(self) -> Graph:
        return Graph(self._nodes, self._constants, self._inputs, self._last)


def _ready(drawn: _Drawn) -> Net:
    import cv2

    return Net(cv2.dnn.readNetFromONNX(np.frombuffer(drawn.graph().to_bytes(), np.uint8)))


def contracting() -> Net:
    """Return the net from "picture", of 3 channels, to 32 at a quarter of its size."""
    drawn = _Drawn("picture", 3).convolved("contract1").cut()
    return _ready(drawn.convolved("contract2", 2).cut().convolved("contract3", 2).cut())


def convolving(layer: str, *, normed: bool) -> Net:
    """Return the net of one *layer* of a residual block, from "map"; *normed*: "before" first."""
    drawn = _Drawn("map", 32)
    return _ready((drawn.normed("before", 32) if normed else drawn).convolved(layer))


def expanding(layer: str, *, normed: bool) -> Net:
    """Return the net that doubles the sides of "map"; *normed*: after "before"."""
    channels = 16 if normed else 32
    drawn = _Drawn("map", channels)
    drawn = drawn.normed("before", channels) if normed else drawn
    return _ready(drawn.doubled().convolved(layer))


def finishing() -> Net:
    """Return the net of the last two layers, from "map" with "before" and "between"."""
    drawn = _Drawn("map", 16).normed("before", 16).doubled().convolved("expand2")
    return _ready(drawn.normed("between", 8).convolved("expand3"))
