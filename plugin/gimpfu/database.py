"""`pdb`: every procedure as a callable, in GIMP 2.10's spelling and with its conventions."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

import re
from typing import Any

from . import coercion, enums, host, values
from .changed import CHANGED
from .errors import GimpError, NoSuchProcedure
from .signatures import Parameter, Signature
from .spellings import ADAPTED, RENAMED

Described = tuple[int, str, str]


class Procedure:
    """One procedure, bound to its name: it can be stored, passed around and called later."""

    def __init__(self, name: str, signature: Signature) -> None:
        self.proc_name = name
        self.signature = signature

    def __repr__(self) -> str:
        return f"<pdb function '{self.proc_name}'>"

    # -- description -------------------------------------------------------------------------------

    @property
    def proc_blurb(self) -> str:
        """What it does, in one line."""
        return self.signature.blurb

    @property
    def proc_help(self) -> str:
        """What it does, at length."""
        return self.signature.help

    @property
    def proc_author(self) -> str:
        """Who wrote it."""
        return self.signature.author

    @property
    def proc_copyright(self) -> str:
        """Who owns it."""
        return self.signature.copyright

    @property
    def proc_date(self) -> str:
        """When it was written."""
        return self.signature.date

    @property
    def proc_type(self) -> int:
        """INTERNAL, PLUGIN, EXTENSION or TEMPORARY."""
        return self.signature.proc_type

    @property
    def params(self) -> tuple[Described, ...]:
        """Type, name and description of each argument; arrays have their length before them."""
        return _described(self.signature.parameters)

    @property
    def return_vals(self) -> tuple[Described, ...]:
        """Type, name and description of each result."""
        return _described(self.signature.returns)

    @property
    def nparams(self) -> int:
        """How many arguments there are, the run mode included."""
        return len(self.params)

    @property
    def nreturn_vals(self) -> int:
        """How many results there are."""
        return len(self.return_vals)

    # -- call --------------------------------------------------------------------------------------

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it; the run mode is left out, or given as `run_mode=`."""
        run_mode = keywords.pop("run_mode", enums.RUN_NONINTERACTIVE)
        if keywords:
            raise TypeError("only the keyword run_mode is allowed")
        has_run_mode = self.signature.has_run_mode
        declared = self.signature.parameters[1 if has_run_mode else 0 :]
        taken = _taken(declared, arguments)
        if has_run_mode:
            taken.insert(0, run_mode)
        adapter = ADAPTED.get(self.proc_name)
        found = adapter(*taken) if adapter else values.call(self.signature.name, *taken)
        returns = self.signature.returns
        results = () if not returns else (found,) if len(returns) == 1 else found
        given = [part for r, value in zip(returns, results) for part in coercion.give(r, value)]
        if len(given) < 2:
            return given[0] if given else None
        return tuple(given)


def _taken(declared: tuple[Parameter, ...], arguments: tuple[Any, ...]) -> list[Any]:
    """Match arguments with parameters; before each array its length is an argument of its own."""
    counted = sum(2 if parameter.gtype in coercion.ARRAYS else 1 for parameter in declared)
    if len(arguments) != counted:
        raise TypeError(f"wrong number of parameters: {counted} expected, {len(arguments)} given")
    rest = iter(arguments)
    taken = []
    for parameter in declared:
        if parameter.gtype in coercion.ARRAYS:
            count = int(next(rest))
            taken.append(coercion.take(parameter, next(rest)[:count]))
        else:
            taken.append(coercion.take(parameter, next(rest)))
    return taken


def _described(parameters: tuple[Parameter, ...]) -> tuple[Described, ...]:
    found: list[Described] = []
    for parameter in parameters:
        if parameter.gtype in coercion.ARRAYS:
            found.append((enums.PDB_INT32, f"num-{parameter.name}", "length of the next"))
        kind = coercion.pdb_type(parameter.gtype)
        found.append((kind, parameter.name, parameter.description or parameter.name))
    return tuple(found)


class Database:
    """The object `pdb`: `pdb.gimp_message(...)`, `pdb["gimp-message"]`, `"gimp-message" in pdb`."""

    def __getattr__(self, name: str) -> Procedure:
        if name.startswith("__"):
            raise AttributeError(name)  # asked by Python itself, e.g. while copying
        return _find(name)

    def __getitem__(self, name: str) -> Procedure:
        try:
            return _find(name)
        except NoSuchProcedure as problem:
            raise KeyError(name) from problem

    def __contains__(self, name: str) -> bool:
        return hasattr(self, name)

    def __dir__(self) -> list[str]:
        return [name.replace("-", "_") for name in self._names()]

    def query(
        self,
        name: str = ".*",
        blurb: str = ".*",
        help: str = ".*",
        author: str = ".*",
        copyright: str = ".*",
        date: str = ".*",
        type: str = ".*",  # noqa: ARG002
    ) -> list[str]:
        """Return the names of the procedures that match all of these regular expressions."""
        names = [found for found in self._names() if re.search(name, found)]
        rest = (blurb, help, author, copyright, date)
        if all(pattern == ".*" for pattern in rest):
            return names
        return [found for found in names if _matches(_find(found).signature, rest)]

    @staticmethod
    def _names() -> list[str]:
        own = set(host.current().procedure_names()) - CHANGED
        return sorted(own | set(RENAMED) | set(ADAPTED))


def _matches(signature: Signature, patterns: tuple[str, ...]) -> bool:
    texts = (signature.blurb, signature.help, signature.author, signature.copyright, signature.date)
    return all(re.search(pattern, text) for pattern, text in zip(patterns, texts))


def _find(name: str) -> Procedure:
    dashed = name.replace("_", "-")
    if dashed in ADAPTED:
        return Procedure(dashed, ADAPTED[dashed].signature)
    if dashed in CHANGED:
        raise NoSuchProcedure(
            f"procedure not found: {name} (GIMP 3 changed it, and it is not translated yet)"
        )
    signature = host.current().signature(RENAMED.get(dashed, dashed))
    if signature is None:
        raise NoSuchProcedure(f"procedure not found: {name}")
    return Procedure(dashed, signature)


pdb = Database()
__all__ = ["Database", "GimpError", "Procedure", "pdb"]
