"""Objects removed from photographs under soft selections, for people to look at.

python -m bench.objects         writes out/bench/objects.png
"""

import numpy as np
import numpy.typing as npt
from bench import engines, photos, sheet
from bench.fill import OUT, PIXELS, SEEDS

from overpaint.mask import Mask, feather

OBJECTS = {
    # photograph: the middle and the half axes of an ellipse, in shares of width and height
    "squirrel": (0.40, 0.53, 0.24, 0.44),
    "footballer": (0.48, 0.55, 0.44, 0.42),
    "rocket": (0.49, 0.60, 0.05, 0.36),
    "barrier": (0.45, 0.40, 0.27, 0.42),
    "home": (0.50, 0.46, 0.09, 0.20),
    "astronaut": (0.85, 0.28, 0.14, 0.30),
    "flower": (0.48, 0.52, 0.26, 0.42),
}
SOFT = 12

Rgb = npt.NDArray[np.uint8]


def ellipse(around: tuple[float, float, float, float], width: int, height: int) -> Mask:
    """Return a feathered elliptic selection."""
    x, y, across, down = around
    rows, columns = np.ogrid[:height, :width]
    inside = ((columns / width - x) / across) ** 2 + ((rows / height - y) / down) ** 2 < 1
    return feather(np.where(inside, 255, 0).astype(np.uint8), SOFT)


def row(photo: photos.Photo) -> list[tuple[str, Rgb]]:
    """Return the photograph, the selection, and what each engine leaves without the object."""
    picture = photos.load(photo, PIXELS)
    selection = ellipse(OBJECTS[photo.name], picture.shape[1], picture.shape[0])
    magenta = np.full_like(picture, (255, 0, 255))
    cells = [
        (photo.name, picture),
        ("selection", engines.blend(picture, magenta, selection // 2)),
        ("Overpaint", engines.remove(picture, selection, SEEDS[0])),
    ]
    for name, engine in list(engines.engines().items())[1:]:
        filled = engine(picture, selection > 0, SEEDS[0])
        cells.append((name, engines.blend(picture, filled, selection)))
    return cells


def main() -> None:
    chosen = [photo for photo in photos.available(len(photos.PHOTOS)) if photo.name in OBJECTS]
    sheet.write(OUT / "objects.png", [row(photo) for photo in chosen])
    print(f"look at {OUT}/objects.png")


if __name__ == "__main__":
    main()
