"""Seedream: what is sent to which region, what comes back, what it costs, what errors mean."""

import base64
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image
from tests.servers import Outcome, job, run_provider
from tests.servers.seedream import KINDS, ROUTE, SeedreamServer
from volcenginesdkarkruntime import Ark
from volcenginesdkarkruntime._exceptions import ArkAPIError
from volcenginesdkarkruntime.types.images import OptimizePromptOptions

from overpaint import catalogue
from overpaint.catalogue import State
from overpaint.dialect import MaskUse, Role
from overpaint.errors import (
    AccountLimited,
    AnswerUnusable,
    Busy,
    ContentRefused,
    EditUnsupported,
    KeyMissing,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    RequestRejected,
    ServerFault,
    TimedOut,
    Unreachable,
)
from overpaint.geometry import Extent
from overpaint.providers.base import Job, Reference, Setup, Timeouts
from overpaint.providers.seedream import Seedream
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

KEY = "test-key-marked-1"
PRO = "dola-seedream-5-0-pro-260628"
LITE = "seedream-5-0-260128"
FOUR = "seedream-4-0-250828"
WORDS_ONLY = "seedream-3-0-t2i-250415"
SEEDEDIT = "seededit-3-0-i2i-250628"
ENDPOINT = "ep-20261101000000-abcde"


@pytest.fixture
def server() -> Iterator[SeedreamServer]:
    with SeedreamServer() as running:
        yield running


def provider(server: SeedreamServer, model: str | None = FOUR, **setup: Any) -> Seedream:
    setup = {"key": KEY, "base_url": server.base_url, **setup}
    return Seedream(Setup(model=model, **setup))


def wish(width: int = 1024, height: int = 1024, **changes: Any) -> Job:
    """A job of a size that the models from 4.0 on take."""
    return job(width, height, **changes)


def large(**changes: Any) -> Job:
    return job(2048, 2048, **changes)


def sent(server: SeedreamServer) -> dict[str, Any]:
    (call,) = server.of(ROUTE)
    body: dict[str, Any] = call.json
    return body


def picture(url: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def ask(what: Seedream, name: str) -> Any:
    async def call() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await getattr(what, name)(http)

    return anyio.run(call)


# What is sent.


def test_an_edit_sends_the_picture_then_the_mask_then_the_references(
    server: SeedreamServer,
) -> None:
    """In the order of which the prompt speaks; in the mask white is what changes."""
    reference = np.full((32, 48, 3), 77, np.uint8)
    what = wish(references=(Reference(reference, Role.STYLE),))

    outcome = run_provider(provider(server), what)

    images = sent(server)["image"]
    assert len(images) == 3
    assert all(each.startswith("data:image/png;base64,") for each in images)
    assert np.array_equal(picture(images[0]), what.pixels)
    mask = picture(images[1])
    assert mask.shape == (1024, 1024, 3)
    assert np.array_equal(mask[..., 0] == 255, what.mask > 0)
    assert set(np.unique(mask)) == {0, 255}
    assert np.array_equal(picture(images[2]), reference)
    red = outcome.pictures[0].astype(int)[what.mask == 255]
    assert (red[:, 0] > 200).mean() > 0.99


def test_the_request_says_what_the_vendor_must_not_decide(server: SeedreamServer) -> None:
    """The watermark is refused, the size is that of the region, one picture comes in the answer."""
    run_provider(provider(server), wish(1040, 912))

    body = sent(server)
    assert body["watermark"] is False
    assert body["size"] == "1040x912"
    assert body["response_format"] == "b64_json"
    assert body["sequential_image_generation"] == "disabled"
    assert body["prompt"] == "a wooden door"
    assert not {"seed", "output_format", "guidance_scale", "n", "mask", "stream"} & set(body)


def test_without_the_mask_picture_only_words_say_where(server: SeedreamServer) -> None:
    """With `send_mask = false` one picture goes, as a string; the dialect knows."""
    what = provider(server, options={"send_mask": False})

    run_provider(what, wish())

    assert isinstance(sent(server)["image"], str)
    assert what.capabilities.dialect.mask is MaskUse.NONE


def test_generating_sends_references_only(server: SeedreamServer) -> None:
    """There is no picture to edit, and no mask."""
    run_provider(provider(server), wish(edit=Edit.GENERATE))
    reference = Reference(np.full((32, 48, 3), 77, np.uint8), Role.SUBJECT)
    run_provider(provider(server), wish(edit=Edit.GENERATE, references=(reference,)))

    plain, guided = [call.json for call in server.of(ROUTE)]
    assert "image" not in plain
    assert isinstance(guided["image"], str)


@pytest.mark.parametrize(
    ("model", "edit"),
    [
        *((PRO, edit) for edit in Edit),
        (LITE, Edit.INPAINT),
        ("seedream-4-5-251128", Edit.GENERATE),
        (FOUR, Edit.VARIATION),
    ],
)
def test_every_edit_works_with_every_model_of_today(
    server: SeedreamServer, model: str, edit: Edit
) -> None:
    """The server's checks of fields, sizes and pictures pass for all of them."""
    what = provider(server, model)
    (extent,) = what.capabilities.sizes.working(Extent(700, 500))

    outcome = run_provider(what, job(extent.width, extent.height, edit=edit))

    assert [each.shape for each in outcome.pictures] == [(extent.height, extent.width, 3)]
    # What the watermark would have painted white.
    assert outcome.pictures[0][-4:].mean() < 250


@pytest.mark.parametrize("model", [model.id for model in catalogue.models("seedream")] + [ENDPOINT])
def test_the_catalogues_sizes_are_what_the_server_takes(server: SeedreamServer, model: str) -> None:
    """Small, large, wide and tall regions all become sizes within each model's range."""
    what = provider(server, model)
    sizes = what.capabilities.sizes
    kinds = [kind for kind in KINDS if kind.name in model][:1] or list(KINDS[:4])
    for shape in (Extent(64, 64), Extent(9000, 7000), Extent(4000, 300), Extent(200, 9000)):
        for extent in sizes.working(shape):
            assert extent.width % 16 == extent.height % 16 == 0
            what_is_sent = {"model": model, "size": f"{extent.width}x{extent.height}"}
            for kind in kinds:
                # SeedEdit is given no size.
                assert kind.high == 0 or server._wrong_size(what_is_sent, kind) is None


def test_only_old_models_take_a_seed(server: SeedreamServer) -> None:
    """3.0 gets seed and guidance, and says that a seed repeats; the others do not."""
    old = provider(server, WORDS_ONLY, options={"guidance": 4})

    run_provider(old, job(1024, 768, edit=Edit.GENERATE, seed=42))

    body = sent(server)
    assert (body["seed"], body["guidance_scale"]) == (42, 4.0)
    assert "sequential_image_generation" not in body
    assert old.capabilities.seed
    assert not provider(server).capabilities.seed


def test_only_5_takes_a_format(server: SeedreamServer) -> None:
    """5.0 is asked for PNG, and 4.0 answers JPEG, whose bytes come as they are."""
    five = run_provider(provider(server, PRO), wish())
    four = run_provider(provider(server, FOUR), wish())

    assert server.of(ROUTE)[0].json["output_format"] == "png"
    assert five.candidates[0].picture[:4] == b"\x89PNG"
    assert four.candidates[0].picture[:3] == b"\xff\xd8\xff"


def test_seededit_gets_one_picture_and_decides_on_the_size(server: SeedreamServer) -> None:
    """It takes a single picture, so no mask and no references, and no size."""
    what = provider(server, SEEDEDIT)

    outcome = run_provider(what, wish())

    assert isinstance(sent(server)["image"], str)
    assert sent(server)["size"] == "adaptive"
    assert what.capabilities.dialect.mask is MaskUse.NONE
    assert what.capabilities.references == 0
    assert Edit.GENERATE not in what.capabilities.edits
    assert "old" in outcome.notices[0].sentence
    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.03)


@pytest.mark.parametrize(("model", "edit"), [(WORDS_ONLY, Edit.INPAINT), (SEEDEDIT, Edit.GENERATE)])
def test_what_a_model_cannot_do_is_refused_before_sending(
    server: SeedreamServer, model: str, edit: Edit
) -> None:
    """A model that takes no pictures edits none; one that needs a picture makes none from words."""
    with pytest.raises(EditUnsupported, match=model):
        run_provider(provider(server, model), wish(edit=edit))

    assert server.requests == []


def test_options_of_the_request(server: SeedreamServer) -> None:
    """Prompt optimizing and further fields go where the model takes them."""
    options = {"optimize": "fast", "fields": {"tools": [{"type": "web_search"}]}}
    run_provider(provider(server, LITE, options={**options, "output_format": "jpeg"}), large())

    body = sent(server)
    assert body["optimize_prompt_options"] == {"mode": "fast"}
    assert body["tools"] == [{"type": "web_search"}]
    assert body["output_format"] == "jpeg"


@pytest.mark.parametrize("upload", ["png", "webp", "jpeg"])
def test_the_upload_format_can_be_chosen(server: SeedreamServer, upload: str) -> None:
    """PNG and WebP lose nothing; JPEG hardly anything."""
    what = wish()
    run_provider(provider(server, options={"upload": upload}), what)

    image = sent(server)["image"][0]
    assert image.startswith(f"data:image/{upload};base64,")
    difference = np.abs(picture(image).astype(int) - what.pixels).mean()
    assert difference < (8 if upload == "jpeg" else 1e-9)


def test_a_file_that_is_too_large_goes_as_jpeg(server: SeedreamServer) -> None:
    """The vendor limits the bytes of a picture: noise, as PNG, would pass them."""
    noise = np.random.default_rng(1).integers(0, 256, (2048, 2048, 3), dtype=np.uint8)

    run_provider(provider(server), large(pixels=noise))

    image, mask = sent(server)["image"]
    assert image.startswith("data:image/jpeg;base64,")
    assert mask.startswith("data:image/png;base64,")


def test_a_file_that_nothing_makes_small_enough_is_refused(server: SeedreamServer) -> None:
    """Where JPEG does not help either, nothing is sent."""
    with pytest.raises(RequestRejected, match="too large"):
        run_provider(provider(server, options={"most_bytes": 1000}), wish())

    assert server.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"upload": "gif"},
        {"send_mask": "no"},
        {"response": "file"},
        {"guidance": "much"},
        {"most_bytes": "10 MB"},
        {"fields": [1]},
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_sent(
    server: SeedreamServer, options: dict[str, Any]
) -> None:
    """The sentence names the option."""
    with pytest.raises(RequestRejected, match=next(iter(options))):
        run_provider(
            provider(server, WORDS_ONLY if "guidance" in options else FOUR, options=options),
            job(1024, 1024, edit=Edit.GENERATE if "guidance" in options else Edit.INPAINT),
        )

    assert server.requests == []


# Regions and models.


@pytest.mark.parametrize(
    ("setup", "host", "model"),
    [
        (Setup(), "ark.ap-southeast.bytepluses.com", PRO),
        (Setup(options={"region": "europe"}), "ark.eu-west.bytepluses.com", LITE),
        (
            Setup(options={"region": "china"}),
            "ark.cn-beijing.volces.com",
            "doubao-seedream-5-0-pro-260628",
        ),
        (
            Setup(model="doubao-seedream-4-0-20260415"),
            "ark.cn-beijing.volces.com",
            "doubao-seedream-4-0-20260415",
        ),
        (Setup(model=FOUR, options={"region": "europe"}), "ark.eu-west.bytepluses.com", FOUR),
        (Setup(model=ENDPOINT), "ark.ap-southeast.bytepluses.com", ENDPOINT),
        (
            Setup(base_url="https://ark.cn-beijing.volces.com/api/v3/"),
            "ark.cn-beijing.volces.com",
            "doubao-seedream-5-0-pro-260628",
        ),
    ],
)
def test_region_and_model_find_each_other(setup: Setup, host: str, model: str) -> None:
    """Each region has its address and its first model; a model alone means its region."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(400, json={"error": {"code": "MissingParameter", "message": "x"}})

    async def call() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            keyed = Setup(
                model=setup.model, base_url=setup.base_url, key=KEY, options=setup.options
            )
            await Seedream(keyed).check(http)

    anyio.run(call)

    assert asked[0].url.host == host
    assert asked[0].url.path == "/api/v3/images/generations"
    assert asked[0].read() == b'{"model":"%s"}' % model.encode()


def test_a_model_is_not_asked_for_where_it_is_not_offered() -> None:
    """5.0 Pro is in Asia only: in Europe the user reads what there is instead."""
    with pytest.raises(ModelUnknown) as caught:
        run_provider(Seedream(Setup(model=PRO, key=KEY, options={"region": "europe"})))

    assert caught.value.successor == LITE
    assert LITE in caught.value.hint


def test_an_unknown_region_is_refused() -> None:
    """The sentence lists the regions there are."""
    with pytest.raises(RequestRejected, match="asia, europe, china"):
        Seedream(Setup(options={"region": "moon"}))


def test_an_endpoint_gets_what_all_models_take(server: SeedreamServer) -> None:
    """Behind `ep-...` any model may be: nothing is sent that only some of them know."""
    what = provider(server, ENDPOINT)

    run_provider(what, large())

    assert set(sent(server)) == {
        "model",
        "prompt",
        "size",
        "image",
        "response_format",
        "watermark",
    }
    assert what.capabilities.price is None


def test_an_endpoint_can_be_like_a_model(server: SeedreamServer) -> None:
    """With `like` it has that model's sizes, fields and price."""
    what = provider(server, ENDPOINT, options={"like": LITE})

    outcome = run_provider(what, large())

    assert sent(server)["model"] == ENDPOINT
    assert sent(server)["output_format"] == "png"
    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.035)
    with pytest.raises(RequestRejected, match="like"):
        provider(server, ENDPOINT, options={"like": "nothing"})


RETIRED = {
    "doubao-seedream-5-0-260128": "doubao-seedream-5-0-pro-260628",
    "doubao-seedream-4-5-251128": "doubao-seedream-5-0-pro-260628",
    "doubao-seedream-4-0-250828": "doubao-seedream-4-0-20260415",
}


@pytest.mark.parametrize(("model", "successor"), RETIRED.items())
def test_a_model_that_is_said_to_be_gone_is_tried_with_a_word_about_it(
    model: str, successor: str
) -> None:
    """Second-hand news is no fact: it is tried, and a 404 then names what to use instead."""
    known = catalogue.find("seedream", model)
    assert known is not None
    assert known.state is State.DOUBTFUL
    assert str(known.ends) == "2026-11-24"
    with SeedreamServer() as server:
        outcome = run_provider(provider(server, model), large())
        assert successor in outcome.notices[0].sentence

    with SeedreamServer(gone={model}) as server, pytest.raises(ModelUnknown) as caught:
        run_provider(provider(server, model), large())
    assert caught.value.successor == successor
    assert successor in caught.value.hint


def test_a_dead_model_is_refused_before_sending(
    server: SeedreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the catalogue knows to be gone is not asked for; the successor is offered."""
    known = catalogue.find("seedream", FOUR)
    assert known is not None
    gone = replace(known, state=State.DEAD, successor=LITE, note="It was shut down.")
    monkeypatch.setattr(catalogue, "find", lambda *_: gone)

    for call in (
        lambda: run_provider(provider(server), wish()),
        lambda: ask(provider(server), "check"),
    ):
        with pytest.raises(ModelUnknown, match="shut down") as caught:
            call()
        assert caught.value.successor == LITE
    assert server.requests == []


def test_successors_are_models_that_can_be_used() -> None:
    """Whatever the catalogue offers instead is itself current, and of the same region."""
    for model in catalogue.models("seedream"):
        if model.successor is not None:
            successor = catalogue.find("seedream", model.successor)
            assert successor is not None
            assert successor.state is State.CURRENT
            regions = {"asia", "europe", "china"} & model.features
            assert regions & successor.features


def test_models_lists_the_regions_own(server: SeedreamServer) -> None:
    """The API has no list: the catalogue's ids for the region."""
    asia = ask(provider(server, None), "models")
    china = ask(provider(server, None, options={"region": "china"}), "models")

    assert asia[0] == PRO
    assert all("doubao" in model for model in china)
    assert not set(asia) & set(china)


# Answers.


def test_a_picture_comes_with_its_cost(server: SeedreamServer) -> None:
    """Bytes as they came, the cost by the catalogue, tokens and the request's id."""
    outcome = run_provider(provider(server), wish())

    assert len(outcome.candidates) == 1
    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.03)
    assert outcome.usage.output_tokens == 4096
    assert outcome.usage.request_id == "0217request"


@pytest.mark.parametrize(("side", "cost"), [(1024, 0.045), (2048, 0.09)])
def test_large_pictures_of_pro_cost_twice(server: SeedreamServer, side: int, cost: float) -> None:
    """The price goes by the pixels of the result."""
    outcome = run_provider(provider(server, PRO), job(side, side))

    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(cost)


def test_links_are_fetched_without_the_key() -> None:
    """The route of the files refuses requests that carry an Authorization."""
    with SeedreamServer() as server:
        outcome = run_provider(provider(server, options={"response": "url"}), wish())

        assert sent(server)["response_format"] == "url"
        (fetched,) = [each for each in server.requests if each.path.startswith("/files/")]
        assert "authorization" not in fetched.headers
    assert len(outcome.candidates) == 1


def test_links_come_even_where_bytes_were_asked_for() -> None:
    """A gateway that answers with links all the same is understood."""
    with SeedreamServer(force_url=True) as server:
        assert len(run_provider(provider(server), wish()).candidates) == 1


@pytest.mark.parametrize(
    "knobs",
    [{"lost": True}, {"links": "http://127.0.0.1:9"}, {"links": "http://198.51.100.7"}],
    ids=["gone", "unreachable", "unsafe"],
)
def test_a_link_that_cannot_be_fetched_is_paid_for(knobs: dict[str, Any]) -> None:
    """It is an error after which nothing is repeated, and the cost is told."""
    events = Outcome()

    async def run(what: Seedream) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            async for event in what.run(wish(), http):
                events.events.append(event)

    with SeedreamServer(force_url=True, **knobs) as server:
        with pytest.raises(AnswerUnusable) as caught:
            anyio.run(run, provider(server))
        assert server.billed == 1
    assert caught.value.hint
    assert events.usage is not None
    assert events.usage.cost == pytest.approx(0.03)


def test_several_pictures_are_several_candidates() -> None:
    """All that came is yielded, and counted."""
    with SeedreamServer(entries=("", "", "")) as server:
        outcome = run_provider(provider(server), wish())

    assert len(outcome.candidates) == 3
    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.09)


def test_a_refused_one_among_several_is_a_notice() -> None:
    """What came is kept; only what was made is charged."""
    with SeedreamServer(entries=("OutputImageSensitiveContentDetected", "")) as server:
        outcome = run_provider(provider(server), wish())

    assert len(outcome.candidates) == 1
    assert "policy" in outcome.notices[0].sentence
    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.03)


def test_without_a_count_the_pictures_are_counted() -> None:
    """An answer without usage costs what came."""
    with SeedreamServer(entries=("", ""), counts=False) as server:
        outcome = run_provider(provider(server), wish())

    assert outcome.usage is not None
    assert outcome.usage.cost == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("knobs", "error"),
    [
        ({"entries": ("OutputImageSensitiveContentDetected",)}, ContentRefused),
        ({"entries": ("InternalServiceError",)}, ServerFault),
        ({"entries": ()}, NoPicture),
        ({"entries": ("nothing",)}, AnswerUnusable),
        ({"top": "OutputImageSensitiveContentDetected.DeepFake"}, ContentRefused),
        ({"top": "ServerOverloaded"}, Busy),
        ({"top": "SomethingNew"}, RequestRejected),
    ],
)
def test_a_200_without_a_picture_is_an_error(
    knobs: dict[str, Any], error: type[OverpaintError]
) -> None:
    """Errors inside an answer of status 200 mean what they mean elsewhere."""
    with SeedreamServer(**knobs) as server, pytest.raises(error) as caught:
        run_provider(provider(server), wish())

    assert type(caught.value) is error
    assert caught.value.hint


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", "3", "null", '{"data": 3}', '{"data": "x"}', '{"data": [3]}']
)
def test_nonsense_becomes_an_error_of_the_tree(body: str) -> None:
    """Whatever JSON a server invents, it ends in one of our errors."""
    raw = (200, body, "application/json")
    with SeedreamServer(raw=raw) as server, pytest.raises(OverpaintError):
        run_provider(provider(server), wish())


# Errors.

CODES: list[tuple[int, str, type[OverpaintError]]] = [
    (400, "MissingParameter", RequestRejected),
    (400, "InvalidParameter", RequestRejected),
    (400, "InvalidParameter.UnsupportedImageFormat", RequestRejected),
    (400, "InvalidImageURL", RequestRejected),
    (400, "InvalidImageURL.InvalidFormat", RequestRejected),
    (400, "InputTextSensitiveContentDetected", ContentRefused),
    (400, "InputImageSensitiveContentDetected", ContentRefused),
    (400, "InputImageSensitiveContentDetected.PrivacyInformation", ContentRefused),
    (400, "OutputImageSensitiveContentDetected", ContentRefused),
    (400, "OutputImageSensitiveContentDetected.DeepFake", ContentRefused),
    (400, "SensitiveContentDetected", ContentRefused),
    (400, "SensitiveContentDetected.Violence", ContentRefused),
    (400, "SensitiveContentDetected.SevereViolation", ContentRefused),
    (400, "InputTextRiskDetection", ContentRefused),
    (400, "InputImageRiskDetection", ContentRefused),
    (400, "OutputImageRiskDetection", ContentRefused),
    (400, "InvalidEndpoint.ClosedEndpoint", ModelUnknown),
    (401, "AuthenticationError", KeyRejected),
    (401, "InvalidAccountStatus", AccountLimited),
    (403, "AccessDenied", KeyRejected),
    (403, "AccountOverdueError", AccountLimited),
    (403, "OperationDenied.ServiceNotOpen", KeyRejected),
    (404, "InvalidEndpointOrModel.NotFound", ModelUnknown),
    (404, "InvalidEndpointOrModel.ModelIDAccessDisabled", ModelUnknown),
    (404, "ModelNotOpen", ModelUnknown),
    (429, "ModelAccountIpmRateLimitExceeded", Busy),
    (429, "ModelAccountRpmRateLimitExceeded", Busy),
    (429, "APIAccountRpmRateLimitExceeded", Busy),
    (429, "RateLimitExceeded.EndpointRPMExceeded", Busy),
    (429, "RateLimitExceeded.EndpointTPMExceeded", Busy),
    (429, "AccountRateLimitExceeded", Busy),
    (429, "RequestBurstTooFast", Busy),
    (429, "ServerOverloaded", Busy),
    (503, "ServerOverloaded", Busy),
    (429, "InflightBatchsizeExceeded", Busy),
    (429, "QuotaExceeded", AccountLimited),
    (429, "SetLimitExceeded", AccountLimited),
    (500, "InternalServiceError", ServerFault),
    (418, "SomethingNew", RequestRejected),
    (500, "SomethingNew", ServerFault),
]


@pytest.mark.parametrize(("status", "code", "error"), CODES)
def test_every_code_has_its_error(status: int, code: str, error: type[OverpaintError]) -> None:
    """One code, one class, with a next step; the key that a server quotes never shows."""
    with SeedreamServer(fail=(status, code, f"no, not with {KEY}. request id: 02")) as server:
        with pytest.raises(error) as caught:
            run_provider(provider(server), wish())
        assert len(server.requests) == 1

    assert type(caught.value) is error
    assert caught.value.hint
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InputTextSensitiveContentDetected", "prompt"),
        ("InputImageSensitiveContentDetected.PrivacyInformation", "real person"),
        ("OutputImageSensitiveContentDetected", "it made"),
    ],
)
def test_a_refusal_says_what_was_refused(code: str, words: str) -> None:
    """Prompt, picture or result: the user knows what to change."""
    fail = (400, code, "x")
    with SeedreamServer(fail=fail) as server, pytest.raises(ContentRefused, match=words):
        run_provider(provider(server), wish())


def test_a_wrong_key_is_explained_by_the_region() -> None:
    """The server quotes the key that it got; we do not, and speak of regions instead."""
    wrong = "test-key-marked-2"
    with SeedreamServer() as server:
        for call in (
            lambda: run_provider(provider(server, key=wrong), wish()),
            lambda: ask(provider(server, key=wrong), "check"),
        ):
            with pytest.raises(KeyRejected) as caught:
                call()
            assert "region" in caught.value.hint
            assert "asia" in caught.value.sentence
            assert "marked" not in str(caught.value)
            assert "missing or invalid" not in str(caught.value)
    assert "marked" not in repr(vars(provider(server, key=wrong)))


def test_a_missing_key_is_told_before_anything_is_sent(server: SeedreamServer) -> None:
    """The hint names the variable and the command."""
    for call in (
        lambda: run_provider(provider(server, key=None), wish()),
        lambda: ask(provider(server, key=None), "check"),
    ):
        with pytest.raises(KeyMissing) as caught:
            call()
        assert "ARK_API_KEY" in caught.value.hint
        assert "overpaint keys set" in caught.value.hint
    assert server.requests == []


def test_waiting_times_are_read() -> None:
    """Retry-After goes along with Busy."""
    knobs: dict[str, Any] = {
        "fail": (429, "ModelAccountIpmRateLimitExceeded", "slower"),
        "headers": {"Retry-After": "7"},
    }
    with SeedreamServer(**knobs) as server, pytest.raises(Busy) as caught:
        run_provider(provider(server), wish())

    assert caught.value.retry_after == 7


def test_a_model_that_is_not_activated_says_where_to(server: SeedreamServer) -> None:
    """A model exists, but the account has not activated it."""
    server.knobs.closed = {FOUR}
    with pytest.raises(ModelUnknown, match=FOUR) as caught:
        run_provider(provider(server), wish())

    assert "console" in caught.value.hint


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ((404, "<!doctype html><title>Not here</title>", "text/html"), ModelUnknown),
        ((401, "", "text/plain"), KeyRejected),
        ((502, "<html>bad gateway</html>", "text/html"), ServerFault),
        ((413, "", "text/plain"), RequestRejected),
        ((429, "", "text/plain"), Busy),
        ((400, '{"error": "just words"}', "application/json"), RequestRejected),
        ((200, "<!doctype html><title>Log in</title>", "text/html"), AnswerUnusable),
    ],
)
def test_errors_without_a_code_go_by_their_status(
    raw: tuple[int, str, str], error: type[OverpaintError]
) -> None:
    """What a proxy in between says is understood by its status."""
    with SeedreamServer(raw=raw) as server, pytest.raises(error) as caught:
        run_provider(provider(server), wish())

    assert type(caught.value) is error


def test_nobody_there_is_unreachable() -> None:
    """Nothing was sent, so it may be tried again."""
    with SeedreamServer() as server:
        url = server.base_url
    with pytest.raises(Unreachable):
        run_provider(Seedream(Setup(model=FOUR, key=KEY, base_url=url)), wish())


def test_silence_ends_within_the_time_limit() -> None:
    """It may have been charged, so it is not Busy or Unreachable."""
    with SeedreamServer(seconds=5) as server:
        limits = Timeouts(answer=0.3, total=5)
        with pytest.raises(TimedOut):
            run_provider(provider(server, timeouts=limits), wish())


def test_check_costs_nothing(server: SeedreamServer) -> None:
    """Key, region and model are checked with a request that makes no picture."""
    assert "asia" in ask(provider(server), "check")
    server.knobs.gone = {FOUR}
    with pytest.raises(ModelUnknown):
        ask(provider(server), "check")

    assert server.billed == 0
    assert all("prompt" not in call.json for call in server.of(ROUTE))


def test_cancelling_closes_the_connection_at_once() -> None:
    """The server sees the connection end within 0.3 s."""

    async def leave(what: Seedream) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            with anyio.move_on_after(0.5) as scope:
                async for _ in what.run(wish(), http):
                    pass
            return anyio.current_time() - scope.deadline

    with SeedreamServer(seconds=10) as server:
        assert anyio.run(leave, provider(server)) < 0.3
        until = time.monotonic() + 2
        while server.closed == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert server.closed == 1
        assert server.billed == 0


# The vendor's own client: volcengine-ark-runtime, which BytePlus's SDK holds as well.


def client(server: SeedreamServer, key: str = KEY) -> Ark:
    quiet = httpx.Client(trust_env=False)
    return Ark(base_url=server.base_url, api_key=key, max_retries=0, http_client=quiet)


def as_url(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_an_edit_equals_the_vendors_client(server: SeedreamServer) -> None:
    """Field by field; the vendor's client also sends null for each field it was not given."""
    what = large()
    mask = np.repeat(((what.mask > 0) * 255).astype(np.uint8)[..., None], 3, 2)
    theirs_answer = client(server).images.generate(
        model=LITE,
        prompt="a wooden door",
        image=[as_url(what.pixels), as_url(mask)],
        size="2048x2048",
        response_format="b64_json",
        output_format="png",
        watermark=False,
        sequential_image_generation="disabled",
        optimize_prompt_options=OptimizePromptOptions(mode="fast"),
    )
    outcome = run_provider(provider(server, LITE, options={"optimize": "fast"}), what)

    theirs, ours = [call.json for call in server.of(ROUTE)]
    nulls = {name for name, value in theirs.items() if value is None}
    assert nulls <= {
        "guidance_scale",
        "layer_decomposition",
        "optimize_prompt",
        "seed",
        "sequential_image_generation_options",
        "stream",
        "tools",
    }
    # The options' other field goes as null, too.
    theirs["optimize_prompt_options"].pop("thinking", None)
    assert {name: value for name, value in theirs.items() if name not in nulls} == ours
    (mine,) = outcome.candidates
    assert base64.b64decode(theirs_answer.data[0].b64_json) == mine.picture
    headers = [call.headers for call in server.of(ROUTE)]
    for name in ("authorization", "content-type"):
        assert headers[0][name] == headers[1][name]


@pytest.mark.parametrize(
    ("model", "changes"),
    [(PRO, {"output_format": "png"}), (FOUR, {"sequential_image_generation": "disabled"})],
)
def test_a_generation_equals_the_vendors_client(
    server: SeedreamServer, model: str, changes: dict[str, Any]
) -> None:
    """Likewise from words alone, with links."""
    theirs_answer = client(server).images.generate(
        model=model,
        prompt="a wooden door",
        size="1024x1024",
        response_format="url",
        watermark=False,
        **changes,
    )
    run_provider(provider(server, model, options={"response": "url"}), wish(edit=Edit.GENERATE))

    theirs, ours = [call.json for call in server.of(ROUTE)]
    assert {name: value for name, value in theirs.items() if value is not None} == ours
    assert theirs_answer.data[0].url.startswith(server.url)


def test_the_old_models_equal_the_vendors_client(server: SeedreamServer) -> None:
    """Seed and guidance go to the 3.0 models, SeedEdit gets its picture as a string."""
    what = wish()
    theirs_client = client(server).images
    theirs_client.generate(
        model=SEEDEDIT,
        prompt="a wooden door",
        image=as_url(what.pixels),
        size="adaptive",
        seed=7,
        guidance_scale=5.5,
        response_format="b64_json",
        watermark=False,
    )
    run_provider(provider(server, SEEDEDIT, options={"guidance": 5.5}), what)

    theirs, ours = [call.json for call in server.of(ROUTE)]
    assert {name: value for name, value in theirs.items() if value is not None} == ours


def test_the_vendors_client_sees_the_same_errors() -> None:
    """What is an error to us is one to it, with the code that we map."""
    with SeedreamServer() as server:
        with pytest.raises(ArkAPIError) as caught:
            client(server, "test-key-marked-2").images.generate(model=FOUR, prompt="x")
        assert caught.value.code == "AuthenticationError"
        with pytest.raises(ArkAPIError) as caught:
            client(server).images.generate(model=FOUR, prompt="x", size="16x16")
        assert caught.value.code == "InvalidParameter"


def test_groups_stream_to_the_vendors_client() -> None:
    """Whole pictures, one by one; a stream of one picture would bring nothing earlier."""
    for entries in (("", ""), ("", "OutputImageSensitiveContentDetected", "")):
        kinds = []
        with SeedreamServer(entries=entries) as server:
            try:
                events = client(server).images.generate(
                    model=FOUR,
                    prompt="three doors",
                    size="1024x1024",
                    sequential_image_generation="auto",
                    response_format="b64_json",
                    stream=True,
                )
                kinds.extend(event.type.rpartition(".")[2] for event in events)
            except ArkAPIError as error:
                # It gives up at the first picture that is refused.
                kinds.append(error.code or "")
        if len(entries) == 2:
            assert kinds == ["partial_succeeded", "partial_succeeded", "completed"]
        else:
            assert kinds == ["partial_succeeded", "OutputImageSensitiveContentDetected"]


def test_the_module_is_light() -> None:
    """Nothing heavy is imported until a picture is made."""
    import subprocess
    import sys

    code = (
        "import sys, overpaint.providers.seedream, overpaint.providers.a1111;"
        "print(sorted({'httpx', 'cv2', 'PIL'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
