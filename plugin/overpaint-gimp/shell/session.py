"""One edit as its dialog drives it: what will be sent, what came back, what is kept. No widgets.

State: a forecast that is wanted or under way; the crop as it was read, and as it was shown last,
with the request; a run that is under way or over; the candidates of all runs, numbered on, the
oldest let go where they become too large; a landing is looked for only when the user keeps
something. The document changes in :meth:`Session.keep` only. All calls, and all calls of the
listener, are in the caller's thread.
"""

from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Dict, List, Optional, Sequence

import wire
from gimpfu import gimp
from shell import canvas, changes, messages, result_layers
from shell.conversation import Conversation

__all__ = ["Listener", "Request", "Session"]

ROOM = 1 << 30
"""Bytes of the candidates of earlier runs that are kept, with those of the last."""
CROP = 720
"""Longest side of the crop in a dialog, in pixels: more than a window shows at first, for one that
is made larger, and for fine screens.
"""
WORDS = ("prompt", "negative", "parts", "seed")
"""What a recipe may say otherwise without another crop being sent, or at another price."""


class Listener:
    """What a dialog is told. Each method may be overridden; none has to be."""

    def outlook(self, outlook: wire.Outlook) -> None:
        """What would be sent now."""

    def progress(self, fraction: Optional[float], phase: str) -> None:
        """How far the run is."""

    def view(self, view: wire.View) -> None:
        """What the crop was, what a candidate looks like so far, or how it would lie."""

    def candidate(self, number: int) -> None:
        """A candidate is there to be kept."""

    def gone(self, number: int) -> None:
        """A candidate of an earlier run was let go: there was no room for all."""

    def ended(self, notices: List[str]) -> None:
        """The run is over, all is there."""

    def trouble(self, error: messages.ShellError) -> None:
        """The run failed; the document is as it was."""

    def unforeseen(self, error: messages.ShellError) -> None:
        """What would be sent cannot be said, because a run would fail as well."""


@dataclass(frozen=True)
class Request:
    """What the user wants: the recipe, the name of the new layers, pictures that go along."""

    recipe: Dict[str, Any]
    name: str
    roles: Sequence[str] = ()


@dataclass(frozen=True)
class _Crop:
    target: canvas.Target
    region: wire.Rectangle
    width: int
    height: int
    pixels: bytes
    selection: bytes


@dataclass(frozen=True)
class _Run:
    """What its candidates were made of; *source* is there once it was read."""

    target: canvas.Target
    name: str
    first: int
    source: Optional[canvas.RegionRead] = None


@dataclass(frozen=True)
class _Candidate:
    run: _Run
    patch: wire.PatchMade


class Session:
    """One image and layer, one conversation with a core."""

    def __init__(
        self,
        image: Any,
        layer: Any,
        conversation: Conversation,
        listener: Listener,
        or_everything: bool = False,
        mask: Any = None,
        over: Any = None,
    ) -> None:
        """With *or_everything*, no selection means all of the layer; *mask* is a layer whose mask
        takes the place of the selection. What is kept goes above *over*, by default the layer.
        """
        self._image = image
        self._layer = layer
        self._or_everything = or_everything
        self._mask = mask
        self._over = over
        self._talk = conversation
        self._listener = listener
        self._crop: Optional[_Crop] = None
        self._shown: Optional[_Crop] = None
        self._told: Optional[Request] = None
        self._wanted: Optional[Request] = None
        self._forecasting = False
        self._run: Optional[_Run] = None
        self._candidates: Dict[int, _Candidate] = {}
        self._notices: List[str] = []
        self.running = False

    # -- what would be sent ------------------------------------------------------------------------

    def foresee(self, request: Request) -> None:
        """Have the listener told what *request* would send; of several in a row only the last."""
        self._wanted = request
        self._foresee()

    def _foresee(self) -> None:
        request = self._wanted
        if request is None or self._forecasting or self.running:
            return
        self._wanted = None
        try:
            target = self._examined()
        except messages.ShellError as error:
            self._listener.unforeseen(error)
            return
        self._forecasting = True

        def planned(answer: wire.RegionPlanned) -> None:
            try:
                crop = self._cropped(target, answer.region)
            except RuntimeError as error:  # what GIMP's own refusals are
                failed(messages.document_gone(str(error)))
                return
            forecast = wire.Forecast(
                recipe=request.recipe,
                canvas_width=target.canvas_width,
                canvas_height=target.canvas_height,
                region=crop.region,
                selected=target.selection,
                selection=crop.selection,
                width=crop.width,
                height=crop.height,
                pixels=crop.pixels,
                roles=list(request.roles),
            )
            self._talk.ask(forecast, partial(foreseen, crop), failed)

        def foreseen(crop: _Crop, outlook: wire.Outlook) -> None:
            self._forecasting = False
            self._shown, self._told = crop, request
            self._listener.outlook(outlook)
            self._foresee()

        def failed(error: messages.ShellError) -> None:
            self._forecasting = False
            self._listener.unforeseen(error)
            self._foresee()

        self._talk.ask(self._plan(request, target), planned, failed)

    def _examined(self) -> canvas.Target:
        try:
            return canvas.examine(self._image, self._layer, self._or_everything, self._mask)
        except messages.ShellError:
            raise
        except RuntimeError as error:  # the image or the layer is gone
            raise messages.document_gone(str(error)) from error

    def _cropped(self, target: canvas.Target, region: wire.Rectangle) -> _Crop:
        """Return the crop, read anew only where it is another: typing must stay smooth."""
        kept = self._crop
        if kept is None or kept.target.selection != target.selection or kept.region != region:
            selection = canvas.read_selection(target).in_bytes
            self._crop = kept = _Crop(target, region, *canvas.look(target, region, CROP), selection)
        return kept

    def look_anew(self) -> None:
        """Let the next forecast read the crop anew: the document may have changed."""
        self._crop = None

    def is_as_shown(self) -> bool:
        """Tell whether what is selected is still what the listener was shown last; raises
        DocumentUnsuitable.
        """
        crop, target = self._shown, self._examined()
        if crop is None:
            return False
        same = crop.target.selection == target.selection
        return same and crop.selection == canvas.read_selection(target).in_bytes

    def is_foreseen(self, request: Request) -> bool:
        """Tell whether what the listener was told last is what *request* would send, whatever its
        words.
        """
        return self._told is not None and _framing(self._told) == _framing(request)

    def overlaid(self) -> bool:
        """Tell whether earlier results that can be seen lie on the crop's layer, which alone is
        looked at.
        """
        crop = self._shown
        if crop is None:
            return False
        results = result_layers.results_on(crop.target.layer)
        return any(each.visible and _meets(each, crop.region) for each in results)

    @staticmethod
    def _plan(request: Request, target: canvas.Target) -> wire.PlanEdit:
        return wire.PlanEdit(
            recipe=request.recipe,
            canvas_width=target.canvas_width,
            canvas_height=target.canvas_height,
            selection=target.selection,
        )

    # -- a run -------------------------------------------------------------------------------------

    def run(self, request: Request, references: Sequence[wire.Reference] = ()) -> None:
        """Start a run of what is selected now; raises DocumentUnsuitable, and then nothing is.

        Its candidates are numbered on from those before it, which can still be kept.
        """
        target = self._examined()
        self.running = True
        first = max(self._candidates, default=-1) + 1
        self._run, self._notices = _Run(target, request.name, first), []

        def planned(answer: wire.RegionPlanned) -> None:
            try:
                selected = canvas.read_selection(target)
                source = canvas.read(target, answer.region, selected)
                self._run = _Run(target, request.name, first, source)
            except RuntimeError as error:  # what GIMP's own refusals are
                failed(messages.document_gone(str(error)))
                return
            run = wire.RunEdit(
                recipe=request.recipe,
                canvas_width=target.canvas_width,
                canvas_height=target.canvas_height,
                document=(self._image.name or "")[:300],
                region=answer.region,
                format=source.format,
                selected=source.selected.box,
                selection=source.selected.in_bytes,
                shown=source.shown,
                views=CROP,
            )
            self._talk.ask(run, ended, failed, self._part, references)
            try:
                for strip in canvas.strips(target, source):
                    self._talk.reply(wire.Strip(pixels=strip))
            except RuntimeError as error:
                self._talk.close()  # it would wait for the rest
                failed(messages.document_gone(str(error)))

        def ended(_done: wire.Done) -> None:
            if not any(number >= first for number in self._candidates):  # it did not fit
                failed(messages.core_nonsense())
                return
            self.running = False
            self._listener.ended(self._notices)
            self._foresee()

        def failed(error: messages.ShellError) -> None:
            self.running = False
            self._listener.trouble(error)
            self._foresee()

        self._talk.ask(self._plan(request, target), planned, failed)

    def _part(self, message: wire.Message) -> None:
        if isinstance(message, wire.Progress):
            self._listener.progress(message.fraction, message.phase)
        elif isinstance(message, wire.Notice):
            self._notices.append(message.sentence)
        elif isinstance(message, wire.View) and self._run is not None:
            self._listener.view(replace(message, number=self._run.first + message.number))
        elif isinstance(message, wire.PatchMade) and self._run is not None:
            self._keep_candidate(self._run, message)

    def _keep_candidate(self, run: _Run, patch: wire.PatchMade) -> None:
        source = run.source
        fits = (
            source is not None
            and source.region.contains(patch.region)
            and patch.region.contains(source.selected.box)
        )
        if not fits:
            return
        number = run.first + patch.number
        self._candidates[number] = _Candidate(run, patch)
        sizes = {each: len(made.patch.pixels) for each, made in self._candidates.items()}
        for oldest in sorted(sizes):
            if sum(sizes.values()) <= ROOM or oldest >= run.first:
                break
            del sizes[oldest], self._candidates[oldest]
            self._listener.gone(oldest)
        self._listener.candidate(number)

    def cancel(self) -> None:
        """Stop the run; what has arrived of it can still be kept."""
        if self.running:
            self.running = False
            self._forecasting = False
            self._talk.close()

    # -- what is kept ------------------------------------------------------------------------------

    def keep(self, numbers: Sequence[int]) -> Any:
        """Add these candidates to the image, in one step to undo; return the new layer, or the
        group of several; of those of several runs, the last.

        Raises ShellError where that cannot be, and then what was not added yet is not. What has
        changed meanwhile is told as a message of GIMP's.
        """
        chosen = [self._candidates[number] for number in sorted(numbers)]
        layer, sentences = None, []
        with changes.one_step(chosen[0].run.target.image):
            for _first, group in groupby(chosen, lambda each: each.run.first):
                candidates = list(group)
                run = candidates[0].run
                assert run.source is not None  # it has candidates
                landing = changes.landing(run.target, self._over)
                patches = [landing.moved_patch(each.patch) for each in candidates]
                source = landing.moved(run.source)
                layer = result_layers.insert(landing.spot, source, patches, run.name, grouped=True)
                sentences += landing.sentences
        gimp.displays_flush()
        for sentence in dict.fromkeys(sentences):
            gimp.message(sentence)
        return layer


def _framing(request: Request) -> Any:
    apart = {name: value for name, value in request.recipe.items() if name not in WORDS}
    return apart, list(request.roles)


def _meets(layer: Any, region: wire.Rectangle) -> bool:
    x, y = layer.offsets
    across = x < region.x + region.width and region.x < x + layer.width
    return bool(across and y < region.y + region.height and region.y < y + layer.height)
