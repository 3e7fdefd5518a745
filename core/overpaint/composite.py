"""Fitting pictures out and back: what is sent of a source, and the patch from what returns.

A provider sees 8-bit sRGB. What it leaves alone comes back as the source's own value, in the
source's own depth and gamut and at its own resolution; only what it changed is taken from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from overpaint.errors import ProviderFailed
from overpaint.geometry import Box, Extent
from overpaint.hidden import painted_over
from overpaint.language import _
from overpaint.mask import Mask, bounds
from overpaint.picture import Patch, Pixels, Source
from overpaint.plan import Shot

if TYPE_CHECKING:
    from overpaint.fitting.chain import Steps

__all__ = [
    "Assembly",
    "Piece",
    "Prepared",
    "Sent",
    "assemble",
    "fit_copied",
    "fit_redrawn",
    "prepare",
    "send",
]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

HALF = 128
"""Pixels less than half opaque do not count as visible: their colour is anybody's guess."""
SAME, OTHER = 2.0 / 255, 10.0 / 255
"""Up to SAME a returned pixel counts as left alone, from OTHER on as changed, between as partly."""
WHITE = np.full(4, 255.0)
SEAM = 32
"""Over how many pixels neighbouring tiles fade into each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A source ready to be sent: *colours* uint8 (height, width, 3), where 0 and 255 stand for
    *low* and *high*; *mask* is what changes, *visible* where colours may be looked at. What changes
    becomes opaque, so that the original cannot shine through, or with *keeps_alpha* is as
    transparent as the source.
    """

    source: Source
    mask: Mask
    visible: Flags
    colours: Bytes
    low: float = 0.0
    high: float = 1.0
    keeps_alpha: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """One shot as it leaves, all of the shot's working size; *known* may be compared."""

    shot: Shot
    pixels: Bytes
    mask: Mask
    visible: Flags
    known: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What one candidate brought, fitted back: colours of *box* of the region, and remarks.

    *log* is for the curious, *notices* for the user.
    """

    box: Box
    colours: Pixels
    notices: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


def prepare(source: Source, mask: Mask, *, copied: bool, keeps_alpha: bool = False) -> Prepared:
    """Return the source's colours as 8-bit sRGB.

    For a provider that redraws, values outside 0..1 (high dynamic range, wide gamut) are clipped,
    and what is hidden takes the colours around it, so that nothing dark leaks in. For one that
    copies pixels, all values are scaled to fit instead; :func:`fit_copied` undoes that.
    """
    shows = _visible(source)
    colours, low, high = _eight_bit(source, shows, squeeze=copied)
    if not copied and not shows.all():
        colours = _softly_painted_over(colours, shows)
    return Prepared(source, mask, shows, colours, low, high, keeps_alpha)


def _visible(source: Source) -> Flags:
    import cv2

    alpha = np.asarray(cv2.extractChannel(source.pixels, 3))
    shows: Flags = alpha >= (HALF if alpha.dtype == np.uint8 else HALF / 255)
    return shows if source.shown is None else shows & (source.shown >= HALF)


def _eight_bit(source: Source, shows: Flags, *, squeeze: bool) -> tuple[Bytes, float, float]:
    if source.pixels.dtype == np.uint8:
        import cv2

        return np.asarray(cv2.cvtColor(source.pixels, cv2.COLOR_RGBA2RGB), np.uint8), 0.0, 1.0
    colours = source.pixels[..., :3]
    low, high = 0.0, 1.0
    if squeeze and shows.any():
        shown = colours[shows]
        low, high = min(low, float(shown.min())), max(high, float(shown.max()))
    # In place: a large picture in floats is large already.
    scaled = colours - low
    scaled *= 255 / (high - low)
    np.clip(scaled, 0, 255, out=scaled)
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8), low, high


def _softly_painted_over(colours: Bytes, shows: Flags) -> Bytes:
    """Return *colours*, where nothing shows, in those around: soft, with no line for a model."""
    import cv2

    spread = np.asarray(cv2.GaussianBlur(painted_over(colours, shows), (0, 0), 8), np.uint8)
    return np.where(shows[..., None], colours, spread)


def send(prepared: Prepared, shot: Shot) -> Sent:
    """Return *shot* of the region, mirrored where it reaches past it, at its working size."""
    height, width = prepared.mask.shape
    region = Extent(width, height).box
    if shot.box == region and shot.working == region.extent:
        known = prepared.visible > prepared.mask  # visible, and 0 in the mask: in one pass
        return Sent(shot, prepared.colours, prepared.mask, prepared.visible, known)
    visible = _cut(prepared.visible.view(np.uint8) * np.uint8(255), shot.box, mirror=False)
    mask = _cut(prepared.mask, shot.box, mirror=False)
    untouched = np.where(mask == 0, visible, 0).astype(np.uint8)
    return Sent(
        shot,
        _resized(_cut(prepared.colours, shot.box, mirror=True), shot.working),
        _resized(mask, shot.working, soft=True),
        _resized(visible, shot.working, soft=True) == 255,
        _resized(untouched, shot.working, soft=True) == 255,
    )


def _cut(plane: Bytes, box: Box, *, mirror: bool) -> Bytes:
    """Return *box* of *plane*; past the plane mirrored, or 0."""
    import cv2

    height, width = plane.shape[:2]
    inside = box.intersection(Extent(width, height).box)
    assert inside is not None  # a shot shows something of the region
    kind = cv2.BORDER_REFLECT_101 if mirror else cv2.BORDER_CONSTANT
    edges = (inside.y - box.y, box.bottom - inside.bottom, inside.x - box.x)
    bordered = cv2.copyMakeBorder(plane[inside.slices], *edges, box.right - inside.right, kind)
    return np.asarray(bordered, np.uint8)


def _resized(plane: Bytes, extent: Extent, *, soft: bool = False) -> Bytes:
    """Return an 8-bit plane of another size: Lanczos, or without overshoot for masks."""
    height, width = plane.shape[:2]
    if (width, height) == (extent.width, extent.height):
        return plane
    from PIL import Image

    kernel = Image.Resampling.BOX if soft else Image.Resampling.LANCZOS
    resized = Image.fromarray(plane).resize((extent.width, extent.height), kernel)
    return np.asarray(resized, np.uint8)


def fit_copied(prepared: Prepared, sent: Sent, candidate: Bytes, seed: int) -> Piece:
    """Return what a provider that copies pixels made: all that it did not touch is the source's.

    Colours that came back in 8 bits for a deeper picture get noise below one step, or smooth
    skies would show bands. Raises ProviderFailed where the sizes differ.
    """
    if candidate.shape != sent.pixels.shape:
        raise ProviderFailed(
            _(
                "The provider returned {width}x{height} pixels "
                "instead of {sent_width}x{sent_height}."
            ).format(
                width=candidate.shape[1],
                height=candidate.shape[0],
                sent_width=sent.pixels.shape[1],
                sent_height=sent.pixels.shape[0],
            ),
            _("Try again, or choose another provider."),
        )
    if prepared.source.pixels.dtype == np.uint8:
        return Piece(sent.shot.box, candidate)
    differs = candidate != sent.pixels
    changed = differs[..., 0] | differs[..., 1] | differs[..., 2]
    colours = prepared.source.pixels[..., :3].astype(np.float32)
    step = (prepared.high - prepared.low) / 255
    noise = _dither(changed.shape, seed)[changed][:, None]
    colours[changed] = (candidate[changed] + noise) * step + prepared.low
    return Piece(sent.shot.box, colours)


def fit_redrawn(
    prepared: Prepared, sent: Sent, candidate: Bytes, steps: "Steps", seed: int
) -> Piece:
    """Return what a model made of a shot, fitted to the known pixels around the mask.

    At the source's resolution: where the model left a pixel as it was sent, the source's own
    value comes back, with the detail that a smaller working size lost.
    """
    import cv2

    from overpaint.fitting.chain import fit_picture

    fitted = fit_picture(sent.pixels, candidate, sent.mask, sent.known, steps, seed)
    box = sent.shot.box
    before = _as_floats(sent.pixels)
    change = _changed(fitted.picture - before)
    picture = _enlarged(fitted.picture, box.extent)
    before = _enlarged(before, box.extent)
    change = _enlarged(change, box.extent)
    height, width = prepared.mask.shape
    inside = box.intersection(Extent(width, height).box)
    assert inside is not None  # a shot shows something of the region
    seen = inside.moved(-box.x, -box.y).slices
    source = prepared.source.pixels[inside.slices][..., :3]
    own = _as_floats(source)
    kept = 1 - np.clip(change[seen], 0, 1)[..., None]
    drawn = picture[seen]
    if source.dtype == np.uint8:
        # The same sum as below, in fewer steps: 8 bits hide in which order it rounds.
        own -= before[seen]
        own *= kept
        own += drawn
        rounded = np.asarray(cv2.multiply(own, WHITE, dtype=cv2.CV_8U), np.uint8)
        return Piece(inside, rounded, fitted.notices, fitted.log)
    # In this order nothing rounds where nothing changed: grey stays grey to the last bit.
    colours = kept * own + (1 - kept) * drawn + kept * (drawn - before[seen])
    colours += (1 - kept) * (_dither(kept.shape[:2], seed)[..., None] / 255)
    return Piece(inside, colours, fitted.notices, fitted.log)


def _changed(difference: Floats) -> Floats:
    """Return how much of each pixel is the model's: 0 where it was left alone, 1 where not."""
    import cv2

    red, green, blue = cv2.split(np.abs(difference))
    most = cv2.max(cv2.max(red, green), blue)
    # A pixel that happens to agree amid changed ones is no longer the source's.
    most = np.asarray(cv2.dilate(most, np.ones((3, 3), np.uint8)), np.float32)
    share = np.clip((most - SAME) / (OTHER - SAME), 0, 1)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 1.5), np.float32) * (most > 0)


def _as_floats(colours: Pixels) -> Floats:
    scale = np.float32(1 / 255) if colours.dtype == np.uint8 else np.float32(1)
    return colours.astype(np.float32) * scale


def _enlarged(plane: Floats, extent: Extent) -> Floats:
    height, width = plane.shape[:2]
    if (width, height) == (extent.width, extent.height):
        return plane
    import cv2

    kernel = cv2.INTER_LANCZOS4 if extent.width > width else cv2.INTER_AREA
    resized = cv2.resize(plane, (extent.width, extent.height), interpolation=kernel)
    return np.asarray(resized, np.float32)


def _dither(shape: tuple[int, ...], seed: int) -> Floats:
    """Return noise of half a step either way, one plane for all channels: grey stays grey."""
    noise = np.random.default_rng(seed).random(shape[:2], np.float32)
    return noise - np.float32(0.5)


def assemble(prepared: Prepared, region: Box, pieces: Sequence[Piece]) -> Patch:
    """Return the patch over *region* from all its pieces."""
    assembly = Assembly(prepared, region, len(pieces))
    for number, piece in enumerate(pieces):
        assembly.add(number, piece)
    return assembly.patch()


class Assembly:
    """Puts *count* pieces together as they come: of a large picture no two copies are kept.

    Tiles fade into each other. What comes before its turn waits: how tiles mix depends on their
    order, and must not depend on which of them was answered first.
    """

    def __init__(self, prepared: Prepared, region: Box, count: int) -> None:
        self._prepared, self._region, self._count = prepared, region, count
        self._waiting: dict[int, Piece] = {}
        self._next = 0
        self._pixels: Pixels | None = None
        self._weights = np.zeros((0, 0), np.float32)

    def add(self, number: int, piece: Piece) -> None:
        """Take piece *number*, from 0 on."""
        self._waiting[number] = piece
        while self._next in self._waiting:
            self._mix(self._waiting.pop(self._next))
            self._next += 1

    def patch(self) -> Patch:
        """Return the patch, once all pieces are there."""
        pixels, mask = self._pixels, self._prepared.mask
        assert pixels is not None  # all pieces are there
        assert self._next == self._count
        box = bounds(mask)
        if box is not None and not self._prepared.keeps_alpha:
            inside = pixels[box.slices]
            opaque = 255 if pixels.dtype == np.uint8 else 1
            np.copyto(inside[..., 3], opaque, where=mask[box.slices] > 0)
        return Patch(self._region, pixels, mask)

    def _mix(self, piece: Piece) -> None:
        source = self._prepared.source.pixels
        height, width = source.shape[:2]
        if self._count == 1 and piece.box == Extent(width, height).box:
            self._pixels = _with_alpha(piece.colours, source)
            return
        if self._pixels is None:
            self._pixels = source.copy()
            self._weights = np.zeros((height, width), np.float32)
        weight = _tent(piece.box.extent)
        so_far = self._weights[piece.box.slices]
        share = (weight / (so_far + weight))[..., None]
        there = self._pixels[piece.box.slices][..., :3]
        mixed = there + share * (piece.colours.astype(np.float32) - there)
        there[:] = np.rint(mixed) if there.dtype == np.uint8 else mixed
        so_far += weight


def _with_alpha(colours: Pixels, source: Pixels) -> Pixels:
    if source.dtype != np.uint8:
        return np.dstack([colours, source[..., 3]]).astype(np.float32, copy=False)
    import cv2

    pixels = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA), np.uint8)
    cv2.mixChannels([source], [pixels], [3, 3])
    return pixels


def _tent(extent: Extent) -> Floats:
    """Return the weight of a tile's pixels: 1 inside, falling towards its edges, never 0."""
    across = np.minimum(np.arange(extent.width), np.arange(extent.width)[::-1]) + 1
    down = np.minimum(np.arange(extent.height), np.arange(extent.height)[::-1]) + 1
    tent = np.minimum(down[:, None], across[None, :]) / SEAM
    return np.asarray(np.minimum(tent, 1) ** 2 + 1e-6, np.float32)
