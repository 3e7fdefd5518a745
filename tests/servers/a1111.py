"""A Stable Diffusion web UI's API: A1111, Forge, SD.Next and stable-diffusion.cpp's server.

One job after the other, as they do; a job goes on when its client goes away. The picture of a
job shows what was asked for: the mask in red over the picture that was sent.
"""

import asyncio
import base64
import io
import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image
from tests.servers.base import Server

TYPES: dict[str, tuple[type, ...]] = {
    "prompt": (str,),
    "negative_prompt": (str,),
    "seed": (int,),
    "steps": (int,),
    "width": (int,),
    "height": (int,),
    "batch_size": (int,),
    "n_iter": (int,),
    "cfg_scale": (int, float),
    "distilled_cfg_scale": (int, float),
    "denoising_strength": (int, float),
    "mask_blur": (int,),
    "inpainting_fill": (int,),
    "inpaint_full_res": (bool,),
    "inpaint_full_res_padding": (int,),
    "inpainting_mask_invert": (int,),
    "init_images": (list,),
    "mask": (str,),
    "override_settings": (dict,),
    "override_settings_restore_afterwards": (bool,),
    "sampler_name": (str,),
    "scheduler": (str,),
    "send_images": (bool,),
    "save_images": (bool,),
    "include_init_images": (bool,),
    "resize_mode": (int,),
    "force_task_id": (str,),
}
MODELS = [
    {
        "title": "photo-xl.safetensors [abcd123456]",
        "model_name": "photo-xl",
        "hash": "abcd123456",
        "sha256": None,
        "filename": "C:\\models\\photo-xl.safetensors",
        "config": None,
    },
    {
        "title": "old15.ckpt [ffff000000]",
        "model_name": "old15",
        "hash": "ffff000000",
        "sha256": None,
        "filename": "/models/old15.ckpt",
        "config": None,
    },
]
SAMPLERS = [
    {"name": "Euler a", "aliases": ["k_euler_a"], "options": {}},
    {"name": "DPM++ 2M", "aliases": ["k_dpmpp_2m"], "options": {}},
]
SCHEDULERS = [{"name": "automatic", "label": "Automatic"}, {"name": "karras", "label": "Karras"}]


@dataclass
class State:
    """What the server works on."""

    job: str = ""
    job_count: int = 0
    job_timestamp: str = ""
    sampling_step: int = 0
    sampling_steps: int = 0
    interrupted: bool = False
    skipped: bool = False


@dataclass
class Knobs:
    """How the server answers. *flavour*: a1111, forge, sdnext or sdcpp.

    *seconds*: how long a job takes, in ten steps; *info*: how the answer tells about the
    picture: string, empty or object; *fail*: status, body and content type of each answer to a
    job; *names*: whether jobs are known by the names that clients give them.
    """

    flavour: str = "a1111"
    api: bool = True
    auth: str | None = None
    seconds: float = 0.0
    previews: bool = False
    grid: bool = False
    extra: bool = False
    kind: str = "PNG"
    prefix: bool = False
    info: str = "string"
    images: bool = True
    names: bool = True
    current_task: bool = False
    other_seed: int | None = None
    fail: tuple[int, Any] | None = None
    missing: set[str] = field(default_factory=set)


class A1111Server(Server):
    """`state` is what it works on; `done` holds the names of finished jobs."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__()
        self.knobs = Knobs(**knobs)
        self.state = State()
        self.task: str | None = None
        self.pending: list[str] = []
        self.done: list[str] = []
        self.interrupts = 0
        self.jobs = 0
        self._lock: asyncio.Lock | None = None
        self._kept: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[web.RouteDef]:
        api = "/sdapi/v1"
        routes = [
            web.post(f"{api}/txt2img", self._txt2img),
            web.post(f"{api}/img2img", self._img2img),
            web.get(f"{api}/progress", self._progress),
            web.post(f"{api}/interrupt", self._interrupt),
            web.get(f"{api}/sd-models", self._list(MODELS)),
            web.get(f"{api}/samplers", self._list(SAMPLERS)),
            web.get(f"{api}/schedulers", self._list(SCHEDULERS)),
            web.get(f"{api}/options", self._list({"sd_model_checkpoint": MODELS[0]["title"]})),
            web.get(f"{api}/scripts", self._list({"txt2img": [], "img2img": []})),
            web.post("/internal/progress", self._internal),
        ]
        if self.knobs.flavour == "sdcpp":
            gone = ("progress", "interrupt", "scripts")
            routes = [route for route in routes if not route.path.endswith(gone)]
        return [route for route in routes if route.path not in self.knobs.missing]

    def start_other(self, seconds: float) -> None:
        """Begin somebody else's job."""

        async def begin() -> None:
            self._keep(self._work("other", {"width": 8, "height": 8}, seconds))

        asyncio.run_coroutine_threadsafe(begin(), self._loop).result(5)

    # What is asked of every request.

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self.knobs.api:
            return _json(404, {"detail": "Not Found"})
        if self.knobs.auth is not None:
            word = base64.b64encode(self.knobs.auth.encode()).decode()
            if request.headers.get("Authorization") != f"Basic {word}":
                return _json(
                    401,
                    {"detail": "Incorrect username or password"},
                    {"WWW-Authenticate": "Basic"},
                )
        return None

    def _list(self, what: Any) -> Any:
        async def handler(request: web.Request) -> web.Response:
            return self._refused(request) or _json(200, what)

        return handler

    def _error(self, status: int, detail: Any, kind: str = "HTTPException") -> web.Response:
        """An error in the shape of the flavour."""
        match self.knobs.flavour:
            case "forge":
                return _json(status, {"detail": detail})
            case "sdcpp":
                return _json(status, {"error": detail})
            case _:
                words = detail if isinstance(detail, str) else ""
                return _json(status, {"error": kind, "detail": detail, "body": "", "errors": words})

    # Jobs.

    async def _txt2img(self, request: web.Request) -> web.Response:
        return await self._job(request, img2img=False)

    async def _img2img(self, request: web.Request) -> web.Response:
        return await self._job(request, img2img=True)

    async def _job(self, request: web.Request, *, img2img: bool) -> web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        body = request["recorded"].json
        wrong = self._wrong(body, img2img=img2img)
        if wrong is not None:
            return wrong
        if self.knobs.fail is not None:
            status, content = self.knobs.fail
            if isinstance(content, str):
                return web.Response(status=status, text=content)
            return _json(status, content)
        name = body.get("force_task_id") or f"task(img2img-{self.jobs})"
        # The work goes on when the client goes away.
        working = self._keep(self._work(name, body, self.knobs.seconds))
        stopped = await asyncio.shield(working)
        return _json(200, self._answer(body, img2img=img2img, stopped=stopped))

    def _keep(self, work: Any) -> "asyncio.Task[bool]":
        task = asyncio.ensure_future(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    async def _work(self, name: str, body: dict[str, Any], seconds: float) -> bool:
        """Do one job when its turn comes; returns whether it was interrupted."""
        self._lock = self._lock or asyncio.Lock()
        self.pending.append(name)
        async with self._lock:
            self.pending.remove(name)
            self.task = name
            self.jobs += 1
            self.state = State("scripts_img2img", -1, f"{time.time_ns()}", 0, 10)
            self.state.job_count = body.get("n_iter", 1)
            for step in range(10):
                if self.state.interrupted or not seconds:
                    break
                self.state.sampling_step = step + 1
                await asyncio.sleep(seconds / 10)
            self.task = None
            self.done.append(name)
            self.state.job, self.state.job_count, self.state.sampling_step = "", 0, 0
            return self.state.interrupted

    def _wrong(self, body: Any, *, img2img: bool) -> web.Response | None:
        cpp = self.knobs.flavour == "sdcpp"
        if cpp:
            if not body.get("prompt"):
                return _json(400, {"error": "prompt required"})
            if any(value is None for value in body.values()):
                return _json(500, {"error": "server_error", "message": "type must be string"})
        for name, value in body.items():
            kinds = TYPES.get(name)
            bad = kinds is not None and value is not None and not isinstance(value, kinds)
            if bad or (kinds == (int,) and isinstance(value, bool)):
                complaint = {"loc": ["body", name], "msg": "wrong type", "type": "type_error"}
                return _json(422, {"detail": [complaint]})
        if body.get("width", 512) % 8 or body.get("height", 512) % 8:
            return self._error(500, "sizes are multiples of 8", "RuntimeError")
        if img2img and not body.get("init_images"):
            return self._error(404, "Init image not found")
        sampler = body.get("sampler_name")
        known = {each["name"] for each in SAMPLERS}
        if sampler and sampler not in known and not cpp:
            return self._error(404 if self.knobs.flavour == "a1111" else 400, "Sampler not found")
        checkpoint = body.get("override_settings", {}).get("sd_model_checkpoint")
        if checkpoint and self.knobs.flavour == "forge":
            titles = {each["title"] for each in MODELS} | {each["model_name"] for each in MODELS}
            if checkpoint not in titles:
                return web.Response(status=500, text="Internal Server Error")
        for picture in [*(body.get("init_images") or []), body.get("mask")]:
            if picture is not None and _picture(picture) is None:
                return self._error(500, "Invalid encoded image")
        return None

    def _answer(self, body: dict[str, Any], *, img2img: bool, stopped: bool) -> Any:
        size = (body.get("width", 512), body.get("height", 512))
        picture = Image.new("RGB", size, (30, 60, 90))
        if img2img:
            sent = _picture(body["init_images"][0])
            assert sent is not None
            picture = sent.convert("RGB").resize(size)
            mask = _picture(body["mask"]) if body.get("mask") else None
            if mask is not None:
                changed = mask.convert("L").resize(size)
                picture.paste((255, 0, 0), (0, 0), changed)
        if stopped:
            picture = Image.fromarray(np.full((size[1], size[0], 3), 127, np.uint8))
        seed = self.knobs.other_seed
        if seed is None:
            seed = body.get("seed", -1)
        images = [self._file(picture)]
        first = 0
        if self.knobs.grid:
            images.insert(0, self._file(Image.new("RGB", (16, 16), (1, 2, 3))))
            first = 1
        if self.knobs.extra:
            images.append(self._file(Image.new("RGB", size, (9, 9, 9))))
        info: Any = {
            "prompt": body.get("prompt", ""),
            "seed": seed,
            "all_seeds": [seed],
            "width": size[0],
            "height": size[1],
            "index_of_first_image": first,
        }
        if self.knobs.info == "string":
            info = json.dumps(info)
        elif self.knobs.info == "empty":
            info = ""
        echo = {**body, "init_images": None, "mask": None}
        return {"images": images if self.knobs.images else [], "parameters": echo, "info": info}

    def _file(self, picture: Image.Image) -> str:
        file = io.BytesIO()
        picture.save(file, self.knobs.kind)
        head = f"data:image/{self.knobs.kind.lower()};base64," if self.knobs.prefix else ""
        return head + base64.b64encode(file.getvalue()).decode()

    # Watching.

    async def _progress(self, request: web.Request) -> web.Response:
        state = self.state
        idle = state.job_count == 0
        picture = None
        skipped = request.query.get("skip_current_image") == "true"
        if self.knobs.previews and not idle and not skipped:
            shade = 20 * (state.sampling_step // 3)
            picture = self._file(Image.new("RGB", (8, 8), (shade, shade, shade)))
        answer = {
            "progress": 0 if idle else 0.01 + state.sampling_step / 10,
            "eta_relative": 0.0,
            "state": vars(state),
            "current_image": picture,
            "textinfo": None,
        }
        if self.knobs.current_task:
            answer["current_task"] = self.task
        if self.knobs.flavour == "sdnext":
            answer["id"] = self.jobs
        return self._refused(request) or _json(200, answer)

    async def _internal(self, request: web.Request) -> web.Response:
        if self.knobs.flavour == "sdcpp":
            return web.Response(status=404)
        name = request["recorded"].json["id_task"]
        named = self.knobs.names and self.knobs.flavour != "sdnext"
        answer = {
            "active": named and name == self.task,
            "queued": named and name in self.pending,
            "paused": False,
            "completed": named and name in self.done,
        }
        return _json(200, answer)

    async def _interrupt(self, request: web.Request) -> web.Response:
        self.interrupts += 1
        self.state.interrupted = True
        return self._refused(request) or _json(200, {})


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(content, status=status, headers=headers)


def _picture(text: str) -> Image.Image | None:
    if text.startswith("data:image/"):
        text = text.split(";")[1].split(",")[1]
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(text)))
        picture.load()
    except (OSError, ValueError):
        return None
    return picture
