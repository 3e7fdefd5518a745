"""The journal's database: opened, brought up to date, and every failure said in a sentence."""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overpaint.errors import HistoryProblem
from overpaint.language import N_, _
from overpaint.places import PRIVATE_FILE

__all__ = ["MIGRATIONS", "connect", "is_damage", "mapped", "transaction"]

BUSY_SECONDS = 10.0
"""How long one process waits for another's transaction; each takes milliseconds."""

# Append only: what a user's database went through is never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE run (
            id TEXT PRIMARY KEY,
            began REAL NOT NULL,
            ended REAL,
            state TEXT NOT NULL,
            folder TEXT NOT NULL,
            provider TEXT NOT NULL,
            estimate REAL,
            bytes INTEGER NOT NULL,
            words TEXT NOT NULL,
            facts TEXT NOT NULL,
            error_code TEXT,
            error_sentence TEXT,
            error_hint TEXT
        )""",
        "CREATE INDEX run_by_time ON run (began)",
        "CREATE INDEX run_by_state ON run (state)",
        """CREATE TABLE submission (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
            remote_id TEXT NOT NULL,
            at REAL NOT NULL
        )""",
        "CREATE INDEX submission_by_run ON submission (run)",
        """CREATE TABLE candidate (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
            number INTEGER NOT NULL,
            shot INTEGER NOT NULL,
            file TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            text TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (run, number, shot)
        )""",
        # Without a reference: what was spent stays known when a run is removed.
        """CREATE TABLE usage (
            run TEXT NOT NULL,
            provider TEXT NOT NULL,
            at REAL NOT NULL,
            cost REAL,
            input_tokens INTEGER,
            output_tokens INTEGER,
            request_id TEXT NOT NULL
        )""",
        "CREATE INDEX usage_by_run ON usage (run)",
        "CREATE INDEX usage_by_time ON usage (at)",
    ),
)

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def connect(file: Path) -> sqlite3.Connection:
    """Open the database in *file*, made or brought up to date; raises HistoryProblem.

    A damaged one raises sqlite3.DatabaseError, see :func:`is_damage`.
    """
    # SQLite gives the files beside it the same mode.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    # Calls come from a runner's threads, one at a time: the journal has a lock.
    connection = sqlite3.connect(
        file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _configure(connection)
        _migrate(connection, file)
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the file is malformed")


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # What is removed from history is gone from the file, too.
    connection.execute("PRAGMA secure_delete = ON")
    # A transaction that has returned survives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            # Two processes can then read and write at once. File systems that cannot do it keep
            # the old way, which works as well, slower.
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # Switching is the one thing for which SQLite does not wait by itself.
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    with transaction(connection):
        version = _version(connection)  # another process may have been faster
        if version > len(MIGRATIONS):
            raise HistoryProblem(
                _("The history in {folder} was written by a newer Overpaint.").format(
                    folder=file.parent
                ),
                _("Update this one, or set OVERPAINT_DATA to another folder."),
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it, or nothing; waits for other processes that write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether *error* says that the file is no (whole) database."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def mapped(folder: Path) -> Iterator[None]:
    """Turn what files and SQLite raise into HistoryProblem."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise HistoryProblem(
                _("Another program keeps the history in {folder} locked.").format(folder=folder),
                _("Try again; if it stays so, end other Overpaint processes."),
            ) from error
        if code in _FULL:
            raise HistoryProblem(
                _("The history in {folder} cannot be written: the disk is full or fails.").format(
                    folder=folder
                ),
                _(ROOM),
            ) from error
        raise HistoryProblem(
            _("The history in {folder} cannot be used ({error}).").format(
                folder=folder, error=error
            ),
            _(MENDED if is_damage(error) else WRITABLE),
        ) from error
    except OSError as error:
        raise HistoryProblem(
            _("The history in {folder} cannot be used: {reason}.").format(
                folder=folder, reason=error.strerror or error
            ),
            _(ROOM if error.errno in _NO_ROOM else WRITABLE),
        ) from error


ROOM = N_("Make room on that disk, or run 'overpaint history clear'.")
MENDED = N_("Start Overpaint again: its database is then made anew from the files beside it.")
WRITABLE = N_("Make that folder yours to write to, or set OVERPAINT_DATA to another.")
