"""Where a block is cut out, so that it shows least in the picture it is laid into."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["patch", "visible_at"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

FAINT = 1.0
"""Levels from pixel to pixel that nobody sees."""
STEPS = (
    (np.s_[:-1], np.s_[1:]),
    (np.s_[:, :-1], np.s_[:, 1:]),
    (np.s_[:-1, :-1], np.s_[1:, 1:]),
    (np.s_[:-1, 1:], np.s_[1:, :-1]),
)
"""From each pixel to its neighbours: below, at the right, and the two below these."""


def patch(old: Floats, new: Floats, has_old: Flags, has_new: Flags) -> Flags:
    """Return which pixels to take from *new*, where both pictures have one: along a least cut.

    *old*, *new*: float32 (height, width, 3) in levels; *has_old*, *has_new*: bool. What only one
    has is taken from it; at the frame it is the old. The cut runs where the two differ least
    beside how rough they are: Kwatra, Schoedl, Essa, Turk, Bobick, "Graphcut Textures", 2003, by
    OpenCV's own cut for panoramas.
    """
    import cv2

    if not has_new.any():
        return has_new
    masks = [has_old.astype(np.uint8) * 255, has_new.astype(np.uint8) * 255]
    masks[0][[0, -1]] = masks[0][:, [0, -1]] = 255
    masks[1][[0, -1]] = masks[1][:, [0, -1]] = 0
    finder = cv2.detail.GraphCutSeamFinder("COST_COLOR_GRAD")
    # OpenCV's stubs know no UMat of an array.
    wrap: Callable[[npt.NDArray[Any]], Any] = cv2.UMat  # type: ignore[assignment]
    found = finder.find([wrap(old), wrap(new)], [(0, 0), (0, 0)], [wrap(each) for each in masks])
    return np.asarray(found[1].get() > 0)


def visible_at(
    old: Floats, block: Floats, laid: Floats, edge: Flags, left: Floats, near: int
) -> float:
    """Return by how much the *edge* of a block that is *laid* stands out, where it does most.

    That is by how many levels colours jump across the edge more than they do there in both *old*
    and *block*, averaged over about *near* pixels, beside how rough the two are. Roughness hides
    an edge, a line that ends there does not: what counts is the direction that is least rough.
    All (height, width, 3), *edge* bool (height, width): what is on one side of it; *left* is what
    counts as a jump in any case.
    """
    import cv2

    excess, count = np.zeros(edge.shape, np.float32), np.zeros(edge.shape, np.float32)
    for first, second in STEPS[:2]:
        across = edge[first] != edge[second]
        jump, *usual = (np.linalg.norm(it[second] - it[first], axis=2) for it in (laid, old, block))
        jump = np.maximum(jump - np.maximum(*usual), np.linalg.norm(left[first], axis=2))
        excess[first] += np.where(across, jump, 0)
        count[first] += across
    width = (2 * near + 1,) * 2
    sums, counts = cv2.GaussianBlur(excess, width, 0), cv2.GaussianBlur(count, width, 0)
    most = float((sums[count > 0] / counts[count > 0]).max(initial=0))
    return most / (min(_rough(it) for it in (old, block)) + FAINT)


def _rough(picture: Floats) -> float:
    """Return by how much most neighbours differ, in the direction in which they do least."""
    light = picture.sum(axis=2) / 3**0.5
    jumps = (np.abs(light[second] - light[first]) for first, second in STEPS)
    return float(min(np.percentile(it, 75) for it in jumps))
