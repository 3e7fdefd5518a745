"""What the user sees is marked for translation, and the translations are whole and fit."""

import ast
import os
import re
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.docs import translations

SHELL = translations.SHELL / "shell"
MODULES = sorted(SHELL.rglob("*.py"))
MARKERS = {"_", "N_", "many"}
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z{]|(?<![A-Z])_[A-Z][a-z]|[A-Za-z]{2,}[.!?]$")
# For developers: what goes to a terminal, into a report, or names who wrote this.
UNSEEN = {
    "The Overpaint developers",
    "overpaint: the core broke the protocol: {}\n",
    "overpaint core: {}\n",
    "GIMP {}",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_that_a_user_sees_is_unmarked(path: Path) -> None:
    """Every text that reads like words is marked, but for docstrings and what nobody sees."""
    tree = ast.parse(path.read_text())
    exempt: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKERS:
            exempt |= {id(inside) for inside in ast.walk(node)}
        body = getattr(node, "body", None)
        for inside in body if isinstance(body, list) else []:
            if isinstance(inside, ast.Expr) and isinstance(inside.value, ast.Constant):
                exempt.add(id(inside.value))
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt
    ]

    assert [text for text in found if WORDS.search(text) and text not in UNSEEN] == []


def test_the_template_is_up_to_date() -> None:
    """Each language knows every text that is marked, and no other."""
    wanted = {message.id for message in translations.template() if message.id}

    for language in translations.languages():
        known = {message.id for message in translations.catalog(language) if message.id}
        assert known == wanted, "run python -m tests.docs.translations"


@pytest.mark.parametrize("language", translations.languages())
def test_a_language_is_whole_and_compiled(language: str) -> None:
    """Every text is translated, and the compiled file says the same."""
    catalog = translations.catalog(language)
    left = [message.id for message in catalog if message.id and not all_strings(message.string)]

    assert left == []
    assert translations.po(language).with_suffix(".mo").read_bytes() == (
        translations.compiled(language)
    )


@pytest.mark.parametrize("language", translations.languages())
def test_a_translation_has_its_places_and_keys(language: str) -> None:
    """What is filled in has its place in each translation, and so has a key to press."""
    for message in translations.catalog(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for text in all_strings(message.string):
            assert fields(text) == fields(source), source
            assert has_key(text) == has_key(source), source


def all_strings(said: str | tuple[str, ...]) -> list[str]:
    texts = [said] if isinstance(said, str) else list(said)
    return texts if all(texts) else []


def fields(text: str) -> Counter[str]:
    return Counter(
        f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None
    )


def has_key(text: str) -> bool:
    return "_" in text


def test_the_shell_speaks_the_users_language() -> None:
    """With LANGUAGE=de, as GIMP tells its plug-ins, a sentence comes out in German."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import overpaint.wire; sys.modules['wire'] = overpaint.wire\n"
        "from shell import messages; print(messages.nothing_selected().sentence)"
    )
    places = [str(translations.SHELL), str(translations.SHELL.parent)]
    done = subprocess.run(
        [sys.executable, "-c", code, *places],
        env={**os.environ, "LANGUAGE": "de", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stdout.strip() not in ("", "Nothing is selected.")
