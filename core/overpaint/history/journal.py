"""The journal: what is written when, so that no crash loses a picture that was paid for.

    journal.sqlite3            what is asked of history: states, costs, words
    2026-11/abcd2345/run.json  a run's facts, and
                     source    its pixels and masks: both on disk before its request leaves
                     02-000.png    candidate 2, shot 0, as it came: whole or not there
                     running   held for as long as the run's process lives

A candidate is a file first and a row second; files without rows are adopted. All calls are
synchronous, safe from several threads, and from several processes at once.
"""

import re
import secrets
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from overpaint import places
from overpaint.errors import HistoryProblem, OverpaintError, RunUnknown
from overpaint.history import database
from overpaint.history.belonging import Image, belonging
from overpaint.history.ledger import Ended, Ledger, Slot, UsageLike
from overpaint.history.records import Facts, Kept, Record, Run, State, Told
from overpaint.language import _

if TYPE_CHECKING:
    from overpaint.picture import Source

__all__ = ["Journal", "Pruned"]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 without letters that look like digits, as Crockford has it."""
LOOKALIKES = str.maketrans("oil", "011")
ID_LENGTH = 8
DATABASE, MENDING, TRASH = "journal.sqlite3", "mending", "trash"
FACTS, SOURCE, RUNNING = "run.json", "source", "running"
CANDIDATE = re.compile(r"(\d{2,})-(\d{3,})\.[a-z]+")
KINDS = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
RESERVE = 64 << 20
"""Bytes that must be free before a request leaves: what comes back must find room."""
SETTLED = 3600.0
"""Seconds after which a folder without a row is no run that is just beginning."""
USERINFO = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed."""

    runs: int
    bytes: int


class Journal:
    """History, open for reading and writing. What cannot be done raises HistoryProblem.

    Where a candidate cannot be kept, the edit should go on and say so: what is in memory can
    still be placed. Where a run cannot even begin, nothing should be sent that costs money.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        """Call :meth:`open` instead."""
        self.folder = folder
        self._ledger = ledger
        self._held: dict[str, places.Hold] = {}
        self._folders: dict[str, Path] = {}

    @classmethod
    def open(cls, folder: Path | None = None) -> "Journal":
        """Open the history in *folder*, by default the user's; runs cut off are put in order.

        A damaged database is set aside, and made again from what lies beside it.
        """
        folder = folder or places.data_folder() / "history"
        with database.mapped(folder):
            places.make_private(folder)
            try:
                journal = cls(folder, Ledger(folder, database.connect(folder / DATABASE)))
            except sqlite3.Error as error:
                if not database.is_damage(error):
                    raise
                journal = cls._mended(folder)
        journal.recover()
        return journal

    def close(self) -> None:
        """Let go of everything; runs that have not been finished count as interrupted."""
        for hold in self._held.values():
            hold.release()
        self._held.clear()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Writing, in the order in which it happens.

    def begin(self, run: Run) -> str:
        """Store all that is known of *run* and return its id: before its request is sent."""
        from overpaint.history.planes import pack

        planes = {"pixels": run.source.pixels, "selection": run.source.selection}
        if run.source.shown is not None:
            planes["shown"] = run.source.shown
        source = pack(planes)
        with database.mapped(self.folder):
            self._need_room(len(source))
            now = datetime.now(UTC)
            run_id, folder = self._new_folder(now)
            hold = places.Hold(folder / RUNNING)
            try:
                facts = Facts.of(run, run_id, now.timestamp())
                written = facts.to_json().encode()
                places.write_whole(folder / SOURCE, source)
                places.write_whole(folder / FACTS, written)
                self._ledger.begin(facts, folder, len(source) + len(written), State.RUNNING)
            except BaseException:
                hold.release()
                shutil.rmtree(folder, ignore_errors=True)
                raise
        self._held[run_id], self._folders[run_id] = hold, folder
        return run_id

    def submitted(self, run_id: str, remote_id: str) -> None:
        """Note that the server took a job, and how it calls it."""
        self._ledger.submitted(run_id, remote_id)

    def candidate(self, run_id: str, number: int, shot: int, data: bytes, text: str = "") -> Path:
        """Write what came for one shot of candidate *number*; when this returns, it is safe.

        *data* is the file's bytes as they came, *text* what the model said beside it. The same
        bytes may come twice; others for the same number and shot raise ValueError.
        """
        # Known by heart since it began: not even a database that fails may lose a candidate.
        folder = self._folders.get(run_id) or self._ledger.folder(run_id)
        if folder is None:
            raise RunUnknown(
                _("History has no run {run!r:.40}.").format(run=run_id),
                _("It may have been removed."),
            )
        path = folder / f"{number:02}-{shot:03}{_suffix(data)}"
        with database.mapped(self.folder):
            there = next(folder.glob(f"{path.stem}.*"), None)
            if there is not None and there.read_bytes() != data:
                raise ValueError(f"run {run_id} has another candidate {number}, shot {shot}")
            if there is None:
                places.write_whole(path, data)
        # From here on nothing is lost: whoever looks for candidates adopts files without rows.
        with suppress(HistoryProblem):
            self._ledger.keep(run_id, (number, shot), path, len(data), text)
        return path

    def usage(self, run_id: str, usage: UsageLike) -> None:
        """Note what a job of the run took."""
        self._ledger.usage(run_id, usage)

    def finish(self, run_id: str, state: State, error: OverpaintError | None = None) -> None:
        """Note how the run ended."""
        told = None
        if error is not None:
            said = (USERINFO.sub("", text) for text in (error.sentence, error.hint))
            told = Told(error.code, *said)
        try:
            self._ledger.finish(run_id, state, told)
        finally:
            if hold := self._held.pop(run_id, None):
                hold.release()

    # Reading.

    def runs(
        self,
        limit: int | None = 20,
        search: str = "",
        *,
        provider: str | None = None,
        state: State | None = None,
        since: datetime | None = None,
        image: Image | None = None,
    ) -> list[Record]:
        """Return the newest runs first; every word of *search* must be found in one.

        Words are looked for in id, edit, prompts, provider, model and the picture's name. With
        *image* only those that were made of it.
        """
        self.recover()
        words = search.casefold().split()
        if image is None:
            return self._ledger.search(words, provider, state, since, limit)
        known = self._ledger.search([], None, None, None, None)
        found = self._ledger.search(words, provider, state, since, None)
        return belonging(image, known, found)[:limit]

    def record(self, run_id: str) -> Record:
        """Return the run of that id, or whose id alone starts so; raises RunUnknown."""
        start = run_id.strip().lower().translate(LOOKALIKES)
        usable = bool(start) and set(start) <= set(ALPHABET)
        found = self._ledger.starting_with(start) if usable else []
        if not found:
            raise RunUnknown(
                _("History has no run {run!r:.40}.").format(run=run_id),
                _("'overpaint history list' shows them."),
            )
        if len(found) > 1:
            raise RunUnknown(
                _("More than one run in history starts with {run!r:.40}.").format(run=run_id),
                _("Type more of its id."),
            )
        return found[0]

    def source(self, run_id: str) -> "Source":
        """Return the pixels and masks that the run was given, exactly."""
        from overpaint.history.planes import unpack
        from overpaint.picture import Source

        file = self.record(run_id).folder / SOURCE
        with database.mapped(self.folder):
            data = file.read_bytes()
        try:
            planes = unpack(data)
            return Source(planes["pixels"], planes["selection"], planes.get("shown"))
        except (KeyError, ValueError) as error:
            raise HistoryProblem(
                _("{file} is damaged: {error}.").format(file=file, error=error),
                _("What the provider returned can still be had, with 'overpaint history export'."),
            ) from error

    def candidates(self, run_id: str) -> list[Kept]:
        """Return what is on disk of the run's candidates, by their number."""
        record = self.record(run_id)
        there = self._adopt(record.id, record.folder)
        said = {(number, shot): text for number, shot, text in self._ledger.texts(record.id)}
        shots = set(range(len(record.facts.shots)))
        files: dict[int, dict[int, Path]] = {}
        for number, shot in sorted(there):
            files.setdefault(number, {})[shot] = there[number, shot]
        return [
            Kept(
                number=number,
                files=found,
                complete=shots <= set(found),
                text="\n".join(filter(None, (said.get((number, shot)) for shot in found))),
            )
            for number, found in files.items()
        ]

    def spent(self, since: datetime) -> float:
        """Return the US dollars that went since then, rather too many than too few.

        Where no answer told the price of a run that may have been charged, its estimate counts:
        it is running, was cut off or cancelled, or its provider counts nothing.
        """
        return self._ledger.spent(since.timestamp())

    def export(self, run_id: str, folder: Path) -> list[Path]:
        """Write the run's facts with its recipe, and its pictures, to *folder*; return the files.

        Candidates go out as they came, source and selection as 8-bit PNGs to look at. Raises
        FileUnwritable, also where one of the files is there already.
        """
        from overpaint.history import export

        record = self.record(run_id)
        source = None
        with suppress(HistoryProblem):  # what was paid for comes out all the same
            source = self.source(record.id)
        with database.mapped(self.folder):
            return export.write(record, self.candidates(record.id), source, folder)

    # Tidying.

    def recover(self) -> list[str]:
        """Mark runs whose process is gone as interrupted, adopt their files; return their ids."""
        found = []
        for run_id, folder in self._ledger.running():
            if places.is_held(folder / RUNNING):
                continue
            self._adopt(run_id, folder)
            if self._ledger.interrupt(run_id):
                found.append(run_id)
            with suppress(OSError):
                (folder / RUNNING).unlink(missing_ok=True)
        return found

    def prune(self, max_bytes: int | None = None, max_days: float | None = None) -> Pruned:
        """Remove the oldest runs beyond these limits; what was spent stays known.

        Those that cost nothing go first. None and 0 are no limit. Runs at work are left alone,
        and the newest that ended stays.
        """
        self.recover()
        oldest = time.time() - max_days * 86400 if max_days else 0.0
        total, beyond = 0, []
        ended = self._ledger.ended()
        for run in sorted(ended, key=lambda each: each is not ended[0] and bool(each[-1])):
            _id, _folder, size, began, _free = run
            total += size
            too_much = total > max_bytes if max_bytes else False
            if run is not ended[0] and (too_much or began < oldest):
                beyond.append(run)
        return self._remove(beyond)

    def remove(self, run_id: str) -> Pruned:
        """Remove one run; what was spent stays known. Raises RunUnknown, also while it works."""
        self.recover()
        record = self.record(run_id)
        chosen = [run for run in self._ledger.ended() if run[0] == record.id]
        if not chosen:
            raise RunUnknown(
                _("Run {run} is still at work.").format(run=record.id),
                _("Stop it, or wait until it has ended."),
            )
        return self._remove(chosen)

    def clear(self) -> Pruned:
        """Remove all runs but those at work; what was spent lately stays known."""
        self.recover()
        pruned = self._remove(self._ledger.ended())
        self._ledger.forget_spending()
        with database.mapped(self.folder):
            for file in self.folder.glob(f"{DATABASE}.damaged-*"):
                file.unlink(missing_ok=True)
        return pruned

    def _remove(self, runs: list[Ended]) -> Pruned:
        trash = self.folder / TRASH
        with database.mapped(self.folder):
            places.make_private(trash)
            for run_id, folder, *_ in runs:
                # Out of sight first: a crash then leaves nothing that could be adopted again.
                with suppress(FileNotFoundError):
                    (self.folder / folder).rename(trash / f"{run_id}-{secrets.token_hex(4)}")
                self._ledger.remove(run_id)
            shutil.rmtree(trash, ignore_errors=True)
            self._sweep()
        return Pruned(len(runs), sum(size for _, _, size, *_ in runs))

    def _sweep(self) -> None:
        """Remove folders of runs that never began, and months without runs."""
        for folder in _run_folders(self.folder):
            empty = self._ledger.folder(folder.name) is None and not _on_disk(folder)
            if empty and time.time() - folder.stat().st_mtime > SETTLED:
                shutil.rmtree(folder, ignore_errors=True)
        for month in self.folder.glob("????-??"):
            with suppress(OSError):  # it holds runs
                month.rmdir()

    # How.

    @classmethod
    def _mended(cls, folder: Path) -> "Journal":
        """Set a damaged database aside and fill a new one from the runs' folders."""
        with places.alone(folder / MENDING):
            file = folder / DATABASE
            try:
                connection = database.connect(file)  # another process may have been faster
            except sqlite3.Error as error:
                if not database.is_damage(error):
                    raise
                _set_aside(file)
                connection = database.connect(file)
            journal = cls(folder, Ledger(folder, connection))
            for run_folder in _run_folders(folder):
                journal._adopt_run(run_folder)
        return journal

    def _adopt_run(self, folder: Path) -> None:
        if self._ledger.folder(folder.name) is not None:
            return
        try:
            facts = Facts.from_json((folder / FACTS).read_bytes())
        except (OSError, ValueError):  # what is no run is left alone
            return
        if facts.id != folder.name:
            return
        written = [folder / name for name in (FACTS, SOURCE)]
        size = sum(file.stat().st_size for file in written if file.exists())
        self._ledger.begin(facts, folder, size, State.RUNNING)
        self._adopt(facts.id, folder)
        complete = any(kept.complete for kept in self.candidates(facts.id))
        if complete and not places.is_held(folder / RUNNING):
            self._ledger.finish(facts.id, State.DONE, None)

    def _adopt(self, run_id: str, folder: Path) -> dict[Slot, Path]:
        """Give rows to candidates that are on disk only; return all that are there."""
        with database.mapped(self.folder):
            files = _on_disk(folder)
            known = {(number, shot) for number, shot, _ in self._ledger.texts(run_id)}
            for slot in sorted(set(files) - known):
                self._ledger.keep(run_id, slot, files[slot], files[slot].stat().st_size)
        return files

    def _need_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < RESERVE + size:
            raise HistoryProblem(
                _(
                    "Only {megabytes} MB are free where history is kept, in {folder}: too "
                    "little to be sure that results can be saved."
                ).format(megabytes=free >> 20, folder=self.folder),
                _(database.ROOM),
            )

    def _new_folder(self, now: datetime) -> tuple[str, Path]:
        while True:
            run_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
            folder = self.folder / f"{now:%Y-%m}" / run_id
            if self._ledger.folder(run_id) is None and not folder.exists():
                places.make_private(folder)
                return run_id, folder


def _run_folders(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("????-??/*") if path.is_dir())


def _on_disk(folder: Path) -> dict[Slot, Path]:
    """Return the candidates' files in a run's folder; what was cut off while written is none."""
    if not folder.is_dir():
        return {}
    found = ((CANDIDATE.fullmatch(path.name), path) for path in folder.iterdir())
    return {(int(match[1]), int(match[2])): path for match, path in found if match}


def _suffix(data: bytes) -> str:
    return next((suffix for start, suffix in KINDS.items() if data.startswith(start)), ".bin")


def _set_aside(file: Path) -> None:
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        with suppress(FileNotFoundError):
            part.rename(file.with_name(f"{file.name}.damaged-{stamp}{suffix}"))
