"""What was asked for: one style for many layers, of one provider, and what follows from that."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from overpaint import __version__, layers, runner
from overpaint.app.layering.anchor import Anchor, anchor
from overpaint.app.outlook import refuse_unable
from overpaint.app.reach import Reach, load_settings, set_up
from overpaint.dialect import Role
from overpaint.errors import EditUnsupported
from overpaint.language import _
from overpaint.layers import Content, LayerInput
from overpaint.picture import Pixels
from overpaint.plan import make_shots
from overpaint.providers.base import Capabilities, Provider, Reference
from overpaint.recipe import Edit, Recipe

__all__ = ["Commission", "Read", "commission"]

Read: TypeAlias = Callable[[], Awaitable[Pixels]]

_SOME_ANCHOR = Anchor(np.zeros((1, 1, 3), np.uint8))
"""For questions whose answer does not depend on what the anchor shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Commission:
    """One style for many layers.

    *recipe* is that of each layer. *inputs* come with the topmost first; with *frames* they are
    those of an animation, the lowest the first. *whole* reads the flattened document, RGBA.
    *circumstances* are what decides a result beside recipe and pixels.
    """

    recipe: Recipe
    inputs: tuple[LayerInput, ...]
    whole: Read
    provider: Provider
    reach: Reach
    references: tuple[Reference, ...]
    frames: bool
    circumstances: Mapping[str, Any]
    keeping: layers.Keeping

    @property
    def able(self) -> Capabilities:
        """What the provider can do."""
        return self.provider.capabilities

    @property
    def order(self) -> tuple[LayerInput, ...]:
        """The layers as they are done: frames as they are shown."""
        return self.inputs[::-1] if self.frames else self.inputs

    @property
    def anchored(self) -> bool:
        """Whether the flattened document is made first, for all layers to be like it."""
        several = sum(each.skip is None for each in self.inputs) > 1
        return several and self.able.references > 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know before anything is sent."""
        if self.able.measures_anchor or self.able.references:
            return ()
        note = _(
            "{title} takes no reference pictures, so nothing but the seed holds the "
            "layers together: they may differ."
        ).format(title=_(self.provider.title))
        return (note,)

    async def measured(self, whole: Pixels) -> Anchor:
        """Return what statistics are taken of: the document, or something of each frame."""
        picture = layers.anchor_picture(whole)
        if self.frames:
            seen = [each for each in self.order if each.skip is None]
            for number, each in enumerate(seen):
                layers.lay_in(picture, await each.read(), each.box, number, len(seen))
        return anchor(picture)

    def going(self, anchor: Anchor) -> tuple[Reference, ...]:
        """Return the references of a layer: the anchor comes last, but before it is left out
        others are, because it shows what they led to.
        """
        if anchor.picture is None:
            return self.references
        kept = self.references
        if not self.able.measures_anchor:
            kept = kept[: max(0, self.able.references - 1)]
        return (*kept, Reference(anchor.picture, Role.ANCHOR))

    def forecast(self, found: Content, *, anchored: bool) -> runner.Forecast:
        """Return what one layer would take."""
        shots = make_shots(self.recipe, found.source.selection, self.able.sizes)
        going = self.going(_SOME_ANCHOR if anchored else Anchor())
        return runner.forecast(self.able, shots, 1, len(going))

    def key(self, found: Content, anchor: Anchor) -> str:
        """Return the name under which a layer's new colours are kept."""
        return layers.key(self.recipe, found.digest, anchor.digest, self.circumstances)


def commission(
    recipe: Recipe,
    inputs: Sequence[LayerInput],
    whole: Read,
    reach: Reach,
    references: Sequence[Reference],
    *,
    frames: bool,
) -> Commission:
    """Return what is asked for, with the user's settings as they are now.

    Raises EditUnsupported for any edit but a style, and what :func:`set_up` raises.
    """
    if recipe.edit is not Edit.STYLE:
        raise EditUnsupported(
            _("Layer by layer, Overpaint transfers styles only."),
            _("Make other edits one by one."),
        )
    assert recipe.seed is not None, "a recipe is given its seed first"
    settings = load_settings()
    provider = set_up(recipe.provider, recipe.model, reach, settings)
    refuse_unable(recipe, provider)
    setup = settings.setup_for(recipe.provider, None)
    circumstances: dict[str, Any] = {
        "model": recipe.model or setup.model,
        "options": {**setup.options, **reach.options},
    }
    if not provider.capabilities.needs_network:
        # Made again for nothing, and perhaps better.
        circumstances["release"] = __version__
    return Commission(
        recipe=layers.part(recipe),
        inputs=tuple(inputs),
        whole=whole,
        provider=provider,
        # Two models have two looks.
        reach=replace(reach, fallbacks=()),
        references=tuple(references),
        frames=frames,
        circumstances=circumstances,
        keeping=layers.Keeping(),
    )
