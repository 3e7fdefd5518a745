"""What a plug-in's own dialog gets to work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import pf
from .image import Image
from .item import Drawable

if TYPE_CHECKING:
    from .protocol import Call
    from .registry import Registration


class DialogContext:
    """Passed to the callable that `register(..., dialog=...)` named.

    The dialog reads and changes values by `get` and `set`; it returns True to run, False to cancel.
    """

    def __init__(self, registration: Registration, call: Call) -> None:
        self._call = call
        self._params = {param.name: param for param in registration.asked}
        self.title = registration.title

    @property
    def image(self) -> Optional[Image]:
        """The image the command is run on, or None."""
        return self._call.image

    @property
    def drawables(self) -> list[Drawable]:
        """All selected drawables."""
        return list(self._call.drawables)

    @property
    def drawable(self) -> Optional[Drawable]:
        """The one selected drawable; None if it is not exactly one."""
        return self._call.drawables[0] if len(self._call.drawables) == 1 else None

    @property
    def procedure(self) -> Any:
        """The host's own procedure: a `Gimp.Procedure`, or None without GIMP."""
        return self._call.procedure

    @property
    def config(self) -> Any:
        """The host's own configuration: a `Gimp.ProcedureConfig`, or None without GIMP.

        Its properties are named as in `arguments`, ready for `GimpUi.ProcedureDialog`.
        """
        return self._call.config

    @property
    def arguments(self) -> dict[str, str]:
        """The parameters' own names and the names GIMP knows them by, in order."""
        return {name: param.argument for name, param in self._params.items()}

    @property
    def values(self) -> dict[str, Any]:
        """All values by the parameters' own names, as the function would get them now."""
        return {name: self.get(name) for name in self._params}

    def get(self, name: str) -> Any:
        """Return a value; at first it is the last used one, or the default."""
        param = self._params[name]
        return param.from_dialog(self._call.get(param))

    def set(self, name: str, value: Any) -> None:
        """Change a value; it is saved as last used when the run succeeds."""
        param: pf.Param = self._params[name]
        self._call.set(param, param.to_config(value))
