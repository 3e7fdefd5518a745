"""The ComfyUI provider against a server that validates and runs workflows as ComfyUI does."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image
from tests.servers import Outcome, job, run_provider
from tests.servers.comfyui import ComfyServer, painted

from overpaint.dialect import MaskUse, Role
from overpaint.errors import (
    AddressInvalid,
    AnswerUnusable,
    Busy,
    ConnectionLost,
    EditUnsupported,
    FileUnreadable,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    OverpaintError,
    RecipeInvalid,
    RequestRejected,
    ServerFault,
    TimedOut,
    Unreachable,
)
from overpaint.providers import comfyui_socket, comfyui_watch
from overpaint.providers.base import Job, Progress, Reference, Setup, Submitted, Timeouts
from overpaint.providers.comfyui import ComfyUI
from overpaint.providers.comfyui_workflow import MARKS, built_in
from overpaint.recipe import Edit

pytestmark = pytest.mark.slow

DREAM = "dream.safetensors"
KEY = "test-key-marked-1"
LINKED_SEED = json.dumps(
    {
        "1": {
            "class_type": "A",
            "inputs": {"seed": ["2", 0]},
            "_meta": {"title": "overpaint:seed"},
        }
    }
)


@pytest.fixture
def server() -> Iterator[ComfyServer]:
    with ComfyServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfyui_watch, "POLL", 0.05)
    monkeypatch.setattr(comfyui_watch, "SOON", 0.02)
    monkeypatch.setattr(comfyui_watch, "QUIET", 0.3)


def provider(server: ComfyServer, *, path: str = "", **changes: Any) -> ComfyUI:
    values: dict[str, Any] = {"model": DREAM, "base_url": server.url + path, **changes}
    return ComfyUI(Setup(**values))


def run(server: ComfyServer, what: Job | None = None, **changes: Any) -> Outcome:
    return run_provider(provider(server, **changes), what)


def graph_of(server: ComfyServer) -> dict[str, Any]:
    """What was queued last."""
    return server.of("/prompt")[-1].json["prompt"]


def classes(server: ComfyServer) -> set[str]:
    return {node["class_type"] for node in graph_of(server).values()}


def own_workflow(tmp_path: Path, **changes: Any) -> str:
    """A workflow like a user's, marked; *changes* replace or, with None, drop nodes."""
    graph = {
        "1": _node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=DREAM),
        "2": _node("LoadImage", "Photo overpaint:image", image="old.png"),
        "3": _node("LoadImage", "overpaint:mask", image="old-mask.png"),
        "4": _node("PrimitiveStringMultiline", "Wish (overpaint:prompt)", value="old"),
        "5": _node("CLIPTextEncode", "CLIP Text Encode", text=["4", 0], clip=["1", 1]),
        "6": _node("CLIPTextEncode", "overpaint:negative", text="ugly", clip=["1", 1]),
        "7": _node("VAEEncodeForInpaint", "Encode", pixels=["2", 0], vae=["1", 2],
                   mask=["3", 1], grow_mask_by=6),
        "8": _node("KSampler", "overpaint:seed=seed, overpaint:strength", model=["1", 0], seed=1,
                   steps=4, cfg=7.0, sampler_name="euler", scheduler="normal", positive=["5", 0],
                   negative=["6", 0], latent_image=["7", 0], denoise=1.0),
        "9": _node("VAEDecode", "VAE Decode", samples=["8", 0], vae=["1", 2]),
        "10": _node("SaveImage", "Save Image", images=["9", 0], filename_prefix="mine"),
    }  # fmt: skip
    for key, node in changes.items():
        graph[key.removeprefix("n")] = node
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({key: node for key, node in graph.items() if node is not None}))
    return str(path)


def _node(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


def expect(picture: np.ndarray, what: Job, colour: tuple[int, int, int]) -> None:
    """The mask's inside has *colour*, and its outside is as it was."""
    inside = what.mask > 127
    assert (picture[inside] == colour).all()
    assert (picture[~inside] == what.pixels[~inside]).all()


# The built-in workflows


@pytest.mark.parametrize("edit", [Edit.INPAINT, Edit.REMOVE])
def test_what_is_selected_is_painted_anew(server: ComfyServer, edit: Edit) -> None:
    """Inpainting changes what the mask selects and nothing else, with prompt, seed and model."""
    what = job(edit=edit, negative="blurry")

    outcome = run(server, what)

    (picture,) = outcome.pictures
    expect(picture, what, painted("a wooden door", "blurry", DREAM, 7))
    assert "VAEEncodeForInpaint" in classes(server)
    assert outcome.notices == []


def test_the_candidate_is_the_file_as_the_server_made_it(server: ComfyServer) -> None:
    """Bytes are handed on untouched, with the metadata that ComfyUI writes."""
    (candidate,) = run(server).candidates

    (made,) = [data for where, data in server.files.items() if where[0] == "output"]
    assert candidate.picture == made
    assert b"class_type" in made


def test_what_is_known_early_is_told_early(server: ComfyServer) -> None:
    """First the server's id for the job, then progress that only rises, previews in between."""
    outcome = run(server)

    kinds = [type(event).__name__ for event in outcome.events]
    assert kinds[0] == "Submitted"
    assert kinds[-1] == "Candidate"
    assert outcome.submitted[0].remote_id in server.history
    fractions = [each.fraction for each in outcome.progress if each.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.9
    assert any("KSampler" in each.phase for each in outcome.progress)


@pytest.mark.parametrize("kind", [1, 4])
def test_previews_are_pictures_of_our_prompt(server: ComfyServer, kind: int) -> None:
    """Both forms of preview are understood; those of other prompts are dropped."""
    server.previews = kind
    server.foreign_noise = True

    outcome = run(server)

    assert len(outcome.previews) == server.steps_shown
    for each in outcome.previews:
        assert Image.open(io.BytesIO(each.picture)).format == "JPEG"


def test_the_server_is_told_what_the_client_can_do_first(server: ComfyServer) -> None:
    """The first message offers previews that name their prompt."""
    run(server)

    assert list(server.text_flags.values()) == [{"supports_preview_metadata": True}]


def test_less_strength_keeps_something_of_what_was_there(server: ComfyServer) -> None:
    """Below full strength the selection is not emptied first, and the outside stays."""
    what = job(strength=0.5)

    (picture,) = run(server, what).pictures

    colour = np.array(painted("a wooden door", "", DREAM, 7))
    inside = what.mask > 127
    expected = what.pixels[inside] * 0.5 + colour * 0.5
    assert np.abs(picture[inside] - expected).max() <= 1
    assert (picture[~inside] == what.pixels[~inside]).all()
    assert "SetLatentNoiseMask" in classes(server)


@pytest.mark.parametrize(("edit", "strength"), [(Edit.VARIATION, 0.6), (Edit.STYLE, 0.5)])
def test_variations_start_from_the_picture(
    server: ComfyServer, edit: Edit, strength: float
) -> None:
    """Variation and style redraw the selection, by a strength of their own unless told."""
    run(server, job(edit=edit))

    sampler = graph_of(server)["sampler"]["inputs"]
    assert sampler["denoise"] == strength
    assert classes(server) >= {"VAEEncode", "SetLatentNoiseMask"}


def test_a_picture_is_generated_at_the_wanted_size(server: ComfyServer) -> None:
    """Generating uploads nothing and makes a picture of the job's size."""
    outcome = run(server, job(edit=Edit.GENERATE, width=128, height=72))

    assert outcome.pictures[0].shape == (72, 128, 3)
    assert server.of("/upload/image") == []


def test_a_model_made_for_inpainting_gets_its_own_workflow(server: ComfyServer) -> None:
    """Its name or an option decide, and a guess from the name is told."""
    by_name = run(server, model="xl/inpaint-xl.safetensors")
    assert "InpaintModelConditioning" in classes(server)
    assert graph_of(server)["checkpoint"]["inputs"]["ckpt_name"] == "xl\\inpaint-xl.safetensors"
    assert ["By its name" in each.sentence for each in by_name.notices] == [True]

    by_option = run(server, options={"inpaint_model": "yes"})
    assert "InpaintModelConditioning" in classes(server)
    assert by_option.notices == []

    run(server, model="inpaint-xl", options={"inpaint_model": False})
    assert "InpaintModelConditioning" not in classes(server)


def test_without_a_model_the_first_checkpoint_is_used_and_named(server: ComfyServer) -> None:
    """The user is told which one it is."""
    outcome = run(server, model=None)

    assert DREAM in outcome.notices[0].sentence
    assert graph_of(server)["checkpoint"]["inputs"]["ckpt_name"] == DREAM


def test_options_reach_the_sampler(server: ComfyServer) -> None:
    """Steps, guidance, sampler and scheduler are the user's to set, as text as well."""
    options = {"steps": "9", "cfg": 3, "sampler": "ddim", "scheduler": "normal"}

    run(server, options=options)

    inputs = graph_of(server)["sampler"]["inputs"]
    wanted = {"steps": 9, "cfg": 3.0, "sampler_name": "ddim", "scheduler": "normal"}
    assert {name: inputs[name] for name in wanted} == wanted


def test_a_reference_needs_the_ip_adapter(server: ComfyServer) -> None:
    """With its nodes the style's reference goes along; without, a notice says how to get them."""
    colour = np.full((16, 16, 3), (10, 200, 30), np.uint8)
    what = job(edit=Edit.STYLE, references=(Reference(colour, Role.STYLE),))

    without = run(server, what)
    assert "ComfyUI_IPAdapter_plus" in without.notices[0].sentence
    assert len(server.of("/upload/image")) == 2

    server.lacking = set()
    outcome = run(server, what)
    assert outcome.notices == []
    assert "IPAdapter" in classes(server)
    inside = what.mask > 127
    like = np.array(painted("a wooden door", "", f"{DREAM} like [10, 200, 30]", 7))
    assert np.abs(outcome.pictures[0][inside] - (what.pixels[inside] + like) / 2).max() <= 1

    other = run(server, job(references=what.references))
    assert "for the style only" in other.notices[0].sentence


def test_uploads_overwrite_nothing(server: ComfyServer) -> None:
    """Files are named after what they hold; what is in the way leads to the returned name."""
    run(server)
    names = {where for where in server.files if where[0] == "input"}
    run(server)
    assert {where for where in server.files if where[0] == "input"} == names

    for where in names:
        server.files[where] = b"somebody else's"
    run(server)
    assert all(server.files[where] == b"somebody else's" for where in names)
    assert "(1)" in graph_of(server)["picture"]["inputs"]["image"]
    assert all("overwrite" not in each.fields for each in server.of("/upload/image"))


def test_the_mask_says_the_same_in_every_way_of_reading_it(server: ComfyServer) -> None:
    """White in each colour, and transparent, is to change."""
    what = job()
    run(server, what)

    name = graph_of(server)["mask"]["inputs"]["image"].rpartition("/")[2]
    sent = np.array(Image.open(io.BytesIO(server.files["input", "overpaint", name])))
    for channel in (sent[..., 0], sent[..., 1], sent[..., 2], 255 - sent[..., 3]):
        assert (channel == what.mask).all()


# The user's own workflow


def test_a_workflow_of_the_users_own_runs(server: ComfyServer, tmp_path: Path) -> None:
    """Marks decide where everything goes; the rest stays as the user made it."""
    what = job(seed=11)

    outcome = run(server, what, model=None, options={"workflow": own_workflow(tmp_path)})

    expect(outcome.pictures[0], what, painted("a wooden door", "ugly", DREAM, 11))
    graph = graph_of(server)
    assert graph["4"]["inputs"]["value"] == "a wooden door"
    assert graph["5"]["inputs"]["text"] == ["4", 0]
    assert graph["8"]["inputs"]["steps"] == 4
    assert graph["8"]["inputs"]["denoise"] == 1.0
    assert outcome.notices == []

    run(server, job(strength=0.25, negative="fog"), options={"workflow": own_workflow(tmp_path)})
    assert graph_of(server)["8"]["inputs"]["denoise"] == 0.25
    assert graph_of(server)["6"]["inputs"]["text"] == "fog"


@pytest.mark.parametrize("reader", ["alpha", "red", "picture", "shared"])
def test_each_way_to_read_a_mask_means_the_same(
    server: ComfyServer, tmp_path: Path, reader: str
) -> None:
    """LoadImage's mask, LoadImageMask, a picture turned into a mask, one file for both."""
    changes: dict[str, Any] = {
        "alpha": {"n3": _node("LoadImageMask", "overpaint:mask", image="", channel="alpha")},
        "red": {"n3": _node("LoadImageMask", "overpaint:mask", image="", channel="red")},
        "picture": {
            "n3": _node("LoadImage", "overpaint:mask", image=""),
            "n11": _node("ImageToMask", "", image=["3", 0], channel="green"),
        },
        "shared": {"n2": _node("LoadImage", "overpaint:image overpaint:mask", image=""),
                   "n3": None},
    }[reader]  # fmt: skip
    mask = {"alpha": ["3", 0], "red": ["3", 0], "picture": ["11", 0], "shared": ["2", 1]}[reader]
    encode = _node("VAEEncodeForInpaint", "", pixels=["2", 0], vae=["1", 2], mask=mask,
                   grow_mask_by=6)  # fmt: skip
    path = own_workflow(tmp_path, n7=encode, **changes)
    what = job()

    outcome = run(server, what, options={"workflow": path}, model=None)

    expect(outcome.pictures[0], what, painted("a wooden door", "ugly", DREAM, 7))


def test_a_prompt_goes_to_every_text_of_a_node(server: ComfyServer, tmp_path: Path) -> None:
    """SDXL's encoder has two texts, and both get the prompt."""
    encode = _node("CLIPTextEncodeSDXL", "overpaint:prompt", text_g="", text_l="", clip=["1", 1])
    path = own_workflow(tmp_path, n4=None, n5=encode)

    run(server, options={"workflow": path}, model=None)

    inputs = graph_of(server)["5"]["inputs"]
    assert (inputs["text_g"], inputs["text_l"]) == ("a wooden door", "a wooden door")


def test_what_is_marked_as_output_is_the_result(server: ComfyServer, tmp_path: Path) -> None:
    """Of several nodes that show pictures the marked one counts, else what is kept."""
    preview = _node("PreviewImage", "overpaint:output", images=["2", 0])
    what = job()

    path = own_workflow(tmp_path, n11=preview)
    marked = run(server, what, options={"workflow": path}, model=None)
    assert (marked.pictures[0] == what.pixels).all()

    path = own_workflow(tmp_path, n11={**preview, "_meta": {"title": "just looking"}})
    kept = run(server, what, options={"workflow": path}, model=None)
    assert len(kept.candidates) == 1
    expect(kept.pictures[0], what, painted("a wooden door", "ugly", DREAM, 7))

    path = own_workflow(tmp_path, n10=None, n11=_node("PreviewImage", "", images=["9", 0]))
    passing = run(server, what, options={"workflow": path}, model=None)
    expect(passing.pictures[0], what, painted("a wooden door", "ugly", DREAM, 7))
    assert server.of("/view", "GET")[-1].query["type"] == "temp"


def test_several_pictures_are_several_candidates(server: ComfyServer) -> None:
    """All pictures of a batch come, in order."""
    server.batch = 3

    assert len(run(server).candidates) == 3


def test_a_model_goes_to_its_mark_or_is_said_to_have_none(
    server: ComfyServer, tmp_path: Path
) -> None:
    """A chosen model is set where 'overpaint:model' is; otherwise a notice says so."""
    path = own_workflow(tmp_path)
    outcome = run(server, options={"workflow": path}, model="inpaint-xl")
    assert "overpaint:model" in outcome.notices[0].sentence

    loader = _node("CheckpointLoaderSimple", "overpaint:model", ckpt_name=DREAM)
    path = own_workflow(tmp_path, n1=loader)
    run(server, options={"workflow": path}, model="inpaint-xl")
    assert graph_of(server)["1"]["inputs"]["ckpt_name"] == "xl\\inpaint-xl.safetensors"
    with pytest.raises(ModelUnknown):
        run(server, options={"workflow": path}, model="nothing like it")


def test_what_a_workflow_has_no_place_for_is_said(server: ComfyServer, tmp_path: Path) -> None:
    """Prompt, exclusions, strength, references and seed are not dropped in silence."""
    plain = {"n4": _node("PrimitiveStringMultiline", "Wish", value="fixed")}
    negative = {"n6": _node("CLIPTextEncode", "No", text="ugly", clip=["1", 1])}
    path = own_workflow(tmp_path, **plain, **negative)
    graph = json.loads(Path(path).read_text())
    graph["8"]["_meta"]["title"] = "KSampler"
    Path(path).write_text(json.dumps(graph))
    reference = Reference(np.zeros((8, 8, 3), np.uint8), Role.STYLE)
    what = job(negative="fog", strength=0.4, references=(reference,))

    outcome = run(server, what, options={"workflow": path}, model=None)

    told = " ".join(each.sentence for each in outcome.notices)
    for words in ("the prompt", "not wanted", "the strength", "a reference", "the seed"):
        assert words in told
    able = provider(server, options={"workflow": path}).capabilities
    assert (able.reads_prompt, able.seed, able.strength) == (False, False, False)
    assert able.dialect.negative is False


def test_references_go_to_their_marks(server: ComfyServer, tmp_path: Path) -> None:
    """The first reference goes to the first mark; a mark without one keeps the user's file."""
    server.files["input", "", "kept.png"] = _png()
    path = own_workflow(
        tmp_path,
        n11=_node("LoadImage", "overpaint:reference", image="kept.png"),
        n12=_node("LoadImage", "overpaint:reference2", image="kept.png"),
        n13=_node("PreviewImage", "", images=["11", 0]),
    )
    assert provider(server, options={"workflow": path}).capabilities.references == 2
    reference = Reference(np.full((8, 8, 3), 9, np.uint8), Role.SUBJECT)

    run(server, job(references=(reference,)), options={"workflow": path}, model=None)

    assert graph_of(server)["11"]["inputs"]["image"].startswith("overpaint/")
    assert graph_of(server)["12"]["inputs"]["image"] == "kept.png"


def test_a_workflow_of_an_edit_model_needs_no_mask(server: ComfyServer, tmp_path: Path) -> None:
    """Only where the user says that it follows instructions; the mask is else missed by name."""
    encode = _node("VAEEncode", "", pixels=["2", 0], vae=["1", 2])
    path = own_workflow(tmp_path, n3=None, n7=encode)

    with pytest.raises(EditUnsupported, match="overpaint:mask"):
        run(server, options={"workflow": path}, model=None)

    options = {"workflow": path, "instructs": True}
    outcome = run(server, options=options, model=None)
    assert len(outcome.candidates) == 1
    dialect = provider(server, options=options).capabilities.dialect
    assert (dialect.instructs, dialect.mask, dialect.weights) == (True, MaskUse.NONE, False)


def test_missing_marks_are_named(server: ComfyServer, tmp_path: Path) -> None:
    """All that are needed for the edit, before anything is sent."""
    path = own_workflow(
        tmp_path,
        n2=_node("LoadImage", "Photo", image="a"),
        n3=_node("LoadImage", "Mask", image="b"),
    )

    with pytest.raises(EditUnsupported, match="'overpaint:image' and 'overpaint:mask'") as caught:
        run(server, options={"workflow": path}, model=None)

    assert "mine.json" in caught.value.sentence
    assert server.requests == []


def _png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "API format"),
        ("{}", "API format"),
        ('{"prompt": 3}', "API format"),
        ('{"nodes": [], "links": [], "version": 0.4}', "editor"),
        ('{"1": {"inputs": {}}}', "API format"),
        ('{"1": {"class_type": "A", "_meta": {"title": "overpaint:promt"}}}', "overpaint:promt"),
        ('{"1": {"class_type": "A", "_meta": {"title": "overpaint:seed=x"}}}', "'x'"),
        (LINKED_SEED, "not clear"),
    ],
)
def test_a_file_that_is_no_marked_workflow_is_explained(
    server: ComfyServer, tmp_path: Path, text: str, said: str
) -> None:
    """The sentence says what is wrong, and for the editor's format how to export the other."""
    path = tmp_path / "bad.json"
    path.write_text(text)

    with pytest.raises(FileUnreadable) as caught:
        run(server, options={"workflow": str(path)})

    assert said in str(caught.value)
    if said in ("editor", "API format"):
        assert "Export (API)" in caught.value.hint
    assert server.requests == []
    assert provider(server, options={"workflow": str(path)}).capabilities.reads_prompt


def test_a_missing_workflow_file_is_named(server: ComfyServer) -> None:
    """The path is in the sentence."""
    with pytest.raises(FileUnreadable, match=r"nowhere\.json"):
        run(server, options={"workflow": "/nowhere.json"})


def test_the_body_of_a_request_is_a_workflow_too(server: ComfyServer, tmp_path: Path) -> None:
    """A file that holds {"prompt": graph} runs like the graph."""
    path = Path(own_workflow(tmp_path))
    path.write_text(json.dumps({"prompt": json.loads(path.read_text()), "client_id": "x"}))

    assert len(run(server, options={"workflow": str(path)}, model=None).candidates) == 1


def test_the_example_of_the_documentation_runs(server: ComfyServer, tmp_path: Path) -> None:
    """docs/comfyui.md holds a workflow that works as it is, and lists every mark."""
    page = (Path(__file__).parents[2] / "docs" / "comfyui.md").read_text(encoding="utf-8")
    path = tmp_path / "example.json"
    path.write_text(page.partition("```json")[2].partition("```")[0])
    what = job()

    outcome = run(server, what, model=None, options={"workflow": str(path)})

    expect(outcome.pictures[0], what, painted("a wooden door", "blurry, text, watermark", DREAM, 7))
    assert outcome.notices == []
    internal = {"preset"}
    assert {mark for mark in MARKS if f"`overpaint:{mark}`" not in page} == internal


def test_the_built_in_workflows_are_whole(server: ComfyServer) -> None:
    """Each is valid for a server that has all nodes, and has the marks that its edit needs."""
    server.lacking = set()
    folder = Path(comfyui_socket.__file__).parents[1] / "workflows"
    names = {path.stem for path in folder.glob("*.json")}
    assert names == {"inpaint", "inpaint-model", "redraw", "redraw-reference", "generate"}
    for name in names:
        workflow = built_in(name)
        pictures = set() if name == "generate" else {"image", "mask"}
        assert not workflow.missing({"prompt", "negative", "seed", "model", "output"} | pictures)


# What the server lacks


def test_missing_nodes_are_named_before_anything_is_sent(
    server: ComfyServer, tmp_path: Path
) -> None:
    """All of them, and where custom nodes come from."""
    server.lacking |= {"ImageToMask"}
    odd = _node("Nobody's / Node", "", image=["2", 0])
    path = own_workflow(
        tmp_path, n11=odd, n12=_node("ImageToMask", "", image=["2", 0], channel="red")
    )

    with pytest.raises(RequestRejected, match=r"'ImageToMask', \"Nobody's / Node\"") as caught:
        run(server, options={"workflow": path}, model=None)

    assert "Manager" in caught.value.hint
    assert server.of("/prompt") == server.of("/upload/image") == []


def test_node_names_with_a_slash_are_found(server: ComfyServer, tmp_path: Path) -> None:
    """Such a name cannot be asked for alone, so all definitions are fetched."""
    path = own_workflow(
        tmp_path,
        n11=_node("Odd / Name", "", image=["2", 0]),
        n7=_node("VAEEncodeForInpaint", "", pixels=["11", 0], vae=["1", 2], mask=["3", 1],
                 grow_mask_by=6),
    )  # fmt: skip

    assert len(run(server, options={"workflow": path}, model=None).candidates) == 1


def test_missing_model_files_are_named_with_their_folder(
    server: ComfyServer, tmp_path: Path
) -> None:
    """Before anything is sent, with the nearest file that there is."""
    loader = _node("CheckpointLoaderSimple", "Load", ckpt_name="dreams.safetensors")
    path = own_workflow(tmp_path, n1=loader)

    with pytest.raises(ModelUnknown, match=r"dreams\.safetensors \(in models/checkpoints\)") as one:
        run(server, options={"workflow": path}, model=None)
    assert one.value.successor == DREAM

    with pytest.raises(ModelUnknown, match="draem") as other:
        run(server, model="draem")
    assert other.value.successor == DREAM
    assert DREAM in other.value.hint
    assert server.of("/prompt") == server.of("/upload/image") == []


def test_a_server_without_checkpoints_is_explained(server: ComfyServer) -> None:
    """Where they belong, and that a workflow of one's own is the other way."""
    server.checkpoints = []

    with pytest.raises(ModelUnknown, match="no checkpoint") as caught:
        run(server)

    assert "models/checkpoints" in caught.value.hint
    assert "workflow" in caught.value.hint


def test_a_node_that_cannot_describe_itself_is_tried(server: ComfyServer, tmp_path: Path) -> None:
    """A server error about one definition does not keep the workflow from running."""
    server.fail_if = {"/object_info/KSampler": 500}

    assert len(run(server, model=None, options={"workflow": own_workflow(tmp_path)}).candidates)


# What goes wrong


def test_what_the_server_finds_wrong_is_told(server: ComfyServer) -> None:
    """node_errors name the node, the input and the complaint."""
    with pytest.raises(RequestRejected, match=r"KSampler: Value not in list, sampler_name"):
        run(server, options={"sampler": "nothing"})


def test_a_model_that_vanished_meanwhile_is_unknown(
    server: ComfyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's word on a model file is an unknown model, not a mere refusal."""
    monkeypatch.setattr("overpaint.providers.comfyui_plan.require", lambda *_: None)
    monkeypatch.setattr("overpaint.providers.comfyui_plan.checkpoint_for", lambda *_: "gone.ckpt")

    with pytest.raises(ModelUnknown, match=r"gone\.ckpt"):
        run(server)


def test_a_node_that_vanished_meanwhile_is_named(
    server: ComfyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's word on an unknown node is passed on, with what to do."""
    monkeypatch.setattr("overpaint.providers.comfyui_plan.require", lambda *_: None)
    path = own_workflow(tmp_path, n11=_node("Unheard", "", image=["2", 0]))

    with pytest.raises(RequestRejected, match="Unheard") as caught:
        run(server, options={"workflow": path}, model=None)

    assert "Manager" in caught.value.hint


def test_a_workflow_that_saves_nothing_is_told_so(server: ComfyServer, tmp_path: Path) -> None:
    """Both where there is no such node and where it saves no picture."""
    path = own_workflow(tmp_path, n10=None)
    with pytest.raises(RequestRejected, match="no outputs") as caught:
        run(server, options={"workflow": path}, model=None)
    assert "SaveImage" in caught.value.hint

    server.saves = False
    with pytest.raises(NoPicture, match="saved no picture"):
        run(server)


def test_out_of_memory_says_select_less(server: ComfyServer) -> None:
    """Torch's exception is recognised by its type."""
    server.fail = "oom"

    with pytest.raises(ServerFault, match="out of memory in KSampler") as caught:
        run(server)

    assert "Select less" in caught.value.hint


@pytest.mark.parametrize("sockets", [True, False])
def test_a_node_that_fails_is_named_with_its_words(server: ComfyServer, *, sockets: bool) -> None:
    """From the socket or, without one, from the history."""
    server.fail = "error"
    server.sockets_offered = sockets

    with pytest.raises(ServerFault, match=r"KSampler .*mat1 and mat2"):
        run(server)


@pytest.mark.parametrize("sockets", [True, False])
def test_an_interruption_by_somebody_else_is_told(server: ComfyServer, *, sockets: bool) -> None:
    """It is no picture, and no defect."""
    server.sockets_offered = sockets

    async def interrupt_later(http: httpx.AsyncClient) -> None:
        await _until(lambda: server.running is not None)
        await http.post(f"{server.url}/interrupt", json={})

    server.hold = True
    with pytest.raises(NoPicture, match="stopped in ComfyUI"):
        _beside(provider(server), interrupt_later)


def test_a_prompt_removed_from_the_queue_by_somebody_else_ends(server: ComfyServer) -> None:
    """The socket says nothing of that; the queue does."""

    async def clear_later(http: httpx.AsyncClient) -> None:
        await _until(lambda: server.pending)
        await http.post(f"{server.url}/queue", json={"clear": True})

    server.queue_foreign(running=True)
    with pytest.raises(NoPicture, match="no longer in ComfyUI's queue"):
        _beside(provider(server), clear_later)


@pytest.mark.parametrize("sockets", [True, False])
def test_a_server_that_forgets_the_prompt_ends_the_run(
    server: ComfyServer, *, sockets: bool
) -> None:
    """What its nodes made before the end is no result."""
    server.forgets = "early"
    server.sockets_offered = sockets

    with pytest.raises(NoPicture, match="restarted"):
        run(server)


def test_a_history_that_was_cleared_is_not_needed(server: ComfyServer) -> None:
    """The socket said that all went well, and what was made."""
    server.forgets = "late"

    assert len(run(server).candidates) == 1


async def _until(ready: Callable[[], Any]) -> None:
    """Wait for something in the server's thread."""
    with anyio.fail_after(5):
        while not ready():  # noqa: ASYNC110, no event comes from there
            await anyio.sleep(0.005)


def _beside(which: ComfyUI, doing: Any) -> Outcome:
    """Run *which*, and *doing* with a client of its own at the same time."""
    outcome = Outcome()

    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as http, anyio.create_task_group() as group:
            group.start_soon(doing, http)
            async with aclosing(which.run(job(), http)) as events:
                async for event in events:
                    outcome.events.append(event)

    try:
        anyio.run(main)
    except BaseExceptionGroup as group:
        (error,) = group.exceptions
        raise error from None
    return outcome


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, KeyRejected),
        (403, RequestRejected),
        (404, RequestRejected),
        (413, RequestRejected),
        (429, Busy),
        (500, ServerFault),
        (502, ServerFault),
        (503, Busy),
    ],
)
@pytest.mark.parametrize("path", ["/upload/image", "/prompt"])
def test_each_status_is_an_error_of_ours(
    server: ComfyServer, status: int, error: type[OverpaintError], path: str
) -> None:
    """Statuses of ComfyUI, and of a proxy before it."""
    server.fail_if = {path: status}

    with pytest.raises(error) as caught:
        run(server, key=KEY)

    assert type(caught.value) is error
    assert KEY not in f"{caught.value!r} {caught.value}"


def test_a_refusal_for_the_origin_is_explained(server: ComfyServer) -> None:
    """403 with nothing in it is ComfyUI's protection against other sites."""

    async def through_a_proxy() -> None:
        headers = {"Origin": "https://elsewhere.example"}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            await provider(server).check(http)

    with pytest.raises(RequestRejected, match="another site") as caught:
        anyio.run(through_a_proxy)

    assert "Origin" in caught.value.hint


def test_a_picture_beyond_the_upload_limit_says_so(server: ComfyServer) -> None:
    """413 names the flag that raises the limit."""
    server.upload_limit = 100

    with pytest.raises(RequestRejected) as caught:
        run(server)

    assert "--max-upload-size" in caught.value.hint


def test_a_lost_file_is_said_to_be_made(server: ComfyServer) -> None:
    """What cannot be fetched is not made again: the sentence says where it lies."""
    server.lose_files = True

    with pytest.raises(AnswerUnusable) as caught:
        run(server)

    assert "output/overpaint" in caught.value.hint


def test_nobody_there_means_nothing_sent() -> None:
    """A refused connection is Unreachable, which may be tried again."""
    with ComfyServer() as server:
        url = server.url

    with pytest.raises(Unreachable):
        run_provider(ComfyUI(Setup(base_url=url)))


def test_plain_http_stays_on_this_machine() -> None:
    """Another host without TLS needs the user's word."""
    with pytest.raises(AddressInvalid):
        run_provider(ComfyUI(Setup(base_url="http://192.168.1.4:8188")))


@pytest.mark.parametrize(
    "options",
    [
        {"native": "many"},
        {"native": 3},
        {"steps": 0},
        {"cfg": "x"},
        {"instructs": "perhaps"},
        {"inpaint_model": 7},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """The option is named."""
    with pytest.raises(RecipeInvalid, match=next(iter(options))):
        ComfyUI(Setup(options=options))


# Sockets, histories, queues


def test_a_socket_that_breaks_does_not_end_the_run(server: ComfyServer) -> None:
    """In the middle of the work; the history is asked instead."""
    server.drop_socket = True

    what = job()
    outcome = run(server, what)

    expect(outcome.pictures[0], what, painted("a wooden door", "", DREAM, 7))
    assert server.of(f"/history/{outcome.submitted[0].remote_id}", "GET")


def test_no_socket_is_no_obstacle(server: ComfyServer) -> None:
    """A proxy that does not pass it on costs progress and previews only."""
    server.sockets_offered = False

    outcome = run(server)

    assert len(outcome.candidates) == 1
    assert outcome.previews == []


def test_other_peoples_events_are_ignored(server: ComfyServer) -> None:
    """Ends, errors, progress and pictures of other prompts change nothing."""
    server.foreign_noise = True
    what = job()

    outcome = run(server, what)

    expect(outcome.pictures[0], what, painted("a wooden door", "", DREAM, 7))
    assert all(b"not yours" not in each.picture for each in outcome.previews)


def test_a_message_beyond_all_measure_ends_the_socket_only(
    server: ComfyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not stored, and the history tells the rest."""
    monkeypatch.setattr(comfyui_socket, "MAX_MESSAGE", 150)

    outcome = run(server)

    assert len(outcome.candidates) == 1
    assert outcome.previews == []


def test_pings_are_answered(server: ComfyServer) -> None:
    """A proxy or server that checks the connection keeps it."""
    server.heartbeat = 0.6
    server.step_seconds = 0.8

    outcome = run(server)

    assert len(outcome.previews) == server.steps_shown


def test_a_part_that_is_left_out_is_told(server: ComfyServer) -> None:
    """node_errors beside success become a notice, without a key that they may quote."""
    server.partly = True
    server.echo = KEY

    (notice,) = run(server, key=KEY).notices

    assert "Other: Value not in list" in notice.sentence
    assert KEY not in notice.sentence


@pytest.mark.parametrize("sockets", [True, False])
def test_no_error_of_a_node_shows_the_key(server: ComfyServer, *, sockets: bool) -> None:
    """Whatever it says."""
    server.fail, server.echo, server.sockets_offered = "error", KEY, sockets

    with pytest.raises(ServerFault, match="mat1") as caught:
        run(server, key=KEY)

    assert KEY not in f"{caught.value!r} {caught.value}"
    assert server.of("/prompt")[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_run_that_is_cached_entirely_gives_its_picture(server: ComfyServer) -> None:
    """The same job again executes no node; the history knows the picture."""
    first, second = run(server), run(server)

    assert second.candidates[0].picture == first.candidates[0].picture
    assert second.progress[-1].fraction == 1.0


def test_the_history_may_come_late(server: ComfyServer) -> None:
    """The socket says success before the history has the entry."""
    server.history_lag = 0.3

    assert len(run(server).candidates) == 1


def test_waiting_in_the_queue_is_told(server: ComfyServer) -> None:
    """While somebody else's prompt runs, progress says how many are before ours."""
    server.queue_foreign(running=True)

    async def finish_later(_http: httpx.AsyncClient) -> None:
        await _until(lambda: server.pending)
        await anyio.sleep(0.5)
        server.finish_foreign()

    outcome = _beside(provider(server), finish_later)

    waiting = [each for each in outcome.progress if each.fraction is None]
    assert any("(1 before this)" in each.phase for each in waiting)
    assert len(outcome.candidates) == 1


def test_a_server_that_names_prompts_itself_is_followed(server: ComfyServer) -> None:
    """Older ones ignore the id that the client gave."""
    server.keeps_ids = False

    outcome = run(server)

    assert outcome.submitted[0].remote_id in server.history
    assert len(outcome.candidates) == 1


def test_hiccups_while_polling_are_survived(server: ComfyServer) -> None:
    """A question that fails is asked again; the prompt is never posted again."""
    server.sockets_offered = False
    server.step_seconds = 0.05

    async def hiccup(_http: httpx.AsyncClient) -> None:
        await _until(lambda: server.running is not None)
        server.fail_if = {"/history": 502}
        await anyio.sleep(0.12)
        server.fail_if = {}

    outcome = _beside(provider(server), hiccup)

    assert len(outcome.candidates) == 1
    assert len(server.of("/prompt")) == 1


def test_a_server_that_dies_after_it_took_the_job_is_a_lost_connection(
    server: ComfyServer,
) -> None:
    """Never Unreachable or Busy, after which the job would be made twice."""
    server.hold = True

    async def die(_http: httpx.AsyncClient) -> None:
        await _until(lambda: server.running is not None)
        server.fail_if = {"/history": 503}

    with pytest.raises(ConnectionLost, match="no longer answers"):
        _beside(provider(server), die)


def test_too_long_a_run_is_given_up_and_taken_back(server: ComfyServer) -> None:
    """The total limit holds, and the server does not go on working."""
    server.hold = True

    started = time.monotonic()
    with pytest.raises(TimedOut):
        run(server, timeouts=Timeouts(total=0.6))

    assert time.monotonic() - started < 2
    assert len(server.interrupted) == 1


# Cancelling


def cancelled(server: ComfyServer, ready: Any) -> float:
    """Run until *ready*, close the generator, and return the seconds that closing took."""

    async def main() -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            with anyio.CancelScope() as scope:

                async def consume() -> None:
                    async with aclosing(provider(server).run(job(), http)) as events:
                        async for _event in events:
                            pass

                async with anyio.create_task_group() as group:
                    group.start_soon(consume)
                    await _until(ready)
                    started = time.monotonic()
                    scope.cancel()
            took = time.monotonic() - started
        await anyio.sleep(0.1)
        return took

    return anyio.run(main)


def test_cancelling_interrupts_our_running_prompt(server: ComfyServer) -> None:
    """At once, by its id, with nothing of anybody else's touched."""
    server.hold = True
    took = cancelled(server, lambda: server.running is not None)

    assert took < 0.3
    assert len(server.interrupted) == 1
    assert server.global_interrupts == server.cleared == 0
    assert server.sockets_closed == 1


def test_cancelling_takes_our_waiting_prompt_out_of_the_queue(server: ComfyServer) -> None:
    """Others stay, running and waiting; nothing is interrupted."""
    running = server.queue_foreign(running=True)
    waiting = server.queue_foreign(running=False)

    took = cancelled(server, lambda: len(server.pending) == 2)

    assert took < 0.3
    assert server.interrupted == []
    assert server.of("/interrupt") == []
    assert server.running is not None
    assert server.running.id == running
    assert [each.id for each in server.pending] == [waiting]
    assert server.cleared == 0


def test_cancelling_while_the_prompt_is_on_its_way_takes_it_back(server: ComfyServer) -> None:
    """Its id is ours, so that it can be withdrawn although no answer was heard."""
    server.hold = True
    server.slow_prompt = 0.03

    took = cancelled(server, lambda: bool(server.of("/prompt")))

    assert took < 0.3
    assert server.pending == []
    assert server.running is None


def test_closing_the_generator_between_events_is_cancelling(server: ComfyServer) -> None:
    """Also without a cancelled task, as when the user no longer wants the second candidate."""
    server.hold = True

    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            events = provider(server).run(job(), http)
            # Each step in a scope of its own, as a runner with time limits does.
            for _ in range(3):
                with anyio.fail_after(5):
                    event = await anext(events)
                if isinstance(event, Submitted):
                    break
            await events.aclose()
        await anyio.sleep(0.1)

    anyio.run(main)

    assert len(server.interrupted) == 1 or server.pending == []
    assert server.running is None


def test_a_run_that_is_through_interrupts_nothing(server: ComfyServer) -> None:
    """Neither success nor failure asks the server to stop anything."""
    run(server)
    server.fail = "error"
    with pytest.raises(ServerFault):
        run(server, job(seed=9))

    assert server.of("/interrupt") == server.of("/queue") == []


# Set-up


def test_the_api_prefix_is_a_base_url(server: ComfyServer) -> None:
    """A base URL that ends in /api works, socket and all."""
    outcome = run(server, path="/api")

    assert len(outcome.candidates) == 1
    assert outcome.previews
    assert {each.path.split("/")[1] for each in server.requests} == {"api"}


def test_a_named_user_is_named_to_the_server(server: ComfyServer) -> None:
    """With --multi-user, every request says who asks."""
    run(server, options={"user": "u-1"})

    assert {each.headers.get("comfy-user") for each in server.requests} == {"u-1"}
    run(server, job(seed=5))
    assert "comfy-user" not in server.requests[-1].headers


def test_checking_says_what_answers(server: ComfyServer, tmp_path: Path) -> None:
    """Version, device, and the checkpoint or the workflow; nothing is queued."""

    def check(**changes: Any) -> str:
        async def main() -> str:
            async with httpx.AsyncClient(trust_env=False) as http:
                return await provider(server, **changes).check(http)

        return anyio.run(main)

    assert check() == (
        f"ComfyUI 0.9.1 answers on cuda:0 Test with 8.0 GB free; its checkpoint {DREAM} is used."
    )
    assert "mine.json needs" in check(options={"workflow": own_workflow(tmp_path)})
    with pytest.raises(ModelUnknown):
        check(model="none")
    lacking = own_workflow(tmp_path, n11=_node("Gone", "", image=["2", 0]))
    with pytest.raises(RequestRejected, match="Gone"):
        check(options={"workflow": lacking})
    assert server.of("/prompt") == []


def test_its_models_are_the_files_it_has(server: ComfyServer, tmp_path: Path) -> None:
    """Checkpoints, or what the workflow's own mark can be set to."""

    def models(**changes: Any) -> tuple[str, ...]:
        async def main() -> tuple[str, ...]:
            async with httpx.AsyncClient(trust_env=False) as http:
                return await provider(server, **changes).models(http)

        return anyio.run(main)

    assert models() == tuple(server.checkpoints)
    assert models(options={"workflow": own_workflow(tmp_path)}) == ()


def test_capabilities_say_what_the_options_say() -> None:
    """Sizes are multiples of 8 around the model's native size, which is a setting."""
    able = ComfyUI(Setup()).capabilities
    assert able.edits == frozenset(Edit)
    assert (able.sizes.native, able.sizes.multiple) == (1024 * 1024, 8)
    assert (able.dialect.negative, able.dialect.weights, able.dialect.instructs) == (
        True,
        True,
        False,
    )
    assert able.dialect.mask is MaskUse.FIELD
    assert able.needs_key is False

    small = ComfyUI(Setup(options={"native": 512 * 512})).capabilities
    assert (small.sizes.native, small.sizes.max_pixels) == (512 * 512, 2 * 512 * 512)


def test_progress_never_says_more_than_all() -> None:
    """Whatever the server counts."""
    from overpaint.providers.comfyui_events import Tracker

    tracker = Tracker({"a": {"class_type": "A", "inputs": {"steps": 4}}}, "id")
    told: list[Progress] = []
    for value, most in ((9, 3), (1, 0), (-1, 3), ("x", 3), (2, 3)):
        data = {"prompt_id": "id", "node": "a", "value": value, "max": most}
        told += [
            each
            for each in tracker.take(json.dumps({"type": "progress", "data": data}))
            if isinstance(each, Progress)
        ]
    for nonsense in ("", "[]", "3", '{"type": 1}', b"", b"\0\0\0\x04\xff\xff\xff\xff{"):
        assert list(tracker.take(nonsense)) == []
    assert all(0 <= each.fraction <= 1 for each in told if each.fraction is not None)
