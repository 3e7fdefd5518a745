"""What a model left alone: the source's own values, in every depth and gamut, sent at any size.

A model that returns what it was sent, on all photographs and shapes in turn. Wide gamuts are what
GIMP hands over for them: floats in sRGB's encoding, below 0 and above 1 where sRGB ends.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from bench import metrics, shapes
from bench.roundtrip.cases import photograph
from bench.roundtrip.edits import edited, limited, opaque
from bench.roundtrip.goals import Mark
from PIL import Image
from skimage.color import deltaE_ciede2000, xyz2lab
from tests.drift.providers import Identity

from overpaint.picture import Source
from overpaint.recipe import Oversize

__all__ = ["exact"]

Colours = npt.NDArray[np.floating]

PIXELS = 120_000
SENT = {
    "as it is": (10**9, Oversize.AUTO),
    "tiles": (16_384, Oversize.TILES),
    "fitted": (30_000, Oversize.FIT),
}
"""How large a picture the model takes, of PIXELS, and what is done about it."""
SRGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
ADOBE = np.array(
    [[0.5767309, 0.1855540, 0.1881852], [0.2973769, 0.6273491, 0.0752741],
     [0.0270343, 0.0706872, 0.9911085]]
)  # fmt: skip
BT2020 = np.array(
    [[0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017],
     [0.0000000, 0.0280727, 1.0609851]]
)  # fmt: skip
"""Linear RGB to XYZ under D65 (Lindbloom; ITU-R BT.2020)."""


def exact(names: tuple[str, ...]) -> tuple[list[str], list[Mark]]:
    """Return the table as lines, and how each goal fared."""
    head = f"{'source':22}{'sent':>10}{'CIEDE2000 mean':>16}{'max':>8}{'most off':>12}"
    what = "shapes in turn, measured over the whole patch"
    lines = [
        "",
        f"A model that changes nothing: {len(names)} photographs, {what}.",
        f"{head}{'over Lanczos':>14}  goals",
    ]
    everything: list[Mark] = []
    for kind, make in KINDS.items():
        for sent in SENT:
            marks, cells = _line(names, kind, make, sent)
            told = "; ".join(("ok " if mark.good else "FAIL ") + mark.text for mark in marks)
            lines.append(f"{kind:22}{sent:>10}{cells}  {told}")
            everything += marks
    return lines, everything


def _line(
    names: tuple[str, ...], kind: str, make: Callable[[npt.NDArray[np.uint8]], Colours], sent: str
) -> tuple[list[Mark], str]:
    means, most, steps, gains, coloured = [], [], [], [], 0.0
    for number, name in enumerate(names):
        source = _source(make(photograph(name, PIXELS)), number)
        pixels, oversize = SENT[sent]
        patch = edited(source, limited(Identity(), pixels), oversize)
        before, after = (p[..., :3].astype(np.float64) for p in (source.pixels, patch.pixels))
        off = np.abs(after - before).max()
        steps.append(off if kind == "8-bit" else off * 65535)
        scale = 255 if kind == "8-bit" else 1
        difference = deltaE_ciede2000(_lab(before / scale), _lab(after / scale))
        means.append(difference.mean())
        most.append(difference.max())
        coloured = max(coloured, float(np.ptp(after, axis=2).max()))
        if kind == "8-bit" and sent == "fitted":
            gains.append(_over_plain(source, patch.pixels))
    unit = "/255" if kind == "8-bit" else "/65535"
    cells = f"{np.mean(means):16.4f}{max(most):8.4f}{f'{max(steps):.2f}{unit}':>12}"
    cells += f"{f'+{min(gains):.1f} dB':>14}" if gains else f"{'':14}"
    return list(_marks(kind, sent, means, most, steps, gains, coloured)), cells


def _marks(
    kind: str,
    sent: str,
    means: list[float],
    most: list[float],
    steps: list[float],
    gains: list[float],
    coloured: float,
) -> Iterator[Mark]:
    yield Mark("CIEDE2000 <= 0.3, max <= 2", max(means) <= 0.3 and max(most) <= 2)
    if sent != "fitted":
        text, least = ("bit for bit", 0.0) if kind == "8-bit" else ("within 1/65535", 1.0)
        yield Mark(text, max(steps) <= least)
    if gains:
        yield Mark("not below one Lanczos down and up", min(gains) >= 0)
    if kind.startswith("grey"):
        yield Mark("grey stays grey", coloured == 0)


def _source(colours: Colours, number: int) -> Source:
    height, width = colours.shape[:2]
    shape = shapes.SHAPES[number % len(shapes.SHAPES)]
    return Source(opaque(colours), shapes.selection(shape, width, height, number))


def _over_plain(source: Source, patch: np.ndarray) -> float:
    """By how many dB a fitted patch is better inside than one Lanczos down and up."""
    height, width = source.selection.shape
    factor = (SENT["fitted"][0] / (height * width)) ** 0.5
    truth = np.ascontiguousarray(source.pixels[..., :3])
    small = Image.fromarray(truth).resize(
        (round(width * factor), round(height * factor)), Image.Resampling.LANCZOS
    )
    plain = np.asarray(small.resize((width, height), Image.Resampling.LANCZOS))
    inside = source.selection > 0
    best = min(99.0, metrics.psnr(np.ascontiguousarray(patch[..., :3]), truth, inside))
    return best - metrics.psnr(plain, truth, inside)


def _decoded(encoded: Colours) -> Colours:
    size = np.abs(encoded)
    linear = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.copysign(linear, encoded)


def _encoded(linear: Colours) -> Colours:
    size = np.abs(linear)
    high = 1.055 * np.maximum(size, 0.0031308) ** (1 / 2.4) - 0.055
    return np.copysign(np.where(size <= 0.0031308, 12.92 * size, high), linear)


def _lab(encoded: Colours) -> Colours:
    lab: Colours = xyz2lab(np.maximum(_decoded(encoded) @ SRGB.T, 0))
    return lab


def _sixteen(photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The photograph in 16 bits: noise fills the steps between its 8."""
    rng = np.random.default_rng(0)
    fine = photo + rng.uniform(-0.5, 0.5, photo.shape)
    return np.rint(np.clip(fine, 0, 255) * 257) / 65535


def _in(primaries: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.uint8]], Colours]:
    """Take the photograph's numbers for those of other primaries: as saturated as these allow."""

    def make(photo: npt.NDArray[np.uint8]) -> Colours:
        across = np.linalg.inv(SRGB) @ primaries
        return _encoded(_decoded(_sixteen(photo)) @ across.T).astype(np.float32)

    return make


def _bright(photo: npt.NDArray[np.uint8]) -> Colours:
    return _encoded(_decoded(_sixteen(photo)) * 4).astype(np.float32)


def _grey(photo: npt.NDArray[np.uint8]) -> Colours:
    return np.repeat(_sixteen(photo)[..., 1:2], 3, axis=2).astype(np.float32)


KINDS: dict[str, Callable[[npt.NDArray[np.uint8]], Colours]] = {
    "8-bit": lambda photo: photo,
    "16-bit": lambda photo: _sixteen(photo).astype(np.float32),
    "16-bit Adobe RGB": _in(ADOBE),
    "16-bit BT.2020": _in(BT2020),
    "float, up to 4 x white": _bright,
    "grey, 16-bit": _grey,
}
