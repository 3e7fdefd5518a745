"""Brings the translations up to date: `python -m tests.docs.translations`.

Collects what is marked in the shell into overpaint.pot, takes it over into each language's
overpaint.po, and compiles that to the overpaint.mo that the plug-in reads.
"""

import io
from pathlib import Path

from babel.messages import Catalog, extract, mofile, pofile

SHELL = Path(__file__).parents[2] / "plugin" / "overpaint-gimp"
LOCALE = SHELL / "locale"
KEYWORDS = {"_": None, "N_": None, "many": (1, 2)}
DOMAIN = "overpaint"


def template() -> Catalog:
    """Return what is marked, in the order of files and lines."""
    catalog = Catalog(project="Overpaint", charset="utf-8", fuzzy=False)
    for path in sorted((SHELL / "shell").rglob("*.py")):
        with path.open("rb") as file:
            for line, message, comments, _context in extract.extract(
                "python", file, KEYWORDS, comment_tags=["Translators:"]
            ):
                place = (path.relative_to(SHELL).as_posix(), line)
                catalog.add(message, locations=[place], auto_comments=comments)
    return catalog


def languages() -> list[str]:
    """Return the languages that there are."""
    return sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/overpaint.po"))


def catalog(language: str) -> Catalog:
    """Return the translations of a language as a translator wrote them."""
    return pofile.read_po(io.BytesIO(po(language).read_bytes()), locale=language, domain=DOMAIN)


def po(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def compiled(language: str) -> bytes:
    """Return the file that the plug-in should read."""
    file = io.BytesIO()
    mofile.write_mo(file, catalog(language))
    return file.getvalue()


def _write_po(path: Path, messages: Catalog) -> None:
    file = io.BytesIO()
    # Without places: they would change with every line that is moved.
    pofile.write_po(file, messages, width=96, no_location=True, omit_header=path.suffix == ".pot")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.getvalue())


def main() -> None:
    marked = template()
    _write_po(LOCALE / f"{DOMAIN}.pot", marked)
    for language in languages():
        messages = catalog(language)
        messages.update(marked, no_fuzzy_matching=True)
        messages.obsolete.clear()
        _write_po(po(language), messages)
        po(language).with_suffix(".mo").write_bytes(compiled(language))
        left = [each.id for each in messages if each.id and not each.string]
        print(f"{language}: {len(messages)} texts, {len(left)} not translated")


if __name__ == "__main__":
    main()
