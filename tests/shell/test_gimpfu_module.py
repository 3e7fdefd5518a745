"""The package as scripts import it, in any Python: gettext, colours, byte strings, parasites."""

import array
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gimpfu import gettext, gimp, headless, pf, pf_names, registry
from gimpfu.color import RGB, rgb
from gimpfu.region import PixelBytes

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "gimpfu.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _keep_registrations() -> Iterator[None]:
    before = dict(registry.REGISTERED)
    yield
    registry.REGISTERED.clear()
    registry.REGISTERED.update(before)


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT / "plugin",
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_imports_in_a_plain_python() -> None:
    """No `gi`, no GIMP, nothing beyond the standard library."""
    done = python(
        "import sys; from gimpfu import *; import gimpfu.headless;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'gi', 'numpy', 'PIL'}))"
    )

    assert [done.stdout, done.stderr] == ["[]\n", ""]


def test_it_runs_on_the_oldest_python_that_gimp_may_bring() -> None:
    """Python 3.9 imports all of it and runs a plug-in, where there is such a Python."""
    found = shutil.which("python3.9")
    known = Path.home() / ".pyenv" / "versions"
    old = [*known.glob("3.9.*/bin/python"), *([Path(found)] if found else [])]
    if not old:
        pytest.skip("there is no Python 3.9 here")
    fixture = ROOT / "tests" / "gimp" / "gimpfu_fixtures" / "gimpfu-fixture.py"
    code = (
        "from gimpfu import headless; host = headless.Host();"
        f"host.load({str(fixture)!r}); image = host.new_image(2, 1);"
        "host.add_layer(image, 'Layer', bytes(6));"
        "print(host.run('plug-in-fixture-results', image).results)"
    )
    done = subprocess.run(
        [old[0], "-c", code], cwd=ROOT / "plugin", capture_output=True, text=True, check=False
    )

    assert done.stdout == "(<gimp.Layer 'made'>, 42, 0.5, 'text', 1)\n", done.stderr


def test_a_plug_in_file_does_no_harm_in_a_plain_python(tmp_path: Path) -> None:
    """It registers, `main()` returns, and the translations' folder is a harmless string."""
    file = tmp_path / "x.py"
    start = 'gettext.install("x", gimp.locale_directory, unicode=True)\n'
    file.write_text(BLOCKS[0].replace("import *\n", f"import *\n{start}", 1))
    done = subprocess.run(
        [sys.executable, file],
        env={"PYTHONPATH": str(ROOT / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [done.returncode, done.stdout, done.stderr] == [0, "", ""]


def test_without_a_host_the_error_says_what_to_do() -> None:
    """Using an image in a plain Python names the two ways to have one."""
    done = python("from gimpfu import *; gimp.Image(1, 1)")

    assert "run this as a plug-in, or with gimpfu.headless" in done.stderr


def test_gettext_forgives_python_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """`install` takes `unicode` and `codeset`, and `_` is there afterwards."""
    import builtins

    monkeypatch.setattr(builtins, "_", None, raising=False)
    gettext.install("gimp20-python", "", unicode=True)
    gettext.install("gimp20-python", None, codeset="utf-8")

    assert builtins._("word") == "word"  # type: ignore[attr-defined]
    assert gettext.gettext("word") == "word"


def test_the_documented_scripts_run(tmp_path: Path) -> None:
    """The documentation's plug-in, and its way to run it without GIMP, do what they say."""
    folder = tmp_path / "plug-ins" / "example-caption"
    folder.mkdir(parents=True)
    (folder / "example-caption.py").write_text(BLOCKS[0])
    code = next(block for block in BLOCKS if "headless.Host()" in block)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [done.returncode, done.stderr] == [0, ""]


def test_the_documentation_lists_every_type() -> None:
    """Each PF constant is in docs/gimpfu.md, and those without an argument are called missing."""
    for name in vars(pf_names):
        if name.startswith("PF_") and name != "PF_REGION":
            assert name in DOCS, name
    for row in pf.TYPES.values():
        line = next(line for line in DOCS.splitlines() if line.startswith("|") and row.name in line)
        assert ("not supported" in line) == (row.argument is None), row.name


# -- colours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((255, 128, 0), (255, 128, 0, 255)),
        ((1.0, 0.5, 0.0), (255, 128, 0, 255)),
        ((1, 0, 0), (1, 0, 0, 255)),
        ((255, 0.5, 0, 0.5), (255, 128, 0, 128)),
        ("#ff8000", (255, 128, 0, 255)),
        ("#F80", (255, 136, 0, 255)),
        ("orange", (255, 165, 0, 255)),
        ("rgb(255, 128, 0)", (255, 128, 0, 255)),
        ("rgba(100%, 50%, 0%, 0.5)", (255, 128, 0, 128)),
        (RGB(9, 9, 9), (9, 9, 9, 255)),
    ],
)
def test_colours_are_read_as_scripts_write_them(given: Any, expected: tuple[int, ...]) -> None:
    """An int is 0-255 and a float 0-1, each for itself; CSS and names work."""
    assert tuple(rgb(given)) == expected


@pytest.mark.parametrize("given", [[1, 2, 3], (1, 2), "no such colour", None, 5, "rgb(1,2)"])
def test_what_is_no_colour_is_refused(given: Any) -> None:
    """Lists never were colours; neither are two numbers."""
    with pytest.raises((TypeError, ValueError)):
        rgb(given)


def test_a_colour_is_floats_by_name_and_ints_by_index() -> None:
    """As in GIMP 2: attributes are floats, items and slices ints, and equality is by value."""
    colour = RGB(255, 0.5, 0)

    assert [colour.r, colour.g, colour.blue, colour.alpha] == [1.0, 0.5, 0.0, 1.0]
    assert [colour[0], colour["green"], colour[:3], len(colour)] == [255, 128, (255, 128, 0), 4]
    assert colour == RGB(1.0, 0.5, 0.0, 1.0)
    assert colour != (255, 128, 0, 255)
    assert repr(colour) == "gimpcolor.RGB(1.0, 0.5, 0.0, 1.0)"
    assert len({colour, RGB(1.0, 0.5, 0.0)}) == 1


# -- byte strings and regions --------------------------------------------------------------------


def test_pixels_behave_as_python_2_strings() -> None:
    """What scripts do with them works: ord, map, chr + pixels, arrays, struct, join."""
    pixels = PixelBytes(b"\x01\x02\xff")

    assert ord(pixels[0]) == 1
    assert pixels[-1] == b"\xff"
    assert list(map(ord, pixels)) == [1, 2, 255]
    assert chr(200) + pixels == b"\xc8\x01\x02\xff"
    assert pixels + chr(7) == b"\x01\x02\xff\x07"
    assert list(array.array("B", pixels)) == [1, 2, 255]
    assert struct.unpack("3B", pixels) == (1, 2, 255)
    assert type(pixels[1:]) is PixelBytes


@pytest.mark.parametrize(
    "value",
    [b"\1\2\3", bytearray(b"\1\2\3"), array.array("B", [1, 2, 3]), "\1\2\3", [1, 2, 3], (1, 2, 3)],
    ids=lambda value: type(value).__name__,
)
def test_a_region_takes_all_kinds_of_bytes(value: Any) -> None:
    """Bytes, arrays, Latin-1 text and ints can be assigned; they appear at the flush."""
    host = headless.Host()
    image = host.new_image(4, 3)
    layer = host.add_layer(image, "Layer", bytes(36))
    region = layer.get_pixel_rgn(0, 0, 4, 3)
    region[2, 1] = value

    assert layer.get_pixel(2, 1) == (0, 0, 0)
    layer.flush()
    assert layer.get_pixel(2, 1) == (1, 2, 3)


def test_a_region_is_indexed_by_the_drawables_coordinates() -> None:
    """A start of 0 or nothing is the region's own edge; a negative size reaches to the end."""
    host = headless.Host()
    image = host.new_image(4, 3, gimp_gray())
    layer = host.add_layer(image, "Layer", bytes(range(12)))
    region = layer.get_pixel_rgn(1, 1, -1, -1)

    assert [region.x, region.y, region.w, region.h, region.rowstride] == [1, 1, 3, 2, 3]
    assert region[1, 1] == b"\x05"
    assert region[0:3, 2] == b"\x09\x0a"
    assert region[:, :] == b"\x05\x06\x07\x09\x0a\x0b"
    for wrong in ((0, 5), (4, 1), (slice(1, 4, 2), 1), 3):
        with pytest.raises((IndexError, TypeError)):
            region[wrong]
    with pytest.raises(TypeError, match="2 bytes are needed"):
        region[1:3, 1] = b"1"


def gimp_gray() -> int:
    return 1


def test_parasite_data_are_bytes() -> None:
    """Text is encoded, flags can be asked for, and copies are equal."""
    parasite = gimp.Parasite("name", 3, "Grüße")

    assert parasite.data == "Grüße".encode()
    assert [parasite.is_persistent, parasite.is_undoable, parasite.has_flag(4)] == [
        True,
        True,
        False,
    ]
    assert parasite.copy() == parasite
    assert parasite.is_type("name")
