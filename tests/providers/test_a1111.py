"""Stable Diffusion servers: what is sent, what their answers mean, and whose job is stopped."""

import base64
import io
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import anyio
import anyio.to_thread
import httpx
import numpy as np
import pytest
import webuiapi
from PIL import Image
from tests.servers import Outcome, job, run_provider
from tests.servers.a1111 import MODELS, A1111Server

from overpaint.codec import decode
from overpaint.dialect import MaskUse
from overpaint.errors import (
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    ProviderFailed,
    RequestRejected,
    ServerFault,
    TimedOut,
    Unreachable,
)
from overpaint.geometry import Extent
from overpaint.providers import a1111
from overpaint.providers.a1111 import A1111
from overpaint.providers.base import Event, Setup, Timeouts
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

KEY = "someone:password-marked-1"
XL = "photo-xl.safetensors [abcd123456]"
FLAVOURS = ("a1111", "forge", "sdnext", "sdcpp")


@pytest.fixture
def server() -> Iterator[A1111Server]:
    with A1111Server() as running:
        yield running


def provider(server: A1111Server, model: str | None = None, **setup: Any) -> A1111:
    options = setup.pop("options", {})
    return A1111(Setup(model=model, base_url=server.url, options=options, **setup))


def sent(server: A1111Server) -> dict[str, Any]:
    calls = server.of("/sdapi/v1/img2img") + server.of("/sdapi/v1/txt2img")
    assert len(calls) == 1
    body: dict[str, Any] = calls[0].json
    return body


def picture(text: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))))


def leave_after(
    what: A1111, enough: Callable[[Outcome], bool], limit: float = 5.0
) -> tuple[Outcome, float]:
    """Run *what* until *enough*, then close it; returns what came and how long closing took."""

    async def leave() -> tuple[Outcome, float]:
        outcome = Outcome()
        async with httpx.AsyncClient(trust_env=False) as http:
            events = what.run(job(), http)
            with anyio.fail_after(limit):
                async for event in events:
                    outcome.events.append(event)
                    if enough(outcome):
                        break
            started = time.monotonic()
            await events.aclose()
            return outcome, time.monotonic() - started

    return anyio.run(leave)


def wait_for(holds: Callable[[], bool], seconds: float = 3.0) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


# What is sent.


def test_an_inpaint_sends_picture_and_mask_where_white_is_what_changes(server: A1111Server) -> None:
    """The picture goes as it is; the mask is white in whole cells where anything changes."""
    what = job()

    outcome = run_provider(provider(server), what)

    body = sent(server)
    assert server.requests[-1].path != "/sdapi/v1/txt2img"
    assert np.array_equal(picture(body["init_images"][0]), what.pixels)
    mask = picture(body["mask"])
    assert set(np.unique(mask)) == {0, 255}
    assert (mask[what.mask > 0] == 255).all()
    cells = mask.reshape(64 // 8, 8, 96 // 8, 8)
    assert (cells.max(axis=(1, 3)) == cells.min(axis=(1, 3))).all()
    assert not mask[:16].any()
    assert not mask[:, :24].any()
    assert body["inpainting_mask_invert"] == 0
    assert body["inpaint_full_res"] is False
    assert body["mask_blur"] == 0
    assert (body["width"], body["height"]) == (96, 64)
    assert (body["prompt"], body["seed"]) == ("a wooden door", 7)
    assert (outcome.pictures[0][mask > 0] == (255, 0, 0)).all()


def test_the_mask_can_go_without_whole_cells(server: A1111Server) -> None:
    """With `cell = 1` the mask is white exactly where a pixel changes."""
    what = job()

    run_provider(provider(server, options={"cell": 1}), what)

    assert np.array_equal(picture(sent(server)["mask"]) == 255, what.mask > 0)


def test_all_masked_is_a_plain_variation(server: A1111Server) -> None:
    """Where the whole region changes there is no mask, only the picture and a strength."""
    what = job(edit=Edit.VARIATION, mask=np.full((64, 96), 255, np.uint8))

    run_provider(provider(server), what)

    body = sent(server)
    assert "mask" not in body
    assert "inpainting_fill" not in body
    assert body["denoising_strength"] == 0.5


def test_generating_sends_no_picture(server: A1111Server) -> None:
    """Generating is txt2img, of the size of the region."""
    run_provider(provider(server), job(edit=Edit.GENERATE))

    assert server.of("/sdapi/v1/img2img") == []
    body = sent(server)
    assert not {"init_images", "mask", "denoising_strength"} & set(body)
    assert (body["width"], body["height"]) == (96, 64)


@pytest.mark.parametrize(
    ("edit", "strength", "fill"),
    [
        (Edit.INPAINT, 0.8, 1),
        (Edit.REMOVE, 0.9, 0),
        (Edit.VARIATION, 0.5, 1),
        (Edit.STYLE, 0.6, 1),
    ],
)
def test_each_edit_has_its_strength(
    server: A1111Server, edit: Edit, strength: float, fill: int
) -> None:
    """Without a strength in the recipe each edit has one that suits it."""
    run_provider(provider(server), job(edit=edit))

    assert sent(server)["denoising_strength"] == strength
    assert sent(server)["inpainting_fill"] == fill


def test_the_recipe_and_the_options_win(server: A1111Server) -> None:
    """Strength and negative prompt come from the recipe, the rest from the options."""
    options = {
        "steps": "8",
        "cfg": 1,
        "sampler": "DPM++ 2M",
        "scheduler": "karras",
        "distilled_cfg": 3.5,
        "fill": "noise",
        "settings": {"CLIP_stop_at_last_layers": 2},
        "fields": {"alwayson_scripts": {}, "n_iter": 1},
    }

    run_provider(
        provider(server, XL, options=options), job(strength=0.3, negative="people, (text:1.3)")
    )

    body = sent(server)
    assert body["denoising_strength"] == 0.3
    assert body["negative_prompt"] == "people, (text:1.3)"
    assert (body["steps"], body["cfg_scale"]) == (8, 1.0)
    assert (body["sampler_name"], body["scheduler"]) == ("DPM++ 2M", "karras")
    assert body["distilled_cfg_scale"] == 3.5
    assert body["inpainting_fill"] == 2
    assert body["override_settings"] == {"CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": XL}
    assert body["alwayson_scripts"] == {}


def test_what_the_server_is_to_decide_is_left_out(server: A1111Server) -> None:
    """The option value `server` sends no field at all, not even a null."""
    run_provider(provider(server, options={"steps": "server", "cfg": "server"}))

    body = sent(server)
    assert not {"steps", "cfg_scale", "sampler_name", "scheduler"} & set(body)
    assert None not in body.values()


@pytest.mark.parametrize(
    "options",
    [
        {"steps": "many"},
        {"steps": 0},
        {"fill": "black"},
        {"cfg": [1]},
        {"settings": "x"},
        {"interrupt": "maybe"},
        {"previews": "yes"},
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_sent(
    server: A1111Server, options: dict[str, Any]
) -> None:
    """The sentence names the option."""
    with pytest.raises(RequestRejected, match=next(iter(options))):
        run_provider(provider(server, options=options))

    assert server.of("/sdapi/v1/img2img") == []


def test_capabilities_follow_the_options() -> None:
    """Sizes are multiples of 8 about the native square; the dialect is Stable Diffusion's."""
    able = A1111().capabilities
    small = A1111(Setup(options={"native": 512})).capabilities

    assert able.edits == frozenset(Edit)
    assert (able.strength, able.seed, able.previews) == (True, True, True)
    assert (able.references, able.concurrency, able.price) == (0, 1, None)
    assert not able.needs_key
    dialect = able.dialect
    assert (dialect.instructs, dialect.negative, dialect.weights) == (False, True, True)
    assert dialect.mask is MaskUse.FIELD
    assert list(able.sizes.working(Extent(200, 200))) == [Extent(1024, 1024)]
    assert list(small.sizes.working(Extent(200, 200))) == [Extent(512, 512)]
    for extent in small.sizes.working(Extent(3000, 1001)):
        assert extent.width % 8 == extent.height % 8 == 0
        assert extent.pixels <= 768**2


# Models.


@pytest.mark.parametrize("name", [XL, "photo-xl", "photo-xl.safetensors", "abcd123456"])
def test_a_checkpoint_goes_by_any_of_its_names(server: A1111Server, name: str) -> None:
    """Title, name, file or hash: the server gets the title."""
    run_provider(provider(server, name))

    assert sent(server)["override_settings"] == {"sd_model_checkpoint": XL}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_unknown_checkpoint_is_told_before_any_work(flavour: str) -> None:
    """Servers that would quietly use another one, or just fail, are not asked to."""
    with A1111Server(flavour=flavour) as server:
        with pytest.raises(ModelUnknown) as caught:
            run_provider(provider(server, "nowhere.safetensors"))

        assert server.of("/sdapi/v1/img2img") == []
    assert XL in caught.value.hint


def test_a_server_without_a_list_gets_the_name_as_it_is() -> None:
    """Where there is no /sd-models the name is used unchecked."""
    with A1111Server(missing={"/sdapi/v1/sd-models"}) as server:
        run_provider(provider(server, "anything"))

        assert sent(server)["override_settings"] == {"sd_model_checkpoint": "anything"}


def ask(what: A1111, name: str) -> Any:
    async def call() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            return await getattr(what, name)(http)

    return anyio.run(call)


def test_models_and_check_cost_nothing(server: A1111Server) -> None:
    """Both only read lists."""
    assert ask(provider(server), "models") == tuple(each["title"] for each in MODELS)
    options = {"sampler": "k_euler_a", "scheduler": "Karras"}
    assert "2 checkpoints" in ask(provider(server, XL, options=options), "check")
    assert server.jobs == 0


@pytest.mark.parametrize(("option", "known"), [("sampler", "Euler a"), ("scheduler", "Karras")])
def test_check_lists_the_samplers_and_schedulers_there_are(
    server: A1111Server, option: str, known: str
) -> None:
    """A sampler or scheduler that the server lacks is found out without making a picture."""
    with pytest.raises(RequestRejected) as caught:
        ask(provider(server, options={option: "nonsense"}), "check")

    assert known in caught.value.hint


# Answers.


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_servers_of_the_kind_work(flavour: str) -> None:
    """A1111, Forge, SD.Next and stable-diffusion.cpp take the same request."""
    with A1111Server(flavour=flavour, seconds=0.6) as server:
        outcome = run_provider(provider(server, XL))

        assert len(outcome.candidates) == 1
        assert outcome.pictures[0].shape == (64, 96, 3)
        assert outcome.notices == []
        assert server.interrupts == 0


@pytest.mark.parametrize("info", ["string", "empty", "object"])
@pytest.mark.parametrize("prefix", [False, True])
def test_the_picture_comes_as_the_server_sent_it(info: str, prefix: bool) -> None:
    """JPEG bytes stay JPEG bytes, whatever the answer says beside them."""
    with A1111Server(info=info, kind="JPEG", prefix=prefix) as server:
        outcome = run_provider(provider(server))

    assert len(outcome.candidates) == 1
    assert outcome.candidates[0].picture[:3] == b"\xff\xd8\xff"


def test_grid_and_extra_pictures_are_no_candidates() -> None:
    """The grid before and an extension's picture behind are dropped."""
    with A1111Server(grid=True, extra=True) as server:
        outcome = run_provider(provider(server))

    assert len(outcome.candidates) == 1
    assert outcome.pictures[0].shape == (64, 96, 3)


def test_another_seed_than_asked_for_is_told() -> None:
    """The seed is read back from the answer."""
    with A1111Server(other_seed=99) as server:
        assert "99" in run_provider(provider(server)).notices[0].sentence


def test_no_picture_is_an_error() -> None:
    """An answer without pictures is not a success."""
    with A1111Server(images=False) as server, pytest.raises(NoPicture):
        run_provider(provider(server))


def test_a_200_that_is_an_error_is_told() -> None:
    """An error that comes with status 200 is shown with its words."""
    fail = (200, {"error": "RuntimeError", "errors": "something broke"})
    with A1111Server(fail=fail) as server, pytest.raises(NoPicture, match="something broke"):
        run_provider(provider(server))


# Progress.


def test_progress_rises_and_previews_arrive() -> None:
    """The fraction never falls, though the server's own does; each preview comes once."""
    with A1111Server(seconds=1.6, previews=True) as server:
        outcome = run_provider(provider(server))

        task = sent(server)["force_task_id"]
    fractions = [each.fraction for each in outcome.progress if each.fraction is not None]
    assert len(fractions) >= 2
    assert fractions == sorted(fractions)
    assert 0 < fractions[-1] <= 1
    assert len(outcome.previews) >= 2
    previews = [each.picture for each in outcome.previews]
    assert len(set(previews)) == len(previews)
    assert decode(previews[0]).shape == (8, 8, 3)
    assert [each.remote_id for each in outcome.submitted] == [task]


def test_previews_can_be_left_out() -> None:
    """With `previews = false` the server is told not to make them."""
    with A1111Server(seconds=0.6, previews=True) as server:
        outcome = run_provider(provider(server, options={"previews": False}))

        looks = server.of("/sdapi/v1/progress", "GET")
    assert outcome.previews == []
    assert {look.query["skip_current_image"] for look in looks} == {"true"}


def test_other_peoples_progress_is_not_ours() -> None:
    """While another job is being worked on, ours waits: no fraction, no preview of it."""
    with A1111Server(seconds=0.2, previews=True) as server:
        server.start_other(0.9)
        outcome = run_provider(provider(server))

    waiting = [each for each in outcome.progress if "Waiting" in each.phase]
    assert waiting
    assert all(each.fraction is None for each in waiting)
    assert len(outcome.candidates) == 1


def test_a_server_without_progress_is_left_alone() -> None:
    """stable-diffusion.cpp has no /progress: it is asked once, and the picture comes."""
    with A1111Server(flavour="sdcpp", seconds=1.0) as server:
        outcome = run_provider(provider(server))

        assert len(server.of("/sdapi/v1/progress", "GET")) == 1
    assert len(outcome.candidates) == 1
    assert {each.fraction for each in outcome.progress} == {None}


# Cancelling.


def painting(outcome: Outcome) -> bool:
    return any(each.phase == "Painting" and each.fraction for each in outcome.progress)


@pytest.mark.parametrize(
    "knobs",
    [
        {"flavour": "a1111"},
        {"flavour": "forge", "current_task": True},
        {"flavour": "forge", "current_task": True, "missing": {"/internal/progress"}},
        {"flavour": "sdnext"},
        {"flavour": "a1111", "missing": {"/internal/progress"}},
    ],
    ids=["by name", "by current task", "by current task alone", "sd.next", "old"],
)
def test_cancelling_stops_our_job_at_once(knobs: dict[str, Any]) -> None:
    """Closing ends the connection within 0.3 s, and the server's work on this job."""
    with A1111Server(seconds=5, **knobs) as server:
        outcome, took = leave_after(provider(server), painting)

        assert took < 0.3
        assert wait_for(lambda: server.closed == 1)
        assert server.interrupts == 1
        assert wait_for(lambda: server.state.job_count == 0)
    assert outcome.candidates == []


@pytest.mark.parametrize("flavour", ["a1111", "forge", "sdnext"])
def test_cancelling_never_stops_another_job(flavour: str) -> None:
    """While ours waits in the queue, the job that runs is somebody else's."""
    with A1111Server(flavour=flavour, seconds=5) as server:
        server.start_other(5)
        _, took = leave_after(provider(server), lambda outcome: bool(outcome.progress))

        assert took < 0.3
        assert wait_for(lambda: server.closed == 1)
        assert server.interrupts == 0


def test_a_job_that_came_after_ours_is_not_stopped() -> None:
    """Without names, the first job since the server was idle is ours, the next one is not."""
    with A1111Server(flavour="sdnext", seconds=0.8) as server:
        what = provider(server)

        async def run() -> None:
            async with httpx.AsyncClient(trust_env=False) as http:
                events = what.run(job(), http)
                async for event in events:
                    outcome.events.append(event)
                    if painting(outcome):
                        break
                # Ours ends, and another's begins, before we leave.
                server.start_other(5)
                assert await anyio.to_thread.run_sync(wait_for, lambda: server.jobs == 2)
                await events.aclose()

        outcome = Outcome()
        anyio.run(run)

        assert server.interrupts == 0


def test_what_cannot_be_known_is_said() -> None:
    """A server that is busy and names no jobs: the user reads that cancelling will not stop it."""
    with A1111Server(flavour="sdnext", seconds=0.3) as server:
        server.start_other(0.8)
        outcome = run_provider(provider(server))

    assert len(outcome.notices) == 1
    assert "Cancelling" in outcome.notices[0].sentence


@pytest.mark.parametrize(("policy", "stops"), [("always", 1), ("never", 0)])
def test_the_user_may_decide_what_is_stopped(policy: str, stops: int) -> None:
    """The option `interrupt` overrules the question whose job it is."""
    with A1111Server(flavour="sdnext", seconds=5) as server:
        if policy == "always":
            server.start_other(5)
        leave_after(
            provider(server, options={"interrupt": policy}), lambda outcome: bool(outcome.progress)
        )

        assert server.interrupts == stops


def test_cancelling_by_scope_stops_our_job_too() -> None:
    """A cancelled task, as of a core process that ends, interrupts as closing does."""
    with A1111Server(seconds=5) as server:

        async def run() -> float:
            async with httpx.AsyncClient(trust_env=False) as http:
                with anyio.move_on_after(1.0) as scope:
                    async with aclosing(provider(server).run(job(), http)) as events:
                        async for _ in events:
                            pass
                return anyio.current_time() - scope.deadline

        assert anyio.run(run) < 0.3
        assert wait_for(lambda: server.closed == 1)
        assert server.interrupts == 1


def test_stable_diffusion_cpp_cannot_be_interrupted() -> None:
    """There the connection is closed and no route is tried that does not exist."""
    with A1111Server(flavour="sdcpp", seconds=3) as server:
        _, took = leave_after(provider(server), lambda outcome: bool(outcome.progress))

        assert took < 0.3
        assert wait_for(lambda: server.closed == 1)
        assert server.of("/sdapi/v1/interrupt") == []


def test_an_interrupted_picture_is_no_result() -> None:
    """When somebody presses Interrupt in the web UI, the half-made picture is not used."""
    with A1111Server(seconds=3) as server:

        async def run() -> list[Event]:
            async with httpx.AsyncClient(trust_env=False) as http:
                told: list[Event] = []
                async for event in provider(server).run(job(), http):
                    told.append(event)
                    server.state.interrupted = True
                return told

        with pytest.raises(NoPicture, match="interrupted"):
            anyio.run(run)


def test_an_earlier_interruption_does_not_spoil_a_picture(server: A1111Server) -> None:
    """What was interrupted before our job began does not count."""
    server.state.interrupted = True

    assert len(run_provider(provider(server)).candidates) == 1


def test_a_time_limit_stops_the_server_too() -> None:
    """When the user's time limit passes, the server does not go on for nothing."""
    limits = Timeouts(answer=0.9, total=0.9)
    with A1111Server(seconds=5) as server:
        with pytest.raises(TimedOut):
            run_provider(provider(server, timeouts=limits))

        assert server.interrupts == 1


# Errors.


def test_no_server_is_unreachable() -> None:
    """Nothing listens: nothing was sent."""
    with A1111Server() as server:
        url = server.url
    with pytest.raises(Unreachable):
        run_provider(A1111(Setup(base_url=url)))


def test_without_the_api_flag_the_user_reads_of_it() -> None:
    """A 404 on the API's own routes is explained."""
    with A1111Server(api=False) as server:
        with pytest.raises(RequestRejected) as caught:
            run_provider(provider(server))
        with pytest.raises(RequestRejected):
            ask(provider(server), "check")

    assert "--api" in caught.value.hint


@pytest.mark.parametrize("base", ["", "/", "/sdapi/v1", "/sdapi/v1/"])
def test_the_base_url_may_hold_the_api_path(server: A1111Server, base: str) -> None:
    """The root is what is asked for; the whole address works as well."""
    outcome = run_provider(A1111(Setup(base_url=server.url + base)))

    assert len(outcome.candidates) == 1


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (
            500,
            {
                "error": "OutOfMemoryError",
                "detail": "",
                "body": "",
                "errors": "CUDA out of memory. Tried to allocate 2 GiB",
            },
            RequestRejected,
            "memory",
        ),
        (500, {"error": "OutOfMemoryError", "detail": "", "errors": ""}, RequestRejected, "memory"),
        (
            500,
            {"error": "NansException", "errors": "A tensor with all NaNs was produced in Unet."},
            RequestRejected,
            "NaNs",
        ),
        (500, {"error": "RuntimeError", "errors": "model 'x' not found"}, ModelUnknown, "checkpoi"),
        (500, {"detail": "Invalid encoded image"}, ServerFault, "Invalid encoded image"),
        (500, {"detail": "Requests not allowed"}, ServerFault, "Requests not allowed"),
        (500, "Internal Server Error", ServerFault, "500"),
        (500, {"error": "server_error", "message": "bad cast"}, ServerFault, "bad cast"),
        (500, {"error": "generate_image returned no results"}, ServerFault, "no results"),
        (404, {"detail": "Init image not found"}, RequestRejected, "Init image"),
        (404, {"detail": "Sampler not found"}, RequestRejected, "sampler"),
        (400, {"detail": "Sampler not found"}, RequestRejected, "sampler"),
        (400, {"error": "prompt required"}, RequestRejected, "prompt"),
        (
            422,
            {"detail": [{"loc": ["body", "steps"], "msg": "not an integer", "type": "t"}]},
            RequestRejected,
            "body.steps: not an integer",
        ),
        (422, {"detail": "Script 'x' not found"}, RequestRejected, "Script 'x'"),
        (405, {"detail": "Method Not Allowed"}, RequestRejected, "API"),
        (418, ["odd"], RequestRejected, "418"),
        (500, "null", ServerFault, "500"),
    ],
)
def test_errors_are_understood_in_all_their_shapes(
    status: int, body: Any, error: type[ProviderFailed], words: str
) -> None:
    """Each shape of each server becomes one error with its words, and a next step."""
    with A1111Server(fail=(status, body)) as server:
        with pytest.raises(error) as caught:
            run_provider(provider(server))

        assert server.jobs == 0
        assert server.interrupts == 0
    assert type(caught.value) is error
    assert words in caught.value.sentence
    assert caught.value.hint


def test_out_of_memory_says_to_select_less() -> None:
    """The one error that everybody meets has a way out."""
    fail = (500, {"error": "OutOfMemoryError", "errors": "CUDA out of memory"})
    with A1111Server(fail=fail) as server, pytest.raises(RequestRejected) as caught:
        run_provider(provider(server))

    assert "Select less" in caught.value.hint


def test_a_wrong_type_is_refused_as_the_vendor_does(server: A1111Server) -> None:
    """A field that the user adds by hand with a wrong type gets the server's own words."""
    with pytest.raises(RequestRejected, match=r"body\.steps"):
        run_provider(provider(server, options={"fields": {"steps": "x"}}))


def test_an_unknown_sampler_is_told(server: A1111Server) -> None:
    """The sentence is about the sampler, the hint about the setting."""
    with pytest.raises(RequestRejected, match="sampler") as caught:
        run_provider(provider(server, options={"sampler": "nonsense"}))

    assert "sampler" in caught.value.hint


# Keys.


def test_the_key_is_basic_auth() -> None:
    """`user:password` goes as Basic auth with every request."""
    with A1111Server(auth=KEY, seconds=0.5) as server:
        outcome = run_provider(provider(server, XL, key=KEY))

        assert len(outcome.candidates) == 1
        assert all("authorization" in each.headers for each in server.requests)


@pytest.mark.parametrize("key", [None, "someone:wrong-marked-2", "no-colon-marked-3"])
def test_a_missing_or_wrong_key_is_told_without_it(key: str | None) -> None:
    """No part of a key shows in sentence, hint or representation."""
    with A1111Server(auth=KEY) as server:
        what = provider(server, key=key)
        with pytest.raises(KeyRejected) as caught:
            run_provider(what)

    assert "A1111_AUTH" in caught.value.hint
    for text in (str(caught.value), repr(caught.value), repr(what), repr(vars(what))):
        assert "marked" not in text


def test_an_error_that_quotes_the_key_is_cleaned() -> None:
    """A server that echoes the header does not get the key onto the screen."""
    word = base64.b64encode(KEY.encode()).decode()
    fail = (500, {"error": "X", "errors": f"bad header Basic {word} for {KEY}"})
    with A1111Server(fail=fail) as server, pytest.raises(ServerFault) as caught:
        run_provider(provider(server, key=KEY))

    assert word not in str(caught.value)
    assert KEY not in str(caught.value)


# The reference client.

# webuiapi writes out what it takes for the vendor's defaults, and more; none of it says anything
# about this picture. It cannot name a job.
ONLY_THE_SDK = {
    "alwayson_scripts",
    "do_not_save_grid",
    "do_not_save_samples",
    "eta",
    "image_cfg_scale",
    "initial_noise_multiplier",
    "restore_faces",
    "s_churn",
    "s_noise",
    "s_tmax",
    "s_tmin",
    "sampler_index",
    "script_args",
    "script_name",
    "seed_resize_from_h",
    "seed_resize_from_w",
    "styles",
    "subseed",
    "subseed_strength",
    "tiling",
}
ONLY_TXT2IMG = {
    "denoising_strength",
    "enable_hr",
    "firstphase_height",
    "firstphase_width",
    "hr_checkpoint_name",
    "hr_negative_prompt",
    "hr_prompt",
    "hr_resize_x",
    "hr_resize_y",
    "hr_sampler_name",
    "hr_scale",
    "hr_scheduler",
    "hr_second_pass_steps",
    "hr_upscaler",
}
OURS = {"force_task_id"}


def bodies(server: A1111Server, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reference client's request and ours, of two."""
    theirs, ours = server.of(path)
    return theirs.json, ours.json


def client(server: A1111Server, auth: tuple[str, str] | None = None) -> webuiapi.WebUIApi:
    name, password = auth or (None, None)
    return webuiapi.WebUIApi(
        baseurl=f"{server.url}/sdapi/v1", username=name, password=password, steps=20
    )


OPTIONS = {"steps": 20, "cfg": 6.5, "sampler": "Euler a", "scheduler": "automatic"}


def test_an_inpaint_equals_the_reference_clients(server: A1111Server) -> None:
    """Same fields, same values, the same pixels, and the same answer."""
    what = job()
    theirs_result = client(server).img2img(
        images=[Image.fromarray(what.pixels)],
        mask_image=Image.fromarray(a1111._whole_cells(what.mask, 8)),
        denoising_strength=0.8,
        mask_blur=0,
        inpainting_fill=1,
        inpaint_full_res=False,
        prompt="a wooden door",
        negative_prompt="people",
        seed=7,
        cfg_scale=6.5,
        width=96,
        height=64,
        override_settings={"sd_model_checkpoint": XL},
    )

    outcome = run_provider(provider(server, XL, options=OPTIONS), job(negative="people"))

    theirs, ours = bodies(server, "/sdapi/v1/img2img")
    assert set(theirs) - set(ours) == ONLY_THE_SDK
    assert set(ours) - set(theirs) == OURS
    for name in set(ours) - OURS - {"init_images", "mask"}:
        assert ours[name] == theirs[name], name
    assert np.array_equal(picture(ours["mask"]), picture(theirs["mask"]))
    pair = (picture(ours["init_images"][0]), picture(theirs["init_images"][0]))
    assert np.array_equal(*pair)
    assert np.array_equal(np.array(theirs_result.image), outcome.pictures[0])
    assert theirs_result.info["seed"] == 7


def test_a_generation_equals_the_reference_clients(server: A1111Server) -> None:
    """Likewise without a picture."""
    client(server).txt2img(
        prompt="a wooden door", seed=7, cfg_scale=6.5, width=96, height=64, scheduler="automatic"
    )

    run_provider(provider(server, options=OPTIONS), job(edit=Edit.GENERATE))

    theirs, ours = bodies(server, "/sdapi/v1/txt2img")
    assert set(theirs) - set(ours) == ONLY_THE_SDK - IMG2IMG | ONLY_TXT2IMG
    assert set(ours) - set(theirs) == OURS
    for name in set(ours) - OURS:
        assert ours[name] == theirs[name], name


IMG2IMG = {"image_cfg_scale", "initial_noise_multiplier"}


def test_lists_and_auth_equal_the_reference_clients() -> None:
    """The same header, and the same checkpoints."""
    with A1111Server(auth=KEY) as server:
        name, _, password = KEY.partition(":")
        titles = [each["title"] for each in client(server, (name, password)).get_sd_models()]

        assert ask(provider(server, key=KEY), "models") == tuple(titles)
        theirs, ours = server.of("/sdapi/v1/sd-models", "GET")
        assert ours.headers["authorization"] == theirs.headers["authorization"]


def test_progress_and_interrupt_equal_the_reference_clients() -> None:
    """The same routes with the same meaning."""
    with A1111Server(seconds=5) as server:
        api = client(server)
        leave_after(provider(server), painting)
        api.get_progress()
        api.interrupt()

        looks = server.of("/sdapi/v1/progress", "GET")
        assert looks[0].path == looks[-1].path
        stops = server.of("/sdapi/v1/interrupt")
        assert len(stops) == 2


def test_nothing_here_raises_anything_but_our_errors() -> None:
    """Answers that are no objects at all become errors of the tree."""
    for body in ("", "nonsense", [], [1], "{}", {"images": "x"}, {"images": ["%%%"]}):
        with A1111Server(fail=(200, body)) as server, pytest.raises(OverpaintError):
            run_provider(provider(server))
