"""The Gemini API as Google answers it: generateContent, streamGenerateContent, models.

Refuses what Google refuses: unknown fields, sizes and shapes that a model does not take, models
that are gone, wrong keys. Its own pictures are the first picture it was sent, at the size that was
asked for, painted over where the second is white.
"""

import asyncio
import base64
import binascii
import io
import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from PIL import Image, ImageOps
from tests.servers.base import Server

KEY = "test-key-marked-1"
TEN = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
FOURTEEN = {
    **TEN,
    "1:4": (512, 2048),
    "4:1": (2048, 512),
    "1:8": (384, 3072),
    "8:1": (3072, 384),
}
FIRST = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}


@dataclass(frozen=True)
class Kind:
    """A model: the pictures it makes (none: it only writes), *tiers* of size and its tokens."""

    aspects: dict[str, tuple[int, int]]
    tiers: dict[str, int]
    thinking: tuple[str, ...] = ()


TEXT = Kind({}, {})
MODELS = {
    "gemini-nano-banana-2.1": Kind(
        FOURTEEN, {"1K": 1120, "2K": 1680, "4K": 2520}, ("MINIMAL", "MEDIUM", "HIGH")
    ),
    "gemini-3-pro-image": Kind(TEN, {"1K": 1120, "2K": 1120, "4K": 2000}),
    "gemini-3.1-flash-image": Kind(
        FOURTEEN, {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}, ("MINIMAL", "HIGH")
    ),
    "gemini-3.1-flash-lite-image": Kind(FOURTEEN, {"1K": 1120}),
    "gemini-2.5-flash-image": Kind(FIRST, {}),
    "gemini-3.8-flash": TEXT,
    "gemini-3.5-flash": TEXT,
    "gemini-2.5-flash": TEXT,
}
SCALE = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
CONFIG = {
    "responseModalities",
    "imageConfig",
    "seed",
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "thinkingConfig",
    "responseMimeType",
}
CATEGORIES = {"HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT"}
THRESHOLDS = {
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
}
PICTURES = {"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"}
RPC = "type.googleapis.com/google.rpc."


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    """The body of an error."""
    inner = {"code": code, "message": message, "status": status}
    return {"error": {**inner, "details": list(details)} if details else inner}


def retry_info(delay: str) -> dict[str, Any]:
    return {"@type": f"{RPC}RetryInfo", "retryDelay": delay}


def quota(quota_id: str, value: str = "10") -> dict[str, Any]:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": "gemini"},
        "quotaValue": value,
    }
    return {"@type": f"{RPC}QuotaFailure", "violations": [violation]}


def picture(
    width: int = 64,
    height: int = 48,
    colour: tuple[int, int, int] = (200, 30, 30),
    kind: str = "PNG",
) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


def image(data: bytes, mime: str = "image/png", **more: Any) -> dict[str, Any]:
    """A part with a picture."""
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}, **more}


def reply(*parts: dict[str, Any], finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    """An answer of one candidate; *more* are further fields of the answer."""
    candidate: dict[str, Any] = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "test", "responseId": "answer-1", **more}


class _Refused(Exception):
    def __init__(self, message: str, code: int = 400, status: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.body = error(code, status, message)
        self.code = code


class Gemini(Server):
    """Knobs: set them before, or between, requests.

    *reply*: the whole answer instead of its own; *chunks*: those of a stream, dicts or raw bytes.
    *error*: status and body (dict or text) of every answer. *stall*: say nothing at all;
    *stall_after*: that many chunks of a stream, then nothing. *limit*: bytes of a request.
    *page*: models a page of the list.
    """

    def __init__(self) -> None:
        super().__init__()
        self.key = KEY
        self.reply: dict[str, Any] | list[Any] | None = None
        self.chunks: list[dict[str, Any] | bytes] | None = None
        self.error: tuple[int, dict[str, Any] | list[Any] | str] | None = None
        self.stall = False
        self.stall_after: int | None = None
        self.limit = 20_000_000
        self.page = 3

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/{version}/models", self._list),
            web.get("/{version}/models/{model}", self._get),
            web.post("/{version}/models/{model}:generateContent", self._whole),
            web.post("/{version}/models/{model}:streamGenerateContent", self._stream),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        start = int(request.query.get("pageToken", 0))
        names = list(MODELS)
        end = start + min(self.page, int(request.query.get("pageSize", 50)))
        body: dict[str, Any] = {"models": [self._row(name) for name in names[start:end]]}
        if end < len(names):
            body["nextPageToken"] = str(end)
        return web.json_response(body)

    async def _get(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        return web.json_response(self._row(request.match_info["model"]))

    def _row(self, name: str) -> dict[str, Any]:
        return {
            "name": f"models/{name}",
            "displayName": name.title(),
            "inputTokenLimit": 65_536,
            "outputTokenLimit": 32_768,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }

    async def _whole(self, request: web.Request) -> web.StreamResponse:
        if self.stall:
            await asyncio.sleep(60)
        if refused := self._refused(request):
            return refused
        try:
            answer = self._answer(request)
        except _Refused as refusal:
            return web.json_response(refusal.body, status=refusal.code)
        return web.json_response(answer)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.stall:
            await asyncio.sleep(60)
        if refused := self._refused(request):
            return refused
        try:
            answer = self._answer(request)
        except _Refused as refusal:
            return web.json_response(refusal.body, status=refusal.code)
        chunks = self.chunks if self.chunks is not None else _cut(answer)
        if request.query.get("alt") != "sse":
            return web.json_response(chunks)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, chunk in enumerate(chunks):
            if number == self.stall_after:
                await asyncio.sleep(60)
            if isinstance(chunk, dict):
                await response.write(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
            else:
                await response.write(chunk)
        if self.stall_after is not None and self.stall_after >= len(chunks):
            await asyncio.sleep(60)
        return response

    def _refused(self, request: web.Request) -> web.Response | None:
        """What is answered whatever the request says: the set error, a wrong key, a dead model."""
        if self.error is not None:
            status, body = self.error
            if isinstance(body, str):
                return web.Response(status=status, text=body, content_type="text/html")
            return web.json_response(body, status=status)
        if (request.headers.get("x-goog-api-key") or request.query.get("key")) != self.key:
            info = {
                "@type": f"{RPC}ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
            message = "API key not valid. Please pass a valid API key."
            return web.json_response(error(400, "INVALID_ARGUMENT", message, info), status=400)
        model = request.match_info.get("model")
        if model is not None and (model not in MODELS or request.match_info["version"] != "v1beta"):
            message = (
                f"models/{model} is not found for API version "
                f"{request.match_info['version']}, or is not supported for generateContent."
            )
            return web.json_response(error(404, "NOT_FOUND", message), status=404)
        return None

    def _answer(self, request: web.Request) -> Any:
        recorded = request["recorded"]
        if len(recorded.body) > self.limit:
            raise _Refused("Request payload size exceeds the limit.", 413)
        try:
            body = _camel(json.loads(recorded.body))
        except ValueError as broken:
            raise _Refused("Invalid JSON payload received.") from broken
        model = request.match_info["model"]
        pictures = _validate(body, MODELS[model])
        if self.reply is not None:
            return self.reply
        return _make(body, MODELS[model], model, pictures)


def _validate(body: dict[str, Any], kind: Kind) -> list[Image.Image]:
    """Raise what Google would say; return the pictures that came along."""
    _only(
        body,
        {"contents", "generationConfig", "safetySettings", "systemInstruction", "tools"},
        "",
    )
    if not body.get("contents"):
        raise _Refused("* GenerateContentRequest.contents: contents is not specified")
    pictures = []
    for content in body["contents"]:
        _only(content, {"role", "parts"}, "contents[0]")
        if content.get("role", "user") not in ("user", "model"):
            raise _Refused("Please use a valid role: user, model.")
        if not content.get("parts"):
            raise _Refused("* GenerateContentRequest.contents: contents.parts must not be empty.")
        pictures += [_picture(part) for part in content["parts"] if "inlineData" in part]
        for part in content["parts"]:
            _only(part, {"text", "inlineData", "fileData", "thought", "thoughtSignature"}, "parts")
            if len(part) != 1 or part.get("text") == "":
                raise _Refused("contents.parts.data: required oneof field 'data' must be set")
    if len(pictures) > 14:
        raise _Refused("Too many images.")
    _validate_config(body.get("generationConfig", {}), kind)
    for setting in body.get("safetySettings", []):
        _only(setting, {"category", "threshold"}, "safety_settings[0]")
        if setting["category"].removeprefix("HARM_CATEGORY_") not in CATEGORIES:
            raise _Refused("Invalid value at 'safety_settings[0].category'")
        if setting["threshold"] not in THRESHOLDS:
            raise _Refused("Invalid value at 'safety_settings[0].threshold'")
    return pictures


def _validate_config(config: dict[str, Any], kind: Kind) -> None:
    _only(config, CONFIG, "generation_config")
    modalities = config.get("responseModalities", ["TEXT"])
    if not set(modalities) <= {"TEXT", "IMAGE"}:
        raise _Refused("Invalid value at 'generation_config.response_modalities'")
    if "IMAGE" in modalities and not kind.aspects:
        raise _Refused("Model does not support the requested response modalities: image,text")
    seed = config.get("seed", 0)
    if not isinstance(seed, int) or not -(2**31) <= seed < 2**31:
        raise _Refused("Invalid value at 'generation_config.seed' (TYPE_INT32)")
    if config.get("candidateCount", 1) != 1:
        raise _Refused("Multiple candidates is not enabled for this model")
    for name, highest in (("temperature", 2), ("topP", 1)):
        if not 0 <= config.get(name, 0) <= highest:
            raise _Refused(f"{name} must be in the range [0, {highest}].")
    image_config = config.get("imageConfig", {})
    _only(image_config, {"aspectRatio", "imageSize"}, "generation_config.image_config")
    if "aspectRatio" in image_config and image_config["aspectRatio"] not in kind.aspects:
        raise _Refused("Invalid value for image_config.aspect_ratio")
    if "imageSize" in image_config and image_config["imageSize"] not in kind.tiers:
        raise _Refused("Invalid value for image_config.image_size")
    thinking = config.get("thinkingConfig", {})
    _only(thinking, {"thinkingLevel", "includeThoughts"}, "generation_config.thinking_config")
    if "thinkingLevel" in thinking and thinking["thinkingLevel"].upper() not in kind.thinking:
        raise _Refused("Thinking level is not supported for this model.")


def _only(data: dict[str, Any], known: set[str], where: str) -> None:
    for name in data:
        if name not in known:
            snake = re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)
            at = f" at '{where}'" if where else ""
            refusal = _Refused(
                f'Invalid JSON payload received. Unknown name "{snake}"{at}: Cannot find field.'
            )
            violation = {"field": where, "description": str(refusal)}
            refusal.body["error"]["details"] = [
                {"@type": f"{RPC}BadRequest", "fieldViolations": [violation]}
            ]
            raise refusal


def _picture(part: dict[str, Any]) -> Image.Image:
    blob = part["inlineData"]
    _only(blob, {"mimeType", "data"}, "parts.inline_data")
    if blob.get("mimeType") not in PICTURES:
        raise _Refused(f"Unsupported MIME type: {blob.get('mimeType')}")
    try:
        # Google takes both alphabets; its own SDK sends the URL-safe one.
        text = blob["data"].replace("-", "+").replace("_", "/")
        found = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
        found.load()
    except (binascii.Error, OSError) as broken:
        raise _Refused("Unable to process input image.") from broken
    if f"image/{found.format.lower()}" != blob["mimeType"]:
        raise _Refused("The MIME type is not that of the image.")
    return found


def _camel(data: Any) -> Any:
    """*data* with all names in camelCase: the server takes snake_case as well."""
    if isinstance(data, dict):
        return {
            re.sub(r"_([a-z])", lambda found: found[1].upper(), name): _camel(value)
            for name, value in data.items()
        }
    return [_camel(each) for each in data] if isinstance(data, list) else data


def _make(
    body: dict[str, Any], kind: Kind, model: str, pictures: list[Image.Image]
) -> dict[str, Any]:
    texts = [part["text"] for part in body["contents"][0]["parts"] if "text" in part]
    prompt = 258 * len(pictures) + len(" ".join(texts)) // 4
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": 12}
    if not kind.aspects or body.get("generationConfig", {}).get("responseModalities") == ["TEXT"]:
        parts = [{"text": f"A fuller wish: {texts[0]}."}]
    else:
        made, tokens = _painted(body["generationConfig"].get("imageConfig", {}), kind, pictures)
        parts = [{"text": "Here is the edit."}, image(made, thoughtSignature="c2lnbmVk")]
        usage["candidatesTokenCount"] += tokens
        usage["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": tokens}]
    usage["totalTokenCount"] = usage["promptTokenCount"] + usage["candidatesTokenCount"]
    return {**reply(*parts), "usageMetadata": usage, "modelVersion": model}


def _painted(config: dict[str, str], kind: Kind, pictures: list[Image.Image]) -> tuple[bytes, int]:
    """The first picture at the wanted size, green where the second one is white."""
    tier = config.get("imageSize", "1K")
    default = "1:1"
    if pictures:
        across, down = pictures[0].size
        default = min(
            kind.aspects, key=lambda each: abs(_ratio(kind.aspects[each]) - across / down)
        )
    width, height = kind.aspects[config.get("aspectRatio", default)]
    size = (round(width * SCALE[tier]), round(height * SCALE[tier]))
    made = pictures[0].convert("RGB").resize(size) if pictures else Image.new("RGB", size, "navy")
    if len(pictures) > 1 and pictures[1].mode == "L":
        mask = ImageOps.fit(pictures[1], size)
        made.paste((20, 160, 60), mask=mask)
    file = io.BytesIO()
    made.save(file, "PNG", compress_level=1)
    return file.getvalue(), kind.tiers.get(tier, 1290)


def _ratio(size: tuple[int, int]) -> float:
    return size[0] / size[1]


def _cut(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """*answer* as a stream tells it: part by part, how it ended at last."""
    candidate = (answer.get("candidates") or [{}])[0]
    parts = candidate.get("content", {}).get("parts", [])
    common = {
        name: answer[name]
        for name in ("usageMetadata", "modelVersion", "responseId")
        if name in answer
    }
    chunks = [{**reply(part, finish=None), **common} for part in parts]
    return [*chunks, {**answer, "candidates": [{**candidate, "content": {"role": "model"}}]}]
