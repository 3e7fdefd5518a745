"""The user's settings: which providers, how they are reached, what may be spent and kept.

    provider = "gemini"              who makes the pixels unless told otherwise
    fallback = ["openai", "embedded"]    who is asked next, in this order
    daily_budget = 5.0               US dollars; without it there is no limit
    language = "de"                  of the windows in GIMP; without it, GIMP's own

    [history]
    max_bytes = 4000000000           what history may take on disk; 0 for no limit
    max_days = 90

    [providers.openai]
    model = "..."
    base_url = "https://..."
    plain_http = true                allow http beyond this machine
    privacy = "ask"                  before a picture leaves: ask, allow, never
    timeouts = { connect = 10, send = 60, answer = 300, total = 600 }
    options = { ... }                what only this provider understands

It is `settings.toml` in the folder of :func:`overpaint.places.config_folder`. Keys are kept
elsewhere (overpaint.keys): one that is found here is refused.
"""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from overpaint import places
from overpaint.errors import SettingsInvalid
from overpaint.language import N_, _

if TYPE_CHECKING:
    from overpaint.providers.base import Setup

__all__ = ["HistoryLimits", "Privacy", "ProviderSettings", "Settings", "file", "load", "save"]

TIMEOUTS = ("connect", "send", "answer", "total")
KEY_NAME = re.compile(
    r"(^|[_-])(api[_-]?key|apikey|key|secret|password|passwd|token|authorization|bearer)$",
    re.IGNORECASE,
)
KEY_SHAPE = re.compile(r"\s*(Bearer\s|(sk|xai|gsk|ghp|hf|r8)[-_]\S{8}|AIza\S{8})")


class Privacy(StrEnum):
    """Whether pictures may be sent to a provider."""

    ASK = "ask"
    ALLOW = "allow"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """What history may keep; 0 is no limit."""

    max_bytes: int = 4_000_000_000
    max_days: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How one provider is reached; *timeouts* in seconds, those that are not the usual ones."""

    model: str | None = None
    base_url: str | None = None
    plain_http: bool = False
    privacy: Privacy = Privacy.ASK
    timeouts: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user has set, and the defaults for all else. Never holds a key."""

    provider: str = "embedded"
    fallback: tuple[str, ...] = ()
    daily_budget: float | None = None
    language: str | None = None
    history: HistoryLimits = HistoryLimits()
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)

    def chain(self, first: str | None = None) -> tuple[str, ...]:
        """Return who is asked, in order: *first*, or the default, then the others once each."""
        return tuple(dict.fromkeys((first or self.provider, *self.fallback)))

    def of(self, provider: str) -> ProviderSettings:
        return self.providers.get(provider, ProviderSettings())

    def setup_for(self, provider: str, key: str | None) -> "Setup":
        """Return how *provider* is reached, with its *key*."""
        from overpaint.providers.base import Setup, Timeouts

        wanted = self.of(provider)
        return Setup(
            model=wanted.model,
            base_url=wanted.base_url,
            key=key,
            options=wanted.options,
            timeouts=Timeouts(**wanted.timeouts),
            plain_http=wanted.plain_http,
        )


def file() -> Path:
    """Return where the settings are; the file need not be there."""
    return places.config_folder() / "settings.toml"


def load() -> Settings:
    """Return what the user has set; raises SettingsInvalid, naming file and setting."""
    path = file()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsInvalid(
            _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror or error),
            _("Make it yours to read."),
        ) from error
    except ValueError as error:  # neither TOML nor UTF-8; tomllib says where
        raise SettingsInvalid(
            _("{path} is not valid TOML: {error}.").format(path=path, error=error),
            _("Mend it there, or remove the file."),
        ) from error
    return _Reader(str(path)).settings(data)


def save(settings: Settings) -> None:
    """Write *settings*; comments, and the order of what was there, stay. Raises SettingsInvalid.

    What has its default value is left out, so that a later default applies.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = file()
    data = _to_data(settings)
    _Reader(_("The settings to save")).settings(data)
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        _update(document, data)
        places.make_private(path.parent)
        places.write_whole(path, tomlkit.dumps(document).encode())
    except OSError as error:
        raise SettingsInvalid(
            _("{path} cannot be written: {reason}.").format(
                path=path, reason=error.strerror or error
            ),
            _("Make its folder yours to write to, or set OVERPAINT_CONFIG to another."),
        ) from error
    except (TOMLKitError, ValueError) as error:
        raise SettingsInvalid(
            _("{path} is not valid TOML: {error}.").format(path=path, error=error),
            _("Mend it there, or remove the file."),
        ) from error


def _update(there: Any, wanted: Mapping[str, Any]) -> None:
    """Make the table *there* say what is *wanted*, changing no more of it than that."""
    for name in [name for name in there if name not in wanted]:
        del there[name]
    for name, value in wanted.items():
        if isinstance(value, Mapping) and isinstance(there.get(name), Mapping):
            _update(there[name], value)
        elif name not in there or there[name] != value:
            there[name] = value


def _to_data(settings: Settings) -> dict[str, Any]:
    data = _changed(settings)
    tables = {name: _changed(each) for name, each in settings.providers.items()}
    data["providers"] = {name: table for name, table in tables.items() if table}
    data["history"] = _changed(settings.history)
    return {name: value for name, value in data.items() if value not in ({}, [])}


def _changed(values: Any) -> dict[str, Any]:
    """Return what of a dataclass differs from its defaults, as TOML has it."""
    usual = type(values)()
    return {
        each.name: _plain(value)
        for each in fields(values)
        if (value := getattr(values, each.name)) != getattr(usual, each.name)
        and each.name not in ("history", "providers")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads tables and says what is wrong with them; *source* is where they come from."""

    source: str

    def settings(self, data: Mapping[str, Any]) -> Settings:
        self._refuse_keys(data, "")
        self._known(data, "", [each.name for each in fields(Settings)])
        usual = Settings()
        fallback = self._get(
            data, "", "fallback", _names, usual.fallback, _("a list of providers, each once")
        )
        providers = self._table(data, "", "providers")
        return Settings(
            provider=self._get(data, "", "provider", _name, usual.provider, _("a provider's name")),
            fallback=fallback,
            daily_budget=self._get(
                data, "", "daily_budget", _amount, None, _("a number from 0 on")
            ),
            language=self._get(
                data, "", "language", _language, None, _('a language, such as "de"')
            ),
            history=self._history(self._table(data, "", "history")),
            providers=MappingProxyType(
                {
                    name: self._provider(
                        self._table(providers, "providers.", name), f"providers.{name}."
                    )
                    for name in providers
                }
            ),
        )

    def _history(self, data: Mapping[str, Any]) -> HistoryLimits:
        usual = HistoryLimits()
        names = [each.name for each in fields(HistoryLimits)]
        self._known(data, "history.", names)
        wanted = _("a whole number from 0 on")
        return HistoryLimits(
            **{
                name: self._get(data, "history.", name, _count, getattr(usual, name), wanted)
                for name in names
            }
        )

    def _provider(self, data: Mapping[str, Any], at: str) -> ProviderSettings:
        self._known(data, at, [each.name for each in fields(ProviderSettings)])
        timeouts = self._table(data, at, "timeouts")
        self._known(timeouts, f"{at}timeouts.", TIMEOUTS)
        choices = ", ".join(Privacy)
        return ProviderSettings(
            model=self._get(data, at, "model", _name, None, _("the name of a model")),
            base_url=self._get(
                data, at, "base_url", _address, None, _("an address without name or password")
            ),
            plain_http=self._get(data, at, "plain_http", _switch, default=False, kind=_(_SWITCH)),
            privacy=self._get(
                data,
                at,
                "privacy",
                Privacy,
                Privacy.ASK,
                _("one of {choices}").format(choices=choices),
            ),
            timeouts=MappingProxyType(
                {
                    name: self._get(
                        timeouts, f"{at}timeouts.", name, _seconds, 0.0, _("a number of seconds")
                    )
                    for name in timeouts
                }
            ),
            options=MappingProxyType(dict(self._table(data, at, "options"))),
        )

    def _get(
        self,
        data: Mapping[str, Any],
        at: str,
        name: str,
        read: Callable[[Any], T],
        default: T,
        kind: str,
    ) -> T:
        if name not in data:
            return default
        try:
            return read(data[name])
        except (TypeError, ValueError):
            raise SettingsInvalid(
                _("{file}: {at}{name} must be {kind}.").format(
                    file=self.source, at=at, name=name, kind=kind
                ),
                _("Mend it there, or remove the line."),
            ) from None

    def _table(self, data: Mapping[str, Any], at: str, name: str) -> Mapping[str, Any]:
        table = data.get(name, {})
        if not isinstance(table, Mapping):
            raise SettingsInvalid(
                _("{file}: {at}{name} must be a table.").format(file=self.source, at=at, name=name),
                _("Write it as [{at}{name}].").format(at=at, name=name),
            )
        return table

    def _known(self, data: Mapping[str, Any], at: str, names: Any) -> None:
        for name in data:
            if name in names:
                continue
            import difflib

            near = difflib.get_close_matches(name, names, 1)
            hint = (
                _("Did you mean {name}?").format(name=near[0])
                if near
                else _("There are: {names}.").format(names=", ".join(names))
            )
            raise SettingsInvalid(
                _("{file}: there is no setting {at}{name}.").format(
                    file=self.source, at=at, name=name
                ),
                hint,
            )

    def _refuse_keys(self, value: Any, at: str) -> None:
        """Raise SettingsInvalid where a name or a text looks like a key, which is not quoted."""
        if isinstance(value, Mapping):
            for name, each in value.items():
                if KEY_NAME.search(name):
                    self._refuse_key(f"{at}{name}")
                self._refuse_keys(each, f"{at}{name}.")
        elif isinstance(value, list | tuple):
            for each in value:
                self._refuse_keys(each, at)
        elif isinstance(value, str) and KEY_SHAPE.match(value):
            self._refuse_key(at.rstrip("."))

    def _refuse_key(self, where: str) -> None:
        raise SettingsInvalid(
            _("{file}: {where} looks like a key, and settings are no place for keys.").format(
                file=self.source, where=where
            ),
            _("Remove it there, and store it with 'overpaint keys set NAME'."),
        )


_SWITCH = N_("true or false")


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _language(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(_[A-Za-z]{2,4})?", _name(value)):
        raise ValueError
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len({_name(each) for each in value}) != len(value):
        raise ValueError
    return tuple(value)


def _address(value: Any) -> str:
    parts = urlsplit(_name(value))
    if parts.username or parts.password or parts.scheme not in ("http", "https"):
        raise ValueError
    if any(KEY_NAME.search(each.partition("=")[0]) for each in parts.query.split("&")):
        raise ValueError
    return str(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not math.isfinite(value) or value < 0:
        raise ValueError
    return float(value)


def _seconds(value: Any) -> float:
    if not (seconds := _amount(value)):
        raise ValueError
    return seconds


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value
