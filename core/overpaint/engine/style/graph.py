"""Small networks written as ONNX, which cv2.dnn reads: nothing but the bytes of the format.

The onnx package would be a dependency of 15 MB for the few lines that are needed here. The
format is protocol buffers, whose fields are numbered in onnx.proto (ONNX 1.15, opset 13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Graph", "Node"]

Floats = npt.NDArray[np.float32]

IR_VERSION, OPSET = 7, 13
FLOAT, INT64 = 1, 7
"""onnx.proto: TensorProto.DataType."""
OF_FLOAT, OF_INT, OF_STRING, OF_FLOATS, OF_INTS = 1, 2, 3, 6, 7
"""onnx.proto: AttributeProto.AttributeType."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; *attributes* are int, str or tuples of int."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, int | str | tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A network: *inputs* with their shapes (None for a side of any length), and *output*."""

    nodes: Sequence[Node]
    constants: Mapping[str, npt.NDArray[Any]]
    inputs: Mapping[str, tuple[int | None, ...]]
    output: str
    """Four sides, of any length."""

    def to_bytes(self) -> bytes:
        """Return it as a file in ONNX's format."""
        graph = b"".join(
            [
                *(_message(1, _node(node)) for node in self.nodes),
                _text(2, "style"),
                *(_message(5, _tensor(name, value)) for name, value in self.constants.items()),
                *(_message(11, _value(name, shape)) for name, shape in self.inputs.items()),
                _message(12, _value(self.output, (1, None, None, None))),
            ]
        )
        opset = _message(8, _integer(2, OPSET))
        return _integer(1, IR_VERSION) + _message(7, graph) + opset


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, content: str) -> bytes:
    return _message(number, content.encode())


def _node(node: Node) -> bytes:
    return b"".join(
        [
            *(_text(1, name) for name in node.inputs),
            _text(2, node.output),
            _text(3, node.output),
            _text(4, node.kind),
            *(_message(5, _attribute(name, value)) for name, value in node.attributes.items()),
        ]
    )


def _attribute(name: str, value: int | str | tuple[int, ...]) -> bytes:
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _integer(20, OF_STRING)
    if isinstance(value, int):
        return _text(1, name) + _integer(3, value) + _integer(20, OF_INT)
    numbers = b"".join(_integer(8, each) for each in value)
    return _text(1, name) + numbers + _integer(20, OF_INTS)


def _tensor(name: str, value: npt.NDArray[Any]) -> bytes:
    kind, array = (INT64, value) if value.dtype == np.int64 else (FLOAT, value.astype("<f4"))
    sides = b"".join(_integer(1, side) for side in value.shape)
    return sides + _integer(2, kind) + _text(8, name) + _message(9, array.tobytes())


def _value(name: str, shape: tuple[int | None, ...]) -> bytes:
    """Return a ValueInfoProto: float; a side that is None gets a name instead of a length."""
    sides = (
        _message(1, _text(2, f"{name}{place}") if side is None else _integer(1, side))
        for place, side in enumerate(shape)
    )
    tensor = _integer(1, FLOAT) + _message(2, b"".join(sides))
    return _text(1, name) + _message(2, _message(1, tensor))
