"""Frames of an animation one after the other: each takes over what the one before it looked like.

State: the last look, and which frames had their turn.
"""

from collections.abc import Sequence

import anyio
import anyio.to_thread

from overpaint import layers
from overpaint.layers import Content, LayerInput
from overpaint.picture import Pixels

__all__ = ["Film"]


class Film:
    """Hands each frame's look on to the next; *order* is that in which they are shown."""

    def __init__(self, order: Sequence[LayerInput]) -> None:
        self._over = {each.id: anyio.Event() for each in order}
        ids = [each.id for each in order]
        self._earlier = dict(zip(ids[1:], ids, strict=False))
        self._last: layers.Frame | None = None

    async def carry(self, each: LayerInput, found: Content, colours: Pixels) -> Pixels:
        """Return a frame's colours, once the one before it has its own."""
        if each.id in self._earlier:
            await self._over[self._earlier[each.id]].wait()
        box = found.box.moved(each.box.x, each.box.y)
        made = await anyio.to_thread.run_sync(layers.carried, self._last, box, found, colours)
        self._last = made
        return made.colours

    def over(self, each: LayerInput) -> None:
        """Let the next frame go on, whatever became of this one."""
        self._over[each.id].set()
