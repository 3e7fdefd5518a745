"""What a ComfyUI server has: its nodes and model files, and what a workflow would miss of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from overpaint.errors import AnswerUnusable, ModelUnknown, RequestRejected, ServerFault
from overpaint.language import _
from overpaint.providers.comfyui_workflow import Graph
from overpaint.providers.exchange import Exchange

__all__ = ["FOLDERS", "Nodes", "best_match", "checkpoint_for", "fetch_nodes", "require"]

FILES = (".safetensors", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx", ".sft")
FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "ipadapter_file": "ipadapter",
}
"""The folder below `models` where the file that an input names is looked for."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The definitions of some classes of nodes, as /object_info gives them.

    *unsure*: classes of which the server could not say whether it has them.
    """

    info: Mapping[str, Any]
    unsure: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.info or name in self.unsure

    def choices(self, name: str, field: str) -> tuple[str, ...] | None:
        """Return what an input can be set to; None where it is not a list to choose from."""
        kind, details = self._input(name, field)
        if isinstance(details, dict) and (
            details.get("image_upload") or details.get("upload") or details.get("remote")
        ):
            return None  # files that come and go
        if kind == "COMBO" and isinstance(details, dict):
            kind = details.get("options")
        if not isinstance(kind, list):
            return None
        return tuple(each for each in kind if isinstance(each, str))

    def _input(self, name: str, field: str) -> tuple[Any, Any]:
        inputs = _dict(_dict(self.info.get(name)).get("input"))
        for group in ("required", "optional"):
            entry = _dict(inputs.get(group)).get(field)
            if isinstance(entry, list) and entry:
                return entry[0], entry[1] if len(entry) > 1 else None
        return None, None


async def fetch_nodes(exchange: Exchange, classes: Collection[str]) -> Nodes:
    """Return the definitions of those of *classes* that the server has.

    Asked one by one: all of them are megabytes on a server with many custom nodes.
    """
    info: dict[str, Any] = {}
    unsure = set()
    for name in classes:
        # A slash in a name does not survive the way to a route; all definitions together do.
        path = "object_info" if "/" in name else f"object_info/{quote(name, safe='')}"
        try:
            data = (await exchange.get(path)).json()
        except ServerFault:
            unsure.add(name)  # one custom node that cannot describe itself
            continue
        if not isinstance(data, dict):
            raise AnswerUnusable(
                _("{address} does not answer as ComfyUI does.").format(address=exchange.base_url),
                _("Check the base URL."),
            )
        if isinstance(data.get(name), dict):
            info[name] = data[name]
    return Nodes(info, frozenset(unsure))


def require(graph: Graph, title: str, nodes: Nodes) -> None:
    """Raise what the server lacks for *graph*: RequestRejected or ModelUnknown.

    Only nodes and model files are looked for; other values are the server's to judge, as nodes
    may accept more than they list. *title* is what sentences call the graph.
    """
    classes = sorted({node["class_type"] for node in graph.values()})
    lacking = [name for name in classes if name not in nodes]
    if lacking:
        names = ", ".join(repr(name) for name in lacking)
        raise RequestRejected(
            _("This ComfyUI does not have all nodes that {title} uses. It lacks {names}.").format(
                names=names, title=title
            ),
            _(
                "Such nodes come with custom nodes: open the workflow in ComfyUI, let its Manager "
                "install what is missing, and restart ComfyUI. Or update ComfyUI."
            ),
        )
    files = []
    for node in graph.values():
        for field, value in node["inputs"].items():
            if not isinstance(value, str):
                continue
            choices = nodes.choices(node["class_type"], field)
            if choices is not None and value.lower().endswith(FILES) and value not in choices:
                folder = FOLDERS.get(field)
                where = _(" (in models/{folder})").format(folder=folder) if folder else ""
                files.append((value, where, choices))
    if files:
        names = ", ".join(f"{value}{where}" for value, where, _choices in files)
        value, _where, choices = files[0]
        raise ModelUnknown(
            _("This ComfyUI lacks what {title} uses: {names}.").format(title=title, names=names),
            _(
                "Put it there and try again, or choose a file that it has in the workflow{choices}."
            ).format(choices=_listed(choices)),
            successor=_near(value, choices),
        )


def checkpoint_for(wanted: str | None, choices: Collection[str] | None) -> str:
    """Return the checkpoint to use of those that the server has; raises ModelUnknown."""
    if not choices:
        raise ModelUnknown(
            _("This ComfyUI has no checkpoint."),
            _(
                "Put the file of a Stable Diffusion model in its folder models/checkpoints, or set "
                "the provider's option 'workflow' to a workflow of your own."
            ),
        )
    if wanted is None:
        return next(iter(choices))
    return best_match(wanted, choices)


def best_match(wanted: str, choices: Collection[str]) -> str:
    """Return the one of *choices* that *wanted* names; raises ModelUnknown.

    The way slashes lean, the folder, and the extension may be left to us where that is clear.
    """
    for form in (str, _slashes, _name, _stem):
        found = [each for each in choices if form(each) == form(wanted)]
        if len(found) == 1:
            return found[0]
    raise ModelUnknown(
        _("This ComfyUI has no model {wanted}.").format(wanted=wanted),
        _("Put it in its folder models/checkpoints, or choose another{choices}.").format(
            choices=_listed(choices)
        ),
        successor=_near(wanted, choices),
    )


def _slashes(name: str) -> str:
    return name.replace("\\", "/")


def _name(name: str) -> str:
    return _slashes(name).rpartition("/")[2]


def _stem(name: str) -> str:
    short = _name(name).lower()
    for extension in FILES:
        short = short.removesuffix(extension)
    return short


def _near(wanted: str, choices: Collection[str]) -> str | None:
    by_stem = {_stem(each): each for each in choices}
    close = get_close_matches(_stem(wanted), by_stem, n=1)
    return by_stem[close[0]] if close else None


def _listed(choices: Collection[str]) -> str:
    if not choices:
        return ""
    names = list(choices)
    said = _(" (it has {names} and more)") if len(names) > 5 else _(" (it has {names})")
    return said.format(names=", ".join(names[:5]))


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
