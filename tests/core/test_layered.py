"""OpenRaster as other programs write it, and broken: what is read, kept and refused."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from overpaint.cli import run
from overpaint.files.layered import open_layered

SIZE = 24, 16


def png(mode: str = "RGBA", size: tuple[int, int] = SIZE) -> bytes:
    y, x = np.mgrid[: size[1], : size[0]]
    pixels = np.dstack([x * 9, y * 14, x + y, np.full_like(x, 255)]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claimed(width: int, height: int) -> bytes:
    """A PNG that says that it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")


LAYER = '<layer name="A" src="data/a.png"/>'


def document(
    folder: Path,
    stack: str = LAYER,
    size: tuple[int, int] = SIZE,
    packed: int = zipfile.ZIP_STORED,
    **files: bytes,
) -> Path:
    """An OpenRaster file with *stack* in it; *files* lie in data/."""
    path = folder / "in.ora"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("mimetype", "image/openraster")
        told = f'<image w="{size[0]}" h="{size[1]}"><stack>{stack}</stack></image>'
        archive.writestr("stack.xml", told)
        for name, data in {"a": png(), **files}.items():
            archive.writestr(f"data/{name}.png", data)
    return path


def styled(path: Path, *more: str) -> int:
    words = ["style", str(path), "--each-layer", "--style", "oil", "--seed", "1"]
    return run([*words, "-o", str(path.with_name("out.ora")), *more])


def patched(path: Path, marks: dict[bytes, int], change: int) -> Path:
    """The file with *change* in the headers that begin with these marks, so far behind them."""
    data = bytearray(path.read_bytes())
    for mark, place in marks.items():
        at = data.find(mark)
        while at >= 0:
            data[at + place] = change
            at = data.find(mark, at + 4)
    path.write_bytes(data)
    return path


def damaged(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    start = data.index(b"data/a.png") + 30
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    return path


BROKEN: dict[str, tuple[Any, str]] = {
    "encrypted": (lambda to: patched(document(to), {b"PK\1\2": 8, b"PK\3\4": 6}, 1), "encrypted"),
    "packed in an odd way": (lambda to: patched(document(to), {b"PK\1\2": 10}, 97), "compression"),
    "damaged": (lambda to: damaged(document(to, packed=zipfile.ZIP_DEFLATED)), "decompressing"),
    "a bomb": (lambda to: document(to, a=claimed(60_000, 60_000)), "60000x60000"),
    "no pixels": (lambda to: document(to, a=claimed(0, 0)), "at least one pixel"),
    "no PNG": (lambda to: document(to, a=b"GIF89a"), "is no PNG"),
    "a huge canvas": (lambda to: document(to, size=(2_000_000_000, 2_000_000_000)), "2000000000"),
    "too deep": (lambda to: document(to, "<stack>" * 500 + LAYER + "</stack>" * 500), "too deep"),
    "no layers": (lambda to: document(to, ""), "it has 0 layers"),
    "text": (lambda to: document(to, '<text name="Hi"/>' + LAYER), "'Hi' in it is a text"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and a hint, no traceback, no file."""
    make, said = BROKEN[case]
    assert styled(make(tmp_path)) == 1
    sentence, hint, *rest = capsys.readouterr().err.splitlines()

    assert sentence.startswith("overpaint: in.ora: ")
    assert said in sentence
    assert hint
    assert not rest
    assert not (tmp_path / "out.ora").exists()


def test_a_document_of_which_nothing_can_be_styled_is_not_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group of mere copies is nothing that anybody asked for."""
    path = document(tmp_path, '<layer name="Held" src="data/a.png" edit-locked="true"/>')
    assert styled(path) == 1
    assert "Held: it is locked" in capsys.readouterr().err
    assert not (tmp_path / "out.ora").exists()


def members(path: Path) -> tuple[ET.Element, dict[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    stack = ET.fromstring(files["stack.xml"]).find("stack")
    assert stack is not None
    return stack, files


def test_grey_layers_of_a_colourful_document_get_the_colours_of_the_style(tmp_path: Path) -> None:
    """Programs write grey what only happens to be; a document that is all grey stays so."""
    path = document(tmp_path, '<layer name="L" src="data/l.png"/>' + LAYER, l=png("L"))
    assert styled(path) == 0
    stack, files = members(tmp_path / "out.ora")
    new = np.asarray(Image.open(io.BytesIO(files[stack[0][0].get("src", "")])))
    assert new.shape == (SIZE[1], SIZE[0], 3)
    assert np.ptp(new.astype(int), axis=2).max() > 0

    path = document(tmp_path, a=png("LA"))
    assert styled(path) == 0
    stack, files = members(tmp_path / "out.ora")
    assert Image.open(io.BytesIO(files[stack[0][0].get("src", "")])).mode == "LA"


def test_what_other_programs_keep_beside_the_layers_stays(tmp_path: Path) -> None:
    """MyPaint's strokes and its background's tile are there for the old layers; of the new ones
    they would not be true.
    """
    path = document(
        tmp_path,
        '<layer name="A" src="data/a.png" strokes="data/strokes.png" own="kept"/>',
        strokes=b"not a picture",
    )
    assert styled(path) == 0
    stack, files = members(tmp_path / "out.ora")
    new, old = stack[0][0], stack[1][0]

    assert files["data/strokes.png"] == b"not a picture"
    assert (old.get("strokes"), new.get("strokes")) == ("data/strokes.png", None)
    assert (old.get("own"), new.get("own")) == ("kept", "kept")


def test_a_document_that_is_all_hidden_gets_the_look_that_it_would_have(tmp_path: Path) -> None:
    """Of nothing that shows, a network would make black."""
    found = []
    for visibility in ("visible", "hidden"):
        assert styled(document(tmp_path, LAYER.replace("/>", f' visibility="{visibility}"/>'))) == 0
        stack, files = members(tmp_path / "out.ora")
        found.append(files[stack[0][0].get("src", "")])
    assert found[0] == found[1]


def test_one_layer_is_no_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is counted is said as people say it."""
    assert styled(document(tmp_path)) == 0
    assert "1 layer made" in capsys.readouterr().err


def test_names_of_several_lines_stay(tmp_path: Path) -> None:
    """XML can hold the ends of lines, though no other control character."""
    path = document(tmp_path, LAYER.replace('"A"', '"two&#10;lines&#9;🎨 &quot;&lt;/"'))
    assert styled(path) == 0
    with open_layered(tmp_path / "out.ora") as opened:
        (new, old) = opened.tree.children
    names = [each.children[0].name for each in (new, old) if hasattr(each, "children")]
    assert names == ['two\nlines\t🎨 "</'] * 2


def test_an_error_of_the_one_who_has_a_file_open_is_not_the_files(tmp_path: Path) -> None:
    """A pipe that nobody reads any more is no document that cannot be read."""
    with pytest.raises(BrokenPipeError), open_layered(document(tmp_path)):
        raise BrokenPipeError
