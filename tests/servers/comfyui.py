"""A ComfyUI server: its routes, its validation, its queue and socket, and small nodes that work.

Nodes compute what the real ones mean on plain arrays: a sampler paints what its latent's noise
mask lets it, in a colour that prompt and seed decide, so that a wrong mask shows in the picture.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import struct
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.servers.base import Server

LINKED = ("MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "IPADAPTER")
UPLOAD = {"image_upload": True}
SAMPLERS = ["euler", "dpmpp_2m", "ddim"]
SCHEDULERS = ["normal", "karras"]

# class: (required inputs, outputs, is an output node)
NODES: dict[str, tuple[dict[str, list[Any]], list[str], bool]] = {
    "CheckpointLoaderSimple": ({"ckpt_name": [[], {}]}, ["MODEL", "CLIP", "VAE"], False),
    "LoadImage": ({"image": [[], UPLOAD]}, ["IMAGE", "MASK"], False),
    "LoadImageMask": (
        {"image": [[], UPLOAD], "channel": [["alpha", "red", "green", "blue"]]},
        ["MASK"],
        False,
    ),
    "ImageToMask": (
        {"image": ["IMAGE"], "channel": ["COMBO", {"options": ["red", "green", "blue", "alpha"]}]},
        ["MASK"],
        False,
    ),
    "CLIPTextEncode": (
        {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]},
        ["CONDITIONING"],
        False,
    ),
    "CLIPTextEncodeSDXL": (
        {"text_g": ["STRING", {}], "text_l": ["STRING", {}], "clip": ["CLIP"]},
        ["CONDITIONING"],
        False,
    ),
    "VAEEncode": ({"pixels": ["IMAGE"], "vae": ["VAE"]}, ["LATENT"], False),
    "VAEEncodeForInpaint": (
        {
            "pixels": ["IMAGE"],
            "vae": ["VAE"],
            "mask": ["MASK"],
            "grow_mask_by": ["INT", {"default": 6, "min": 0, "max": 64}],
        },
        ["LATENT"],
        False,
    ),
    "SetLatentNoiseMask": ({"samples": ["LATENT"], "mask": ["MASK"]}, ["LATENT"], False),
    "InpaintModelConditioning": (
        {
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "vae": ["VAE"],
            "pixels": ["IMAGE"],
            "mask": ["MASK"],
            "noise_mask": ["BOOLEAN", {"default": True}],
        },
        ["CONDITIONING", "CONDITIONING", "LATENT"],
        False,
    ),
    "EmptyLatentImage": (
        {
            "width": ["INT", {"min": 16, "max": 16384}],
            "height": ["INT", {"min": 16, "max": 16384}],
            "batch_size": ["INT", {"min": 1, "max": 4096}],
        },
        ["LATENT"],
        False,
    ),
    "KSampler": (
        {
            "model": ["MODEL"],
            "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
            "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0}],
            "sampler_name": [SAMPLERS, {}],
            "scheduler": [SCHEDULERS, {}],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "denoise": ["FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0}],
        },
        ["LATENT"],
        False,
    ),
    "VAEDecode": ({"samples": ["LATENT"], "vae": ["VAE"]}, ["IMAGE"], False),
    "SaveImage": (
        {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
        [],
        True,
    ),
    "PreviewImage": ({"images": ["IMAGE"]}, [], True),
    "IPAdapterUnifiedLoader": (
        {"model": ["MODEL"], "preset": [["STANDARD (medium strength)", "PLUS (high strength)"]]},
        ["MODEL", "IPADAPTER"],
        False,
    ),
    "IPAdapter": (
        {
            "model": ["MODEL"],
            "ipadapter": ["IPADAPTER"],
            "image": ["IMAGE"],
            "weight": ["FLOAT", {"min": -1, "max": 3}],
            "start_at": ["FLOAT", {"min": 0.0, "max": 1.0}],
            "end_at": ["FLOAT", {"min": 0.0, "max": 1.0}],
            "weight_type": [["standard", "prompt is more important", "style transfer"]],
        },
        ["MODEL"],
        False,
    ),
    "PrimitiveStringMultiline": ({"value": ["STRING", {"multiline": True}]}, ["STRING"], False),
    "PrimitiveInt": ({"value": ["INT", {}]}, ["INT"], False),
    "Odd / Name": ({"image": ["IMAGE"]}, ["IMAGE"], False),
}


@dataclass
class Queued:
    number: float
    id: str
    graph: dict[str, Any]
    client: str | None
    outputs: list[str]
    extra: dict[str, Any] = field(default_factory=dict)

    def row(self) -> list[Any]:
        return [self.number, self.id, self.graph, self.extra, self.outputs]


class Interrupted(Exception):
    pass


class NodeFailed(Exception):
    """*kind* as torch or Python name it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ComfyServer(Server):
    """Knobs are plain attributes; they may be changed while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.checkpoints = ["dream.safetensors", "xl\\inpaint-xl.safetensors"]
        self.lacking: set[str] = {"IPAdapter", "IPAdapterUnifiedLoader"}
        self.previews: int | None = 4
        self.steps_shown = 2
        self.step_seconds = 0.0
        self.fail: str | None = None  # "oom", "error"
        self.fail_if: dict[str, int] = {}  # path -> status, for as long as it is in there
        self.hold = False  # the sampler works until it is interrupted
        self.sockets_offered = True
        self.drop_socket = False  # in the middle of the sampler
        self.foreign_noise = False
        self.history_lag = 0.0
        self.keeps_ids = True
        self.upload_limit = 100 << 20
        self.lose_files = False
        self.saves = True
        self.forgets = ""  # "early" or "late": loses the prompt, as when it is restarted
        self.batch = 1
        self.partly = False  # says that a part of the workflow is left out
        self.slow_prompt = 0.0  # seconds until a prompt is in the queue, whoever hangs up
        self.echo = ""  # said in errors
        self.heartbeat: float | None = None
        # What it did.
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.history: dict[str, Any] = {}
        self.pending: list[Queued] = []
        self.running: Queued | None = None
        self.interrupted: list[str] = []
        self.global_interrupts = 0
        self.cleared = 0
        self.sockets_closed = 0
        self.text_flags: dict[str, Any] = {}
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._stop_running = False
        self._number = 0
        self._seen: dict[str, dict[str, Any]] = {}
        self._worker: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        plain = [
            web.get("/ws", self._ws),
            web.post("/prompt", self._post_prompt),
            web.get("/prompt", self._get_prompt),
            web.get("/queue", self._get_queue),
            web.post("/queue", self._post_queue),
            web.post("/interrupt", self._interrupt),
            web.get("/history/{id}", self._history),
            web.post("/upload/image", self._upload),
            web.get("/view", self._view),
            web.get("/object_info", self._object_info),
            web.get("/object_info/{name}", self._object_info),
            web.get("/system_stats", self._stats),
        ]
        guarded = [web.RouteDef(r.method, r.path, self._guard(r.handler), {}) for r in plain]
        return [
            *guarded,
            *(web.RouteDef(r.method, f"/api{r.path}", r.handler, {}) for r in guarded),
        ]

    def queue_foreign(self, *, running: bool) -> str:
        """Put the prompt of somebody else into the queue; return its id."""
        other = Queued(self._number, str(uuid.uuid4()), {}, "somebody", [])
        self._number += 1
        if running:
            self.running = other
        else:
            self.pending.append(other)
        return other.id

    def finish_foreign(self) -> None:
        """Let the prompt of somebody else end, so that the next one runs."""
        self._loop.call_soon_threadsafe(self._finish_foreign)

    def _finish_foreign(self) -> None:
        self.running = None
        self._work()

    def drop(self) -> None:
        """Close all sockets."""
        for socket in list(self._sockets.values()):
            asyncio.run_coroutine_threadsafe(_cut(socket), self._loop)

    # Routes

    def _guard(self, handler: Any) -> Any:
        async def guarded(request: web.Request) -> web.StreamResponse:
            origin, host = request.headers.get("Origin"), request.headers.get("Host")
            if origin and origin.split("//")[-1] != host:
                return web.Response(status=403)
            for path, status in self.fail_if.items():
                if path in request.path:
                    return web.Response(status=status, text="not now")
            return await handler(request)

        return guarded

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if not self.sockets_offered:
            return web.Response(status=404)
        socket = web.WebSocketResponse(max_msg_size=0, heartbeat=self.heartbeat)
        await socket.prepare(request)
        sid = request.query.get("clientId") or uuid.uuid4().hex
        self._sockets[sid] = socket
        await self._send("status", {**self._status(), "sid": sid}, sid)
        first = True
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                data = json.loads(message.data)
                if first and data.get("type") == "feature_flags":
                    self.text_flags[sid] = data["data"]
                    await self._send("feature_flags", {"supports_preview_metadata": True}, sid)
                first = False
        finally:
            self.sockets_closed += 1
            if self._sockets.get(sid) is socket:
                del self._sockets[sid]
        return socket

    async def _post_prompt(self, request: web.Request) -> web.Response:
        data = await request.json()
        if "prompt" not in data:
            return _refusal("no_prompt", "No prompt provided")
        asked = data.get("prompt_id")
        if asked is not None and self.keeps_ids:
            try:
                canonical = str(uuid.UUID(asked)) == asked
            except (ValueError, AttributeError, TypeError):
                canonical = False
            if not canonical:
                return _refusal("invalid_prompt_id", "prompt_id must be a canonical UUID")
        graph = data["prompt"]
        for node_id, node in graph.items():
            if "class_type" not in node:
                return _refusal("invalid_prompt", "A node has no class_type.", f"#{node_id}")
            if not self._has(node["class_type"]):
                return _refusal(
                    "invalid_prompt",
                    f"Cannot execute because node {node['class_type']} does not exist.",
                    f"Node ID '#{node_id}'",
                )
        outputs = [key for key, node in graph.items() if NODES[node["class_type"]][2]]
        if not outputs:
            return _refusal("prompt_no_outputs", "Prompt has no outputs")
        wrong = {key: found for key, node in graph.items() if (found := self._wrong(graph, node))}
        if wrong:
            errors = {
                key: {
                    "class_type": graph[key]["class_type"],
                    "dependent_outputs": outputs,
                    "errors": found,
                }
                for key, found in wrong.items()
            }
            return _refusal(
                "prompt_outputs_failed_validation",
                "Prompt outputs failed validation",
                node_errors=errors,
            )
        if self.slow_prompt:
            return await asyncio.shield(self._later(data))
        return await self._enqueue(data)

    async def _later(self, data: dict[str, Any]) -> web.Response:
        await asyncio.sleep(self.slow_prompt)
        return await self._enqueue(data)

    async def _enqueue(self, data: dict[str, Any]) -> web.Response:
        asked, graph = data.get("prompt_id"), data["prompt"]
        outputs = [key for key, node in graph.items() if NODES[node["class_type"]][2]]
        prompt_id = asked if asked and self.keeps_ids else str(uuid.uuid4())
        client = data.get("client_id")
        extra = {**data.get("extra_data", {}), **({"client_id": client} if client else {})}
        self.pending.append(Queued(self._number, prompt_id, graph, client, outputs, extra))
        self._number += 1
        await self._send("status", self._status())
        self._work()
        fault = {"message": "Value not in list", "details": f"x {self.echo}"}
        wrong = {"1": {"class_type": "Other", "errors": [fault]}} if self.partly else {}
        return web.json_response(
            {"prompt_id": prompt_id, "number": self._number - 1, "node_errors": wrong}
        )

    def _wrong(self, graph: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
        found = []

        def complain(kind: str, message: str, details: str, name: str) -> None:
            found.append(
                {
                    "type": kind,
                    "message": message,
                    "details": details,
                    "extra_info": {"input_name": name},
                }
            )

        given = node.get("inputs", {})
        for name, (kind, *more) in self._inputs(node["class_type"]).items():
            details = more[0] if more else {}
            if name not in given:
                complain("required_input_missing", "Required input is missing", name, name)
                continue
            value = given[name]
            if isinstance(value, list):
                source, slot = value
                made = NODES[graph[source]["class_type"]][1][slot]
                if made != kind and kind in LINKED:
                    complain(
                        "return_type_mismatch",
                        "Return type mismatch between linked nodes",
                        f"{name}, received_type({made}) mismatch input_type({kind})",
                        name,
                    )
                continue
            if details.get("image_upload"):
                if self._find(value) is None:
                    complain(
                        "custom_validation_failed",
                        "Custom validation failed for node",
                        f"{name} - Invalid image file: {value}",
                        name,
                    )
                continue
            if kind in ("INT", "FLOAT"):
                try:
                    number = {"INT": int, "FLOAT": float}[kind](value)
                except ValueError as error:
                    complain("invalid_input_type", "Failed to convert", f"{name}, {error}", name)
                    continue
                if number < details.get("min", number):
                    complain("value_smaller_than_min", "Value smaller than min", name, name)
                if number > details.get("max", number):
                    complain("value_bigger_than_max", "Value bigger than max", name, name)
            choices = details.get("options") if kind == "COMBO" else kind
            if isinstance(choices, list) and value not in choices:
                told = f"{name}: '{value}' not in {choices}"
                complain("value_not_in_list", "Value not in list", told, name)
        return found

    async def _get_prompt(self, _request: web.Request) -> web.Response:
        return web.json_response(self._status()["status"])

    async def _get_queue(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "queue_running": [self.running.row()] if self.running else [],
                "queue_pending": [each.row() for each in self.pending],
            }
        )

    async def _post_queue(self, request: web.Request) -> web.Response:
        data = await request.json()
        if data.get("clear"):
            self.cleared += 1
            self.pending.clear()
        for gone in data.get("delete", []):
            self.pending = [each for each in self.pending if each.id != gone]
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.Response:
        try:
            data = await request.json()
        except json.JSONDecodeError:
            data = {}
        wanted = data.get("prompt_id")
        if not wanted:
            self.global_interrupts += 1
        if self.running and (not wanted or self.running.id == wanted):
            self.interrupted.append(self.running.id)
            self._stop_running = True
        return web.Response()

    async def _history(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        return web.json_response({wanted: self.history[wanted]} if wanted in self.history else {})

    async def _upload(self, request: web.Request) -> web.Response:
        recorded = request["recorded"]
        images = recorded.files("image")
        if not images or not images[0].filename:
            return web.Response(status=400)
        if sum(len(part.data) for part in recorded.parts) > self.upload_limit:
            return web.Response(status=413)
        fields = recorded.fields
        kind, folder = fields.get("type", "input"), fields.get("subfolder", "")
        name = images[0].filename
        stem, _, extension = name.rpartition(".")
        number = 0
        while (
            fields.get("overwrite") not in ("true", "1")
            and self.files.get((kind, folder, name), images[0].data) != images[0].data
        ):
            number += 1
            name = f"{stem} ({number}).{extension}"
        self.files[kind, folder, name] = images[0].data
        return web.json_response({"name": name, "subfolder": folder, "type": kind})

    async def _view(self, request: web.Request) -> web.Response:
        query = request.query
        name = query.get("filename", "")
        if not name or name.startswith("/") or ".." in name:
            return web.Response(status=400)
        where = (query.get("type", "output"), query.get("subfolder", ""), name)
        if where not in self.files or self.lose_files:
            return web.Response(status=404)
        return web.Response(body=self.files[where], content_type="image/png")

    async def _object_info(self, request: web.Request) -> web.Response:
        wanted = request.match_info.get("name")
        names = NODES if wanted is None else [wanted]
        return web.json_response({name: self._info(name) for name in names if self._has(name)})

    async def _stats(self, _request: web.Request) -> web.Response:
        gigabyte = 2**30
        card = {"name": "cuda:0 Test", "type": "cuda", "vram_total": 12 * gigabyte}
        return web.json_response(
            {
                "system": {"comfyui_version": "0.9.1", "os": "posix"},
                "devices": [{**card, "vram_free": 8 * gigabyte}],
            }
        )

    def _has(self, name: str) -> bool:
        return name in NODES and name not in self.lacking

    def _inputs(self, name: str) -> dict[str, list[Any]]:
        inputs = dict(NODES[name][0])
        if name == "CheckpointLoaderSimple":
            inputs["ckpt_name"] = [self.checkpoints, {}]
        return inputs

    def _info(self, name: str) -> dict[str, Any]:
        inputs = self._inputs(name)
        return {
            "input": {"required": inputs, "optional": {}, "hidden": {}},
            "input_order": {"required": list(inputs)},
            "output": NODES[name][1],
            "output_is_list": [False] * len(NODES[name][1]),
            "output_name": NODES[name][1],
            "name": name,
            "display_name": name,
            "category": "test",
            "output_node": NODES[name][2],
        }

    # The queue

    def _status(self) -> dict[str, Any]:
        remaining = len(self.pending) + (self.running is not None)
        return {"status": {"exec_info": {"queue_remaining": remaining}}}

    def _work(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work_off())

    async def _work_off(self) -> None:
        while self.pending and self.running is None:
            self.running = self.pending.pop(0)
            self._stop_running = False
            await self._run(self.running)
            self.running = None
            await self._send("status", self._status())

    async def _run(self, prompt: Queued) -> None:
        messages: list[list[Any]] = []

        async def tell(kind: str, **data: Any) -> None:
            data = {"prompt_id": prompt.id, **data}
            if kind.startswith("execution_"):
                data["timestamp"] = 1
                messages.append([kind, data])
            await self._send(kind, data, prompt.client)

        await tell("execution_start")
        fingerprint = json.dumps(prompt.graph, sort_keys=True)
        known = self._seen.get(fingerprint)
        await tell("execution_cached", nodes=[] if known is None else list(prompt.graph))
        outputs: dict[str, Any] = known or {}
        made: dict[str, Any] = {}
        try:
            for node in _order(prompt.graph, prompt.outputs) if known is None else ():
                await tell("executing", node=node, display_node=node)
                await self._noise()
                value = await self._node(prompt, node, made, tell)
                made[node] = value
                if isinstance(value, dict):
                    outputs[node] = value
                    await tell("executed", node=node, display_node=node, output=value)
            if self.forgets == "early":
                return
            await tell("execution_success")
            if self.forgets:
                return
        except Interrupted:
            await tell("execution_interrupted", node_id="x", node_type="KSampler", executed=[])
        except NodeFailed as error:
            await tell(
                "execution_error",
                node_id="sampler",
                node_type="KSampler",
                executed=[],
                exception_message=str(error),
                exception_type=error.kind,
                traceback=["Traceback\n"],
                current_inputs={},
                current_outputs=[],
            )
        await asyncio.sleep(self.history_lag)
        well = messages[-1][0] == "execution_success"
        if well:
            self._seen[fingerprint] = outputs
        self.history[prompt.id] = {
            "prompt": prompt.row(),
            "outputs": outputs if well else {},
            "status": {
                "status_str": "success" if well else "error",
                "completed": well,
                "messages": messages,
            },
            "meta": {},
        }
        await tell("executing", node=None)

    async def _node(self, prompt: Queued, node_id: str, made: dict[str, Any], tell: Any) -> Any:
        node = prompt.graph[node_id]
        values = {
            name: made[value[0]][value[1]] if isinstance(value, list) else value
            for name, value in node["inputs"].items()
        }
        name = node["class_type"]
        if name == "KSampler":
            await self._sample(prompt, node_id, values, tell)
        if name in ("SaveImage", "PreviewImage"):
            return self._save(prompt, values, name)
        return self._compute(name, values)

    async def _sample(
        self, prompt: Queued, node_id: str, values: dict[str, Any], tell: Any
    ) -> None:
        for step in range(self.steps_shown):
            if self._stop_running:
                raise Interrupted
            await asyncio.sleep(self.step_seconds)
            await tell("progress", value=step + 1, max=self.steps_shown, node=node_id)
            state = {"value": step + 1, "max": self.steps_shown, "state": "running"}
            await tell("progress_state", nodes={node_id: {**state, "node_id": node_id}})
            await self._preview(prompt, node_id, values)
            if self.drop_socket and prompt.client in self._sockets:
                await _cut(self._sockets[prompt.client])
        while self.hold:
            await asyncio.sleep(0.01)
            if self._stop_running:
                raise Interrupted
        if self.fail == "oom":
            raise NodeFailed("torch.OutOfMemoryError", "Allocation on device 0 would exceed it.")
        if self.fail == "error":
            raise NodeFailed(
                "RuntimeError", f"mat1 and mat2 shapes cannot be multiplied {self.echo}"
            )

    async def _preview(self, prompt: Queued, node_id: str, values: dict[str, Any]) -> None:
        if self.previews is None:
            return
        file = io.BytesIO()
        Image.fromarray(values["latent_image"]["pixels"]).resize((8, 8)).save(file, "JPEG")
        flags = self.text_flags.get(prompt.client or "", {})
        if self.previews == 4 and flags.get("supports_preview_metadata"):
            for owner in (str(uuid.uuid4()), prompt.id):  # somebody else's first
                about = {"node_id": node_id, "prompt_id": owner, "image_type": "image/jpeg"}
                text = json.dumps(about).encode()
                data = struct.pack(">II", 4, len(text)) + text + file.getvalue()
                await self._send_bytes(data, prompt.client)
        else:
            data = struct.pack(">II", 1, 1) + file.getvalue()
            await self._send_bytes(data, prompt.client)
        await self._send_bytes(struct.pack(">II", 3, 1) + b"xwords", prompt.client)

    async def _noise(self) -> None:
        """Tell everybody of a prompt that is not theirs."""
        if not self.foreign_noise:
            return
        other = str(uuid.uuid4())
        for kind, more in (
            ("execution_start", {}),
            ("executing", {"node": "sampler"}),
            ("progress", {"value": 99, "max": 100, "node": "sampler"}),
            ("executed", {"node": "save", "output": {"images": [{"filename": "other.png"}]}}),
            ("execution_error", {"exception_message": "not yours", "node_type": "X"}),
            ("execution_success", {}),
            ("executing", {"node": None}),
        ):
            await self._send(kind, {"prompt_id": other, **more})
        await self._send_bytes(struct.pack(">II", 1, 1) + b"\xff\xd8 not yours", None)
        await self._send("crystools.monitor", {"cpu": 1})

    def _save(self, prompt: Queued, values: dict[str, Any], name: str) -> dict[str, Any]:
        kind = "output" if name == "SaveImage" else "temp"
        folder, _, stem = str(values.get("filename_prefix", "preview")).rpartition("/")
        images = []
        for _ in range(self.batch if self.saves else 0):
            note = PngInfo()
            note.add_text("prompt", json.dumps(prompt.graph))
            file = io.BytesIO()
            Image.fromarray(values["images"]).save(file, "PNG", pnginfo=note)
            taken = sum(1 for where in self.files if where[0] == kind)
            filename = f"{stem}_{taken + 1:05}_.png"
            self.files[kind, folder, filename] = file.getvalue()
            images.append({"filename": filename, "subfolder": folder, "type": kind})
        return {"images": images}

    def _compute(self, name: str, values: dict[str, Any]) -> tuple[Any, ...]:
        match name:
            case "CheckpointLoaderSimple":
                return (values["ckpt_name"], "clip", "vae")
            case "LoadImage":
                return self._load(values["image"])
            case "LoadImageMask":
                picture = np.array(Image.open(io.BytesIO(self._find(values["image"]))))
                if picture.ndim == 2:
                    picture = np.dstack([picture] * 3)
                if values["channel"] == "alpha":
                    return (255 - picture[..., 3],)
                return (picture[..., ["red", "green", "blue"].index(values["channel"])],)
            case "ImageToMask":
                return (values["image"][..., ["red", "green", "blue"].index(values["channel"])],)
            case "CLIPTextEncode":
                return (values["text"],)
            case "CLIPTextEncodeSDXL":
                return (f"{values['text_g']}|{values['text_l']}",)
            case "VAEEncode":
                return ({"pixels": values["pixels"], "mask": None},)
            case "VAEEncodeForInpaint":
                grey = values["pixels"].copy()
                grey[values["mask"] > 127] = 128
                return ({"pixels": grey, "mask": values["mask"] > 127},)
            case "SetLatentNoiseMask":
                return ({**values["samples"], "mask": values["mask"] > 127},)
            case "InpaintModelConditioning":
                latent = {"pixels": values["pixels"], "mask": values["mask"] > 127}
                return (values["positive"], values["negative"], latent)
            case "EmptyLatentImage":
                return (
                    {
                        "pixels": np.zeros((values["height"], values["width"], 3), np.uint8),
                        "mask": None,
                    },
                )
            case "KSampler":
                return (_sampled(values),)
            case "VAEDecode":
                return (values["samples"]["pixels"],)
            case "IPAdapterUnifiedLoader":
                return (values["model"], "ipadapter")
            case "IPAdapter":
                mean = values["image"].reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
                return (f"{values['model']} like {mean}",)
            case "Odd / Name":
                return (values["image"],)
            case _:
                return (values["value"],)

    def _load(self, name: str) -> tuple[Any, Any]:
        picture = Image.open(io.BytesIO(self._find(name)))
        rgb = np.array(picture.convert("RGB"))
        if "A" in picture.getbands():
            return rgb, 255 - np.array(picture.getchannel("A"))
        return rgb, np.zeros((64, 64), np.uint8)

    def _find(self, name: str) -> bytes | None:
        kind = "input"
        if name.endswith("]"):
            name, _, kind = name[:-1].rpartition(" [")
        folder, _, file = name.rpartition("/")
        return self.files.get((kind, folder, file))

    # The socket

    async def _send(self, kind: str, data: dict[str, Any], sid: str | None = None) -> None:
        for socket in self._to(sid):
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_json({"type": kind, "data": data})

    async def _send_bytes(self, data: bytes, sid: str | None) -> None:
        for socket in self._to(sid):
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_bytes(data)

    def _to(self, sid: str | None) -> list[web.WebSocketResponse]:
        if sid is None:
            return list(self._sockets.values())
        return [self._sockets[sid]] if sid in self._sockets else []


def painted(prompt: str, negative: str, model: str, seed: int) -> tuple[int, int, int]:
    """The colour in which a sampler of the server paints."""
    digest = hashlib.sha256(f"{prompt}\0{negative}\0{model}\0{seed}".encode()).digest()
    return digest[0], digest[1], digest[2]


def _sampled(values: dict[str, Any]) -> dict[str, Any]:
    latent = values["latent_image"]
    pixels = latent["pixels"].astype(float)
    where = np.ones(pixels.shape[:2], bool) if latent["mask"] is None else latent["mask"]
    colour = painted(
        values["positive"], values["negative"], str(values["model"]), int(values["seed"])
    )
    strength = float(values["denoise"])
    pixels[where] = pixels[where] * (1 - strength) + np.array(colour) * strength
    return {**latent, "pixels": pixels.round().astype(np.uint8)}


def _order(graph: dict[str, Any], outputs: list[str]) -> list[str]:
    """The nodes that *outputs* need, each after those that feed it."""
    order: list[str] = []

    def visit(node_id: str) -> None:
        if node_id in order:
            return
        for value in graph[node_id]["inputs"].values():
            if isinstance(value, list):
                visit(value[0])
        order.append(node_id)

    for each in outputs:
        visit(each)
    return order


async def _cut(socket: web.WebSocketResponse) -> None:
    """Break a connection without saying goodbye."""
    request = socket._req
    if request is not None and request.transport is not None:
        request.transport.abort()


def _refusal(
    kind: str, message: str, details: str = "", node_errors: dict[str, Any] | None = None
) -> web.Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return web.json_response({"error": error, "node_errors": node_errors or {}}, status=400)
