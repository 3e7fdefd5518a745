"""The provider for OpenAI, against a server as strict as OpenAI's and beside OpenAI's client."""

import io
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import numpy as np
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.servers import Outcome, Recorded, job, run_provider, seconds_to_cancel
from tests.servers.openai import (
    DEAD,
    KEY,
    LIVING,
    RED,
    Fault,
    OpenAIServer,
    Refused,
    check_size,
    error,
)

from overpaint import catalogue
from overpaint.catalogue import State
from overpaint.codec import encode_png
from overpaint.dialect import Role
from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    Busy,
    ConnectionLost,
    ContentRefused,
    EditUnsupported,
    KeyMissing,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.geometry import Extent
from overpaint.providers import openai_faults, openai_wire
from overpaint.providers.base import Candidate, Event, Reference, Setup, Usage
from overpaint.providers.openai import OpenAI
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

EDITS = [Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE]
SIZE = (1024, 768)


def provider(server: OpenAIServer, model: str | None = None, **options: Any) -> OpenAI:
    return OpenAI(Setup(model=model, key=KEY, base_url=server.base_url, options=options))


def run(server: OpenAIServer, model: str | None = None, **options: Any) -> Outcome:
    width, height = SIZE if (model or "gpt-image-2").startswith("gpt-image-2") else (1024, 1024)
    return run_provider(provider(server, model, **options), job(width, height))


def refusal(server: OpenAIServer, fault: Fault, model: str | None = None) -> ProviderFailed:
    """What the provider raises where the server answers with *fault*."""
    server.faults.append(fault)
    with pytest.raises(ProviderFailed) as caught:
        run(server, model)
    return caught.value


def reference(side: int = 64) -> Reference:
    return Reference(np.full((side, side, 3), 90, np.uint8), Role.STYLE)


def parts(recorded: Recorded) -> list[tuple[Any, ...]]:
    return sorted((p.name, p.filename, p.content_type, p.data) for p in recorded.parts)


# What is sent


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_sends_picture_and_mask_and_returns_the_file_as_it_came(edit: Edit) -> None:
    """Every edit has a mask whose alpha 0 is what changes; the candidate is the answer's file."""
    what = job(*SIZE, edit=edit)
    with OpenAIServer() as server:
        outcome = run_provider(provider(server), what)

        (request,) = server.of("/v1/images/edits")
        assert [each.picture for each in outcome.candidates] == [server.made]
    (mask,) = request.files("mask")
    alpha = np.array(Image.open(io.BytesIO(mask.data)))[..., 3]
    assert np.array_equal(alpha == 0, what.mask > 0)
    assert (outcome.pictures[0][what.mask > 0] == RED).all()
    (picture,) = request.files("image")
    assert np.array_equal(np.array(Image.open(io.BytesIO(picture.data))), what.pixels)
    assert request.fields == {
        "model": "gpt-image-2.6-flare",
        "prompt": "a wooden door",
        "size": "1024x768",
        "background": "opaque",
        "output_format": "png",
    }


def test_the_faintest_selection_is_open_to_the_model() -> None:
    """One 255th is editable: how much of it shows is for compositing to say."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[10, 10] = 1
    with OpenAIServer() as server:
        run_provider(provider(server), job(*SIZE, mask=mask))

        (file,) = server.of("/v1/images/edits")[0].files("mask")
    assert np.array(Image.open(io.BytesIO(file.data)))[10, 10, 3] == 0


def test_a_mask_of_a_million_speckles_stays_under_the_limit() -> None:
    """What would be too large is coarsened, and still opens every pixel of the selection."""
    width, height = 3840, 2160
    mask = np.random.default_rng(1).integers(0, 2, (height, width), np.uint8)

    file = openai_wire._mask_file(mask, transparent=True)

    assert len(file) < 4 << 20
    alpha = np.array(Image.open(io.BytesIO(file)))[..., 3]
    assert alpha.shape == mask.shape
    assert (alpha[mask > 0] == 0).all()


def test_masks_are_coarsened_only_where_they_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tight limit gives blocks, at the edges cut ones too."""
    monkeypatch.setattr(openai_wire, "MASK_LIMIT", 400)
    mask = np.random.default_rng(1).integers(0, 40, (50, 77), np.uint8) // 39

    alpha = np.array(Image.open(io.BytesIO(openai_wire._mask_file(mask, transparent=True))))[..., 3]

    assert alpha.shape == mask.shape
    assert (alpha[mask > 0] == 0).all()


def test_references_follow_the_picture() -> None:
    """Several pictures are image[], the one that the mask belongs to first."""
    what = job(*SIZE, references=(reference(64), reference(32)))
    with OpenAIServer() as server:
        outcome = run_provider(provider(server), what)

        files = server.of("/v1/images/edits")[0].files("image[]")
    sizes = [Image.open(io.BytesIO(each.data)).size for each in files]
    assert sizes == [SIZE, (64, 64), (32, 32)]
    assert len(outcome.candidates) == 1


def test_generating_needs_no_picture() -> None:
    """Without references it is JSON to /images/generations, with the size of the job."""
    with OpenAIServer() as server:
        outcome = run_provider(
            provider(server, quality="low", moderation="low"), job(1536, 1024, edit=Edit.GENERATE)
        )

        (request,) = server.of("/v1/images/generations")
    assert outcome.pictures[0].shape == (1024, 1536, 3)
    assert request.json == {
        "model": "gpt-image-2.6-flare",
        "prompt": "a wooden door",
        "size": "1536x1024",
        "background": "opaque",
        "output_format": "png",
        "quality": "low",
        "moderation": "low",
    }


def test_generating_with_references_sends_them_without_a_mask() -> None:
    """References alone go to /images/edits, which takes pictures; there is nothing to mask."""
    with OpenAIServer() as server:
        run_provider(provider(server), job(*SIZE, edit=Edit.GENERATE, references=(reference(),)))

        (request,) = server.of("/v1/images/edits")
    assert len(request.files("image")) == 1
    assert not request.files("mask")


def test_options_become_fields() -> None:
    """What the user set is sent as it is."""
    with OpenAIServer() as server:
        run(
            server,
            quality="max",
            background="auto",
            complexity="high",
            organization="org-1",
            project="proj-1",
            moderation="low",
        )

        (request,) = server.of("/v1/images/edits")
    assert request.fields["quality"] == "max"
    assert request.fields["background"] == "auto"
    assert request.fields["complexity"] == "high"
    assert "moderation" not in request.fields
    assert request.headers["openai-organization"] == "org-1"
    assert request.headers["openai-project"] == "proj-1"


def test_moderation_of_edits_is_the_users_decision() -> None:
    """Whether edits take the field is not certain: it is sent where the user says so."""
    with OpenAIServer() as server, pytest.raises(RequestRejected):
        run(server, moderation="low", moderation_of_edits=True)


# Fidelity


def test_only_the_model_that_knows_fidelity_is_asked_for_it() -> None:
    """1.5 gets input_fidelity=high; the 2.x models refuse the field and do not get it."""
    with OpenAIServer() as server:
        run(server, "gpt-image-1.5")
        run(server, "gpt-image-2")
        run(server, "gpt-image-1.5", input_fidelity="none")

        sent = [each.fields.get("input_fidelity") for each in server.of("/v1/images/edits")]
    assert sent == ["high", None, None]


@pytest.mark.parametrize("partials", [0, 1])
def test_fidelity_that_is_refused_is_left_out_once(partials: int) -> None:
    """The server said no before any work: the same request goes out once more without it."""
    with OpenAIServer() as server:
        outcome = run(server, "gpt-image-2", input_fidelity="high", partial_images=partials)

        sent = [each.fields.get("input_fidelity") for each in server.of("/v1/images/edits")]
    assert sent == ["high", None]
    assert len(outcome.candidates) == 1


def test_fidelity_is_dropped_only_once() -> None:
    """A server that insists is not asked for ever."""
    fault = Fault(400, error("invalid_input_fidelity_model", "No."))
    with OpenAIServer() as server:
        server.faults += [fault, fault, fault]
        with pytest.raises(RequestRejected):
            run(server, "gpt-image-1.5")

        assert len(server.requests) == 2


# Sizes


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_every_size_of_the_free_models_is_one_that_they_take(width: int, height: int) -> None:
    """Multiples of 16, 1:3 to 3:1, within the limits of pixels and edges."""
    sizes = OpenAI(Setup(model="gpt-image-2")).capabilities.sizes

    for size in sizes.working(Extent(width, height)):
        check_size(f"{size.width}x{size.height}", "gpt-image-2")


def test_the_checker_of_sizes_is_strict() -> None:
    """The test above can fail."""
    for size in ("1000x1000", "512x512", "3840x3840", "4096x1366", "1920x480"):
        with pytest.raises(Refused):
            check_size(size, "gpt-image-2")


def test_older_models_have_three_sizes() -> None:
    """And so have all others where the user says so."""
    three = {Extent(1024, 1024), Extent(1536, 1024), Extent(1024, 1536)}

    assert set(OpenAI(Setup(model="gpt-image-1.5")).capabilities.sizes.fixed) == three
    assert set(OpenAI(Setup(options={"sizes": "three"})).capabilities.sizes.fixed) == three


def test_very_large_pictures_are_called_experimental() -> None:
    """Above 2560x1440 the user is told what OpenAI says of it."""
    with OpenAIServer() as server:
        outcome = run_provider(provider(server), job(2576, 1440))

    assert any("experimental" in notice.sentence for notice in outcome.notices)


def test_an_answer_of_another_size_is_taken_as_it_is() -> None:
    """What size came is for compositing to fit."""
    with OpenAIServer() as server:
        server.rigid = True
        outcome = run(server)

    assert outcome.pictures[0].shape == (1024, 1024, 3)


# Streams


@pytest.mark.parametrize("edit", [Edit.INPAINT, Edit.GENERATE])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_previews_come_while_it_draws(edit: Edit, count: int) -> None:
    """As many as asked for, each before the picture."""
    with OpenAIServer() as server:
        outcome = run_provider(provider(server, partial_images=count), job(*SIZE, edit=edit))

    kinds = [type(event).__name__ for event in outcome.events]
    assert kinds.count("Preview") == count
    assert kinds[-2:] == ["Candidate", "Usage"]
    assert all(each.picture.startswith(b"\x89PNG") for each in outcome.previews)
    assert outcome.usage is not None
    assert outcome.usage.request_id == "req_1"


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_previews_than_asked_for_are_normal(count: int) -> None:
    """The server decides how many there are."""
    with OpenAIServer() as server:
        server.partials = count
        outcome = run(server, partial_images=3)

    assert len(outcome.previews) == count
    assert len(outcome.candidates) == 1


def test_a_server_that_does_not_stream_answers_at_once() -> None:
    """A whole answer in place of events is as good."""
    with OpenAIServer() as server:
        server.streams = False
        outcome = run(server, partial_images=2)

    assert len(outcome.candidates) == 1
    assert outcome.usage is not None
    assert outcome.usage.cost is not None


MIDDLE = [
    (
        'event: error\ndata: {"type":"error","error":{"code":"moderation_blocked"}}\n\n',
        ContentRefused,
    ),
    ('data: {"error":{"code":null,"message":"Oops","type":"server_error"}}\n\n', ServerFault),
    ('{"error":{"code":"server_is_overloaded","message":"Full"}}', ServerFault),
    ("data: [DONE]\n\n", ConnectionLost),
    ("", ConnectionLost),
    ("data: {broken\n\n", AnswerUnusable),
    (
        'event: image_edit.completed\ndata: {"type":"image_edit.completed","b64_json":""}\n\n',
        NoPicture,
    ),
]


@pytest.mark.parametrize(("middle", "expected"), MIDDLE)
def test_a_stream_that_goes_wrong_says_how(middle: str, expected: type[OverpaintError]) -> None:
    """After work began nothing counts as free: never Busy, so that nobody pays twice."""
    with OpenAIServer() as server:
        server.middle = middle
        with pytest.raises(expected) as caught:
            run(server, partial_images=1)

    assert type(caught.value) is expected


def test_previews_are_off_unless_asked_for() -> None:
    """They cost extra, so that capabilities say what the options allow."""
    assert not OpenAI(Setup()).capabilities.previews
    assert OpenAI(Setup(options={"partial_images": 2})).capabilities.previews


# Answers


def test_a_link_is_fetched_without_the_key() -> None:
    """Gateways answer with links; the server refuses to see the key there."""
    with OpenAIServer() as server:
        server.as_link = True
        outcome = run(server)

        assert [each.picture for each in outcome.candidates] == [server.made]


def test_more_pictures_than_asked_for_are_all_kept() -> None:
    """They were paid for."""
    with OpenAIServer() as server:
        server.pictures = 3
        outcome = run(server)

    assert len(outcome.candidates) == 3


def test_one_damaged_picture_does_not_take_the_others_along() -> None:
    """What can be read is kept; a notice says that something could not."""
    with OpenAIServer() as server:
        server.pictures, server.damaged = 2, {0}
        outcome = run(server)

    assert len(outcome.candidates) == 1
    assert "damaged" in outcome.notices[-1].sentence


@pytest.mark.parametrize(("pictures", "expected"), [(0, NoPicture), (1, AnswerUnusable)])
def test_what_it_cost_is_told_although_there_is_no_picture(
    pictures: int, expected: type[OverpaintError]
) -> None:
    """The running total must not miss a failed job."""
    events: list[Event] = []

    async def collect(server: OpenAIServer) -> None:
        async with (
            httpx.AsyncClient(trust_env=False) as http,
            aclosing(provider(server).run(job(*SIZE), http)) as running,
        ):
            async for event in running:
                events.append(event)  # noqa: PERF401, it ends with an error

    with OpenAIServer() as server:
        server.pictures, server.damaged = pictures, {0}
        with pytest.raises(expected):
            anyio.run(collect, server)

    assert isinstance(events[-1], Usage)
    assert events[-1].cost is not None


def test_cost_follows_the_tokens() -> None:
    """Text, pictures in and pictures out at the model's prices; the request's id goes along."""
    with OpenAIServer() as server:
        two = run(server).usage
        mini = run(server, "gpt-image-1-mini").usage

    assert two is not None
    assert mini is not None
    assert two.cost == pytest.approx((42 * 5 + 1088 * 8 + 6240 * 30) / 1e6)
    assert mini.cost == pytest.approx((42 * 2 + 1088 * 2.5 + 6240 * 8) / 1e6)
    assert (two.input_tokens, two.output_tokens, two.request_id) == (1130, 6240, "req_1")


def test_an_answer_that_counts_nothing_costs_nobody_knows_what() -> None:
    """No usage, no cost: not zero."""
    with OpenAIServer() as server:
        server.usage = False
        outcome = run(server)

    assert outcome.usage == Usage(request_id="req_1")


def test_estimates_follow_the_quality() -> None:
    """Low is cheap, auto counts as high, and what no list prices is not estimated."""
    square = Extent(1024, 1024)

    def estimate(**options: Any) -> float | None:
        price = OpenAI(Setup(options=options)).capabilities.price
        return None if price is None else price.estimate(square, 1)

    assert estimate(quality="low") == pytest.approx(0.015)
    assert estimate() == estimate(quality="high") == pytest.approx(0.22)
    assert estimate(quality="max") is None


# Errors

USER = {"type": "image_generation_user_error"}
CODES = [
    (400, error("moderation_blocked", "rejected by the safety system.", **USER), ContentRefused),
    (400, error(None, "Your request was rejected by our safety system."), ContentRefused),
    (400, error("invalid_image_file", "Invalid image file: image 1.", **USER), RequestRejected),
    (400, error("invalid_mask_image_format", "no alpha channel", **USER), RequestRejected),
    (400, error("invalid_input_fidelity_model", "no"), RequestRejected),
    (400, error("invalid_value", "Invalid value", param="quality"), RequestRejected),
    (400, error("invalid_type", "Invalid type", param="image[]"), RequestRejected),
    (400, error("unknown_parameter", "Unknown", param="x"), RequestRejected),
    (400, error("missing_required_parameter", "Missing", param="prompt"), RequestRejected),
    (400, error("invalid_value", "Invalid value: 'x'", param="model"), ModelUnknown),
    (400, error("model_not_found", "no such model"), ModelUnknown),
    (404, error("model_not_found", "no such model"), ModelUnknown),
    (400, error("billing_hard_limit_reached", "limit"), AccountLimited),
    (401, error("invalid_api_key", f"Incorrect API key provided: {KEY}"), KeyRejected),
    (403, error(None, "Your organization must be verified to use the model"), KeyRejected),
    (403, error("unsupported_country_region_territory", "Country not supported"), KeyRejected),
    (413, "", RequestRejected),
    (429, error("rate_limit_exceeded", "Limit 5", type="rate_limit_error"), Busy),
    (429, error("insufficient_quota", "quota", type="insufficient_quota"), AccountLimited),
    (429, error("credit_balance_exhausted", "none", type="insufficient_quota"), AccountLimited),
    (429, error("project_spend_limit_exceeded", "x", type="insufficient_quota"), AccountLimited),
    (429, error("slow_down", "slow down", type="rate_limit_error"), Busy),
    (429, error(None, "too many", type="requests"), Busy),
    (429, "", Busy),
    (503, error("slow_down", "slow down", type="rate_limit_error"), Busy),
    (500, error(None, "The server had an error", type="server_error", param=""), ServerFault),
    (502, "<html><title>Bad gateway</title></html>", ServerFault),
    (504, "<html><title>Timeout</title></html>", ServerFault),
    (503, error("server_is_overloaded", "x", type="service_unavailable_error"), Busy),
    (408, "", ServerFault),
    (200, error("moderation_blocked", "no", **USER), ContentRefused),
    (200, error("rate_limit_exceeded", "Limit 5"), ServerFault),
    (200, {"created": 1}, NoPicture),
    (200, {"created": 1, "data": None}, NoPicture),
    (200, "null", NoPicture),
    (200, "<html>", AnswerUnusable),
    (307, "", AnswerUnusable),
]


@pytest.mark.parametrize("model", ["gpt-image-2"])
@pytest.mark.parametrize(("status", "body", "expected"), CODES)
def test_each_error_of_the_api_has_its_own_meaning(
    status: int, body: Any, expected: type[OverpaintError], model: str
) -> None:
    """Every code of the API ends in one class, with a sentence, a next step, and no key."""
    with OpenAIServer() as server:
        failure = refusal(server, Fault(status, body), model)

        assert len(server.of("/v1/images/edits")) == 1
    assert type(failure) is expected
    assert failure.sentence
    assert failure.hint
    assert KEY not in repr(failure) + str(failure)


def test_an_unverified_organization_is_told_what_to_do() -> None:
    """Which models need it, and where to go, in one sentence each; the server is not quoted."""
    with OpenAIServer() as server:
        failure = refusal(server, Fault(403, error(None, f"must be verified. {KEY}")))

    assert "verified" in failure.sentence
    assert "platform.openai.com" in failure.hint
    assert KEY not in str(failure)


WAITS = [
    ({"retry-after-ms": "1500", "retry-after": "9"}, "", 1.5),
    ({"retry-after": "9"}, "", 9.0),
    ({}, "Limit 5, Used 5. Please try again in 12s.", 12.0),
    ({}, "Please try again in 120ms.", 0.12),
    ({}, "Please try again in 1m30s.", 90.0),
    ({}, "Please slow down.", None),
]


@pytest.mark.parametrize(("headers", "message", "seconds"), WAITS)
def test_how_long_to_wait_is_read_from_wherever_it_stands(
    headers: dict[str, str], message: str, seconds: float | None
) -> None:
    """Headers first; the limits on images say it in their sentence only."""
    with OpenAIServer() as server:
        failure = refusal(server, Fault(429, error("rate_limit_exceeded", message), headers))

    assert isinstance(failure, Busy)
    assert failure.retry_after == seconds


def test_a_limit_that_should_not_be_tried_again_is_not() -> None:
    """x-should-retry: false overrides the status."""
    fault = Fault(429, error("rate_limit_exceeded", "Limit"), {"x-should-retry": "false"})
    with OpenAIServer() as server:
        assert isinstance(refusal(server, fault), AccountLimited)


# Models


def test_the_catalogue_lists_what_the_api_has_and_had() -> None:
    """Living, dying and dead ids; each dead one names a living successor."""
    rows = catalogue.models("openai")

    assert {row.id for row in rows} == LIVING | DEAD
    assert {row.id for row in rows if row.state is State.DEAD} == DEAD
    for row in rows:
        if row.state is not State.CURRENT:
            assert row.ends is not None
            assert row.successor in LIVING
    assert catalogue.listed("openai") is not None


@pytest.mark.parametrize("model", sorted(DEAD))
def test_a_dead_model_is_refused_before_anything_is_sent(model: str) -> None:
    """The error says what to use instead."""
    with OpenAIServer() as server:
        with pytest.raises(ModelUnknown) as caught:
            run(server, model)

        assert not server.requests
    assert caught.value.successor == "gpt-image-2.6-flare"
    assert "gpt-image-2.6-flare" in caught.value.hint


class Late(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> "Late":
        return cls(2026, 12, 1, tzinfo=tz)


class Early(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> "Early":
        return cls(2026, 11, 25, tzinfo=tz or UTC)


DYING = ["gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"]


@pytest.mark.parametrize("model", DYING)
def test_a_dying_model_works_until_its_day(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 1 December 2026 it works and says so; from that day on it is refused unsent."""
    with OpenAIServer() as server:
        monkeypatch.setattr(openai_faults, "datetime", Early)
        outcome = run(server, model)
        sent = len(server.requests)
        monkeypatch.setattr(openai_faults, "datetime", Late)
        with pytest.raises(ModelUnknown):
            run(server, model)

        assert len(server.requests) == sent
    assert "2026-12-01" in outcome.notices[0].sentence
    assert "gpt-image-2.6-flare" in outcome.notices[0].sentence


def test_a_model_that_nobody_listed_is_just_used() -> None:
    """With the usual abilities; the server has the last word, and the error what to use instead."""
    with OpenAIServer() as server, pytest.raises(ModelUnknown) as caught:
        run(server, "gpt-image-2-tomorrow")

    assert len(server.requests) == 1
    assert caught.value.successor == "gpt-image-2.6-flare"


def test_a_model_that_only_writes_is_refused_with_an_explanation() -> None:
    """It would answer with words, and be paid for them."""
    writer = catalogue.Model(id="writer", title="Writer", output=catalogue.Output.TEXT)

    with pytest.raises(EditUnsupported, match="writes text"):
        openai_faults.require_usable(writer, "OpenAI")


def test_a_request_without_words_is_refused_unsent() -> None:
    """The API needs a prompt."""
    with OpenAIServer() as server, pytest.raises(EditUnsupported):
        run_provider(provider(server), job(*SIZE, prompt=" "))

    assert not server.requests


def ask(method: Any) -> Any:
    async def call() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await method(http)

    return anyio.run(call)


def test_checking_costs_nothing_and_tells_the_key_from_the_model() -> None:
    """It asks for the list of models and makes no picture."""
    with OpenAIServer() as server:
        assert "accepts the key" in ask(provider(server).check)
        server.offered.remove("gpt-image-2")
        with pytest.raises(ModelUnknown):
            ask(provider(server, "gpt-image-2").check)
        server.key = "another"
        with pytest.raises(KeyRejected):
            ask(provider(server).check)
        server.key, server.faults = KEY, [Fault(200, {"data": "what"})]
        with pytest.raises(AnswerUnusable):
            ask(provider(server).check)

        assert {each.path for each in server.requests} == {"/v1/models"}


def test_models_are_those_that_make_pictures() -> None:
    """Text and embedding models of the same key are left out."""
    with OpenAIServer() as server:
        assert set(ask(provider(server).models)) == LIVING


def test_without_a_key_nothing_is_sent() -> None:
    """The hint names the environment variable and the command."""
    with OpenAIServer() as server:
        keyless = OpenAI(Setup(base_url=server.base_url))
        for call in (lambda: run_provider(keyless, job(*SIZE)), lambda: ask(keyless.check)):
            with pytest.raises(KeyMissing) as caught:
                call()
            assert "OPENAI_API_KEY" in caught.value.hint
            assert "overpaint keys set openai" in caught.value.hint

        assert not server.requests


# Cancelling


@pytest.mark.parametrize(("stall", "partials"), [("head", 0), ("head", 1), ("partial", 1)])
def test_cancelling_closes_the_connection_at_once(stall: str, partials: int) -> None:
    """Within 0.3 seconds the server sees it closed, whether it had begun to answer or not."""
    with OpenAIServer() as server:
        server.stall = stall

        assert (
            seconds_to_cancel(provider(server, partial_images=partials), server, job(*SIZE)) < 0.3
        )
        assert server.closed == 1


# OpenAI's own client


def official(server: OpenAIServer) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0)


def test_the_official_client_sends_the_same_edit() -> None:
    """Part by part, with names, types and bytes; no difference is allowed."""
    what = job(*SIZE, references=(reference(),))
    with OpenAIServer() as server:
        ours = run_provider(provider(server, quality="high"), what)
        (mask,) = server.requests[0].files("mask")
        theirs = official(server).images.edit(
            model="gpt-image-2.6-flare",
            image=[
                ("picture.png", encode_png(what.pixels), "image/png"),
                ("reference1.png", encode_png(what.references[0].pixels), "image/png"),
            ],
            mask=("mask.png", mask.data, "image/png"),
            prompt=what.prompt,
            size="1024x768",
            quality="high",
            background="opaque",
            output_format="png",
        )

        first, second = server.of("/v1/images/edits")
    assert parts(first) == parts(second)
    assert first.headers["authorization"] == second.headers["authorization"]
    assert theirs.data is not None
    assert theirs.data[0].b64_json is not None
    assert openai_wire.picture_bytes(theirs.data[0].b64_json) == ours.candidates[0].picture


def test_the_official_client_sends_the_same_single_picture() -> None:
    """One picture goes without brackets."""
    what = job(*SIZE)
    with OpenAIServer() as server:
        run_provider(provider(server, "gpt-image-1.5"), job(1024, 1024))
        (mask,) = server.requests[0].files("mask")
        official(server).images.edit(
            model="gpt-image-1.5",
            image=("picture.png", encode_png(job(1024, 1024).pixels), "image/png"),
            mask=("mask.png", mask.data, "image/png"),
            prompt=what.prompt,
            size="1024x1024",
            background="opaque",
            input_fidelity="high",
            output_format="png",
        )

        first, second = server.of("/v1/images/edits")
    assert parts(first) == parts(second)


@pytest.mark.parametrize("partials", [0, 2])
def test_the_official_client_sends_the_same_generation(partials: int) -> None:
    """The same JSON, streaming or not; no difference is allowed."""
    with OpenAIServer() as server:
        run_provider(
            provider(server, partial_images=partials, moderation="low"),
            job(1536, 1024, edit=Edit.GENERATE),
        )
        more: dict[str, Any] = {"stream": True, "partial_images": partials} if partials else {}
        answer = official(server).images.generate(
            model="gpt-image-2.6-flare",
            prompt="a wooden door",
            size="1536x1024",
            background="opaque",
            output_format="png",
            moderation="low",
            **more,
        )
        if partials:
            list(answer)

        first, second = server.of("/v1/images/generations")
    assert first.json == second.json
    assert first.headers["content-type"] == second.headers["content-type"]


def test_the_official_client_streams_the_same_edit() -> None:
    """The same parts out, the same previews and the same picture back."""
    what = job(*SIZE)
    with OpenAIServer() as server:
        ours = run_provider(provider(server, partial_images=2), what)
        (mask,) = server.requests[0].files("mask")
        stream = official(server).images.edit(
            model="gpt-image-2.6-flare",
            image=("picture.png", encode_png(what.pixels), "image/png"),
            mask=("mask.png", mask.data, "image/png"),
            prompt=what.prompt,
            size="1024x768",
            background="opaque",
            output_format="png",
            stream=True,
            partial_images=2,
        )
        theirs = list(stream)

        first, second = server.of("/v1/images/edits")
    assert parts(first) == parts(second)
    pictures = [openai_wire.picture_bytes(event.b64_json) for event in theirs]
    assert pictures == [each.picture for each in ours.events if hasattr(each, "picture")]
    assert isinstance(ours.candidates[0], Candidate)


def test_the_official_client_lists_the_same_models() -> None:
    """All that ours lists, theirs lists too."""
    with OpenAIServer() as server:
        theirs = {model.id for model in official(server).models.list()}

        assert set(ask(provider(server).models)) <= theirs


def test_the_official_client_finds_the_same_faults() -> None:
    """Where the server refuses ours, it refuses theirs with the class that fits the status."""
    with OpenAIServer() as server:
        server.faults = [
            Fault(400, error("moderation_blocked", "no", **USER)),
            Fault(429, error("insufficient_quota", "no")),
            Fault(500, "<html>"),
        ]
        for expected in (openai.BadRequestError, openai.RateLimitError, openai.InternalServerError):
            with pytest.raises(expected):
                official(server).images.generate(model="gpt-image-2", prompt="a", size="1024x1024")


def test_nothing_shows_the_key() -> None:
    """Not the provider's repr, not its setup's."""
    setup = Setup(key=KEY)

    assert KEY not in repr(setup) + repr(OpenAI(setup)) + repr(vars(OpenAI(setup)))
