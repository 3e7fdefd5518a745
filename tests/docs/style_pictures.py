"""Makes the small pictures in the list of styles anew: `python -m tests.docs.style_pictures`.

Each is the same photograph in that style, by the built-in engine: Chelsea the cat, by Stéfan van
der Walt, in the public domain (CC0), from scikit-image.
"""

from importlib import metadata
from pathlib import Path

import anyio
import numpy as np
from PIL import Image

from overpaint import app, styles
from overpaint.geometry import Extent
from overpaint.look import Look
from overpaint.picture import Source
from overpaint.recipe import Edit, Recipe
from overpaint.runner import Made

FOLDER = Path(__file__).parents[2] / "plugin" / "overpaint-gimp" / "styles"
PHOTO = "skimage/data/chelsea.png"
FACE = (75, 0, 375, 300)
MADE_AT, SIDE = 192, 96
"""Pixels: strokes of a picture that is made larger than it is shown are fine enough."""


def photo() -> Image.Image:
    with Image.open(str(metadata.distribution("scikit-image").locate_file(PHOTO))) as picture:
        face = picture.convert("RGB").crop(FACE)
    return face.resize((MADE_AT, MADE_AT), Image.Resampling.LANCZOS)


async def styled(picture: Image.Image, style: str) -> Image.Image:
    size = Extent(*picture.size)
    pixels = np.asarray(picture.convert("RGBA"))
    everything = np.full((size.height, size.width), 255, np.uint8)
    recipe = Recipe(edit=Edit.STYLE, provider="embedded", seed=1, look=Look(style=style))
    async with app.run(recipe, size.box, Source(pixels, everything)) as events:
        (made,) = [event.patch.pixels async for event in events if isinstance(event, Made)]
    return Image.fromarray(made[..., :3])


def small(made: Image.Image) -> Image.Image:
    return made.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    picture = photo()
    for style in styles.load():
        made = small(anyio.run(styled, picture, style))
        made.save(FOLDER / f"{style}.jpg", quality=88, optimize=True)
        print(style)


if __name__ == "__main__":
    main()
