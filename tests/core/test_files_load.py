"""Opening pictures: every mode and depth to the number, and a sentence for what cannot be."""

import struct
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from overpaint.errors import FileProblem, FileUnreadable, FormatUnsupported, SelectionMismatch
from overpaint.files import load, load_selection
from overpaint.files.load import MAX_PIXELS
from overpaint.geometry import Extent


def noise(channels: int, dtype: type = np.uint8, size: tuple[int, int] = (6, 9)) -> np.ndarray:
    rng, shape = np.random.default_rng(channels), (*size, channels)
    if np.dtype(dtype).kind == "f":
        return rng.normal(0.5, 1, shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def saved(folder: Path, name: str, pixels: np.ndarray, **options: object) -> Path:
    """Write by Pillow, as any program would."""
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    picture.save(folder / name, **options)
    return folder / name


def saved_deep(folder: Path, name: str, pixels: np.ndarray) -> Path:
    swapped = pixels if pixels.shape[2] == 1 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    assert cv2.imwrite(str(folder / name), swapped)
    return folder / name


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(
    width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def tiff_of(tags: dict[int, tuple[int, list[int]]], pixels: bytes = b"") -> bytes:
    """A little-endian TIFF: *tags* are numbers of type SHORT (3) or LONG (4), as lists."""
    size = 8 + 2 + 12 * len(tags) + 4
    entries, behind = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(data) > 4:
            entries += struct.pack("<HHII", tag, kind, len(values), size + len(behind))
            behind += data
        else:
            entries += struct.pack("<HHI4s", tag, kind, len(values), data.ljust(4, b"\0"))
    start = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return start + entries + b"\0\0\0\0" + behind + pixels


def deep_tiff(**changes: tuple[int, list[int]]) -> bytes:
    """A header of a 16-bit RGB TIFF; *changes* by name of the tag."""
    names = {"bits": 258, "photometric": 262, "planar": 284, "extra": 338, "kind": 339}
    tags = {
        256: (4, [4]),
        257: (4, [4]),
        258: (3, [16, 16, 16]),
        262: (3, [2]),
        273: (4, [400]),
        277: (3, [3]),
        278: (4, [4]),
        279: (4, [4 * 4 * 6]),
    }
    return tiff_of(tags | {names[name]: value for name, value in changes.items()}).ljust(900, b"\0")


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        *[(name, channels) for name in ("a.png", "a.tif", "a.tga") for channels in (1, 2, 3, 4)],
        *[("a.webp", channels) for channels in (3, 4)],
        *[("a.bmp", channels) for channels in (1, 3)],
    ],
)
def test_8_bit_pictures_open_to_the_number(tmp_path: Path, name: str, channels: int) -> None:
    """What a lossless format holds arrives as it is, in its own channels."""
    pixels = noise(channels)
    lossless = {"lossless": True, "exact": True} if name == "a.webp" else {}
    path = saved(tmp_path, name, pixels, **lossless)

    document = load(path)

    assert document.pixels.dtype == np.uint8
    assert np.array_equal(pixels, document.pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("extension", "dtype"),
    [(".png", np.uint16), (".tif", np.uint16), (".tif", np.float32), (".tif", np.float64)],
)
def test_deep_pictures_open_to_the_number(
    tmp_path: Path, extension: str, dtype: type, channels: int
) -> None:
    """16-bit and float pictures keep every bit, with red first."""
    pixels = noise(channels, dtype)

    document = load(saved_deep(tmp_path, f"picture{extension}", pixels))

    assert document.pixels.dtype == dtype
    assert np.array_equal(pixels, document.pixels)


def test_a_jpeg_opens_with_its_profile_and_resolution(tmp_path: Path) -> None:
    """What Pillow decodes is what arrives; ICC bytes and dots per inch come along."""
    path = saved(tmp_path, "a.jpg", noise(3), icc_profile=b"profile", dpi=(240, 240))

    document = load(path)

    assert np.array_equal(np.asarray(Image.open(path)), document.pixels)
    assert document.profile == b"profile"
    assert document.dpi == (240, 240)


def test_palettes_are_expanded(tmp_path: Path) -> None:
    """A palette picture becomes RGB, with a transparent entry RGBA, and 1 bit becomes grey."""
    indexed = Image.fromarray(noise(3)).quantize(8)
    indexed.save(tmp_path / "plain.png")
    indexed.save(tmp_path / "clear.png", transparency=2)
    Image.fromarray(noise(1)[..., 0]).convert("1").save(tmp_path / "bits.png")

    plain, clear = load(tmp_path / "plain.png"), load(tmp_path / "clear.png")
    bits = load(tmp_path / "bits.png")

    assert np.array_equal(np.asarray(indexed.convert("RGB")), plain.pixels)
    assert clear.pixels.shape[2] == 4
    assert set(np.unique(clear.pixels[..., 3])) == {0, 255}
    assert bits.pixels.shape[2] == 1
    assert set(np.unique(bits.pixels)) <= {0, 255}


def test_a_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    """PNG's single transparent colour is alpha, in 8 and in 16 bits."""
    for dtype, depth in ((np.uint8, 8), (np.uint16, 16)):
        pixels = np.zeros((2, 2, 3), dtype)
        pixels[0, 0] = 7
        rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in pixels)
        (tmp_path / "a.png").write_bytes(
            png_of(2, 2, depth, 2, rows, (b"tRNS", struct.pack(">HHH", 7, 7, 7)))
        )

        document = load(tmp_path / "a.png")

        assert document.pixels.dtype == dtype
        assert document.pixels[..., 3].tolist() == [[0, document.white], [document.white] * 2]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("extension", "dtype"), [(".png", np.uint8), (".tif", np.uint8), (".png", np.uint16)]
)
def test_the_orientation_is_applied(
    tmp_path: Path, extension: str, dtype: type, orientation: int
) -> None:
    """A picture from a turned camera opens upright, as Pillow turns it."""
    small = noise(1)
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a{extension}"
    if dtype == np.uint8:
        saved(tmp_path, path.name, small, exif=exif)
        factor = 1
    else:
        factor = 257
        deep = small.astype(np.uint16) * 257
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
        data = exif.tobytes().removeprefix(b"Exif\0\0")
        path.write_bytes(png_of(9, 6, 16, 0, rows, (b"eXIf", data)))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    upright = Image.fromarray(small[..., 0])
    if orientation in turns:
        upright = upright.transpose(turns[orientation])

    document = load(path)

    assert np.array_equal(np.asarray(upright).astype(dtype) * factor, document.pixels[..., 0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_deep_tiff_is_applied(tmp_path: Path, orientation: int) -> None:
    """OpenCV turns deep TIFFs, and nobody turns them twice."""
    pixels = np.arange(4 * 4 * 3, dtype=np.uint16).reshape(4, 4, 3)
    tags = {
        256: (4, [4]),
        257: (4, [4]),
        258: (3, [16, 16, 16]),
        262: (3, [2]),
        273: (4, [400]),
        274: (3, [orientation]),
        277: (3, [3]),
        278: (4, [4]),
        279: (4, [pixels.nbytes]),
    }
    (tmp_path / "a.tif").write_bytes(tiff_of(tags).ljust(400, b"\0") + pixels.tobytes())
    corner = {
        1: (0, 0),
        2: (0, 3),
        3: (3, 3),
        4: (3, 0),
        5: (0, 0),
        6: (0, 3),
        7: (3, 3),
        8: (3, 0),
    }

    document = load(tmp_path / "a.tif")

    assert document.pixels[corner[orientation]].tolist() == [0, 1, 2]
    right_of = np.abs(np.diff(document.pixels[..., 0].astype(int), axis=1)).max()
    assert right_of == (12 if orientation >= 5 else 3)


def test_a_tiff_that_says_no_resolution_has_none(tmp_path: Path) -> None:
    """Pillow's own guess of one pixel per inch is not taken over."""
    path = saved(tmp_path, "a.tif", noise(3))

    assert load(path).dpi is None


def test_of_several_pictures_the_first_one_is_used_and_said(tmp_path: Path) -> None:
    """Pages and frames that would be lost are mentioned."""
    first, second = Image.fromarray(noise(3)), Image.fromarray(255 - noise(3))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    first.save(tmp_path / "a.png", save_all=True, append_images=[second])

    for path in (tmp_path / "a.tif", tmp_path / "a.png"):
        document = load(path)
        assert np.array_equal(np.asarray(first), document.pixels)
        assert "only the first" in document.notices[0]


def test_a_96_megapixel_picture_opens_without_a_warning(tmp_path: Path) -> None:
    """Today's largest photographs are no decompression bombs."""
    Image.new("L", (12_000, 8_000), 9).save(tmp_path / "large.png", compress_level=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = load(tmp_path / "large.png")

    assert document.extent == Extent(12_000, 8_000)
    assert Image.MAX_IMAGE_PIXELS is not None


@pytest.mark.parametrize("depth", [8, 16])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, depth: int) -> None:
    """A few bytes that promise 10 gigapixels take neither time nor memory."""
    side = 100_000
    (tmp_path / "bomb.png").write_bytes(png_of(side, side, depth, 2, b"\0" * 64))
    tags = {256: (4, [side]), 257: (4, [side]), 258: (3, [depth]), 262: (3, [1]), 273: (4, [200])}
    (tmp_path / "bomb.tif").write_bytes(tiff_of(tags))

    for name in ("bomb.png", "bomb.tif"):
        with pytest.raises(
            FormatUnsupported, match=f"100000x100000 pixels, more than {MAX_PIXELS:,}"
        ):
            load(tmp_path / name)


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "YCbCr", "F", "I"])
def test_other_colours_are_refused_with_what_to_do(tmp_path: Path, mode: str) -> None:
    """CMYK and its like would change on the way; the sentence says what to do instead."""
    Image.new(mode, (4, 4)).save(tmp_path / "a.tif")
    if mode == "F":  # 32-bit float grey, which is fine
        assert load(tmp_path / "a.tif").pixels.dtype == np.float32
        return

    with pytest.raises(FormatUnsupported) as caught:
        load(tmp_path / "a.tif")

    assert "RGB" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (deep_tiff(planar=(3, [2])), "stores its channels apart"),
        (deep_tiff(photometric=(3, [5]), bits=(3, [16] * 4)), "neither RGB nor grey"),
        (deep_tiff(photometric=(3, [0]), bits=(3, [16])), "neither RGB nor grey"),
        (deep_tiff(bits=(3, [32] * 3)), "32/32/32 bits of an unusual kind"),
        (deep_tiff(bits=(3, [16] * 3), kind=(3, [3] * 3)), "16/16/16 bits of an unusual kind"),
        (deep_tiff(bits=(3, [16] * 4), extra=(3, [1])), "multiplied with their transparency"),
        (deep_tiff(bits=(3, [16] * 4), extra=(3, [0])), "neither colour nor transparency"),
        (deep_tiff(bits=(3, [16] * 5), extra=(3, [2, 2])), "unusual channels"),
        (deep_tiff(bits=(3, [16] * 2), photometric=(3, [1]), extra=(3, [2])), "unusual channels"),
    ],
)
def test_deep_tiffs_that_would_be_read_wrongly_are_refused(
    tmp_path: Path, file: bytes, sentence: str
) -> None:
    """What OpenCV would get wrong without a word is refused with one."""
    (tmp_path / "a.tif").write_bytes(file)

    with pytest.raises(FormatUnsupported, match=sentence):
        load(tmp_path / "a.tif")


def test_deep_grey_with_transparency_is_refused(tmp_path: Path) -> None:
    """It could be read, but not be saved as it was."""
    (tmp_path / "a.png").write_bytes(png_of(1, 1, 16, 4, b"\0" * 5))

    with pytest.raises(FormatUnsupported, match="16-bit grey with transparency"):
        load(tmp_path / "a.png")


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "name", ["a.png", "a.tif", "a.jpg", "a.webp", "a.bmp", "deep.png", "deep.tif"]
)
def test_a_cut_off_file_is_unreadable(tmp_path: Path, name: str) -> None:
    """Half a download is an error, whoever decodes it."""
    pixels = noise(3, np.uint16 if name.startswith("deep") else np.uint8, (80, 90))
    path = (saved_deep if name.startswith("deep") else saved)(tmp_path, name, pixels)
    path.write_bytes(cut(path.read_bytes()))

    with pytest.raises(FileUnreadable) as caught:
        load(path)

    assert name in caught.value.sentence


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Path.exists, (FileUnreadable, "cannot be read: No such file")),
        (Path.mkdir, (FileUnreadable, "cannot be read: Is a directory")),
        (lambda path: path.write_bytes(b""), (FormatUnsupported, "is not a picture")),
        (lambda path: path.write_text("<svg/>"), (FormatUnsupported, "is not a picture")),
    ],
)
def test_what_is_no_picture_is_said(
    tmp_path: Path, make: Callable[[Path], object], expected: tuple[type[FileProblem], str]
) -> None:
    """Missing files, folders and other things each have a sentence."""
    make(tmp_path / "a.png")

    with pytest.raises(expected[0], match=expected[1]):
        load(tmp_path / "a.png")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever bytes change, a picture comes out or an error of ours."""
    folder = tmp_path_factory.mktemp("damaged")
    kind = data.draw(st.sampled_from(["a.png", "a.tif", "a.gif", "a.webp", "deep.tif", "deep.png"]))
    pixels = noise(3, np.uint16 if kind.startswith("deep") else np.uint8)
    path = (saved_deep if kind.startswith("deep") else saved)(folder, kind, pixels)
    content = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)

    with suppress(FileProblem):
        assert load(path).pixels.ndim == 3


# Masks


def test_lightness_selects(tmp_path: Path) -> None:
    """White selects, black does not, grey does softly; RGB and 16 bits mean the same."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    saved(tmp_path, "grey.png", ramp)
    saved(tmp_path, "rgb.png", np.repeat(ramp, 3, axis=2))
    saved_deep(tmp_path, "deep.png", ramp.astype(np.uint16) * 257)
    saved_deep(tmp_path, "float.tif", ramp.astype(np.float32) / 255)

    for name in ("grey.png", "rgb.png", "deep.png", "float.tif"):
        assert np.array_equal(ramp[..., 0], load_selection(tmp_path / name, Extent(16, 16))), name


def test_transparency_selects_where_there_is_any(tmp_path: Path) -> None:
    """Opaque paint on a clear layer is selected, whatever its colour."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[1, 1, 3], pixels[1, 2, 3] = 255, 80
    saved(tmp_path, "layer.png", pixels)
    pixels[..., 3], pixels[2, 2, :3] = 255, 200
    saved(tmp_path, "opaque.png", pixels)

    layer = load_selection(tmp_path / "layer.png", Extent(4, 4))
    opaque = load_selection(tmp_path / "opaque.png", Extent(4, 4))

    assert np.flatnonzero(layer).tolist() == [5, 6]
    assert (layer[1, 1], layer[1, 2]) == (255, 80)
    assert np.flatnonzero(opaque).tolist() == [10]
    assert opaque[2, 2] == 200


def test_a_mask_has_the_pictures_size(tmp_path: Path) -> None:
    """Anything else is a mistake that no scaling should hide."""
    path = saved(tmp_path, "mask.png", noise(1))

    with pytest.raises(SelectionMismatch, match="mask is 9x6 pixels, the picture 9x7"):
        load_selection(path, Extent(9, 7))


def test_pillows_own_limit_stays_as_it_was() -> None:
    """It is replaced only while a file is opened, also where that fails."""
    before = Image.MAX_IMAGE_PIXELS

    with pytest.raises(FileProblem):
        load(Path("nowhere.png"))

    assert before == Image.MAX_IMAGE_PIXELS
