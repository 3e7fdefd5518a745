"""The options that several commands share, and what their words mean."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from overpaint.look import MAX_STROKE, MIN_STROKE
from overpaint.recipe import MAX_COUNT, MAX_PX, MAX_SEED, Oversize, Part

__all__ = ["Pairs", "added", "as_parts", "look", "masked", "output", "provider", "wish"]

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
PIXELS = click.IntRange(0, MAX_PX)


class Pairs(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """NAME=VALUE, with names out of a list where there is one."""

    name = "NAME=VALUE"

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._names = names

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        if not sign or not name:
            self.fail(f"{value!r} is not {self.name}", param, ctx)
        if self._names and name not in self._names:
            self.fail(f"{name!r} is not one of {', '.join(self._names)}", param, ctx)
        return name, text


def added(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator that adds all *options*, in their order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def masked(*, required: bool = True) -> Callable[[Command], Command]:
    """The picture, and what of it is edited: all of it where no mask is *required* or given."""
    otherwise = "" if required else " Without it, all of the picture is."
    return added(
        click.argument("image", type=PATH),
        click.option(
            "--mask",
            required=required,
            type=PATH,
            metavar="MASK",
            help="A picture of IMAGE's size: white is edited, black is not, grey softly. "
            f"If it has transparency, what is opaque is edited.{otherwise}",
        ),
        click.option("--grow", type=PIXELS, default=0, metavar="PX", help="Widen the mask first."),
        click.option(
            "--feather", type=PIXELS, default=0, metavar="PX", help="Soften its edge first."
        ),
        click.option(
            "--context",
            type=PIXELS,
            metavar="PX",
            help="How much around the mask the provider sees; by default what suits its size.",
        ),
        click.option(
            "--oversize",
            type=click.Choice([each.value for each in Oversize]),
            default=Oversize.AUTO.value,
            show_default=True,
            help="What becomes of a part larger than the model's largest picture: made smaller, "
            "or made in tiles, each of which is a request.",
        ),
    )


def output(kinds: str) -> Callable[[Command], Command]:
    """Where the result goes, and what is told."""
    return added(
        click.option(
            "-o", "--out", type=PATH, metavar="OUT", help=f"Where to save: {kinds}.", required=True
        ),
        click.option(
            "--dry-run",
            is_flag=True,
            help="Only say what would be sent, to whom, and what it would cost.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    )


def look() -> Callable[[Command], Command]:
    """How a style is laid on."""
    return added(
        click.option(
            "--style",
            "named_style",
            default="",
            metavar="NAME",
            help="A named style, by its id or its title; see 'overpaint styles'.",
        ),
        click.option(
            "--stroke",
            type=click.FloatRange(MIN_STROKE, MAX_STROKE),
            default=1.0,
            show_default=True,
            metavar="FACTOR",
            help="The size of its strokes, as a multiple of what suits the picture.",
        ),
        click.option("--keep-colours", is_flag=True, help="Only the brushwork changes."),
        click.option("--keep-light", is_flag=True, help="Light and dark stay as they are."),
    )


def wish(*, strength: bool = False, references: bool = True) -> Callable[[Command], Command]:
    """What the result should show."""
    options = [
        click.option("--prompt", default="", metavar="TEXT", help="What it should show."),
        click.option(
            "--part",
            "parts",
            multiple=True,
            type=Pairs(tuple(Part)),
            help=f"More of the wish, by what it is about: {', '.join(Part)}.",
        ),
        click.option("--negative", default="", metavar="TEXT", help="What it should not show."),
        click.option(
            "--preset",
            "presets",
            multiple=True,
            metavar="ID",
            help="Add what a preset says; see 'overpaint presets'. May be given several times.",
        ),
        click.option(
            "--value",
            "values",
            multiple=True,
            type=Pairs(),
            help="What a preset asks for.",
        ),
    ]
    if references:
        options.append(
            click.option(
                "--reference",
                "references",
                multiple=True,
                type=PATH,
                metavar="FILE",
                help="A picture that goes along; may be given several times.",
            )
        )
    if strength:
        options.append(
            click.option(
                "--strength",
                type=click.FloatRange(0, 1),
                metavar="0..1",
                help="How far it may depart from what is there.",
            )
        )
    return added(*options)


def provider() -> Callable[[Command], Command]:
    """Who makes the pixels, and how many pictures."""
    return added(
        click.option(
            "--provider",
            metavar="NAME",
            help="Who makes the pixels; see 'overpaint providers'. By default as the settings "
            "say, or else 'embedded'.",
        ),
        click.option("--model", metavar="ID", help="Which of the provider's models."),
        click.option(
            "--base-url",
            metavar="URL",
            help="Where its server is, as the vendor's own SDK takes it.",
        ),
        click.option(
            "--option",
            "options",
            multiple=True,
            type=Pairs(),
            help="A setting of the provider's own; see docs/setting-up.md.",
        ),
        click.option(
            "--fallback",
            "fallbacks",
            multiple=True,
            metavar="NAME",
            help="Who is asked where that fails for a reason of its own.",
        ),
        click.option(
            "--count",
            type=click.IntRange(1, MAX_COUNT),
            default=1,
            show_default=True,
            metavar="N",
            help="How many pictures to choose from.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, MAX_SEED),
            metavar="N",
            help="The same seed makes the same picture, where the model can do that; by default "
            "a new one is taken.",
        ),
    )


def as_parts(pairs: Mapping[str, str] | tuple[tuple[str, str], ...]) -> dict[Part, str]:
    """Return --part's values as a recipe takes them."""
    return {Part(name): text for name, text in dict(pairs).items()}
