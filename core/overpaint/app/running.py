"""Running an edit, with everything that goes over the network written to the history."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from overpaint import budget, runner
from overpaint.app.reach import USUAL, Reach, load_settings, set_up
from overpaint.dialect import Role
from overpaint.errors import FileUnreadable, OverpaintError, SendingForbidden
from overpaint.geometry import Box, Extent
from overpaint.language import _
from overpaint.picture import Source
from overpaint.providers.base import Provider, Reference, Usage
from overpaint.recipe import Edit, Recipe

if TYPE_CHECKING:
    from overpaint.history import Journal
    from overpaint.settings import Settings

__all__ = ["read_references", "run"]


@asynccontextmanager
async def run(
    recipe: Recipe,
    region: Box,
    source: Source,
    *,
    reach: Reach = USUAL,
    references: Sequence[Reference] = (),
    canvas: Extent | None = None,
    document: str = "",
    begun: Callable[[str], None] = lambda _: None,
    keep_free: bool = False,
) -> AsyncIterator[AsyncIterator[runner.Event]]:
    """Run the edit; see :func:`overpaint.runner.run`. *recipe* must have its seed.

    Whatever goes over the network is written to the history as it comes: *canvas* is the size of
    the picture that *region* belongs to, *document* what the user calls it. *begun* is told the
    history's id of the run before a request leaves, in a thread. With *keep_free*, what was made
    without the network is written as well, after all of it was told: nobody waits for that.
    """
    settings = load_settings()
    first = set_up(recipe.provider, recipe.model, reach, settings, with_key=True)
    names = settings.fallback if reach.fallbacks is None else reach.fallbacks
    others = [
        set_up(name, None, USUAL, settings, with_key=True)
        for name in names
        if name != recipe.provider
    ]
    for each in (first, *others):
        _refuse_forbidden(each, settings)
    if not any(each.capabilities.needs_network for each in (first, *others)):
        made = _Drawn() if keep_free else None
        async with runner.run(
            recipe, region, source, first, fallbacks=others, references=references, recorder=made
        ) as events:
            yield events
        if made is not None:
            place = (region, canvas or region.extent, source, document)
            await anyio.to_thread.run_sync(partial(_write_drawn, made, *place, settings))
        return
    from overpaint.history import Journal

    with Journal.open() as journal:
        keeper = _Keeper(journal, region, canvas or region.extent, source, document, begun)

        def afford(estimate: float | None) -> None:
            spent = journal.spent(budget.start_of_day())
            if error := budget.check(estimate, spent, settings.daily_budget):
                raise error

        async with runner.run(
            recipe,
            region,
            source,
            first,
            fallbacks=others,
            references=references,
            recorder=keeper,
            afford=afford,
        ) as events:
            yield events
        _prune(journal, settings)


def _prune(journal: "Journal", settings: "Settings") -> None:
    limits = settings.history
    journal.prune(limits.max_bytes or None, limits.max_days or None)


def _write_drawn(
    made: "_Drawn",
    region: Box,
    canvas: Extent,
    source: Source,
    document: str,
    settings: "Settings",
) -> None:
    """Write to the history what an engine of our own has made."""
    from overpaint.history import Journal

    if made.begun is None:
        return
    # What cannot be written costs nothing to be made again, and is in the window still.
    with suppress(OverpaintError), Journal.open() as journal:
        keeper = _Keeper(journal, region, canvas, source, document, lambda _: None)
        keeper.begin(made.begun)
        for picture in made.pictures:
            keeper.drawn(*picture)
        keeper.finish(None, cancelled=False)
        _prune(journal, settings)


def read_references(
    edit: Edit, paths: Sequence[Path]
) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """Return the pictures in *paths*, and their digests; raises FileUnreadable."""
    from hashlib import sha256

    from overpaint.codec import decode
    from overpaint.errors import AnswerUnusable

    role = Role.STYLE if edit is Edit.STYLE else Role.SUBJECT
    pictures, digests = [], []
    for path in paths:
        try:
            data = path.read_bytes()
            pictures.append(Reference(decode(data), role))
        except OSError as error:
            raise FileUnreadable(
                _("{path} cannot be read: {reason}.").format(
                    path=path, reason=error.strerror or error
                ),
                _("Check the name."),
            ) from error
        except AnswerUnusable as error:
            raise FileUnreadable(
                _("{path} is no picture.").format(path=path), _("Choose a picture file.")
            ) from error
        digests.append(sha256(data).hexdigest())
    return tuple(pictures), tuple(digests)


def _refuse_forbidden(asked: Provider, settings: "Settings") -> None:
    from overpaint.settings import Privacy

    if settings.of(asked.name).privacy is Privacy.NEVER:
        raise SendingForbidden(
            _("The settings say that no picture may be sent to {title}.").format(
                title=_(asked.title)
            ),
            _("Choose another provider, or change its privacy in the settings."),
        )


class _Keeper:
    """Writes a run to the history; see :class:`overpaint.runner.Recorder`.

    State: the id of the run that goes on; with fallbacks one after the other.
    """

    def __init__(
        self,
        journal: "Journal",
        region: Box,
        canvas: Extent,
        source: Source,
        document: str,
        begun: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._region = region
        self._canvas = canvas
        self._source = source
        self._document = document
        self._begun = begun
        self._run = ""

    def begin(self, begun: runner.Begun) -> None:
        from overpaint.history import Framed, Run

        recipe = begun.recipe
        self._run = self._journal.begin(
            Run(
                recipe=recipe,
                provider=recipe.provider,
                model=recipe.model or "",
                region=self._region,
                canvas=self._canvas,
                source=self._source,
                shots=tuple(Framed(shot.box, shot.working) for shot in begun.shots),
                copied=begun.copied,
                prompt=begun.prompt,
                document=self._document,
                estimate=begun.estimate,
            )
        )
        self._begun(self._run)

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        del number, shot  # the server's name for the job is enough to find it
        self._journal.submitted(self._run, remote_id)

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        self._journal.candidate(self._run, number, shot, data)

    def drawn(self, number: int, shot: int, picture: npt.NDArray[np.uint8]) -> None:
        from overpaint.codec import encode_png

        self._journal.candidate(self._run, number, shot, encode_png(picture))

    def usage(self, number: int, usage: Usage) -> None:
        del number
        self._journal.usage(self._run, usage)

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        from overpaint.history import State

        state = State.CANCELLED if cancelled else State.FAILED if error else State.DONE
        self._journal.finish(self._run, state, error)


class _Drawn:
    """Remembers what an engine of our own makes, until there is time to write it down."""

    def __init__(self) -> None:
        self.begun: runner.Begun | None = None
        self.pictures: list[tuple[int, int, npt.NDArray[np.uint8]]] = []

    def begin(self, begun: runner.Begun) -> None:
        """Forget what the one before made, who then failed."""
        self.begun, self.pictures = begun, []

    def drawn(self, number: int, shot: int, picture: npt.NDArray[np.uint8]) -> None:
        self.pictures.append((number, shot, picture))

    def submitted(self, number: int, shot: int, remote_id: str) -> None:
        """Nothing is sent."""

    def candidate(self, number: int, shot: int, data: bytes) -> None:
        """No files arrive."""

    def usage(self, number: int, usage: Usage) -> None:
        """Nothing is charged."""

    def finish(self, error: OverpaintError | None, *, cancelled: bool) -> None:
        """Nothing is open that would have to be closed."""
