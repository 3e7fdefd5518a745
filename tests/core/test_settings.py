"""Settings: read strictly, written gently, never a place for keys."""

import stat
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from overpaint import settings
from overpaint.errors import SettingsInvalid
from overpaint.providers.base import Setup, Timeouts
from overpaint.settings import HistoryLimits, Privacy, ProviderSettings, Settings, load, save

FULL = """\
# mine
provider = "somebody"
fallback = ["other", "embedded"]
daily_budget = 5
language = "de"

[history]
max_bytes = 1000 # little
max_days = 0

[providers.somebody]
model = "model-1"
base_url = "https://api.example.com/v1"
privacy = "allow"
timeouts = { answer = 20 }

[providers.somebody.options]
quality = "high"
nested = { max_tokens = 12, list = [1, 2] }

[providers."home-server"]
base_url = "http://10.0.0.2:7860"
plain_http = true
"""


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of settings; where the file will be."""
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config" / "settings.toml"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def test_without_a_file_there_are_defaults() -> None:
    """Offline, no limit of spending, and asked before a picture leaves."""
    found = load()

    assert found == Settings()
    assert found.provider == "embedded"
    assert found.daily_budget is None
    assert found.of("anybody").privacy is Privacy.ASK
    assert found.setup_for("anybody", None) == Setup()


def test_all_of_it_is_read(path: Path) -> None:
    """Each setting lands where it belongs, and makes a provider's setup."""
    write(path, FULL)

    found = load()

    assert found.chain() == ("somebody", "other", "embedded")
    assert found.chain("other") == ("other", "embedded")
    assert found.daily_budget == 5.0
    assert found.language == "de"
    assert found.history == HistoryLimits(max_bytes=1000, max_days=0)
    assert found.of("somebody").privacy is Privacy.ALLOW
    setup = found.setup_for("somebody", "test-key-marked-1")
    assert setup == Setup(
        model="model-1",
        base_url="https://api.example.com/v1",
        key="test-key-marked-1",
        options={"quality": "high", "nested": {"max_tokens": 12, "list": [1, 2]}},
        timeouts=Timeouts(answer=20.0),
    )
    assert found.setup_for("home-server", None).plain_http


def test_what_is_saved_is_read_back(path: Path) -> None:
    """For the user alone, and without what has its default value."""
    wanted = Settings(
        provider="a",
        fallback=("b",),
        daily_budget=0.0,
        history=HistoryLimits(max_days=3),
        providers=MappingProxyType(
            {"b": ProviderSettings(options={"text": 'a "quoted"\\ line\n\x7fé'}, model="m")}
        ),
    )

    save(wanted)

    assert load() == wanted
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "max_bytes" not in path.read_text()
    save(Settings())
    assert path.read_text().strip() == ""


def test_saving_changes_only_what_changed(path: Path) -> None:
    """Comments and order of a file written by hand stay."""
    write(path, FULL)

    save(load())
    assert path.read_text("utf-8") == FULL
    changed = load()
    save(
        Settings(
            **{**{name: getattr(changed, name) for name in changed.__slots__}, "provider": "x"}
        )
    )
    assert path.read_text("utf-8") == FULL.replace('provider = "somebody"', 'provider = "x"', 1)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("providor = 'x'", "there is no setting providor", "provider"),
        ("[history]\nmax_day = 1", "no setting history.max_day", "max_days"),
        ("[providers.a]\nurl = 'x'", "no setting providers.a.url", "There are: model, base_url"),
        ("[providers.a.timeouts]\nread = 1", "no setting providers.a.timeouts.read", "answer"),
        ("provider = ''", "provider must be", ""),
        ("provider = 3", "provider must be", ""),
        ("fallback = ['a', 'a']", "fallback must be", ""),
        ("fallback = 'a'", "fallback must be", ""),
        ('language = "the usual one"', "language must be", ""),
        ("daily_budget = -1", "daily_budget must be", ""),
        ("daily_budget = nan", "daily_budget must be", ""),
        ("daily_budget = true", "daily_budget must be", ""),
        ("history = 3", "history must be a table", "[history]"),
        ("[history]\nmax_days = 1.5", "history.max_days must be a whole number", ""),
        ("[providers.a]\nprivacy = 'maybe'", "one of ask, allow, never", ""),
        ("[providers.a]\nplain_http = 'yes'", "plain_http must be true or false", ""),
        ("[providers.a]\nbase_url = 'ftp://x'", "base_url must be an address", ""),
        ("[providers.a]\ntimeouts = { total = 0 }", "timeouts.total must be", ""),
        ("provider = ", "is not valid TOML", ""),
        ("\xff", "is not valid TOML", ""),
    ],
)
def test_what_cannot_be_used_is_said(path: Path, text: str, said: str, hint: str) -> None:
    """The file and the setting are named; nothing is guessed or passed over."""
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert str(path) in caught.value.sentence
    assert said in caught.value.sentence
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "key = 'test-marked-1'",
        "[providers.a]\napi_key = 'test-marked-1'",
        "[providers.a]\nAPIKEY = 'test-marked-1'",
        "[providers.a.options]\naccess_token = 'test-marked-1'",
        "[providers.a.options.headers]\nAuthorization = 'test-marked-1'",
        "[providers.a.options]\nheaders = [{ x-api-key = 'test-marked-1' }]",
        "[providers.a]\nmodel = 'sk-test-marked-1'",
        "[providers.a.options]\nextra = ['Bearer test-marked-1']",
        "[providers.a]\nbase_url = 'https://user:test-marked-1@host/v1'",
        "[providers.a]\nbase_url = 'https://host/v1?key=test-marked-1'",
    ],
)
def test_keys_are_refused_and_not_shown(path: Path, text: str) -> None:
    """By name or by shape, at any depth, on reading."""
    write(path, text)

    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert "marked" not in str(caught.value)


def test_no_key_is_saved(path: Path) -> None:
    """What would be refused on reading is not written."""
    keyed = ProviderSettings(options={"api_key": "test-marked-1"})

    with pytest.raises(SettingsInvalid) as caught:
        save(Settings(providers={"a": keyed}))
    assert "marked" not in str(caught.value)
    assert not path.exists()


def test_a_folder_that_cannot_be_is_said(path: Path) -> None:
    """Saving ends in one sentence."""
    path.parent.write_text("a file")

    with pytest.raises(SettingsInvalid):
        save(Settings(provider="a"))


def test_the_module_is_quick_to_import() -> None:
    """The command line reads settings without waiting for a picture library."""
    code = (
        f"import sys, {settings.__name__};"
        "print({'numpy', 'tomlkit', 'platformdirs'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
