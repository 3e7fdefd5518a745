"""What Overpaint does for its front ends: plan an edit, say what it takes, run it, place it again.

Here meet the user's settings, keys and history with the runner, which knows none of them.
"""

from overpaint.app.facts import facts, provenance_of, provider_facts, templated
from overpaint.app.housekeeping import (
    change_key,
    change_settings,
    clear_history,
    export_run,
    past_runs,
    remove_run,
    settings_facts,
)
from overpaint.app.layering import forget_layers, plan_layers, style_layers
from overpaint.app.outlook import Outlook, forecast, plan
from overpaint.app.placing import Placed, place
from overpaint.app.reach import Reach, check, default_provider, provider, providers, warm_up
from overpaint.app.rewriting import rewrite
from overpaint.app.running import read_references, run

__all__ = [
    "Outlook",
    "Placed",
    "Reach",
    "change_key",
    "change_settings",
    "check",
    "clear_history",
    "default_provider",
    "export_run",
    "facts",
    "forecast",
    "forget_layers",
    "past_runs",
    "place",
    "plan",
    "plan_layers",
    "provenance_of",
    "provider",
    "provider_facts",
    "providers",
    "read_references",
    "remove_run",
    "rewrite",
    "run",
    "settings_facts",
    "style_layers",
    "templated",
    "warm_up",
]
