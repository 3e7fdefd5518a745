"""One style over many layers: what of each is made, under which key it is kept, what is told."""

from overpaint.layers.content import Content, anchor_picture, content, laid_back
from overpaint.layers.film import Frame, carried, lay_in
from overpaint.layers.keeping import Keeping, key
from overpaint.layers.recipes import part, steady
from overpaint.layers.values import (
    WHOLE,
    LayerBegun,
    LayerEvent,
    LayerFailed,
    LayerInput,
    LayerMade,
    LayerProgress,
    LayersFinished,
    LayerSkipped,
    LayersNotice,
    LayersOutlook,
    Planned,
    Skip,
)

__all__ = [
    "WHOLE",
    "Content",
    "Frame",
    "Keeping",
    "LayerBegun",
    "LayerEvent",
    "LayerFailed",
    "LayerInput",
    "LayerMade",
    "LayerProgress",
    "LayerSkipped",
    "LayersFinished",
    "LayersNotice",
    "LayersOutlook",
    "Planned",
    "Skip",
    "anchor_picture",
    "carried",
    "content",
    "key",
    "laid_back",
    "lay_in",
    "part",
    "steady",
]
