"""Google's Gemini models, by generateContent of the Gemini API (not Vertex).

There is no place for a mask: it goes along as the second picture, white where pixels change, and
the prompt says so. References follow. Options, all of them optional:

- `stream`: true to get the answer in pieces (streamGenerateContent). The picture comes in one
  piece all the same.
- `send_mask`: false where words alone should say what changes.
- `image_config`: false to ask for no shape and no size, for models that take neither; the picture
  then has the shape of what was sent.
- `image_size`: "512", "1K", "2K" or "4K" where the size of the selection should not decide.
- `modalities`: ["TEXT", "IMAGE"] (the default) or ["IMAGE"].
- `thinking`: "minimal", "medium" or "high", for the models that can be told.
- `safety`: a threshold such as "BLOCK_ONLY_HIGH" for all categories, or a table of category and
  threshold ("HARM_CATEGORY_HARASSMENT").
- `temperature`, `top_p`, `top_k`, `max_output_tokens`: as the API names them.
- `max_request_mb`: the largest request, 20 (a million bytes each). Google says that it takes 100
  since January 2026, and 20 in older places.
- `text_model`: who rewrites prompts; by default the catalogue's first current text model.
- `api_version`: "v1beta".
"""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint import catalogue
from overpaint.catalogue import Model, Output, Price, State
from overpaint.codec import encode_png, encode_webp
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import (
    AnswerUnusable,
    Busy,
    EditUnsupported,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.providers.base import Candidate, Capabilities, Event, Job, Notice, Progress, Setup
from overpaint.providers.exchange import Answer, Exchange, host_of, key_missing
from overpaint.providers.gemini_wire import Reading, chunks_of, explain, unknown_model, usage_of
from overpaint.providers.options import Options
from overpaint.recipe import Edit

if TYPE_CHECKING:
    import httpx

__all__ = ["Gemini"]

BASE_URL = "https://generativelanguage.googleapis.com"
TIERS = {"512": 300_000, "1K": 1_200_000, "2K": 4_800_000, "4K": 19_200_000}
"""Up to how many pixels each imageSize serves: a seventh more than it has, 7 % of an edge."""
HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
MAX_PAGES = 50


class Gemini:
    """Edits by instruction, makes pictures from words, and rewrites prompts."""

    name = "gemini"
    title = "Google Gemini"

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        self._setup = setup
        self._options = Options(setup.options, self.title)
        model = _model(setup.model)
        self._model = replace(model, price=_at(model.price, self._options.get("image_size")))

    @property
    def receiver(self) -> str:
        """The host that gets the pixels."""
        return host_of(self._setup.base_url or BASE_URL)

    @property
    def capabilities(self) -> Capabilities:
        model = self._model
        return Capabilities(
            edits=frozenset({Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE, Edit.GENERATE}),
            reads_prompt=True,
            copies_pixels=False,
            needs_network=True,
            needs_key=True,
            sizes=model.sizes,
            dialect=Dialect(
                instructs=True,
                mask=MaskUse.PICTURE
                if self._options.flag("send_mask", default=True)
                else MaskUse.NONE,
            ),
            seed=False,  # it is sent, but the API promises nothing
            references=model.references,
            concurrency=4,
            price=model.price,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Yield what the model made, and what it took.

        Raises ModelUnknown for a model that is gone and EditUnsupported for one that only writes,
        both before anything is sent.
        """
        exchange = self._exchange(http, self._model)
        self._require_usable(job)
        yield Progress(None, _("Sending to {title}").format(title=self.title))
        pictures = self._pictures(job)
        body = await anyio.to_thread.run_sync(self._body, job, pictures)
        reading = Reading()
        try:
            async with aclosing(self._ask(exchange, self._model, body)) as chunks:
                async for chunk in chunks:
                    if not reading.began:
                        yield Progress(None, _("{title} answers").format(title=self.title))
                    for picture in reading.add(chunk):
                        yield Candidate(picture, reading.words)
        except ProviderFailed as error:
            if reading.began and isinstance(error, Busy):
                # Some of it was made, and may be charged: nothing to repeat by itself.
                error = ServerFault(error.sentence, _("It may have been charged. Try again later."))
            for picture in reading.end():
                yield Candidate(picture, reading.words)
            if not reading.pictures:
                raise error from None
            yield Notice(
                _("After the picture something went wrong: {sentence}").format(
                    sentence=error.sentence
                )
            )
        else:
            for picture in reading.end():
                yield Candidate(picture, reading.words)
        yield usage_of(reading, self._model, _extent(job), len(pictures))
        if not reading.pictures:
            raise reading.damage or reading.failure(self.title, self._setup.key)
        if reading.damage:
            yield Notice(
                _("{title} sent one more picture, which cannot be read.").format(title=self.title)
            )

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Look the model up, which costs nothing; also one that the catalogue calls dead."""
        exchange = self._exchange(http, self._model)
        data = (await exchange.get(self._path(self._model.id))).json()
        methods = data.get("supportedGenerationMethods") if isinstance(data, dict) else None
        if isinstance(methods, list) and "generateContent" not in methods:
            raise unknown_model(self._model, self.title)
        return _("{title} accepts the key and offers {model}.").format(
            title=self.title, model=self._model.id
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return the ids of all models that can be asked, those that only write among them."""
        exchange = self._exchange(http, self._model)
        found: list[str] = []
        params = {"pageSize": "1000"}
        for _page in range(MAX_PAGES):
            data = (await exchange.get(f"{self._version}/models", params=params)).json()
            rows = data.get("models", []) if isinstance(data, dict) else None
            if not isinstance(rows, list):
                raise AnswerUnusable(
                    _("The list of models cannot be read."), _("Check the base URL.")
                )
            for row in rows:
                if isinstance(row, dict) and isinstance(row.get("name"), str):
                    methods = row.get("supportedGenerationMethods", ["generateContent"])
                    if "generateContent" in methods:
                        found.append(row["name"].removeprefix("models/"))
            token = data.get("nextPageToken")
            if not isinstance(token, str) or not token:
                break
            params["pageToken"] = token
        return tuple(found)

    async def rewrite(self, http: "httpx.AsyncClient", instructions: str, wish: str) -> str:
        """Return what a text model makes of *wish*, told by *instructions* how to go about it."""
        model = self._writer()
        exchange = self._exchange(http, model)
        if model.state is State.DEAD:
            raise unknown_model(model, self.title)
        body = {
            "contents": [{"role": "user", "parts": [{"text": wish}]}],
            "systemInstruction": {"role": "user", "parts": [{"text": instructions}]},
        }
        reading = Reading()
        async with aclosing(self._ask(exchange, model, body)) as chunks:
            async for chunk in chunks:
                # Pictures are of no use here.
                for _picture in reading.add(chunk):
                    pass
        if not reading.words:
            raise reading.failure(self.title, self._setup.key)
        return reading.words

    def _writer(self) -> Model:
        chosen = self._options.get("text_model")
        if chosen:
            known = catalogue.find(self.name, str(chosen).removeprefix("models/"))
            return known or replace(_model(str(chosen)), output=Output.TEXT)
        if self._model.output is Output.TEXT:
            return self._model
        return next(
            model
            for model in catalogue.models(self.name)
            if model.output is Output.TEXT and model.state is State.CURRENT
        )

    def _exchange(self, http: "httpx.AsyncClient | None", model: Model) -> Exchange:
        if not self._setup.key:
            raise key_missing(self.title, self.name, "GEMINI_API_KEY", "GOOGLE_API_KEY")
        return Exchange(
            http,
            self._setup,
            title=self.title,
            base_url=BASE_URL,
            auth={"x-goog-api-key": self._setup.key},
            explain=lambda answer: explain(answer, self.title, model),
        )

    def _require_usable(self, job: Job) -> None:
        model = self._model
        if model.state is State.DEAD:
            raise unknown_model(model, self.title, Output.IMAGE)
        if model.output is Output.TEXT:
            default = catalogue.default(self.name)
            raise EditUnsupported(
                _("{model} writes text and makes no pictures.").format(model=model.id),
                _("Use {other} instead.").format(other=default.id)
                if default
                else _("Choose another model."),
            )
        if not job.prompt.strip():
            raise EditUnsupported(
                _("{title} cannot work without a prompt.").format(title=self.title),
                _("Say what you want to see."),
            )
        if len(job.references) > model.references:
            raise EditUnsupported(
                _("{model} takes {most} references, not {count}.").format(
                    model=model.id, most=model.references, count=len(job.references)
                ),
                _("Leave some out, or choose another model."),
            )

    async def _ask(
        self, exchange: Exchange, model: Model, body: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the answer, or the chunks of it."""
        path = self._path(model.id)
        if not self._options.flag("stream", default=False):
            answer = await exchange.post(f"{path}:generateContent", body)
            for chunk in chunks_of(answer.json()):
                yield self._accepted(chunk, model)
            return
        asking = exchange.stream(f"{path}:streamGenerateContent", body, params={"alt": "sse"})
        async with aclosing(asking) as events:
            async for event in events:
                for chunk in chunks_of(event.json()):
                    yield self._accepted(chunk, model)

    def _accepted(self, chunk: dict[str, Any], model: Model) -> dict[str, Any]:
        """Return *chunk*; raises what it means where it is an error after all."""
        if "error" in chunk:
            answer = Answer(200, {}, json.dumps(chunk).encode(), self._setup.key)
            raise explain(answer, self.title, model)
        return chunk

    def _pictures(self, job: Job) -> list[npt.NDArray[np.uint8]]:
        """Return what goes along, in the order that the words count on."""
        pictures = [reference.pixels for reference in job.references]
        if job.edit is Edit.GENERATE:
            return pictures
        if self.capabilities.dialect.mask is MaskUse.PICTURE:
            # A pixel counts as changed from 1 on; a model would take dark grey for "keep".
            pictures.insert(0, np.where(job.mask > 0, np.uint8(255), np.uint8(0)))
        return [job.pixels, *pictures]

    def _body(self, job: Job, pictures: list[npt.NDArray[np.uint8]]) -> dict[str, Any]:
        modalities = self._options.get("modalities", ["TEXT", "IMAGE"])
        config: dict[str, Any] = {
            "responseModalities": [modalities] if isinstance(modalities, str) else modalities,
            "seed": job.seed,
        }
        image = self._image_config(_extent(job))
        if image:
            config["imageConfig"] = image
        config |= self._numbers()
        thinking = self._options.get("thinking")
        if thinking:
            config["thinkingConfig"] = {"thinkingLevel": str(thinking).upper()}
        body: dict[str, Any] = {"generationConfig": config}
        safety = self._options.get("safety", {})
        if isinstance(safety, str):
            safety = {f"HARM_CATEGORY_{harm}": safety for harm in HARMS}
        elif not isinstance(safety, Mapping):
            raise self._options.unusable("safety", safety, _("a threshold, or a table of them"))
        if safety:
            body["safetySettings"] = [
                {"category": category, "threshold": threshold}
                for category, threshold in safety.items()
            ]
        room = int(1e6 * self._options.fraction("max_request_mb", 20, 0.001, 100))
        room -= len(json.dumps(body)) + len(json.dumps(job.prompt)) + 1000
        parts = [{"text": job.prompt}, *self._files(pictures, room)]
        return {"contents": [{"role": "user", "parts": parts}], **body}

    def _numbers(self) -> dict[str, Any]:
        options = self._options
        numbers = {
            "temperature": options.fraction("temperature", None, 0, 2),
            "topP": options.fraction("top_p", None, 0, 1),
            "topK": options.number("top_k", None, 1, 1000),
            "maxOutputTokens": options.number("max_output_tokens", None, 1, 1 << 20),
        }
        return {name: number for name, number in numbers.items() if number is not None}

    def _image_config(self, extent: Extent) -> dict[str, str]:
        """Return the shape nearest to *extent*, and the smallest size that serves it."""
        config: dict[str, str] = {}
        if not self._options.flag("image_config", default=True):
            return config
        features = self._model.features
        aspects = sorted(each for each in features if ":" in each)
        if aspects:
            wanted = log(extent.width / extent.height)
            config["aspectRatio"] = min(aspects, key=lambda each: abs(_log_ratio(each) - wanted))
        sizes = [size for size in TIERS if size in features]
        chosen = self._options.get("image_size")
        if chosen is not None:
            config["imageSize"] = str(chosen)
        elif len(sizes) > 1:
            serving = (size for size in sizes if extent.pixels <= TIERS[size])
            config["imageSize"] = next(serving, sizes[-1])
        return config

    def _files(self, pictures: list[npt.NDArray[np.uint8]], room: int) -> list[dict[str, Any]]:
        """Return *pictures* as parts of at most *room* bytes, without loss."""
        parts = [_part("image/png", encode_png(picture)) for picture in pictures]
        if _size(parts) > room:
            # Ten times as slow to make, a third smaller.
            parts = [
                part if picture.ndim == 2 else _part("image/webp", encode_webp(picture))
                for part, picture in zip(parts, pictures, strict=True)
            ]
        if _size(parts) > room:
            raise RequestRejected(
                _("The pictures take more than {title} receives at once.").format(title=self.title),
                _(
                    "Select less, leave out references, or raise the option max_request_mb: Google "
                    "says that it takes 100 by now."
                ),
            )
        return parts

    @property
    def _version(self) -> str:
        return str(self._options.get("api_version", "v1beta"))

    def _path(self, model_id: str) -> str:
        name = model_id if model_id.startswith("tunedModels/") else f"models/{model_id}"
        return f"{self._version}/{quote(name, safe='/')}"


def _model(model_id: str | None) -> Model:
    return catalogue.usual("gemini", model_id and model_id.removeprefix("models/"))


def _at(price: Price | None, size: object) -> Price | None:
    """Return *price* where every picture is of that imageSize, whatever its pixels."""
    if price is None or size not in TIERS:
        return price
    fitting = [cost for pixels, cost in price.steps if TIERS[str(size)] <= pixels]
    cost = fitting[0] if fitting else price.steps[-1][1]
    return Price(steps=((TIERS["4K"], cost),), per_input=price.per_input)


def _extent(job: Job) -> Extent:
    height, width = job.pixels.shape[:2]
    return Extent(width, height)


def _log_ratio(aspect: str) -> float:
    across, _, down = aspect.partition(":")
    return log(int(across) / int(down))


def _part(kind: str, file: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(file).decode("ascii")}}


def _size(parts: list[dict[str, Any]]) -> int:
    return sum(len(part["inlineData"]["data"]) + 100 for part in parts)
