"""Keys: found in the right order, kept where nobody else reads them, never shown."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
import traceback
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from overpaint import keys, places
from overpaint.errors import KeyInvalid, KeyStoreProblem
from overpaint.keys import Found, Known, Where, find, forget, known, store

NAME, OTHER = "SOMEBODY_API_KEY", "OTHER_API_KEY"
KEY, KEY_2 = "test-key-marked-1", "test-key-marked-2"


class Ring:
    """A keyring as the library's backends are."""

    priority = 5.0

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


class Broken(Ring):
    def get_password(self, *_: str) -> str | None:
        raise RuntimeError("no D-Bus")

    set_password = delete_password = get_password  # type: ignore[assignment]


class Forgetful(Ring):
    def set_password(self, *_: str) -> None:
        pass


class Plain(Ring):
    priority = 0.5


class Stuck(Ring):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go = threading.Event()

    def get_password(self, *_: str) -> str | None:
        self.asked += 1
        self.go.wait(20)
        return None

    def set_password(self, *_: str) -> None:
        self.get_password()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No key anywhere, and no keyring."""
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path / "config"))
    for name in (NAME, OTHER):
        monkeypatch.delenv(name, raising=False)
    use(None, monkeypatch)
    yield tmp_path / "config"
    keys._trusted.cache_clear()


def use(ring: object, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType("keyring")
    fake.get_keyring = lambda: ring  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", None if ring is None else fake)
    monkeypatch.setattr(keys, "_keyring", keys._Keyring())
    keys._trusted.cache_clear()


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    use(made, monkeypatch)
    return made


def test_without_a_keyring_a_key_goes_to_a_file(folder: Path) -> None:
    """It is found again, and its file and folder are the user's alone."""
    assert store(NAME, KEY) is Where.FILE

    assert find([OTHER, NAME]) == Found(NAME, Where.FILE, KEY)
    assert known() == (Known(NAME, Where.FILE),)
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_files_mode_does_not_depend_on_the_umask(
    folder: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a moment is there a file that others can read."""
    seen: list[int] = []
    really = os.replace

    def watched(source: Path, target: Path) -> None:
        seen.append(stat.S_IMODE(Path(source).stat().st_mode))
        really(source, target)

    opened: list[int] = []
    really_open = os.open

    def opening(path: str, flags: int, mode: int = 0o777, **more: int) -> int:
        descriptor = really_open(path, flags, mode, **more)
        if flags & os.O_CREAT:
            opened.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(places.os, "replace", watched)
    monkeypatch.setattr(places.os, "open", opening)
    before = os.umask(umask)
    try:
        store(NAME, KEY)
        store(OTHER, KEY_2)
    finally:
        os.umask(before)

    assert seen == [0o600, 0o600]
    assert not any(mode & 0o077 for mode in opened)
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir() if KEY in path.read_text()] == ["keys.json"]


def test_the_environment_wins_then_the_keyring(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is environment, keyring, file, over all names that a provider reads."""
    use(None, monkeypatch)
    store(NAME, "in-file")
    use(ring, monkeypatch)
    ring.set_password("overpaint", OTHER, "in-keyring")

    assert find([NAME, OTHER]) == Found(OTHER, Where.KEYRING, "in-keyring")
    monkeypatch.setenv(OTHER, "in-environment")
    assert find([NAME, OTHER]) == Found(OTHER, Where.ENVIRONMENT, "in-environment")
    assert known([OTHER]) == (
        Known(OTHER, Where.ENVIRONMENT),
        Known(OTHER, Where.KEYRING),
        Known(NAME, Where.FILE),
    )
    monkeypatch.setenv(OTHER, "  ")
    assert find([NAME]) == Found(NAME, Where.FILE, "in-file")
    assert find([]) is None


def test_a_keyring_is_preferred_to_the_file(ring: Ring, folder: Path) -> None:
    """The file then holds the key's name only, and no older key."""
    assert store(NAME, KEY) is Where.KEYRING

    assert ring.kept == {("overpaint", NAME): KEY}
    assert find([NAME]) == Found(NAME, Where.KEYRING, KEY)
    assert known() == (Known(NAME, Where.KEYRING),)
    assert KEY not in (folder / "keys.json").read_text()


def test_a_key_moves_from_the_file_into_the_keyring(
    ring: Ring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting a key anew leaves no old copy behind."""
    use(None, monkeypatch)
    store(NAME, KEY)
    use(ring, monkeypatch)

    store(NAME, KEY_2)

    assert known() == (Known(NAME, Where.KEYRING),)
    assert KEY not in (folder / "keys.json").read_text()


def test_a_forgotten_key_is_gone_from_everywhere(
    ring: Ring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said where it was; nothing more is left."""
    assert forget(NAME) == ()
    use(None, monkeypatch)
    store(NAME, KEY)
    use(ring, monkeypatch)
    ring.set_password("overpaint", NAME, KEY)

    assert forget(NAME) == (Where.KEYRING, Where.FILE)
    assert find([NAME]) is None
    assert KEY not in (folder / "keys.json").read_text()


@pytest.mark.parametrize("kind", [Broken, Forgetful, Plain])
def test_a_keyring_that_is_no_safe_place_is_passed_over(
    kind: type[Ring], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken, forgetful and plain-text keyrings: the file is used, quietly."""
    use(kind(), monkeypatch)

    assert store(NAME, KEY) is Where.FILE
    assert find([NAME]) == Found(NAME, Where.FILE, KEY)
    assert forget(NAME) == (Where.FILE,)


def test_of_a_chain_of_keyrings_the_first_safe_one_is_used(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain may lead to plain text first."""
    chain = types.SimpleNamespace(priority=10, backends=[Plain(), ring])
    use(chain, monkeypatch)

    assert store(NAME, KEY) is Where.KEYRING
    assert ring.kept


def test_a_keyring_that_waits_for_the_user_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked once, for at most two seconds; then the file is used."""
    stuck = Stuck()
    use(stuck, monkeypatch)
    monkeypatch.setattr(keys, "PATIENCE", 0.1)
    started = time.monotonic()

    assert store(NAME, KEY) is Where.FILE
    assert find([NAME]) == Found(NAME, Where.FILE, KEY)
    assert time.monotonic() - started < 1
    assert stuck.asked == 1
    stuck.go.set()


@pytest.mark.usefixtures("folder")
def test_the_real_library_without_a_keyring_is_passed_over() -> None:
    """In a container keyring finds its 'fail' backend; 'null' is no place either."""
    code = f"from overpaint.keys import find, store; print(store('{NAME}', 'x1'), find(['{NAME}']))"
    for backend in ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHON_KEYRING_BACKEND": backend},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == f"file Found(name='{NAME}', where=<Where.FILE: 'file'>)"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_reach_is_not_read(folder: Path, mode: int) -> None:
    """It is said how to mend it; a key in the environment needs no file."""
    store(NAME, KEY)
    (folder / "keys.json").chmod(mode)

    with pytest.raises(KeyStoreProblem) as caught:
        find([NAME])
    assert f"chmod 600 {folder / 'keys.json'}" in caught.value.hint
    with pytest.raises(KeyStoreProblem):
        store(OTHER, KEY_2)
    (folder / "keys.json").chmod(0o600)
    assert find([NAME])


def test_no_key_is_put_where_others_can_write(folder: Path) -> None:
    """They could put a file of their own in its place."""
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(KeyStoreProblem, match="Other users can write"):
        store(NAME, KEY)
    assert not (folder / "keys.json").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"keys": [], "keyring": []}', "\xff"])
def test_a_damaged_file_is_said(folder: Path, content: str) -> None:
    """It is not guessed at, nor overwritten with less."""
    store(NAME, KEY)
    (folder / "keys.json").write_text(content, "latin-1")

    with pytest.raises(KeyStoreProblem, match="damaged"):
        find([NAME])
    with pytest.raises(KeyStoreProblem, match="damaged"):
        store(NAME, KEY)
    assert (folder / "keys.json").read_text("latin-1") == content


@pytest.mark.parametrize(
    "pasted", [KEY, f"  {KEY}\n", f'"{KEY}"', f" '{KEY}' \r\n", f"`{KEY}`", f"\" '{KEY}'\""]
)
def test_what_sticks_to_a_pasted_key_is_taken_off(
    pasted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """White space, line ends and quotes, stored or in the environment."""
    store(NAME, pasted)
    monkeypatch.setenv(OTHER, pasted)

    assert find([NAME]) == Found(NAME, Where.FILE, KEY)
    assert find([OTHER]) == Found(OTHER, Where.ENVIRONMENT, KEY)


@pytest.mark.parametrize("bad", ["", " ", '""', f"{KEY}\n{KEY_2}", f"{KEY}\x00", f"{KEY}\x1b[A",
                                 f"Bearer {KEY}", f"{KEY}é", "x" * 5000])  # fmt: skip
def test_what_can_be_no_key_is_refused_without_being_shown(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines, control characters, spaces: nothing of it is in the error."""
    with pytest.raises(KeyInvalid) as caught:
        store(NAME, bad)
    assert "marked" not in "".join(traceback.format_exception(caught.value))
    if len(bad.strip('" ')) > 1 and "\x00" not in bad:
        monkeypatch.setenv(NAME, bad)
        with pytest.raises(KeyInvalid, match=NAME) as caught:
            find([NAME])
        assert "marked" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "lower", "A-B", "A B", "../X", f"{KEY}", "A\n", "Ä"])
def test_names_are_those_of_environment_variables(name: str) -> None:
    """Anything else is refused, and not shown: it may be a key."""
    for call in (lambda: store(name, KEY), lambda: forget(name)):
        with pytest.raises(KeyInvalid) as caught:
            call()
        assert "marked" not in str(caught.value)


def test_no_key_is_in_what_is_shown_of_it() -> None:
    """repr and str of everything that is handed out."""
    store(NAME, KEY)

    assert "marked" not in repr((find([NAME]), known(), keys._read_file()))


def test_two_at_once_lose_nothing(folder: Path) -> None:
    """Keys set by several processes at the same moment are all there."""
    code = "import sys; from overpaint.keys import store; store(sys.argv[1], 'x1')"
    names = [f"NAME_{number}" for number in range(4)]
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in names]

    assert [each.wait() for each in running] == [0] * 4
    assert set(json.loads((folder / "keys.json").read_text())["keys"]) == set(names)


def test_a_core_without_keys_does_not_load_the_keyring() -> None:
    """The library is imported when a key is looked for, not before."""
    code = "import sys, overpaint.keys; print('keyring' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
