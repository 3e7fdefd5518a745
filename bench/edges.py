"""What colours hidden under transparency do to the edges of a cut-out in a style.

    python -m bench.edges

Photographs are cut out, with an edge of leaves and a round one; the cut-out gets the style, and is
compared with the whole photograph in that style, within 12 pixels of the edge: the mean absolute
difference in levels of 255. Ours fills what is hidden with the nearest colours that show, however
it was stored; beside it the same cut-out flattened on black, white and its mean colour, and filled
by push and pull, from coarse to fine. With the statistics of the cut-out itself, and with those
of the whole photograph, as for a layer.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
from bench import photos

from overpaint import styles
from overpaint.engine.style import painting, weights
from overpaint.engine.style.steps import finished
from overpaint.geometry import Extent
from overpaint.hidden import painted_over
from overpaint.look import Look

Rgb = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

PIXELS = 250_000
NAMES = ("astronaut", "building", "china", "squirrel", "flower", "fruits", "dune", "footballer")
STYLES = ("great-wave", "starry-night", "cassatt", "impressionist")
EDGE = 12
SEED = 4
FLOOR = {"white": (42, 57), "black": (20, 33), "push-pull": (19, 28)}
"""What earlier trials found, for the same measure on other photographs."""


def main() -> None:
    off: dict[str, list[tuple[float, float]]] = {}
    for photo in photos.named(*NAMES):
        picture = photos.load(photo, PIXELS)
        for shows in cut_outs(picture):
            near = shows & (cv2.distanceTransform(shows.view(np.uint8), cv2.DIST_L2, 5) <= EDGE)
            fills = filled(picture, shows)
            for name in STYLES:
                manner = manner_of(name)
                whole, moments = styled(picture, manner, None)
                for fill, source in fills.items():
                    own, _ = styled(source, manner, None)
                    shared, _ = styled(source, manner, moments)
                    apart = tuple(
                        float(np.abs(made.astype(np.int16) - whole)[near].mean())
                        for made in (own, shared)
                    )
                    off.setdefault(fill, []).append((apart[0], apart[1]))
    means = {fill: np.mean(found, axis=0) for fill, found in off.items()}
    print(f"{'hidden colours':16}{'own':>8}{'to ours':>9}{'shared':>9}{'to ours':>9}   earlier")
    for fill, (own, shared) in means.items():
        ratios = own / means["ours"][0], shared / means["ours"][1]
        earlier = "{}-{}".format(*FLOOR[fill]) if fill in FLOOR else ""
        print(f"{fill:16}{own:8.1f}{ratios[0]:9.2f}{shared:9.1f}{ratios[1]:9.2f}   {earlier}")


def cut_outs(picture: Rgb) -> Iterator[Flags]:
    """Yield what shows: an ellipse, and a shape with a rough edge."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    round_ = ((x - width / 2) / (0.34 * width)) ** 2 + ((y - height / 2) / (0.36 * height)) ** 2
    yield round_ < 1
    noise = np.random.default_rng(2).normal(0, 1, (height, width)).astype(np.float32)
    rough = cv2.GaussianBlur(noise, (0, 0), 9)
    yield round_ + 0.25 * rough / rough.std() < 1


def filled(picture: Rgb, shows: Flags) -> dict[str, Rgb]:
    """Return *picture* with other colours where it does not show, by what they are."""

    def flat(colour: npt.NDArray[np.floating] | float) -> Rgb:
        made = picture.copy()
        made[~shows] = colour
        return made

    return {
        "ours": painted_over(picture, shows),
        "push-pull": push_pull(picture, shows),
        "mean": flat(picture[shows].mean(axis=0)),
        "black": flat(0),
        "white": flat(255),
    }


def push_pull(picture: Rgb, shows: Flags) -> Rgb:
    """Return *picture* with hidden colours from means over ever larger squares."""
    colours = picture.astype(np.float32) * shows[..., None]
    weight = shows.astype(np.float32)
    if min(shows.shape) > 1 and not shows.all():
        height, width = shows.shape
        half = ((width + 1) // 2, (height + 1) // 2)
        small = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
        mean = cv2.resize(colours, half, interpolation=cv2.INTER_AREA)
        known = small > 0
        mean = mean / np.maximum(small, 1e-6)[..., None]
        below = push_pull(np.clip(np.rint(mean), 0, 255).astype(np.uint8), known)
        wide = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.where(shows[..., None], picture, wide).astype(np.uint8)
    return picture


def manner_of(name: str) -> painting.Manner:
    named = styles.get(name)
    return painting.Manner(
        vector=weights.styles()[named.vector],
        share=named.network,
        brushes=painting.BRUSHES[named.brush] if named.brush else None,
        flow=named.flow,
        keeps_colours=named.keeps_colours,
        keeps_light=named.keeps_light,
    )


def styled(picture: Rgb, manner: painting.Manner, moments: object) -> tuple[Rgb, object]:
    """Return *picture* in a style, and its moments: *moments*, or its own."""
    extent = Extent(picture.shape[1], picture.shape[0])
    if moments is None:
        moments = finished(painting.moments_of(picture, manner, 1.0, SEED))
    made = finished(painting.paint(picture, manner, Look(), SEED, extent, moments))
    return made, moments


if __name__ == "__main__":
    main()
