"""The style of a picture, as the numbers that the style network wants.

The predictor of Ghiasi et al. (see overpaint.engine.style.network), a MobileNet v2: Sandler,
Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from overpaint.engine.style import weights
from overpaint.engine.style.graph import Graph, Node

__all__ = ["predict"]

Floats = npt.NDArray[np.float32]

SIDE = 256
"""Of the square that the predictor looks at, in pixels."""
HALVING = frozenset({1, 3, 6, 13})
"""Which blocks halve the size."""
BLOCKS = 17


def predict(picture: npt.NDArray[np.uint8]) -> Floats:
    """Return the style of *picture* (uint8, height x width x 3, sRGB) as float32 (100,)."""
    import cv2

    height, width = picture.shape[:2]
    kernel = cv2.INTER_AREA if min(height, width) > SIDE else cv2.INTER_CUBIC
    square = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=kernel), np.float32)
    blob = np.ascontiguousarray(square.transpose(2, 0, 1)[None]) * np.float32(1 / 255)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(_graph().to_bytes(), np.uint8))
    net.setInput(blob, "picture")
    return np.asarray(net.forward(), np.float32).reshape(-1)


class _Drawn:
    """Collects the layers of the predictor; *last* is the output of the latest."""

    def __init__(self) -> None:
        self._known = weights.load(weights.PREDICTOR)
        self._nodes: list[Node] = []
        self._constants: dict[str, npt.NDArray[Any]] = {
            "0": np.array(0, np.float32),
            "6": np.array(6, np.float32),
        }
        self.last = "picture"

    def then(self, kind: str, *more: str, **attributes: int | tuple[int, ...]) -> None:
        output = f"n{len(self._nodes)}"
        self._nodes.append(Node(kind, (self.last, *more), output, attributes))
        self.last = output

    def layer(self, name: str, *, stride: int = 1, cut: bool = True) -> None:
        """Convolve with the weights called *name*; with *cut*, to 0..6."""
        kernel, bias = self._known[name], self._known[f"{name}.bias"]
        self._constants |= {name: kernel, f"{name}.bias": bias}
        side = kernel.shape[-1]
        # As TensorFlow pads: what is missing, the odd one after.
        pads = {1: (0, 0, 0, 0), 3: (1, 1, 1, 1) if stride == 1 else (0, 0, 1, 1)}[side]
        group = kernel.shape[0] if name.endswith("depthwise") else 1
        self.then(
            "Conv",
            name,
            f"{name}.bias",
            kernel_shape=(side, side),
            strides=(stride, stride),
            pads=pads,
            group=group,
        )
        if cut:
            self.then("Clip", "0", "6")

    def block(self, number: int) -> None:
        """An inverted residual: widen, convolve each channel, narrow."""
        before, name = self.last, f"block{number}"
        if f"{name}.expand" in self._known:
            self.layer(f"{name}.expand")
        self.layer(f"{name}.depthwise", stride=2 if number in HALVING else 1)
        self.layer(f"{name}.project", cut=False)
        narrow = self._known[f"{name}.project"].shape[0]
        inner = self._known.get(f"{name}.expand")
        if inner is not None and inner.shape[1] == narrow and number not in HALVING:
            self.then("Add", before)

    def graph(self) -> Graph:
        shape = (1, 3, SIDE, SIDE)
        return Graph(self._nodes, self._constants, {"picture": shape}, self.last)


def _graph() -> Graph:
    drawn = _Drawn()
    drawn.layer("first", stride=2)
    for number in range(BLOCKS):
        drawn.block(number)
    drawn.layer("last")
    drawn.then("GlobalAveragePool")
    drawn.layer("style", cut=False)
    return drawn.graph()
