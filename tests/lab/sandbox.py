"""A closed room with a GIMP in it: starts programs there, and takes them down with the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import host
from .errors import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What of the unpacked system is shown inside; the rest of the root is empty, so that the
# folders of a test can be shown at their own paths, whatever these are.
_SYSTEM = ("usr", "etc", "var", "bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class Sandbox:
    """Where and how commands run. Both sides see `home`, `binds` and `read_only` at one path.

    `root` is the unpacked system, or None to run on the host itself, where only HOME and the
    environment are private. Everything else inside is read-only or vanishes with the command.
    """

    root: Path | None
    home: Path
    binds: Sequence[Path] = ()
    read_only: Sequence[Path] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    network: bool = False

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        timeout: float = 120,
        check: bool = True,
        input: str | None = None,  # noqa: A002 - the word of subprocess.run
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. On a timeout everything it started is ended too."""
        process = self.popen(argv, cwd=cwd, stdin=subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(input or "", timeout)
        finally:
            self.end(process)
        done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
        if check and done.returncode:
            raise CommandFailed(list(map(str, argv)), done)
        return done

    def popen(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = subprocess.PIPE,
        stderr: int | None = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Start a command. It ends with the thread that started it, or by `end()`."""
        return subprocess.Popen(
            [*self._entering(cwd or self.home), *map(str, argv)],
            cwd=(cwd or self.home) if self.root is None else None,
            env=self._environment(),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[str]) -> None:
        """End a command of `popen()` and all it started; fine when it has ended already."""
        if process.poll() is None or self.root is None:
            with suppress(ProcessLookupError):  # nothing of it is left
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def _environment(self) -> dict[str, str]:
        variables = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": "/run/lab",
            "GSETTINGS_BACKEND": "memory",  # there is no session bus to keep settings on
            "NO_AT_BRIDGE": "1",
            "GTK_A11Y": "none",
            # The icon loader of newer systems wants a bubblewrap of its own; not within this one.
            "GLYCIN_DISABLE_SANDBOX": "i-know-the-risks",
        }
        if self.root is None:
            # The host's GIMP may lie elsewhere, and the folder is one of the sandbox.
            variables["PATH"] = os.environ.get("PATH", variables["PATH"])
            del variables["XDG_RUNTIME_DIR"]
        return {**variables, **host.passed_on_environment(), **self.env}

    def _entering(self, cwd: Path) -> list[str]:
        if self.root is None:
            # Without a process namespace the kernel must be told to end it with its parent.
            setpriv = shutil.which("setpriv")
            return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        line = [
            host.bubblewrap(),
            "--unshare-pid",
            "--unshare-ipc",
            "--die-with-parent",
            "--new-session",
        ]
        if os.geteuid() == 0:
            line += ["--cap-drop", "ALL"]  # permissions shall bite as they do for a user
        if not self.network:
            line.append("--unshare-net")  # leaves a loopback of its own
        system = [self.root / name for name in _SYSTEM]
        for path in system:
            if path.is_symlink():
                line += ["--symlink", str(path.readlink()), f"/{path.name}"]
            elif path.is_dir():
                line += ["--bind", str(path), f"/{path.name}"]
        line += ["--proc", "/proc", "--dev", "/dev"]
        for folder in ("/tmp", "/var/tmp"):
            line += ["--perms", "1777", "--tmpfs", folder]
        line += ["--perms", "1777", "--dir", "/tmp/.X11-unix"]
        line += ["--perms", "0700", "--dir", "/run/lab"]
        shown = dict.fromkeys((*host.passed_on_paths(), *self.read_only), "--ro-bind")
        shown |= dict.fromkeys((self.home, *self.binds), "--bind")
        for path in sorted(shown, key=lambda each: len(each.parts)):  # the inner one wins
            line += [shown[path], str(path.resolve()), str(path)]
        # Last, because until here bubblewrap may have had to make mount points in them.
        for path in system:
            if path.is_dir() and not path.is_symlink():
                line += ["--remount-ro", f"/{path.name}"]
        return [*line, "--chdir", str(cwd), "--"]
