"""Edit.STYLE with the embedded engine: which style is meant, and the picture in it.

State: what was measured of the last few whole pictures, so that all layers of a document, which
come one by one, share it.
"""

import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint import styles
from overpaint.dialect import Role
from overpaint.geometry import Extent
from overpaint.hidden import painted_over
from overpaint.language import _
from overpaint.providers.base import Candidate, Event, Job, Notice, Progress

if TYPE_CHECKING:
    from overpaint.engine.style.network import Moments
    from overpaint.engine.style.painting import Manner

__all__ = ["style"]

Rgb = npt.NDArray[np.uint8]

_KEPT = 4
_measured: "OrderedDict[str, tuple[Moments, ...] | None]" = OrderedDict()
_lock = threading.Lock()


async def style(job: Job) -> AsyncGenerator[Event, None]:
    """Yield one candidate. The style is that of a reference, or is named, or in the prompt."""
    from overpaint.engine.style.painting import mix, paint

    named, notice = _named(job)
    if notice:
        yield Notice(notice)
    strength = 1.0 if job.strength is None else job.strength
    if strength <= 0:
        yield Candidate(job.pixels.copy())
        return
    yield Progress(0.0, _("Looking at the style"))
    picture = job.pixels if job.visible.all() else painted_over(job.pixels, job.visible)
    manner = await anyio.to_thread.run_sync(_manner, job, named)
    anchors = [each.pixels for each in job.references if each.role is Role.ANCHOR]
    whole = anchors[0] if anchors else picture
    extent = Extent(whole.shape[1], whole.shape[0])
    moments = None
    if anchors:
        moments = await anyio.to_thread.run_sync(_moments, whole, manner, job)
    corner = job.corner if anchors else (0, 0)
    steps = paint(picture, manner, job.look, job.seed, extent, moments, corner)
    while True:
        done, made = await anyio.to_thread.run_sync(partial(_next, steps))
        if made is not None:
            break
        yield Progress(done, _("Painting"))
    # With its own pixels, not with what stood in for those that hardly show.
    mix(made, job.pixels, strength)
    yield Candidate(made)


def _next(steps: Any) -> tuple[float, Rgb | None]:
    """Take some steps, for about a tenth of a second: who cancels need not wait for more."""
    from time import monotonic

    until = monotonic() + 0.1
    done = 0.0
    while monotonic() < until:
        try:
            done = next(steps)
        except StopIteration as ended:
            return 1.0, ended.value
    return done, None


def _named(job: Job) -> tuple[styles.Style | None, str]:
    """Return the named style that is meant, None where a picture shows it; and what to say."""
    if any(each.role is Role.STYLE for each in job.references):
        return None, ""
    if job.look.style:
        return styles.get(job.look.style), ""
    said = job.prompt.strip()
    found = styles.match(said) if said else None
    if found is not None:
        return found, ""
    usual = styles.default()
    if not said:
        return usual, _("No style was named, so “{style}” was used.").format(style=_(usual.title))
    return usual, (
        _(
            "No offline style matches “{words}”, so “{style}” was used. "
            "'overpaint styles' lists those that there are."
        ).format(words=said[:60], style=_(usual.title))
    )


def _manner(job: Job, named: styles.Style | None) -> "Manner":
    from overpaint.engine.style import predictor, weights
    from overpaint.engine.style.painting import BRUSHES, Manner

    if named is None:
        shown = next(each.pixels for each in job.references if each.role is Role.STYLE)
        return Manner(vector=predictor.predict(shown))
    return Manner(
        vector=weights.styles()[named.vector] if named.vector else None,
        share=named.network,
        brushes=BRUSHES[named.brush] if named.brush else None,
        flow=named.flow,
        keeps_colours=named.keeps_colours,
        keeps_light=named.keeps_light,
    )


def _moments(whole: Rgb, manner: "Manner", job: Job) -> "tuple[Moments, ...] | None":
    """Measure a whole picture once; what was measured lately is known."""
    from overpaint.engine.style.painting import moments_of
    from overpaint.engine.style.steps import finished

    told = sha256(f"{whole.shape} {job.look.stroke} {job.seed} {manner.brushes}".encode())
    told.update(np.ascontiguousarray(whole).data)
    told.update(b"" if manner.vector is None else manner.vector.tobytes())
    name = told.hexdigest()
    with _lock:
        if name not in _measured:
            _measured[name] = finished(moments_of(whole, manner, job.look.stroke, job.seed))
        _measured.move_to_end(name)
        while len(_measured) > _KEPT:
            _measured.popitem(last=False)
        return _measured[name]
