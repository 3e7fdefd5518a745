"""Who made a picture is in the files that show it, in words that other programs read."""

from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from overpaint import app, files, provenance, settings
from overpaint.geometry import Box
from overpaint.picture import Patch
from overpaint.recipe import Edit, Recipe

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RECIPE = Recipe(edit=Edit.INPAINT, prompt="a secret wish", provider="gemini", seed=1)


def declared(packet: str) -> dict[str, str]:
    """What an XMP packet says of IPTC's."""
    (description,) = ET.fromstring(packet.strip("\0")).iter(f"{RDF}Description")
    found = dict(description.items())
    return {name.removeprefix(IPTC): v for name, v in found.items() if name.startswith(IPTC)}


def saved(path: Path, dtype: type, xmp: bytes) -> bytes:
    full = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    document = files.Document(np.full((8, 9, 3), full, dtype))
    mask = np.full((4, 4), 255, np.uint8)
    patch = Patch(Box(1, 1, 4, 4), np.full((4, 4, 4), 255, np.uint8), mask)
    if dtype is not np.uint8:
        patch = Patch(Box(1, 1, 4, 4), np.ones((4, 4, 4), np.float32), mask)
    (written,) = files.save(path, document, [files.Result(patch, RECIPE, xmp)])
    return written.read_bytes()


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("a.png", np.uint8),
        ("a.png", np.uint16),
        ("a.tif", np.uint8),
        ("a.tif", np.uint16),
        ("a.tif", np.float32),
    ],
)
def test_a_file_says_what_a_model_has_made(tmp_path: Path, name: str, dtype: type) -> None:
    """In XMP, where programs look for it; the prompt is nobody's business."""
    made = app.provenance_of(RECIPE)
    data = saved(tmp_path / name, dtype, made.xmp())
    if name.endswith("png") or dtype is np.uint8:
        picture = Image.open(BytesIO(data))
        packet = picture.info.get("XML:com.adobe.xmp") or picture.getexif()[700]
    else:  # which Pillow cannot open
        packet = data[data.index(b"<?xpacket") : data.index(b'end="w"?>') + 9]
    text = packet.decode() if isinstance(packet, bytes) else packet

    told = declared(text)
    assert told["DigitalSourceType"] == provenance.COMPOSITE
    assert told["AISystemUsed"] == made.system == "Google Gemini"
    assert told["AISystemVersionUsed"] == made.model != ""
    assert "secret" not in text


def test_what_no_model_has_made_is_not_said_to_be(tmp_path: Path) -> None:
    """The built-in engine edits by rules; the layer says who, files say nothing."""
    made = app.provenance_of(Recipe(edit=Edit.REMOVE, seed=1))
    assert made.to_dict()["system"]
    assert made.xmp() == b""
    assert b"adobe" not in saved(tmp_path / "a.png", np.uint8, made.xmp())


def test_a_picture_from_nothing_is_wholly_the_models() -> None:
    """Other words than for a part of a photograph."""
    made = app.provenance_of(Recipe(edit=Edit.GENERATE, prompt="x", provider="openai", seed=1))
    assert declared(made.xmp().decode())["DigitalSourceType"] == provenance.GENERATED


def test_what_was_paid_for_comes_out_whatever_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Settings that cannot be read by now keep nothing from being placed: the name is told."""
    (tmp_path / "settings.toml").write_text("this is = = not TOML")
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path))
    made = app.provenance_of(RECIPE)
    assert made.system == "gemini"
    assert made.source_type == provenance.COMPOSITE


def test_the_address_of_a_gateway_is_not_told() -> None:
    """It may be a private one, and what is exported with a picture is for everybody."""
    there = settings.ProviderSettings(base_url="https://10.1.2.3/v1")
    settings.save(settings.Settings(providers={"gateway": there}))
    made = app.provenance_of(Recipe(edit=Edit.INPAINT, prompt="x", provider="gateway", seed=1))
    assert made.system == "gateway"
    assert "10.1.2.3" not in made.xmp().decode()
