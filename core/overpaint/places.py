"""Where Overpaint keeps what is the user's own, and how it writes there: whole, or not at all.

Folders are made for their owner only, files as well, whatever the umask. `OVERPAINT_CONFIG` and
`OVERPAINT_DATA` name other folders than the system's usual ones.
"""

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "Hold",
    "alone",
    "config_folder",
    "data_folder",
    "is_held",
    "make_private",
    "write_whole",
]

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
DAY = 86400.0
_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
"""What systems say of a lock that another has; all else means that there are no locks here."""


def config_folder() -> Path:
    """Return the folder of settings and keys; it need not be there yet."""
    if told := os.environ.get("OVERPAINT_CONFIG"):
        return Path(told)
    import platformdirs

    return platformdirs.user_config_path("overpaint", appauthor=False)


def data_folder() -> Path:
    """Return the folder of what Overpaint makes and keeps; it need not be there yet."""
    if told := os.environ.get("OVERPAINT_DATA"):
        return Path(told)
    import platformdirs

    return platformdirs.user_data_path("overpaint", appauthor=False)


def make_private(folder: Path) -> None:
    """Make *folder*, and those above it that are missing, for its owner only; raises OSError."""
    if folder.is_dir():
        return
    make_private(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE_FOLDER)
        if os.name == "posix":
            folder.chmod(PRIVATE_FOLDER)  # a umask may have taken from it
    _sync_folder(folder.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write *data* to *path*, for its owner only; raises OSError, and then nothing has changed.

    Once this returns, the file survives a crash and a power cut; at no moment is it seen half
    written. A link stays a link: what it leads to is replaced.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(draft, "wb", opener=lambda name, _: os.open(name, flags, PRIVATE_FILE)) as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), PRIVATE_FILE)  # a umask may have taken from it
            file.write(data)
            file.flush()
            _sync(file.fileno())
        os.replace(draft, target)  # noqa: PTH105, says what it is about
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        # There, fsync only hands the bytes to the disk, which may keep them in its cache.
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a new name in *folder* last; where a system cannot (Windows), it does so by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor)
    except OSError:  # some network file systems cannot
        pass
    finally:
        os.close(descriptor)


class Hold:
    """A file that says "still at work" for as long as its process lives, however that ends.

    A lock rather than a process id: ids are given again, and differ inside a sandbox. Where a
    file system has no locks, the file counts as held for a day.
    """

    def __init__(self, path: Path) -> None:
        """Make and lock *path*; raises OSError where another holds it."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            _lock(self._descriptor)
        except OSError as error:
            if error.errno in _TAKEN:
                os.close(self._descriptor)
                raise

    def release(self) -> None:
        """Let go, and remove the file."""
        if os.name == "posix":
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        if os.name != "posix":  # Windows removes no open file
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def is_held(path: Path) -> bool:
    """Return whether some process holds *path*."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(descriptor)
    except OSError as error:
        return error.errno in _TAKEN or time.time() - os.fstat(descriptor).st_mtime < DAY
    else:
        return False
    finally:
        os.close(descriptor)  # lets go, too


@contextlib.contextmanager
def alone(path: Path, seconds: float = 5.0) -> Iterator[None]:
    """Keep other processes out that ask with the same *path*, a file that then stays there.

    Raises OSError where it cannot be made, or another holds it for longer than *seconds*.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                _lock(descriptor)
            except OSError as error:
                if error.errno not in _TAKEN:
                    break
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                break
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
