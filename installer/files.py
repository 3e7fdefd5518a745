"""Changes to folders that are undone where a later step fails or the user interrupts."""

import shutil
import signal
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Iterator, List

__all__ = [
    "make_folders",
    "missing_folders",
    "remove",
    "remove_if_empty",
    "shielded",
    "undoing",
    "write",
]


@contextmanager
def undoing() -> Iterator[ExitStack]:
    """Undo what the block registers, in reverse order, where the block does not reach its end."""
    undo = ExitStack()
    try:
        yield undo
    except BaseException:
        with shielded():
            undo.close()
        raise
    undo.pop_all()


@contextmanager
def shielded() -> Iterator[None]:
    """Let a short block finish whatever the user presses."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        signals = []  # only the main thread is interrupted
    before = [(each, signal.signal(each, signal.SIG_IGN)) for each in signals]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler or signal.SIG_DFL)


def missing_folders(path: Path) -> List[Path]:
    """What has to be made before *path* is a folder, outermost first."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    return missing[::-1]


def make_folders(path: Path, undo: ExitStack) -> None:
    """Make *path* a folder, with its parents."""
    for each in missing_folders(path):
        undo.callback(remove_if_empty, each)
        each.mkdir()
    if not path.is_dir():
        path.mkdir()  # raises: something else is in its place


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; fine where there is none."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for pause in (0.1, 0.5, 2.0):
        try:
            shutil.rmtree(path)
        except OSError:  # a program that was just ended may still write into it
            time.sleep(pause)
        else:
            return
    shutil.rmtree(path)


def remove_if_empty(path: Path) -> bool:
    """Remove a folder that nothing is in."""
    with suppress(OSError):
        path.rmdir()
        return True
    return False


def write(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
