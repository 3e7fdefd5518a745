"""The list of styles in GIMP has a picture of each, of what the engine makes today."""

import anyio
import numpy as np
import pytest
from PIL import Image
from tests.docs.style_pictures import FOLDER, SIDE, photo, small, styled

from overpaint import styles

LIGHT = 200_000
"""Bytes of all of them: every user of the plug-in has them."""
ALIKE = 12
"""Levels of 255 by which JPEG may blur a picture."""


def test_each_style_has_its_picture() -> None:
    """And there is none of a style that is gone."""
    files = {path.stem: path for path in FOLDER.iterdir()}

    assert set(files) == set(styles.load())
    assert sum(path.stat().st_size for path in files.values()) < LIGHT


@pytest.mark.parametrize("style", ["oil", "great-wave", "kandinsky"])
def test_a_picture_shows_what_the_style_does(style: str) -> None:
    """Made again, it is the one that is there: else run python -m tests.docs.style_pictures."""
    made = small(anyio.run(styled, photo(), style))
    with Image.open(FOLDER / f"{style}.jpg") as kept:
        assert kept.size == (SIDE, SIDE)
        differ = np.abs(np.asarray(kept, np.int16) - np.asarray(made, np.int16))

    assert differ.mean() < ALIKE
