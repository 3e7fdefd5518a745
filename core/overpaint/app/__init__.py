"""What Overpaint does for its front ends: plan an edit, say what it takes, run it, place it again.

Here meet the user's settings, keys and history with the runner, which knows none of them.
"""

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
    "check",
    "default_provider",
    "forecast",
    "forget_layers",
    "place",
    "plan",
    "plan_layers",
    "provider",
    "providers",
    "read_references",
    "rewrite",
    "run",
    "style_layers",
    "warm_up",
]
