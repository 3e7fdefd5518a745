"""What ComfyUI's socket says of one prompt: progress, previews, and how it ended.

Other prompts' events arrive on the same socket and are ignored.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from overpaint.errors import NoPicture, ProviderFailed, ServerFault
from overpaint.language import _
from overpaint.providers.base import Preview, Progress
from overpaint.providers.comfyui_workflow import Graph
from overpaint.providers.exchange import Answer

__all__ = ["Tracker", "failure", "outputs_of"]

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
PICTURES = (b"\xff\xd8", b"\x89PNG", b"RIFF")
OUT_OF_MEMORY = ("outofmemory", "out of memory", "allocation on device")


class Tracker:
    """Turns the messages for *prompt_id*, which runs *graph*, into events.

    *ended*: the server said that it is through. *failure*: what went wrong with it. *outputs*:
    what its nodes are known to have made. *secret* is shown in no sentence.
    """

    def __init__(self, graph: Graph, prompt_id: str, secret: str | None = None) -> None:
        self._graph = graph
        self._id = prompt_id
        self._secret = secret
        # A sampler takes about as long as it has steps, next to which other nodes are one each.
        self._weights = {name: _weight(node) for name, node in graph.items()}
        self._done: set[str] = set()
        self._current: str | None = None
        self._partial = 0.0
        self._reached = 0.0
        self._ours_runs = False
        self.ended = False
        self.failure: ProviderFailed | None = None
        self.outputs: dict[str, Any] = {}

    def take(self, message: str | bytes) -> Iterator[Progress | Preview]:
        """Yield what one message tells."""
        if isinstance(message, bytes):
            yield from self._binary(message)
            return
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict):
            return
        kind = event.get("type")
        if kind == "status":
            yield from self._status(data)
        elif data.get("prompt_id") == self._id:
            self._ours_runs = True
            yield from self._ours(str(kind), data)
        elif kind in ("execution_start", "executing", "progress", "progress_state"):
            self._ours_runs = False

    def _status(self, data: Mapping[str, Any]) -> Iterator[Progress]:
        if self._ours_runs or self.ended:
            return
        remaining = _dict(_dict(data.get("status")).get("exec_info")).get("queue_remaining")
        if isinstance(remaining, int) and remaining > 1:
            yield Progress(
                None,
                _("Waiting for ComfyUI ({remaining} in its queue)").format(remaining=remaining),
            )

    def _ours(self, kind: str, data: Mapping[str, Any]) -> Iterator[Progress]:
        if kind in ("execution_error", "execution_interrupted"):
            self.failure = failure(kind, data, self._secret)
            self.ended = True
        elif kind == "execution_success" or (kind == "executing" and data.get("node") is None):
            self.ended = True
        elif kind == "execution_cached":
            nodes = data.get("nodes")
            self._done |= {str(node) for node in nodes} if isinstance(nodes, list) else set()
            yield self._progress()
        elif kind == "executing":
            self._enter(self._known(data))
            yield self._progress()
        elif kind == "progress":
            self._enter(self._known(data))
            self._partial = _ratio(data)
            yield self._progress()
        elif kind == "progress_state":
            yield from self._states(_dict(data.get("nodes")))
        elif kind == "executed":
            node = self._known(data)
            if node is not None and isinstance(data.get("output"), dict):
                self.outputs[node] = data["output"]

    def _states(self, nodes: Mapping[str, Any]) -> Iterator[Progress]:
        for name, state in nodes.items():
            if not isinstance(state, dict) or name not in self._weights:
                continue
            if state.get("state") == "finished":
                self._done.add(name)
            elif state.get("state") == "running":
                self._enter(name)
                self._partial = _ratio(state)
        yield self._progress()

    def _known(self, data: Mapping[str, Any]) -> str | None:
        """Return the node of the graph that *data* speaks of, also from within an expanded one."""
        names = (str(data.get("node")), str(data.get("display_node")))
        return next((name for name in names if name in self._weights), None)

    def _enter(self, node: str | None) -> None:
        if node is None or node == self._current:
            return
        if self._current is not None:
            self._done.add(self._current)
        self._current = node
        self._partial = 0.0

    def _progress(self) -> Progress:
        done = sum(weight for name, weight in self._weights.items() if name in self._done)
        if self._current is not None and self._current not in self._done:
            done += self._partial * self._weights[self._current]
        # Nodes that run at the same time take turns in being the current one.
        self._reached = max(self._reached, min(1.0, done / sum(self._weights.values())))
        if self._current is None:
            return Progress(self._reached, _("ComfyUI starts"))
        return Progress(self._reached, f"ComfyUI: {self._graph[self._current]['class_type']}")

    def _binary(self, message: bytes) -> Iterator[Preview]:
        if len(message) < 8:
            return
        kind, number = struct.unpack(">II", message[:8])
        if kind == PREVIEW and self._ours_runs:
            picture = message[8:]  # the number is the format, which the bytes tell as well
        elif kind == PREVIEW_WITH_METADATA:
            try:
                metadata = json.loads(message[8 : 8 + number])
            except (ValueError, RecursionError):
                return
            if _dict(metadata).get("prompt_id") != self._id:
                return
            picture = message[8 + number :]
        else:
            return
        if picture.startswith(PICTURES):
            yield Preview(picture)


def failure(kind: str, data: Mapping[str, Any], secret: str | None = None) -> ProviderFailed:
    """Return the error that an execution_error or execution_interrupted event means."""
    if kind == "execution_interrupted":
        return NoPicture(
            _("The run was stopped in ComfyUI."), _("Somebody interrupted it there. Try again.")
        )
    node = str(data.get("node_type") or "a node")
    where = f"{node} (node {data.get('node_id')})"
    message = str(data.get("exception_message") or _("it does not say why"))
    said = Answer(200, {}, b"", secret).excerpt(message)
    told = f"{data.get('exception_type')} {said}".lower()
    if any(words in told for words in OUT_OF_MEMORY):
        return ServerFault(
            _("ComfyUI ran out of memory in {where}.").format(where=where),
            _(
                "Select less, lower the provider's option 'native', or close what else uses the "
                "graphics card."
            ),
        )
    return ServerFault(
        _("ComfyUI failed in {where}: {said}").format(where=where, said=said),
        _("ComfyUI's own window or log says more. Check the workflow and its model files."),
    )


def outputs_of(entry: Mapping[str, Any], secret: str | None = None) -> dict[str, Any]:
    """Return the outputs by node of a history entry; raises what it says went wrong."""
    status = _dict(entry.get("status"))
    if status.get("status_str") == "error" or status.get("completed") is False:
        messages = status.get("messages")
        for message in messages if isinstance(messages, list) else []:
            match message:
                case [("execution_error" | "execution_interrupted") as kind, dict(data)]:
                    raise failure(kind, data, secret)
        raise ServerFault(_("ComfyUI failed, and does not say why."), _("Look into its log."))
    return dict(_dict(entry.get("outputs")))


def _weight(node: Mapping[str, Any]) -> float:
    steps = node["inputs"].get("steps")
    return float(steps) if isinstance(steps, int) and 0 < steps <= 10_000 else 1.0


def _ratio(data: Mapping[str, Any]) -> float:
    value, most = data.get("value"), data.get("max")
    if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 0:
        return 0.0
    return min(1.0, max(0.0, value / most))


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
