"""What is sent to a gateway for one job: five ways to ask for a picture."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from overpaint.catalogue import Model
from overpaint.geometry import Extent
from overpaint.providers.base import Job
from overpaint.providers.gateway_chat import aspect_of, data_url, message, tier_of
from overpaint.providers.gateway_presets import Place, Preset, Way
from overpaint.providers.openai_wire import File, Request, flag, mask_file, picture_file
from overpaint.recipe import Edit

__all__ = ["make_request"]

WISHES = ("quality", "background")


async def make_request(
    job: Job,
    way: Way,
    preset: Preset,
    model: Model,
    options: Mapping[str, Any],
    *,
    shown_mask: bool,
) -> Request:
    """Return the request for *job*; *shown_mask*: the mask goes along as the second picture."""
    pictures = await _pictures(job, preset.title, shown_mask=shown_mask)
    extra = dict(options.get("extra") or {})
    if way is Way.CHAT:
        return Request("chat/completions", _chat(job, pictures, preset, model, options) | extra)
    if way is Way.IMAGES:
        return Request("images", _images(job, pictures, preset, model, options) | extra)
    fields = _fields(job, preset, model, options, extra)
    if not pictures:
        if not preset.sends_size:
            fields["size"] = _size(job)
        if preset.response_format:
            fields["response_format"] = preset.response_format
        return Request("images/generations", fields)
    files = await _files(job, pictures, way, preset)
    if way is Way.INPAINTING:
        return Request("images/inpainting", fields, files)
    if preset.response_format:
        fields["response_format"] = preset.response_format
    return Request("images/edits", fields, files)


async def _pictures(job: Job, title: str, *, shown_mask: bool) -> list[bytes]:
    """Return the pictures in the order in which the prompt counts them."""
    pictures = []
    if job.edit is not Edit.GENERATE:
        pictures.append(await picture_file(job.pixels, title))
        if shown_mask:
            pictures.append(await mask_file(job.mask, transparent=False))
    pictures += [await picture_file(each.pixels, title) for each in job.references]
    return pictures


def _fields(
    job: Job, preset: Preset, model: Model, options: Mapping[str, Any], extra: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of /images/edits and its like."""
    block: dict[str, Any] = {}
    fields: dict[str, Any] = {"model": model.id, "prompt": job.prompt}
    if preset.sends_size:
        fields["size"] = _size(job)
    for wish in WISHES:
        if options.get(wish):
            fields[wish] = options[wish]
    for name, value, place in (
        ("seed", job.seed, preset.seed),
        ("negative_prompt", job.negative, preset.negative),
    ):
        if value == "":
            continue
        if place is Place.FIELD:
            fields[name] = value
        elif place is Place.BLOCK:
            block[name] = value
        elif place is Place.BAR and job.edit is Edit.GENERATE:
            fields["prompt"] += f"|{value}"
    if preset.seed is Place.BLOCK:
        text = json.dumps(block | extra, ensure_ascii=False)
        fields["prompt"] += f" <sd_cpp_extra_args>{text}</sd_cpp_extra_args>"
        return fields
    return fields | extra


async def _files(job: Job, pictures: Sequence[bytes], way: Way, preset: Preset) -> list[File]:
    several = len(pictures) > 1 and way is not Way.INPAINTING
    name = preset.several if several else "image"
    files: list[File] = [
        (name, (f"picture{number}.png", picture, "image/png"))
        for number, picture in enumerate(pictures, 1)
    ]
    if job.edit is not Edit.GENERATE:
        mask = await mask_file(job.mask, transparent=preset.transparent)
        files.append((preset.mask, ("mask.png", mask, "image/png")))
    return files


def _chat(
    job: Job,
    pictures: Sequence[bytes],
    preset: Preset,
    model: Model,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model.id, "messages": [message(job.prompt, pictures)]}
    modalities = str(options.get("modalities") or "image,text")
    if modalities != "none":
        body["modalities"] = [each.strip() for each in modalities.split(",")]
    if preset.shapes:
        extent = _extent(job)
        body["image_config"] = {
            "aspect_ratio": aspect_of(extent, model.sizes.aspects),
            "image_size": tier_of(extent),
        }
    if preset.seed is Place.FIELD:
        body["seed"] = job.seed
    if flag(options.get("stream", preset.streams_chat)):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _images(
    job: Job,
    pictures: Sequence[bytes],
    preset: Preset,
    model: Model,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model.id, "prompt": job.prompt, "output_format": "png"}
    extent = _extent(job)
    if "shapes" in model.features:
        # A model of few shapes: the size is said in its own words.
        body |= {
            "aspect_ratio": aspect_of(extent, model.sizes.aspects),
            "resolution": tier_of(extent),
        }
    else:
        body["size"] = _size(job)
    if pictures:
        body["input_references"] = [
            {"type": "image_url", "image_url": {"url": data_url(each)}} for each in pictures
        ]
    if preset.seed is Place.FIELD:
        body["seed"] = job.seed
    for wish in WISHES:
        if options.get(wish):
            body[wish] = options[wish]
    if flag(options.get("stream")):
        body["stream"] = True
    return body


def _extent(job: Job) -> Extent:
    height, width = job.pixels.shape[:2]
    return Extent(width, height)


def _size(job: Job) -> str:
    extent = _extent(job)
    return f"{extent.width}x{extent.height}"
