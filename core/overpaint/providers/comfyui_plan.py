"""What one job runs on a ComfyUI server: which workflow, with which values and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.errors import EditUnsupported
from overpaint.language import N_, _
from overpaint.providers.base import Job
from overpaint.providers.comfyui_nodes import (
    Nodes,
    best_match,
    checkpoint_for,
    fetch_nodes,
    require,
)
from overpaint.providers.comfyui_options import Options
from overpaint.providers.comfyui_workflow import Workflow, built_in
from overpaint.providers.exchange import Exchange
from overpaint.recipe import Edit

__all__ = ["CHECKPOINT", "LOADER", "REFERENCES", "Pixels", "Plan", "make_plan"]

LOADER = "CheckpointLoaderSimple"
CHECKPOINT = "ckpt_name"
ADAPTER = ("IPAdapterUnifiedLoader", "IPAdapter")
STRENGTHS = {Edit.VARIATION: 0.6, Edit.STYLE: 0.5}
REFERENCES = ("reference", "reference2", "reference3")
HELP = N_("docs/comfyui.md shows how to mark a workflow.")

Pixels: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Plan:
    """A workflow, its values but for the pictures, the pictures, and sentences for the user."""

    workflow: Workflow
    values: Mapping[str, Any]
    pictures: Mapping[str, Pixels]
    notices: tuple[str, ...]


async def make_plan(
    job: Job, own: Workflow | None, options: Options, model: str | None, exchange: Exchange
) -> Plan:
    """Return what *job* runs: *own*, or a built-in workflow where that is None.

    The server is asked what it has. Raises EditUnsupported, ModelUnknown or RequestRejected for
    what *own* or the server lacks.
    """
    if own is None:
        return await _plan_built_in(job, options, model, exchange)
    _refuse(job, own, instructs=options.instructs)
    nodes = await fetch_nodes(exchange, own.classes)
    notices = _unsaid(job, own)
    if model is not None:
        slot = next(iter(own.slots.get("model", ())), None)
        if slot is None:
            notices.append(
                _(
                    "{model} was not used: no node of {workflow} is titled 'overpaint:model'."
                ).format(model=model, workflow=own.title)
            )
        else:
            choices = nodes.choices(own.graph[slot.node]["class_type"], slot.inputs[0])
            model = model if choices is None else best_match(model, choices)
    return _plan(job, own, _values(job, options, model, job.strength), nodes, notices)


async def _plan_built_in(job: Job, options: Options, model: str | None, exchange: Exchange) -> Plan:
    loader = await fetch_nodes(exchange, (LOADER,))
    chosen = checkpoint_for(model, loader.choices(LOADER, CHECKPOINT))
    notices = []
    if model is None:
        notices.append(
            _("No model is chosen, so ComfyUI's first checkpoint is used: {chosen}.").format(
                chosen=chosen
            )
        )
    strength = STRENGTHS.get(job.edit, 1.0) if job.strength is None else job.strength
    name = "generate" if job.edit is Edit.GENERATE else "redraw"
    if job.edit in (Edit.INPAINT, Edit.REMOVE):
        inpaint_model = options.inpaint_model
        if inpaint_model is None and "inpaint" in chosen.lower():
            inpaint_model = True
            notices.append(
                _("By its name, {chosen} is taken for a model made for inpainting.").format(
                    chosen=chosen
                )
            )
        if inpaint_model:
            name = "inpaint-model"
        elif strength >= 1:
            name = "inpaint"
    if job.references:
        if job.edit is Edit.STYLE:
            name = await _with_reference(job, exchange, name, notices)
        else:
            notices.append(
                _(
                    "The built-in ComfyUI workflows use a reference picture for the style only, "
                    "so it was not sent."
                )
            )
    workflow = built_in(name)
    nodes = await fetch_nodes(exchange, workflow.classes)
    return _plan(job, workflow, _values(job, options, chosen, strength), nodes, notices)


async def _with_reference(job: Job, exchange: Exchange, name: str, notices: list[str]) -> str:
    """Return the workflow that uses the first reference, or *name* where the server cannot."""
    adapter = await fetch_nodes(exchange, ADAPTER)
    if any(each not in adapter for each in ADAPTER):
        notices.append(
            _(
                "The reference picture was not used: this ComfyUI has no IP-Adapter. The custom "
                "nodes ComfyUI_IPAdapter_plus, from ComfyUI's Manager, add it."
            )
        )
        return name
    if len(job.references) > 1:
        notices.append(_("Only the first of the reference pictures was used."))
    return "redraw-reference"


def _plan(
    job: Job, workflow: Workflow, values: dict[str, Any], nodes: Nodes, notices: list[str]
) -> Plan:
    require(workflow.filled(values), workflow.title, nodes)
    return Plan(workflow, values, _pictures(job, workflow), tuple(notices))


def _values(
    job: Job, options: Options, model: str | None, strength: float | None
) -> dict[str, Any]:
    """Return the values by mark; what is None or not wanted keeps what the workflow says."""
    height, width = job.pixels.shape[:2]
    values = {
        "prompt": job.prompt,
        "negative": job.negative or None,
        "seed": job.seed,
        "strength": strength,
        "model": model,
        "width": width,
        "height": height,
        **options.settings,
    }
    return {mark: value for mark, value in values.items() if value is not None}


def _refuse(job: Job, workflow: Workflow, *, instructs: bool) -> None:
    """Raise EditUnsupported for marks without which *job* makes no sense."""
    needed = ["prompt"] if job.edit is Edit.GENERATE else ["image"]
    if job.edit in (Edit.INPAINT, Edit.REMOVE) and not instructs:
        needed.append("mask")
    missing = workflow.missing(needed)
    if missing:
        names = _(" and ").join(f"'overpaint:{mark}'" for mark in missing)
        raise EditUnsupported(
            _("{workflow} cannot {edit}: no node of it is titled {names}.").format(
                workflow=_capital(workflow.title), edit=job.edit.value, names=names
            ),
            _("Give that title to the node where it belongs, and export the workflow again. ")
            + _(HELP),
        )


def _unsaid(job: Job, workflow: Workflow) -> list[str]:
    """Return sentences on what of *job* the user's workflow has no place for."""
    lost = []
    if job.prompt.strip() and "prompt" not in workflow:
        lost.append(_("the prompt"))
    if job.negative.strip() and "negative" not in workflow:
        lost.append(_("what is not wanted"))
    if job.strength is not None and "strength" not in workflow:
        lost.append(_("the strength"))
    if len(job.references) > sum(mark in workflow for mark in REFERENCES):
        lost.append(_("a reference picture"))
    if "seed" not in workflow:
        lost.append(_("the seed, so that several candidates may be the same"))
    return [
        _("{workflow} has no place for {each}.").format(
            workflow=_capital(workflow.title), each=each
        )
        for each in lost
    ]


def _pictures(job: Job, workflow: Workflow) -> dict[str, Pixels]:
    """Return what is to be uploaded for the marks of *workflow*.

    The mask's picture says the same in each way that nodes read one: white, and transparent,
    is to change.
    """
    pictures: dict[str, Pixels] = {}
    if job.edit is not Edit.GENERATE:
        if workflow.shares("image", "mask"):
            shared = np.dstack([job.pixels, 255 - job.mask])
            pictures["image"] = pictures["mask"] = shared
        else:
            pictures["image"] = job.pixels
            pictures["mask"] = np.dstack([job.mask, job.mask, job.mask, 255 - job.mask])
    for mark, reference in zip(REFERENCES, job.references, strict=False):
        pictures[mark] = reference.pixels
    return {mark: pixels for mark, pixels in pictures.items() if mark in workflow}


def _capital(title: str) -> str:
    return title[0].upper() + title[1:]
