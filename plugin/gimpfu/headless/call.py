"""The values of one run without GIMP: defaults, last used ones, and what the caller gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from gimpfu import enums, pf, protocol
from gimpfu.context import DialogContext
from gimpfu.errors import error
from gimpfu.image import Image
from gimpfu.item import Drawable
from gimpfu.registry import Registration

if TYPE_CHECKING:
    from .host import Host


class MemoryCall(protocol.Call):
    """One run; `config` maps GIMP's names of the parameters to their values."""

    def __init__(
        self,
        registration: Registration,
        run_mode: int,
        image: Optional[Image],
        drawables: list[Drawable],
        host: Host,
        given: Mapping[str, Any],
    ) -> None:
        self.run_mode, self.image, self.drawables = run_mode, image, drawables
        self.procedure = None
        self._host = host
        self.config: dict[str, Any] = {p.argument: p.initial for p in registration.params}
        if run_mode != enums.RUN_NONINTERACTIVE:
            self.config.update(host.last_values.get(registration.name, {}))
        known = {name: p for p in registration.params for name in (p.name, p.argument)}
        known.update({name.replace("-", "_"): p for name, p in list(known.items())})
        for name, value in given.items():
            if name not in known:
                raise error(f"{registration.name} has no parameter {name}")
            self.set(known[name], known[name].to_config(value))

    def get(self, param: pf.Param) -> Any:
        return self.config[param.argument]

    def set(self, param: pf.Param, value: Any) -> None:
        self.config[param.argument] = value

    def show_dialog(self, registration: Registration) -> bool:
        user = self._host.dialog
        return True if user is None else bool(user(DialogContext(registration, self)))
