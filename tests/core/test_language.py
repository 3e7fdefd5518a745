"""What people are told by the core is marked; who is told in which language."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs import translations

from overpaint import language, wire

CORE = translations.CORE.code
# Who reads what is not marked in these, and the beginnings of their paths.
UNTRANSLATED = {
    "the command line": (
        "app/rewriting.py",
        "cli.py",
        "commands/",
        "files/",
        "presets.py",
        "rewrite.py",
    ),
    "developers, on stderr or in a log": ("wire/", "fitting/", "geometry.py"),
    "a database": ("history/database.py", "history/ledger.py"),
}
UNSEEN = {
    "app/layering/commission.py": {"a recipe is given its seed first"},
    "app/outlook.py": {
        " of its resolution",
        " spent today",
        "Sent as    ",
        "nobody: it stays on this machine",
        "not known",
    },
    "doctor.py": {"Application Support"},
    "history/journal.py": {" has another candidate "},
    "layers/values.py": {
        " done before",
        " equal to another",
        " left as they are",
        " of them for the whole picture first",
        " to make",
        "nobody: it stays on this machine",
        "not known",
    },
    "picture.py": {"pixels are (height, width, 4), not "},
    "providers/gateway_presets.py": {"Vercel AI Gateway"},
    "providers/gemini.py": {"Google Gemini"},
    "settings.py": {"history.", "providers.", "timeouts."},
    "serve.py": {"overpaint: the shell broke the protocol: "},
}
"""Lines of the command line, names, and what only a defect would show."""
# What is looked for in answers, not said.
HEARD = {
    "providers/a1111_answers.py",
    "providers/comfyui_events.py",
    "providers/gemini_wire.py",
    "providers/openai_faults.py",
    "provenance.py",
    "syntax.py",
}
MODULES = [path.relative_to(CORE).as_posix() for path in sorted(CORE.rglob("*.py"))]


@pytest.mark.parametrize("name", MODULES)
def test_nothing_that_a_user_of_gimp_sees_is_unmarked(name: str) -> None:
    """Every text of the core that reads like a sentence is marked, but for those listed here."""
    if name.startswith(sum(UNTRANSLATED.values(), ())):
        return
    found = {text for text in translations.unmarked(CORE / name) if not text.isspace()}
    if name in HEARD:
        found = {text for text in found if text[0].isupper() and text.endswith(".")}

    assert found - UNSEEN.get(name, set()) == set()


def test_texts_of_the_data_files_are_offered_to_translators() -> None:
    """Names of styles and presets, what is known of a model, and what became of a prompt."""
    offered = {message.id for message in translations.CORE.template()}

    assert {"The Great Wave", "Pencil sketch", "Retouching", "Fast, for everyday edits."} <= offered
    assert "Weights between parts such as '{quoted}' were left out." in offered
    assert "the seed is a setting of its own" in offered


def asked(message: wire.Message, spoken: str) -> wire.Message:
    """What a core answers in an environment of that language."""
    connection = wire.Connection("test")
    sent = [*connection.hello(), *connection.send(message)]
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "overpaint.serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LANGUAGE": spoken, "LC_ALL": "C.UTF-8"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(bytes(part) for part in sent))
        process.stdin.flush()
        while (answer := connection.next_message()) is None:
            data = os.read(process.stdout.fileno(), 1 << 20)
            assert data
            connection.receive(data)
        return answer


def test_a_core_tells_the_shell_in_its_language() -> None:
    """Sentence and hint of an error are in the user's words; its code is the same in all."""
    place = wire.Ask(what="place", about={"run": "none-such"})
    english, german, hebrew = (asked(place, spoken) for spoken in ("en", "de", "he"))

    assert isinstance(english, wire.Failure)
    assert isinstance(german, wire.Failure)
    assert isinstance(hebrew, wire.Failure)
    assert english.sentence == "History has no run 'none-such'."
    assert german.sentence == "Der Verlauf hat keinen Lauf 'none-such'."
    assert any("א" <= letter <= "ת" for letter in hebrew.sentence)
    assert len({english.hint, german.hint, hebrew.hint}) == 3
    assert english.code == german.code == hebrew.code == "run-unknown"


def test_what_a_dialog_offers_is_in_its_language() -> None:
    """Providers, styles and presets are called in German; what recipes name them by is not."""
    facts = [asked(wire.Ask(what="facts", about={}), spoken) for spoken in ("en", "de")]
    english, german = (each.data for each in facts if isinstance(each, wire.Answer))

    for kind, name in (("styles", "id"), ("templates", "id"), ("providers", "name")):
        ids = [[each[name] for each in told[kind]] for told in (english, german)]
        assert ids[0] == ids[1]
    assert "Die große Welle" in [each["title"] for each in german["styles"]]
    assert "Bleistiftskizze" in [each["name"] for each in german["templates"]]
    assert german["providers"][0]["title"] == "Eingebautes Verfahren (ohne Netz)"


def test_provenance_is_the_same_in_all_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written into a document and its metadata is for everybody."""
    from overpaint import app
    from overpaint.recipe import Edit, Recipe

    recipe = Recipe(edit=Edit.REMOVE, seed=1)
    before = app.provenance_of(recipe).to_dict()
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setattr(language, "_spoken", language._spoken)
    language.speak()

    assert language._("Nothing is selected.") == "Nichts ist ausgewählt."
    assert app.provenance_of(recipe).to_dict() == before


def test_nothing_said_stays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without a note has none in German either: gettext has something else under ""."""
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setattr(language, "_spoken", language._spoken)
    language.speak()

    assert language._("") == ""


def test_the_command_line_speaks_english(tmp_path: Path) -> None:
    """Scripts read what it prints: it does not change with the user's language."""
    mask = tmp_path / "no such mask.png"
    done = subprocess.run(
        [sys.executable, "-m", "overpaint", "history", "show", "none-such", "--json"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LANGUAGE": "de", "LC_ALL": "C.UTF-8"},
        cwd=mask.parent,
        check=False,
    )

    assert json.loads(done.stdout)["error"]["sentence"] == "History has no run 'none-such'."
