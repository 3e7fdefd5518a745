"""Workflows in ComfyUI's API format whose inputs are marked by the titles of their nodes.

A mark is a word `overpaint:NAME` anywhere in a node's title; one title can hold several. The
value goes to the input of that node that is obviously meant (`text` for a prompt, `seed` or
`noise_seed` for a seed), or to the one that is named: `overpaint:seed=noise_seed`. An input that
another node feeds is never obvious. `overpaint:output` marks a node whose pictures are the result.

The built-in workflows are marked in the same way (overpaint/workflows/*.json).
"""

import json
import re
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from overpaint.errors import FileUnreadable
from overpaint.language import N_, _

__all__ = ["MARKS", "PICTURES", "Graph", "Slot", "Workflow", "built_in", "parse", "read"]

Graph: TypeAlias = dict[str, dict[str, Any]]
"""Node id to node: `class_type`, `inputs`, and for people `_meta`."""

TEXT = (("text",), ("text_g", "text_l"), ("clip_l", "t5xxl"), ("prompt",), ("string",), ("value",))
MARKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "image": (("image",), ("value",)),
    "mask": (("image",), ("mask",), ("value",)),
    "reference": (("image",), ("value",)),
    "reference2": (("image",), ("value",)),
    "reference3": (("image",), ("value",)),
    "prompt": TEXT,
    "negative": TEXT,
    "seed": (("seed",), ("noise_seed",), ("value",)),
    "strength": (("denoise",), ("strength",), ("value",)),
    "model": (("ckpt_name",), ("unet_name",), ("model_name",), ("value",)),
    "width": (("width",), ("value",)),
    "height": (("height",), ("value",)),
    "steps": (("steps",), ("value",)),
    "cfg": (("cfg",), ("guidance",), ("value",)),
    "sampler": (("sampler_name",), ("value",)),
    "scheduler": (("scheduler",), ("value",)),
    "preset": (("preset",), ("value",)),
    "output": ((),),
}
"""Each mark, and the inputs that it may obviously mean, the likeliest first."""

PICTURES = ("image", "mask", "reference", "reference2", "reference3")
"""The marks whose value is a picture, sent as a file."""

MARK = re.compile(r"\boverpaint:([a-z0-9]+)(?:=([\w.]+))?", re.IGNORECASE)
MAX_FILE = 32 << 20
HELP = N_("docs/comfyui.md shows how to mark a workflow.")
EXPORT = N_(
    "In ComfyUI choose Workflow > Export (API), or in older versions switch on the developer "
    "options and press 'Save (API Format)', and use that file."
)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value goes: one node, and those of its inputs that get it."""

    node: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph and its slots by mark; *title* is what sentences call it. Never changed."""

    title: str
    graph: Graph
    slots: Mapping[str, tuple[Slot, ...]]

    def __contains__(self, mark: str) -> bool:
        return mark in self.slots

    @property
    def outputs(self) -> frozenset[str]:
        """The nodes that are marked as results; empty where none is."""
        return frozenset(slot.node for slot in self.slots.get("output", ()))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of all nodes, each once, sorted."""
        return tuple(sorted({node["class_type"] for node in self.graph.values()}))

    def missing(self, marks: Collection[str]) -> list[str]:
        """Return those of *marks* that it does not have."""
        return [mark for mark in marks if mark not in self.slots]

    def shares(self, first: str, second: str) -> bool:
        """Whether one input takes the values of both marks."""
        return bool(set(self.slots.get(first, ())) & set(self.slots.get(second, ())))

    def filled(self, values: Mapping[str, Any]) -> Graph:
        """Return its graph with *values* by mark; marks without a value keep what they have."""
        graph = deepcopy(self.graph)
        for mark, value in values.items():
            for slot in self.slots.get(mark, ()):
                for name in slot.inputs:
                    graph[slot.node]["inputs"][name] = value
        return graph


@cache
def built_in(name: str) -> Workflow:
    """Return the workflow that comes along as workflows/*name*.json."""
    file = resources.files("overpaint") / "workflows" / f"{name}.json"
    return parse(
        json.loads(file.read_text(encoding="utf-8")),
        _("the built-in workflow {name}").format(name=name),
    )


def read(path: str) -> Workflow:
    """Return the workflow in a file; raises FileUnreadable, which says what is wrong with it."""
    file = Path(path).expanduser()
    title = _("the workflow {file}").format(file=file.name)
    try:
        if file.stat().st_size > MAX_FILE:
            raise FileUnreadable(
                _("{file} is too large for a workflow.").format(file=file), _(EXPORT)
            )
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileUnreadable(
            _("The workflow {file} cannot be opened ({reason}).").format(file=file, reason=reason),
            _("Check the provider's option 'workflow'."),
        ) from error
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(
            _("{file} is not JSON, so it is no workflow.").format(file=file), _(EXPORT)
        ) from error
    return parse(data, title)


def parse(data: Any, title: str) -> Workflow:
    """Return the workflow in JSON *data*; raises FileUnreadable, which says what is wrong."""
    name = title[0].upper() + title[1:]
    if isinstance(data, dict) and isinstance(data.get("nodes"), list):
        raise FileUnreadable(
            _("{name} was saved for ComfyUI's editor, which a server cannot run.").format(
                name=name
            ),
            _(EXPORT),
        )
    whole = data.get("prompt") if isinstance(data, dict) else None
    if isinstance(whole, dict) and "class_type" not in whole:
        data = whole  # it was the body of a request to /prompt
    if not isinstance(data, dict) or not data or not all(map(_is_node, data.values())):
        raise FileUnreadable(
            _("{name} is not in ComfyUI's API format.").format(name=name), _(EXPORT)
        )
    slots: dict[str, tuple[Slot, ...]] = {}
    for node_id, node in data.items():
        meta = node.get("_meta")
        node_title = str(meta.get("title", "")) if isinstance(meta, dict) else ""
        for mark, wanted in MARK.findall(node_title):
            slot = Slot(node_id, _inputs(name, node, node_title, mark.lower(), wanted))
            slots[mark.lower()] = (*slots.get(mark.lower(), ()), slot)
    return Workflow(title, data, slots)


def _is_node(node: object) -> bool:
    return (
        isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.setdefault("inputs", {}), dict)
    )


def _inputs(name: str, node: dict[str, Any], title: str, mark: str, wanted: str) -> tuple[str, ...]:
    if mark not in MARKS:
        raise FileUnreadable(
            _(
                "{name} has a node titled {title!r}, and there is no mark 'overpaint:{mark}'."
            ).format(name=name, title=title, mark=mark),
            _("There are: {names}.").format(names=", ".join(MARKS)),
        )
    inputs = node["inputs"]
    if wanted:
        if wanted in inputs:
            return (wanted,)
        raise FileUnreadable(
            _(
                "{name} marks the input {wanted!r} of a node {node}, which has no such input."
            ).format(name=name, wanted=wanted, node=node["class_type"]),
            _("It has: {names}.").format(names=", ".join(inputs) or _("none")),
        )
    for group in MARKS[mark]:
        if all(each in inputs and not isinstance(inputs[each], list) for each in group):
            return group
    raise FileUnreadable(
        _(
            "{name} has 'overpaint:{mark}' on a node {node}, and it is not clear "
            "which input of it is meant."
        ).format(name=name, mark=mark, node=node["class_type"]),
        _(
            "Mark the node that the value comes from, or name the input, as in "
            "'overpaint:{mark}=INPUT'. "
        ).format(mark=mark)
        + _(HELP),
    )
