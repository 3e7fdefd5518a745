"""ComfyUI: workflows, built in or the user's own, run on a server of the user's.

Options (Setup.options), all optional:

workflow      path of a workflow of the user's own in API format, marked as docs/comfyui.md says;
              without it, built-in ones for Stable Diffusion checkpoints are used
instructs     true where that workflow's model follows instructions about a picture; it then
              needs no mask
native        pixels that the model was trained for (1048576)
largest       the most pixels of one picture (twice *native*)
inpaint_model true where the checkpoint is made for inpainting; without it, its name decides
steps, cfg, sampler, scheduler, preset
              values for the built-in workflows, or for marks of these names; *preset* is the
              IP-Adapter's
user          what the server knows the user by (the header comfy-user of --multi-user)
"""

import hashlib
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from overpaint.codec import encode_png
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import AnswerUnusable, FileUnreadable, NoPicture, ProviderFailed
from overpaint.language import _
from overpaint.providers.base import Candidate, Capabilities, Event, Job, Notice, Setup, Submitted
from overpaint.providers.comfyui_answers import about, accepted, explain, faults, results
from overpaint.providers.comfyui_nodes import checkpoint_for, fetch_nodes, require
from overpaint.providers.comfyui_options import read_options
from overpaint.providers.comfyui_plan import CHECKPOINT, LOADER, REFERENCES, Pixels, make_plan
from overpaint.providers.comfyui_socket import open_socket
from overpaint.providers.comfyui_watch import Watch, withdraw
from overpaint.providers.comfyui_workflow import Workflow, read
from overpaint.providers.exchange import Exchange, host_of
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

if TYPE_CHECKING:
    import httpx

__all__ = ["ComfyUI"]

BASE_URL = "http://127.0.0.1:8188"
FOLDER = "overpaint"
"""Below the server's input folder, for what is uploaded."""
CANCEL_SECONDS = 0.2
EDITS = frozenset({Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE, Edit.GENERATE})


class ComfyUI:
    """A ComfyUI server: the user's own, as a rule on the same machine."""

    name = "comfyui"
    title = "ComfyUI"

    def __init__(self, setup: Setup) -> None:
        """Raises RecipeInvalid for options that make no sense."""
        self._setup = setup
        self._options = read_options(setup.options)

    @property
    def receiver(self) -> str:
        """The host that gets the pixels."""
        return host_of(self._setup.base_url or BASE_URL)

    @cached_property
    def capabilities(self) -> Capabilities:
        """Of the user's workflow, if one is set, else of the built-in ones."""
        try:
            own = self._own()
        except FileUnreadable:
            own = None  # running it will say what is wrong with it
        options = self._options
        masked = own is None or "mask" in own
        return Capabilities(
            edits=EDITS,
            reads_prompt=own is None or "prompt" in own,
            copies_pixels=False,
            needs_network=True,
            needs_key=False,
            charges=False,
            sizes=Sizes(native=options.native, multiple=8, min_edge=64, max_pixels=options.largest),
            dialect=Dialect(
                instructs=options.instructs,
                negative=own is None or "negative" in own,
                weights=not options.instructs,
                mask=MaskUse.FIELD if masked else MaskUse.NONE,
            ),
            seed=own is None or "seed" in own,
            strength=own is None or "strength" in own,
            references=1 if own is None else sum(each in own for each in REFERENCES),
            previews=True,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Upload, queue, follow, download; being closed takes the prompt out of the queue."""
        own = self._own()
        exchange = self._exchange(http)
        plan = await make_plan(job, own, self._options, self._setup.model, exchange)
        for sentence in plan.notices:
            yield Notice(sentence)
        files = {mark: await _upload(exchange, pixels) for mark, pixels in plan.pictures.items()}
        graph = plan.workflow.filled({**plan.values, **files})
        prompt_id, client_id = str(uuid.uuid4()), str(uuid.uuid4())
        taken = ended = False
        socket = await open_socket(exchange, client_id)
        try:
            body = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id}
            answer = await exchange.post("prompt", body)
            taken = True
            prompt_id = accepted(answer.json(), prompt_id)
            yield Submitted(prompt_id)
            if wrong := faults(answer.data()):
                told = answer.excerpt(wrong)
                yield Notice(
                    _("ComfyUI leaves out a part of {workflow}: {told}").format(
                        workflow=plan.workflow.title, told=told
                    )
                )
            watch = Watch(
                exchange,
                socket,
                graph,
                prompt_id,
                total=self._setup.timeouts.total,
                secret=self._setup.key,
            )
            try:
                async with aclosing(watch.events()) as events:
                    async for event in events:
                        yield event
            finally:
                ended = watch.ended
        finally:
            with anyio.move_on_after(CANCEL_SECONDS, shield=True):
                if socket is not None:
                    await socket.close()
                if not ended:
                    await withdraw(exchange, prompt_id, taken=taken)
        found = results(watch.outputs, plan.workflow.outputs)
        for result in found:
            yield Candidate(await _download(exchange, result))
        if not found:
            raise NoPicture(
                _("ComfyUI finished, but saved no picture."),
                _(
                    "The workflow needs a node that saves pictures, such as SaveImage; if a node "
                    "is titled 'overpaint:output', only its pictures count."
                ),
            )

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Return which ComfyUI answers; raises where it, or what is needed of it, is missing."""
        own = self._own()
        exchange = self._exchange(http)
        version, device = about((await exchange.get("system_stats")).json())
        if own is not None:
            require(own.graph, own.title, await fetch_nodes(exchange, own.classes))
            return _("ComfyUI {version} answers{device}, and has what {workflow} needs.").format(
                version=version, device=device, workflow=own.title
            )
        chosen = checkpoint_for(self._setup.model, await self.models(http))
        return _("ComfyUI {version} answers{device}; its checkpoint {chosen} is used.").format(
            version=version, device=device, chosen=chosen
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return the files that can be chosen: the server's checkpoints, as a rule."""
        own = self._own()
        name, field = LOADER, CHECKPOINT
        if own is not None:
            slot = next(iter(own.slots.get("model", ())), None)
            if slot is None:
                return ()
            name, field = own.graph[slot.node]["class_type"], slot.inputs[0]
        nodes = await fetch_nodes(self._exchange(http), (name,))
        return nodes.choices(name, field) or ()

    @cached_property
    def _workflow(self) -> Workflow:
        return read(self._options.workflow)

    def _own(self) -> Workflow | None:
        """Return the user's workflow, None where none is set; raises FileUnreadable."""
        return self._workflow if self._options.workflow else None

    def _exchange(self, http: "httpx.AsyncClient | None") -> Exchange:
        headers = {}
        if self._options.user:
            headers["comfy-user"] = self._options.user
        if self._setup.key:  # ComfyUI itself knows none; a proxy before it may
            headers["authorization"] = f"Bearer {self._setup.key}"
        return Exchange(
            http, self._setup, title=self.title, base_url=BASE_URL, auth=headers, explain=explain
        )


async def _upload(exchange: Exchange, pixels: Pixels) -> str:
    """Return the name by which nodes find *pixels*, once they are uploaded."""
    data = await anyio.to_thread.run_sync(encode_png, pixels)
    # Named after what it holds: nothing is overwritten, and the same picture is kept once.
    name = f"{hashlib.sha256(data).hexdigest()[:24]}.png"
    answer = await exchange.post_form(
        "upload/image",
        {"type": "input", "subfolder": FOLDER},
        [("image", (name, data, "image/png"))],
    )
    match answer.json():
        case {"name": str(stored), **rest} if stored:
            folder, kind = rest.get("subfolder"), rest.get("type", "input")
            path = f"{folder}/{stored}" if folder else stored
            return path if kind == "input" else f"{path} [{kind}]"
    raise AnswerUnusable(
        _("ComfyUI does not say where it put the picture."), _("Check the base URL.")
    )


async def _download(exchange: Exchange, result: Mapping[str, str]) -> bytes:
    try:
        data = (await exchange.get("view", params=result)).body
    except ProviderFailed as error:
        # Whatever it was: the picture is made, so that nobody may make it again unasked.
        raise AnswerUnusable(
            _("The picture that ComfyUI made cannot be fetched. {sentence}").format(
                sentence=error.sentence
            ),
            _("It is {file} in ComfyUI's folder {folder}.").format(
                file=result["filename"],
                folder="/".join(filter(None, (result["type"], result["subfolder"]))),
            ),
        ) from error
    if not data:
        raise AnswerUnusable(_("The picture that ComfyUI made is empty."), _("Try again."))
    return data
