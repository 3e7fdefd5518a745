"""The groups of commands for keys and history, as a user meets them."""

import json
import re
import sys
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.core.test_history import PNG, a_run

from overpaint.commands.history import history
from overpaint.commands.keys import keys
from overpaint.errors import ContentRefused, KeyInvalid, RunUnknown
from overpaint.history import Journal, State
from overpaint.keys import find
from overpaint.providers import registry
from overpaint.providers.base import Usage

NAME = "SOMEBODY_API_KEY"


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of the test's own, no keyring, and one provider more, which reads a key."""
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OVERPAINT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setitem(registry._BUILT_IN, "somebody", registry.Entry("nowhere:None", (NAME,)))


def call(group: click.Group, *words: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(group, words, input=typed, standalone_mode=False)
    assert "marked" not in result.output
    if result.exception is not None:
        raise result.exception
    return result


@pytest.mark.parametrize("name", [NAME, "somebody"])
def test_a_key_is_read_from_stdin_and_not_shown(name: str) -> None:
    """By the variable's name, or the provider's."""
    result = call(keys, "set", name, typed="test-key-marked-1\n")

    assert f"Stored {NAME} in a file that only you can read." in result.stderr
    found = find([NAME])
    assert found is not None
    assert found.secret == "test-key-marked-1"


def test_on_a_terminal_a_key_is_asked_for_without_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed goes nowhere but into the store."""
    asked: list[dict[str, object]] = []

    def prompt(_: str, **options: object) -> str:
        asked.append(options)
        return "test-key-marked-2"

    terminal = types.SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("overpaint.commands.keys.sys", types.SimpleNamespace(stdin=terminal))
    monkeypatch.setattr(click, "prompt", prompt)

    call(keys, "set", NAME)

    assert asked[0]["hide_input"] is True
    assert find([NAME]) is not None


@pytest.mark.parametrize(
    "words", [(NAME, "test-key-marked-1"), (NAME, "a", "marked"), ("sk-marked-1",)]
)
def test_a_key_among_the_arguments_is_refused_and_not_repeated(words: tuple[str, ...]) -> None:
    """Arguments can be read by every program on the machine."""
    with pytest.raises(KeyInvalid) as caught:
        call(keys, "set", *words, typed="x")
    assert "marked" not in str(caught.value)
    assert find([NAME]) is None


def test_keys_are_listed_with_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set or not, and for whom; the environment's is told apart."""
    assert "not set" in call(keys, "list").stdout
    call(keys, "set", NAME, typed="test-key-marked-1")
    call(keys, "set", "OTHER_KEY", typed="test-key-marked-2")
    monkeypatch.setenv(NAME, "test-key-marked-3")

    listed = json.loads(call(keys, "list", "--json").stdout)

    assert [each for each in listed if each["name"] in (NAME, "OTHER_KEY")] == [
        {"name": "OTHER_KEY", "where": "file", "providers": []},
        {"name": NAME, "where": "environment", "providers": ["somebody"]},
        {"name": NAME, "where": "file", "providers": ["somebody"]},
    ]
    assert re.search(rf"{NAME} +environment +for somebody", call(keys, "list").stdout)
    again = call(keys, "set", NAME, typed="test-key-marked-1")
    assert "goes first" in again.stderr


def test_a_key_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what was removed, and what is beyond reach."""
    call(keys, "set", NAME, typed="test-key-marked-1")

    assert "Removed" in call(keys, "forget", "somebody").stderr
    assert find([NAME]) is None
    monkeypatch.setenv(NAME, "test-key-marked-3")
    result = call(keys, "forget", NAME)
    assert "No key called" in result.stderr
    assert "unset it yourself" in result.stderr


def test_a_provider_without_keys_is_said() -> None:
    """Its name is no name of a key."""
    with pytest.raises(KeyInvalid, match="needs no key"):
        call(keys, "set", "embedded", typed="x")


@pytest.fixture
def made() -> list[str]:
    """Two runs: one that was refused, then one with a picture."""
    with Journal.open() as journal:
        ids = [journal.begin(a_run("no \x1b[31mgo\nx")), journal.begin(a_run("a red door " * 20))]
        journal.finish(ids[0], State.FAILED, ContentRefused("They said no.", "Ask otherwise."))
        journal.submitted(ids[1], "job-1")
        journal.candidate(ids[1], 1, 0, PNG, "Here \x07 it is.")
        journal.usage(ids[1], Usage(cost=0.039))
        journal.finish(ids[1], State.DONE)
    return ids


def test_history_is_listed_newest_first(made: list[str]) -> None:
    """One line a run, fit for a terminal; as JSON it has all facts."""
    lines = call(history, "list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == made[::-1]
    assert "done" in lines[0]
    assert "1 picture  $0.0390  a red door" in lines[0]
    assert lines[0].endswith("…")
    assert lines[1].endswith("no [31mgo x")
    assert len(call(history, "list", "-n", "1").stdout.splitlines()) == 1
    listed = json.loads(call(history, "list", "--search", "door", "--json").stdout)
    assert [(each["id"], each["cost"], each["state"]) for each in listed] == [
        (made[1], 0.039, "done")
    ]
    assert listed[0]["recipe"]["seed"] == 7
    assert "Nothing was found" in call(history, "list", "--provider", "x").stderr


def test_a_run_is_shown(made: list[str]) -> None:
    """By the start of its id; a failure with what it said, a picture with its file."""
    failed = call(history, "show", made[0][:7]).stdout
    shown = json.loads(call(history, "show", made[1], "--json").stdout)

    assert "error: They said no. Ask otherwise." in failed
    assert "\x1b" not in failed
    assert Path(shown["pictures"][0]["files"][0]).read_bytes() == PNG
    assert "the server's names: job-1" in call(history, "show", made[1]).stdout
    with pytest.raises(RunUnknown):
        call(history, "show", "nothing")


def test_a_run_is_exported(made: list[str], tmp_path: Path) -> None:
    """The files are named on stdout."""
    result = call(history, "export", made[1], str(tmp_path / "out"))

    names = [Path(line).name for line in result.stdout.splitlines()]
    assert f"{made[1]}-1.png" in names
    assert all((tmp_path / "out" / name).exists() for name in names)


@pytest.mark.usefixtures("made")
def test_history_is_cleared_only_when_told_so() -> None:
    """Without a terminal to ask on, --yes has to be said."""
    with pytest.raises(click.UsageError):
        call(history, "clear")
    assert "Removed 0 runs" in call(history, "clear", "--older-than", "3", "--yes").stderr
    assert "Removed 2 runs" in call(history, "clear", "--yes").stderr
    assert "History is empty" in call(history, "list").stderr


@pytest.mark.parametrize("group", [keys, history])
def test_help_is_there(group: click.Group) -> None:
    """Every command says in a line what it does."""
    assert group.get_short_help_str()
    for name, command in group.commands.items():
        assert command.get_short_help_str(), name
