"""One edit through the core, with the embedded engine and with providers that misbehave."""

import json
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import anyio
import numpy as np
import pytest

from overpaint import app, runner
from overpaint.errors import (
    EditUnsupported,
    ProviderFailed,
    ProviderUnknown,
    SelectionEmpty,
    SelectionMismatch,
)
from overpaint.geometry import Box, Extent
from overpaint.picture import Patch, Source
from overpaint.providers.base import Candidate, Capabilities, Event, Job, Notice, Progress, Provider
from overpaint.recipe import Edit, Recipe
from overpaint.wire.frames import MAX_HEADER

SIZE = Extent(80, 60)
REMOVE = Recipe(edit=Edit.REMOVE, seed=3)


def picture() -> np.ndarray:
    y, x = np.mgrid[: SIZE.height, : SIZE.width]
    stripes = np.stack([x * 3 % 256, y * 4 % 256, (x + y) * 2 % 256], axis=2).astype(np.uint8)
    return np.dstack([stripes, np.full(stripes.shape[:2], 255, np.uint8)])


def selection() -> np.ndarray:
    mask = np.zeros((SIZE.height, SIZE.width), np.uint8)
    mask[20:35, 30:50] = 255
    mask[20, 30:50] = 90
    return mask


def edit(recipe: Recipe, source: Source, provider: Provider | None = None) -> list[runner.Event]:
    async def collect() -> list[runner.Event]:
        region = Box(5, 7, source.extent.width, source.extent.height)
        running = (
            runner.run(recipe, region, source, provider)
            if provider
            else app.run(recipe, region, source)
        )
        async with running as events:
            return [event async for event in events]

    return anyio.run(collect)


def only_patch(events: list[runner.Event]) -> Patch:
    (patch,) = (event.patch for event in events if isinstance(event, runner.Made))
    return patch


class Scripted:
    """A provider that does what it is told."""

    name = "scripted"
    title = "Scripted"
    capabilities = Capabilities(
        edits=frozenset({Edit.REMOVE}),
        reads_prompt=False,
        copies_pixels=True,
        needs_network=False,
        needs_key=False,
    )

    def __init__(self, *events: Event | Exception) -> None:
        self.events = events
        self.job: Job | None = None
        self.closed = False

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        self.job = job
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.closed = True


def test_removing_fills_the_selection_and_nothing_else() -> None:
    """The patch differs from the source only where the mask is not 0, and it does differ."""
    before = picture()

    patch = only_patch(edit(REMOVE, Source(before, selection())))

    changed = (patch.pixels != before).any(axis=2)
    assert changed.any()
    assert not changed[selection() == 0].any()
    assert np.array_equal(selection(), patch.mask)
    assert Box(5, 7, SIZE.width, SIZE.height) == patch.region


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    """A seed makes an edit repeatable."""
    noisy = picture()
    noisy[..., :3] ^= np.random.default_rng(1).integers(0, 64, (*noisy.shape[:2], 3), np.uint8)
    source = Source(noisy, selection())

    first, again, other = (
        only_patch(edit(Recipe(edit=Edit.REMOVE, seed=seed), source)).pixels for seed in (1, 1, 2)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_deep_pictures_give_deep_patches() -> None:
    """A float source gives a float patch whose untouched pixels are its own."""
    before = (picture() / np.float32(255)).astype(np.float32)
    before[5, 5, :3] = 3.7

    patch = only_patch(edit(REMOVE, Source(before, selection())))

    assert patch.pixels.dtype == np.float32
    untouched = selection() == 0
    assert np.array_equal(patch.pixels[untouched], before[untouched])


def test_growing_and_feathering_reach_the_patch() -> None:
    """The patch's mask is the selection after grow and feather."""
    recipe = Recipe(edit=Edit.REMOVE, seed=3, grow=4, feather=3)

    patch = only_patch(edit(recipe, Source(picture(), selection())))

    assert (patch.mask >= selection()).sum() > (selection() > 0).sum()
    assert patch.mask[16, 40] > 0


def test_a_prompt_is_not_swallowed_silently() -> None:
    """The embedded engine says that it cannot read prompts."""
    recipe = Recipe(edit=Edit.INPAINT, prompt="a red boat", seed=1)

    events = edit(recipe, Source(picture(), selection()))

    assert any("prompt" in event.sentence for event in events if isinstance(event, Notice))


def test_selecting_everything_still_gives_a_patch_and_says_so() -> None:
    """With nothing to copy from, the selection gets its average colour, and a notice tells."""
    everything = np.full((SIZE.height, SIZE.width), 255, np.uint8)

    events = edit(REMOVE, Source(picture(), everything))

    assert len(np.unique(only_patch(events).pixels.reshape(-1, 4), axis=0)) == 1
    assert any(
        "surround" in e.sentence or "around" in e.sentence for e in events if isinstance(e, Notice)
    )


def test_seconds_are_told_for_each_phase() -> None:
    """The last event says where the time went."""
    last = edit(REMOVE, Source(picture(), selection()))[-1]

    assert isinstance(last, runner.Finished)
    assert {"prepare", "provider", "composite"} == set(last.seconds)
    assert all(seconds >= 0 for seconds in last.seconds.values())


def test_a_provider_gets_what_it_may_see() -> None:
    """A provider's job holds 8-bit colours, the mask and where pixels are visible."""
    provider = Scripted(Candidate(picture()[..., :3].copy()))
    transparent = picture()
    transparent[0, 0, 3] = 0

    edit(REMOVE, Source(transparent, selection()), provider)

    assert provider.job is not None
    assert provider.job.pixels.dtype == np.uint8
    assert not provider.job.visible[0, 0]
    assert np.array_equal(selection(), provider.job.mask)


def test_progress_and_notices_pass_through_in_order() -> None:
    """What a provider tells reaches the caller as it was told."""
    told = [Progress(0.5, "half"), Notice("mind"), Progress(None, "on")]

    events = edit(
        REMOVE,
        Source(picture(), selection()),
        Scripted(*told, Candidate(picture()[..., :3].copy())),
    )

    assert told == events[:3]


def test_a_provider_without_a_picture_is_an_error() -> None:
    """A run that ends without a candidate is a failure, never silence."""
    with pytest.raises(ProviderFailed, match="no picture"):
        edit(REMOVE, Source(picture(), selection()), Scripted(Progress(1.0, "done")))


def test_a_provider_is_closed_when_its_run_is_abandoned() -> None:
    """Whoever stops listening cancels the provider."""
    provider = Scripted(Progress(0.1, ""), Progress(0.2, ""))

    async def abandon() -> None:
        async with runner.run(REMOVE, SIZE.box, Source(picture(), selection()), provider) as events:
            await anext(events)

    anyio.run(abandon)

    assert provider.closed


def test_an_edit_that_a_provider_cannot_make_is_refused() -> None:
    """The provider's capabilities are asked before it is run."""
    provider = Scripted()

    with pytest.raises(EditUnsupported):
        edit(Recipe(edit=Edit.INPAINT, seed=1), Source(picture(), selection()), provider)
    assert provider.job is None


def test_nothing_selected_is_an_error() -> None:
    """An empty selection is refused with what to do."""
    with pytest.raises(SelectionEmpty):
        edit(REMOVE, Source(picture(), np.zeros_like(selection())))


def test_an_unknown_provider_is_named_before_anything_is_read() -> None:
    """The plan already refuses a provider that does not exist, and names those that do."""
    with pytest.raises(ProviderUnknown, match="embedded"):
        app.plan(Recipe(edit=Edit.REMOVE, provider="nobody"), Box(0, 0, 1, 1), SIZE)


def test_planes_of_other_sizes_are_refused() -> None:
    """A selection that does not fit its picture is an error, not a crash."""
    with pytest.raises(SelectionMismatch):
        Source(picture(), np.zeros((3, 3), np.uint8))


def test_providers_are_listed_with_the_default_first() -> None:
    """The embedded engine is there, first, and needs neither key nor network."""
    first = app.providers()[0]

    assert first.name == Recipe(edit=Edit.REMOVE).provider == "embedded"
    assert not first.capabilities.needs_key
    assert not first.capabilities.needs_network


@pytest.mark.parametrize("deep", [False, True])
def test_what_the_engine_made_in_a_window_can_be_placed_later(deep: bool) -> None:
    """Two candidates of the engine are in the history, and come out of it as they were, to the
    byte; where nothing had to be chosen, they are in the image and nowhere else.
    """
    before = picture() / np.float32(200) if deep else picture()
    recipe = Recipe(edit=Edit.INPAINT, prompt="a boat", seed=3, count=2, grow=2, feather=2)

    made = kept(recipe, Source(before, selection()), keep_free=True)
    kept(recipe, Source(before, selection()), keep_free=False)

    (run,) = app.past_runs(10, "boat")
    placed = app.place(run["id"])
    assert (run["state"], run["provider"], run["document"]) == ("done", "embedded", "house.xcf")
    assert sorted(made) == [each.number for each in placed] == [0, 1]
    for each in placed:
        assert each.recipe == made[each.number].recipe
        assert each.patch.region == made[each.number].patch.region
        assert np.array_equal(each.patch.mask, made[each.number].patch.mask)
        assert np.array_equal(each.patch.pixels, made[each.number].patch.pixels)


def test_the_engine_works_where_no_history_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What costs nothing needs no journal."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("OVERPAINT_DATA", str(tmp_path / "file"))

    assert kept(REMOVE, Source(picture(), selection()), keep_free=True)


def kept(recipe: Recipe, source: Source, *, keep_free: bool) -> dict[int, runner.Made]:
    async def collect() -> list[runner.Event]:
        region = Box(5, 7, source.extent.width, source.extent.height)
        running = app.run(
            recipe,
            region,
            source,
            canvas=Extent(200, 200),
            document="house.xcf",
            keep_free=keep_free,
        )
        async with running as events:
            return [event async for event in events]

    made = [event for event in anyio.run(collect) if isinstance(event, runner.Made)]
    return {each.number: each for each in made}


def test_many_long_prompts_still_fit_into_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is offered of earlier prompts is bounded, in any script; the latest come first."""
    wishes = [SimpleNamespace(wish=f"{number} " + "ש" * 3900) for number in range(150)]
    journal = SimpleNamespace(runs=lambda _count: wishes)
    monkeypatch.setattr("overpaint.history.Journal.open", lambda: nullcontext(journal))

    told = app.facts()

    assert told["prompts"][0] == wishes[0].wish
    assert len(json.dumps(told)) < MAX_HEADER
