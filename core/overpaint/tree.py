"""The layers of a document as a tree of values: what each is called, where it lies, how it shows.

Pixels are not in it: *source* says where in its file a layer has them. What a file says beside
what is named here stays in *more*, so that writing the tree again loses nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from overpaint.geometry import Box, Extent

__all__ = ["CUTTING", "NORMAL", "Group", "Layer", "Node", "Place", "Tree", "layers", "with_layers"]

NORMAL = "svg:src-over"
"""The mode of a layer that simply lies over what is below."""

CUTTING = frozenset({"svg:dst-in", "svg:dst-out"})
"""The modes of layers that show nothing themselves, but cut what is below."""

Attributes: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One picture: *box* is its place on the canvas, which it may leave.

    *mode* is a composite operation as OpenRaster names it, *opacity* 0..1.
    """

    name: str
    box: Box
    source: str
    opacity: float = 1.0
    mode: str = NORMAL
    visible: bool = True
    locked: bool = False
    more: Attributes = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several layers as one, the topmost first; *isolated*: they mix among themselves first."""

    name: str
    children: "tuple[Node, ...]"
    opacity: float = 1.0
    mode: str = NORMAL
    visible: bool = True
    locked: bool = False
    isolated: bool = False
    more: Attributes = ()


Node: TypeAlias = Layer | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A whole document, the topmost child first; *dpi* across and down, where it says so."""

    extent: Extent
    children: tuple[Node, ...]
    dpi: tuple[int, int] | None = None
    more: Attributes = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A layer and where in the tree it is: *path* are the positions on the way down.

    *locked*: it, or a group that it is in.
    """

    path: tuple[int, ...]
    layer: Layer
    locked: bool


def layers(tree: Tree) -> list[Place]:
    """Return every layer of the tree, the topmost first."""
    return list(_below(tree.children, (), locked=False))


def _below(nodes: tuple[Node, ...], path: tuple[int, ...], *, locked: bool) -> Iterator[Place]:
    for number, node in enumerate(nodes):
        here, shut = (*path, number), locked or node.locked
        if isinstance(node, Layer):
            yield Place(here, node, shut)
        else:
            yield from _below(node.children, here, locked=shut)


def with_layers(
    nodes: tuple[Node, ...],
    change: Callable[[tuple[int, ...], Layer], Layer],
    path: tuple[int, ...] = (),
) -> tuple[Node, ...]:
    """Return *nodes* with every layer as *change* returns it, given its path and itself."""
    return tuple(
        change((*path, number), node)
        if isinstance(node, Layer)
        else replace(node, children=with_layers(node.children, change, (*path, number)))
        for number, node in enumerate(nodes)
    )
