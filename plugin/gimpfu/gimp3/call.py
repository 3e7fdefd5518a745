"""The values of one run in GIMP: what GIMP's ProcedureConfig holds."""

from __future__ import annotations

from typing import Any, Optional, Sequence, cast

from gimpfu import pf, protocol
from gimpfu.handles import wrap
from gimpfu.image import Image
from gimpfu.item import Drawable
from gimpfu.registry import Registration

from . import arguments, objects


class GimpCall(protocol.Call):
    """One run; GIMP loads last values into `config` before it, and saves them after success."""

    def __init__(
        self, procedure: Any, run_mode: int, image: Any, drawables: Sequence[Any], config: Any
    ) -> None:
        self.procedure, self.config = procedure, config
        self.run_mode = run_mode
        self.image = cast("Optional[Image]", None if image is None else wrap(objects.ref_of(image)))
        self.drawables = [cast(Drawable, wrap(objects.ref_of(item))) for item in drawables]

    def get(self, param: pf.Param) -> Any:
        return arguments.read(self.config, param)

    def set(self, param: pf.Param, value: Any) -> None:
        arguments.write(self.config, param, value)

    def show_dialog(self, registration: Registration) -> bool:
        from . import dialog  # GTK is needed only here

        return dialog.show(registration, self.procedure, self.config)
