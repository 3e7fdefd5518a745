"""`overpaint keys`: set, list, check and forget the keys of providers, and never show one."""

import json
import sys

import click

from overpaint.commands.options import Pairs
from overpaint.errors import KeyInvalid

__all__ = ["keys", "variable"]

MAX_INPUT = 20_000


@click.group()
def keys() -> None:
    """Set, list, check and forget the keys of providers.

    A key is looked for in the environment, then in the system's keyring, then in a file that
    only you can read.
    """


@keys.command("set")
@click.argument("name")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="")
def _set(name: str, more: tuple[str, ...]) -> None:
    """Store the key called NAME, typed at a prompt or read from stdin.

    NAME is a provider's name, or an environment variable's, like OPENAI_API_KEY.
    """
    from overpaint.keys import Where, known, store

    name = variable(name)
    if more:
        # Not shown: what stands here is most likely the key.
        raise KeyInvalid(
            "A key is not taken from the command line, where other programs can read it.",
            f"Run 'overpaint keys set {name}' and paste it, or pipe it in. "
            "Your shell's history may hold it now.",
        )
    if sys.stdin.isatty():
        secret = click.prompt(f"{name}", hide_input=True, err=True, default="", show_default=False)
    else:
        # Windows PowerShell puts a byte order mark first.
        secret = sys.stdin.buffer.read(MAX_INPUT).decode("utf-8-sig", "replace")
    where = store(name, secret)
    click.echo(f"Stored {name} in {_PLACES[where]}.", err=True)
    if any(each.where is Where.ENVIRONMENT for each in known([name]) if each.name == name):
        click.echo(f"The environment variable {name} is set, too, and goes first.", err=True)


@keys.command("list")
@click.option("--json", "for_machines", is_flag=True, help="Print one JSON array.")
def _list(*, for_machines: bool) -> None:
    """Say which keys are set, and where; never the keys."""
    from overpaint.keys import known

    readers = _readers()
    found = known(readers)
    rows: list[tuple[str, str | None]] = [(each.name, each.where.value) for each in found]
    rows += [(name, None) for name in sorted(set(readers) - {each.name for each in found})]
    if for_machines:
        listed = [
            {"name": name, "where": where, "providers": readers.get(name, [])}
            for name, where in rows
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    if not rows:
        click.echo("No keys are set, and no provider needs one.")
    width = max((len(name) for name, _ in rows), default=0)
    for name, where in rows:
        by = ", ".join(readers.get(name, [])) or "no provider"
        click.echo(f"{name:<{width}}  {where or 'not set':<11}  for {by}")


@keys.command("forget")
@click.argument("name")
def _forget(name: str) -> None:
    """Remove the key called NAME from keyring and file."""
    from overpaint.keys import Where, forget, known

    name = variable(name)
    gone = forget(name)
    for where in gone:
        click.echo(f"Removed {name} from {_PLACES[where]}.", err=True)
    if not gone:
        click.echo(f"No key called {name} was stored.", err=True)
    if any(each.where is Where.ENVIRONMENT for each in known([name]) if each.name == name):
        click.echo(f"The environment variable {name} is still set: unset it yourself.", err=True)


@keys.command("check")
@click.argument("provider", required=False)
@click.option("--base-url", metavar="URL", help="Where its server is.")
@click.option("--option", "options", multiple=True, type=Pairs(), help="A setting of its own.")
def _check(
    *, provider: str | None, base_url: str | None, options: tuple[tuple[str, str], ...]
) -> None:
    """Ask a provider whether its key is right; costs nothing.

    By default the provider that the settings name.
    """
    import anyio

    from overpaint import app

    name = provider or app.default_provider()
    reach = app.Reach(base_url=base_url, options=dict(options))
    click.echo(anyio.run(app.check, name, reach))


def variable(name: str) -> str:
    """Return the variable for *name*: itself, or the first that the provider of that name reads.

    Raises KeyInvalid where it is neither; it is not quoted: it may be a key.
    """
    from overpaint.keys import check_name
    from overpaint.providers import registry

    if name in registry.names():
        reads = registry.entry(name).keys
        if not reads:
            raise KeyInvalid(f"The provider {name} needs no key.", "")
        return reads[0]
    check_name(name)
    return name


def _readers() -> dict[str, list[str]]:
    """Return the names of all keys that providers read, and who reads each."""
    from overpaint.providers import registry

    readers: dict[str, list[str]] = {}
    for provider in registry.names():
        for name in registry.entry(provider).keys:
            readers.setdefault(name, []).append(provider)
    return readers


_PLACES = {
    "environment": "the environment",
    "keyring": "the system's keyring",
    "file": "a file that only you can read",
}
