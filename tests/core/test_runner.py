"""One run: several candidates, shots, retries, fallbacks, the record, cancelling."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import numpy as np
import pytest

from overpaint import runner
from overpaint.catalogue import Price
from overpaint.codec import encode_png
from overpaint.dialect import Role
from overpaint.errors import (
    BudgetSpent,
    Busy,
    ConnectionLost,
    ContentRefused,
    FileUnwritable,
    KeyRejected,
    OverpaintError,
    ProviderFailed,
    SelectionEmpty,
    Unreachable,
)
from overpaint.geometry import Box
from overpaint.picture import Source
from overpaint.plan import Shot
from overpaint.providers.base import (
    Candidate,
    Capabilities,
    Event,
    Job,
    Notice,
    Preview,
    Reference,
    Submitted,
    Usage,
)
from overpaint.recipe import Edit, Recipe
from overpaint.runner import Begun, Finished, Made, Retries, Seen
from overpaint.sizes import Sizes

REGION = Box(10, 20, 64, 48)
RECIPE = Recipe(edit=Edit.INPAINT, prompt="a door", provider="scripted", model="m", seed=40)
QUICK = Retries(deadline=5, first_wait=0.01, longest_wait=0.02)
MODEL = Capabilities(
    edits=frozenset(Edit),
    reads_prompt=True,
    copies_pixels=False,
    needs_network=False,
    needs_key=False,
    concurrency=4,
)


def source() -> Source:
    y, x = np.mgrid[: REGION.height, : REGION.width]
    pixels = np.stack([x * 3, y * 4, x + y, np.full_like(x, 255)], axis=2).astype(np.uint8)
    selection = np.zeros((REGION.height, REGION.width), np.uint8)
    selection[16:32, 20:40] = 255
    return Source(pixels, selection)


@dataclass
class Scripted:
    """Does for its n-th job what *acts* says, the last of them from then on."""

    acts: Sequence[Callable[[Job], Sequence[Any]]]
    capabilities: Capabilities = MODEL
    name: str = "scripted"
    title: str = "Scripted"
    jobs: list[Job] = field(default_factory=list)
    running: int = 0
    most: int = 0
    closed: int = 0

    async def run(self, job: Job, _http: object) -> AsyncGenerator[Event, None]:
        act = self.acts[min(len(self.jobs), len(self.acts) - 1)]
        self.jobs.append(job)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for event in act(job):
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, float):
                    await anyio.sleep(event)
                else:
                    yield event
        finally:
            self.running -= 1
            self.closed += 1


class Record:
    """A recorder that notes all calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def begin(self, begun: Begun) -> None:
        self.calls.append(("begin", begun.recipe.provider, len(begun.shots)))

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        self.calls.append(("submitted", number, shot, remote_id))

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        self.calls.append(("candidate", number, shot, len(data)))

    def drawn(self, number: int, shot: int, picture: np.ndarray) -> None:
        self.calls.append(("drawn", number, shot, picture.shape))

    def usage(self, number: int, usage: Usage) -> None:
        self.calls.append(("usage", number, usage.cost))

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        self.calls.append(("finish", error and error.code, cancelled))


def painted(job: Job) -> bytes:
    """The job's picture, its mask filled with a colour that the seed decides, as a file."""
    made = job.pixels.copy()
    made[job.mask > 0] = (job.seed % 256, 90, 90)
    return encode_png(made)


def paint(job: Job) -> list[Any]:
    return [Candidate(painted(job))]


def fail(error: Exception) -> Callable[[Job], list[Any]]:
    return lambda _job: [error]


def edit(
    provider: Scripted, recipe: Recipe = RECIPE, of: Source | None = None, **options: Any
) -> list[runner.Event]:
    async def collect() -> list[runner.Event]:
        options.setdefault("retries", QUICK)
        async with runner.run(recipe, REGION, of or source(), provider, **options) as events:
            return [event async for event in events]

    return anyio.run(collect)


def made(events: list[runner.Event]) -> list[Made]:
    return sorted((e for e in events if isinstance(e, Made)), key=lambda e: e.number)


def notices(events: list[runner.Event]) -> list[str]:
    return [event.sentence for event in events if isinstance(event, Notice)]


def cut_out(alpha: int) -> Source:
    """A figure on nothing, half of it in the selection, and of it a part half transparent."""
    made = source()
    made.pixels[..., 3] = 0
    made.pixels[8:24, 8:40, 3] = alpha
    made.pixels[8:24, 8:25, 3] //= 2
    return made


@pytest.mark.parametrize("wanted", [Edit.STYLE, Edit.VARIATION])
def test_variations_and_styles_are_as_transparent_as_the_original(wanted: Edit) -> None:
    """A figure gets no background, whatever the model paints around it; an inpainting is opaque."""
    figure = cut_out(255)
    (changed,) = made(edit(Scripted([paint]), replace(RECIPE, edit=wanted), figure))
    (filled,) = made(edit(Scripted([paint]), RECIPE, figure))

    assert (changed.patch.pixels[..., 3] == figure.pixels[..., 3]).all()
    assert (changed.patch.pixels[16:24, 20:40, 1] != figure.pixels[16:24, 20:40, 1]).any()
    assert (filled.patch.pixels[filled.patch.mask > 0, 3] == 255).all()


@pytest.mark.parametrize("wanted", [Edit.STYLE, Edit.VARIATION])
def test_nothing_is_sent_where_all_that_is_selected_is_transparent(wanted: Edit) -> None:
    """It would come back as nothing, and be paid for."""
    provider = Scripted([paint])
    with pytest.raises(SelectionEmpty, match="transparent"):
        edit(provider, replace(RECIPE, edit=wanted), cut_out(0))

    assert not provider.jobs
    assert made(edit(provider, RECIPE, cut_out(0)))


def test_candidates_are_made_at_once_within_the_limit_of_the_provider() -> None:
    """No more jobs run at once than the provider takes, and no fewer."""
    provider = Scripted([lambda job: [0.05, *paint(job)]], replace(MODEL, concurrency=3))

    events = edit(provider, replace(RECIPE, count=5))

    assert len(made(events)) == len(provider.jobs) == 5
    assert provider.most == 3
    assert isinstance(events[-1], Finished)


def test_each_candidate_has_its_own_seed_and_a_recipe_that_makes_it_again() -> None:
    """Seeds follow each other, and the recipe of one candidate alone gives the same pixels."""
    events = edit(Scripted([paint]), replace(RECIPE, count=3))

    third = made(events)[2]
    (again,) = made(edit(Scripted([paint]), third.recipe))

    assert [each.recipe.seed for each in made(events)] == [40, 41, 42]
    assert all(each.recipe.count == 1 for each in made(events))
    assert np.array_equal(third.patch.pixels, again.patch.pixels)


def test_what_is_busy_or_away_is_asked_again() -> None:
    """Nothing was charged, so nobody need be told but the progress bar."""
    provider = Scripted(
        [fail(Unreachable("Away.")), fail(Busy("Busy.", retry_after=0.01)), fail(Busy("B.")), paint]
    )

    events = edit(provider)

    assert len(made(events)) == 1
    assert len(provider.jobs) == 4
    assert not notices(events)


def test_a_server_that_is_off_is_told_soon() -> None:
    """Three tries, then the error."""
    provider = Scripted([fail(Unreachable("It is off."))])

    with pytest.raises(Unreachable):
        edit(provider)

    assert len(provider.jobs) == 3


def test_a_server_that_says_no_wait_is_not_asked_without_a_pause() -> None:
    """A refusal that asks for no wait would be a loop that only ends with the patience."""
    provider = Scripted([fail(Busy("Busy.", retry_after=0))])

    with pytest.raises(Busy):
        edit(provider, retries=Retries(deadline=0.5, first_wait=0.1, longest_wait=0.1))

    assert len(provider.jobs) <= 8


def test_a_wait_that_is_too_long_is_an_error_at_once() -> None:
    """Where the server wants to be left alone past the deadline, the user is told instead."""
    provider = Scripted([fail(Busy("Come back tomorrow.", retry_after=86_400))])

    with pytest.raises(Busy):
        edit(provider)

    assert len(provider.jobs) == 1


@pytest.mark.parametrize(
    "act",
    [
        fail(ConnectionLost("Broken off.")),
        lambda _job: [Submitted("job-1"), Busy("Too busy after all.")],
        lambda job: [Candidate(painted(job)), Unreachable("Gone.")],
    ],
)
def test_what_may_have_been_charged_is_never_asked_again(act: Callable[[Job], list[Any]]) -> None:
    """After sending, or after the server took the job, an error is an error."""
    provider = Scripted([act, paint])

    with pytest.raises(ProviderFailed):
        edit(provider)

    assert len(provider.jobs) == 1


def test_one_failure_among_several_candidates_is_a_notice() -> None:
    """What came is delivered; what did not is said."""
    provider = Scripted([fail(ContentRefused("Refused.")), paint])

    events = edit(provider, replace(RECIPE, count=3))

    assert len(made(events)) == 2
    assert notices(events) == ["1 of 3 candidates failed: Refused."]


def test_what_fails_for_all_is_not_tried_for_all() -> None:
    """A wrong key is not sent four times."""
    provider = Scripted([fail(KeyRejected("Wrong key."))], replace(MODEL, concurrency=1))

    with pytest.raises(KeyRejected):
        edit(provider, replace(RECIPE, count=4))

    assert len(provider.jobs) == 1


def test_a_fallback_is_asked_and_named() -> None:
    """The next of the chain makes the picture, its name is in the recipe, and it is said why."""
    record = Record()
    other = Scripted([paint], name="other", title="Other")

    events = edit(Scripted([fail(KeyRejected("Wrong key."))]), fallbacks=[other], recorder=record)

    assert made(events)[0].recipe.provider == "other"
    assert made(events)[0].recipe.model is None
    assert notices(events) == ["Wrong key. Other was asked instead."]
    assert [call[:2] for call in record.calls] == [
        ("begin", "scripted"),
        ("finish", "key-rejected"),
        ("begin", "other"),
        ("candidate", 0),
        ("finish", None),
    ]


@pytest.mark.parametrize(
    "error", [ContentRefused("No."), ConnectionLost("Lost.")], ids=lambda error: error.code
)
def test_a_refusal_or_a_lost_answer_is_not_taken_elsewhere(error: OverpaintError) -> None:
    """What the policy forbids is not tried behind its back; what may be paid is not paid twice."""
    other = Scripted([paint], name="other")

    with pytest.raises(type(error)):
        edit(Scripted([fail(error)]), fallbacks=[other])

    assert not other.jobs


def test_a_run_that_cannot_be_afforded_is_not_sent() -> None:
    """The estimate for all candidates is asked about before any request."""
    priced = replace(MODEL, price=Price(steps=((1, 0.25),)))
    provider = Scripted([paint], priced)
    asked: list[float | None] = []

    def afford(estimate: float | None) -> None:
        asked.append(estimate)
        raise BudgetSpent("Too much.")

    with pytest.raises(BudgetSpent):
        edit(provider, replace(RECIPE, count=3), afford=afford)

    assert asked == [0.75]
    assert not provider.jobs


def test_everything_is_recorded_as_it_comes() -> None:
    """Begin before the request, a candidate before anything can go wrong with it."""
    record = Record()
    act = [Submitted("r-1"), Preview(b"so far"), Usage(cost=0.04), Candidate(b"no picture at all")]

    with pytest.raises(ProviderFailed):
        edit(Scripted([lambda _job: act]), recorder=record)

    assert record.calls == [
        ("begin", "scripted", 1),
        ("submitted", 0, 0, "r-1"),
        ("usage", 0, 0.04),
        ("candidate", 0, 0, 17),
        ("finish", "answer-unusable", False),
    ]


def test_a_full_disk_does_not_cost_the_result() -> None:
    """Where a candidate cannot be written down it is delivered all the same, and that is said."""

    class Full(Record):
        def candidate(self, *_: object) -> None:
            raise FileUnwritable("The disk is full.")

    events = edit(Scripted([paint]), recorder=Full())

    assert len(made(events)) == 1
    assert notices(events) == ["The disk is full. The result is not in the history."]


def test_what_cannot_be_written_down_is_not_sent() -> None:
    """Where a run cannot begin to be recorded, no money is spent on it."""

    class Unwritable(Record):
        def begin(self, _begun: Begun) -> None:
            raise FileUnwritable("The disk is full.")

    provider = Scripted([paint])

    with pytest.raises(FileUnwritable):
        edit(provider, recorder=Unwritable())
    assert not provider.jobs


def test_previews_say_whose_they_are() -> None:
    """A preview comes with the number of its candidate."""
    events = edit(Scripted([lambda job: [Preview(b"so far"), *paint(job)]]))

    assert [event.number for event in events if isinstance(event, Seen)] == [0]


def test_more_pictures_than_asked_for_are_kept_and_said() -> None:
    """The first is the result; the others were paid for, too."""
    record = Record()
    provider = Scripted([lambda job: paint(job) * 3])

    events = edit(provider, recorder=record)

    assert len(made(events)) == 1
    assert [call[1] for call in record.calls if call[0] == "candidate"] == [0, 1, 2]
    assert "more pictures" in notices(events)[0]


def test_cancelling_closes_what_runs_and_is_recorded() -> None:
    """Leaving the context ends all jobs within a moment."""
    record = Record()
    provider = Scripted([lambda _job: [30.0]])

    async def cancel() -> float:
        started = anyio.current_time()
        recipe = replace(RECIPE, count=3)
        async with runner.run(recipe, REGION, source(), provider, recorder=record):
            while len(provider.jobs) < 3:  # noqa: ASYNC110, the provider knows no events
                await anyio.sleep(0.01)
            started = anyio.current_time()
        return anyio.current_time() - started

    assert anyio.run(cancel) < 0.3
    assert provider.closed == 3
    assert record.calls[-1] == ("finish", None, True)


def test_an_error_of_the_reader_comes_out_as_it_is() -> None:
    """What the one who reads the events raises is not wrapped into a group."""

    async def read() -> None:
        async with runner.run(RECIPE, REGION, source(), Scripted([paint])) as events:
            async for _ in events:
                raise KeyError("mine")

    with pytest.raises(KeyError):
        anyio.run(read)


def test_a_large_selection_is_made_of_tiles_at_once() -> None:
    """Each tile is a job of its own; the patch is one."""
    tiny = replace(MODEL, sizes=Sizes(multiple=8, max_edge=32, max_pixels=32 * 32))
    provider = Scripted([lambda job: [0.02, *paint(job)]], tiny)
    record = Record()

    events = edit(provider, recorder=record)

    (result,) = made(events)
    assert len(provider.jobs) > 1
    assert provider.most > 1
    assert result.patch.region == REGION
    assert {call[2] for call in record.calls if call[0] == "candidate"} == set(
        range(len(provider.jobs))
    )


def test_refitting_what_was_written_down_gives_the_same_patch() -> None:
    """A candidate's file, its shot and the source are enough to have the result again."""
    kept: dict[int, bytes] = {}
    shots: list[Shot] = []

    class Keeping(Record):
        def begin(self, begun: Begun) -> None:
            shots.extend(begun.shots)

        def candidate(self, _number: int, shot: int, data: bytes) -> None:
            kept[shot] = data

    (result,) = made(edit(Scripted([paint]), recorder=Keeping()))

    again = runner.refit(
        result.recipe, source(), REGION, [(shots[n], kept[n]) for n in sorted(kept)]
    )

    assert np.array_equal(result.patch.pixels, again.pixels)
    assert np.array_equal(result.patch.mask, again.mask)


def test_a_style_is_not_matched_to_the_surroundings_that_were_restyled_too() -> None:
    """What a model recoloured everywhere is undone after inpainting, and stays after styling."""
    inside = source().selection > 0

    def recoloured(job: Job) -> list[Any]:
        made = np.clip(job.pixels * 0.75 + (30, 10, -5), 0, 255).round().astype(np.uint8)
        return [Candidate(encode_png(made))]

    off = {}
    for kind in (Edit.INPAINT, Edit.STYLE):
        (result,) = made(edit(Scripted([recoloured]), replace(RECIPE, edit=kind)))
        colours = source().pixels[..., :3]
        wanted = np.clip(colours * 0.75 + (30, 10, -5), 0, 255)
        off[kind] = np.abs(result.patch.pixels[..., :3] - wanted)[inside].mean()
    assert off[Edit.STYLE] < 1
    assert off[Edit.INPAINT] > 5


def test_references_beyond_what_a_provider_takes_are_said() -> None:
    """Only as many go along as the model takes."""
    pictures = [Reference(np.zeros((8, 8, 3), np.uint8), Role.STYLE) for _ in range(3)]
    provider = Scripted([paint], replace(MODEL, references=2))

    events = edit(provider, references=pictures)

    assert len(provider.jobs[0].references) == 2
    assert notices(events) == ["Scripted takes only 2 of the 3 reference pictures."]
