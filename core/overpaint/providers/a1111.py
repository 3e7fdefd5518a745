"""Stable Diffusion servers on one's own machine that speak the web UI's API (/sdapi/v1).

AUTOMATIC1111, Forge and its relatives, SD.Next, and stable-diffusion.cpp's server. The model is
the title of a checkpoint that the server has; None is the one it has loaded. The key, needed only
where the server was started with --api-auth, is `user:password`.

Options; `server` as a value leaves the field out, so that the server decides:

- `steps` (25), `cfg` (7.0), `sampler` (server), `scheduler` (server),
  `distilled_cfg` (server; Flux on Forge)
- `native` (1024): the edge, in pixels, of the square that the checkpoint was trained for; 512 for
  Stable Diffusion 1.5. Not guessed from its name, which says nothing reliable.
- `largest` (1.5 times native): the edge of the largest square to send
- `fill`: what the selection holds before the work begins: fill, original, noise or nothing;
  by default fill for removing, original for all else
- `cell` (8): the selection grows to whole cells of so many pixels, which models work in; 1 for not
- `previews` (true): whether to ask for pictures while it works
- `interrupt` (own): on cancelling, stop what the server does: own, always or never
- `settings`: a table of the server's own settings for one picture (its `override_settings`)
- `fields`: a table of further fields of the request, for what a fork needs
"""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import anyio.to_thread
import numpy as np

from overpaint.codec import encode_png
from overpaint.dialect import Dialect, MaskUse
from overpaint.errors import (
    ConnectionLost,
    KeyRejected,
    ModelUnknown,
    NoPicture,
    ProviderFailed,
    RequestRejected,
)
from overpaint.language import N_, _
from overpaint.mask import Mask
from overpaint.providers.a1111_answers import explain, info_of, pictures_of, said
from overpaint.providers.a1111_watch import Sight, Watch
from overpaint.providers.base import (
    Candidate,
    Capabilities,
    Event,
    Job,
    Notice,
    Preview,
    Progress,
    Setup,
    Submitted,
    Timeouts,
)
from overpaint.providers.exchange import Answer, Exchange, host_of, picture_bytes
from overpaint.providers.options import Options
from overpaint.recipe import Edit
from overpaint.sizes import Sizes

if TYPE_CHECKING:
    import httpx

__all__ = ["A1111"]

BASE_URL = "http://127.0.0.1:7860"
API = "sdapi/v1"
POLL = 0.4
"""Seconds between two looks at the progress."""
PATIENCE = Timeouts(connect=5.0, answer=3600.0, total=3600.0)
"""The answer comes when the picture is ready, after silence that is long without a graphics card;
used where the user set no time limits."""
UNSURE = N_(
    "The server does not tell whose picture it works on. Cancelling will not stop it there."
)
FILLS = {"fill": 0, "original": 1, "noise": 2, "nothing": 3}
STRENGTHS = {Edit.INPAINT: 0.8, Edit.REMOVE: 0.9, Edit.VARIATION: 0.5, Edit.STYLE: 0.6}
"""The denoising strength of each edit where the recipe has none."""


class A1111:
    """A web UI's API; each job is one call, watched on a second connection."""

    name = "a1111"
    title = N_("Stable Diffusion server")

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008, a Setup never changes
        """Take a Setup whose base URL is the server's root, default http://127.0.0.1:7860."""
        if setup.timeouts == Timeouts():
            setup = replace(setup, timeouts=PATIENCE)
        base = (setup.base_url or BASE_URL).rstrip("/").removesuffix(f"/{API}")
        self._setup = replace(setup, base_url=base)
        self._options = Options(
            setup.options, _("the Stable Diffusion server"), unset=("", "server")
        )

    @property
    def receiver(self) -> str:
        """The host that gets the pixels."""
        return host_of(self._setup.base_url or BASE_URL)

    @property
    def capabilities(self) -> Capabilities:
        native = self._options.number("native", 1024, 64, 4096)
        largest = self._options.number("largest", round(native * 1.5), native, 8192)
        return Capabilities(
            edits=frozenset(Edit),
            reads_prompt=True,
            copies_pixels=False,
            needs_network=True,
            needs_key=False,
            charges=False,
            sizes=Sizes(
                native=native**2,
                multiple=8,
                min_edge=64,
                max_edge=2 * largest,
                max_pixels=largest**2,
            ),
            dialect=Dialect(instructs=False, negative=True, weights=True, mask=MaskUse.FIELD),
            strength=True,
            previews=True,
        )

    async def run(self, job: Job, http: "httpx.AsyncClient | None") -> AsyncGenerator[Event, None]:
        """Yield progress and previews, then the picture.

        Closing early stops the server's work where it is certain, or as good as, that it works
        on this job; a job that still waits in its queue cannot be taken back.
        """
        exchange = self._exchange(http)
        task = f"overpaint-{uuid4().hex}"
        path, body = await self._request(exchange, job, task)
        watch = Watch(exchange, task, previews=self._options.flag("previews", default=True))
        policy = self._options.choice("interrupt", "own", ("own", "always", "never"))
        await watch.start()
        # A task of its own, because a generator must not yield inside a task group.
        posting = asyncio.create_task(exchange.post(path, body))
        seen, unsure = Sight(), False
        try:
            while not (await asyncio.wait({posting}, timeout=POLL))[0]:
                before, seen = seen, await watch.look()
                if seen.named and not before.named:
                    yield Submitted(task)
                if seen.unsure and policy == "own" and not unsure:
                    unsure = True
                    yield Notice(_(UNSURE))
                for event in _tell(seen):
                    yield event
            response = posting.result()
            answer = response.json()
        finally:
            await _leave(posting, watch, policy)
        pictures = pictures_of(answer)
        if not pictures:
            raise NoPicture(
                _("The server made no picture.{told}").format(told=response.told(said(answer))),
                _("Look at the server's own window for the reason."),
            )
        if await watch.interrupted():
            raise NoPicture(_("The picture was interrupted at the server."), _("Try again."))
        yield Candidate(picture_bytes(pictures[0]))
        seed = info_of(answer).get("seed")
        if isinstance(seed, int) and seed not in (job.seed, -1):
            yield Notice(
                _("The server used the seed {seed} instead of {wanted}.").format(
                    seed=seed, wanted=job.seed
                )
            )

    async def check(self, http: "httpx.AsyncClient") -> str:
        """Return what the server has; raises ProviderFailed, also for a sampler it lacks."""
        exchange = self._exchange(http)
        titles = [names[0] for names in await _checkpoints(exchange)]
        await self._checkpoint(exchange)
        for option, route in (("sampler", "samplers"), ("scheduler", "schedulers")):
            wanted = self._options.get(option)
            known = await _names(exchange, route) if wanted else ()
            if wanted and known and str(wanted).lower() not in map(str.lower, known):
                raise RequestRejected(
                    _("The server has no {option} called {wanted!r}.").format(
                        option=option, wanted=wanted
                    ),
                    _("It has: {names}.").format(names=", ".join(known)),
                )
        host = urlsplit(exchange.base_url).netloc
        return _("The server at {host} answers. It has {count} checkpoints.").format(
            host=host, count=len(titles)
        )

    async def models(self, http: "httpx.AsyncClient") -> tuple[str, ...]:
        """Return the titles of the checkpoints that the server has."""
        return tuple(names[0] for names in await _checkpoints(self._exchange(http)))

    def _exchange(self, http: "httpx.AsyncClient | None") -> Exchange:
        auth = {}
        if self._setup.key:
            if ":" not in self._setup.key:
                raise KeyRejected(
                    _("The key of a Stable Diffusion server is a name and a password."),
                    _(
                        "Write it as user:password in Overpaint's settings, with "
                        "'overpaint keys set a1111' or in A1111_AUTH."
                    ),
                )
            word = base64.b64encode(self._setup.key.encode()).decode()
            auth["authorization"] = f"Basic {word}"
        return Exchange(
            http,
            self._setup,
            title=self.title,
            base_url=BASE_URL,
            auth=auth,
            explain=lambda answer: explain(answer, has_key=bool(self._setup.key)),
        )

    async def _request(self, exchange: Exchange, job: Job, task: str) -> tuple[str, dict[str, Any]]:
        """Return path and body of the call for *job*."""
        options = self._options
        settings = dict(options.table("settings"))
        checkpoint = await self._checkpoint(exchange)
        if checkpoint is not None:
            settings["sd_model_checkpoint"] = checkpoint
        height, width = job.mask.shape
        body: dict[str, Any] = {
            "prompt": job.prompt,
            "negative_prompt": job.negative,
            "seed": job.seed,
            "width": width,
            "height": height,
            "batch_size": 1,
            "n_iter": 1,
            "override_settings": settings,
            "override_settings_restore_afterwards": True,
            "send_images": True,
            "save_images": False,
            "force_task_id": task,
        }
        # stable-diffusion.cpp takes no nulls: what the server is to decide is left out.
        asked = {
            "steps": options.number("steps", 25, 1, 1000),
            "cfg_scale": options.fraction("cfg", 7.0, 0, 1000),
            "sampler_name": options.get("sampler"),
            "scheduler": options.get("scheduler"),
            "distilled_cfg_scale": options.fraction("distilled_cfg", None, 0, 1000),
        }
        body |= {name: value for name, value in asked.items() if value is not None}
        if job.edit is Edit.GENERATE:
            return f"{API}/txt2img", body | options.table("fields")
        strength = STRENGTHS[job.edit] if job.strength is None else job.strength
        body |= {
            "init_images": [await _as_url(job.pixels)],
            "resize_mode": 0,
            "denoising_strength": strength,
            "include_init_images": False,
        }
        if not job.mask.all():
            usual = "fill" if job.edit is Edit.REMOVE else "original"
            cell = options.number("cell", 8, 1, 64)
            body |= {
                "mask": await _as_url(_whole_cells(job.mask, cell)),
                # The plan already made the crop, and the result is blended in by our own mask.
                "mask_blur": 0,
                "inpaint_full_res": False,
                "inpaint_full_res_padding": 0,
                "inpainting_mask_invert": 0,
                "inpainting_fill": FILLS[options.choice("fill", usual, tuple(FILLS))],
            }
        return f"{API}/img2img", body | options.table("fields")

    async def _checkpoint(self, exchange: Exchange) -> str | None:
        """Return the title of the setup's model; raises ModelUnknown.

        Asked beforehand: some servers quietly use another checkpoint, others just fail.
        """
        wanted = self._setup.model
        if wanted is None:
            return None
        try:
            known = await _checkpoints(exchange)
        except RequestRejected:
            return wanted  # it keeps no list
        for names in known:
            if wanted in names:
                return names[0]
        if not known:
            return wanted
        titles = ", ".join(names[0] for names in known[:12])
        raise ModelUnknown(
            _("The server has no checkpoint called {wanted!r}.").format(wanted=wanted),
            _("It has: {titles}.").format(titles=titles),
        )


async def _leave(posting: "asyncio.Task[Answer]", watch: Watch, policy: str) -> None:
    """End the call. Where no answer came the server goes on working, and is stopped."""
    ended = posting.done() and not posting.cancelled()
    if ended and not isinstance(posting.exception(), ConnectionLost):
        return
    posting.cancel()
    with anyio.CancelScope(shield=True), anyio.move_on_after(0.25):
        await asyncio.wait({posting})
        await watch.stop(policy)


def _tell(sight: Sight) -> list[Event]:
    if sight.waiting:
        return [Progress(None, _("Waiting in the server's queue"))]
    events: list[Event] = [Progress(sight.fraction, _("Painting"))]
    if sight.preview is not None:
        events.append(Preview(sight.preview))
    return events


def _whole_cells(mask: Mask, cell: int) -> Mask:
    """Return *mask* as black and white, 255 in each cell in which any pixel changes.

    Models work in cells of the latent picture: one that is only half selected would stay.
    """
    height, width = mask.shape
    padded = np.zeros((-(-height // cell) * cell, -(-width // cell) * cell), np.bool_)
    padded[:height, :width] = mask > 0
    rows, columns = padded.shape[0] // cell, padded.shape[1] // cell
    cells = padded.reshape(rows, cell, columns, cell).any(axis=(1, 3))
    whole = cells.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]
    return whole.astype(np.uint8) * np.uint8(255)


async def _as_url(pixels: Any) -> str:
    file = await anyio.to_thread.run_sync(encode_png, pixels)
    return "data:image/png;base64," + base64.b64encode(file).decode()


async def _checkpoints(exchange: Exchange) -> list[tuple[str, ...]]:
    """Return all names of each checkpoint, its title first."""
    data = (await exchange.get(f"{API}/sd-models")).json()
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    found = []
    for row in rows:
        file = str(row.get("filename") or "").replace("\\", "/").rpartition("/")[2]
        known = [row.get("title"), row.get("model_name"), row.get("hash"), row.get("sha256"), file]
        names = [str(name) for name in known if name]
        if names:
            found.append((*names, names[0].partition(" [")[0]))
    return found


async def _names(exchange: Exchange, route: str) -> tuple[str, ...]:
    """Return the names of what *route* lists, with other names for the same; () if not known."""
    try:
        data = (await exchange.get(f"{API}/{route}")).json()
    except ProviderFailed:
        return ()
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    names = []
    for row in rows:
        aliases = row.get("aliases")
        others = aliases if isinstance(aliases, list) else []
        names += [row.get("name"), row.get("label"), *others]
    return tuple(dict.fromkeys(str(name) for name in names if name))
