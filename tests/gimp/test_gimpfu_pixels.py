"""Pixels through the shim in a real GIMP: any depth, any profile, bit by bit."""

from typing import Any

import pytest
from tests import lab
from tests.gimp.gimpfu_fixtures import rooms

pytestmark = pytest.mark.gimp
Facts = dict[str, Any]


@pytest.fixture(scope="module", params=lab.VERSIONS)
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What `in_gimp_pixels.py` found out in each GIMP."""
    return rooms.facts(request.param, tmp_path_factory.mktemp("home"), "in_gimp_pixels.py")


@pytest.mark.parametrize(
    ("precision", "encoding"),
    [
        ("150", "Y u8"),
        ("250", "Y u16"),
        ("200", "Y u16"),
        ("550", "Y half"),
        ("600", "Y float"),
        ("650", "Y float"),
        ("750", "Y double"),
    ],
)
def test_a_soft_selection_becomes_a_mask_bit_by_bit(
    facts: Facts, precision: str, encoding: str
) -> None:
    """Stored bytes of selection and mask are the same in every precision, soft edges and all."""
    has_precision, of_selection, of_mask, is_soft, same = facts["selection_becomes_mask"][precision]

    assert has_precision
    assert of_selection == of_mask == encoding
    assert is_soft
    assert same


def test_the_format_is_the_encoding_without_the_colour_space(facts: Facts) -> None:
    """`drawable.format` is a name that babl reads, the same whatever profile the image has."""
    assert facts["formats"] == {
        "rgb": "R'G'B' u8",
        "rgba": "R'G'B'A u8",
        "gray": "Y' u8",
        "graya": "Y'A u16",
        "linear": "RGBA float",
        "perceptual": "R~G~B~A u8",
        "adobe": "R'G'B'A u16",
    }


def test_outside_of_a_drawable_is_nothing(facts: Facts) -> None:
    """Reading beyond the edge gives zeros there."""
    assert facts["outside_is_zero"] == [0] * 12 + [255] * 4


def test_writing_outside_or_too_little_is_refused(facts: Facts) -> None:
    """Such a write raises ValueError and changes nothing."""
    told, unchanged = facts["writing_outside"]

    assert len(told) == 3
    assert "not inside" in told[0]
    assert told[1] == "8 bytes are needed, 7 given"
    assert unchanged


def test_an_unknown_format_is_named(facts: Facts) -> None:
    """A format that babl does not know raises before babl could end the process."""
    assert facts["unknown_format"] == "babl knows no pixel format 'no such format'"


def test_8_bit_values_keep_their_meaning_in_other_formats(facts: Facts) -> None:
    """8-bit sRGB written into a 16-bit layer reads as the same colour in 16 bits and in floats."""
    wide, floats = facts["other_formats"]

    assert wide == [65535, 32896, 0, 16448]
    assert floats == pytest.approx([1, 128 / 255, 0, 64 / 255], abs=1e-6)


def test_colours_beyond_srgb_are_not_clipped_in_floats(facts: Facts) -> None:
    """Adobe RGB's purest colours are floats outside of 0-1, and survive a round trip."""
    found = facts["wide_gamut"]
    green, magenta = found["floats"][:4], found["floats"][4:8]

    assert found["stored"]
    assert green == pytest.approx([-5.1468, 1, -0.5547, 1], abs=1e-3)
    assert magenta == pytest.approx([1.1582, 0, 1.0186, 1], abs=1e-3)
    assert max(found["back"]) <= 45
    assert found["u8"] == [0, 255, 0, 255]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("default", True),
        ("perceptual", True),
        ("linear", True),
        ("renamed", True),
        ("gray", True),
        ("gray linear", True),
        ("adobe", False),
        ("adobe linear", False),
        ("linear bytes", False),
        ("gray lab", False),
    ],
)
def test_is_srgb_looks_at_the_colours_and_not_at_the_name(
    facts: Facts, case: str, expected: bool
) -> None:
    """sRGB counts under any name and in linear light; other profiles do not, nor linear bytes."""
    assert facts["is_srgb"][case] is expected


def test_24_megapixels_are_read_and_written_at_once(facts: Facts) -> None:
    """6000x4000 pixels go out and in completely, within seconds."""
    size, white, corner, floats, read, written = facts["large"]

    assert [size, white, corner] == [96_000_000, 96_000_000, [0, 0, 0, 0]]
    assert floats == 4 * size
    assert read + written < 20  # 1 s on an idle machine


def test_layers_and_masks_are_filled_before_they_are_inserted(facts: Facts) -> None:
    """What was written into a free layer and a free mask is there afterwards."""
    assert facts["unattached"] == ["12345678", True]


@pytest.mark.parametrize("precision", ["150", "600"])
def test_pixels_of_gimp_2_are_bytes_in_every_precision(facts: Facts, precision: str) -> None:
    """get_pixel, set_pixel and regions are gamma-encoded bytes, written at the flush."""
    found = facts["pixels_of_gimp_2"][precision]
    point, of_region, before, after, beside, bpp = found

    assert point == of_region == [200, 100, 50, 255]
    assert [before, after, beside] == [[255] * 4, [10, 20, 30, 255], [255] * 4]
    assert bpp == 4


def test_grey_layers_and_masks_have_pixels_too(facts: Facts) -> None:
    """A grey pixel has two components with alpha, a mask's has one that is not gamma-encoded."""
    assert facts["gray_and_masks"] == [[77, 200], [99], 99]


def test_indexed_pixels_are_places_in_the_palette(facts: Facts) -> None:
    """get_pixel and regions give the palette's index; a named format gives the colour."""
    assert facts["indexed"] == [True, [0], "0000", [255, 255, 255]]


def test_what_was_closed_says_so(facts: Facts) -> None:
    """Using an image that was closed, or a layer of it, raises with that sentence."""
    told = facts["closed_image"]

    assert len(told) == 4
    assert all(sentence.endswith("no longer exists") for sentence in told)
