"""Our ComfyUI client beside comfy-api-simplified, a published one, against the same server."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper
from tests.servers import job, run_provider
from tests.servers.base import Recorded
from tests.servers.comfyui import ComfyServer

from overpaint.providers.base import Setup
from overpaint.providers.comfyui import ComfyUI


@pytest.fixture
def server() -> Iterator[ComfyServer]:
    with ComfyServer() as running:
        running.previews = None  # that client takes every binary message for a result
        yield running


def ours(server: ComfyServer) -> bytes:
    setup = Setup(base_url=server.url, model="dream.safetensors")
    (candidate,) = run_provider(ComfyUI(setup), job()).candidates
    assert isinstance(candidate.picture, bytes)
    return candidate.picture


def test_both_run_the_same_workflow_to_the_same_picture(
    server: ComfyServer, tmp_path: Path
) -> None:
    """What the other client does with a marked workflow and uploads of its own, ours does."""
    picture = ours(server)
    sent = {part.filename: part.data for each in uploads(server) for part in each.files("image")}
    graph = server.of("/prompt")[0].json["prompt"]
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({**graph, "save": {**graph["save"], "_meta": {"title": "Save"}}}))
    wrapper = ComfyApiWrapper(server.url)
    workflow = ComfyWorkflowWrapper(str(path))
    for mark in ("image", "mask"):
        title = f"overpaint:{mark}"
        name = str(workflow.get_node_param(title, "image")).rpartition("/")[2]
        (tmp_path / name).write_bytes(sent[name])
        stored = wrapper.upload_image(tmp_path / name, subfolder="overpaint")
        workflow.set_node_param(title, "image", f"{stored['subfolder']}/{stored['name']}")

    results = wrapper.queue_and_wait_images(workflow, "Save")

    assert len(results) == 1
    (theirs,) = results.values()
    assert pixels(theirs) == pixels(picture)


def test_our_requests_are_theirs(server: ComfyServer, tmp_path: Path) -> None:
    """Field by field, for upload, prompt and download; the differences are listed here."""
    ours(server)
    mine = server.requests.copy()
    server.requests.clear()
    body = _one(mine, "/prompt").json
    upload = next(each for each in mine if each.path == "/upload/image")
    (part,) = upload.files("image")
    (tmp_path / part.filename).write_bytes(part.data)
    wrapper = ComfyApiWrapper(server.url)
    wrapper.upload_image(tmp_path / part.filename, subfolder="overpaint")
    workflow = ComfyWorkflowWrapper(body["prompt"])
    title = body["prompt"]["save"]["_meta"]["title"]
    wrapper.queue_and_wait_images(workflow, title)

    theirs = server.requests
    # Ours also gives an id of its own, by which the prompt can be found and taken back.
    their_body = _one(theirs, "/prompt").json
    assert set(body) - set(their_body) == {"prompt_id"}
    assert body["prompt"] == their_body["prompt"]
    assert isinstance(their_body["client_id"], str)
    # Ours also says that it is an input, which is the default, and that it is a PNG.
    their_upload = _one(theirs, "/upload/image")
    assert upload.fields == {**their_upload.fields, "type": "input"}
    (their_part,) = their_upload.files("image")
    assert (part.filename, part.data) == (their_part.filename, their_part.data)
    # The same questions with the same parameters.
    view, their_view = _one(mine, "/view"), _one(theirs, "/view")
    assert set(view.query) == set(their_view.query) == {"filename", "subfolder", "type"}
    assert (view.query["subfolder"], view.query["type"]) == ("overpaint", "output")
    assert set(_one(mine, "/ws").query) == set(_one(theirs, "/ws").query) == {"clientId"}
    assert _one(mine, "/ws").query["clientId"] == body["client_id"]
    history = [each.path for each in mine if each.path.startswith("/history/")]
    assert history[-1] == f"/history/{body['prompt_id']}"


def uploads(server: ComfyServer) -> list[Recorded]:
    return server.of("/upload/image")


def pixels(file: bytes) -> bytes:
    from PIL import Image

    return Image.open(io.BytesIO(file)).tobytes()


def _one(requests: list[Recorded], path: str) -> Recorded:
    (found,) = [each for each in requests if each.path == path]
    return found
