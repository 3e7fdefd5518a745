"""A picture from a file in its own numbers, and how these travel through an edit and back.

What an edit leaves alone never travels: results are written into a copy of the file's own
numbers, so pixels outside the mask stay identical to the bit in every depth.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.geometry import Box, Extent
from overpaint.mask import Mask
from overpaint.picture import Patch, Pixels, Source
from overpaint.recipe import Recipe

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Document", "Numbers", "Result"]

Numbers: TypeAlias = npt.NDArray[np.uint8 | np.uint16 | np.float32 | np.float64]

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of sRGB's primaries (Rec. 709)


class Result(NamedTuple):
    """One patch to be saved, and the recipe that made it.

    *xmp*: what a file that shows it merged in has to declare, an XMP packet or nothing.
    """

    patch: Patch
    recipe: Recipe
    xmp: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """*pixels* has shape (height, width, channels): grey, grey and alpha, RGB, or RGBA.

    Its dtype is uint8, uint16, float32 or float64; alpha is straight. *profile* is the file's
    ICC profile to the byte, *dpi* its resolution across and down. *notices* are sentences that
    the user should read: what of the file was left behind. *xmp* is a packet to be written.
    """

    pixels: Numbers
    profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    notices: tuple[str, ...] = ()
    xmp: bytes = b""

    @property
    def extent(self) -> Extent:
        height, width = self.pixels.shape[:2]
        return Extent(width, height)

    @property
    def has_alpha(self) -> bool:
        return bool(self.pixels.shape[2] in (2, 4))

    @property
    def is_grey(self) -> bool:
        return bool(self.pixels.shape[2] <= 2)

    @property
    def is_float(self) -> bool:
        return bool(self.pixels.dtype.kind == "f")

    @property
    def white(self) -> int:
        """The number that full light and full opacity have."""
        return {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(self.pixels.dtype, 1)

    def image(self) -> "Image.Image":
        """Return the pixels as Pillow holds them: 8 bits a channel, or 16-bit grey."""
        from PIL import Image

        return Image.fromarray(self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels)

    def source(self, region: Box, selection: Mask) -> Source:
        """Return what an edit of *region* may see; *selection* has the region's size.

        8-bit numbers travel as they are, 16-bit ones as n / 65535. Numbers of float pictures
        are linear light, as most programs write them; they get sRGB's curve, which spreads
        the shadows over more of the 8-bit steps that providers think in. No profile is
        applied. Pixels that are not numbers count as hidden.
        """
        native = self.pixels[region.slices]
        shape = (region.height, region.width, 4)
        eight_bits = native.dtype == np.uint8
        pixels: Pixels = np.empty(shape, np.uint8) if eight_bits else np.empty(shape, np.float32)
        with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite: hidden below
            pixels[..., :3] = _outward(native[..., :-1] if self.has_alpha else native)
        pixels[..., 3] = _full(pixels)
        if self.has_alpha:
            pixels[..., 3] = native[..., -1] * (_full(pixels) / self.white)
        hidden = ~np.isfinite(pixels).all(axis=2) if self.is_float else np.zeros(1, np.bool_)
        if not hidden.any():
            return Source(pixels, selection)
        pixels[hidden] = 0
        return Source(pixels, selection, np.where(hidden, 0, 255).astype(np.uint8))

    def layer(self, patch: Patch) -> Numbers:
        """Return the patch's pixels in this document's own numbers and channels.

        Where a pixel of the patch is as the source had it, this is the original's number.
        """
        native = self.pixels[patch.region.slices].copy()
        sent = self.source(patch.region, patch.mask).pixels
        changed = (patch.pixels[..., :3] != sent[..., :3]).any(axis=2)
        changed |= ~np.isfinite(native).all(axis=2)
        new = _inward(patch.pixels[changed, :3], self.pixels.dtype)
        if self.is_grey:
            new = new @ np.array(_LUMINANCE).reshape(3, 1)
        native[changed, : new.shape[1]] = self._rounded(new)
        if self.has_alpha:
            opaque = patch.pixels[..., 3] != sent[..., 3]
            alpha = patch.pixels[opaque, 3] * (self.white / _full(patch.pixels))
            native[opaque, -1] = self._rounded(alpha)
        return native

    def with_layer(self, patch: Patch) -> "Document":
        """Return a document of the patch's pixels alone, in this one's numbers and channels."""
        return replace(self, pixels=self.layer(patch))

    def masked_layer(self, patch: Patch) -> "Document":
        """Return the patch's pixels with its mask as their alpha, of the region's size."""
        layer = self.layer(patch)
        alpha = patch.mask[..., None] * (self.white / 255)
        if self.has_alpha:
            alpha *= layer[..., -1:] / self.white
            layer = layer[..., :-1]
        pixels = np.concatenate([layer, self._rounded(alpha)], axis=2)
        return replace(self, pixels=pixels)

    def merged(self, patch: Patch) -> "Document":
        """Return this document with the patch laid over it through its mask, as a layer would be:
        where the patch is not opaque, what is below shines through.
        """
        return self._with(patch, shines=True)

    def changed(self, patch: Patch) -> "Document":
        """Return this document with the patch in its place, as far as its mask goes."""
        return self._with(patch, shines=False)

    def _with(self, patch: Patch, *, shines: bool) -> "Document":
        pixels = self.pixels.copy()
        window = pixels[patch.region.slices]
        chosen = patch.mask > 0
        above, strength = self.layer(patch)[chosen], patch.mask[chosen, None] / 255
        window[chosen] = self._rounded(self._mixed(window[chosen], above, strength, shines=shines))
        return replace(self, pixels=pixels)

    def _mixed(
        self, below: Numbers, above: Numbers, strength: npt.NDArray[np.float64], *, shines: bool
    ) -> npt.NDArray[np.float64]:
        """Mix straight colours, (n, channels), in the document's own numbers: source-over if what
        is below *shines* through, or else only what *strength* leaves of it stays.
        """
        result = np.empty(below.shape, np.float64)
        weight = strength
        colours = slice(None)
        if self.has_alpha:
            colours = slice(0, -1)
            left = 1 - strength
            strength = strength * (above[:, -1:] / self.white)
            left = 1 - strength if shines else left
            alpha = strength + below[:, -1:] / self.white * left
            weight = np.divide(strength, alpha, out=np.zeros_like(alpha), where=alpha > 0)
            result[:, -1:] = alpha * self.white
        old, new = below[:, colours].astype(np.float64), above[:, colours].astype(np.float64)
        result[:, colours] = np.where(weight == 1, new, old + (new - old) * weight)
        return result

    def _rounded(self, numbers: npt.NDArray[np.floating]) -> Numbers:
        dtype = self.pixels.dtype
        if self.is_float:
            return numbers.astype(dtype)
        result: Numbers = np.clip(np.rint(numbers), 0, self.white).astype(dtype)
        return result


def _full(pixels: Pixels) -> int:
    return 255 if pixels.dtype == np.uint8 else 1


def _outward(native: Numbers) -> npt.NDArray[np.float64] | npt.NDArray[np.uint8]:
    if native.dtype == np.uint8:
        return native.astype(np.uint8, copy=False)
    if native.dtype == np.uint16:
        return native / 65535
    linear = native.astype(np.float64)
    size = np.abs(linear)
    curved = np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.copysign(curved, linear)


def _inward(pixels: Pixels, dtype: np.dtype[np.generic]) -> npt.NDArray[np.float64]:
    """Undo :func:`_outward`."""
    numbers = pixels.astype(np.float64)
    if dtype == np.uint8:
        return numbers
    if dtype == np.uint16:
        return numbers * 65535
    size = np.abs(numbers)
    linear = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.copysign(linear, numbers)
