"""Keys of providers: found in the environment, the system's keyring, or a private file.

Nothing here prints, logs or raises a key. The file is read only if nobody else can read it, and
is replaced in one step; a keyring that is missing, broken, slow or no safe place is passed over.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from overpaint import places
from overpaint.errors import KeyInvalid, KeyStoreProblem
from overpaint.language import _

__all__ = ["Found", "Known", "Where", "check_name", "find", "forget", "known", "store"]

SERVICE = "overpaint"
NAME = re.compile(r"[A-Z0-9_]{1,100}")
MAX_LENGTH = 4096
QUOTES = "\"'`"
PATIENCE = 2.0
"""Seconds that a keyring gets; one that asks the user to unlock it may take forever."""


class Where(StrEnum):
    """Where a key is kept."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Found:
    """A key: *name* is that of its environment variable, wherever it was found."""

    name: str
    where: Where
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """That there is a key of that name, and where; not the key."""

    name: str
    where: Where


def find(names: Sequence[str]) -> Found | None:
    """Return the first key called one of *names*: from the environment, else keyring, else file.

    Raises KeyInvalid where a variable holds what can be no key, KeyStoreProblem where the file
    has to be asked but others could read it.
    """
    for name in names:
        if secret := _in_environment(name):
            return Found(name, Where.ENVIRONMENT, secret)
    for name in names:
        if kept := _in_keyring(name):
            return Found(name, Where.KEYRING, kept)
    stored = _read_file() if names else _Stored()
    for name in names:
        if written := stored.keys.get(name):
            return Found(name, Where.FILE, written)
    return None


def store(name: str, secret: str) -> Where:
    """Keep a key, in the keyring or else in the file, and return where.

    White space and quotes around it are taken off. Raises KeyInvalid and KeyStoreProblem.
    """
    check_name(name)
    secret = _cleaned(secret, _("What was given"))
    if not secret:
        raise KeyInvalid(_("No key was given."), _("Paste the key itself."))

    def put(ring: Any) -> bool:
        ring.set_password(SERVICE, name, secret)
        return bool(ring.get_password(SERVICE, name) == secret)

    in_keyring = bool(_ask_keyring(put))
    with _changed_file() as stored:
        stored.keys.pop(name, None)
        stored.in_keyring.discard(name)
        if in_keyring:
            stored.in_keyring.add(name)
        else:
            stored.keys[name] = secret
    return Where.KEYRING if in_keyring else Where.FILE


def forget(name: str) -> tuple[Where, ...]:
    """Remove a key from keyring and file; return where there was one."""
    check_name(name)
    gone: list[Where] = []

    def drop(ring: Any) -> bool:
        if ring.get_password(SERVICE, name) is None:
            return False
        ring.delete_password(SERVICE, name)
        return True

    if _ask_keyring(drop):
        gone.append(Where.KEYRING)
    if not _file().exists():
        return tuple(gone)
    with _changed_file() as stored:
        stored.in_keyring.discard(name)
        if stored.keys.pop(name, None) is not None:
            gone.append(Where.FILE)
    return tuple(gone)


def known(names: Iterable[str] = ()) -> tuple[Known, ...]:
    """Return which keys there are, of *names* and of all that were stored, and where.

    One that is in several places comes several times, first where :func:`find` finds it.
    """
    stored = _read_file()
    every = sorted({*names, *stored.keys, *stored.in_keyring})
    found = []
    for name in every:
        if _in_environment(name):
            found.append(Known(name, Where.ENVIRONMENT))
        if _in_keyring(name):
            found.append(Known(name, Where.KEYRING))
        if name in stored.keys:
            found.append(Known(name, Where.FILE))
    return tuple(found)


def check_name(name: str) -> None:
    """Raise KeyInvalid where *name* is no name of a key; it is not quoted: it may be a key."""
    if not NAME.fullmatch(name):
        raise KeyInvalid(
            _("That is no name of a key."),
            _("Names are those of environment variables, like OPENAI_API_KEY."),
        )


def _cleaned(text: str, what: str) -> str:
    """Return *text* as a key, or ""; raises KeyInvalid for what no key can hold."""
    secret = text.strip()
    while len(secret) > 1 and secret[0] == secret[-1] and secret[0] in QUOTES:
        secret = secret[1:-1].strip()
    if len(secret) > MAX_LENGTH or not all("!" <= letter <= "~" for letter in secret):
        raise KeyInvalid(
            _(
                "{what} can be no key: it is too long, or holds spaces or unusual characters."
            ).format(what=what),
            _("Paste only the key, in one line."),
        )
    return secret


def _in_environment(name: str) -> str:
    return _cleaned(
        os.environ.get(name, ""), _("What the environment variable {name} holds").format(name=name)
    )


# The keyring


def _in_keyring(name: str) -> str | None:
    found = _ask_keyring(lambda ring: ring.get_password(SERVICE, name))
    if not found:
        return None
    return _cleaned(found, _("What the keyring holds as {name}").format(name=name))


T = TypeVar("T")


def _ask_keyring(question: Callable[[Any], T]) -> T | None:
    """Return the keyring's answer; None where there is none that can be used."""
    if _keyring.given_up:
        return None
    answers: list[T] = []

    def ask() -> None:
        # Backends raise whatever their system's libraries raise, and there is the file.
        with suppress(Exception):
            ring = _trusted()
            if ring is not None:
                answers.append(question(ring))

    # A thread that never ends must not keep the process from ending.
    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        _keyring.given_up = True
        return None
    return answers[0] if answers else None


class _Keyring:
    """Whether this process has waited in vain for the keyring."""

    given_up = False


_keyring = _Keyring()


@cache
def _trusted() -> Any:
    """Return the keyring that keeps secrets, None where there is none.

    Priorities are keyring's own word for it: below 1 are those that store in plain text, that
    ask for a password on the terminal, that do nothing, or that fail.
    """
    try:
        import keyring
    except ImportError:
        return None
    ring: Any = keyring.get_keyring()
    rings = getattr(ring, "backends", None) or [ring]  # one that asks several others in turn
    return next((each for each in rings if each.priority >= 1), None)


# The file


@dataclass(slots=True)
class _Stored:
    """What the file holds: keys, and the names of those in the keyring, which cannot list them."""

    keys: dict[str, str] = field(default_factory=dict, repr=False)
    in_keyring: set[str] = field(default_factory=set)


def _file() -> Path:
    return places.config_folder() / "keys.json"


def _read_file() -> _Stored:
    path = _file()
    try:
        with path.open("rb") as file:
            _refuse_shared(path, os.fstat(file.fileno()))
            data = json.loads(file.read())
        keys = {str(name): _cleaned(key, f"{path}") for name, key in data["keys"].items()}
        return _Stored(keys, set(data["keyring"]))
    except FileNotFoundError:
        return _Stored()
    except OSError as error:
        raise _unusable(path, error) from error
    except (AttributeError, KeyError, TypeError, ValueError):
        # Not chained: what could not be read may hold keys.
        raise KeyStoreProblem(
            _("{path} is damaged.").format(path=path),
            _("Remove it, and set your keys again with 'overpaint keys set'."),
        ) from None


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    """Raise KeyStoreProblem where others can read *path*, or are able to replace it.

    Windows has no such modes: there, a user's folder is closed to other users.
    """
    if os.name != "posix":
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyStoreProblem(
            _("{path} belongs to another user.").format(path=path), _("Remove it, or take it over.")
        )
    if status.st_mode & 0o077:
        raise KeyStoreProblem(
            _("{path} holds keys, and other users can read it.").format(path=path),
            _("Run 'chmod 600 {path}', and think about new keys: these may be known.").format(
                path=path
            ),
        )


@contextmanager
def _changed_file() -> Iterator[_Stored]:
    """Give what the file holds, and write it back."""
    path = _file()
    try:
        places.make_private(path.parent)
        if os.name == "posix" and path.parent.stat().st_mode & 0o022:
            raise KeyStoreProblem(
                _("Other users can write to {folder}: no place for keys.").format(
                    folder=path.parent
                ),
                _("Run 'chmod 700 {folder}'.").format(folder=path.parent),
            )
        with places.alone(path.with_name(".keys.lock")):
            stored = _read_file()
            yield stored
            data = {"keys": stored.keys, "keyring": sorted(stored.in_keyring)}
            places.write_whole(path, json.dumps(data, indent=2).encode())
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> KeyStoreProblem:
    return KeyStoreProblem(
        _("{path} cannot be used: {reason}.").format(path=path, reason=error.strerror or error),
        _("Make {folder} yours to write to, or set OVERPAINT_CONFIG to another folder.").format(
            folder=path.parent
        ),
    )
