"""The ways to fill a hole that are measured side by side.

Each takes a picture, uint8 (height, width, 3), a hole, bool (height, width), and a seed, and
returns the picture filled. What lies outside the hole is put back by whoever measures.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeAlias

import anyio
import numpy as np
import numpy.typing as npt

from overpaint import app
from overpaint.engine import fill
from overpaint.geometry import Extent
from overpaint.mask import bounds
from overpaint.picture import Patch, Source
from overpaint.recipe import Edit, Recipe
from overpaint.runner import Made

__all__ = ["Engine", "blend", "engines", "remove"]

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Engine: TypeAlias = Callable[[Rgb, Flags, int], Rgb]


def engines() -> dict[str, Engine]:
    """Return the engines that are installed; the second is the baseline."""
    import cv2

    found: dict[str, Engine] = {
        "Overpaint": ours,
        "PyPatchMatch, whole": whole,
        "OpenCV Telea": telea,
    }
    if find_spec("resynthesizer"):
        found["Resynthesizer"] = resynthesizer
    elif hasattr(cv2, "xphoto"):
        found["xphoto FSR fast"] = xphoto
    return found


def ours(picture: Rgb, hole: Flags, seed: int) -> Rgb:
    """Overpaint the way a command goes: plan, crop with context, run, patch back."""
    return remove(picture, hole.astype(np.uint8) * 255, seed)


def remove(picture: Rgb, selection: npt.NDArray[np.uint8], seed: int) -> Rgb:
    """Remove what a *selection* (uint8, soft edges allowed) covers, the way a command goes."""
    recipe = Recipe(edit=Edit.REMOVE, seed=seed)
    height, width = selection.shape
    selected = bounds(selection)
    assert selected is not None
    region = app.plan(recipe, selected, Extent(width, height)).region
    opaque = np.full((region.height, region.width, 1), 255, np.uint8)
    pixels = np.concatenate((picture[region.slices], opaque), axis=2)
    source = Source(pixels, np.ascontiguousarray(selection[region.slices]))

    async def run() -> Patch:
        async with app.run(recipe, region, source) as events:
            return [event.patch async for event in events if isinstance(event, Made)].pop()

    patch = anyio.run(run)
    filled = patch.pixels[..., :3].astype(np.uint8, copy=False)  # as deep as what was sent
    result = picture.copy()
    result[region.slices] = blend(picture[region.slices], filled, patch.mask)
    return result


def blend(below: Rgb, above: Rgb, mask: npt.NDArray[np.uint8]) -> Rgb:
    """Return *above* over *below* under *mask*, as a layer with a layer mask shows."""
    share = mask[..., None] / 255.0
    return np.asarray(np.rint(above * share + below * (1 - share)), np.uint8)


def whole(picture: Rgb, hole: Flags, seed: int) -> Rgb:
    """The plain library call on the whole picture: the baseline."""
    import patchmatch

    patchmatch.set_random_seed(seed)
    return patchmatch.inpaint(
        np.ascontiguousarray(picture), hole.astype(np.uint8), patch_size=fill.RADIUS
    )


def telea(picture: Rgb, hole: Flags, _seed: int) -> Rgb:
    import cv2

    return np.asarray(cv2.inpaint(picture, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)


def resynthesizer(picture: Rgb, hole: Flags, _seed: int) -> Rgb:
    """The C Resynthesizer with its package's own settings; GPL-3, only measured here."""
    from PIL import Image
    from resynthesizer.resynthesizer import resynthesize  # type: ignore[import-not-found]

    return np.asarray(resynthesize(Image.fromarray(picture), Image.fromarray(hole).convert("L")))


def xphoto(picture: Rgb, hole: Flags, _seed: int) -> Rgb:
    import cv2

    result = picture.copy()
    known = np.where(hole, 0, 255).astype(np.uint8)
    contrib = cv2.xphoto  # type: ignore[attr-defined]
    contrib.inpaint(picture, known, result, contrib.INPAINT_FSR_FAST)
    return result
