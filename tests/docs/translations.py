"""Brings the translations up to date: `python -m tests.docs.translations`.

Collects what is marked in the shell and in the core into a template for each, takes it over into
each language's .po file, and compiles that to the .mo file that is read.
"""

import ast
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages import Catalog, extract, mofile, pofile

ROOT = Path(__file__).parents[2]
KEYWORDS = {"_": None, "N_": None, "many": (1, 2)}
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z{]|(?<![A-Z])_[A-Z][a-z]|[A-Za-z]{2,}[.!?]$")
# What the core tells of its data files: the tables, and what in each of their entries.
TOLD = {
    "models/*.toml": ("model", ("note",)),
    "presets/*.toml": ("", ("name", "category")),
    "styles.toml": ("style", ("title",)),
    "wording.toml": ("flags", ("why",)),
}


@dataclass(frozen=True)
class Domain:
    """One of the two programs: its texts, and where their translations are."""

    name: str
    code: Path
    locale: Path

    def template(self) -> Catalog:
        """Return what is marked, in the order of files and lines."""
        catalog = Catalog(project="Overpaint", charset="utf-8", fuzzy=False)
        for path in sorted(self.code.rglob("*.py")):
            with path.open("rb") as file:
                for line, message, comments, _context in extract.extract(
                    "python", file, KEYWORDS, comment_tags=["Translators:"]
                ):
                    place = (path.relative_to(self.code).as_posix(), line)
                    catalog.add(message, locations=[place], auto_comments=comments)
        for text in _told(self.code):
            catalog.add(text)
        return catalog

    def languages(self) -> list[str]:
        """Return the languages that there are."""
        return sorted(path.parts[-3] for path in self.locale.glob(f"*/LC_MESSAGES/{self.name}.po"))

    def catalog(self, language: str) -> Catalog:
        """Return the translations of a language as a translator wrote them."""
        read = io.BytesIO(self.po(language).read_bytes())
        return pofile.read_po(read, locale=language, domain=self.name)

    def po(self, language: str) -> Path:
        return self.locale / language / "LC_MESSAGES" / f"{self.name}.po"

    def compiled(self, language: str) -> bytes:
        """Return the file that the program should read."""
        file = io.BytesIO()
        mofile.write_mo(file, self.catalog(language))
        return file.getvalue()

    def update(self) -> None:
        """Write all files anew, and say what is not translated."""
        marked = self.template()
        _write_po(self.locale / f"{self.name}.pot", marked)
        for language in self.languages():
            messages = self.catalog(language)
            messages.update(marked, no_fuzzy_matching=True)
            messages.obsolete.clear()
            _write_po(self.po(language), messages)
            self.po(language).with_suffix(".mo").write_bytes(self.compiled(language))
            left = [each.id for each in messages if each.id and not each.string]
            print(f"{self.name}, {language}: {len(messages)} texts, {len(left)} not translated")


PLUGIN = ROOT / "plugin" / "overpaint-gimp"
SHELL = Domain("overpaint", PLUGIN / "shell", PLUGIN / "locale")
CORE = Domain("overpaint-core", ROOT / "core" / "overpaint", ROOT / "core" / "overpaint" / "locale")
DOMAINS = (SHELL, CORE)


def unmarked(path: Path) -> set[str]:
    """Return what reads like words in a file and is not marked, but for docstrings and types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exempt: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KEYWORDS:
            exempt |= {inside for arg in node.args for inside in ast.walk(arg)}
        elif isinstance(node, ast.arg) and node.annotation:
            exempt |= set(ast.walk(node.annotation))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            exempt |= set(ast.walk(node.returns))
        elif isinstance(node, ast.AnnAssign):
            exempt |= set(ast.walk(node.annotation))
        body = getattr(node, "body", None)
        for inside in body if isinstance(body, list) else []:
            if isinstance(inside, ast.Expr) and isinstance(inside.value, ast.Constant):
                exempt.add(inside.value)
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in exempt
        and WORDS.search(node.value)
    }


def _told(code: Path) -> Iterator[str]:
    """Yield what people are told of the data files beside *code*."""
    for pattern, (table, names) in TOLD.items():
        for path in sorted(code.glob(pattern)):
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            if path.name == "wording.toml":
                yield from data["notes"].values()
            yield from (
                each[name] for each in _entries(data, table) for name in names if name in each
            )


def _entries(data: dict[str, Any], table: str) -> list[dict[str, Any]]:
    entries = data.get(table, []) if table else data
    return list(entries.values()) if isinstance(entries, dict) else entries


def _write_po(path: Path, messages: Catalog) -> None:
    file = io.BytesIO()
    # Without places: they would change with every line that is moved.
    pofile.write_po(file, messages, width=96, no_location=True, omit_header=path.suffix == ".pot")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.getvalue())


def main() -> None:
    for domain in DOMAINS:
        domain.update()


if __name__ == "__main__":
    main()
