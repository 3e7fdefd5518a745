"""ByteDance's ARK as far as it makes pictures: checks what it gets as the vendor does.

A picture shows what was asked for: the second picture, the mask, in red over the first; with the
watermark, which is on unless refused, in white along the bottom.
"""

import asyncio
import base64
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image
from tests.servers.base import Server

ROUTE = "/api/v3/images/generations"
FIELDS = {
    "model",
    "prompt",
    "image",
    "size",
    "seed",
    "guidance_scale",
    "sequential_image_generation",
    "sequential_image_generation_options",
    "stream",
    "response_format",
    "output_format",
    "watermark",
    "optimize_prompt_options",
    "tools",
}
TIERS = {"1K": 1024, "2K": 2048, "3K": 3072, "4K": 4096}


@dataclass(frozen=True)
class Kind:
    """What one family of models takes."""

    name: str
    low: int
    high: int
    inputs: int
    group: bool = False
    format: bool = False
    old: bool = False


KINDS = (
    Kind("seedream-5-0-pro", 921_600, 4_624_220, 10, format=True),
    Kind("seedream-5-0", 3_686_400, 16_777_216, 14, group=True, format=True),
    Kind("seedream-4-5", 3_686_400, 16_777_216, 14, group=True),
    Kind("seedream-4-0", 921_600, 16_777_216, 14, group=True),
    Kind("seedream-3-0-t2i", 512 * 512, 2048 * 2048, 0, old=True),
    Kind("seededit-3-0-i2i", 0, 0, 1, old=True),
)


@dataclass
class Knobs:
    """How the server answers.

    *fail*: status, code and message of each answer; *headers* go with it. *entries*: what comes
    in the place of pictures, one each, "" for a picture. *top*: code of an error with status 200.
    *closed*: models that are not activated; *gone*: models that do not exist any more.
    """

    key: str = "test-key-marked-1"
    seconds: float = 0.0
    fail: tuple[int, str, str] | None = None
    raw: tuple[int, str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ("",)
    top: str | None = None
    closed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    lost: bool = False
    links: str | None = None
    force_url: bool = False
    counts: bool = True


class SeedreamServer(Server):
    """`url` + "/api/v3" is the base URL; `billed` counts pictures that were made."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__()
        self.knobs = Knobs(**knobs)
        self.billed = 0
        self._files: list[tuple[bytes, str]] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/v3"

    def routes(self) -> list[web.RouteDef]:
        return [web.post(ROUTE, self._generate), web.get("/files/{number}", self._file)]

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.knobs.key}":
            sent = request.headers.get("Authorization", "")
            words = f"the API key or AK/SK in the request is missing or invalid: {sent}"
            return self._error(401, "AuthenticationError", words)
        if self.knobs.raw is not None:
            status, text, kind = self.knobs.raw
            return web.Response(status=status, text=text, content_type=kind)
        if self.knobs.fail is not None:
            return self._error(*self.knobs.fail)
        # The vendor's own client sends nulls for what was not given.
        sent = request["recorded"].json
        body = {name: value for name, value in sent.items() if value is not None}
        wrong = self._wrong(body)
        if wrong is not None:
            return wrong
        await asyncio.sleep(self.knobs.seconds)
        if self.knobs.top is not None:
            return self._json(200, {"error": _words(self.knobs.top, "No. request id: 0217")})
        if body.get("stream"):
            return await self._stream(request, body)
        entries = [self._entry(body, code) for code in self.knobs.entries]
        made = sum("error" not in each for each in entries)
        size = self._size(body)
        tokens = made * size[0] * size[1] // 256
        answer: dict[str, Any] = {"model": body["model"], "created": 1790000000, "data": entries}
        if self.knobs.counts:
            answer["usage"] = {
                "generated_images": made,
                "output_tokens": tokens,
                "total_tokens": tokens,
            }
        return self._json(200, answer)

    async def _stream(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        made = 0
        for index, code in enumerate(self.knobs.entries):
            entry = self._entry(body, code)
            made += "error" not in entry
            kind = "partial_failed" if "error" in entry else "partial_succeeded"
            await self._event(response, kind, {**entry, "image_index": index}, body)
        usage = {"generated_images": made, "output_tokens": 1, "total_tokens": 1}
        await self._event(response, "completed", {"usage": usage}, body)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _event(
        self, response: web.StreamResponse, kind: str, data: dict[str, Any], body: dict[str, Any]
    ) -> None:
        name = f"image_generation.{kind}"
        data = {"type": name, "model": body["model"], "created": 1790000000, **data}
        await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def _wrong(self, body: dict[str, Any]) -> web.Response | None:
        def bad(code: str, words: str) -> web.Response:
            return self._error(400, code, words)

        model = body.get("model", "")
        kind = next((kind for kind in KINDS if kind.name in model), KINDS[1])
        if not model:
            return bad("MissingParameter", "model")
        if model in self.knobs.gone:
            words = f"The model or endpoint {model} does not exist or you do not have access to it"
            return self._error(404, "InvalidEndpointOrModel.NotFound", words)
        if model in self.knobs.closed:
            return self._error(404, "ModelNotOpen", f"Your account has not activated {model}")
        if not body.get("prompt"):
            return bad("MissingParameter", "prompt")
        unknown = sorted(set(body) - FIELDS)
        if unknown:
            return bad("InvalidParameter", f"unknown: {', '.join(unknown)}")
        if ("seed" in body or "guidance_scale" in body) and not kind.old:
            return bad("InvalidParameter", "seed and guidance_scale are for 3.0")
        if "output_format" in body and not kind.format:
            return bad("InvalidParameter", "output_format")
        if "sequential_image_generation" in body and not kind.group:
            return bad("InvalidParameter", "sequential_image_generation")
        return self._wrong_size(body, kind) or self._wrong_pictures(body, kind)

    def _wrong_size(self, body: dict[str, Any], kind: Kind) -> web.Response | None:
        size = body.get("size", "2K")
        if kind.high == 0:
            fits = size == "adaptive"
        elif size in TIERS:
            fits = not kind.old
        else:
            match = re.fullmatch(r"(\d+)x(\d+)", size)
            across, down = (int(match[1]), int(match[2])) if match else (0, 0)
            fits = kind.low <= across * down <= kind.high
            fits = fits and max(across, down) <= 16 * min(across, down)
            if kind.old:
                fits = fits and min(across, down) >= 512 and max(across, down) <= 2048
        return None if fits else self._error(400, "InvalidParameter", f"size {size}")

    def _wrong_pictures(self, body: dict[str, Any], kind: Kind) -> web.Response | None:
        images = _images(body)
        if kind.inputs == 1 and len(images) != 1:
            return self._error(400, "InvalidParameter", "one image")
        if len(images) > kind.inputs:
            return self._error(400, "InvalidParameter", f"at most {kind.inputs} images")
        for text in images:
            match = re.fullmatch(r"data:image/(png|jpeg|webp|bmp|tiff|gif);base64,(.+)", text)
            if match is None or (kind.old and match[1] not in ("png", "jpeg")):
                return self._error(400, "InvalidImageURL.InvalidFormat", "not a picture")
            file = base64.b64decode(match[2], validate=True)
            picture = Image.open(io.BytesIO(file))
            across, down = picture.size
            small = min(across, down) > 14 and across * down <= 36_000_000
            shape = max(across, down) <= (3 if kind.old else 16) * min(across, down)
            same = (picture.format or "").lower() == match[1]
            if not (small and shape and same and len(file) <= 10_000_000):
                return self._error(400, "InvalidParameter", "image")
        return None

    def _size(self, body: dict[str, Any]) -> tuple[int, int]:
        size = body.get("size", "2K")
        if size == "adaptive":
            return _picture(_images(body)[0]).size
        if size in TIERS:
            return TIERS[size], TIERS[size]
        across, _, down = size.partition("x")
        return int(across), int(down)

    def _entry(self, body: dict[str, Any], code: str) -> dict[str, Any]:
        if code == "nothing":
            return {}
        if code:
            return {"error": _words(code, "This one is refused.")}
        size = self._size(body)
        images = _images(body)
        picture = Image.new("RGB", size, (30, 60, 90))
        if images:
            picture = _picture(images[0]).convert("RGB").resize(size)
        if len(images) > 1:
            picture.paste((255, 0, 0), (0, 0), _picture(images[1]).convert("L").resize(size))
        if body.get("watermark", True):
            pixels = np.array(picture)
            pixels[-8:] = 255
            picture = Image.fromarray(pixels)
        kind = body.get("output_format", "jpeg")
        file = io.BytesIO()
        picture.save(file, kind.upper(), quality=95)
        self.billed += 1
        entry: dict[str, Any] = {"size": f"{size[0]}x{size[1]}", "output_format": kind}
        if body.get("response_format", "url") == "b64_json" and not self.knobs.force_url:
            return {"b64_json": base64.b64encode(file.getvalue()).decode(), **entry}
        self._files.append((file.getvalue(), f"image/{kind}"))
        host = self.knobs.links or self.url
        return {"url": f"{host}/files/{len(self._files) - 1}?sign=x", **entry}

    async def _file(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            return web.Response(status=403, text="no key here")
        if self.knobs.lost:
            return web.Response(status=404, text="expired")
        data, kind = self._files[int(request.match_info["number"])]
        return web.Response(body=data, content_type=kind)

    def _error(self, status: int, code: str, message: str) -> web.Response:
        headers = {"x-error-code": code, **self.knobs.headers}
        return self._json(status, {"error": _words(code, message)}, headers)

    def _json(
        self, status: int, content: Any, headers: dict[str, str] | None = None
    ) -> web.Response:
        headers = {"x-request-id": "0217request", **(headers or {})}
        return web.json_response(content, status=status, headers=headers)


def _words(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "param": "", "type": "BadRequest"}


def _images(body: dict[str, Any]) -> list[str]:
    image = body.get("image", [])
    return [image] if isinstance(image, str) else list(image)


def _picture(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2])))
