"""The commands that look around: who can make pixels, and whether the installation is well."""

import click

__all__ = ["doctor", "providers", "styles"]


@click.command()
def providers() -> None:
    """List who can make the pixels, the default first."""
    from overpaint import app

    for provider in app.providers():
        can = provider.capabilities
        facts = [
            f"edits: {', '.join(sorted(can.edits))}",
            "reads the prompt" if can.reads_prompt else "cannot read prompts",
            "needs the network" if can.needs_network else "works offline",
            "needs a key" if can.needs_key else "needs no key",
        ]
        click.echo(f"{provider.name}: {provider.title}\n  {'; '.join(facts)}")


@click.command()
def styles() -> None:
    """List the named styles, and where the look of each comes from."""
    from overpaint import styles as known

    for style in known.load().values():
        origin = f" ({style.origin})" if style.origin else ""
        click.echo(f"{style.id}: {style.title}{origin}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> int:
    """Check this installation, and say how to mend it."""
    from overpaint import doctor as checks

    def find_gimp() -> list[str] | None:
        from overpaint import files

        return files.find_console()

    findings = []
    for finding in checks.examine(find_gimp):
        findings.append(finding)
        if not as_json:
            click.echo(finding.line)
    if as_json:
        click.echo(checks.as_json(findings))
    return 0 if checks.all_well(findings) else 1
