"""The options of the ComfyUI provider, read from a Setup; comfyui.py says what each means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overpaint.errors import RecipeInvalid
from overpaint.language import _

__all__ = ["Options", "read_options"]

SMALLEST = 64 * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """*settings*: values by mark. *inpaint_model* is None where the checkpoint's name decides."""

    workflow: str
    user: str
    instructs: bool
    inpaint_model: bool | None
    native: int
    largest: int
    settings: Mapping[str, Any]


def read_options(options: Mapping[str, Any]) -> Options:
    """Return what *options* say; raises RecipeInvalid for what makes no sense."""
    native = _whole(options, "native", 1024 * 1024, least=SMALLEST)
    return Options(
        workflow=str(options.get("workflow") or ""),
        user=str(options.get("user") or ""),
        instructs=bool(_flag(options, "instructs")),
        inpaint_model=_flag(options, "inpaint_model"),
        native=native,
        largest=_whole(options, "largest", 2 * native, least=SMALLEST),
        settings=_settings(options),
    )


def _flag(options: Mapping[str, Any], name: str) -> bool | None:
    value = options.get(name)
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value is None or isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise _invalid(name, value, _("true or false"))


def _whole(options: Mapping[str, Any], name: str, usual: int, *, least: int) -> int:
    value = options.get(name)
    if value is None:
        return usual
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise _invalid(name, value, _("a whole number from {least} on").format(least=least))
    return number


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        name: str(options[name])
        for name in ("sampler", "scheduler", "preset")
        if options.get(name) is not None
    }
    if options.get("steps") is not None:
        settings["steps"] = _whole(options, "steps", 0, least=1)
    if options.get("cfg") is not None:
        try:
            settings["cfg"] = float(options["cfg"])
        except (TypeError, ValueError):
            raise _invalid("cfg", options["cfg"], "a number") from None
    return settings


def _invalid(name: str, value: object, wanted: str) -> RecipeInvalid:
    return RecipeInvalid(
        _("ComfyUI's option {name!r} must be {wanted}, not {value!r:.40}.").format(
            name=name, wanted=wanted, value=value
        ),
        _("Change it in the provider's settings."),
    )
