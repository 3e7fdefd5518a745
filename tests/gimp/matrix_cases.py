"""The documents on which an edit must hold, as plain data: what to build, select and expect."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["GOOD", "REFUSED", "Case"]

WIDTH, HEIGHT = 400, 300


@dataclass(frozen=True)
class Case:
    """One document and one command on it; *refused* is part of the message that must come."""

    name: str
    base: str = "RGB"
    precision: str = "U8_NON_LINEAR"
    alpha: bool = False
    profile: str = ""
    canvas: tuple[int, int] = (WIDTH, HEIGHT)
    layer: tuple[int, int, int, int] | None = None
    grouped: bool = False
    masked: bool = False
    holes: bool = False
    select: list[list[Any]] = field(default_factory=lambda: [["ellipse", 150, 100, 90, 70]])
    feather: int = 0
    active: str = "layer"
    procedure: str = "plug-in-overpaint-remove"
    arguments: dict[str, Any] = field(default_factory=dict)
    refused: str = ""

    def data(self) -> dict[str, Any]:
        return asdict(self)


def kinds() -> list[Case]:
    """Each kind of picture: grey and colour, alpha, depth, profile."""
    cases = []
    for base in ("RGB", "GRAY"):
        for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR"):
            for alpha in (False, True):
                name = f"{base}-{precision}-{'alpha' if alpha else 'opaque'}".lower()
                cases.append(Case(name, base=base, precision=precision, alpha=alpha, feather=6))
    return cases + [
        Case(f"adobe-rgb-{precision}".lower(), precision=precision, profile="adobe")
        for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR")
    ]


GOOD = [
    *kinds(),
    Case("u8-linear", precision="U8_LINEAR", feather=6),
    Case("layer-offset", layer=(60, 40, WIDTH, HEIGHT), feather=4),
    Case("layer-smaller", layer=(120, 80, 150, 130), alpha=True),
    Case("layer-larger", layer=(-50, -60, WIDTH + 140, HEIGHT + 150)),
    Case("selection-beyond-layer", layer=(0, 0, 190, HEIGHT)),
    Case("in-group", grouped=True, feather=3),
    Case("own-mask", masked=True, alpha=True),
    Case("holes", holes=True, alpha=True),
    Case("left-border", select=[["rectangle", 0, 90, 60, 80]]),
    Case("top-border", select=[["rectangle", 150, 0, 90, 50]]),
    Case("right-border", select=[["rectangle", 340, 90, 60, 80]]),
    Case("bottom-border", select=[["rectangle", 150, 250, 90, 50]]),
    Case("one-pixel", select=[["rectangle", 300, 220, 1, 1]]),
    Case("corner-pixel", select=[["rectangle", 399, 299, 1, 1]]),
    Case("whole-image", select=[["all"]]),
    Case("whole-image-feathered", select=[["rectangle", 0, 0, WIDTH, HEIGHT]], feather=50),
    Case(
        "with-a-hole",
        select=[["rectangle", 120, 80, 160, 140], ["cut", 180, 130, 40, 40]],
    ),
    Case(
        "two-far-pieces",
        select=[["rectangle", 10, 10, 30, 30], ["rectangle", 350, 250, 30, 30]],
    ),
    Case("feathered-50", feather=50),
    Case("large", canvas=(6000, 4000), select=[["ellipse", 3000, 2000, 300, 240]], feather=12),
    Case(
        "inpaint-with-prompt",
        procedure="plug-in-overpaint-inpaint",
        arguments={"prompt": "a small red boat", "seed": 4},
    ),
    Case(
        "style-of-holes",
        holes=True,
        alpha=True,
        procedure="plug-in-overpaint-style",
        arguments={"named_style": "oil", "seed": 4},
    ),
    Case("grown", arguments={"grow": 5, "feather": 4, "context": 40}),
]

REFUSED = [
    Case("indexed", base="INDEXED", refused="indexed"),
    Case("nothing-selected", select=[], refused="Nothing is selected"),
    Case("selection-outside-layer", layer=(10, 10, 60, 50), refused="outside the layer"),
    Case("locked", active="locked", refused="locked"),
    Case("invisible", active="invisible", refused="not visible"),
    Case("invisible-group", active="invisible-parent", grouped=True, refused="not visible"),
    Case("group-active", active="group", grouped=True, refused="layer group"),
    Case("channel-active", active="channel", refused="channel"),
    Case("layer-mask-active", active="mask", masked=True, alpha=True, refused="mask"),
    Case("two-layers-active", active="two", refused="one layer"),
]
