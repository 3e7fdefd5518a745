"""The user's settings, keys and history as a dialog shows and changes them; never a key itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.app.reach import USUAL, load_settings, set_up
from overpaint.errors import KeyInvalid, OverpaintError, SettingsInvalid
from overpaint.geometry import Extent
from overpaint.language import _
from overpaint.providers import registry

if TYPE_CHECKING:
    from overpaint.history import Image
    from overpaint.settings import ProviderSettings, Settings

LONGEST = 1000
"""Characters of a prompt that a list shows: messages have a largest size."""
__all__ = [
    "change_key",
    "change_settings",
    "clear_history",
    "export_run",
    "past_runs",
    "remove_run",
    "settings_facts",
]


def settings_facts() -> dict[str, Any]:
    """Return all settings, and where each provider's key is, ready for JSON."""
    from overpaint import keys, settings

    now = load_settings()
    names = [name for each in registry.names() for name in registry.entry(each).keys]
    where: dict[str, str] = {}
    for known in keys.known(names):
        where.setdefault(known.name, known.where.value)
    return {
        "file": str(settings.file()),
        "provider": now.provider,
        "fallback": list(now.fallback),
        "daily_budget": now.daily_budget,
        "language": now.language or "",
        "max_bytes": now.history.max_bytes,
        "max_days": now.history.max_days,
        "providers": [_provider_facts(name, now, where) for name in registry.names()],
    }


def _provider_facts(name: str, now: "Settings", where: Mapping[str, str]) -> dict[str, Any]:
    asked = set_up(name, None, USUAL, now)
    own = now.of(name)
    reads = registry.entry(name).keys
    return {
        "name": name,
        "title": _(asked.title),
        "needs_network": asked.capabilities.needs_network,
        "model": own.model or "",
        "base_url": own.base_url or "",
        "privacy": own.privacy.value,
        "options": {key: str(value) for key, value in own.options.items()},
        "key_name": reads[0] if reads else "",
        "key": next((where[each] for each in reads if each in where), ""),
    }


def change_settings(wanted: Mapping[str, Any]) -> None:
    """Change what is named, in the words of :func:`settings_facts`; raises SettingsInvalid."""
    from overpaint import settings

    now = load_settings()
    changes: dict[str, Any] = {
        name: wanted[name] for name in ("provider", "daily_budget") if name in wanted
    }
    if "fallback" in wanted:
        changes["fallback"] = tuple(wanted["fallback"])
    if "language" in wanted:
        changes["language"] = wanted["language"] or None
    limits = {name: wanted[name] for name in ("max_bytes", "max_days") if name in wanted}
    try:
        if limits:
            changes["history"] = replace(now.history, **limits)
        providers = dict(now.providers)
        for name, told in dict(wanted.get("providers", {})).items():
            registry.entry(name)
            providers[name] = _changed(now.of(name), told)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(
            _("These settings cannot be used: {error}.").format(error=error),
            _("Nothing was changed."),
        ) from error
    settings.save(replace(now, providers=providers, **changes))


def _changed(own: "ProviderSettings", told: Mapping[str, Any]) -> "ProviderSettings":
    from overpaint.settings import Privacy

    changes: dict[str, Any] = {
        name: str(told[name]).strip() or None for name in ("model", "base_url") if name in told
    }
    if "privacy" in told:
        changes["privacy"] = Privacy(told["privacy"])
    if "options" in told:
        options = {**own.options, **told["options"]}
        changes["options"] = {name: value for name, value in options.items() if value != ""}
    return replace(own, **changes)


def change_key(provider: str, secret: str) -> str:
    """Keep the provider's key, or forget it where *secret* is empty; return where it is now.

    Raises KeyInvalid and KeyStoreProblem.
    """
    from overpaint import keys

    reads = registry.entry(provider).keys
    if not reads:
        raise KeyInvalid(_("This provider needs no key."), "")
    if secret.strip():
        return keys.store(reads[0], secret).value
    for name in reads:
        keys.forget(name)
    left = keys.known(reads)
    return left[0].where.value if left else ""


def past_runs(
    limit: int, search: str, image: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the newest runs first, ready for JSON, each with the pictures that are on disk.

    With *image*, its {name, size, marks}, only those that were made of it; a mark is what a
    layer's recipe has of {edit, provider, seed, prompt}.
    """
    from overpaint.history import Journal

    of = None if image is None else _image(image)
    settings, titles = load_settings(), dict[str, str]()
    with Journal.open() as journal:
        told = []
        for record in journal.runs(limit, search, image=of):
            name = record.facts.provider
            if name not in titles:
                titles[name] = _title(name, settings)
            kept = journal.candidates(record.id)
            told.append(
                {
                    "id": record.id,
                    "began": record.began.timestamp(),
                    "state": record.state.value,
                    "edit": record.edit,
                    "provider": name,
                    "title": titles[name],
                    "model": record.facts.model,
                    "prompt": record.wish[:LONGEST],
                    "document": record.facts.document,
                    "cost": record.cost,
                    "error": "" if record.error is None else record.error.sentence,
                    "pictures": [
                        str(next(iter(each.files.values()))) for each in kept if each.files
                    ],
                    "complete": [each.number for each in kept if each.complete],
                }
            )
    return told


def _title(name: str, settings: "Settings") -> str:
    try:
        return _(set_up(name, None, USUAL, settings).title)
    except OverpaintError:  # gone since, or set up otherwise: its name has to do
        return name


def _image(told: Mapping[str, Any]) -> "Image":
    from overpaint.history import Image, Mark

    marks = [
        Mark(
            edit=str(each.get("edit", "")),
            provider=str(each.get("provider", "")),
            seed=int(each.get("seed") or 0),
            prompt=str(each.get("prompt", "")),
        )
        for each in told["marks"]
    ]
    return Image(str(told["name"]), Extent(*told["size"]), tuple(marks))


def remove_run(run: str) -> tuple[int, int]:
    """Remove one run; return how many runs and bytes went. Raises RunUnknown."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        gone = journal.remove(run)
    return gone.runs, gone.bytes


def export_run(run: str, folder: str) -> list[str]:
    """Write a run's recipe and pictures to *folder*; return the files. Raises FileUnwritable."""
    from overpaint.history import Journal

    with Journal.open() as journal:
        return [str(path) for path in journal.export(run, Path(folder))]


def clear_history(older_than: float | None = None) -> tuple[int, int]:
    """Remove all of it, with the layers that are kept to be used again, or what is older than so
    many days; return how many runs and bytes went.
    """
    from overpaint.history import Journal
    from overpaint.layers import Keeping

    with Journal.open() as journal:
        gone = journal.clear() if older_than is None else journal.prune(max_days=older_than)
    kept = Keeping()
    size = kept.clear() if older_than is None else kept.prune(max_days=older_than)
    return gone.runs, gone.bytes + size
