"""One run of a registered procedure: collect the values, call the function, report how it ended."""

from __future__ import annotations

import sys
import traceback
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

from . import enums, gimp, pf
from .color import rgb
from .context import DialogContext
from .errors import CancelError, announced, error
from .image import Image
from .item import Drawable
from .registry import Registration, Result


class Call(ABC):
    """What a host hands over for one run: the run mode, the image, and the configured values."""

    run_mode: int
    image: Optional[Image]
    drawables: list[Drawable]
    # The host's own procedure and configuration, for a dialog of the plug-in's own.
    procedure: Any
    config: Any

    @abstractmethod
    def get(self, param: pf.Param) -> Any:
        """Return a parameter's configuration value."""

    @abstractmethod
    def set(self, param: pf.Param, value: Any) -> None:
        """Change a parameter's configuration value."""

    @abstractmethod
    def show_dialog(self, registration: Registration) -> bool:
        """Let the user change the asked parameters; return False if the user cancels."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: PDB_SUCCESS, PDB_CANCEL, or PDB_EXECUTION_ERROR with a sentence."""

    status: int
    message: str = ""
    results: tuple[Any, ...] = ()


def run(registration: Registration, call: Call) -> Outcome:
    """Run a procedure in any run mode and never raise: whatever happens becomes an outcome."""
    announced.clear()
    outcome = _attempt(registration, call)
    for problem in announced:
        if str(problem) != outcome.message:
            gimp.message(str(problem))
    announced.clear()
    return outcome


def _attempt(registration: Registration, call: Call) -> Outcome:
    try:
        values = _values(registration, call)
        if values is None:
            return Outcome(enums.PDB_CANCEL)
        try:
            returned = registration.function(*values)
        finally:
            if call.run_mode != enums.RUN_NONINTERACTIVE:
                gimp.displays_flush()
        return Outcome(enums.PDB_SUCCESS, "", _results(registration, returned))
    except CancelError:
        return Outcome(enums.PDB_CANCEL)
    except error as problem:
        return Outcome(enums.PDB_EXECUTION_ERROR, str(problem))
    except Exception as problem:  # noqa: BLE001  (the outermost frame: the user is told)
        traceback.print_exc(file=sys.stderr)
        kind, text = type(problem).__name__, str(problem)
        told = f"{kind}: {text}" if text else kind
        return Outcome(
            enums.PDB_EXECUTION_ERROR, f"The plug-in {registration.title} stopped with {told}"
        )


def _values(registration: Registration, call: Call) -> Optional[list[Any]]:
    """Return the function's arguments, or None if the user cancelled."""
    supplied = _supplied(registration, call)
    interactive = call.run_mode == enums.RUN_INTERACTIVE
    if interactive and (registration.asked or registration.dialog):
        if registration.on_run:
            registration.on_run()
        if not _ask(registration, call):
            return None
    if call.run_mode == enums.RUN_NONINTERACTIVE:
        return supplied + [param.from_pdb(call.get(param)) for param in registration.asked]
    return supplied + [param.from_dialog(call.get(param)) for param in registration.asked]


def _ask(registration: Registration, call: Call) -> bool:
    if registration.dialog is None:
        return call.show_dialog(registration)
    return bool(registration.dialog(DialogContext(registration, call)))


def _supplied(registration: Registration, call: Call) -> list[Any]:
    """Return the leading arguments that the host gives: the image, and the selected drawable(s)."""
    if registration.supplied < 2:
        return [call.image][: registration.supplied]
    if registration.many_drawables:
        return [call.image, list(call.drawables)]
    return [call.image, _one(registration, call.drawables)]


_WORDS = {"Layer": "layer", "Channel": "channel"}


def _one(registration: Registration, drawables: Sequence[Drawable]) -> Drawable:
    wanted = registration.params[1].type.wraps
    word = _WORDS.get(wanted, "layer")
    if len(drawables) != 1:
        are = "none is" if not drawables else f"{len(drawables)} are"
        raise error(
            f"Select exactly one {word}: {are} selected."
            f" Click one {word} in its dock, then run {registration.title} again."
        )
    only = drawables[0]
    if wanted in _WORDS and not isinstance(only, getattr(gimp, wanted)):
        raise error(
            f"{registration.title} works on a {word}, but {only.name} is none."
            f" Click a {word} in its dock, then run it again."
        )
    return only


def _results(registration: Registration, returned: Any) -> tuple[Any, ...]:
    """Match what the function returned with the declared results."""
    declared = len(registration.results)
    if declared == 0:
        return ()
    found = (returned,) if declared == 1 else returned
    if not isinstance(found, tuple) or len(found) != declared:
        raise error(
            f"{registration.title} declares {declared} results,"
            f" but its function returned {returned!r}."
        )
    return tuple(_checked(result, value) for result, value in zip(registration.results, found))


_PLAIN: dict[int, Callable[[Any], Any]] = {
    enums.PDB_INT32: int,
    enums.PDB_INT16: int,
    enums.PDB_INT8: int,
    enums.PDB_FLOAT: float,
    enums.PDB_STRING: lambda text: None if text is None else str(text),
    enums.PDB_COLOR: rgb,
}


def _checked(result: Result, value: Any) -> Any:
    """Return a result as its declared type, or say what it is instead."""
    convert = _PLAIN.get(result.type.pdb_type)
    try:
        if convert:
            return convert(value)
    except (TypeError, ValueError):
        pass  # told below, together with objects of a wrong class
    if convert is None and (value is None or isinstance(value, getattr(gimp, result.type.wraps))):
        return value
    raise error(f"The result {result.name} is a {result.type.name}, and cannot be {value!r}.")
