"""ByteDance's Seedream, on BytePlus ModelArk and on Volcengine ARK.

One route makes and edits pictures. There is no place for a mask: it goes along as the second
picture, white where pixels change, and words say so. The model is an id of the catalogue, another
one, or an endpoint id (`ep-...`). A key works only in the region that it was made in.

Options:

- `region`: asia, europe (both BytePlus) or china (Volcengine); by default the model's, else asia
- `like`: the id in the catalogue whose abilities an endpoint, or an unknown model, has
- `send_mask` (true): whether the mask goes along; else words alone say what changes
- `upload` (png): the format in which pictures are sent: png, webp or jpeg
- `most_bytes` (10 million): pictures whose file is larger are sent as JPEG
- `response` (b64_json): how the result comes: b64_json, or url
- `output_format` (png): of models that let one choose: png or jpeg
- `optimize` (not sent): what becomes of the prompt there: standard or fast
- `guidance` (the model's): 1 to 10, of the 3.0 models
- `fields`: a table of further fields of the request
"""

import base64
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint import catalogue
from overpaint.catalogue import Output, State
from overpaint.codec import encode_jpeg, encode_png, encode_webp
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import (
    AddressInvalid,
    AnswerUnusable,
    EditUnsupported,
    ModelUnknown,
    NoPicture,
    ProviderFailed,
    RequestRejected,
    Unreachable,
)
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.providers.base import (
    Candidate,
    Capabilities,
    Event,
    Job,
    Notice,
    Progress,
    Setup,
    Usage,
)
from overpaint.providers.exchange import Answer, Exchange, host_of, key_missing, picture_bytes
from overpaint.providers.options import Options
from overpaint.providers.seedream_choice import REGIONS, model_of, region_of, usual_in
from overpaint.providers.seedream_errors import explain, failure_in, meaning
from overpaint.recipe import Edit

if TYPE_CHECKING:
    import httpx

__all__ = ["Seedream"]

Bytes = npt.NDArray[np.uint8]

ROUTE = "images/generations"
MOST_BYTES = 10_000_000
"""Of a picture's file: what the older of two documents allows."""
QUALITIES = (95, 85, 75)
"""Of JPEG, one after the other until a file is small enough."""
LONGEST = 4000
"""Characters: about the 600 English words that the vendor advises."""
FROM_WORDS = frozenset({Edit.GENERATE})


class Seedream:
    """One call a picture; nothing is heard until it is ready."""

    name = "seedream"
    title = "Seedream"

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        """Take a Setup whose base URL ends with /api/v3; raises RequestRejected for an option."""
        self._setup = setup
        self._options = Options(setup.options, self.title)
        self._region = region_of(setup, self._options)
        self._model = model_of(setup, self._options, self._region)

    @property
    def receiver(self) -> str:
        """The host that gets the pixels."""
        return host_of(self._setup.base_url or REGIONS[self._region])

    @property
    def capabilities(self) -> Capabilities:
        can = self._model.features
        edits = frozenset[Edit]()
        if "words" in can:
            edits |= FROM_WORDS
        if "pictures" in can:
            edits |= frozenset(Edit) - FROM_WORDS
        # The one model that takes a single picture cannot get the mask as a second one.
        masked = "several" in can and self._options.flag("send_mask", default=True)
        return Capabilities(
            edits=edits,
            reads_prompt=True,
            copies_pixels=False,
            needs_network=True,
            needs_key=True,
            sizes=self._model.sizes,
            dialect=Dialect(
                instructs=True,
                mask=MaskUse.PICTURE if masked else MaskUse.NONE,
                longest=LONGEST,
            ),
            seed="seed" in can,
            references=self._model.references,
            concurrency=4,
            price=self._model.price,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Yield the picture, and what it cost."""
        exchange = self._exchange(http)
        able = self.capabilities
        if job.edit not in able.edits:
            what = (
                _("takes no pictures") if "pictures" not in self._model.features else _("needs one")
            )
            raise EditUnsupported(
                _("The model {model} {what}, so it cannot {edit}.").format(
                    model=self._model.id, what=what, edit=job.edit.value
                ),
                _("Choose another model."),
            )
        if self._model.state in (State.DEPRECATED, State.DOUBTFUL) and self._model.note:
            yield Notice(_(self._model.note))
        yield Progress(None, _("Sending to {title}").format(title=self.title))
        body = await self._request(job)
        answer = await exchange.post(ROUTE, body)
        data = answer.json()
        entries = data.get("data") if isinstance(data, dict) else None
        entries = entries if isinstance(entries, list) else []
        entries = [each for each in entries if isinstance(each, dict)]
        failures: list[ProviderFailed] = []
        made = 0
        for entry in entries:
            try:
                picture = await self._picture(exchange, answer, entry)
            except ProviderFailed as failure:
                failures.append(failure)
                continue
            made += 1
            yield Candidate(picture)
        yield self._usage(answer, data, entries, body)
        if not made:
            raise failures[0] if failures else self._nothing(answer, data)
        for refused in failures:
            yield Notice(refused.sentence)

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Return that key, region and model are good, asked with a request that lacks a prompt.

        It makes no picture. That the key is looked at before the prompt is not documented.
        """
        exchange = self._exchange(http)
        try:
            await exchange.post(ROUTE, {"model": self._model.id})
        except RequestRejected:
            return _("{title} accepts the key in the region {region}.").format(
                title=self.title, region=self._region
            )
        return _("{title} answers in the region {region}.").format(
            title=self.title, region=self._region
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return what the catalogue lists for the region: the API has no list."""
        del http
        known = catalogue.models(self.name)
        return tuple(
            model.id
            for model in known
            if self._region in model.features and model.state is not State.DEAD
        )

    def _exchange(self, http: "httpx.AsyncClient | None") -> Exchange:
        """Raises KeyMissing without a key, ModelUnknown for a model that cannot be used."""
        model = self._model
        if not self._setup.key:
            raise key_missing(self.title, self.name, "ARK_API_KEY")
        instead = (
            _("Use {model} instead.").format(model=model.successor)
            if model.successor
            else _("Choose another model.")
        )
        if model.state is State.DEAD:
            raise ModelUnknown(
                _(model.note) or _("The model {model} is gone.").format(model=model.id),
                instead,
                successor=model.successor,
            )
        if model.output is not Output.IMAGE:
            raise ModelUnknown(
                _("The model {model} makes no pictures.").format(model=model.id), instead
            )
        places = model.features & set(REGIONS)
        if places and self._setup.base_url is None and self._region not in places:
            usual = usual_in(self._region)
            raise ModelUnknown(
                _("The model {model} is not offered in the region {region}.").format(
                    model=model.id, region=self._region
                ),
                _("Use {model} instead, or set 'region' to {regions}.").format(
                    model=usual.id, regions=" or ".join(sorted(places))
                ),
                successor=usual.id,
            )
        return Exchange(
            http,
            self._setup,
            title=self.title,
            base_url=REGIONS[self._region],
            auth={"authorization": f"Bearer {self._setup.key}"},
            explain=lambda answer: explain(answer, **self._known()),
        )

    def _known(self) -> dict[str, Any]:
        """Return what sentences about errors need to know."""
        return {
            "model": self._model.id,
            "successor": self._model.successor,
            "region": self._region,
        }

    async def _request(self, job: Job) -> dict[str, Any]:
        can = self._model.features
        height, width = job.mask.shape
        body: dict[str, Any] = {
            "model": self._model.id,
            "prompt": job.prompt,
            "size": "adaptive" if "adaptive" in can else f"{width}x{height}",
            "response_format": self._options.choice("response", "b64_json", ("b64_json", "url")),
            # Without this a mark is painted into the picture.
            "watermark": False,
        }
        pictures = [await self._as_url(pixels) for pixels in self._pictures(job)]
        if pictures:
            body["image"] = pictures[0] if len(pictures) == 1 else pictures
        if "group" in can:
            body["sequential_image_generation"] = "disabled"
        if "format" in can:
            body["output_format"] = self._options.choice("output_format", "png", ("png", "jpeg"))
        if "seed" in can:
            body["seed"] = job.seed
        guidance = self._options.fraction("guidance", None, 1, 10)
        if "guidance" in can and guidance is not None:
            body["guidance_scale"] = guidance
        if "optimize" in can and self._options.get("optimize"):
            mode = self._options.choice("optimize", "standard", ("standard", "fast"))
            body["optimize_prompt_options"] = {"mode": mode}
        return body | self._options.table("fields")

    def _pictures(self, job: Job) -> Iterator[Bytes]:
        """Yield what is sent, in the order of which the prompt speaks."""
        if job.edit is not Edit.GENERATE:
            yield job.pixels
            if self.capabilities.dialect.mask is MaskUse.PICTURE:
                yield np.repeat((job.mask > 0)[..., None].astype(np.uint8) * np.uint8(255), 3, 2)
        for reference in job.references:
            yield reference.pixels

    async def _as_url(self, pixels: Bytes) -> str:
        kind = self._options.choice("upload", "png", ("png", "webp", "jpeg"))
        encode = {"png": encode_png, "webp": encode_webp, "jpeg": encode_jpeg}[kind]
        file = await anyio.to_thread.run_sync(encode, pixels)
        most = self._options.number("most_bytes", MOST_BYTES, 1, 1 << 30)
        for quality in QUALITIES:
            if len(file) <= most:
                break
            kind = "jpeg"
            file = await anyio.to_thread.run_sync(encode_jpeg, pixels, quality)
        if len(file) > most:
            raise RequestRejected(
                _("A picture is too large for {title}: {bytes} bytes even as JPEG.").format(
                    title=self.title, bytes=len(file)
                ),
                _("Select less, or choose a model with smaller pictures."),
            )
        return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"

    async def _picture(self, exchange: Exchange, answer: Answer, entry: Mapping[str, Any]) -> bytes:
        """Return the bytes of one entry of the answer; raises ProviderFailed for an error in it."""
        failure = failure_in(entry)
        if failure is not None:
            raise meaning(answer, *failure, **self._known())
        text, url = entry.get("b64_json"), entry.get("url")
        if isinstance(text, str) and text:
            return picture_bytes(text)
        if isinstance(url, str) and url:
            return await self._fetched(exchange, url)
        raise AnswerUnusable(
            _("{title}'s answer holds no picture.").format(title=self.title), _("Try again.")
        )

    async def _fetched(self, exchange: Exchange, url: str) -> bytes:
        try:
            return await exchange.download(url)
        except (Unreachable, AddressInvalid) as error:
            # The picture is paid for: nothing may take this for a request that can be repeated.
            raise AnswerUnusable(
                _("The picture that {title} made cannot be fetched.").format(title=self.title),
                _("Set 'response' to b64_json, so that pictures come with the answer."),
            ) from error

    def _nothing(self, answer: Answer, data: Any) -> ProviderFailed:
        failure = failure_in(data)
        if failure is not None:
            return meaning(answer, *failure, **self._known())
        return NoPicture(
            _("{title} made no picture.").format(title=self.title),
            _("Change the prompt, or try again."),
        )

    def _usage(
        self, answer: Answer, data: Any, entries: list[dict[str, Any]], body: dict[str, Any]
    ) -> Usage:
        """Return what the pictures cost by the catalogue: refused ones cost nothing."""
        used = data.get("usage") if isinstance(data, dict) else None
        used = used if isinstance(used, dict) else {}
        count, tokens = used.get("generated_images"), used.get("output_tokens")
        made = [each for each in entries if failure_in(each) is None]
        cost = None
        if self._model.price is not None:
            number = count if isinstance(count, int) else len(made)
            sizes = [made[0].get("size")] if made else []
            extents = [extent for size in (*sizes, body["size"]) if (extent := _extent(size))]
            sent = body.get("image", [])
            inputs = 1 if isinstance(sent, str) else len(sent)
            # Without any size, as of SeedEdit, all pictures have one price.
            extent = extents[0] if extents else Extent(1, 1)
            cost = self._model.price.estimate(extent, inputs) * number
        return Usage(
            cost=cost,
            output_tokens=tokens if isinstance(tokens, int) else None,
            request_id=answer.headers.get("x-request-id", ""),
        )


def _extent(text: Any) -> Extent | None:
    """Return a size from the answer; the file's own may differ by a few pixels."""
    across, cross, down = str(text).partition("x")
    digits = across + down
    if not cross or not digits.isascii() or not digits.isdecimal() or len(digits) > 12:
        return None
    return Extent(int(across), int(down)) if across.strip("0") and down.strip("0") else None
