"""The provider for gateways, against servers that each speak OpenAI's API in their own part."""

import io
import json
from typing import Any

import anyio
import httpx
import numpy as np
import openai
import openrouter
import pytest
from openrouter.utils.retries import BackoffStrategy, RetryConfig
from PIL import Image
from tests.servers import Outcome, Recorded, job, run_provider, seconds_to_cancel
from tests.servers.gateway import TEXT, GatewayServer
from tests.servers.openai import KEY, RED, Fault

from overpaint import catalogue
from overpaint.codec import encode_png
from overpaint.dialect import MaskUse, Role
from overpaint.errors import (
    AccountLimited,
    AddressInvalid,
    AnswerUnusable,
    Busy,
    ConnectionLost,
    ContentRefused,
    KeyMissing,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    ProviderUnknown,
    RecipeInvalid,
    RequestRejected,
    ServerFault,
)
from overpaint.geometry import Extent
from overpaint.providers.base import Job, Reference, Setup, Usage
from overpaint.providers.gateway import Gateway
from overpaint.providers.gateway_chat import aspect_of, data_url, tier_of
from overpaint.providers.gateway_presets import PRESETS
from overpaint.providers.openai_wire import picture_bytes
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

EDITS = [Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE]
SIZE = (1024, 1024)
PAINTERS = ["openrouter", "xroute", "vercel", "litellm", "localai", "sdcpp", "vllm-omni", "sglang"]
"""All kinds that heed a mask, in a field or shown; Aquiles-Image does not."""
KINDS = [*PAINTERS, "aquiles", "generic"]
SMALL = job(64, 64)


def provider(server: GatewayServer, model: str | None = "maker/painter", **options: Any) -> Gateway:
    if server.kind != "generic":
        options = {"preset": server.kind, **options}
    return Gateway(Setup(model=model, key=server.key, base_url=server.base_url, options=options))


def run(server: GatewayServer, what: Job | None = None, **options: Any) -> Outcome:
    return run_provider(provider(server, **options), what or job(*SIZE))


def refusal(
    server: GatewayServer, fault: Fault | None, what: Job = SMALL, **options: Any
) -> OverpaintError:
    """What the provider raises where the server answers with *fault*."""
    if fault:
        server.faults.append(fault)
    with pytest.raises(OverpaintError) as caught:
        run(server, what, **options)
    assert KEY not in repr(caught.value) + str(caught.value)
    assert caught.value.sentence
    assert caught.value.hint
    return caught.value


def reference(side: int = 48) -> Reference:
    return Reference(np.full((side, side, 3), 90, np.uint8), Role.STYLE)


def image(part: Any) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(part.data)))


def ask(method: Any, *arguments: Any) -> Any:
    async def call() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await method(http, *arguments)

    return anyio.run(call)


def parts(recorded: Recorded) -> list[tuple[Any, ...]]:
    return sorted((p.name, p.filename, p.content_type, p.data) for p in recorded.parts)


# Every kind of server


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("kind", PAINTERS)
def test_every_edit_changes_what_the_mask_says(kind: str, edit: Edit) -> None:
    """Whatever the field and its polarity: what is selected comes back red, the rest as it was."""
    what = job(*SIZE, edit=edit)
    with GatewayServer(kind) as server:
        outcome = run(server, what)

        assert outcome.candidates[0].picture == server.made
    (picture,) = outcome.pictures
    assert (picture[what.mask > 0] == RED).all()
    assert np.array_equal(picture[what.mask == 0], what.pixels[what.mask == 0])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_pictures_from_words(kind: str) -> None:
    """Without any picture to begin with: one candidate."""
    with GatewayServer(kind) as server:
        outcome = run(server, job(*SIZE, edit=Edit.GENERATE))

        assert [each.picture for each in outcome.candidates] == [server.made]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "localai"])
def test_every_kind_but_localai_makes_pictures_from_references(kind: str) -> None:
    """The references go along as the only pictures, without a mask."""
    with GatewayServer(kind) as server:
        what = job(*SIZE, edit=Edit.GENERATE, references=(reference(),))
        outcome = run(server, what)

        assert [each.picture for each in outcome.candidates] == [server.made]
        assert not server.requests[-1].files("mask")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "localai"])
def test_references_follow_picture_and_mask(kind: str) -> None:
    """In the order in which the prompt counts them: picture, mask where it is shown, references."""
    with GatewayServer(kind) as server:
        able = provider(server).capabilities
        run(server, job(*SIZE, references=(reference(),)))

        last = server.requests[-1]
    if last.parts:
        sizes = [image(part).shape[:2] for part in last.parts if part.name in ("image", "image[]")]
    else:
        body = last.json
        listed = body.get("input_references") or body["messages"][0]["content"][1:]
        pictures = [picture_bytes(each["image_url"]["url"]) for each in listed]
        sizes = [Image.open(io.BytesIO(each)).size for each in pictures]
    shown = able.dialect.mask is MaskUse.PICTURE
    assert sizes == [SIZE, *([SIZE] if shown else []), (48, 48)]


@pytest.mark.parametrize("kind", KINDS)
def test_capabilities_need_no_network_and_fit_the_preset(kind: str) -> None:
    """What the dialog asks is answered from data."""
    options = {} if kind == "generic" else {"preset": kind}
    able = Gateway(Setup(model="maker/painter", options=options)).capabilities

    preset = PRESETS.get(kind)
    assert able.needs_key == bool(preset and preset.needs_key)
    assert set(able.edits) == {*EDITS, Edit.GENERATE}
    assert able.dialect.instructs is (kind != "localai")
    assert able.seed is (kind in ("openrouter", "sdcpp", "vllm-omni", "sglang"))
    field = kind in ("litellm", "localai", "sdcpp", "vllm-omni", "sglang")
    assert able.dialect.mask is (MaskUse.FIELD if field else MaskUse.PICTURE)
    negative = kind in ("localai", "sdcpp", "vllm-omni", "sglang")
    assert able.dialect.negative is negative


def test_the_faintest_selection_is_open_everywhere() -> None:
    """One 255th is white in a white mask, too."""
    mask = np.zeros(SIZE, np.uint8)
    mask[10, 10] = 1
    with GatewayServer("vllm-omni") as server:
        run(server, job(*SIZE, mask=mask))

        (file,) = server.requests[0].files("mask_image")
    assert image(file)[10, 10] == 255
    assert image(file).sum() == 255


# What each kind is sent


def test_sdcpp_gets_seed_and_negative_prompt_in_its_block() -> None:
    """Its OpenAI routes have no fields for them; further settings go the same way."""
    with GatewayServer("sdcpp") as server:
        run(
            server,
            job(*SIZE, negative="cats", seed=5),
            extra={"sample_params": {"sample_steps": 9}},
        )

        block = server.block
        fields = server.requests[0].fields
    assert block == {"seed": 5, "negative_prompt": "cats", "sample_params": {"sample_steps": 9}}
    assert fields["prompt"].startswith("a wooden door <sd_cpp_extra_args>")
    assert set(fields) == {"model", "prompt", "size"}


@pytest.mark.parametrize("kind", ["vllm-omni", "sglang"])
def test_seed_and_negative_prompt_are_fields_elsewhere(kind: str) -> None:
    """As these servers name them, and so are further settings."""
    with GatewayServer(kind) as server:
        run(server, job(*SIZE, negative="cats", seed=5), extra={"num_inference_steps": 4})

        fields = server.requests[0].fields
    assert fields["seed"] == "5"
    assert fields["negative_prompt"] == "cats"
    assert fields["num_inference_steps"] == "4"
    assert fields["response_format"] == "b64_json"


def test_localai_has_a_route_of_its_own() -> None:
    """An edit goes to /images/inpainting; its answer is a link, fetched without the key."""
    with GatewayServer("localai") as server:
        outcome = run(server, job(*SIZE, negative="cats"))

        assert [each.path for each in server.requests] == [
            "/v1/images/inpainting",
            "/files/made.png",
        ]
        assert set(server.requests[0].fields) == {"model", "prompt"}
    assert "cannot be told what not to show" in outcome.notices[0].sentence


def test_localai_takes_what_is_not_wanted_after_a_bar() -> None:
    """Where it makes pictures from nothing."""
    with GatewayServer("localai") as server:
        outcome = run(server, job(*SIZE, edit=Edit.GENERATE, negative="cats"))

        body = server.of("/v1/images/generations")[0].json
    assert body["prompt"] == "a wooden door|cats"
    assert body["size"] == "1024x1024"
    assert body["response_format"] == "b64_json"
    assert not outcome.notices


def test_aquiles_is_shown_the_mask_that_it_would_ignore() -> None:
    """Its sizes and its short prompts are in the capabilities."""
    with GatewayServer("aquiles") as server:
        able = provider(server).capabilities
        run(server, job(*SIZE))

        files = server.requests[0].files("image[]")
    assert able.dialect.longest == 1000
    assert Extent(1792, 1024) in able.sizes.fixed
    assert len(files) == 2


def test_litellm_drops_masks_for_gemini() -> None:
    """For such models the mask is shown as the second picture; the option overrides it."""
    with GatewayServer("litellm") as server:
        gemini = "gemini/gemini-3.1-flash-image"
        shown = provider(server, gemini).capabilities.dialect.mask
        field = provider(server, gemini, mask="field").capabilities.dialect.mask
        run_provider(provider(server, gemini), job(*SIZE))

        assert len(server.requests[0].files("image[]")) == 2
    assert (shown, field) == (MaskUse.PICTURE, MaskUse.FIELD)


# OpenRouter


def test_openrouter_is_sent_references_seed_and_size() -> None:
    """Its own image API: JSON, with the size in pixels where the model takes any."""
    with GatewayServer("openrouter") as server:
        outcome = run(server, job(*SIZE, seed=9), model=None, quality="low")

        body = server.of("/v1/images")[0].json
    listed = body.pop("input_references")
    assert body == {
        "model": "openai/gpt-image-2.5-flare",
        "prompt": "a wooden door",
        "output_format": "png",
        "size": "1024x1024",
        "seed": 9,
        "quality": "low",
    }
    assert len(listed) == 2
    assert outcome.usage == Usage(0.039, 300, 1300, "")


def test_openrouter_is_told_shape_and_tier_for_models_of_few_shapes() -> None:
    """aspect_ratio and resolution instead of pixels, which would contradict them."""
    with GatewayServer("openrouter") as server:
        gemini = "google/gemini-3.1-flash-image"
        sizes = provider(server, gemini).capabilities.sizes
        run_provider(provider(server, gemini), job(1344, 768))

        body = server.of("/v1/images")[0].json
    assert (16, 9) in sizes.aspects
    assert (body["aspect_ratio"], body["resolution"]) == ("16:9", "1K")
    assert "size" not in body


def test_openrouter_streams_previews() -> None:
    """With the option stream; other kinds of events are passed over."""
    with GatewayServer("openrouter") as server:
        server.partials = 2
        outcome = run(server, stream="true")
        able = provider(server, stream="true").capabilities

    assert len(outcome.previews) == 2
    assert len(outcome.candidates) == 1
    assert outcome.usage is not None
    assert outcome.usage.cost == 0.039
    assert able.previews


MIDDLES = [
    ('data: {"type":"error","error":{"message":"no","code":502}}\n\n', ServerFault),
    (
        'data: {"error":{"code":400,"metadata":{"error_type":"content_policy_violation"}}}\n\n',
        ContentRefused,
    ),
    ("data: [DONE]\n\n", ConnectionLost),
]


@pytest.mark.parametrize(("middle", "expected"), MIDDLES)
def test_a_stream_of_pictures_that_goes_wrong_says_how(
    middle: str, expected: type[OverpaintError]
) -> None:
    """After work began nothing counts as free."""
    with GatewayServer("openrouter") as server:
        server.middle = middle
        assert type(refusal(server, None, stream=True)) is expected


def test_openrouter_by_chat() -> None:
    """The route can be chosen; its chat streams, and comment lines are passed over."""
    with GatewayServer("openrouter") as server:
        gemini = "google/gemini-3.1-flash-image"
        outcome = run_provider(provider(server, gemini, route="chat"), job(1344, 768, seed=3))

        body = server.of("/v1/chat/completions")[0].json
    assert len(outcome.candidates) == 1
    assert outcome.candidates[0].text == TEXT
    assert outcome.usage == Usage(0.039, 300, 1300, "gen-1")
    content = body.pop("messages")[0]["content"]
    assert [each["type"] for each in content] == ["text", "image_url", "image_url"]
    assert body == {
        "model": gemini,
        "modalities": ["image", "text"],
        "image_config": {"aspect_ratio": "16:9", "image_size": "1K"},
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


# Probing


def test_images_are_used_where_there_are_any() -> None:
    """An empty request tells, once; edits then go to /images/edits with mask field and picture."""
    with GatewayServer() as server:
        server.has_images = True
        gateway = provider(server)
        first = run_provider(gateway, job(*SIZE))
        run_provider(gateway, job(*SIZE))
        run_provider(gateway, job(*SIZE, edit=Edit.GENERATE))

        probes = [each.path for each in server.requests if each.body == b"{}"]
        edits = [each for each in server.of("/v1/images/edits") if each.parts]
    assert probes == ["/v1/images/edits", "/v1/images/generations"]
    assert len(edits) == 2
    assert len(edits[0].files("image[]")) == 2
    assert len(edits[0].files("mask")) == 1
    assert len(first.candidates) == 1
    assert not server.of("/v1/chat/completions")


@pytest.mark.parametrize("catch_all", [False, True])
def test_chat_is_used_where_there_are_no_images(catch_all: bool) -> None:
    """A 404 says so, and so does a web page with status 200."""
    with GatewayServer("xroute") as server:
        server.catch_all = catch_all
        outcome = run(server)

        assert len(server.of("/v1/chat/completions")) == 1
        assert "seed" not in server.of("/v1/chat/completions")[0].json
    assert len(outcome.candidates) == 1


def test_a_wrong_key_is_found_by_the_probe() -> None:
    """Before any picture is uploaded."""
    with GatewayServer() as server:
        server.has_images = True
        gateway = Gateway(Setup(model="m", key="test-key-marked-2", base_url=server.base_url))
        with pytest.raises(KeyRejected):
            run_provider(gateway, SMALL)

        assert len(server.requests) == 1


def test_no_probe_where_the_route_is_chosen() -> None:
    """The option is believed."""
    with GatewayServer() as server:
        run(server, route="chat")

        assert [each.path for each in server.requests] == ["/v1/chat/completions"]


# Where pictures hide in chats

PLACES = [
    "images",
    "null content",
    "list",
    "markdown data",
    "markdown link",
    "data",
    "link",
    "bare link",
    "twice",
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_pictures_are_found_wherever_they_are(place: str, stream: bool) -> None:
    """In images, in a list of parts, in the text as data or link; the same one twice is one."""
    with GatewayServer() as server:
        server.place = place
        outcome = run(server, SMALL, route="chat", stream=stream)

        assert [each.picture for each in outcome.candidates] == [server.made]
    said = outcome.candidates[0].text
    assert "base64" not in said
    if place not in ("null content", "bare link"):
        assert said.startswith(TEXT)


def test_several_pictures_are_all_kept() -> None:
    """As many as the answer of an images route has, although one was asked for."""
    with GatewayServer("sdcpp") as server:
        server.pictures = 3
        assert len(run(server).candidates) == 3


NONE_OF_IT = [
    ({"place": "none", "text": f"Your key is {KEY}."}, NoPicture, "Your key is [key]."),
    ({"place": "none", "text": "I cannot draw."}, NoPicture, "I cannot draw."),
    ({"place": "nothing"}, NoPicture, ""),
    ({"place": "none", "finish": "content_filter"}, ContentRefused, ""),
    ({"place": "none", "native_finish": "IMAGE_SAFETY"}, ContentRefused, ""),
    ({"place": "nothing", "refusal": "I must not."}, ContentRefused, "I must not."),
    ({"place": "none", "finish": "length"}, NoPicture, "too long"),
    ({"place": "none", "finish": "error"}, ServerFault, ""),
    ({"place": "none", "text": "See https://example.com/rules and so on."}, NoPicture, "rules"),
]


@pytest.mark.parametrize(("knobs", "expected", "said"), NONE_OF_IT)
def test_an_answer_without_a_picture_says_what_the_model_said(
    knobs: dict[str, Any], expected: type[OverpaintError], said: str
) -> None:
    """Refusals are told from text, and links that are no pictures are not followed."""
    with GatewayServer() as server:
        vars(server).update(knobs)
        failure = refusal(server, None, route="chat")

        assert len(server.requests) == 1
    assert type(failure) is expected
    assert said in failure.sentence


CHAT_MIDDLES = [
    ('data: {"error":{"code":502,"message":"gone"},"choices":[]}\n\n', ServerFault),
    ('data: {"error":{"code":429,"message":"slow"}}\n\n', ServerFault),
    ("", ConnectionLost),
    ("data: {broken\n\n", AnswerUnusable),
]


@pytest.mark.parametrize(("middle", "expected"), CHAT_MIDDLES)
def test_a_chat_that_breaks_off_says_how(middle: str, expected: type[OverpaintError]) -> None:
    """Without a picture it is an error, and never one that may be tried again for free."""
    with GatewayServer() as server:
        server.place, server.middle = "none", middle
        assert type(refusal(server, None, route="chat", stream=True)) is expected


@pytest.mark.parametrize(("middle", "expected"), CHAT_MIDDLES)
@pytest.mark.parametrize("place", ["images", "markdown data"])
def test_a_picture_that_came_before_the_chat_broke_off_is_kept(
    middle: str, expected: type[OverpaintError], place: str
) -> None:
    """It was paid for; a notice says what happened after."""
    del expected
    with GatewayServer() as server:
        server.place, server.middle = place, middle
        outcome = run(server, SMALL, route="chat", stream=True)

    assert len(outcome.candidates) == 1
    assert "but then" in outcome.notices[-1].sentence


def test_a_picture_that_was_cut_off_is_none() -> None:
    """Half of a data URL at the end of a broken text is no candidate."""
    from overpaint.providers.gateway_chat import Reply

    reply = Reply(texts=["Here: data:image/png;base64,AAAA"])

    assert not reply.in_text(whole=False)
    assert len(reply.in_text(whole=True)) == 1


def test_modalities_can_be_set_or_left_out() -> None:
    """Models that make nothing but pictures want it so; some servers do not know the field."""
    with GatewayServer() as server:
        for wanted in ("image", "none", "image,text"):
            run(server, SMALL, route="chat", modalities=wanted)

        sent = [each.json.get("modalities") for each in server.requests]
    assert sent == [["image"], None, ["image", "text"]]


def test_shapes_and_tiers() -> None:
    """The nearest aspect, and about the right number of pixels."""
    assert aspect_of(Extent(1344, 768), ()) == "16:9"
    assert aspect_of(Extent(100, 100), ()) == "1:1"
    assert aspect_of(Extent(800, 1200), ((1, 1), (2, 3))) == "2:3"
    assert [tier_of(Extent(side, side)) for side in (512, 1024, 2048, 4096)] == [
        "1K",
        "1K",
        "2K",
        "4K",
    ]


# Errors


def routed(code: int, kind: str, message: str = "no", **details: Any) -> dict[str, Any]:
    """An error in OpenRouter's form."""
    return {
        "error": {"code": code, "message": message, "metadata": {"error_type": kind, **details}}
    }


ROUTED = [
    *(
        (400, kind, RequestRejected)
        for kind in (
            "invalid_request",
            "invalid_prompt",
            "context_length_exceeded",
            "max_tokens_exceeded",
            "token_limit_exceeded",
            "string_too_long",
            "invalid_image",
            "image_too_large",
            "image_too_small",
            "unsupported_image_format",
            "image_download_failed",
        )
    ),
    (400, "content_policy_violation", ContentRefused),
    (400, "refusal", ContentRefused),
    (401, "authentication", KeyRejected),
    (402, "payment_required", AccountLimited),
    (403, "permission_denied", KeyRejected),
    (403, "moderation", ContentRefused),
    (404, "image_not_found", RequestRejected),
    (408, "timeout", ServerFault),
    (504, "timeout", ServerFault),
    (412, "precondition_failed", RequestRejected),
    (413, "payload_too_large", RequestRejected),
    (422, "unprocessable", RequestRejected),
    (429, "rate_limit_exceeded", Busy),
    (500, "server", ServerFault),
    (500, "unmapped", ServerFault),
    (502, "provider_unavailable", Busy),
    (503, "provider_overloaded", Busy),
]


@pytest.mark.parametrize(("status", "kind", "expected"), ROUTED)
def test_each_error_of_openrouter_has_its_own_meaning(
    status: int, kind: str, expected: type[OverpaintError]
) -> None:
    """By status, or with status 200 and the code in the body."""
    with GatewayServer("openrouter") as server:
        for outside in (status, 200):
            failure = refusal(server, Fault(outside, routed(status, kind)))
            assert type(failure) is expected


def test_a_failure_that_is_billed_is_not_tried_again() -> None:
    """By chat, OpenRouter's 502 may have been charged; so may anybody else's."""
    with GatewayServer("openrouter") as server:
        fault = Fault(502, routed(502, "provider_unavailable"))
        assert type(refusal(server, fault, route="chat")) is ServerFault
    with GatewayServer("litellm") as server:
        fault = Fault(502, "<html><title>Bad gateway</title></html>", content_type="text/html")
        failure = refusal(server, fault)
        assert type(failure) is ServerFault
        assert "Bad gateway" in failure.sentence


def test_moderation_says_why() -> None:
    """The reasons are told; a 403 without them is about the key."""
    fault = Fault(403, routed(403, "moderation", reasons=["violence"], flagged_input="..."))
    with GatewayServer("openrouter") as server:
        assert "violence" in refusal(server, fault).sentence


def test_how_long_to_wait_is_told() -> None:
    """By the header."""
    fault = Fault(429, routed(429, "rate_limit_exceeded"), {"retry-after": "7"})
    with GatewayServer("openrouter") as server:
        failure = refusal(server, fault)
    assert isinstance(failure, Busy)
    assert failure.retry_after == 7


SHAPES = [
    ({"error": {"message": "the size is odd", "type": "x"}}, "the size is odd"),
    ({"error": "the size is odd"}, "the size is odd"),
    ({"detail": "the size is odd"}, "the size is odd"),
    ({"detail": [{"loc": ["body", "size"], "msg": "is odd", "type": "v"}]}, "body.size: is odd"),
    ("the size is odd", "the size is odd"),
    ("<!doctype html><title>Odd</title>", "a web page: Odd"),
]


@pytest.mark.parametrize(("body", "said"), SHAPES)
def test_errors_are_understood_in_every_shape(body: Any, said: str) -> None:
    """Four of JSON, plain text, and web pages."""
    with GatewayServer("vllm-omni") as server:
        failure = refusal(server, Fault(400, body))
    assert type(failure) is RequestRejected
    assert said in failure.sentence


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("openrouter", "localai")])
def test_a_model_that_is_not_there_is_named(kind: str) -> None:
    """Whichever status says so."""
    with GatewayServer(kind) as server, pytest.raises(ModelUnknown) as caught:
        run_provider(provider(server, "gone"), job(*SIZE))
    assert "gone" in caught.value.sentence


def test_errors_of_each_kind_read_as_sentences() -> None:
    """What the server says of a bad size is told."""
    with GatewayServer("aquiles") as server:
        assert "body.size: no such size" in refusal(server, None, job(640, 640)).sentence


def test_no_key_for_a_server_that_wants_one() -> None:
    """Hosted ones are not even asked; one at home says so itself."""
    with GatewayServer("openrouter") as server:
        keyless = Gateway(Setup(base_url=server.base_url, options={"preset": "openrouter"}))
        for call in (lambda: run_provider(keyless, SMALL), lambda: ask(keyless.check)):
            with pytest.raises(KeyMissing) as caught:
                call()
            assert "OPENROUTER_API_KEY" in caught.value.hint
        assert not server.requests
    with GatewayServer("sdcpp") as server:
        local = Gateway(Setup(base_url=server.base_url, options={"preset": "sdcpp"}))
        with pytest.raises(KeyRejected) as rejected:
            run_provider(local, SMALL)
        assert "none is set" in rejected.value.sentence


def test_no_key_is_needed_at_home() -> None:
    """And none is sent."""
    with GatewayServer("sdcpp", key=None) as server:
        assert len(run(server).candidates) == 1
        assert "authorization" not in server.requests[0].headers


# Set-up


def test_presets_have_addresses_or_ask_for_one() -> None:
    """Vendors and usual ports are known; what only the user can know is asked for."""
    known = {name: preset.base_url for name, preset in PRESETS.items() if preset.base_url}

    assert known == {
        "xroute": "https://api.xroute.ai/openai/v1",
        "openrouter": "https://openrouter.ai/api/v1",
        "vercel": "https://ai-gateway.vercel.sh/v1",
        "litellm": "http://127.0.0.1:4000/v1",
        "localai": "http://127.0.0.1:8080/v1",
        "sdcpp": "http://127.0.0.1:1234/v1",
    }
    for options in ({}, {"preset": "vllm-omni"}):
        with pytest.raises(AddressInvalid):
            run_provider(Gateway(Setup(model="m", key=KEY, options=options)), SMALL)


def test_a_known_address_is_recognised() -> None:
    """Who gives OpenRouter's base URL gets OpenRouter's preset; any other is called by its host."""
    gateway = Gateway(Setup(base_url="https://openrouter.ai/api/v1", key=KEY))

    assert gateway.title == "OpenRouter"
    assert Gateway(Setup(base_url="http://user:pw@example.com:4000/v1")).title == "example.com:4000"
    assert Gateway(Setup()).title == "OpenAI-compatible gateway"


def test_what_there_is_not_is_refused() -> None:
    """Presets and routes have names."""
    with pytest.raises(ProviderUnknown, match="openrouter"):
        Gateway(Setup(options={"preset": "x"}))
    with pytest.raises(RecipeInvalid, match="chat"):
        Gateway(Setup(options={"route": "x"}))


def test_a_model_must_be_chosen_where_no_default_is_known() -> None:
    """Nothing is sent before."""
    with GatewayServer("xroute") as server:
        with pytest.raises(ModelUnknown):
            run_provider(provider(server, None), SMALL)
        assert not server.requests


def test_sizes_come_from_the_model_or_the_preset() -> None:
    """And the number of pixels that a model was made for can be set."""
    assert Gateway(Setup(model="x", options={"preset": "sdcpp"})).capabilities.sizes.multiple == 64
    small = Gateway(Setup(options={"preset": "sdcpp", "native": "262144", "instructs": "false"}))
    assert small.capabilities.sizes.native == 262_144
    assert not small.capabilities.dialect.instructs
    assert catalogue.find("gateway", "sd-cpp-local") is not None


LISTINGS = [
    ({"data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
    ([{"id": "a"}, "b"], ("a", "b")),
    ({"models": [{"name": "a"}, {"model": "b"}, 3]}, ("a", "b")),
    ({"data": []}, ()),
]


@pytest.mark.parametrize(("listing", "expected"), LISTINGS)
def test_models_are_listed_with_and_without_data(listing: Any, expected: tuple[str, ...]) -> None:
    """Whichever way the server writes its list."""
    with GatewayServer() as server:
        server.listing = listing
        assert ask(provider(server).models) == expected


def test_models_that_only_talk_are_left_out() -> None:
    """Where the server says what they make; OpenRouter is asked for those that make pictures."""
    with GatewayServer("openrouter") as server:
        assert ask(provider(server).models) == ("painter", "both")
        assert server.requests[-1].query == {"output_modalities": "image"}


def test_checking_costs_nothing() -> None:
    """The key's own route, or the list of models; a server without either can not be checked."""
    with GatewayServer("openrouter") as server:
        assert "$7.00 are left" in ask(provider(server).check)
        server.key = "another"
        with pytest.raises(KeyRejected):
            ask(
                Gateway(
                    Setup(key=KEY, base_url=server.base_url, options={"preset": "openrouter"})
                ).check
            )
    with GatewayServer() as server:
        assert "does not list maker/painter" in ask(provider(server).check)
        assert "does not list" not in ask(provider(server, "painter").check)
        server.listing = None
        assert "only be tried with an edit" in ask(provider(server).check)
        server.listing = {"data": "what"}
        with pytest.raises(AnswerUnusable):
            ask(provider(server).check)


# Rewriting


def test_a_wish_is_rewritten_by_chat() -> None:
    """Instructions as the system, the wish as the user; the model's words come back."""
    with GatewayServer("xroute") as server:
        gateway = provider(server, rewrite_model="talker")
        assert ask(gateway.rewrite, "Rewrite.", "make sky nicer") == "REWRITTEN make sky nicer"

        body = server.of("/v1/chat/completions")[0].json
    assert body == {
        "model": "talker",
        "messages": [
            {"role": "system", "content": "Rewrite."},
            {"role": "user", "content": "make sky nicer"},
        ],
    }


REWRITES = [
    ({"text": " "}, None, AnswerUnusable),
    ({"refusal": "No."}, None, ContentRefused),
    ({}, Fault(429, "slow"), Busy),
    ({}, Fault(200, {"error": "broken"}), ServerFault),
    ({}, Fault(200, "[]"), AnswerUnusable),
]


@pytest.mark.parametrize(("knobs", "fault", "expected"), REWRITES)
def test_rewriting_fails_in_words(
    knobs: dict[str, Any], fault: Fault | None, expected: type[OverpaintError]
) -> None:
    """Nothing, a refusal, or an error: each in its class."""
    with GatewayServer() as server:
        vars(server).update(knobs)
        server.faults = [fault] if fault else []
        with pytest.raises(expected):
            ask(provider(server).rewrite, "Rewrite.", "a wish")


# Cancelling


@pytest.mark.parametrize(("stall", "stream"), [("head", False), ("head", True), ("middle", True)])
def test_cancelling_closes_the_connection_at_once(stall: str, stream: bool) -> None:
    """Within 0.3 seconds, whether the answer had begun or not."""
    with GatewayServer() as server:
        server.stall = stall
        gateway = provider(server, route="chat", stream=stream)

        assert seconds_to_cancel(gateway, server, SMALL) < 0.3
        assert server.closed == 1


# The official clients


def official(server: GatewayServer) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0)


def test_openais_client_sends_the_same_chat() -> None:
    """The same JSON, the same answer; no difference is allowed."""
    what = SMALL
    with GatewayServer("xroute") as server:
        ours = run(server, what, route="chat")
        first = server.of("/v1/chat/completions")[0]
        content = first.json["messages"][0]["content"]
        theirs = official(server).chat.completions.create(
            model="maker/painter",
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": what.prompt},
                        {
                            "type": "image_url",
                            "image_url": {"url": data_url(encode_png(what.pixels))},
                        },
                        {"type": "image_url", "image_url": content[2]["image_url"]},
                    ],
                }
            ],
            modalities=["image", "text"],  # type: ignore[list-item]
        )

        second = server.of("/v1/chat/completions")[1]
    assert first.json == second.json
    assert first.headers["authorization"] == second.headers["authorization"]
    images = theirs.choices[0].message.model_extra["images"]  # type: ignore[index]
    assert picture_bytes(images[0]["image_url"]["url"]) == ours.candidates[0].picture


def test_openais_client_streams_the_same_chat() -> None:
    """Comment lines and all."""
    with GatewayServer() as server:
        run(server, SMALL, route="chat", stream=True)
        first = server.of("/v1/chat/completions")[0]
        stream = official(server).chat.completions.create(
            model="maker/painter",
            messages=first.json["messages"],
            modalities=["image", "text"],  # type: ignore[list-item]
            stream=True,
            stream_options={"include_usage": True},
        )
        said = "".join(each.choices[0].delta.content or "" for each in stream if each.choices)

        second = server.of("/v1/chat/completions")[1]
    assert first.json == second.json
    assert said == TEXT


def test_openais_client_sends_the_same_rewrite() -> None:
    """The same JSON, the same words back."""
    with GatewayServer() as server:
        ours = ask(provider(server).rewrite, "Rewrite.", "a wish")
        theirs = official(server).chat.completions.create(
            model="maker/painter",
            messages=[
                {"role": "system", "content": "Rewrite."},
                {"role": "user", "content": "a wish"},
            ],
        )

        first, second = server.of("/v1/chat/completions")
    assert first.json == second.json
    assert theirs.choices[0].message.content == ours


def test_openais_client_sends_the_same_edit() -> None:
    """Part by part to a LiteLLM proxy; no difference is allowed."""
    what = job(*SIZE, references=(reference(),))
    with GatewayServer("litellm") as server:
        ours = run(server, what)
        (mask,) = server.requests[0].files("mask")
        theirs = official(server).images.edit(
            model="maker/painter",
            image=[
                ("picture1.png", encode_png(what.pixels), "image/png"),
                ("picture2.png", encode_png(what.references[0].pixels), "image/png"),
            ],
            mask=("mask.png", mask.data, "image/png"),
            prompt=what.prompt,
            size="1024x1024",
        )

        first, second = server.of("/v1/images/edits")
    assert parts(first) == parts(second)
    assert theirs.data is not None
    assert picture_bytes(theirs.data[0].b64_json or "") == ours.candidates[0].picture


def test_openais_client_sends_the_same_generation() -> None:
    """To sd.cpp's server, with its block in the prompt."""
    with GatewayServer("sdcpp") as server:
        run(server, job(*SIZE, edit=Edit.GENERATE, seed=4))
        block = json.dumps({"seed": 4})
        official(server).images.generate(
            model="maker/painter",
            prompt=f"a wooden door <sd_cpp_extra_args>{block}</sd_cpp_extra_args>",
            size="1024x1024",
        )

        first, second = server.of("/v1/images/generations")
    assert first.json == second.json


def routers(server: GatewayServer) -> openrouter.OpenRouter:
    never = RetryConfig("none", BackoffStrategy(1, 1, 1, 1), retry_connection_errors=False)
    return openrouter.OpenRouter(api_key=KEY, server_url=server.base_url, retry_config=never)


def test_openrouters_client_sends_the_same_picture_request() -> None:
    """Field by field. Allowed: theirs spells out defaults (n, stream)."""
    with GatewayServer("openrouter") as server:
        ours = run(server, job(*SIZE, seed=9))
        first = server.of("/v1/images")[0].json
        with routers(server) as client:
            theirs: Any = client.images.generate(
                model="maker/painter",
                prompt="a wooden door",
                output_format="png",
                size="1024x1024",
                seed=9,
                input_references=first["input_references"],
            )

        second = server.of("/v1/images")[1].json
    assert {"stream": False, **first} == {"stream": False, **second}
    assert picture_bytes(theirs.data[0].b64_json) == ours.candidates[0].picture
    assert theirs.usage.cost == ours.usage.cost  # type: ignore[union-attr]


def test_openrouters_client_sends_the_same_chat() -> None:
    """Field by field. Allowed: theirs spells out the default of stream."""
    with GatewayServer("openrouter") as server:
        gemini = "google/gemini-3.1-flash-image"
        ours = run_provider(provider(server, gemini, route="chat", stream="false"), SMALL)
        first = server.of("/v1/chat/completions")[0].json
        with routers(server) as client:
            theirs: Any = client.chat.send(
                model=gemini,
                messages=first["messages"],
                modalities=["image", "text"],
                image_config={"aspect_ratio": "1:1", "image_size": "1K"},
                seed=7,
            )

        second = server.of("/v1/chat/completions")[1].json
    assert {"stream": False, **first} == {"stream": False, **second}
    url = theirs.choices[0].message.images[0].image_url.url
    assert picture_bytes(url) == ours.candidates[0].picture


def test_nothing_shows_the_key() -> None:
    """Not the provider's repr, not what it holds."""
    gateway = Gateway(Setup(key=KEY, options={"preset": "openrouter"}))

    assert KEY not in repr(gateway) + repr(vars(gateway))
