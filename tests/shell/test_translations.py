"""What the user sees is marked for translation, and the translations are whole and fit."""

import gettext
import io
import os
import re
import string
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from tests.docs import translations

from overpaint import settings
from shell import language

MODULES = sorted(translations.SHELL.code.rglob("*.py"))
PLAIN = settings.ProviderSettings(model="m")
LANGUAGES = [(domain, each) for domain in translations.DOMAINS for each in domain.languages()]
# For developers: what goes to a terminal, into a report, or names who wrote this.
UNSEEN = {
    "Application Support",
    "The Overpaint developers",
    "overpaint: the core broke the protocol: {}\n",
    "overpaint core: {}\n",
    "GIMP {}",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_that_a_user_sees_is_unmarked(path: Path) -> None:
    """Every text that reads like words is marked, but for docstrings and what nobody sees."""
    assert translations.unmarked(path) - UNSEEN == set()


@pytest.mark.parametrize("domain", translations.DOMAINS, ids=lambda domain: domain.name)
def test_the_template_is_up_to_date(domain: translations.Domain) -> None:
    """Each language knows every text that is marked, and no other."""
    wanted = {message.id for message in domain.template() if message.id}

    for each in domain.languages():
        known = {message.id for message in domain.catalog(each) if message.id}
        assert known == wanted, "run python -m tests.docs.translations"


def texts(compiled: bytes) -> dict[object, str]:
    """What a compiled file says, less its head, which names the version of the compiler."""
    said = dict(gettext.GNUTranslations(io.BytesIO(compiled))._catalog)  # type: ignore[attr-defined]
    del said[""]
    return said


@pytest.mark.parametrize(("domain", "language"), LANGUAGES)
def test_a_language_is_whole_and_compiled(domain: translations.Domain, language: str) -> None:
    """Every text is translated, and the compiled file says the same."""
    catalog = domain.catalog(language)
    left = [message.id for message in catalog if message.id and not all_strings(message.string)]

    assert left == []
    kept = domain.po(language).with_suffix(".mo").read_bytes()
    assert texts(kept) == texts(domain.compiled(language))


@pytest.mark.parametrize(("domain", "language"), LANGUAGES)
def test_a_translation_has_its_places_and_keys(domain: translations.Domain, language: str) -> None:
    """What is filled in has its place in each translation, and so has a key to press; blanks
    before or after a part of a sentence stay.
    """
    for message in domain.catalog(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for text in all_strings(message.string):
            assert fields(text) == fields(source), source
            if domain is translations.SHELL:
                assert has_key(text) == has_key(source), source
            assert blanks(text) == blanks(source), source


RIGHT_TO_LEFT = "\u200f"


@pytest.mark.parametrize("domain", translations.DOMAINS, ids=lambda domain: domain.name)
def test_hebrew_runs_from_right_to_left_whatever_it_begins_with(
    domain: translations.Domain,
) -> None:
    """A line runs as its first letter does: one that begins with a name needs a mark before it."""
    for message in domain.catalog("he"):
        for text in all_strings(message.string) if message.id else ():
            assert begins_in_hebrew(text.lstrip()) or not HEBREW.search(text), text


HEBREW = re.compile("[א-ת]")


def begins_in_hebrew(text: str) -> bool:
    """Whether its first letter is of Hebrew, or a mark; what is filled in may be anything."""
    for letter in text:
        if letter == "{" or unicodedata.bidirectional(letter) == "L":
            return False
        if HEBREW.match(letter) or letter == RIGHT_TO_LEFT:
            return True
    return True


def all_strings(said: str | tuple[str, ...]) -> list[str]:
    texts = [said] if isinstance(said, str) else list(said)
    return texts if all(texts) else []


def fields(text: str) -> Counter[str]:
    return Counter(
        f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None
    )


def has_key(text: str) -> bool:
    return "_" in text


def blanks(text: str) -> tuple[bool, bool]:
    return text.startswith(" "), text.endswith(" ")


LABEL = "from shell import menu; menu.register_all()\nfrom gimpfu import registry"
REMOVE = "registry.REGISTERED['plug-in-overpaint-remove'].title"


def said(code: str, language: str = "de", **env: str) -> str:
    """What the shell prints, in a GIMP of this language."""
    start = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import overpaint.wire; sys.modules['wire'] = overpaint.wire\n"
    )
    places = [str(translations.PLUGIN), str(translations.PLUGIN.parent)]
    done = subprocess.run(
        [sys.executable, "-c", start + code, *places],
        env={**os.environ, "LANGUAGE": language, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", **env},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


def test_the_shell_speaks_the_users_language() -> None:
    """With LANGUAGE=de, as GIMP tells its plug-ins, a sentence comes out in German."""
    spoken = said("from shell import messages; print(messages.nothing_selected().sentence)")

    assert spoken not in ("", "Nothing is selected.")


def test_the_settings_may_name_another_language(tmp_path: Path) -> None:
    """German in a Hebrew GIMP: what is said, what the menu says, and what the core is told."""
    settings.save(settings.Settings(daily_budget=1.0, language="de"))

    german = said(f"{LABEL}\nprint({REMOVE})")
    code = f"{LABEL}\nfrom shell import launch\nprint({REMOVE}, launch.environment()['LANGUAGE'])"
    assert said(code, "he") == f"{german} de"

    settings.save(settings.Settings(language="en", providers={"a": PLAIN}))
    assert said(f"{LABEL}\nprint({REMOVE})", "he") == "Remove Selection"

    settings.save(settings.Settings(providers={"a": PLAIN}))
    hebrew = said(f"{LABEL}\nprint({REMOVE})", "he")
    assert hebrew not in (german, "Remove Selection")
    assert said(f"{LABEL}\nprint({REMOVE})", "he", OVERPAINT_CONFIG=str(tmp_path)) == hebrew


def test_the_shell_finds_the_settings_where_the_core_keeps_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both sides know the folder by themselves, and agree."""
    assert language.settings_file() == settings.file()
    monkeypatch.delenv("OVERPAINT_CONFIG")
    assert language.settings_file() == settings.file()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert language.settings_file() == settings.file()


def test_settings_offer_each_language() -> None:
    """English, and what there are translations for, of shell and core, by names of their own."""
    assert {name for name, _ in language.ENDONYMS} == {"en", *translations.SHELL.languages()}
    assert translations.CORE.languages() == translations.SHELL.languages()
