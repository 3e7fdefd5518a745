"""Servers that speak OpenAI's API in part: one class, which behaves as the *kind* it is told."""
# ruff: noqa: TRY301, a refusal reads best where its rule stands

import asyncio
import base64
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image
from tests.servers.base import Recorded, Server
from tests.servers.openai import KEY, RED, Fault, check_images, error, png

CHAT_FIELDS = {
    "image_config",
    "max_tokens",
    "messages",
    "modalities",
    "model",
    "seed",
    "stream",
    "stream_options",
    "temperature",
    "usage",
}
IMAGES_FIELDS = {
    "aspect_ratio",
    "background",
    "input_references",
    "model",
    "n",
    "output_compression",
    "output_format",
    "prompt",
    "provider",
    "quality",
    "resolution",
    "seed",
    "size",
    "stream",
}
FORM_FIELDS = {
    "aquiles": {"model", "prompt", "size", "n", "response_format", "quality", "background"},
    "generic": {"model", "prompt", "size", "n", "quality", "background"},
    "litellm": {"model", "prompt", "size", "n", "quality", "background"},
    "sdcpp": {"model", "prompt", "size", "n", "output_format"},
    "sglang": {
        "model",
        "prompt",
        "size",
        "n",
        "response_format",
        "negative_prompt",
        "seed",
        "guidance_scale",
        "num_inference_steps",
    },
    "vllm-omni": {
        "model",
        "prompt",
        "size",
        "n",
        "response_format",
        "negative_prompt",
        "seed",
        "guidance_scale",
        "num_inference_steps",
    },
    "localai": {"model", "prompt", "steps"},
}
DETAIL = {"vllm-omni", "sglang", "aquiles"}
"""Those whose errors are {"detail": ...}."""
BLOCK = re.compile(r" ?<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", re.DOTALL)
AQUILES_SIZES = {
    "256x256",
    "512x512",
    "1024x1024",
    "1536x1024",
    "1024x1536",
    "1792x1024",
    "1024x1792",
}
TEXT = "A door it is."


class Refused(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        self.status, self.message, self.more = status, message, more
        super().__init__(message)


class GatewayServer(Server):
    """Paints what is to change in red. The knobs are the attributes set here."""

    def __init__(self, kind: str = "generic", *, key: str | None = KEY) -> None:
        super().__init__()
        self.kind = kind
        self.key = key
        self.has_images = False
        """Whether a generic server knows /images/edits and /images/generations."""
        self.catch_all = False
        """Whether addresses that it does not know get a web page with status 200."""
        self.faults: list[Fault] = []
        self.stall = ""
        """"head" or "middle", of a stream."""
        self.place = "images"
        """Where in a chat's answer the picture is; "none" for nowhere."""
        self.text = TEXT
        self.finish = "stop"
        self.native_finish = "STOP"
        self.refusal: str | None = None
        self.middle: str | None = None
        """What a stream says in place of its end."""
        self.pictures = 1
        self.partials = 0
        self.as_link = False
        self.listing: Any = {
            "data": [
                {"id": "painter", "object": "model"},
                {"id": "talker", "architecture": {"output_modalities": ["text"]}},
                {"id": "both", "architecture": {"output_modalities": ["image", "text"]}},
            ]
        }
        self.made: bytes = b""
        self.block: dict[str, Any] = {}
        """What came in the block at the end of sd.cpp's prompt."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def routes(self) -> list[web.RouteDef]:
        own = {
            "openrouter": [("images", self._images), ("chat/completions", self._chat)],
            "localai": [("images/inpainting", self._form), ("images/generations", self._drawn)],
        }
        usual = [
            ("images/edits", self._form),
            ("images/generations", self._drawn),
            ("chat/completions", self._chat),
        ]
        return [
            *(web.post(f"/v1/{path}", do) for path, do in own.get(self.kind, usual)),
            web.get("/v1/models", self._models),
            web.get("/v1/key", self._key),
            web.get("/files/made.png", self._file),
            web.post("/{rest:.*}", self._unknown),
        ]

    async def _unknown(self, _request: web.Request) -> web.StreamResponse:
        if self.catch_all:
            return web.Response(
                text="<!doctype html><title>Welcome</title>", content_type="text/html"
            )
        return web.Response(status=404, text="404 page not found")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        assert "authorization" not in request["recorded"].headers
        return web.Response(body=self.made, content_type="image/png")

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if self.kind != "openrouter" and (early := self._early(request["recorded"])):
            return early
        if self.listing is None:
            return web.Response(status=404, text="404 page not found")
        return web.json_response(self.listing)

    async def _key(self, request: web.Request) -> web.StreamResponse:
        if early := self._early(request["recorded"]):
            return early
        return web.json_response({"data": {"limit": 10, "usage": 3, "limit_remaining": 7.0}})

    # Images

    async def _form(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        if self.kind in ("generic", "xroute") and not self.has_images:
            return await self._unknown(request)
        try:
            if early := self._early(recorded):
                return early
            if not recorded.parts:
                raise Refused(400, "a form is wanted")
            fields = self._check_form(recorded)
            base, alone = self._base(recorded)
            changes = None if alone else self._changes(recorded, base)
            if changes is not None:
                base[changes] = RED
            if "size" in fields:
                width, height = map(int, fields["size"].split("x"))
                base = np.array(Image.fromarray(base).resize((width, height), 0))
            return self._made(base, fields)
        except Refused as refused:
            return self._refuse(refused)

    def _check_form(self, recorded: Recorded) -> dict[str, str]:
        fields = dict(recorded.fields)
        unknown = set(fields) - FORM_FIELDS.get(self.kind, FORM_FIELDS["generic"])
        if unknown:
            raise Refused(422, f"unknown: {sorted(unknown)}", loc=["body", *sorted(unknown)])
        if not fields.get("prompt"):
            raise Refused(400, "prompt is missing")
        self._check_model(fields)
        if self.kind == "aquiles":
            if len(fields["prompt"]) > 1000:
                raise Refused(422, "longer than 1000", loc=["body", "prompt"])
            if fields.get("size", "1024x1024") not in AQUILES_SIZES:
                raise Refused(422, "no such size", loc=["body", "size"])
        return fields

    def _check_model(self, fields: Mapping[str, Any]) -> None:
        if fields.get("model") == "gone":
            raise Refused(503 if self.kind == "aquiles" else 404, "The model gone is not there.")
        if self.kind == "sdcpp":
            found = BLOCK.search(fields["prompt"])
            self.block = json.loads(found[1]) if found else {}

    def _base(self, recorded: Recorded) -> tuple[np.ndarray, bool]:
        """The first picture, and whether there is nothing but references."""
        images = check_images(recorded) if self.kind != "vllm-omni" else recorded.files("image")
        if self.kind == "localai" and len(images) != 1:
            raise Refused(400, "one image is wanted")
        name = "mask_image" if self.kind == "vllm-omni" else "mask"
        alone = not recorded.files(name)
        return np.array(open_picture(images[0].data).convert("RGB")), alone

    def _changes(self, recorded: Recorded, base: np.ndarray) -> np.ndarray | None:
        """Where the mask says that pixels change; None where this server ignores it."""
        name = "mask_image" if self.kind == "vllm-omni" else "mask"
        (mask,) = recorded.files(name)
        model = recorded.fields.get("model", "")
        if self.kind == "aquiles" or (self.kind == "litellm" and "gemini" in model):
            return None
        picture = open_picture(mask.data)
        if picture.size != (base.shape[1], base.shape[0]):
            raise Refused(400, "mask and image differ in size")
        if self.kind in ("litellm", "generic", "xroute"):
            if picture.mode != "RGBA":
                raise Refused(400, "the mask has no alpha channel")
            return np.array(picture)[..., 3] == 0
        if picture.mode != "L":
            raise Refused(400, "the mask has more than one channel")
        return np.array(picture) > 127

    async def _drawn(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        if self.kind in ("generic", "xroute") and not self.has_images:
            return await self._unknown(request)
        try:
            if early := self._early(recorded):
                return early
            fields = recorded.json
            if not fields.get("prompt"):
                raise Refused(400, "prompt is missing")
            self._check_model(fields)
            width, height = map(int, fields["size"].split("x"))
            return self._made(np.full((height, width, 3), RED, np.uint8), fields)
        except Refused as refused:
            return self._refuse(refused)

    async def _images(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        try:
            if early := self._early(recorded):
                return early
            fields = recorded.json
            if unknown := set(fields) - IMAGES_FIELDS:
                raise Refused(400, f"unknown fields {sorted(unknown)}", kind="invalid_request")
            explicit = re.fullmatch(r"(\d+)x(\d+)", fields.get("size", ""))
            if explicit and ("resolution" in fields or "aspect_ratio" in fields):
                raise Refused(400, "size contradicts", kind="invalid_request")
            if "/" not in fields["model"]:
                raise Refused(404, "No such model", kind="not_found")
            pictures = [from_part(each) for each in fields.get("input_references", ())]
            if pictures:
                base = paint(pictures)
            else:
                size = (int(explicit[2]), int(explicit[1])) if explicit else (64, 64)
                base = np.full((*size, 3), RED, np.uint8)
            self.made = png(base)
            if fields.get("stream"):
                return await self._image_stream(request)
            entry = {"b64_json": encoded(self.made), "media_type": "image/png"}
            body = {"created": 1, "data": [entry] * self.pictures, "usage": usage()}
            return web.json_response(body)
        except Refused as refused:
            return self._refuse(refused)

    async def _image_stream(self, request: web.Request) -> web.StreamResponse:
        response = await started(request)
        picture = {"b64_json": encoded(self.made)}
        for number in range(self.partials):
            kind = "image_generation.partial_image"
            await tell(response, {"type": kind, "partial_image_index": number, **picture})
        await tell(response, {"type": "image_generation.text_chunk", "text": "so"})
        if self.stall:
            await asyncio.sleep(60)
        if self.middle is not None:
            await response.write(self.middle.encode())
            return response
        await tell(response, {"type": "image_generation.completed", **picture, "usage": usage()})
        await response.write(b"data: [DONE]\n\n")
        return response

    def _made(self, base: np.ndarray, fields: Mapping[str, Any]) -> web.Response:
        self.made = png(base)
        linked = self.kind in ("localai", "aquiles") and fields.get("response_format") != "b64_json"
        if linked or self.as_link:
            entry = {"url": f"{self.url}/files/made.png"}
        else:
            entry = {"b64_json": encoded(self.made)}
        return web.json_response({"created": 1, "data": [entry] * self.pictures})

    # Chat

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        try:
            if early := self._early(recorded):
                return early
            fields = recorded.json
            if unknown := set(fields) - CHAT_FIELDS:
                raise Refused(400, f"unknown fields {sorted(unknown)}", kind="invalid_request")
            if fields["model"] == "gone":
                raise Refused(404, "No endpoints found for the model gone.", kind="not_found")
            if self.stall == "head":
                await asyncio.sleep(60)
            content = fields["messages"][-1]["content"]
            if isinstance(content, str):
                text = f"REWRITTEN {content}" if self.text == TEXT else self.text
                self.place = "none"
            else:
                assert content[0]["type"] == "text"
                text = self.text
                pictures = [from_part(each) for each in content[1:]]
                drawn = np.full((64, 64, 3), RED, np.uint8)
                self.made = png(paint(pictures) if pictures else drawn)
            if fields.get("stream"):
                return await self._chat_stream(request, text)
            return web.json_response(self._whole(text))
        except Refused as refused:
            return self._refuse(refused)

    def _whole(self, text: str) -> dict[str, Any]:
        choice = {
            "index": 0,
            "finish_reason": self.finish,
            "native_finish_reason": self.native_finish,
            "message": {"role": "assistant", "refusal": self.refusal, **self._message(text)},
        }
        return {
            "id": "gen-1",
            "object": "chat.completion",
            "created": 1790000000,
            "model": "m",
            "system_fingerprint": None,
            "choices": [choice],
            "usage": usage(),
        }

    def _message(self, text: str) -> dict[str, Any]:
        data = f"data:image/png;base64,{encoded(self.made)}"
        link = f"{self.url}/files/made.png"
        images = [
            {"type": "image_url", "index": number, "image_url": {"url": data}}
            for number in range(self.pictures)
        ]
        listed = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": data}}]
        by_place: dict[str, dict[str, Any]] = {
            "images": {"content": text, "images": images},
            "null content": {"content": None, "images": images},
            "list": {"content": listed},
            "markdown data": {"content": f"{text} ![made]({data}) So."},
            "markdown link": {"content": f'{text} ![made]({link} "title")'},
            "data": {"content": f"{text}\n{data}\nSo."},
            "link": {"content": f"{text} See {link}?size=1, please."},
            "bare link": {"content": f" {link.removesuffix('.png')}.png "},
            "twice": {"content": f"{text} ![made]({data})", "images": images},
            "none": {"content": text},
            "nothing": {"content": None},
        }
        return by_place[self.place]

    async def _chat_stream(self, request: web.Request, text: str) -> web.StreamResponse:
        response = await started(request)
        await response.write(b": OPENROUTER PROCESSING\n\n")
        whole = self._message(text)
        content = whole.get("content") or ""
        half = len(content) // 2 if isinstance(content, str) else 0
        deltas = [{"role": "assistant", "content": content[:half]}, {"content": content[half:]}]
        if isinstance(content, list):
            deltas = [{"content": content}]
        if "images" in whole:
            deltas.append({"content": "", "images": whole["images"]})
        for delta in deltas:
            await tell(response, {"id": "gen-1", "choices": [{"index": 0, "delta": delta}]})
            await response.write(b": OPENROUTER PROCESSING\n\n")
        if self.stall == "middle":
            await asyncio.sleep(60)
        if self.middle is not None:
            await response.write(self.middle.encode())
            return response
        end = {"index": 0, "delta": {"content": ""}, "finish_reason": self.finish}
        await tell(response, {"id": "gen-1", "choices": [end]})
        await tell(response, {"id": "gen-1", "choices": [], "usage": usage()})
        await response.write(b"data: [DONE]\n\n")
        return response

    # Errors

    def _early(self, recorded: Recorded) -> web.Response | None:
        if self.key and recorded.headers.get("authorization") != f"Bearer {self.key}":
            return self._refuse(Refused(401, "No auth credentials found", kind="authentication"))
        probe = recorded.method == "POST" and recorded.body == b"{}"
        if probe or not self.faults:
            return None
        fault = self.faults.pop(0)
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return web.Response(
            status=fault.status, text=text, headers=fault.headers, content_type=fault.content_type
        )

    def _refuse(self, refused: Refused) -> web.Response:
        """An error in the form that this kind of server has."""
        status, message = refused.status, refused.message
        body: dict[str, Any]
        if self.kind == "openrouter":
            details = {"error_type": refused.more.get("kind", "invalid_request")}
            body = {"error": {"code": status, "message": message, "metadata": details}}
        elif self.kind == "sdcpp":
            body = {"error": message}
        elif self.kind in DETAIL and "loc" in refused.more:
            body = {"detail": [{"loc": refused.more["loc"], "msg": message, "type": "value_error"}]}
        elif self.kind in DETAIL:
            body = {"detail": message}
        else:
            body = error(None, message)
        return web.json_response(body, status=status)


def encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def open_picture(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except OSError as cause:
        raise Refused(400, "an image cannot be read") from cause
    return picture


def from_part(part: dict[str, Any]) -> np.ndarray:
    """The picture in one part of a message."""
    if part["type"] != "image_url" or set(part) != {"type", "image_url"}:
        raise Refused(400, "not an image_url part", kind="invalid_image")
    head, _, data = part["image_url"]["url"].partition(",")
    if head != "data:image/png;base64":
        raise Refused(400, "not a data URL", kind="unsupported_image_format")
    return np.array(open_picture(base64.b64decode(data, validate=True)).convert("RGB"))


def paint(pictures: list[np.ndarray]) -> np.ndarray:
    """The first picture, red where the second is white, if that looks like a mask for it."""
    base = pictures[0].copy()
    if len(pictures) > 1 and pictures[1].shape == base.shape:
        mask = pictures[1][..., 0]
        if set(np.unique(mask)) <= {0, 255}:
            base[mask == 255] = RED
    return base


def usage() -> dict[str, Any]:
    return {
        "prompt_tokens": 300,
        "completion_tokens": 1300,
        "total_tokens": 1600,
        "completion_tokens_details": {"reasoning_tokens": 0, "image_tokens": 1290},
        "cost": 0.039,
    }


async def started(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    return response


async def tell(response: web.StreamResponse, data: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(data)}\n\n".encode())
