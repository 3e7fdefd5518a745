"""Fitting a provider's picture back, at once or later from what was written down."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from overpaint import composite
from overpaint.codec import decode
from overpaint.composite import Piece, Prepared, Sent
from overpaint.geometry import Box
from overpaint.mask import adjust
from overpaint.picture import Patch, Source
from overpaint.plan import Shot
from overpaint.recipe import Edit, Recipe

__all__ = ["fit", "refit"]


def refit(
    recipe: Recipe,
    source: Source,
    region: Box,
    pieces: Sequence[tuple[Shot, bytes]],
    *,
    copied: bool = False,
) -> Patch:
    """Fit a candidate back that was written down: the patch is that of an undisturbed run.

    *pieces*: each shot of the candidate with the picture file that came for it; *copied*: from a
    provider that copies pixels. Raises AnswerUnusable for a file that cannot be read.
    """
    mask = adjust(source.selection, grow_px=recipe.grow, feather_px=recipe.feather)
    prepared = composite.prepare(source, mask, copied=copied, keeps_alpha=recipe.edit.keeps_alpha)
    fitted = [
        fit(recipe, prepared, composite.send(prepared, shot), decode(data), copied=copied)
        for shot, data in pieces
    ]
    return composite.assemble(prepared, region, fitted)


def fit(
    recipe: Recipe, prepared: Prepared, sent: Sent, picture: npt.NDArray[np.uint8], *, copied: bool
) -> Piece:
    assert recipe.seed is not None
    if copied:
        return composite.fit_copied(prepared, sent, picture, recipe.seed)
    from overpaint.fitting.chain import Steps

    # The colours and the grain of a style are what was asked for: the surroundings, which a model
    # restyles as well, must not undo them (docs/decisions).
    fitted = recipe.edit is not Edit.STYLE
    steps = Steps(
        recipe.register,
        recipe.match_colours and fitted,
        recipe.blend and fitted,
        recipe.match_grain and fitted,
    )
    return composite.fit_redrawn(prepared, sent, picture, steps, recipe.seed)
