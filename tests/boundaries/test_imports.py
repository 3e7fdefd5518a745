"""Imports go one way: who may import whom, read from every file of the project."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "overpaint"
PLUGIN = ROOT / "plugin"
SHELL = PLUGIN / "overpaint-gimp"

# Who may import whom inside the core: a room (a folder, or a module at the top), and the rooms
# it may use. docs/architecture.md draws it.
LEAVES = {
    "catalogue",
    "dialect",
    "errors",
    "geometry",
    "hidden",
    "language",
    "look",
    "mask",
    "membrane",
    "picture",
    "price",
    "prompt",
    "recipe",
    "sizes",
    "streaming",
    "styles",
    "tree",
}
ALLOWED = {
    "errors": set(),
    "geometry": set(),
    "hidden": set(),
    "mask": {"geometry"},
    "language": set(),
    "membrane": set(),
    "look": {"errors", "language"},
    "recipe": {"errors", "language", "look"},
    "picture": {"errors", "geometry", "language", "mask"},
    "provenance": set(),
    "streaming": set(),
    "sizes": {"geometry"},
    "tree": {"geometry"},
    "wording": {"language"},
    "syntax": {"language", "wording"},
    "wish": {"recipe", "syntax"},
    "prompt": {"dialect", "recipe", "styles", "syntax", "wish", "wording"},
    "rewrite": {"dialect", "errors", "recipe", "prompt", "syntax", "wording"},
    "presets": {"errors", "recipe"},
    "dialect": set(),
    "price": {"geometry"},
    "catalogue": {"geometry", "price", "sizes"},
    "codec": {"errors", "language"},
    "places": set(),
    "keys": {"errors", "language", "places"},
    "settings": {"errors", "language", "places", "providers.base"},
    "budget": {"errors", "language"},
    "history": LEAVES | {"codec", "places"},
    "plan": LEAVES,
    "layers": LEAVES | {"history.planes", "places", "plan"},
    "fitting": LEAVES,
    "composite": LEAVES | {"plan", "fitting.chain"},
    "wire": set(),
    "providers": LEAVES | {"codec"},
    "engine": LEAVES | {"providers.base", "styles"},
    "styles": {"errors", "language"},
    "runner": LEAVES | {"codec", "plan", "composite", "fitting.chain", "providers.base"},
    "app": LEAVES
    | {
        "budget",
        "codec",
        "history",
        "keys",
        "layers",
        "plan",
        "presets",
        "provenance",
        "providers.base",
        "providers.registry",
        "rewrite",
        "runner",
        "settings",
    },
    "files": LEAVES,
    "doctor": LEAVES | {"app", "places", "runner", "wire", "providers.base"},
    "planes": {"picture", "wire"},
    "views": {"geometry", "mask", "picture"},
    "serve": LEAVES
    | {
        "app",
        "codec",
        "planes",
        "providers.base",
        "runner",
        "serve_dialogs",
        "serve_layers",
        "views",
        "wire",
    },
    "serve_dialogs": LEAVES | {"app", "codec", "doctor", "planes", "views", "wire"},
    "serve_layers": LEAVES | {"app", "layers", "planes", "wire", "providers.base"},
    # The commands of the command line, which cli attaches.
    "commands": LEAVES
    | {
        "app",
        "doctor",
        "files",
        "history",
        "keys",
        "layers",
        "places",
        "presets",
        "providers.base",
        "providers.registry",
        "runner",
    },
    "cli": {"commands", "errors"},
    "__main__": {"cli"},
    "__init__": set(),
}
# The providers that share the modules providers.openai_..., because they speak the same wire.
SPEAKERS = {"providers.openai", "providers.gateway"}


def core_files() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def plugin_files() -> list[Path]:
    return sorted(PLUGIN.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The absolute names of all modules that *path* imports, wherever in the file."""
    package = path.relative_to(CORE.parent if path.is_relative_to(CORE) else PLUGIN).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *base.split(".")])
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def module_of(name: str) -> str | None:
    """The module of the core that an imported name lies in, as a dotted path below overpaint."""
    parts = name.split(".")
    if parts[0] != "overpaint":
        return None
    for length in range(len(parts), 1, -1):
        path = CORE.joinpath(*parts[1:length])
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            return ".".join(parts[1:length])
    return "__init__"


def own_name(path: Path) -> str:
    parts = path.relative_to(CORE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def third_parties(path: Path) -> set[str]:
    tops = {name.split(".")[0] for name in imported(path)}
    return tops - set(sys.stdlib_module_names) - {"__future__"}


@pytest.mark.parametrize("path", core_files(), ids=own_name)
def test_the_core_imports_only_what_its_room_may(path: Path) -> None:
    """A module of the core imports its own room and those that the table allows it."""
    me = own_name(path)
    room = me.split(".")[0]
    allowed = ALLOWED[room]

    for name in imported(path):
        target = module_of(name)
        if target in (None, "__init__"):
            continue
        if room not in ("engine", "providers") and target.split(".")[0] == room:
            continue
        if target in allowed or target.split(".")[0] in allowed:
            continue
        # The modules of one provider begin with its name.
        family = me.partition("_")[0]
        beside = room in ("engine", "providers") and (
            target in ("providers.base", "providers.exchange", "providers.options", me)
            or (room == "providers" and target.startswith(f"{family}_"))
            or (family in SPEAKERS and target.startswith("providers.openai_"))
            or room == "engine" == target.split(".")[0]
        )
        assert beside, f"{me} must not import {target}"


def test_every_room_of_the_core_is_in_the_table() -> None:
    """A new module gets its rules together with its first line."""
    assert {own_name(path).split(".")[0] for path in core_files()} <= set(ALLOWED)


def test_the_core_has_no_import_cycle() -> None:
    """Modules of the core can be put in an order in which each imports only earlier ones."""
    graph = {
        own_name(path): {
            target
            for name in imported(path)
            if (target := module_of(name)) not in (None, "__init__", own_name(path))
        }
        for path in core_files()
    }
    # A package's own module only collects what its parts offer.
    while ready := [name for name, targets in graph.items() if not targets & set(graph)]:
        for name in ready:
            del graph[name]
    assert not graph, f"in or behind a cycle: {sorted(graph)}"


def test_only_the_runner_and_providers_may_know_http() -> None:
    """HTTP has one owner."""
    users = {own_name(path) for path in core_files() if "httpx" in third_parties(path)}

    assert all(name.startswith(("runner.", "providers.")) for name in users)


@pytest.mark.parametrize("path", plugin_files(), ids=lambda path: str(path.relative_to(PLUGIN)))
def test_the_plugin_needs_nothing_but_the_standard_library_and_gi(path: Path) -> None:
    """What runs in GIMP's Python imports the standard library, gi, and its own three packages."""
    assert third_parties(path) <= {"gi", "cairo", "gimpfu", "shell", "wire"}


@pytest.mark.parametrize("path", sorted((SHELL / "shell").glob("*.py")), ids=lambda path: path.name)
def test_the_shell_speaks_to_gimp_through_the_shim(path: Path) -> None:
    """Only dialogs use gi directly."""
    assert "gi" not in third_parties(path) or path.name == "dialogs.py"


def test_the_shim_knows_nothing_of_overpaint() -> None:
    """gimpfu serves any plug-in: it imports neither the shell nor the protocol."""
    for path in (PLUGIN / "gimpfu").rglob("*.py"):
        assert not third_parties(path) & {"shell", "wire", "overpaint"}, path


@pytest.mark.parametrize(
    "path",
    [
        *plugin_files(),
        *sorted((CORE / "wire").glob("*.py")),
        *sorted((CORE / "files").glob("*in_gimp.py")),
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_runs_in_gimp_is_written_for_python_3_9(path: Path) -> None:
    """GIMP may bring a Python as old as 3.9."""
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("path", core_files(), ids=own_name)
def test_every_module_says_what_it_is_for_and_what_it_offers(path: Path) -> None:
    """Each has a first line; `__all__` is there, sorted, and names what the module defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name in ("__main__.py", "__init__.py") and len(tree.body) == 1:
        return
    if path.name == "__main__.py":
        return
    offered = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]
    assert len(offered) == 1, "no __all__"
    defined = set()
    for node in tree.body:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                defined.add(name)
            case ast.Assign(targets=targets):
                defined |= {getattr(target, "id", "") for target in targets}
            case ast.AnnAssign(target=ast.Name(id=name)):
                defined.add(name)
            case ast.ImportFrom(names=names):
                defined |= {alias.asname or alias.name for alias in names}
            case _:
                pass
    assert set(offered[0]) <= defined
    public = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }
    assert public <= set(offered[0]), "public, but not in __all__"
