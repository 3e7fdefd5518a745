"""The core process: speaks the wire protocol on stdin and stdout until stdin ends.

Started by the shell, once per command. Requests are answered one after the other; cancel and the
end of stdin are heard at any time and end the process at once, whatever is being computed. What
goes over the network gets a moment to take its job back from a server and to be written down.
"""

import contextlib
import io
import os
import sys
import threading
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
import numpy as np
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from overpaint import __version__, app, language, wire
from overpaint.dialect import Role
from overpaint.errors import OverpaintError, Unexpected
from overpaint.geometry import Box, Extent
from overpaint.language import N_, _
from overpaint.mask import Mask, bounds
from overpaint.picture import Pixels, Source
from overpaint.planes import blank, decode, encode
from overpaint.providers.base import Notice, Progress, Reference
from overpaint.recipe import Recipe
from overpaint.runner import Event, Finished, Made, Seen

__all__ = ["main"]

REPORT = N_("Nothing was changed. Please report this with what you were doing.")
WARM_UP_DELAY = 0.05
SHOWS = 128
"""From this opacity on, a pixel of a reference is looked at."""
GRACE = 0.28
"""Seconds after a cancel in which the process ends, whatever happens."""

Following = TypeVar("Following", bound=wire.Message)


def main() -> None:
    """Serve until stdin ends, a cancel arrives, or the shell breaks the protocol."""
    language.speak()
    # Whatever prints to stdout from here on must not end up between two frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, out.fileno()):
            msvcrt.setmode(descriptor, os.O_BINARY)
    anyio.run(_Server(out).run)
    _end(0)


def _end(status: int) -> None:
    # C code that still fills a hole in a thread would otherwise keep the process alive.
    sys.stderr.flush()
    os._exit(status)


@dataclass(slots=True)
class _Server:
    """One conversation. *out* is written to by one task at a time, whole messages.

    *references* came since the last run, *digests* are their names in a recipe.
    """

    out: io.BufferedWriter
    connection: wire.Connection = field(default_factory=lambda: wire.Connection(__version__))
    work: anyio.CancelScope | None = None
    references: list[Reference] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    requests: MemoryObjectReceiveStream[wire.Message] | None = None
    writing: anyio.Lock = field(default_factory=anyio.Lock)
    fetching: anyio.Lock = field(default_factory=anyio.Lock)

    async def run(self) -> None:
        # What plans need is a part of being there: who hears hello may ask at once.
        app.warm_up()
        await self._write(self.connection.hello())
        requests_in, requests_out = anyio.create_memory_object_stream[wire.Message](16)
        async with anyio.create_task_group() as tasks:
            self.work = tasks.cancel_scope
            tasks.start_soon(anyio.to_thread.run_sync, self._listen, requests_in)
            tasks.start_soon(_warm_up)
            self.requests = requests_out
            async with requests_out:
                async for request in requests_out:
                    async for answer in self._answer(request):
                        await self._write(self.connection.send(answer))

    def _listen(self, requests: MemoryObjectSendStream[wire.Message]) -> None:
        """Take requests in as they come; in a thread, so that no computing delays a cancel."""
        stdin = os.fdopen(0, "rb", buffering=0, closefd=False)
        while True:
            with self.connection.room() as room:
                count = stdin.readinto(room)
            if not count:
                return self._stop()
            try:
                self.connection.filled(count)
                while (message := self.connection.next_message()) is not None:
                    if isinstance(message, wire.Cancel):
                        return self._stop()
                    anyio.from_thread.run(requests.send, message)
            except wire.ProtocolError as error:
                sys.stderr.write(f"overpaint: the shell broke the protocol: {error}\n")
                _end(2)

    def _stop(self) -> None:
        """Cancel whatever is under way, and end the process soon even if that hangs."""
        timer = threading.Timer(GRACE, _end, (0,))
        timer.daemon = True
        timer.start()
        assert self.work is not None  # set before anything is listened to
        anyio.from_thread.run_sync(self.work.cancel)

    async def _answer(self, request: wire.Message) -> AsyncIterator[wire.Message]:
        try:
            if isinstance(request, wire.PlanEdit):
                yield _planned(request)
            elif isinstance(request, wire.Reference):
                self._keep(request)
            elif isinstance(request, wire.Ask | wire.Forecast):
                async for answered in self._told_dialog(request):
                    yield answered
            elif isinstance(request, wire.StyleLayers):
                from overpaint import serve_layers

                recipe, references = self._referring(_recipe(request))
                answers = serve_layers.answer(request, recipe, references, self._fetch)
                async for answered in answers:
                    yield answered
            elif isinstance(request, wire.RunEdit):
                source = await self._read(request)
                recipe, references = self._referring(_recipe(request).with_seed())
                region = Box(*request.region)
                canvas = Extent(request.canvas_width, request.canvas_height)
                if request.views:
                    from overpaint import serve_dialogs, views

                    before = views.before(source, request.views)
                    yield serve_dialogs.view(0, "original", before)
                async with app.run(
                    recipe,
                    region,
                    source,
                    references=references,
                    canvas=canvas,
                    document=request.document,
                    # In a dialog what is made is kept by the user or not; elsewhere it always is.
                    keep_free=request.views > 0,
                ) as events:
                    async for event in events:
                        for message in _told(event, source, request):
                            yield message
            elif isinstance(request, wire.Strip):
                pass  # the rest of a run that has failed already, and been told
            else:
                yield _refused(_("A core does not answer {name!r}.").format(name=request.type))
        except OverpaintError as error:
            yield wire.Failure(code=error.code, sentence=error.sentence, hint=error.hint)
        except Exception as error:  # noqa: BLE001, a defect ends one request, told to the user
            traceback.print_exc()
            yield wire.Failure(
                code=Unexpected.code,
                sentence=_("Overpaint met a defect of its own: {kind}: {error}").format(
                    kind=type(error).__name__, error=error
                )[:500],
                hint=_(REPORT),
            )

    async def _told_dialog(self, request: wire.Ask | wire.Forecast) -> AsyncIterator[wire.Message]:
        from overpaint import serve_dialogs

        def answered() -> list[wire.Message]:
            if isinstance(request, wire.Ask):
                return list(serve_dialogs.answers(request))
            return [serve_dialogs.outlook(request, _recipe(request))]

        for message in await anyio.to_thread.run_sync(answered):
            yield message

    def _keep(self, request: wire.Reference) -> None:
        from hashlib import sha256

        from overpaint.hidden import painted_over

        shape = (request.height, request.width, 4)
        rgba = np.frombuffer(request.pixels, np.uint8).reshape(shape)
        rgb = np.ascontiguousarray(rgba[..., :3])
        shows = rgba[..., 3] >= SHOWS
        shown = rgb if shows.all() else painted_over(rgb, shows)
        self.references.append(Reference(shown, Role(request.role)))
        self.digests.append(sha256(rgba.tobytes()).hexdigest())

    def _referring(self, recipe: Recipe) -> tuple[Recipe, tuple[Reference, ...]]:
        """Return the recipe with what came since the last run, which then is used up."""
        references = tuple(self.references)
        recipe = replace(recipe, references=tuple(self.digests))
        self.references.clear()
        self.digests.clear()
        return recipe, references

    async def _fetch(self, layer_id: str) -> wire.LayerPixels:
        """Ask for a layer's pixels; the answer is the next message, whatever else goes on."""
        async with self.fetching:
            await self._write(self.connection.send(wire.LayerWanted(id=layer_id)))
            sent = await self._following(wire.LayerPixels)
        if sent.id != layer_id:
            raise _unexpected(sent.id)
        return sent

    async def _following(self, kind: type[Following]) -> Following:
        """Return the next message, which has to be of that *kind*."""
        assert self.requests is not None  # whoever expects more was asked something
        sent = await self.requests.receive()
        if not isinstance(sent, kind):
            raise _unexpected(sent.type)
        return sent

    async def _read(self, request: wire.RunEdit) -> Source:
        """Take in the strips that follow a run, each while the shell reads the next."""
        width, height = request.region.width, request.region.height
        pixels: Pixels = blank(request.format, (height, width))
        row, there = width * wire.BYTES_PER_PIXEL[request.format], 0
        while there < height:
            strip = (await self._following(wire.Strip)).pixels
            rows, rest = divmod(len(strip), row)
            if rest or not 0 < rows <= height - there:
                raise _unexpected(f"{len(strip)} bytes")
            pixels[there : there + rows] = decode(strip, request.format, (rows, width))
            there += rows
        selected = Box(*request.selected).moved(-request.region.x, -request.region.y)
        selection: Mask = np.zeros((height, width), np.uint8)
        sent = np.frombuffer(request.selection, np.uint8)
        selection[selected.slices] = sent.reshape(selected.height, selected.width)
        shown: Mask | None = None
        if request.shown is not None:
            shown = np.frombuffer(request.shown, np.uint8).reshape(height, width)
        return Source(pixels, selection, shown)

    async def _write(self, buffers: list[wire.Blob]) -> None:
        def write() -> None:
            for buffer in buffers:
                self.out.write(buffer)
            self.out.flush()

        try:
            async with self.writing:
                await anyio.to_thread.run_sync(write)
        except BrokenPipeError:  # the shell is gone; nobody is left to be told
            _end(0)


async def _warm_up() -> None:
    """Import what the first run will need, while the shell reads pixels or the user a dialog."""

    def load() -> None:
        import cv2  # noqa: F401
        import patchmatch  # noqa: F401

    await anyio.sleep(WARM_UP_DELAY)  # a plan that is asked for at once is answered first
    await anyio.to_thread.run_sync(load)


def _unexpected(name: str) -> Unexpected:
    sentence = _("The shell sent {name!r} where pixels were expected.").format(name=name)
    return Unexpected(sentence, _(REPORT))


def _refused(sentence: str) -> wire.Failure:
    return wire.Failure(code=Unexpected.code, sentence=sentence[:500], hint=_(REPORT))


def _planned(request: wire.PlanEdit) -> wire.RegionPlanned:
    recipe = _recipe(request)
    canvas = Extent(request.canvas_width, request.canvas_height)
    region = app.plan(recipe, Box(*request.selection), canvas).region
    return wire.RegionPlanned(
        region=wire.Rectangle(region.x, region.y, region.width, region.height)
    )


def _recipe(
    request: wire.PlanEdit | wire.Forecast | wire.RunEdit | wire.StyleLayers,
) -> Recipe:
    """Return the recipe, with the user's usual provider where it names none."""
    data = dict(request.recipe)
    if "provider" not in data:
        data["provider"] = app.default_provider()
    return Recipe.from_dict(data)


def _told(event: Event, source: Source, request: wire.RunEdit) -> list[wire.Message]:
    """Return *event* as messages; none for what no shell asks for."""
    match event:
        case Progress(fraction, phase):
            return [wire.Progress(fraction=fraction, phase=phase[:200])]
        case Notice(sentence):
            return [wire.Notice(sentence=sentence)]
        case Finished(seconds):
            return [wire.Done(seconds=seconds)]
        case Seen(number, picture) if request.views:
            return _previewed(number, picture, request.views)
        case Made():
            shown = _viewed(event, source, request.views) if request.views else []
            return [*shown, _made(event, source, request)]
        case _:
            return []


def _previewed(number: int, picture: bytes, longest: int) -> list[wire.Message]:
    from overpaint import codec, serve_dialogs, views

    # A picture that is only to be looked at meanwhile is no reason to fail.
    with contextlib.suppress(OverpaintError):
        seen = views.framed(codec.decode(picture), longest)
        return [serve_dialogs.view(number, "preview", seen)]
    return []


def _viewed(made: Made, source: Source, longest: int) -> list[wire.Message]:
    from overpaint import serve_dialogs, views

    return [serve_dialogs.view(made.number, "result", views.result(source, made.patch, longest))]


def _made(made: Made, source: Source, request: wire.RunEdit) -> wire.PatchMade:
    """Return the patch, or of a provider that copies pixels the part that it may have changed."""
    patch = made.patch
    region, pixels, mask, selection = patch.region, patch.pixels, patch.mask, source.selection
    if made.copied:
        box = Box(*request.selected).moved(-region.x, -region.y)
        changed = bounds(mask)
        box = box if changed is None else box.union(changed)
        pixels, mask, selection = pixels[box.slices], mask[box.slices], selection[box.slices]
        region = box.moved(region.x, region.y)
    pixel_format = wire.WITH_ALPHA[request.format]
    same = np.array_equal(mask, selection)
    return wire.PatchMade(
        number=made.number,
        recipe=made.recipe.to_dict(),
        provenance=app.provenance_of(made.recipe).to_dict(),
        region=wire.Rectangle(region.x, region.y, region.width, region.height),
        format=pixel_format,
        pixels=encode(pixels, pixel_format),
        mask=None if same else np.ascontiguousarray(mask).data.cast("B"),
    )


if __name__ == "__main__":
    main()
