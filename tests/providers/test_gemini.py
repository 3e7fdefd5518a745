"""The Gemini provider against a server that answers as Google's does."""

import base64
import io
import json
import time
from contextlib import aclosing
from datetime import date
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from google import genai
from google.genai import types
from PIL import Image
from tests.servers import Outcome, job, run_provider
from tests.servers import gemini as wire
from tests.servers.running import seconds_to_cancel

from overpaint import catalogue, errors
from overpaint.catalogue import Output, State
from overpaint.dialect import MaskUse, Role
from overpaint.geometry import Extent
from overpaint.providers.base import Candidate, Notice, Reference, Setup, Timeouts, Usage
from overpaint.providers.gemini import TIERS, Gemini
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

URL = "data:image/png;base64,"
NANO = "gemini-nano-banana-2.1"
GENERATE = f"/v1beta/models/{NANO}:generateContent"
STREAM = f"/v1beta/models/{NANO}:streamGenerateContent"


@pytest.fixture
def server() -> Any:
    with wire.Gemini() as running:
        yield running


def provider(server: wire.Gemini, **changes: Any) -> Gemini:
    options = changes.pop("options", {})
    values = {"base_url": server.url, "key": wire.KEY, "options": options, **changes}
    return Gemini(Setup(**values))


def run(server: wire.Gemini, what: Any = None, **changes: Any) -> Outcome:
    return run_provider(provider(server, **changes), what)


def failed(server: wire.Gemini, what: Any = None, **changes: Any) -> errors.OverpaintError:
    """Run and return the error, after looking for the key in it."""
    with pytest.raises(errors.OverpaintError) as caught:
        run(server, what, **changes)
    error = caught.value
    assert error.hint
    assert wire.KEY not in f"{error} {error!r} {error.__cause__!r}"
    return error


def asked(server: wire.Gemini, path: str = GENERATE) -> Any:
    """The body of the only request."""
    (recorded,) = server.of(path)
    return recorded.json


def sent(body: Any) -> list[np.ndarray]:
    """The pictures in a request, decoded."""
    blobs = [part["inlineData"] for part in body["contents"][0]["parts"] if "inlineData" in part]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each["data"])))) for each in blobs]


def call(server: wire.Gemini, what: Any, **changes: Any) -> Any:
    """Await `what(provider, http)`."""

    async def inner() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await what(provider(server, **changes), http)

    return anyio.run(inner)


# What is asked


@pytest.mark.parametrize("edit", [Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE])
@pytest.mark.parametrize("stream", [False, True])
def test_every_edit_comes_back_as_a_picture(
    server: wire.Gemini, edit: Edit, *, stream: bool
) -> None:
    """A candidate of the model's size, what was said beside it, and what it cost."""
    outcome = run(server, job(1024, 1024, edit=edit), options={"stream": stream})

    (candidate,) = outcome.candidates
    assert isinstance(candidate.picture, bytes)
    assert candidate.text == "Here is the edit."
    assert outcome.pictures[0].shape == (1024, 1024, 3)
    assert outcome.usage is not None
    assert outcome.usage.request_id == "answer-1"
    assert outcome.progress
    assert bool(server.of(STREAM)) == stream


def test_the_mask_is_the_second_picture_white_where_anything_changes(server: wire.Gemini) -> None:
    """Words, the picture itself, then the mask: even its faintest pixel is white."""
    what = job()
    what.mask[0, 0] = 1

    run(server, what)

    body = asked(server)
    picture, mask = sent(body)
    assert body["contents"][0]["parts"][0] == {"text": "a wooden door"}
    assert np.array_equal(picture, what.pixels)
    assert np.array_equal(mask, np.where(what.mask > 0, 255, 0))
    assert provider(server).capabilities.dialect.mask is MaskUse.PICTURE


def test_the_mask_can_be_left_to_words(server: wire.Gemini) -> None:
    """With send_mask off only the picture goes, and the dialect says so."""
    run(server, options={"send_mask": False})

    able = provider(server, options={"send_mask": False}).capabilities
    assert len(sent(asked(server))) == 1
    assert able.dialect.mask is MaskUse.NONE


def test_generating_sends_no_picture_but_its_shape(server: wire.Gemini) -> None:
    """For a picture from nothing the job's pixels only have the size that is wanted."""
    outcome = run(server, job(1400, 800, edit=Edit.GENERATE))

    body = asked(server)
    assert sent(body) == []
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "1K"}
    assert outcome.pictures[0].shape == (768, 1376, 3)


@pytest.mark.parametrize("edit", [Edit.INPAINT, Edit.GENERATE])
def test_references_follow_in_order(server: wire.Gemini, edit: Edit) -> None:
    """References go behind picture and mask, where there are those."""
    shades = [np.full((8, 8, 3), shade, np.uint8) for shade in (10, 90, 200)]

    run(server, job(edit=edit, references=tuple(Reference(each, Role.STYLE) for each in shades)))

    last = sent(asked(server))[-3:]
    assert all(np.array_equal(a, b) for a, b in zip(last, shades, strict=True))
    assert len(sent(asked(server))) == (5 if edit is Edit.INPAINT else 3)


def test_more_references_than_the_model_takes_are_refused_before_sending(
    server: wire.Gemini,
) -> None:
    """The limit is the catalogue's."""
    reference = Reference(np.zeros((8, 8, 3), np.uint8), Role.STYLE)

    error = failed(server, job(references=(reference,) * 13))

    assert isinstance(error, errors.EditUnsupported)
    assert "12" in error.sentence
    assert not server.requests


def test_a_job_without_words_is_refused_before_sending(server: wire.Gemini) -> None:
    """The model only does what it is told."""
    assert isinstance(failed(server, job(prompt=" ")), errors.EditUnsupported)
    assert not server.requests


def test_the_key_travels_in_a_header_only(server: wire.Gemini) -> None:
    """Never in the address, which ends up in logs."""
    run(server)

    (recorded,) = server.requests
    assert recorded.headers["x-goog-api-key"] == wire.KEY
    assert wire.KEY not in f"{recorded.path} {recorded.query}"


def test_the_seed_goes_along(server: wire.Gemini) -> None:
    """The largest seed of a recipe fits into the API's 32 bits."""
    run(server, job(seed=2**31 - 1))

    assert asked(server)["generationConfig"]["seed"] == 2**31 - 1


@pytest.mark.parametrize(
    ("model", "size", "aspect", "tier"),
    [
        (NANO, (1024, 1024), "1:1", "1K"),
        (NANO, (1200, 896), "4:3", "1K"),
        (NANO, (1600, 1600), "1:1", "2K"),
        (NANO, (2048, 2048), "1:1", "2K"),
        (NANO, (3000, 2000), "3:2", "4K"),
        (NANO, (500, 500), "1:1", "1K"),
        (NANO, (384, 3072), "1:8", "1K"),
        ("gemini-3.1-flash-image", (500, 500), "1:1", "512"),
        ("gemini-3.1-flash-image", (512, 2048), "1:4", "1K"),
        ("gemini-3.1-flash-lite-image", (1000, 1000), "1:1", None),
        ("gemini-3-pro-image", (384, 3072), "9:16", "1K"),
        ("gemini-3-pro-image", (1584, 672), "21:9", "1K"),
        ("gemini-2.5-flash-image", (832, 1248), "2:3", None),
    ],
)
def test_shape_and_size_are_the_smallest_that_serve_the_job(
    server: wire.Gemini, model: str, size: tuple[int, int], aspect: str, tier: str | None
) -> None:
    """What is asked for is what the model offers, near the job's shape, not below its size."""
    server.reply = wire.reply(wire.image(wire.picture()))  # makes no large picture for nothing

    run(server, job(*size), model=model)

    config = asked(server, f"/v1beta/models/{model}:generateContent")["generationConfig"]
    assert config["imageConfig"]["aspectRatio"] == aspect
    assert config["imageConfig"].get("imageSize") == tier


@pytest.mark.parametrize("model", ["gemini-3-pro-image", NANO, "gemini-2.5-flash-image"])
def test_the_catalogue_plans_pictures_of_the_size_that_comes_back(
    server: wire.Gemini, model: str
) -> None:
    """For a small selection what is sent is of the very size that the model returns."""
    kind = wire.MODELS[model]
    for extent in provider(server, model=model).capabilities.sizes.working(Extent(300, 300)):
        across_and_down = (extent.width, extent.height)
        if max(across_and_down) < 4 * min(across_and_down):
            assert across_and_down in kind.aspects.values()


def test_prices_end_where_the_next_size_begins() -> None:
    """The estimate is that of the imageSize that will be asked for."""
    for model in catalogue.models("gemini"):
        for pixels, _ in model.price.steps if model.price else ():
            assert pixels in TIERS.values(), model.id


def test_a_size_that_is_set_has_its_price(server: wire.Gemini) -> None:
    """The estimate follows image_size, not the pixels that are sent."""
    price = provider(
        server, model="gemini-3-pro-image", options={"image_size": "4K"}
    ).capabilities.price

    assert price is not None
    assert price.estimate(Extent(500, 500), 0) == 0.24


def test_one_modality_may_be_a_word(server: wire.Gemini) -> None:
    """As it is easily written in the settings."""
    run(server, options={"modalities": "IMAGE"})

    assert asked(server)["generationConfig"]["responseModalities"] == ["IMAGE"]


def test_size_and_shape_can_be_set_or_left_out(server: wire.Gemini) -> None:
    """image_size overrules the job's size; image_config switches both off."""
    server.reply = wire.reply(wire.image(wire.picture()))

    run(server, options={"image_size": "4K"})
    run(server, options={"image_config": False})

    first, second = (recorded.json["generationConfig"] for recorded in server.of(GENERATE))
    assert first["imageConfig"]["imageSize"] == "4K"
    assert "imageConfig" not in second


def test_the_version_of_the_api_is_a_setting(server: wire.Gemini) -> None:
    """v1 has the finished models, v1beta the previews as well."""
    run(server, options={"api_version": "v1"})
    error = failed(server, options={"api_version": "v1"}, model="nano-banana-pro-preview")

    assert server.requests[0].path.startswith("/v1/models/")
    assert isinstance(error, errors.ModelUnknown)


def test_an_unknown_model_is_just_used(server: wire.Gemini) -> None:
    """A model newer than the catalogue is asked like the default one; nobody knows its price."""
    wire.MODELS["gemini-next-image"] = wire.MODELS[NANO]
    try:
        outcome = run(server, job(1024, 1024), model="models/gemini-next-image")
    finally:
        del wire.MODELS["gemini-next-image"]

    assert len(outcome.candidates) == 1
    assert outcome.usage is not None
    assert outcome.usage.cost is None
    assert outcome.usage.output_tokens == 1132


def test_a_large_request_is_packed_tighter_without_loss(server: wire.Gemini) -> None:
    """Beyond the limit pictures go as lossless WebP; the mask stays what it is."""
    what = job(1024, 1024)
    png = len(json.dumps(_request_of(server, what)))

    run(server, what, options={"max_request_mb": (png - 5000) / 1e6})

    body = server.of(GENERATE)[-1].json
    kinds = [part["inlineData"]["mimeType"] for part in body["contents"][0]["parts"][1:]]
    assert kinds == ["image/webp", "image/png"]
    assert np.array_equal(sent(body)[0], what.pixels)
    assert len(server.of(GENERATE)[-1].body) < png - 5000


def _request_of(server: wire.Gemini, what: Any) -> Any:
    run(server, what)
    return asked(server)


def test_a_request_that_stays_too_large_is_not_sent(server: wire.Gemini) -> None:
    """What cannot be packed without loss is refused, with a way out."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)

    error = failed(server, job(64, 64, pixels=noise), options={"max_request_mb": 0.01})

    assert isinstance(error, errors.RequestRejected)
    assert "max_request_mb" in error.hint
    assert not server.requests


def test_an_option_that_is_no_number_is_named(server: wire.Gemini) -> None:
    """A limit must be a number."""
    error = failed(server, options={"max_request_mb": "plenty"})

    assert "max_request_mb" in error.sentence


# What Google's own SDK asks, and what ours does


@pytest.fixture
def sdk(server: wire.Gemini) -> Any:
    # Newer versions of the SDK ask v1 unless told otherwise, which has no previews.
    options = types.HttpOptions(
        base_url=server.url, api_version="v1beta", client_args={"trust_env": False}
    )
    with genai.Client(api_key=wire.KEY, vertexai=False, http_options=options) as client:
        yield client


def _plain(body: Any) -> Any:
    """*body* with names in camelCase and pictures as bytes.

    The SDK writes base64 in the URL-safe alphabet, and `mime_type` among names in camelCase.
    """
    body = wire.camel(body)
    if isinstance(body, dict):
        return {
            name: base64.b64decode(value.replace("-", "+").replace("_", "/"))
            if name == "data"
            else _plain(value)
            for name, value in body.items()
        }
    return [_plain(each) for each in body] if isinstance(body, list) else body


OPTIONS = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "max_output_tokens": 4000,
    "thinking": "high",
    "image_size": "2K",
    "safety": "BLOCK_ONLY_HIGH",
}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_the_request_equals_that_of_googles_sdk(
    server: wire.Gemini, sdk: genai.Client, *, stream: bool, full: bool
) -> None:
    """Field by field, with few settings and with many; two spellings differ (see `_plain`)."""
    reference = Reference(np.full((9, 9, 3), 77, np.uint8), Role.SUBJECT)
    what = job(1200, 896, references=(reference,))
    run(server, what, options={"stream": stream, **(OPTIONS if full else {})})
    (ours,) = server.requests
    files = [
        base64.b64decode(part["inlineData"]["data"])
        for part in ours.json["contents"][0]["parts"][1:]
    ]
    more: dict[str, Any] = {}
    if full:
        more = {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "max_output_tokens": 4000,
            "thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.HIGH),
            "safety_settings": [
                types.SafetySetting(category=category, threshold="BLOCK_ONLY_HIGH")
                for category in (
                    "HARM_CATEGORY_HARASSMENT",
                    "HARM_CATEGORY_HATE_SPEECH",
                    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                    "HARM_CATEGORY_DANGEROUS_CONTENT",
                )
            ],
        }
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        image_config=types.ImageConfig(aspect_ratio="4:3", image_size="2K" if full else "1K"),
        seed=7,
        **more,
    )
    contents = [
        "a wooden door",
        *[types.Part.from_bytes(data=file, mime_type="image/png") for file in files],
    ]

    models = sdk.models
    if stream:
        answers = list(models.generate_content_stream(model=NANO, contents=contents, config=config))
    else:
        answers = [models.generate_content(model=NANO, contents=contents, config=config)]

    theirs = server.requests[-1]
    assert _plain(theirs.json) == _plain(ours.json)
    assert (theirs.path, theirs.query) == (ours.path, ours.query)
    assert theirs.headers["x-goog-api-key"] == ours.headers["x-goog-api-key"]
    assert any(part.inline_data for answer in answers for part in answer.parts or ())


def test_rewriting_asks_as_googles_sdk_does(server: wire.Gemini, sdk: genai.Client) -> None:
    """Instructions are the system's, the wish is the user's, the model is one for words."""
    text = call(server, lambda gemini, http: gemini.rewrite(http, "Write more.", "a door"))
    (ours,) = server.requests
    config = types.GenerateContentConfig(system_instruction="Write more.")

    theirs = sdk.models.generate_content(model="gemini-3.8-flash", contents="a door", config=config)

    # The SDK says that there are no settings.
    assert server.requests[-1].json == {**ours.json, "generationConfig": {}}
    assert server.requests[-1].path == ours.path
    assert text == theirs.text == "A fuller wish: a door."


def test_the_list_of_models_is_that_of_googles_sdk(server: wire.Gemini, sdk: genai.Client) -> None:
    """All pages of it."""
    ours = call(server, lambda gemini, http: gemini.models(http))
    theirs = [model.name for model in sdk.models.list(config={"page_size": 3})]

    assert [f"models/{each}" for each in ours] == theirs
    assert len(ours) == len(wire.MODELS)


# What is answered


def test_several_pictures_are_several_candidates(server: wire.Gemini) -> None:
    """Nothing that came, and was paid, is dropped; the file's bytes stay as they came."""
    files = [wire.picture(colour=(n, n, n)) for n in range(10)]
    server.reply = wire.reply(*[wire.image(each) for each in files])

    assert [each.picture for each in run(server).candidates] == files


def test_drafts_and_thoughts_are_skipped(server: wire.Gemini) -> None:
    """Parts that are thoughts are neither pictures nor words."""
    final = wire.picture(32, 32)
    server.reply = wire.reply(
        {"text": "I should draw a door.", "thought": True},
        wire.image(wire.picture(8, 8), thought=True),
        wire.image(final, thoughtSignature="c2lnbmVk"),
        {"text": "Done."},
    )

    (candidate,) = run(server).candidates

    assert (candidate.picture, candidate.text) == (final, "Done.")


def test_a_jpeg_that_says_it_is_a_png_is_a_picture(server: wire.Gemini) -> None:
    """Its own bytes say what it is."""
    server.reply = wire.reply(wire.image(wire.picture(40, 30, kind="JPEG"), "image/png"))

    assert run(server).pictures[0].shape == (30, 40, 3)


def test_base64_may_be_wrapped_or_of_the_other_alphabet(server: wire.Gemini) -> None:
    """Lines and the URL-safe alphabet are read."""
    file = wire.picture() + b"\xfb" * 90
    text = base64.urlsafe_b64encode(file).decode()
    wrapped = "\n".join(text[at : at + 60] for at in range(0, len(text), 60))
    assert "-" in text
    server.reply = wire.reply({"inlineData": {"mimeType": "image/png", "data": wrapped}})

    assert run(server).candidates[0].picture == file


@pytest.mark.parametrize("frame", ["{}", "Look:\n![a door]({})", "Here: {} !"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_picture_may_be_a_link_in_the_text(
    server: wire.Gemini, frame: str, *, stream: bool
) -> None:
    """As gateways send it, also cut over the chunks of a stream; what is left are the words."""
    file = wire.picture()
    text = frame.replace("{}", URL + base64.b64encode(file).decode())
    server.reply = wire.reply({"text": text})
    server.chunks = [wire.reply({"text": text[:50]}), wire.reply({"text": text[50:]})]

    (candidate,) = run(server, options={"stream": stream}).candidates

    assert candidate.picture == file
    assert "base64" not in candidate.text


def test_one_damaged_picture_does_not_cost_the_other(server: wire.Gemini) -> None:
    """What can be read is delivered, with a notice of the rest."""
    bad = {"inlineData": {"mimeType": "image/png", "data": "!!!"}}
    server.reply = wire.reply(bad, wire.image(wire.picture()))

    outcome = run(server)

    assert len(outcome.candidates) == 1
    assert len(outcome.notices) == 1


def test_a_damaged_picture_alone_is_an_error(server: wire.Gemini) -> None:
    """And what it cost is told before."""
    server.reply = wire.reply({"inlineData": {"mimeType": "image/png", "data": "!!!"}})

    assert isinstance(failed(server), errors.AnswerUnusable)


def test_words_without_a_picture_are_shown(server: wire.Gemini) -> None:
    """NoPicture repeats what the model said."""
    server.reply = wire.reply({"text": "Which door do you mean?"})

    error = failed(server)

    assert isinstance(error, errors.NoPicture)
    assert "Which door do you mean?" in error.sentence


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "NEW"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_blocked_prompt_is_refused_content(
    server: wire.Gemini, reason: str, *, stream: bool
) -> None:
    """An answer of feedback only says why, and what it took is told before."""
    server.reply = {
        "promptFeedback": {"blockReason": reason, "safetyRatings": []},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
        "modelVersion": "x",
    }
    events: list[Any] = []

    async def collect() -> None:
        gemini = provider(server, options={"stream": stream})
        async with httpx.AsyncClient() as http, aclosing(gemini.run(job(), http)) as run:
            async for event in run:
                events.append(event)  # noqa: PERF401, what came before the error counts

    with pytest.raises(errors.ContentRefused, match=reason):
        anyio.run(collect)
    assert [each.input_tokens for each in events if isinstance(each, Usage)] == [9]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("STOP", errors.NoPicture),
        ("MAX_TOKENS", errors.NoPicture),
        ("NO_IMAGE", errors.NoPicture),
        ("IMAGE_OTHER", errors.NoPicture),
        ("OTHER", errors.NoPicture),
        ("LANGUAGE", errors.NoPicture),
        ("MALFORMED_FUNCTION_CALL", errors.NoPicture),
        ("UNEXPECTED_TOOL_CALL", errors.NoPicture),
        ("TOO_MANY_TOOL_CALLS", errors.NoPicture),
        ("MALFORMED_RESPONSE", errors.NoPicture),
        ("MISSING_THOUGHT_SIGNATURE", errors.NoPicture),
        ("FINISH_REASON_UNSPECIFIED", errors.NoPicture),
        ("SOMETHING_NEW", errors.NoPicture),
        ("SAFETY", errors.ContentRefused),
        ("PROHIBITED_CONTENT", errors.ContentRefused),
        ("BLOCKLIST", errors.ContentRefused),
        ("SPII", errors.ContentRefused),
        ("IMAGE_SAFETY", errors.ContentRefused),
        ("IMAGE_PROHIBITED_CONTENT", errors.ContentRefused),
        ("RECITATION", errors.ContentRefused),
        ("IMAGE_RECITATION", errors.ContentRefused),
        ("MODEL_ARMOR", errors.ContentRefused),
    ],
)
@pytest.mark.parametrize("content", [None, {}])
def test_every_reason_for_no_picture_has_its_error(
    server: wire.Gemini, reason: str, kind: type[Exception], content: Any
) -> None:
    """Policies are ContentRefused, all else NoPicture; the model's own words are shown."""
    server.reply = wire.reply(finish=reason)
    server.reply["candidates"][0]["finishMessage"] = "Try another wish."
    if content is not None:
        server.reply["candidates"][0]["content"] = content

    error = failed(server)

    assert type(error) is kind
    assert "Try another wish." in error.sentence
    assert reason in ("STOP", "MAX_TOKENS") or reason in error.sentence
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "candidates",
    [None, [], "none", [None, {"content": 1}], [{"content": {"parts": [1, {}]}}]],
)
def test_an_empty_answer_is_no_picture(server: wire.Gemini, candidates: Any) -> None:
    """Whatever shape the emptiness has."""
    server.reply = {"candidates": candidates}

    assert isinstance(failed(server), errors.NoPicture)


@pytest.mark.parametrize("answer", [["junk"], [7]])
def test_an_answer_of_another_api_is_unusable(server: wire.Gemini, answer: Any) -> None:
    """JSON that is no answer of Gemini's."""
    server.reply = answer

    assert isinstance(failed(server), errors.AnswerUnusable)


def test_an_error_that_comes_with_status_200_is_an_error(server: wire.Gemini) -> None:
    """Gateways do that, with a code that is a word."""
    server.reply = {"error": {"code": "invalid_request", "message": "No such thing."}}

    error = failed(server)

    assert isinstance(error, errors.RequestRejected)
    assert "No such thing." in error.sentence


# What it costs


def usage_of(server: wire.Gemini, counts: dict[str, Any], **changes: Any) -> Usage:
    server.reply = wire.reply(wire.image(wire.picture()), usageMetadata=counts)
    usage = run(server, job(1024, 1024), **changes).usage
    assert usage is not None
    return usage


def test_the_cost_is_that_of_the_tokens(server: wire.Gemini) -> None:
    """Prompt, picture, words and thoughts each at their own rate."""
    usage = usage_of(
        server,
        {
            "promptTokenCount": 1000,
            "candidatesTokenCount": 1220,
            "thoughtsTokenCount": 300,
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
        },
    )

    assert usage.cost == pytest.approx((1000 * 1.5 + 1120 * 30 + 400 * 7.5) / 1e6)
    assert (usage.input_tokens, usage.output_tokens) == (1000, 1520)


def test_tokens_without_details_are_the_pictures(server: wire.Gemini) -> None:
    """The dearer reading, which is nearly right for every picture."""
    usage = usage_of(server, {"promptTokenCount": 0, "candidatesTokenCount": 1120})

    assert usage.cost == pytest.approx(0.0336)


def test_without_tokens_the_price_list_tells(server: wire.Gemini) -> None:
    """A picture of a megapixel, made from two."""
    assert usage_of(server, {}).cost == pytest.approx(0.0336 + 2 * 0.0017)


@pytest.mark.parametrize("counts", [{"promptTokenCount": "9"}, {"candidatesTokenCount": -1}, []])
def test_odd_counts_do_no_harm(server: wire.Gemini, counts: Any) -> None:
    """A picture with nonsense beside it is still a picture."""
    assert usage_of(server, counts).cost == pytest.approx(0.0336 + 2 * 0.0017)


# Streams


def test_a_picture_of_a_stream_comes_before_its_end(server: wire.Gemini) -> None:
    """The candidate is there while the server still holds the connection open."""
    file = wire.picture()
    server.chunks = [
        wire.reply({"text": "Here "}, finish=None),
        wire.reply({"text": "it is."}, wire.image(file), finish=None),
    ]
    server.stall_after = 2

    async def first() -> Candidate:
        gemini = provider(server, options={"stream": True})
        async with httpx.AsyncClient() as http, aclosing(gemini.run(job(), http)) as events:
            return [event async for event in _until_candidate(events)][-1]

    started = time.monotonic()
    candidate = anyio.run(first)
    assert (candidate.picture, candidate.text) == (file, "Here it is.")
    assert time.monotonic() - started < 5


async def _until_candidate(events: Any) -> Any:
    async for event in events:
        if isinstance(event, Candidate):
            yield event
            return


def test_the_last_count_of_a_stream_is_the_one_that_counts(server: wire.Gemini) -> None:
    """usageMetadata repeats, and grows."""
    server.chunks = [
        wire.reply({"text": "x"}, usageMetadata={"promptTokenCount": 5}, finish=None),
        wire.reply(
            wire.image(wire.picture()),
            usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 1120},
        ),
    ]

    usage = run(server, options={"stream": True}).usage

    assert usage is not None
    assert usage.output_tokens == 1120


OVERLOADED = wire.error(503, "UNAVAILABLE", "The model is overloaded.")
STRAY = json.dumps(OVERLOADED, indent=2).encode() + b"\r\n"


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([STRAY], errors.Busy),
        ([wire.reply({"text": "I"}, finish=None), STRAY], errors.ServerFault),
        ([wire.reply({"text": "I"}, finish=None), OVERLOADED], errors.ServerFault),
        ([wire.reply({"text": "I"}, finish=None)], errors.NoPicture),
        ([b"data: {broken\r\n\r\n"], errors.AnswerUnusable),
        ([], errors.NoPicture),
    ],
)
def test_errors_in_a_stream_are_heard(
    server: wire.Gemini, chunks: list[Any], kind: type[Exception]
) -> None:
    """Also without `data:` in front; once anything was made, it is not asked again by itself."""
    server.chunks = chunks

    assert type(failed(server, options={"stream": True})) is kind


def test_a_picture_survives_what_goes_wrong_behind_it(server: wire.Gemini) -> None:
    """It is delivered, its price reckoned, and the user told."""
    server.chunks = [wire.reply(wire.image(wire.picture()), finish=None), STRAY]

    outcome = run(server, options={"stream": True})

    assert len(outcome.candidates) == 1
    assert outcome.usage is not None
    assert outcome.usage.cost
    assert "overloaded" in outcome.notices[0].sentence


def test_a_stream_that_comes_as_one_list_is_read(server: wire.Gemini) -> None:
    """As servers answer that do not know alt=sse."""
    server.reply = [
        wire.reply({"text": "Here"}, finish=None),
        wire.reply(wire.image(wire.picture())),
    ]

    assert len(run(server).candidates) == 1


# What goes wrong


def test_without_a_key_nothing_is_sent(server: wire.Gemini) -> None:
    """The hint names the variables and the command."""
    error = failed(server, key=None)
    with pytest.raises(errors.KeyMissing):
        call(server, lambda gemini, http: gemini.check(http), key=None)
    with pytest.raises(errors.KeyMissing):
        call(server, lambda gemini, http: gemini.rewrite(http, "a", "b"), key=None)

    assert isinstance(error, errors.KeyMissing)
    for word in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "overpaint keys set gemini"):
        assert word in error.hint
    assert not server.requests


def test_a_wrong_key_is_rejected(server: wire.Gemini) -> None:
    """Google says so with status 400."""
    server.key = "another"

    assert isinstance(failed(server), errors.KeyRejected)


def detail(reason: str) -> dict[str, Any]:
    return {"@type": f"{wire.RPC}ErrorInfo", "reason": reason}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, wire.error(400, "INVALID_ARGUMENT", "Bad picture."), errors.RequestRejected),
        (400, wire.error(400, "FAILED_PRECONDITION", "Enable billing."), errors.AccountLimited),
        (
            400,
            wire.error(400, "INVALID_ARGUMENT", "Renew it.", detail("API_KEY_INVALID")),
            errors.KeyRejected,
        ),
        (400, wire.error(400, "INVALID_ARGUMENT", "API key expired."), errors.KeyRejected),
        (401, wire.error(401, "UNAUTHENTICATED", "Who?"), errors.KeyRejected),
        (403, wire.error(403, "PERMISSION_DENIED", "Reported as leaked."), errors.KeyRejected),
        (404, wire.error(404, "NOT_FOUND", "No such model."), errors.ModelUnknown),
        (404, "<html><title>Not Found</title></html>", errors.RequestRejected),
        (408, "", errors.ServerFault),
        (413, wire.error(413, "INVALID_ARGUMENT", "Too large."), errors.RequestRejected),
        (429, wire.error(429, "RESOURCE_EXHAUSTED", "Slow down."), errors.Busy),
        (499, wire.error(499, "CANCELLED", "Cancelled."), errors.ServerFault),
        (500, wire.error(500, "INTERNAL", "Internal error."), errors.ServerFault),
        (502, "<html><title>Bad Gateway</title></html>", errors.ServerFault),
        (503, OVERLOADED, errors.Busy),
        (503, [OVERLOADED], errors.Busy),
        (504, wire.error(504, "DEADLINE_EXCEEDED", "Too slow."), errors.ServerFault),
        (500, {"error": "broken"}, errors.ServerFault),
    ],
)
def test_every_error_of_the_api_has_its_class(
    server: wire.Gemini, status: int, body: Any, kind: type[Exception], *, stream: bool
) -> None:
    """Once asked, never repeated here."""
    server.error = (status, body)

    error = failed(server, options={"stream": stream})

    assert type(error) is kind
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "message", [f"The key {wire.KEY} is unknown.", f"Use ?key={wire.KEY} instead."]
)
@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_a_key_that_a_server_quotes_is_not_repeated(
    server: wire.Gemini, status: int, message: str
) -> None:
    """`failed` looks for it."""
    server.error = (status, wire.error(status, "WHATEVER", message))

    failed(server)


def test_a_key_in_the_models_words_is_not_repeated(server: wire.Gemini) -> None:
    """Neither in its text nor in its reason."""
    server.reply = wire.reply({"text": f"Your key is {wire.KEY}."}, finish=f"X{wire.KEY}")

    failed(server)


@pytest.mark.parametrize(("delay", "seconds"), [("31s", 31.0), ("0.48s", 0.48), ("soon", None)])
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_is_googles_word(
    server: wire.Gemini, status: int, delay: str, seconds: float | None
) -> None:
    """RetryInfo, seconds with fractions."""
    details = (
        wire.quota("GenerateRequestsPerMinutePerProjectPerModel"),
        wire.retry_info(delay),
    )
    server.error = (status, wire.error(status, "RESOURCE_EXHAUSTED", "Slow down.", *details))

    error = failed(server)

    assert isinstance(error, errors.Busy)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        (wire.quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "Quota exceeded."),
        (wire.quota("GenerateRequestsPerMinutePerProject-FreeTier", "0"), "Quota exceeded."),
        ({}, "Quota exceeded for metric: requests, limit: 0, model: x"),
    ],
)
def test_a_quota_that_waiting_does_not_bring_back_is_the_accounts(
    server: wire.Gemini, quota: dict[str, Any], message: str
) -> None:
    """A day's quota, and none at all, although the answer names a delay."""
    body = wire.error(429, "RESOURCE_EXHAUSTED", message, quota, wire.retry_info("31s"))
    server.error = (429, body)

    assert isinstance(failed(server), errors.AccountLimited)


def test_a_size_that_a_model_does_not_take_names_the_option(server: wire.Gemini) -> None:
    """A model newer than the catalogue may take other sizes."""
    error = failed(server, options={"image_size": "512"})

    assert isinstance(error, errors.RequestRejected)
    assert "image_config" in error.hint


def test_cancelling_closes_the_connection_at_once(server: wire.Gemini) -> None:
    """Before the answer, and in the middle of a stream."""
    server.chunks = [wire.reply({"text": "I"}, finish=None)]
    server.stall_after = 1

    assert seconds_to_cancel(provider(server, options={"stream": True}), server, job()) < 0.3
    server.stall = True
    server.closed = 0
    server.requests.clear()
    assert seconds_to_cancel(provider(server), server, job()) < 0.3


def test_silence_ends_in_a_time_out(server: wire.Gemini) -> None:
    """Which may have been charged, so that nobody repeats it by itself."""
    server.stall = True

    assert isinstance(failed(server, timeouts=Timeouts(answer=0.3)), errors.TimedOut)


# Models


def dead() -> list[str]:
    return [each.id for each in catalogue.models("gemini") if each.state is State.DEAD]


@pytest.mark.parametrize("model", dead())
def test_a_dead_model_is_refused_before_sending(server: wire.Gemini, model: str) -> None:
    """With a living successor that makes pictures, and a sentence on what became of it."""
    error = failed(server, model=model)

    assert isinstance(error, errors.ModelUnknown)
    assert wire.MODELS[error.successor or ""].aspects
    assert catalogue.find("gemini", model).note in error.sentence  # type: ignore[union-attr]
    assert not server.requests


def test_the_early_ids_are_all_known() -> None:
    """Each id that was ever usual is explained rather than unknown."""
    early = {
        "gemini-2.0-flash-exp",
        "gemini-2.0-flash-exp-image-generation",
        "gemini-2.0-flash-preview-image-generation",
        "gemini-2.5-flash-image-preview",
        "gemini-2.5-flash-preview-05-20",
        "gemini-3-pro-image-preview",
        "gemini-3.1-flash-image-preview",
        "imagen-3.0-generate-002",
        "imagen-4.0-generate-001",
    }

    assert early <= set(dead())


def test_the_preview_of_may_2025_is_explained(server: wire.Gemini) -> None:
    """It is gone, and it never made pictures."""
    error = failed(server, model="gemini-2.5-flash-preview-05-20")

    assert isinstance(error, errors.ModelUnknown)
    assert "never made pictures" in error.sentence
    assert error.successor == NANO


@pytest.mark.parametrize("model", ["gemini-3.8-flash", "gemini-2.5-flash"])
def test_a_model_that_only_writes_is_refused_before_sending(
    server: wire.Gemini, model: str
) -> None:
    """The hint names one that makes pictures."""
    error = failed(server, model=model)

    assert isinstance(error, errors.EditUnsupported)
    assert NANO in error.hint
    assert not server.requests


def test_an_unknown_model_that_only_writes_is_explained(server: wire.Gemini) -> None:
    """The server's words on modalities are translated."""
    wire.MODELS["gemini-next-flash"] = wire.TEXT
    try:
        error = failed(server, model="gemini-next-flash")
    finally:
        del wire.MODELS["gemini-next-flash"]

    assert isinstance(error, errors.RequestRejected)
    assert "only text" in error.sentence


@pytest.mark.parametrize("model", ["gemini-3.1-flash-image", "gemini-2.5-flash-image"])
def test_a_doubtful_model_is_tried(server: wire.Gemini, model: str) -> None:
    """Where it is gone after all, the answer says what to use instead."""
    assert len(run(server, model=model).candidates) == 1
    kind = wire.MODELS.pop(model)
    try:
        error = failed(server, model=model)
    finally:
        wire.MODELS[model] = kind

    assert isinstance(error, errors.ModelUnknown)
    assert error.successor == NANO


def test_an_id_that_nobody_knows_offers_the_list(server: wire.Gemini) -> None:
    """A typing mistake costs nothing but a question."""
    error = failed(server, model="gemini-nono-banana")

    assert isinstance(error, errors.ModelUnknown)
    assert "gemini-3-pro-image" in error.hint
    assert error.successor == NANO


def test_an_id_cannot_lead_elsewhere(server: wire.Gemini) -> None:
    """What would be a path or a query stays a name."""
    failed(server, model="x?key=y#z")

    assert server.requests[0].path == "/v1beta/models/x?key=y#z:generateContent"
    assert server.requests[0].query == {}


def test_the_catalogue_agrees_with_what_models_take() -> None:
    """Every living model that makes pictures offers just what the server's own does."""
    for model in catalogue.models("gemini"):
        if model.state in (State.DEAD, State.DEPRECATED) or model.id not in wire.MODELS:
            continue
        kind = wire.MODELS[model.id]
        assert (model.output is Output.TEXT) == (not kind.aspects)
        assert model.features == {*kind.aspects, *kind.tiers}
        assert (model.output is Output.TEXT) or set(model.rates) == {
            "input",
            "text_out",
            "image_out",
        }
    assert catalogue.listed("gemini") == date(2026, 11, 22)


def test_the_largest_picture_that_is_sent_fits_into_a_request() -> None:
    """Twelve megapixels of most photographs, packed without loss, stay under 20 MB."""
    for model in catalogue.models("gemini"):
        if model.output is Output.IMAGE and model.state is not State.DEAD:
            assert model.sizes.largest <= 12_000_000


# Asking what costs nothing


def test_check_says_that_all_is_well(server: wire.Gemini) -> None:
    """By looking the model up, not by using it."""
    sentence = call(server, lambda gemini, http: gemini.check(http))

    assert NANO in sentence
    assert [each.method for each in server.requests] == ["GET"]


def test_check_tells_a_wrong_key_from_a_wrong_model(server: wire.Gemini) -> None:
    """A dead model is asked for all the same: the question costs nothing."""
    with pytest.raises(errors.ModelUnknown):
        call(server, lambda gemini, http: gemini.check(http), model="gemini-2.0-flash-exp")
    server.key = "another"
    with pytest.raises(errors.KeyRejected):
        call(server, lambda gemini, http: gemini.check(http))


def test_rewriting_can_use_another_model(server: wire.Gemini) -> None:
    """The option's, or the provider's own where that is one for words."""
    text = call(
        server,
        lambda gemini, http: gemini.rewrite(http, "Write more.", "a door"),
        options={"text_model": "gemini-3.5-flash", "stream": True},
    )
    call(
        server,
        lambda gemini, http: gemini.rewrite(http, "Write more.", "a door"),
        model="gemini-2.5-flash",
    )

    with pytest.raises(errors.ModelUnknown) as caught:
        call(
            server,
            lambda gemini, http: gemini.rewrite(http, "Write more.", "a door"),
            options={"text_model": "gemini-next-flash"},
        )

    assert text == "A fuller wish: a door."
    assert caught.value.successor == "gemini-3.8-flash"
    assert "gemini-3.5-flash" in server.requests[0].path
    assert "gemini-2.5-flash" in server.requests[1].path


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, errors.ContentRefused),
        (wire.reply({"text": "hm", "thought": True}), errors.NoPicture),
    ],
)
def test_rewriting_that_comes_to_nothing_is_an_error(
    server: wire.Gemini, reply: Any, kind: type[Exception]
) -> None:
    """Refused, or silent."""
    server.reply = reply

    with pytest.raises(kind):
        call(server, lambda gemini, http: gemini.rewrite(http, "Write more.", "a door"))


def test_a_notice_is_never_needed_when_all_goes_well(server: wire.Gemini) -> None:
    """A plain edit tells progress, a candidate and its usage."""
    assert not [each for each in run(server).events if isinstance(each, Notice)]
