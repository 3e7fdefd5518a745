"""Picture files as they travel to and from providers.

What leaves is 8-bit sRGB without metadata. What comes back is read whatever its mode, depth,
profile or declared type, within bounds: a model's answer is not to be trusted.
"""

import io
import warnings
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.errors import AnswerUnusable
from overpaint.language import N_, _

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["decode", "encode_jpeg", "encode_png", "encode_webp"]

Bytes: TypeAlias = npt.NDArray[np.uint8]

MAX_PIXELS = 64_000_000
"""Four times the largest picture that any known model makes."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
HINT = N_("Try again, or choose another model.")


def encode_png(pixels: Bytes) -> bytes:
    """Return *pixels*, uint8 (height, width), (height, width, 3) or with alpha, as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    # Level 1 takes a third of the time of level 6, for a file that is hardly larger.
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def encode_webp(pixels: Bytes) -> bytes:
    """Return *pixels*, uint8 (height, width, 3) or (height, width, 4), as a lossless WebP file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=30, method=2, exact=True)
    return file.getvalue()


def encode_jpeg(pixels: Bytes, quality: int = 95) -> bytes:
    """Return *pixels*, uint8 (height, width) or (height, width, 3), as a JPEG file of *quality*
    1..100, with all of their colour: for APIs that limit the size of files.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def decode(data: bytes) -> Bytes:
    """Return the picture in a file as uint8 (height, width, 3), sRGB.

    Of an animation the first frame; grey becomes RGB, more than 8 bits are rounded, CMYK and
    profiles are converted, the orientation is applied. What is transparent keeps its colour.
    Raises AnswerUnusable for what is no picture, is cut off, or is larger than any model makes.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes that are refused below
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise AnswerUnusable(
                    _("The provider returned a picture of {width}x{height} pixels.").format(
                        width=width, height=height
                    ),
                    _(HINT),
                )
            picture.load()
        upright = ImageOps.exif_transpose(picture)
        return np.array(_as_rgb(upright), np.uint8)
    # What damaged files raise: SyntaxError is Pillow's word for a broken PNG or TIFF.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        reason = str(error) or type(error).__name__
        raise AnswerUnusable(
            _("What the provider returned cannot be read as a picture ({reason}).").format(
                reason=reason[:120]
            ),
            _(HINT),
        ) from error


def _as_rgb(picture: "Image.Image") -> "Image.Image":
    from PIL import Image

    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        deep = np.asarray(picture, np.float64)
        scale = 1.0 if picture.mode == "F" and deep.max(initial=0) <= 1 else 1 / 65535
        grey = np.rint(np.clip(deep * scale, 0, 1) * 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        converted = _to_srgb(picture, profile)
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _to_srgb(picture: "Image.Image", profile: bytes) -> "Image.Image | None":
    """Return *picture* converted from its profile; None where the profile cannot be used."""
    from PIL import ImageCms

    colours = picture.convert("RGB") if picture.mode == "RGBA" else picture
    try:
        return ImageCms.profileToProfile(
            colours,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
