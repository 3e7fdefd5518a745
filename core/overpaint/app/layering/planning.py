"""What giving many layers one style would take, before anything is sent."""

from collections.abc import Sequence

import anyio.to_thread

from overpaint import layers
from overpaint.app.layering.anchor import Anchor, looked_at
from overpaint.app.layering.commission import Commission, Read, commission
from overpaint.app.reach import USUAL, Reach
from overpaint.language import _
from overpaint.layers import Content, LayerInput, LayersOutlook, Planned, Skip
from overpaint.picture import Pixels
from overpaint.providers.base import Reference
from overpaint.recipe import Recipe

__all__ = ["outlook", "plan_layers"]


async def plan_layers(
    recipe: Recipe,
    inputs: Sequence[LayerInput],
    whole: Read,
    *,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
    frames: bool = False,
) -> LayersOutlook:
    """Say what :func:`style_layers` would ask for with the same arguments; sends nothing.

    Reads every layer once, one at a time.
    """
    return await outlook(commission(recipe, inputs, whole, reach, references, frames=frames))


async def outlook(asked: Commission) -> LayersOutlook:
    """Return what is going to be asked for, layer by layer."""
    anchor, for_whole, cost = await _foreseen(asked, await asked.whole())
    planned: list[Planned] = []
    seen: dict[str, str] = {}
    for each in asked.inputs:
        found = None if each.skip else await _content(each)
        if found is None:
            planned.append(Planned(id=each.id, name=each.name, skip=each.skip or Skip.EMPTY))
            continue
        like = seen.setdefault(found.digest, each.id)
        if like != each.id:
            planned.append(Planned(id=each.id, name=each.name, like=like))
            continue
        kept = anchor is not None and asked.keeping.holds(asked.key(found, anchor))
        forecast = asked.forecast(found, anchored=True)
        requests = 0 if kept else forecast.requests
        if requests:
            cost = None if cost is None or forecast.cost is None else cost + forecast.cost
        planned.append(Planned(id=each.id, name=each.name, kept=kept, requests=requests))
    return LayersOutlook(
        title=_(asked.provider.title),
        receiver=asked.provider.receiver if asked.able.needs_network else "",
        layers=tuple(planned),
        whole=for_whole,
        requests=for_whole + sum(each.requests for each in planned),
        cost=cost,
        notes=asked.notes,
    )


async def _foreseen(asked: Commission, whole: Pixels) -> tuple[Anchor | None, int, float | None]:
    """Return the anchor if it is known already; the requests and the cost it would take if not."""
    if asked.able.measures_anchor:
        return await asked.measured(whole), 0, 0.0
    found = asked.anchored and layers.content(whole)
    if not found:
        return Anchor(), 0, 0.0
    colours = asked.keeping.find(asked.key(found, Anchor()))
    if colours is not None:
        return looked_at(whole, found, colours), 0, 0.0
    forecast = asked.forecast(found, anchored=False)
    return None, forecast.requests, forecast.cost


async def _content(each: LayerInput) -> Content | None:
    pixels = await each.read()
    return await anyio.to_thread.run_sync(layers.content, pixels)
