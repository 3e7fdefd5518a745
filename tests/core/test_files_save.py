"""Saving: what each kind of file holds, read by other readers, and that it comes whole or not."""

import io
import os
import stat
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from overpaint.errors import FileUnwritable, FormatUnsupported
from overpaint.files import EXTENSIONS, Document, Result, check, find_console, load, save
from overpaint.geometry import Box
from overpaint.picture import Patch
from overpaint.recipe import Edit, Recipe

SIZE = (40, 60)
REGION = Box(11, 7, 30, 20)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
REMOVE = Recipe(edit=Edit.REMOVE, seed=1)
MERGED = [
    (extension, dtype, channels)
    for extension, dtypes in {
        ".png": (np.uint8, np.uint16),
        ".tif": (np.uint8, np.uint16, np.float32, np.float64),
        ".tiff": (np.uint8,),
    }.items()
    for dtype in dtypes
    for channels in (1, 2, 3, 4)
    if channels != 2 or dtype == np.uint8
]


def document(dtype: type, channels: int, profile: bytes | None = PROFILE) -> Document:
    rng, shape = np.random.default_rng(3), (*SIZE, channels)
    if np.dtype(dtype).kind == "f":
        pixels = rng.normal(0.4, 0.8, shape).astype(dtype)
    else:
        pixels = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return Document(pixels, profile, (300.0, 150.0))


def mask() -> np.ndarray:
    y, x = np.mgrid[: REGION.height, : REGION.width]
    return np.clip(300 - 40 * np.hypot(x - 15, y - 10), 0, 255).astype(np.uint8)


def patch(original: Document) -> Patch:
    source = original.source(REGION, mask())
    pixels = source.pixels.copy()
    full = 255 if pixels.dtype == np.uint8 else 1
    pixels[..., :3] = np.array((0.8, 0.4, 0.2)) * full
    pixels[mask() > 0, 3] = full
    return Patch(REGION, pixels, mask())


def read_elsewhere(path: Path, dtype: type) -> np.ndarray:
    """Read by Pillow, or by OpenCV what Pillow cannot hold; always (height, width, channels)."""
    if dtype == np.uint8:
        pixels = np.asarray(Image.open(path))
    else:
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if pixels.ndim == 3:
            pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    return pixels.reshape(*SIZE, -1)


@pytest.mark.parametrize(("extension", "dtype", "channels"), MERGED)
def test_a_merged_file_is_the_original_but_for_the_mask(
    tmp_path: Path, extension: str, dtype: type, channels: int
) -> None:
    """Mode, depth and every bit outside the mask are the original's, in every mode and depth."""
    original = document(dtype, channels)
    path = tmp_path / f"out{extension}"

    save(path, original, [Result(patch(original), REMOVE)])

    found = read_elsewhere(path, dtype)
    outside = np.ones(SIZE, np.bool_)
    outside[REGION.slices] = mask() == 0
    assert found.dtype == original.pixels.dtype
    assert found.shape == original.pixels.shape
    assert found[outside].tobytes() == original.pixels[outside].tobytes()
    assert (found[~outside] != original.pixels[~outside]).any()
    assert found.tobytes() == original.merged(patch(original)).pixels.tobytes()


@pytest.mark.parametrize(("extension", "dtype", "channels"), MERGED)
def test_profile_and_resolution_are_kept(
    tmp_path: Path, extension: str, dtype: type, channels: int
) -> None:
    """The ICC profile comes back to the byte, dots per inch as exactly as the format holds them."""
    original = document(dtype, channels)
    path = tmp_path / f"out{extension}"

    save(path, original, [Result(patch(original), REMOVE)])
    again = load(path)

    assert again.profile == PROFILE
    assert again.dpi == pytest.approx((300, 150), rel=1e-4)
    if np.dtype(dtype).kind != "f":
        assert Image.open(path).info["icc_profile"] == PROFILE


@pytest.mark.parametrize(("extension", "dtype", "channels"), MERGED)
def test_what_the_original_does_not_say_is_not_made_up(
    tmp_path: Path, extension: str, dtype: type, channels: int
) -> None:
    """No profile and no resolution stay none."""
    bare = Document(document(dtype, channels).pixels)
    path = tmp_path / f"out{extension}"

    save(path, bare, [Result(patch(bare), REMOVE)])
    again = load(path)

    assert (again.profile, again.dpi) == (None, None)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_deep_tiff_says_that_its_alpha_is_straight(
    tmp_path: Path, dtype: type, channels: int
) -> None:
    """OpenCV leaves that out; other programs would then multiply the colours or ignore it."""
    original = document(dtype, channels)

    save(tmp_path / "out.tif", original, [Result(patch(original), REMOVE)])

    with (tmp_path / "out.tif").open("rb") as file:
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
    assert tags.get(338) == ((2,) if channels == 4 else None)


@pytest.mark.parametrize("extension", [".png", ".tif", ".ora"])
def test_the_same_edit_gives_the_same_bytes(tmp_path: Path, extension: str) -> None:
    """No clock and no chance is in a file."""
    original = document(np.uint8, 3)

    for name in ("one", "two"):
        save(tmp_path / f"{name}{extension}", original, [Result(patch(original), REMOVE)])

    one, two = (tmp_path / f"{name}{extension}" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


# OpenRaster


def layers(path: Path) -> list[tuple[dict[str, str], Image.Image]]:
    with zipfile.ZipFile(path) as archive:
        stack = ET.fromstring(archive.read("stack.xml")).find("stack")
        assert stack is not None
        found = []
        for layer in stack:
            image = Image.open(io.BytesIO(archive.read(layer.attrib["src"])))
            image.load()
            found.append((dict(layer.attrib), image))
        return found


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_openraster_recomposes_to_the_merged_picture(tmp_path: Path, channels: int) -> None:
    """The layers laid over each other are the merged picture, to one step of 255."""
    original = document(np.uint8, channels)
    save(tmp_path / "out.ora", original, [Result(patch(original), REMOVE)])
    save(tmp_path / "out.png", original, [Result(patch(original), REMOVE)])

    (above, result), (below, base) = layers(tmp_path / "out.ora")
    canvas = base.convert("RGBA")
    canvas.alpha_composite(result.convert("RGBA"), (int(above["x"]), int(above["y"])))
    merged = Image.open(tmp_path / "out.png").convert("RGBA")
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        shown = Image.open(io.BytesIO(archive.read("mergedimage.png"))).convert("RGBA")

    assert (above["name"], above["x"], above["y"]) == ("Removed", "11", "7")
    assert (below["name"], below["x"], below["y"]) == ("Original", "0", "0")
    assert result.size == (REGION.width, REGION.height)
    assert np.array_equal(np.asarray(merged), np.asarray(shown))
    visible = np.asarray(merged)[..., 3] > 8  # colours of what nearly vanishes are coarse
    difference = np.abs(np.asarray(canvas).astype(int) - np.asarray(merged))
    assert difference[visible].max() <= (1 if channels in (1, 3) else 2)
    assert np.asarray(base).reshape(original.pixels.shape).tobytes() == original.pixels.tobytes()


def test_openraster_is_laid_out_as_specified(tmp_path: Path) -> None:
    """The type first and stored, then stack, layers, merged picture and a small thumbnail."""
    pixels = np.zeros((300, 600, 3), np.uint8)
    original = Document(pixels, PROFILE, (300.0, 300.0))

    save(tmp_path / "out.ora", original, [Result(patch(original), REMOVE)])

    data = (tmp_path / "out.ora").read_bytes()
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        stack = ET.fromstring(archive.read("stack.xml"))
        thumbnail = Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png")))
        profiles = {
            Image.open(io.BytesIO(archive.read(name))).info.get("icc_profile")
            for name in names
            if name.endswith(".png")
        }
    assert data[30:54] == b"mimetypeimage/openraster"
    assert names[0] == "mimetype"
    assert set(names[1:]) == {
        "stack.xml",
        "data/result.png",
        "data/original.png",
        "mergedimage.png",
        "Thumbnails/thumbnail.png",
    }
    assert stack.attrib == {
        "version": "0.0.3",
        "w": "600",
        "h": "300",
        "xres": "300",
        "yres": "300",
    }
    assert thumbnail.size == (256, 128)
    assert profiles == {PROFILE}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_openraster_keeps_16_bits(tmp_path: Path, channels: int) -> None:
    """Deep pictures have deep layers; only the thumbnail has 8 bits."""
    original = document(np.uint16, channels, PROFILE if channels > 1 else None)

    save(tmp_path / "out.ora", original, [Result(patch(original), REMOVE)])

    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        deep = {
            name: cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_UNCHANGED)
            for name in ("data/original.png", "data/result.png", "mergedimage.png")
        }
    assert {picture.dtype for picture in deep.values()} == {np.dtype(np.uint16)}
    base = deep["data/original.png"].reshape(*SIZE, -1)
    swapped = base[..., [2, 1, 0, 3][: base.shape[2]]] if channels > 1 else base
    assert np.array_equal(original.pixels, swapped)
    assert np.array_equal(mask() * 257.0, deep["data/result.png"][..., 3])


def test_a_layer_has_the_name_that_gimp_would_give_it(tmp_path: Path) -> None:
    """The prompt on one line, cut where it is long, without what XML cannot hold."""
    original = document(np.uint8, 3)
    names = {}
    for prompt in ("", "  a red\n\tball\x00\x1b ", "a very long prompt " * 9):
        recipe = Recipe(edit=Edit.INPAINT, prompt=prompt, seed=1)
        save(tmp_path / "out.ora", original, [Result(patch(original), recipe)])
        names[prompt[:9]] = layers(tmp_path / "out.ora")[0][0]["name"]

    assert list(names.values()) == [
        "Inpainted",
        "a red ball",
        "a very long prompt a very long prompt a…",
    ]


# What cannot be


@pytest.mark.parametrize(
    ("name", "original", "sentence"),
    [
        ("out.jpg", document(np.uint8, 3), "cannot save to 'out.jpg'"),
        ("out", document(np.uint8, 3), "cannot save to 'out'"),
        ("out.png", document(np.float32, 3), "PNG cannot hold the float numbers"),
        ("out.ora", document(np.float32, 3), "OpenRaster cannot hold the float numbers"),
        ("out.ora", document(np.uint16, 1), "16-bit grey layers with a colour profile"),
    ],
)
def test_a_format_that_cannot_hold_it_is_refused_before_the_edit(
    tmp_path: Path, name: str, original: Document, sentence: str
) -> None:
    """The sentence says what is wrong, the hint which format would do."""
    with pytest.raises(FormatUnsupported, match=sentence) as caught:
        check(tmp_path / name, original)
    with pytest.raises(FormatUnsupported, match=sentence):
        save(tmp_path / name, original, [Result(patch(original), REMOVE)])

    assert ".tif" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_all_extensions_are_named_where_one_is_wrong() -> None:
    """The hint lists what is possible."""
    with pytest.raises(FormatUnsupported) as caught:
        check(Path("out.bmp"), document(np.uint8, 3))

    assert all(extension in caught.value.hint for extension in EXTENSIONS)


def test_a_folder_that_is_missing_is_said_before_the_edit(tmp_path: Path) -> None:
    """Nobody waits for an edit that has no place to go."""
    with pytest.raises(FileUnwritable, match="There is no folder"):
        check(tmp_path / "nowhere" / "out.png", document(np.uint8, 3))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(FileUnwritable, match="is a folder"):
        check(tmp_path / "folder.png", document(np.uint8, 3))


def test_a_folder_that_is_read_only_is_said_before_the_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system answers; root, as whom tests may run, may write anywhere."""
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))

    with pytest.raises(FileUnwritable, match="Nothing can be written to"):
        check(tmp_path / "out.png", document(np.uint8, 3))


# Whole or not at all


def test_a_failed_save_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs neither the old file nor leaves half of a new one."""
    (tmp_path / "out.png").write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    original = document(np.uint8, 3)
    with pytest.raises(FileUnwritable, match="No space left on device"):
        save(tmp_path / "out.png", original, [Result(patch(original), REMOVE)])

    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert (tmp_path / "out.png").read_bytes() == b"old"


def test_an_interrupted_save_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between writing and renaming leaves no draft behind."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    original = document(np.uint8, 3)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "out.png", original, [Result(patch(original), REMOVE)])

    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither modes nor plain links")
def test_a_replaced_file_keeps_its_mode_and_its_links(tmp_path: Path) -> None:
    """A link stays one, and a private file stays private."""
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "real.png").chmod(0o600)
    (tmp_path / "link.png").symlink_to("real.png")
    original = document(np.uint8, 3)

    save(tmp_path / "link.png", original, [Result(patch(original), REMOVE)])

    assert (tmp_path / "link.png").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.png").stat().st_mode) == 0o600
    assert load(tmp_path / "real.png").extent == original.extent


# GIMP, as far as it can be told without one


RAISING = r"""
import re, sys; from pathlib import Path
script = re.search(r"run_path\('(.*?)'", sys.argv[-1])[1]
Path(script).with_name("failed.txt").write_text("RuntimeError: no such layer")
"""


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def test_without_gimp_an_xcf_is_refused_with_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint names the format that needs no GIMP, and the variable that names one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("OVERPAINT_GIMP", raising=False)

    with pytest.raises(FormatUnsupported, match="GIMP 3 writes") as caught:
        check(tmp_path / "out.xcf", document(np.uint8, 3))

    assert ".ora" in caught.value.hint
    assert "$OVERPAINT_GIMP" in caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs on Windows")
def test_the_newest_gimp_3_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, or by what it says of itself; GIMP 2 is none; the variable comes first."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("OVERPAINT_GIMP", raising=False)
    plain = program(tmp_path / "gimp-console", "print('GNU Image Program version 2.10.34')")
    assert find_console() is None

    program(plain, "print('GNU Image Manipulation Program version 3.0.4')")
    assert find_console() == [str(plain)]

    older, newer = (program(tmp_path / f"gimp-console-3.{minor}", "") for minor in (8, 10))
    assert find_console() == [str(newer)]
    older.unlink()

    monkeypatch.setenv("OVERPAINT_GIMP", "'/a room/bwrap' --bind x gimp-console")
    assert find_console() == ["/a room/bwrap", "--bind", "x", "gimp-console"]


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs on Windows")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("raise SystemExit(3)", "it ended with status 3"),
        ("", "it ended with status 0"),
        (RAISING, "RuntimeError: no such layer"),
    ],
)
def test_what_gimp_could_not_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    """The reason is in the sentence, and the temporary folder is gone."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("OVERPAINT_GIMP", str(program(tmp_path / "gimp", text)))
    original = document(np.uint8, 3)

    with pytest.raises(FileUnwritable, match=sentence):
        save(tmp_path / "out.xcf", original, [Result(patch(original), REMOVE)])

    assert not list(temporary.iterdir())
    assert not (tmp_path / "out.xcf").exists()


def test_several_results_become_layers_or_numbered_files(tmp_path: Path) -> None:
    """OpenRaster holds all of them, the first shown; merged formats get a file for each."""
    original = document(np.uint8, 3)
    results = [Result(patch(original), REMOVE), Result(patch(original), replace(REMOVE, seed=5))]

    layered = save(tmp_path / "out.ora", original, results)
    merged = save(tmp_path / "out.png", original, results)

    assert layered == [tmp_path / "out.ora"]
    assert merged == [tmp_path / "out-1.png", tmp_path / "out-2.png"]
    assert not (tmp_path / "out.png").exists()
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        layers = ET.fromstring(archive.read("stack.xml")).findall("stack/layer")
        names = set(archive.namelist())
    assert [layer.get("visibility") for layer in layers] == [None, "hidden", None]
    assert {layer.get("src") for layer in layers} <= names
