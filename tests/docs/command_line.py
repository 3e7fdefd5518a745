"""The outputs that docs/command-line.md shows; run as a module, it writes them anew."""

import contextlib
import io
import re
from pathlib import Path

from overpaint.cli import run

__all__ = ["PAGE", "printed", "shown"]

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"```\n\$ overpaint (.*?)\n(.*?)```", re.DOTALL)


def shown() -> dict[str, str]:
    """Return what the page shows as the output of which command."""
    return dict(BLOCK.findall(PAGE.read_text("utf-8")))


def printed(command: str) -> str:
    """Return what *command* prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(command.split())
    return out.getvalue()


if __name__ == "__main__":
    text = BLOCK.sub(
        lambda block: f"```\n$ overpaint {block[1]}\n{printed(block[1])}```",
        PAGE.read_text("utf-8"),
    )
    PAGE.write_text(text, "utf-8")
