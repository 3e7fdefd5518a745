"""Styles offline: which one is meant, and what becomes of the picture."""

import hashlib
from importlib import resources
from typing import Any

import anyio
import numpy as np
import pytest

from overpaint import styles
from overpaint.cli import run
from overpaint.dialect import Role
from overpaint.engine.provider import Embedded
from overpaint.engine.style import flow, network, painting, strokes, weights
from overpaint.engine.style.steps import finished
from overpaint.errors import RecipeInvalid
from overpaint.geometry import Extent
from overpaint.look import PLAIN, Look
from overpaint.providers.base import Candidate, Job, Notice, Progress, Reference
from overpaint.recipe import Edit

WAVE = "great-wave"


def scene(width: int = 180, height: int = 140, seed: int = 3) -> np.ndarray:
    """Soft blobs with some texture, like a picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    picture = np.zeros((height, width, 3))
    for _ in range(12):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(15, 60)
        blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * r * r))
        picture += blob[..., None] * rng.uniform(30, 150, 3)
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def job(pixels: np.ndarray, **changes: Any) -> Job:
    size = pixels.shape[:2]
    values: dict[str, Any] = {
        "edit": Edit.STYLE,
        "prompt": "",
        "seed": 5,
        "pixels": pixels,
        "mask": np.full(size, 255, np.uint8),
        "visible": np.ones(size, np.bool_),
        "look": Look(style=WAVE),
        **changes,
    }
    return Job(**values)


def made(what: Job) -> tuple[np.ndarray, list[str]]:
    """The picture, and the sentences that came with it; progress never falls."""
    events: list[Any] = []

    async def collect() -> None:
        events.extend([event async for event in Embedded().run(what, None)])

    anyio.run(collect)
    shares = [each.fraction for each in events if isinstance(each, Progress)]
    assert shares == sorted(shares)
    (picture,) = [each.picture for each in events if isinstance(each, Candidate)]
    assert isinstance(picture, np.ndarray)
    return picture, [each.sentence for each in events if isinstance(each, Notice)]


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_strength_0_is_the_picture_itself_and_more_is_further_away() -> None:
    """To the bit; in between, the picture lies in between."""
    picture = scene()
    none, _ = made(job(picture, strength=0.0))
    half, _ = made(job(picture, strength=0.5))
    full, _ = made(job(picture, strength=1.0))
    assert np.array_equal(none, picture)
    assert 0 < apart(half, picture) < apart(full, picture)
    assert apart(full, picture) > 15


@pytest.mark.parametrize("name", [*styles.load(), ""])
@pytest.mark.parametrize("size", [(1, 1), (3, 500), (40, 30)])
def test_strength_0_leaves_also_what_hardly_shows(name: str, size: tuple[int, int]) -> None:
    """To the bit, in every named style and in that of a picture; a bit more leaves most of it."""
    picture = scene(*size)
    shows = np.zeros(picture.shape[:2], np.bool_)
    shows[0, 0] = True
    style: dict[str, Any] = {"look": Look(style=name)}
    if not name:
        style = {"look": PLAIN, "references": (Reference(scene(60, 50, 8), Role.STYLE),)}
    none, _ = made(job(picture, visible=shows, strength=0.0, **style))
    little, _ = made(job(picture, visible=shows, strength=0.02, **style))
    assert np.array_equal(none, picture)
    assert np.abs(little.astype(int) - picture).max() <= 6


@pytest.mark.slow
@pytest.mark.parametrize("unit", [0.7, 1.0, 1.37, 3.0])
@pytest.mark.parametrize("brush", ["dots", "oil"])
def test_a_part_gets_the_strokes_that_the_whole_has_there(brush: str, unit: float) -> None:
    """Wherever it is cut out; only near its border, where strokes come in, it may differ."""
    picture, (x, y) = scene(480, 360), (37, 53)
    brushes = painting.BRUSHES[brush]
    whole = finished(strokes.paint(picture, brushes, unit, 7)).colours
    part = np.ascontiguousarray(picture[y : y + 290, x : x + 400])
    own = finished(strokes.paint(part, brushes, unit, 7, (x, y))).colours
    elsewhere = finished(strokes.paint(part, brushes, unit, 7)).colours
    near = 110
    inside = (slice(y + near, y + 290 - near), slice(x + near, x + 400 - near))
    expected, within = whole[inside], (slice(near, -near), slice(near, -near))
    off = apart(expected, own[within])
    assert off < 0.2 * apart(expected, elsewhere[within])


def test_the_same_seed_makes_the_same_picture() -> None:
    """Strokes are drawn by chance, but by the seed's."""
    look = Look(style="oil")
    picture = scene()
    one, again, other = (made(job(picture, look=look, seed=s))[0] for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", list(styles.load()))
def test_every_named_style_can_be_laid_on_and_looks_its_own_way(name: str) -> None:
    """None of them leaves the picture alone."""
    picture = scene(96, 80)
    styled, notices = made(job(picture, look=Look(style=name)))
    assert styled.shape == picture.shape
    assert apart(styled, picture) > 2
    assert not notices


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (700, 3), (17, 33)])
def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    """The picture comes back at its own size."""
    width, height = size
    picture = scene(width, height)
    for name in (WAVE, "impressionist"):
        styled, _ = made(job(picture, look=Look(style=name)))
        assert styled.shape == picture.shape


def test_strips_are_as_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the work is cut up, the same picture comes out, within a rounding."""
    picture = scene(200, 260)
    vector = weights.styles()[styles.get(WAVE).vector]
    whole, _ = finished(network.run(picture, vector))
    monkeypatch.setattr(network, "STRIP", 200 * 40)
    cut, _ = finished(network.run(picture, vector))
    assert np.abs(whole.astype(int) - cut).max() <= 1


def test_what_the_network_draws_follows_the_form() -> None:
    """Grain becomes strokes along the stripes beneath; in which strips it is done does not show."""
    y, x = np.mgrid[:300, :160]
    stripes = np.repeat((127 + 90 * np.sin((x + y) / 4))[..., None], 3, 2).astype(np.uint8)
    grain = np.random.default_rng(2).integers(0, 256, stripes.shape).astype(np.uint8)
    drawn = finished(flow.along(grain, stripes, 5)).astype(float)
    along = np.abs(drawn[1:, :-1] - drawn[:-1, 1:])[20:-20, 20:-20]
    across = np.abs(drawn[1:, 1:] - drawn[:-1, :-1])[20:-20, 20:-20]
    assert along.mean() < 0.4 * across.mean()

    whole = finished(flow.along(grain, stripes, 5))
    part = finished(flow.along(grain[100:], stripes[100:], 5))
    assert apart(part[60:], whole[160:]) < 0.1


def test_renoir_leaves_light_where_it_is() -> None:
    """His look was read from a dark picture; what is bright stays so all the same."""
    picture = scene() // 2 + 100
    styled, _ = made(job(picture, look=Look(style="renoir")))
    assert abs(styled.mean() - picture.mean()) < 8


def test_parts_of_one_picture_share_one_look() -> None:
    """With the whole as anchor, halves fit together better than with each one's own measure."""
    picture = scene(240, 160)
    picture[:, 120:] //= 3
    whole, _ = made(job(picture))

    def halves(*anchor: Reference) -> float:
        parts = (np.ascontiguousarray(picture[:, :120]), np.ascontiguousarray(picture[:, 120:]))
        styled = [made(job(part, references=anchor))[0] for part in parts]
        return apart(np.hstack(styled)[:, 20:-20], whole[:, 20:-20])

    alone, anchored = halves(), halves(Reference(picture, Role.ANCHOR))
    assert anchored < alone / 2


def test_the_style_of_any_picture_can_be_taken() -> None:
    """Two pictures give two styles, and a picture goes before what the prompt says."""
    red, blue = np.full((64, 64, 3), 40, np.uint8), scene(64, 64, seed=9)
    red[..., 0] = 230
    picture = scene()
    looks = [
        made(job(picture, look=PLAIN, prompt="hokusai", references=(Reference(r, Role.STYLE),)))
        for r in (red, blue)
    ]
    assert apart(looks[0][0], looks[1][0]) > 5
    assert not looks[0][1]


def test_colours_or_light_can_be_kept() -> None:
    """With the colours kept only light changes, and the other way round."""
    import cv2

    picture = scene()

    def lab(rgb: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))

    plain, _ = made(job(picture))
    coloured, _ = made(job(picture, look=Look(style=WAVE, keep_colours=True)))
    lit, _ = made(job(picture, look=Look(style=WAVE, keep_light=True)))
    hue = lambda p: apart(lab(p)[..., 1:], lab(picture)[..., 1:])  # noqa: E731
    soft = lambda p: cv2.GaussianBlur(lab(p)[..., 0], (0, 0), 6)  # noqa: E731
    light = lambda p: apart(soft(p), soft(picture))  # noqa: E731
    assert hue(coloured) < hue(plain) / 3
    assert light(lit) < light(plain) / 3
    # Strokes are light and dark as well, and stay.
    both, _ = made(job(picture, look=Look(style="impressionist", keep_light=True)))
    assert apart(both, picture) > 3


def test_what_is_hidden_does_not_show_in_the_style() -> None:
    """Whatever colour lies under what is transparent, what is visible comes out the same."""
    picture = scene()
    visible = np.ones(picture.shape[:2], np.bool_)
    visible[:, 90:] = False
    styled = []
    for hidden in (0, 255):
        painted = picture.copy()
        painted[~visible] = hidden
        styled.append(made(job(painted, visible=visible))[0][visible])
    assert np.array_equal(*styled)


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("in the style of Hokusai's Great Wave", "great-wave"),
        ("IMPRESSIONISTIC", "impressionist"),
        ("like van Gogh", "van-gogh"),
        ("starry night, please", "starry-night"),
        ("a cyborg in chrome", None),
        ("", None),
    ],
)
def test_prompts_name_styles(prompt: str, found: str | None) -> None:
    """By names, artists and techniques, in any case; and nothing is made up."""
    style = styles.match(prompt)
    assert (style and style.id) == found


@pytest.mark.parametrize("name", ["great-wave", "The Great Wave", "the great wave", "Great Wave"])
def test_a_style_is_known_by_its_id_and_its_title(name: str) -> None:
    """What lists and menus show can be typed, in any case."""
    assert styles.get(name).id == "great-wave"


def test_every_style_is_its_own() -> None:
    """No title stands for two of them."""
    assert all(styles.get(each.title) is each for each in styles.load().values())


def test_a_prompt_that_names_no_style_is_answered_honestly() -> None:
    """A sentence says which style was taken instead."""
    _, (sentence,) = made(job(scene(), look=PLAIN, prompt="cyborg in chrome"))
    assert "cyborg in chrome" in sentence
    assert styles.default().title in sentence
    with pytest.raises(RecipeInvalid, match="no style called"):
        made(job(scene(), look=Look(style="nobody")))


def test_the_weights_are_those_that_were_checked() -> None:
    """The files in the package have the checksums that stand beside them."""
    folder = resources.files("overpaint.engine.style")
    lines = (folder / "CHECKSUMS").read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_large_picture_is_drawn_smaller_and_stays_sharp() -> None:
    """Strokes suit the whole picture; the fine light and shade is the picture's own."""
    assert painting.factor_for(Extent(6000, 4000), 1.0) == pytest.approx(0.25)
    assert painting.factor_for(Extent(1000, 1000), 1.0) == 1.0
    picture = scene(400, 300)
    picture[100:200, 100:300:2] = 0
    manner = painting.Manner(vector=weights.styles()[styles.get(WAVE).vector])
    large = Extent(4000, 3000)
    drawn = finished(painting.paint(picture, manner, PLAIN, 1, large, None))
    stripes = drawn[120:180, 120:280].astype(float).mean(axis=2)
    assert np.abs(np.diff(stripes, axis=1)).mean() > 10


def test_a_picture_is_styled_from_the_command_line(tmp_path: Any) -> None:
    """Without a mask all of it; the named style is in the recipe."""
    from PIL import Image

    source, out = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(scene()).save(source)
    assert run(["style", str(source), "--style", WAVE, "--stroke", "2", "-o", str(out)]) == 0
    assert apart(np.asarray(Image.open(out).convert("RGB")), scene()) > 10
    assert run(["style", str(source), "--style", "nobody", "-o", str(out)]) != 0


def test_a_cut_out_figure_keeps_its_alpha_on_the_command_line(tmp_path: Any) -> None:
    """No background comes out of the colours that lie under what is transparent."""
    from PIL import Image

    source, out = tmp_path / "in.png", tmp_path / "out.png"
    alpha = np.zeros(scene().shape[:2], np.uint8)
    alpha[20:80, 30:90] = 255
    alpha[20:80, 30] = 128
    Image.fromarray(np.dstack([scene(), alpha])).save(source)
    assert run(["style", str(source), "--style", WAVE, "-o", str(out)]) == 0

    styled = np.asarray(Image.open(out))
    assert (styled[..., 3] == alpha).all()
    assert apart(styled[20:80, 30:90, :3], scene()[20:80, 30:90]) > 10


@pytest.mark.parametrize("corner", [(0, 0), (5, 0), (2, 3), (7, 6)])
def test_a_part_looks_the_same_wherever_it_was_cut_out(corner: tuple[int, int]) -> None:
    """The network's grid is the whole picture's: away from its edges, a part is as in the whole."""
    whole = scene(300, 260)
    x, y = corner
    part = np.ascontiguousarray(whole[y : y + 220, x : x + 240])
    anchor = (Reference(whole, Role.ANCHOR),)
    entire, _ = made(job(whole, references=anchor))
    alone, _ = made(job(part, references=anchor, corner=corner))

    assert alone.shape == part.shape
    inside = (slice(80, 140), slice(80, 160))
    wanted = entire[y : y + 220, x : x + 240]
    assert apart(alone[inside], wanted[inside]) < 1.5


@pytest.mark.parametrize("name", ["impressionist", "palette-knife", "van-gogh", "renoir"])
def test_strokes_of_a_part_are_those_of_the_whole_up_to_near_its_edges(name: str) -> None:
    """What lies beyond a layer bends few of its strokes, also in what a network makes of them."""
    whole, (x, y) = scene(300, 260), (5, 3)
    part = np.ascontiguousarray(whole[y : y + 220, x : x + 240])
    look, anchor = Look(style=name), (Reference(whole, Role.ANCHOR),)
    entire, _ = made(job(whole, references=anchor, look=look))
    alone, _ = made(job(part, references=anchor, corner=(x, y), look=look))

    wanted = entire[y : y + 220, x : x + 240]
    assert apart(alone, wanted) < 0.22 * apart(wanted, part)
    inside = (slice(80, 140), slice(80, 160))
    assert apart(alone[inside], wanted[inside]) < 0.1


@pytest.mark.parametrize("name", [WAVE, "kandinsky", "oil"])
def test_larger_strokes_are_larger_in_small_pictures_as_well(name: str) -> None:
    """Neighbours differ less, whether the network draws or brushes do."""
    picture = scene(240, 200)
    usual, large = (
        made(job(picture, look=Look(style=name, stroke=stroke)))[0].astype(float)
        for stroke in (1.0, 3.0)
    )
    assert np.abs(np.diff(large, 2, axis=1)).mean() < 0.9 * np.abs(np.diff(usual, 2, axis=1)).mean()
