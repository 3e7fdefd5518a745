"""The journal's rows: all of its SQL. Files are the journal's own business.

Each call is one transaction, from any thread; what fails raises HistoryProblem.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from overpaint.history import database
from overpaint.history.records import Facts, Record, State, Told

__all__ = ["Ended", "Ledger", "Slot", "UsageLike"]

Slot: TypeAlias = tuple[int, int]
"""The number of a candidate, and that of one of its shots."""
Ended: TypeAlias = tuple[str, str, int, float, int | None]
"""A run that is over: id, folder, bytes, when it began, and whether it cost nothing for sure."""

REMEMBERED = 2 * 86400.0
"""Seconds for which spending is known at least, whatever is removed: it is limited by the day."""

_RECORDS = """
    SELECT r.facts, r.state, r.ended, r.bytes, r.folder,
        (SELECT count(DISTINCT number) FROM candidate WHERE candidate.run = r.id),
        (SELECT sum(cost) FROM usage WHERE usage.run = r.id),
        (SELECT group_concat(remote_id, char(10)) FROM submission WHERE submission.run = r.id),
        r.error_code, r.error_sentence, r.error_hint
    FROM run AS r"""

# What runs may have cost beyond what their answers told: after these errors, nobody knows.
_GUESSES = """
    CREATE TEMP VIEW guesses AS
    SELECT r.id, r.provider, r.began, max(0, r.estimate - coalesce(u.known, 0)) AS guess
    FROM run AS r
    LEFT JOIN (SELECT run, sum(cost) AS known FROM usage GROUP BY run) AS u ON u.run = r.id
    WHERE r.estimate > 0 AND (
        r.state IN ('running', 'interrupted', 'cancelled')
        OR (r.state = 'done' AND u.known IS NULL)
        OR (r.state = 'failed' AND r.error_code IN
            ('connection-lost', 'timed-out', 'server-fault', 'answer-unusable', 'unexpected')))"""


class UsageLike(Protocol):
    """What :class:`overpaint.providers.base.Usage` is to history."""

    @property
    def cost(self) -> float | None: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def request_id(self) -> str: ...


class Ledger:
    """The rows of the history in *folder*; folders of runs are named relative to it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._home = folder
        self._connection = connection
        self._lock = threading.Lock()
        connection.execute(_GUESSES)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def begin(self, facts: Facts, folder: Path, size: int, state: State) -> None:
        """Add a run, unless it is known."""
        self._write(
            "INSERT OR IGNORE INTO run"
            " (id, began, state, folder, provider, estimate, bytes, words, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            facts.id,
            facts.began,
            state.value,
            folder.relative_to(self._home).as_posix(),
            facts.provider,
            facts.estimate,
            size,
            facts.words,
            facts.to_json(),
        )

    def submitted(self, run_id: str, remote_id: str) -> None:
        self._write("INSERT INTO submission VALUES (?, ?, ?)", run_id, remote_id, time.time())

    def keep(self, run_id: str, slot: Slot, file: Path, size: int, text: str = "") -> None:
        """Add a candidate's file, unless it is known."""
        with self._writing():
            added = self._execute(
                "INSERT OR IGNORE INTO candidate VALUES (?, ?, ?, ?, ?, ?, ?)",
                run_id,
                *slot,
                file.name,
                size,
                text,
                time.time(),
            )
            if added.rowcount:
                self._execute("UPDATE run SET bytes = bytes + ? WHERE id = ?", size, run_id)
            elif text:  # another process saw the file first
                self._execute(
                    "UPDATE candidate SET text = ? WHERE run = ? AND number = ? AND shot = ?",
                    text,
                    run_id,
                    *slot,
                )

    def usage(self, run_id: str, usage: UsageLike) -> None:
        self._write(
            "INSERT INTO usage SELECT id, provider, ?, ?, ?, ?, ? FROM run WHERE id = ?",
            time.time(),
            usage.cost,
            usage.input_tokens,
            usage.output_tokens,
            usage.request_id,
            run_id,
        )

    def finish(self, run_id: str, state: State, error: Told | None) -> None:
        self._write(
            "UPDATE run SET state = ?, ended = ?, error_code = ?, error_sentence = ?,"
            " error_hint = ? WHERE id = ?",
            state.value,
            time.time(),
            *((None,) * 3 if error is None else (error.code, error.sentence, error.hint)),
            run_id,
        )

    def interrupt(self, run_id: str) -> bool:
        """Mark a run as interrupted; return False where it has been finished meanwhile."""
        changed = self._write(
            "UPDATE run SET state = 'interrupted', ended = ? WHERE id = ? AND state = 'running'",
            time.time(),
            run_id,
        )
        return changed > 0

    def folder(self, run_id: str) -> Path | None:
        """Return the folder of the run with exactly that id, None where there is none."""
        rows = self._read("SELECT folder FROM run WHERE id = ?", run_id)
        return self._home / rows[0][0] if rows else None

    def running(self) -> list[tuple[str, Path]]:
        rows = self._read("SELECT id, folder FROM run WHERE state = 'running'")
        return [(run_id, self._home / folder) for run_id, folder in rows]

    def ended(self) -> list[Ended]:
        """Return all runs that are over, the newest first, and whether they cost nothing."""
        return self._read(
            "SELECT id, folder, bytes, began, estimate = 0 AND NOT EXISTS"
            " (SELECT 1 FROM usage WHERE usage.run = run.id AND usage.cost > 0)"
            " FROM run WHERE state != 'running' ORDER BY began DESC, id"
        )

    def texts(self, run_id: str) -> list[tuple[int, int, str]]:
        """Return number, shot and text of each of the run's candidates that is known."""
        return self._read("SELECT number, shot, text FROM candidate WHERE run = ?", run_id)

    def search(
        self,
        words: list[str],
        provider: str | None,
        state: State | None,
        since: datetime | None,
        limit: int | None,
    ) -> list[Record]:
        """Return the newest runs first, those that hold all *words* (in lower case)."""
        wanted = ["1", *("instr(r.words, ?)" for _ in words)]
        values: list[Any] = list(words)
        for condition, value in (
            ("r.provider = ?", provider),
            ("r.state = ?", state and state.value),
            ("r.began >= ?", since and since.timestamp()),
        ):
            if value is not None:
                wanted.append(condition)
                values.append(value)
        return self._records(" AND ".join(wanted), values, limit)

    def starting_with(self, start: str) -> list[Record]:
        """Return at most two of the runs whose ids start so."""
        return self._records("substr(r.id, 1, ?) = ?", [len(start), start], 2)

    def spent(self, since: float) -> float:
        """Return what answers told, and the guesses where they did not, in US dollars."""
        with self._reading():
            told = self._execute("SELECT total(cost) FROM usage WHERE at >= ?", since)
            known = told.fetchone()[0]
            guesses = self._execute("SELECT total(guess) FROM guesses WHERE began >= ?", since)
            return float(known + guesses.fetchone()[0])

    def remove(self, run_id: str) -> None:
        """Forget a run, but not what it may have cost."""
        with self._writing():
            self._execute(
                "INSERT INTO usage (run, provider, at, cost, request_id)"
                " SELECT id, provider, began, guess, '' FROM guesses"
                " WHERE id = ? AND guess > 0",
                run_id,
            )
            self._execute("DELETE FROM run WHERE id = ?", run_id)

    def forget_spending(self) -> None:
        """Remove what was spent before yesterday, and leave no trace of removed rows."""
        self._write("DELETE FROM usage WHERE at < ?", time.time() - REMEMBERED)
        self._read("PRAGMA wal_checkpoint(TRUNCATE)")

    def _records(self, wanted: str, values: list[Any], limit: int | None) -> list[Record]:
        rows = self._read(
            f"{_RECORDS} WHERE {wanted} ORDER BY r.began DESC, r.id LIMIT ?",
            *values,
            -1 if limit is None else limit,
        )
        return [self._record(row) for row in rows]

    def _record(self, row: tuple[Any, ...]) -> Record:
        facts, state, ended, size, folder, count, cost, remote_ids, *told = row
        return Record(
            facts=Facts.from_json(facts),
            state=State(state),
            ended=None if ended is None else datetime.fromtimestamp(ended, UTC),
            count=count,
            cost=cost,
            bytes=size,
            folder=self._home / folder,
            error=None if told[0] is None else Told(*told),
            remote_ids=tuple(remote_ids.split("\n")) if remote_ids else (),
        )

    def _read(self, statement: str, *values: Any) -> list[Any]:
        with self._reading():
            return self._execute(statement, *values).fetchall()

    def _write(self, statement: str, *values: Any) -> int:
        """Return how many rows were changed."""
        with self._writing():
            return self._execute(statement, *values).rowcount

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with database.mapped(self._home), self._lock:
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._reading(), database.transaction(self._connection):
            yield
