"""Installs or updates: everything new is made beside the old, then put into its place at once."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Tuple

from . import environment, interpreters
from .files import make_folders, missing_folders, remove, shielded, undoing
from .gimps import Gimps
from .launcher import Launcher
from .plug_in import PlugIn
from .record import Record, environments_folder
from .say import Say
from .source import Source

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """What will be done; nothing is changed before `carry_out`."""

    source: Source
    before: Record
    gimps: Gimps
    core_argv: Optional[List[str]]
    """Another way to start a core, in place of an environment of its own."""
    interpreter: Optional[interpreters.Interpreter]
    extras: Tuple[str, ...] = ()
    """Of the core's packages, beyond those that it needs."""

    @classmethod
    def make(
        cls,
        source: Source,
        data: Path,
        gimps: Gimps,
        core_argv: Optional[List[str]],
        keyring: bool = False,
    ) -> "Plan":
        """Find out what is needed; raises a CoreProblem where no Python will do."""
        before = Record.load(data)
        before.search(gimps.folders)
        # Copies in other places would be left without their core: they are updated too.
        for place in before.plug_ins:
            gimp = place.parent.parent
            if place.exists() and gimp not in gimps.folders:
                gimps.folders.append(gimp)
        interpreter = None if core_argv else interpreters.choose()
        # Once wanted, it stays: keys that are kept in it would be lost to the new core.
        keyring = keyring or any(environment.has(each, "keyring") for each in before.environments)
        extras = ("keyring",) if keyring else ()
        return cls(source, before, gimps, core_argv, interpreter, extras)

    @property
    def launcher(self) -> Launcher:
        """What starts the core in a terminal."""
        return Launcher(self.before.data)

    def tell(self, say: Say) -> None:
        """Say what would be done (--dry-run)."""
        data = self.before.data
        say.step(f"Would install Overpaint {self.source.release}:")
        for gimp, program in self.gimps.unstarted.items():
            say.detail(f"start {program} once, so that it makes {gimp}")
        if self.interpreter is not None:
            say.detail(f"make the core's environment in {environments_folder(data)}")
            say.detail(f"  with {self.interpreter}, its packages by pip")
            say.detail(f"write {self.launcher.path}, the command line")
        for plug_in in self._plug_ins([*self.gimps.folders, *self.gimps.unstarted]):
            verb = "replace" if plug_in.place.exists() else "make"
            say.detail(f"{verb} {plug_in.place}")
        for each in self.before.environments:
            say.detail(f"remove {each}, the core of before")
        say.detail(f"write {self.before.path}")

    def carry_out(self, say: Say) -> Optional[Path]:
        """Do it; returns the new environment. Whatever fails, what was there before stays."""
        self.gimps.start_once(say)
        data = self.before.data
        plug_ins = self._plug_ins(self.gimps.folders)
        new = [] if self.core_argv else [self._new_environment()]
        folders = [data, *(each.parent for each in new), *(each.folder for each in plug_ins)]
        folders += [self.launcher.path.parent] if new else []
        missing = [each for folder in folders for each in missing_folders(folder)]
        after = Record(
            data,
            self.source.release,
            [each.place for each in plug_ins],
            [*self.before.environments, *new],
            list(dict.fromkeys([*self.before.folders, *missing])),
        )
        with undoing() as undo:
            make_folders(data, undo)
            undo.callback(self._restore_record, after)
            after.save()
            spec = {
                "argv": self.core_argv or environment.argv(new[0]),
                "protocol": self.source.protocol,
                "release": self.source.release,
            }
            # First, because it is quick to fail.
            for plug_in in plug_ins:
                plug_in.stage(self.source, spec, undo)
            for folder in new:
                assert self.interpreter is not None
                say.step(f"Making the core's environment with {self.interpreter}")
                make_folders(folder.parent, undo)
                undo.callback(remove, folder)
                environment.make(folder, self.interpreter, self.source, say, self.extras)
            with shielded():
                for plug_in in plug_ins:
                    say.step(f"Putting the plug-in into {plug_in.place}")
                    plug_in.swap(undo)
                for folder in new:
                    self.launcher.lead_to(environment.program(folder), undo)
        with shielded():
            self._clear(plug_ins, after, new, say)
        return new[0] if new else None

    def _restore_record(self, after: Record) -> None:
        # What could not be taken back stays known.
        left = [each for each in after.environments if each.exists()]
        replace(self.before, environments=left, folders=after.folders).save()

    def _new_environment(self) -> Path:
        return environment.new_folder(environments_folder(self.before.data), self.source.release)

    @staticmethod
    def _plug_ins(gimps: List[Path]) -> List[PlugIn]:
        # Two ways to write one folder are one folder.
        return [PlugIn.of(gimp) for gimp in {each.resolve(): each for each in gimps}.values()]

    def _clear(self, plug_ins: List[PlugIn], after: Record, new: List[Path], say: Say) -> None:
        """Remove what was there before; what cannot be removed stays in the record."""
        if not new:  # it would lead nowhere
            self.launcher.remove()
        for plug_in in plug_ins:
            try:
                plug_in.settle()
            except OSError as error:
                say.warn(f"{plug_in.old} could not be removed: {error.strerror}.")
        for folder in [each for each in after.environments if each not in new]:
            try:
                remove(folder)
            except OSError as error:
                say.warn(f"{folder} could not be removed: {error.strerror}.")
            else:
                after.environments.remove(folder)
        try:
            after.save()
        except OSError as error:  # as it is, it names more than there is, which does no harm
            say.warn(f"{after.path} could not be written: {error.strerror}.")
