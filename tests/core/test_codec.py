"""Pictures on their way to and from providers: exact on the way out, bounded on the way in."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from overpaint.codec import MAX_PIXELS, decode, encode_jpeg, encode_png, encode_webp
from overpaint.errors import AnswerUnusable


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("encode", [encode_png, encode_webp])
def test_what_leaves_is_exact_and_says_nothing_else(encode) -> None:  # type: ignore[no-untyped-def]
    """Every pixel as it was, and no metadata."""
    pixels = noise(31, 45, 3)

    file = encode(pixels)

    assert np.array_equal(decode(file), pixels)
    assert not Image.open(io.BytesIO(file)).info.keys() - {"loop", "background", "timestamp"}


def test_a_mask_with_alpha_keeps_its_hidden_colours() -> None:
    """An RGBA file holds all four channels as they were, also where alpha is 0."""
    pixels = noise(9, 8, 4)
    pixels[:4, :, 3] = 0

    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(pixels)))), pixels)


def test_a_jpeg_for_apis_that_limit_files_stays_close() -> None:
    """Only where a vendor leaves no choice: high quality, all of the colour."""
    pixels = cv2.GaussianBlur(noise(64, 64, 3), (0, 0), 6)

    assert np.abs(decode(encode_jpeg(pixels)).astype(int) - pixels).max() <= 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    """Whatever a server sends, a picture of three channels comes of it."""
    grey = Image.new("L", (6, 5), 128).convert("RGB")
    if mode == "I;16":
        picture = Image.fromarray(np.full((5, 6), 128 * 257, np.uint16))
    elif mode == "P":
        picture = grey.quantize()
    else:
        picture = grey.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"

    pixels = decode(saved(picture, kind))

    assert pixels.shape == (5, 6, 3)
    assert pixels.dtype == np.uint8
    assert mode == "1" or np.abs(pixels.astype(int) - 128).max() <= 4


def test_sixteen_bits_are_rounded_not_cut() -> None:
    """A deep picture keeps its brightness."""
    deep = (noise(7, 7, 3).astype(np.uint16) * 257)[..., ::-1]

    pixels = decode(bytes(cv2.imencode(".png", deep)[1]))

    assert np.abs(pixels.astype(int) - deep[..., ::-1] / 257).max() <= 1


def test_a_profile_is_converted() -> None:
    """Numbers of another colour space are not taken for sRGB's."""
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = Image.fromarray(noise(8, 8, 3))
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    assert np.abs(decode(saved(plain, "PNG", icc_profile=own)).astype(int) - plain).max() <= 1
    # A profile that does not fit the picture is left out of account.
    assert np.array_equal(decode(saved(plain, "PNG", icc_profile=grey.tobytes())), plain)


def test_orientation_is_applied() -> None:
    """A photograph that says it lies on its side is turned."""
    exif = Image.Exif()
    exif[0x0112] = 6

    assert decode(saved(Image.new("RGB", (8, 4)), "JPEG", exif=exif)).shape == (8, 4, 3)


def test_of_an_animation_the_first_frame_counts() -> None:
    """One picture was asked for."""
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]

    pixels = decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))

    assert (pixels == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", encode_png(noise(40, 40, 3))[:700], b"%PDF-1.7"],
)
def test_what_is_no_picture_is_told_so(data: bytes) -> None:
    """An error of ours, with a sentence, for whatever damage."""
    with pytest.raises(AnswerUnusable):
        decode(data)


def test_pictures_that_no_model_makes_are_not_unpacked() -> None:
    """The head of a file is enough to refuse it."""
    side = int(MAX_PIXELS**0.5) + 100
    large = saved(Image.new("1", (side, side)), "PNG")

    with pytest.raises(AnswerUnusable, match=f"{side}x{side}"):
        decode(large)
