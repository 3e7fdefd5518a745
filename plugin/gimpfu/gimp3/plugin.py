"""The plug-in as GIMP 3 sees it: declares what was registered, and runs it."""

from __future__ import annotations

import sys
from typing import Any

from gi.repository import Gimp, GLib, GObject

from gimpfu import enums, i18n, labels, protocol
from gimpfu.registry import REGISTERED, Registration

from . import arguments, mnemonics
from .call import GimpCall

_ANY_SELECTION = (
    Gimp.ProcedureSensitivityMask.DRAWABLE
    | Gimp.ProcedureSensitivityMask.DRAWABLES
    | Gimp.ProcedureSensitivityMask.NO_DRAWABLES
)


class PlugIn(Gimp.PlugIn):  # type: ignore[misc]
    """Answers GIMP's questions about the registered procedures."""

    def do_set_i18n(self, _name: str) -> bool:
        """Say that GIMP shall not look for translations; the script has its own gettext."""
        return False

    def do_query_procedures(self) -> list[str]:
        """Name the procedures."""
        return list(REGISTERED)

    def do_create_procedure(self, name: str) -> Any:
        """Build one procedure, also when it is only about to be run."""
        registration = REGISTERED[name]
        procedure = _create(self, registration)
        if registration.on_query and "-query" in sys.argv:
            registration.on_query()
        return procedure


def main() -> None:
    """Hand over to GIMP; it calls back into `PlugIn` and ends this process."""
    Gimp.main(PlugIn.__gtype__, sys.argv)


def _create(plug_in: Any, registration: Registration) -> Any:
    kind = Gimp.PDBProcType.PLUGIN
    if registration.imagetypes:
        run = _run_image
        procedure = Gimp.ImageProcedure.new(plug_in, registration.name, kind, run, registration)
        procedure.set_image_types(registration.imagetypes)
        procedure.set_sensitivity_mask(_ANY_SELECTION)
    else:
        procedure = Gimp.Procedure.new(plug_in, registration.name, kind, _run, registration)
        if registration.run_mode_param:
            _add_run_mode(procedure)
    _describe(procedure, registration)
    for param, label in zip(registration.asked, mnemonics.shown(registration.asked)):
        arguments.declare(procedure, param, label)
    for result in registration.results:
        arguments.declare_result(procedure, result.type, result.name, result.description)
    return procedure


def _add_run_mode(procedure: Any) -> None:
    procedure.add_enum_argument(
        "run-mode",
        "Run mode",
        "The run mode",
        Gimp.RunMode,
        Gimp.RunMode.INTERACTIVE,
        GObject.ParamFlags.READWRITE,
    )


def _describe(procedure: Any, registration: Registration) -> None:
    translated = i18n.translator(registration.domain)
    blurb = labels.unmarked(translated(registration.blurb)) or None
    procedure.set_documentation(blurb, registration.help or None, None)
    procedure.set_attribution(registration.author, registration.copyright, registration.date)
    if registration.label:
        procedure.set_menu_label(translated(registration.label))
    if registration.label and registration.menu:
        procedure.add_menu_path(registration.menu)


def _run_image(
    procedure: Any,
    run_mode: Any,
    image: Any,
    drawables: Any,
    config: Any,
    registration: Registration,
) -> Any:
    return _finish(procedure, registration, run_mode, image, drawables, config)


def _run(procedure: Any, config: Any, registration: Registration) -> Any:
    mode = enums.RUN_NONINTERACTIVE
    if registration.run_mode_param:
        mode = int(config.get_property("run-mode"))
    return _finish(procedure, registration, mode, None, [], config)


def _finish(
    procedure: Any, registration: Registration, run_mode: Any, image: Any, items: Any, config: Any
) -> Any:
    call = GimpCall(procedure, int(run_mode), image, items, config)
    outcome = protocol.run(registration, call)
    problem = GLib.Error(outcome.message) if outcome.message else None
    values = procedure.new_return_values(Gimp.PDBStatusType(outcome.status), problem)
    for index, value in enumerate(outcome.results, 1):
        arguments.put_result(values, index, procedure.get_return_values()[index - 1], value)
    return values
