"""OpenAI's image models, by the Images API.

Options, all of them optional:

- `quality`: auto, low, medium, high; xhigh and max from 2.5 on. What auto takes costs as high.
- `background`: opaque (the default), auto, transparent.
- `partial_images`: 1 to 3 previews while it draws. Each costs some tokens more, OpenAI does not
  say how many, so that 0 is the default.
- `input_fidelity`: high (the default of gpt-image-1.5, which alone knows it), low, or none.
- `complexity`: low, medium, high: how much a 2.6 model plans.
- `moderation`: auto or low, for pictures from nothing. Whether edits take it is not certain: they
  are sent it only where `moderation_of_edits` is true.
- `sizes`: `three` for the three sizes that every model takes. The 2.x models are sent any
  multiples of 16 otherwise, which OpenAI promises in so many words for 2 and 2.5 only.
- `organization`, `project`: whom to bill, where a key belongs to several.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from overpaint import catalogue
from overpaint.catalogue import Model, Price
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import (
    AnswerUnusable,
    Busy,
    EditUnsupported,
    KeyRejected,
    NoPicture,
    ProviderFailed,
    RequestRejected,
    ServerFault,
)
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.providers.base import (
    Capabilities,
    Event,
    Job,
    Notice,
    Progress,
    Setup,
)
from overpaint.providers.exchange import Answer, Exchange, host_of, key_missing
from overpaint.providers.openai_faults import (
    Problem,
    by_code,
    first_problem,
    require_usable,
    unknown_model,
    warnings,
)
from overpaint.providers.openai_wire import (
    Request,
    deliver,
    flag,
    found_in,
    mask_file,
    picture_file,
    send,
    stream_pictures,
    usage_of,
)
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

if TYPE_CHECKING:
    import httpx

__all__ = ["OpenAI"]

BASE_URL = "https://api.openai.com/v1"
THREE = Sizes(fixed=(Extent(1024, 1024), Extent(1536, 1024), Extent(1024, 1536)))
EXPERIMENTAL = 2560 * 1440
"""Pixels; OpenAI calls larger pictures experimental."""
WISHES = ("quality", "complexity")


class OpenAI:
    """Edits with a mask, and makes pictures from words."""

    name = "openai"
    title = "OpenAI"

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        self._setup = setup
        model, first = catalogue.usual(self.name, setup.model), catalogue.default(self.name)
        if first and model.successor is None and model.id != first.id:
            # What to use instead, should OpenAI not have it.
            model = replace(model, successor=first.id)
        self._model = model

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
            sizes=THREE if self._option("sizes") == "three" else model.sizes,
            dialect=Dialect(instructs=True, mask=MaskUse.FIELD),
            seed=False,
            references=model.references,
            previews=self._partials > 0,
            concurrency=4,
            price=self._price,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Yield the picture and what it cost; previews before, where they are asked for."""
        codes: list[str] = []
        exchange = self._exchange(http, codes)
        require_usable(self._model, self.title)
        if not job.prompt.strip():
            raise EditUnsupported(
                _("{title} cannot work without a prompt.").format(title=self.title),
                _("Say what you want to see."),
            )
        for notice in warnings(self._model):
            yield notice
        height, width = job.pixels.shape[:2]
        if width * height > EXPERIMENTAL:
            yield Notice(
                _("{title} calls pictures of {width}x{height} pixels experimental.").format(
                    title=self.title, width=width, height=height
                )
            )
        yield Progress(None, _("Sending to {title}").format(title=self.title))
        request = await self._request(job)
        try:
            async with aclosing(self._ask(exchange, request)) as events:
                async for event in events:
                    yield event
        except RequestRejected:
            # Refused before any work; the field is a wish that only some models know.
            if codes != ["invalid_input_fidelity_model"] or "input_fidelity" not in request.fields:
                raise
        else:
            return
        async with aclosing(self._ask(exchange, request.without("input_fidelity"))) as events:
            async for event in events:
                yield event

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Ask for the list of models, which costs nothing."""
        exchange = self._exchange(http)
        require_usable(self._model, self.title)
        if self._model.id not in await self._listed(exchange):
            raise unknown_model(self.title, self._model)
        return _("{title} accepts the key and offers {model}.").format(
            title=self.title, model=self._model.id
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return the ids, of those that this key may use, that make pictures."""
        known = {model.id for model in catalogue.models(self.name)}
        listed = await self._listed(self._exchange(http))
        return tuple(each for each in listed if each in known or "image" in each)

    @property
    def _partials(self) -> int:
        wanted = str(self._option("partial_images") or "")
        return min(3, int(wanted)) if wanted.isdecimal() else 0

    @property
    def _price(self) -> Price | None:
        quality = self._option("quality") or "auto"
        return self._model.price if quality == "auto" else self._model.tiers.get(quality)

    def _option(self, name: str) -> Any:
        return self._setup.options.get(name)

    def _exchange(
        self, http: "httpx.AsyncClient | None", codes: list[str] | None = None
    ) -> Exchange:
        """Return the way to OpenAI; the codes of its errors are added to *codes*."""
        if not self._setup.key:
            raise key_missing(self.title, self.name, "OPENAI_API_KEY")
        auth = {"Authorization": f"Bearer {self._setup.key}"}
        for option, header in (
            ("organization", "OpenAI-Organization"),
            ("project", "OpenAI-Project"),
        ):
            if self._option(option):
                auth[header] = str(self._option(option))

        def explain(answer: Answer) -> ProviderFailed:
            problem = first_problem(answer.data())
            if codes is not None:
                codes.append(problem.code if problem else "")
            return _failure(answer, problem, self.title, self._model)

        return Exchange(
            http, self._setup, title=self.title, base_url=BASE_URL, auth=auth, explain=explain
        )

    async def _listed(self, exchange: Exchange) -> list[str]:
        data = (await exchange.get("models")).json()
        rows = data.get("data") if isinstance(data, dict) else None
        if not isinstance(rows, list):
            raise AnswerUnusable(
                _("{title}'s list of models cannot be read.").format(title=self.title),
                _("Check the base URL."),
            )
        return [str(row["id"]) for row in rows if isinstance(row, dict) and row.get("id")]

    async def _request(self, job: Job) -> Request:
        height, width = job.pixels.shape[:2]
        fields: dict[str, Any] = {
            "model": self._model.id,
            "prompt": job.prompt,
            "size": f"{width}x{height}",
            "background": self._option("background") or "opaque",
            "output_format": "png",
        }
        for wish in WISHES:
            if self._option(wish):
                fields[wish] = str(self._option(wish))
        generates = job.edit is Edit.GENERATE
        if self._option("moderation") and (generates or flag(self._option("moderation_of_edits"))):
            fields["moderation"] = str(self._option("moderation"))
        if self._partials:
            fields |= {"stream": True, "partial_images": self._partials}
        if generates and not job.references:
            return Request("images/generations", fields)
        fidelity = self._option("input_fidelity")
        if fidelity is None and "fidelity" in self._model.features:
            fidelity = "high"
        if fidelity and fidelity != "none":
            fields["input_fidelity"] = str(fidelity)
        return Request("images/edits", fields, await self._files(job))

    async def _files(self, job: Job) -> list[tuple[str, tuple[str, bytes, str]]]:
        pictures = [await picture_file(each.pixels, self.title) for each in job.references]
        names = [f"reference{number}.png" for number in range(1, len(pictures) + 1)]
        # A picture made from nothing but references has no place for a mask.
        if job.edit is not Edit.GENERATE:
            pictures.insert(0, await picture_file(job.pixels, self.title))
            names.insert(0, "picture.png")
        # As the official client does: the brackets say that there are several.
        field = "image" if len(pictures) == 1 else "image[]"
        files = [
            (field, (name, file, "image/png")) for name, file in zip(names, pictures, strict=True)
        ]
        if job.edit is not Edit.GENERATE:
            mask = await mask_file(job.mask, transparent=True)
            files.append(("mask", ("mask.png", mask, "image/png")))
        return files

    async def _ask(self, exchange: Exchange, request: Request) -> AsyncGenerator[Event, None]:
        yield Progress(None, _("Waiting for {title}").format(title=self.title))
        check = partial(self._raise_told, exchange)
        deliver_it = partial(self._deliver, exchange)
        if self._partials:
            answers = stream_pictures(
                exchange, request, self.title, self._partials, check, deliver_it
            )
        else:
            answer = await send(exchange, request)
            data = answer.json()
            check(data, answer.body)
            answers = deliver_it(data)
        async with aclosing(answers) as events:
            async for event in events:
                yield event

    def _deliver(self, exchange: Exchange, data: Any) -> AsyncGenerator[Event, None]:
        usage = usage_of(data, exchange.headers.get("x-request-id", ""), self._model.rates)
        nothing = NoPicture(
            _("{title} answered without a picture.").format(title=self.title),
            _("Say it in other words, or try again."),
        )
        return deliver(exchange, found_in(data), usage, nothing)

    def _raise_told(self, exchange: Exchange, data: Any, body: bytes) -> None:
        """Raise what is wrong in an answer that began as if all were well."""
        problem = first_problem(data)
        if problem is None:
            return
        answer = Answer(500, exchange.headers, body, self._setup.key)
        failure = _failure(answer, problem, self.title, self._model)
        if isinstance(failure, Busy):
            # Work had begun: nobody can say that nothing was charged.
            failure = ServerFault(failure.sentence, _("It may have been charged. Try again later."))
        raise failure


def _failure(answer: Answer, problem: Problem | None, title: str, model: Model) -> ProviderFailed:
    said = problem.message.lower() if problem else ""
    if answer.status == 403 and "verif" in said:
        return KeyRejected(
            _("{title} gives {model} only to organizations that it has verified.").format(
                title=title, model=model.id
            ),
            _(
                "Verify yours in its settings at platform.openai.com (it takes effect after some "
                "minutes), or choose another model."
            ),
        )
    if answer.status == 403:
        return KeyRejected(
            _(
                "{title} does not let this key do this: the key may be restricted to other uses, "
                "or the country may not be served."
            ).format(title=title),
            _("Look at the key's permissions at platform.openai.com, or choose another provider."),
        )
    if problem and problem.code == "invalid_image_file":
        return RequestRejected(
            _("{title} cannot read the picture.{told}").format(
                title=title, told=answer.told(problem.message)
            ),
            _("Try again, or choose another model."),
        )
    if problem and problem.code == "invalid_mask_image_format":
        return RequestRejected(
            _("{title} cannot use the mask.{told}").format(
                title=title, told=answer.told(problem.message)
            ),
            _("Try again, or choose another provider."),
        )
    return by_code(answer, problem, title, model)
