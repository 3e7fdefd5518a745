"""`register()`: checks what a script declares and keeps it until GIMP, or a test, asks for it."""

# ruff: noqa: A002 - arguments have the names that scripts know

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence, Union

from . import i18n, labels, pf
from .errors import error

# Names that GIMP's own configuration object already uses.
_TAKEN = frozenset(("run-mode", "image", "drawables", "procedure"))
_OUR_PREFIX = re.compile(r"(python|extension|plug[-_]in|file)[-_]")
_NAME = re.compile(r"[A-Za-z0-9_-]*")
_DRAWABLES = ("PF_DRAWABLE", "PF_LAYER", "PF_CHANNEL", "PF_ITEM")

Domain = Union[str, tuple[str, str], None]


@dataclass(frozen=True)
class Result:
    """One declared result; `name` is valid and unique."""

    type: pf.PFType
    name: str
    description: str


@dataclass(frozen=True)
class Registration:
    """One procedure that a script registered."""

    name: str
    blurb: str
    help: str
    author: str
    copyright: str
    date: str
    label: Optional[str]
    menu: Optional[str]
    imagetypes: str
    params: tuple[pf.Param, ...]
    results: tuple[Result, ...]
    function: Callable[..., Any]
    supplied: int = 0  # how many leading arguments the host gives: image, drawable
    domain: Domain = None
    on_query: Optional[Callable[[], Any]] = None
    on_run: Optional[Callable[[], Any]] = None
    run_mode_param: bool = True
    dialog: Optional[Callable[[Any], bool]] = None
    many_drawables: bool = False

    @property
    def title(self) -> str:
        """What to call it towards the user, in the user's language."""
        translated = i18n.translator(self.domain)
        return labels.plain(translated(self.label)) if self.label else self.name

    @property
    def asked(self) -> tuple[pf.Param, ...]:
        """The parameters that are left for the dialog."""
        return self.params[self.supplied :]


REGISTERED: dict[str, Registration] = {}


def register(
    proc_name: str,
    blurb: str,
    help: str,
    author: str,
    copyright: str,
    date: str,
    label: Optional[str],
    imagetypes: Optional[str],
    params: Sequence[tuple[Any, ...]],
    results: Sequence[tuple[Any, ...]],
    function: Callable[..., Any],
    menu: Optional[str] = None,
    domain: Domain = None,
    on_query: Optional[Callable[[], Any]] = None,
    on_run: Optional[Callable[[], Any]] = None,
    run_mode_param: bool = True,
    *,
    dialog: Optional[Callable[[Any], bool]] = None,
    many_drawables: bool = False,
) -> None:
    """Declare a procedure, as in GIMP 2; `dialog` and `many_drawables` are extensions."""
    _check_name("procedure", proc_name)
    if not callable(function):
        raise error(f"{proc_name}: the function is {function!r}, which cannot be called")
    place = labels.place(label, menu)
    rows = [*place.inserted, *params]
    types = labels.image_types(imagetypes)
    supplied = _supplied(types, rows)
    registration = Registration(
        name=_full_name(proc_name),
        blurb=blurb or "",
        help=help or "",
        author=author or "",
        copyright=copyright or "",
        date=str(date or ""),
        label=place.label,
        menu=place.menu,
        imagetypes=types,
        params=_params(rows, supplied),
        results=_results(results),
        function=function,
        supplied=supplied,
        domain=domain,
        on_query=on_query,
        on_run=on_run,
        run_mode_param=run_mode_param,
        dialog=dialog,
        many_drawables=many_drawables,
    )
    REGISTERED[registration.name] = registration


def _full_name(name: str) -> str:
    prefixed = name if _OUR_PREFIX.match(name) else f"python-fu-{name}"
    return prefixed.replace("_", "-")


def _check_name(what: str, name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise error(f"{what} name {name!r}: only letters, digits, - and _ are allowed")


def _type(row: tuple[Any, ...], least: int) -> pf.PFType:
    if len(row) < least:
        raise error(f"{row!r} needs at least {least} parts")
    if type(row[0]) is not int:
        raise error(f"{row!r} must begin with a PF_ constant")
    _check_name("parameter", row[1])
    found = pf.TYPES.get(row[0])
    if found is None:
        raise error(f"{row!r}: there is no PF_ type {row[0]}")
    if found.argument is None:
        raise error(f"{row!r}: {found.name} is not supported yet")
    return found


def _params(rows: Sequence[tuple[Any, ...]], supplied: int) -> tuple[pf.Param, ...]:
    """Check the declared parameters; `supplied` of them never become arguments of their own."""
    taken = set(_TAKEN)
    found = []
    for position, row in enumerate(rows):
        kind = _type(row, 4)
        extra = row[4] if len(row) > 4 else None
        if kind.extra and not extra:
            raise error(f"{row!r}: {kind.name} needs a fifth part")
        name = str(row[1])
        if position >= supplied:
            name = _argument_name(name, taken)
            taken.add(name)
        param = pf.Param(kind, row[1], str(row[2] or ""), row[3], extra, name)
        _ = param.initial  # raises now what GIMP would only meet later
        found.append(param)
    return tuple(found)


def _supplied(imagetypes: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Return how many leading arguments GIMP gives: the image, and the selected drawable."""
    kinds = [_type(row, 4).name for row in rows[:2]]
    if not imagetypes or kinds[:1] != ["PF_IMAGE"]:
        return 0
    return 2 if len(kinds) == 2 and kinds[1] in _DRAWABLES else 1


def _argument_name(name: str, taken: set[str]) -> str:
    """Make a name that GIMP 3 accepts: unique, no capitals or `_`, and a letter to begin with."""
    base = name.lower().replace("_", "-").strip("-")
    if not base[:1].isalpha():
        base = f"arg-{base}".strip("-")
    unique, count = base, 2
    while unique in taken:
        unique, count = f"{base}-{count}", count + 1
    return unique


def _results(rows: Sequence[tuple[Any, ...]]) -> tuple[Result, ...]:
    taken: set[str] = set()
    found = []
    for row in rows:
        kind = _type(row, 3)
        name = _argument_name(row[1], taken)
        taken.add(name)
        found.append(Result(kind, name, str(row[2] or "")))
    return tuple(found)
