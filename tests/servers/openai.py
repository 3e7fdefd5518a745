"""OpenAI's Images API, as strict as the real one: edits, generations, streams."""

import asyncio
import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image
from tests.servers.base import Part, Recorded, Server

KEY = "test-key-marked-1"
LIVING = {
    "gpt-image-2.6-flare",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-flare-2026-09-08",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2",
    "gpt-image-2-2026-04-21",
    "gpt-image-1.5",
    "gpt-image-1-mini",
    "chatgpt-image-latest",
}
DEAD = {"gpt-image-1", "dall-e-2", "dall-e-3"}
THREE = {"1024x1024", "1536x1024", "1024x1536"}
COMMON = {
    "background",
    "complexity",
    "model",
    "n",
    "output_compression",
    "output_format",
    "partial_images",
    "prompt",
    "quality",
    "safety_identifier",
    "size",
    "stream",
    "user",
}
EDITS = COMMON | {"input_fidelity"}
GENERATIONS = COMMON | {"moderation"}
CHOICES = {
    "background": {"auto", "transparent", "opaque"},
    "complexity": {"low", "medium", "high"},
    "input_fidelity": {"low", "high"},
    "moderation": {"low", "auto"},
    "output_format": {"png", "jpeg", "webp"},
    "quality": {"auto", "low", "medium", "high", "xhigh", "max"},
}
RED = (200, 30, 30)


@dataclass(frozen=True)
class Fault:
    """An answer to give instead of doing the work."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Refused(Exception):
    """What the server answers to a request that breaks a rule."""

    def __init__(self, status: int, code: str | None, message: str, **more: Any) -> None:
        self.status = status
        self.body = error(code, message, **more)
        super().__init__(message)


def error(code: str | None, message: str, **more: Any) -> dict[str, Any]:
    """An error's body in OpenAI's form."""
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return {"error": body | more}


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


class OpenAIServer(Server):
    """Paints what the mask opens in red. The knobs are the attributes set here."""

    def __init__(self) -> None:
        super().__init__()
        self.key = KEY
        self.faults: list[Fault] = []
        """Given out one by one, before anything else happens."""
        self.stall = ""
        """"head": never answers; "partial": falls silent after the first preview."""
        self.usage = True
        self.as_link = False
        self.pictures = 1
        self.damaged: set[int] = set()
        """Which of the pictures have broken base64."""
        self.partials: int | None = None
        """How many previews come at most, whatever was asked for."""
        self.middle: str | None = None
        """A line to send in place of the end of a stream."""
        self.streams = True
        """Whether it honours `stream` at all."""
        self.rigid = False
        """Whether it answers with 1024x1024 whatever was asked for."""
        self.offered = [*sorted(LIVING), "gpt-5.5", "text-embedding-3-large"]
        self.made: bytes = b""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/images/edits", self._edits),
            web.post("/v1/images/generations", self._generations),
            web.get("/v1/models", self._models),
            web.get("/files/made.png", self._file),
        ]

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if early := self._early(request["recorded"]):
            return early
        rows = [
            {"id": each, "object": "model", "created": 1, "owned_by": "system"}
            for each in self.offered
        ]
        return self._json({"object": "list", "data": rows})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        assert "authorization" not in request["recorded"].headers
        return web.Response(body=self.made, content_type="image/png")

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        try:
            if early := self._early(recorded):
                return early
            fields = dict(recorded.fields)
            check_fields(fields, EDITS)
            images = check_images(recorded)
            base = np.array(check_image(images[0], 1).convert("RGB"))
            for number, each in enumerate(images[1:], 2):
                check_image(each, number)
            masks = recorded.files("mask")
            if masks:
                base[check_mask(masks[0], base) == 0] = RED
            return await self._answer(request, fields, base, "image_edit")
        except Refused as refused:
            return self._json(refused.body, refused.status)

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        recorded: Recorded = request["recorded"]
        try:
            if early := self._early(recorded):
                return early
            fields = recorded.json
            check_fields(fields, GENERATIONS)
            return await self._answer(request, fields, None, "image_generation")
        except Refused as refused:
            return self._json(refused.body, refused.status)

    def _early(self, recorded: Recorded) -> web.Response | None:
        if recorded.headers.get("authorization") != f"Bearer {self.key}":
            masked = recorded.headers.get("authorization", "")[7:14]
            raise_to = error("invalid_api_key", f"Incorrect API key provided: {masked}***ed-1.")
            return self._json(raise_to, 401)
        if not self.faults:
            return None
        fault = self.faults.pop(0)
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return web.Response(
            status=fault.status,
            text=text,
            headers={"x-request-id": "req_fault", **fault.headers},
            content_type=fault.content_type,
        )

    async def _answer(
        self,
        request: web.Request,
        fields: Mapping[str, Any],
        base: np.ndarray | None,
        kind: str,
    ) -> web.StreamResponse:
        if self.stall == "head":
            await asyncio.sleep(60)
        width, height = (int(each) for each in fields["size"].split("x"))
        if self.rigid:
            width = height = 1024
        if base is None:
            base = np.full((height, width, 3), RED, np.uint8)
        elif base.shape[:2] != (height, width):
            base = np.array(Image.fromarray(base).resize((width, height)))
        self.made = png(base)
        if str(fields.get("stream", "false")).lower() == "true" and self.streams:
            return await self._stream(request, fields, kind)
        entries = [self._entry(number) for number in range(self.pictures)]
        body = {"created": 1790000000, "data": entries, **echo(fields)}
        if self.usage:
            body["usage"] = usage()
        return self._json(body)

    def _entry(self, number: int) -> dict[str, str]:
        if number in self.damaged:
            return {"b64_json": "not base64!"}
        if self.as_link:
            return {"url": f"{self.url}/files/made.png"}
        return {"b64_json": base64.b64encode(self.made).decode()}

    async def _stream(
        self, request: web.Request, fields: Mapping[str, Any], kind: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream; charset=utf-8", "x-request-id": "req_1"}
        )
        await response.prepare(request)
        asked = int(fields.get("partial_images", 0))
        count = asked if self.partials is None else min(asked, self.partials)
        picture = {"b64_json": base64.b64encode(self.made).decode(), "created_at": 1790000000}
        for number in range(count):
            part = {"partial_image_index": number, **echo(fields)}
            await say(response, f"{kind}.partial_image", {**picture, **part})
            if self.stall == "partial":
                await asyncio.sleep(60)
        if self.middle is not None:
            await response.write(self.middle.encode())
            return response
        if self.pictures:
            end = {**picture, **echo(fields)}
            if self.usage:
                end["usage"] = usage(details=False)
            await say(response, f"{kind}.completed", end)
        return response

    def _json(self, body: Any, status: int = 200) -> web.Response:
        return web.json_response(body, status=status, headers={"x-request-id": "req_1"})


async def say(response: web.StreamResponse, event: str, data: dict[str, Any]) -> None:
    text = json.dumps({"type": event, **data})
    await response.write(f"event: {event}\ndata: {text}\n\n".encode())


def echo(fields: Mapping[str, Any]) -> dict[str, str]:
    """What an answer repeats of the request."""
    return {
        "background": fields.get("background", "opaque"),
        "output_format": fields.get("output_format", "png"),
        "quality": fields.get("quality", "high"),
        "size": fields["size"],
    }


def usage(*, details: bool = True) -> dict[str, Any]:
    counted: dict[str, Any] = {
        "input_tokens": 1130,
        "input_tokens_details": {"text_tokens": 42, "image_tokens": 1088},
        "output_tokens": 6240,
        "total_tokens": 7370,
    }
    if details:
        counted["output_tokens_details"] = {"text_tokens": 0, "image_tokens": 6240}
    return counted


def check_fields(fields: Mapping[str, Any], known: set[str]) -> None:
    """Raise what the real server would say of these fields."""
    for name in fields:
        if name not in known:
            raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    if not fields.get("prompt"):
        raise Refused(
            400,
            "missing_required_parameter",
            "Missing required parameter: 'prompt'.",
            param="prompt",
        )
    if len(fields["prompt"]) > 32_000:
        raise Refused(400, "string_above_max_length", "Too long.", param="prompt")
    model = fields.get("model", "")
    if model in DEAD or model not in LIVING:
        raise Refused(404, "model_not_found", f"The model '{model}' does not exist.")
    for name, allowed in CHOICES.items():
        if name in fields and fields[name] not in allowed:
            raise Refused(400, "invalid_value", f"Invalid value: '{fields[name]}'.", param=name)
    check_model(fields, model)
    for name, low, high in (("n", 1, 10), ("partial_images", 0, 3), ("output_compression", 0, 100)):
        if name in fields and not low <= int(fields[name]) <= high:
            raise Refused(400, "invalid_value", f"Not from {low} to {high}.", param=name)
    if "partial_images" in fields and str(fields.get("stream", "")).lower() != "true":
        raise Refused(400, "invalid_value", "Only with stream.", param="partial_images")
    check_size(fields.get("size", "auto"), model)


def check_model(fields: Mapping[str, Any], model: str) -> None:
    """Raise for what only other models know."""
    fidelity = fields.get("input_fidelity")
    late = model.startswith("gpt-image-2")
    if fidelity and (late or (fidelity == "high" and model == "gpt-image-1-mini")):
        raise Refused(
            400, "invalid_input_fidelity_model", f"{model} does not support input_fidelity."
        )
    finest = model.startswith(("gpt-image-2.5", "gpt-image-2.6"))
    if fields.get("quality") in ("xhigh", "max") and not finest:
        raise Refused(400, "invalid_value", "This model stops at high.", param="quality")
    if "complexity" in fields and not model.startswith("gpt-image-2.6"):
        raise Refused(400, "unknown_parameter", "Unknown parameter.", param="complexity")


def check_size(size: str, model: str) -> None:
    if size == "auto" or size in THREE:
        return
    found = re.fullmatch(r"(\d+)x(\d+)", size)
    if not found or not model.startswith("gpt-image-2"):
        raise Refused(400, "invalid_value", f"Invalid value: '{size}'.", param="size")
    width, height = int(found[1]), int(found[2])
    fits = (
        width % 16 == 0
        and height % 16 == 0
        and max(width, height) <= 3 * min(width, height)
        and max(width, height) <= 3840
        and 655_360 <= width * height <= 8_294_400
    )
    if not fits:
        raise Refused(400, "invalid_value", f"Invalid size '{size}'.", param="size")


def check_images(recorded: Recorded) -> list[Part]:
    """Return the pictures of a form; raises where there are too few or too many."""
    images = recorded.files("image") + recorded.files("image[]")
    if not images:
        raise Refused(400, "missing_required_parameter", "No image.", param="image")
    if len(images) > 16:
        raise Refused(400, "invalid_value", "At most 16 images.", param="image")
    if len(recorded.files("image")) > 1:
        raise Refused(400, "invalid_type", "Use image[] for several.", param="image")
    return images


def check_image(part: Part, number: int) -> Image.Image:
    """Return the picture in *part*; raises what the real server says of a bad one."""
    bad = {"type": "image_generation_user_error"}
    if len(part.data) >= 50 << 20:
        raise Refused(413, None, "Too large.")
    if part.content_type not in ("image/png", "image/webp", "image/jpeg"):
        raise Refused(400, "invalid_image_file", f"Invalid type of image {number}.", **bad)
    try:
        picture = Image.open(io.BytesIO(part.data), formats=("PNG", "WEBP", "JPEG"))
        picture.load()
    except (OSError, SyntaxError) as cause:
        raise Refused(
            400, "invalid_image_file", f"Invalid image file: image {number}.", **bad
        ) from cause
    if picture.mode not in ("RGB", "RGBA", "L"):
        raise Refused(400, "invalid_image_file", f"Invalid mode of image {number}.", **bad)
    return picture


def check_mask(part: Part, base: np.ndarray) -> np.ndarray:
    """Return the alpha of the mask; raises what the real server says of a bad one."""
    bad = {"type": "image_generation_user_error"}
    if len(part.data) >= 4 << 20:
        raise Refused(400, "invalid_mask_image_format", "The mask must be less than 4 MB.", **bad)
    picture = check_image(part, 0)
    if part.content_type != "image/png" or picture.format != "PNG" or picture.mode != "RGBA":
        text = "Invalid mask image format - mask image must have an alpha channel."
        raise Refused(400, "invalid_mask_image_format", text, **bad)
    if picture.size != (base.shape[1], base.shape[0]):
        text = "Invalid mask image format - mask size does not match image size."
        raise Refused(400, "invalid_mask_image_format", text, **bad)
    return np.array(picture)[..., 3]
