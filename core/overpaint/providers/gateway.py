"""Any server that speaks OpenAI's API, or enough of it: gateways, and servers at home.

Options, all of them optional:

- `preset`: xroute, openrouter, vercel, litellm, localai, sdcpp, vllm-omni, sglang, aquiles: what is
  known of such a server (gateway_presets). Without one, its address says which it is, or the
  server is asked whether it has /images/...; where it has not, the picture is asked for by chat.
- `route`: edits, inpainting, images, chat or probe: how to ask, in place of the preset's way.
- `mask`: field or picture: whether the server honours a mask in its field, or is shown it as the
  second picture.
- `modalities`: what chat may answer with; "image,text" unless set, "none" leaves the field out.
- `stream`: whether chat, or OpenRouter's image API, answers as a stream; with previews where
  there are any. OpenRouter's chat does unless told otherwise.
- `native`: the number of pixels that the model was made for, such as 262144 for 512x512.
- `instructs`: whether the model is told what to do (true) or what the picture shows (false).
- `quality`, `background`: as the server has them; `extra`: further fields of its requests.
- `rewrite_model`: the model that rewrites prompts; otherwise the same one.

XRoute documents nothing but its chat: its images and its list of models are found out by asking.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from overpaint import catalogue
from overpaint.catalogue import Model
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import (
    AddressInvalid,
    AnswerUnusable,
    Busy,
    ContentRefused,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    ProviderFailed,
    RecipeInvalid,
    RequestRejected,
    ServerFault,
)
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
from overpaint.providers.gateway_chat import Reply
from overpaint.providers.gateway_faults import Faults
from overpaint.providers.gateway_presets import OWN_KEY, Place, Way, preset_of
from overpaint.providers.gateway_requests import make_request
from overpaint.providers.gateway_talk import talk
from overpaint.providers.openai_faults import require_usable, warnings
from overpaint.providers.openai_wire import (
    Request,
    deliver,
    flag,
    found_in,
    send,
    stream_pictures,
    usage_of,
)
from overpaint.recipe import Edit

if TYPE_CHECKING:
    import httpx

__all__ = ["Gateway"]

LONGEST_REWRITE = 32_000
"""Characters: what a recipe can hold."""
HAS_ROUTE = (400, 415, 422)
"""How a server answers an empty request to an address that it knows."""


class Gateway:
    """Pictures from whatever stands at a base URL, by the way that its preset says."""

    name = "gateway"

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        """Raises ProviderUnknown or RecipeInvalid for a preset or a route that there is not."""
        self._setup = setup
        self._preset = preset_of(setup)
        self._way = self._find_way()
        self._model = self._find_model()
        self._faults = Faults(self._preset, self._model, self._way, setup.key)
        self._routes: dict[str, bool] = {}
        self.title = self._preset.title

    @property
    def receiver(self) -> str:
        """The host that gets the pixels; "" where no address is known."""
        return host_of(self._setup.base_url or self._preset.base_url or "")

    @property
    def key_names(self) -> tuple[str, ...]:
        """The environment variables that may hold the key: one gateway never gets another's."""
        return (*self._preset.keys, OWN_KEY)

    @property
    def capabilities(self) -> Capabilities:
        preset = self._preset
        instructs = self._option("instructs")
        return Capabilities(
            edits=frozenset({Edit.INPAINT, Edit.REMOVE, Edit.VARIATION, Edit.STYLE, Edit.GENERATE}),
            reads_prompt=True,
            copies_pixels=False,
            needs_network=True,
            needs_key=preset.needs_key,
            sizes=self._model.sizes,
            dialect=Dialect(
                instructs=not preset.describes if instructs is None else flag(instructs),
                negative=preset.negative is not Place.NOWHERE,
                mask=MaskUse.PICTURE if self._shows_mask else MaskUse.FIELD,
                longest=preset.longest,
            ),
            seed=preset.seed is not Place.NOWHERE,
            references=self._model.references,
            previews=self._way is Way.IMAGES and flag(self._option("stream")),
            concurrency=preset.concurrency,
            price=self._model.price,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Yield the pictures and what they took."""
        exchange = self._exchange(http)
        self._require_model()
        for notice in warnings(self._model):
            yield notice
        if job.negative and self._preset.negative is Place.BAR and job.edit is not Edit.GENERATE:
            yield Notice(
                _("{title} cannot be told what not to show while it edits.").format(
                    title=self.title
                )
            )
        yield Progress(None, _("Sending to {title}").format(title=self.title))
        way = await self._found_way(job, http)
        request = await make_request(
            job,
            way,
            self._preset,
            self._model,
            self._setup.options,
            shown_mask=self._shows_mask,
        )
        yield Progress(None, _("Waiting for {title}").format(title=self.title))
        async with aclosing(self._answers(exchange, request, way)) as events:
            async for event in events:
                yield event

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Ask what costs nothing: about the key where there is such a question, else for models."""
        exchange = self._exchange(http)
        if self._preset.key_route:
            data = (await exchange.get(self._preset.key_route)).json()
            limits = data.get("data") if isinstance(data, dict) else None
            left = limits.get("limit_remaining") if isinstance(limits, dict) else None
            rest = (
                _(" ${left:.2f} are left.").format(left=left)
                if isinstance(left, int | float)
                else ""
            )
            return _("{title} accepts the key.{rest}").format(title=self.title, rest=rest)
        try:
            ids = await self._listed(exchange)
        except RequestRejected:
            return _(
                "{title} answers. It has no list of models, "
                "so that a key can only be tried with an edit."
            ).format(title=self.title)
        offered = (
            _(" It does not list {model}.").format(model=self._model.id)
            if self._model.id not in ids
            else ""
        )
        return _("{title} answers and lists {count} models.{offered}").format(
            title=self.title, count=len(ids), offered=offered
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return what the server lists; only what makes pictures, where it says so."""
        return tuple(await self._listed(self._exchange(http)))

    async def rewrite(self, http: "httpx.AsyncClient", instructions: str, wish: str) -> str:
        """Return what a language model makes of *wish*; raises ProviderFailed."""
        exchange = self._exchange(http)
        model = str(self._option("rewrite_model") or self._model.id)
        if not model:
            self._require_model()
        # No temperature and no limit: some models refuse the one or the other.
        body = {
            "model": model,
            "messages": [
                {"role": "system", "content": instructions},
                {"role": "user", "content": wish},
            ],
        }
        answer = await exchange.post("chat/completions", body)
        data = answer.json()
        self._faults.raise_told(data, answer.body, started=False)
        reply = Reply()
        reply.take(data if isinstance(data, dict) else {})
        failure = reply.without_picture(self.title, self._faults.told)
        if isinstance(failure, ContentRefused | ServerFault):
            raise failure
        text = reply.text.strip()
        if not text:
            raise AnswerUnusable(
                _("{title} answered without words.").format(title=self.title),
                _("Try another model."),
            )
        return text[:LONGEST_REWRITE]

    # What it is set up as

    def _option(self, name: str) -> Any:
        return self._setup.options.get(name)

    def _find_way(self) -> Way:
        wanted = self._option("route")
        if wanted is None:
            return self._preset.way
        if wanted not in list(Way):
            raise RecipeInvalid(
                _("There is no route called {wanted!r} to a gateway.").format(wanted=wanted),
                _("There are: {names}.").format(names=", ".join(Way)),
            )
        return Way(str(wanted))

    @property
    def _shows_mask(self) -> bool:
        wanted = self._option("mask")
        if self._way not in (Way.EDITS, Way.INPAINTING):
            return True
        if wanted in ("field", "picture"):
            return bool(wanted == "picture")
        ignoring = self._preset.mask_ignored_by
        ignored = any(word in self._model.id.lower() for word in ignoring)
        return ignored or not self._preset.mask_works

    def _find_model(self) -> Model:
        preset = self._preset
        wanted = self._setup.model or preset.model or ""
        model = catalogue.find(self.name, wanted) or Model(
            id=wanted, title=wanted, sizes=preset.sizes, references=preset.references
        )
        native = str(self._option("native") or "")
        if native.isdecimal() and not model.sizes.fixed:
            model = replace(model, sizes=replace(model.sizes, native=int(native)))
        return model

    def _require_model(self) -> None:
        if not self._model.id:
            raise ModelUnknown(
                _("No model is chosen for {title}.").format(title=self.title),
                _("Choose one that it offers with --model; its own documentation lists them."),
            )
        require_usable(self._model, self.title)

    def _exchange(
        self, http: "httpx.AsyncClient | None", statuses: list[int] | None = None
    ) -> Exchange:
        """Return the way to the server; the statuses of its errors are added to *statuses*."""
        preset, key = self._preset, self._setup.key
        if preset.needs_key and not key:
            raise key_missing(self.title, self.key_names[0], *self.key_names)
        address = self._setup.base_url or preset.base_url
        if address is None:
            raise AddressInvalid(
                _("No address is set for the gateway."),
                _("Give its address with --base-url, up to and including /v1."),
            )

        def explain(answer: Answer) -> ProviderFailed:
            if statuses is not None:
                statuses.append(answer.status)
            return self._faults.explain(answer)

        return Exchange(
            http,
            self._setup,
            title=self.title,
            base_url=address,
            auth={"Authorization": f"Bearer {key}"} if key else {},
            explain=explain,
        )

    # How it asks

    async def _found_way(self, job: Job, http: "httpx.AsyncClient | None") -> Way:
        if self._way is not Way.PROBE:
            return self._way
        drawn = job.edit is Edit.GENERATE and not job.references
        path = "images/generations" if drawn else "images/edits"
        if path not in self._routes:
            self._routes[path] = await self._has(path, http)
        return Way.EDITS if self._routes[path] else Way.CHAT

    async def _has(self, path: str, http: "httpx.AsyncClient | None") -> bool:
        """Say whether the server knows *path*: an empty request makes no picture."""
        statuses: list[int] = []
        try:
            await self._exchange(http, statuses).post(path, {})
        except (KeyRejected, Busy):
            if statuses in ([401], [429]):
                raise
        except (RequestRejected, ModelUnknown, ContentRefused, ServerFault, AnswerUnusable):
            pass
        return bool(statuses) and statuses[0] in HAS_ROUTE

    async def _answers(
        self, exchange: Exchange, request: Request, way: Way
    ) -> AsyncGenerator[Event, None]:
        if way is Way.CHAT:
            answers = talk(exchange, request, self.title, self._faults, self._model.rates)
        elif request.fields.get("stream"):
            check = partial(self._faults.raise_told, started=True)
            answers = stream_pictures(
                exchange, request, self.title, 0, check, partial(self._deliver, exchange)
            )
        else:
            answer = await send(exchange, request)
            data = answer.json()
            self._faults.raise_told(data, answer.body, started=False)
            answers = self._deliver(exchange, data)
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

    async def _listed(self, exchange: Exchange) -> list[str]:
        only = {"output_modalities": "image"} if self._preset.filters_models else None
        data = (await exchange.get("models", params=only)).json()
        rows = data.get("data", data.get("models")) if isinstance(data, dict) else data
        if not isinstance(rows, list):
            raise AnswerUnusable(
                _("{title}'s list of models cannot be read.").format(title=self.title),
                _("Check the base URL."),
            )
        return [name for row in rows if (name := _model_name(row))]


def _model_name(row: Any) -> str:
    """Return the id in one row of a list of models; "" for one that makes no pictures."""
    if isinstance(row, str):
        return row
    if not isinstance(row, dict):
        return ""
    architecture = row.get("architecture")
    makes = architecture.get("output_modalities") if isinstance(architecture, dict) else None
    if isinstance(makes, list) and "image" not in makes:
        return ""
    return str(row.get("id") or row.get("name") or row.get("model") or "")
