"""What ComfyUI's answers mean: errors, complaints about nodes, results, and what server it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from overpaint.errors import AnswerUnusable, ModelUnknown, ProviderFailed, RequestRejected
from overpaint.language import _
from overpaint.providers.comfyui_nodes import FOLDERS
from overpaint.providers.exchange import Answer, by_status

__all__ = ["about", "accepted", "explain", "faults", "results"]

TITLE = "ComfyUI"


def accepted(answer: Any, asked: str) -> str:
    """Return the id of a prompt that was taken: *asked*, unless the server chose its own."""
    given = answer.get("prompt_id") if isinstance(answer, dict) else None
    return given if isinstance(given, str) and given else asked


def results(outputs: Mapping[str, Any], wanted: frozenset[str]) -> list[dict[str, str]]:
    """Return where the pictures among *outputs* are, as /view asks for it.

    Those of the *wanted* nodes, if any are named; what is kept, unless all are mere previews.
    """
    found = [
        {
            "filename": image["filename"],
            "subfolder": str(image.get("subfolder") or ""),
            "type": str(image.get("type") or "output"),
        }
        for node, output in outputs.items()
        if not wanted or node in wanted
        for image in _list(output, "images")
        if isinstance(image, dict) and isinstance(image.get("filename"), str)
    ]
    kept = [each for each in found if each["type"] == "output"]
    return kept or [each for each in found if each["type"] == "temp"]


def explain(answer: Answer) -> ProviderFailed:
    """Return what an error of the server means."""
    if answer.status == 403:
        return RequestRejected(
            _("ComfyUI refuses requests that seem to come from another site (status 403)."),
            _(
                "A proxy before it adds a header Origin that does not fit the address: use "
                "ComfyUI's own address as the base URL, or start it with --enable-cors-header."
            ),
        )
    if answer.status == 404:
        return RequestRejected(
            _("There is no ComfyUI at this address (status 404)."),
            _("Check the base URL; it ends after the port, or with /api."),
        )
    if answer.status == 413:
        return RequestRejected(
            _("ComfyUI finds the picture too large."),
            _("Select less, or start ComfyUI with a larger --max-upload-size."),
        )
    data = answer.data()
    error = data.get("error") if isinstance(data, dict) else None
    if answer.status != 400 or not isinstance(error, dict):
        return by_status(answer, TITLE)
    said = faults(data) or " ".join(
        part for part in (str(error.get("message", "")), str(error.get("details", ""))) if part
    )
    sentence = _("ComfyUI does not take the workflow: {said}").format(said=answer.excerpt(said))
    kind = error.get("type")
    if kind in ("invalid_prompt", "missing_node_type"):
        return RequestRejected(
            sentence, _("Install the custom nodes that it needs with ComfyUI's Manager.")
        )
    if kind == "prompt_no_outputs":
        return RequestRejected(sentence, _("Add a node that saves the picture, such as SaveImage."))
    if _is_file_missing(data):
        return ModelUnknown(sentence, _("Choose one that this ComfyUI has."))
    return RequestRejected(sentence, _("Open the workflow in ComfyUI and run it there once."))


def faults(data: Any) -> str:
    """Return what node_errors complain of, in a few words."""
    told = []
    for node, fault in _each_fault(data):
        words = (str(fault.get("message", "")), str(fault.get("details", "")))
        told.append(f"{node}: {', '.join(word for word in words if word)}")
    return "; ".join(told[:3])


def _is_file_missing(data: Any) -> bool:
    """Whether all that is wrong are names of model files that the server does not have."""
    wrong = [fault for _, fault in _each_fault(data)]
    return bool(wrong) and all(
        fault.get("type") == "value_not_in_list"
        and str(fault.get("details", "")).partition(":")[0] in FOLDERS
        for fault in wrong
    )


def _each_fault(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    nodes = data.get("node_errors") if isinstance(data, dict) else None
    for node in nodes.values() if isinstance(nodes, dict) else ():
        for fault in _list(node, "errors"):
            if isinstance(fault, dict):
                yield str(node.get("class_type", "a node")), fault


def _list(data: Any, name: str) -> list[Any]:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []


def about(stats: Any) -> tuple[str, str]:
    """Return the version and the first device of /system_stats, as far as it tells."""
    match stats:
        case {"system": dict(system), **rest}:
            version = str(system.get("comfyui_version") or _("(of unknown version)"))
        case _:
            raise AnswerUnusable(
                _("What answers there is no ComfyUI."),
                _("Check the base URL; it ends after the port."),
            )
    match rest.get("devices"):
        case [{"name": str(name), "vram_free": int(free)}, *_]:
            return version, _(" on {name} with {free:.1f} GB free").format(
                name=name, free=free / 2**30
            )
    return version, ""
