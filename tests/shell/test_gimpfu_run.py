"""Runs of registered procedures on the headless host: values, dialogs, results, ways to end."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gimpfu import (
    PDB_CANCEL,
    PDB_EXECUTION_ERROR,
    PDB_SUCCESS,
    PF_BOOL,
    PF_DRAWABLE,
    PF_IMAGE,
    PF_INT,
    PF_LAYER,
    PF_OPTION,
    PF_SPINNER,
    PF_STRING,
    RUN_INTERACTIVE,
    RUN_NONINTERACTIVE,
    RUN_WITH_LAST_VALS,
    CancelError,
    error,
    fail,
    gimp,
    headless,
    register,
    registry,
)
from gimpfu.context import DialogContext

FIXTURE = Path(__file__).parents[1] / "gimp" / "gimpfu_fixtures" / "gimpfu-fixture.py"
LEADING = [(PF_IMAGE, "image", "", None), (PF_DRAWABLE, "drawable", "", None)]
ASKED = [
    (PF_SPINNER, "spin", "Spin", 3, (0, 10, 1)),
    (PF_BOOL, "on", "On", True),
    (PF_OPTION, "which", "Which", 0, ("a", "b")),
    (PF_STRING, "text", "Text", "default"),
]


class Scene:
    """A host with a picture of two layers, and a procedure that remembers what it was given."""

    def __init__(self) -> None:
        self.host = headless.Host()
        self.image = self.host.new_image(4, 3)
        self.below = self.host.add_layer(self.image, "Below", bytes(36))
        self.layer = self.host.add_layer(self.image, "Layer", bytes(36))
        self.given: list[tuple[Any, ...]] = []
        self.happened: list[str] = []

    def register(self, function: Any = None, params: Any = (*LEADING, *ASKED), **more: Any) -> None:
        results = more.pop("results", [])
        imagetypes = more.pop("imagetypes", "*")
        register(
            *("plug-in-test", "blurb", "", "a", "c", "2026", "_Test It...", imagetypes),
            *(params, results, function or self.remember),
            menu="<Image>/Filters",
            **more,
        )

    def remember(self, *values: Any) -> None:
        self.given.append(values)

    def run(self, *leading: Any, **values: Any) -> Any:
        return self.host.run("plug-in-test", *(leading or (self.image,)), **values)


@pytest.fixture
def scene() -> Iterator[Scene]:
    before = dict(registry.REGISTERED)
    yield Scene()
    registry.REGISTERED.clear()
    registry.REGISTERED.update(before)


def test_a_program_gives_values_or_takes_defaults(scene: Scene) -> None:
    """Without a dialog the function gets image, layer and the values in PDB classes."""
    scene.register()
    outcome = scene.run(spin=5)

    assert outcome.status == PDB_SUCCESS
    assert scene.given == [(scene.image, scene.layer, 5, 1, 0, "default")]
    assert [type(value) for value in scene.given[0][2:]] == [int, int, int, str]


def test_the_dialog_asks_for_the_rest_only(scene: Scene) -> None:
    """Interactively the function gets what the user typed, in the dialog's classes."""
    scene.register()
    seen: list[dict[str, Any]] = []
    scene.host.dialog = lambda context: bool(seen.append(context.values)) or True
    scene.run(run_mode=RUN_INTERACTIVE, text="typed")

    assert seen == [{"spin": 3.0, "on": True, "which": 0, "text": "typed"}]
    assert scene.given == [(scene.image, scene.layer, 3.0, True, 0, "typed")]
    assert [type(value) for value in scene.given[0][2:]] == [float, bool, int, str]


def test_last_values_are_those_of_the_last_dialog_that_ended_well(scene: Scene) -> None:
    """They are the next dialog's start and Repeat's values, but never a program's defaults."""
    scene.register()
    scene.run(run_mode=RUN_INTERACTIVE, spin=7)
    scene.run(run_mode=RUN_NONINTERACTIVE, spin=2)
    scene.host.dialog = lambda _context: False
    scene.run(run_mode=RUN_INTERACTIVE, spin=1)
    scene.host.dialog = None
    scene.run(run_mode=RUN_WITH_LAST_VALS)
    scene.run(run_mode=RUN_INTERACTIVE)
    scene.run()

    assert [values[2] for values in scene.given] == [7.0, 2, 7.0, 7.0, 3]


def test_cancelling_the_dialog_runs_nothing(scene: Scene) -> None:
    """The run ends as cancelled, silently."""
    scene.register()
    scene.host.dialog = lambda _context: False
    outcome = scene.run(run_mode=RUN_INTERACTIVE)

    assert [outcome.status, scene.given, scene.host.messages] == [PDB_CANCEL, [], []]


@pytest.mark.parametrize("mode", [RUN_NONINTERACTIVE, RUN_WITH_LAST_VALS, RUN_INTERACTIVE])
def test_nothing_to_ask_shows_no_dialog(scene: Scene, mode: int) -> None:
    """With image and drawable only, the function runs at once in every mode; so does no on_run."""
    scene.register(params=LEADING, on_run=lambda: scene.happened.append("on_run"))
    scene.host.dialog = lambda _context: bool(scene.happened.append("dialog"))
    scene.run(run_mode=mode)

    assert scene.given == [(scene.image, scene.layer)]
    assert scene.happened == []


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (RUN_INTERACTIVE, ["on_run", "dialog", "function"]),
        (RUN_WITH_LAST_VALS, ["function"]),
        (RUN_NONINTERACTIVE, ["function"]),
    ],
)
def test_on_run_comes_before_the_dialog(scene: Scene, mode: int, expected: list[str]) -> None:
    """on_run is called where a dialog opens, and just before it."""
    scene.register(
        lambda *_: scene.happened.append("function"),
        on_run=lambda: scene.happened.append("on_run"),
        dialog=lambda _context: scene.happened.append("dialog") is None,
    )
    scene.run(run_mode=mode)

    assert scene.happened == expected


def test_a_plug_ins_own_dialog_gets_a_context(scene: Scene) -> None:
    """It sees image, drawables and values, changes values with checks, and decides."""
    seen: dict[str, Any] = {}

    def ask(context: DialogContext) -> bool:
        seen.update(image=context.image, one=context.drawable, all=context.drawables)
        seen.update(title=context.title, values=context.values, arguments=context.arguments)
        seen.update(procedure=context.procedure)
        context.set("which", 1)
        context.set("text", "from the dialog")
        with pytest.raises(error, match="spin is 99"):
            context.set("spin", 99)
        return True

    scene.register(dialog=ask)
    scene.run(run_mode=RUN_INTERACTIVE)
    scene.run(run_mode=RUN_WITH_LAST_VALS)

    assert seen["image"] == scene.image
    assert [seen["one"], seen["all"]] == [scene.layer, [scene.layer]]
    assert [seen["title"], seen["procedure"]] == ["Test It", None]
    assert seen["values"] == {"spin": 3.0, "on": True, "which": 0, "text": "default"}
    assert seen["arguments"]["spin"] == "spin"
    assert [values[4:] for values in scene.given] == [(1, "from the dialog")] * 2


def test_a_plug_ins_own_dialog_is_asked_even_without_parameters(scene: Scene) -> None:
    """It may exist only to confirm; False cancels."""
    scene.register(params=LEADING, dialog=lambda _context: False)

    assert scene.run(run_mode=RUN_INTERACTIVE).status == PDB_CANCEL
    assert scene.run(run_mode=RUN_WITH_LAST_VALS).status == PDB_SUCCESS


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_layer_must_be_selected(scene: Scene, count: int) -> None:
    """None or several end the run with how many there are and what to do."""
    scene.register()
    outcome = scene.run(scene.image, [scene.layer, scene.below][:count])

    assert outcome.status == PDB_EXECUTION_ERROR
    assert outcome.message.startswith("Select exactly one layer: ")
    assert ("none is" if count == 0 else "2 are") in outcome.message
    assert "run Test It again" in outcome.message
    assert scene.host.messages == [outcome.message]
    assert scene.given == []


def test_masks_and_channels_come_as_channels(scene: Scene) -> None:
    """A layer mask that is edited is handed over as a Channel that knows what it is."""
    scene.register(params=LEADING)
    mask = scene.host.add_mask(scene.layer)
    scene.host.select(scene.image, mask)
    scene.run()
    found = scene.given[0][1]

    assert isinstance(found, gimp.Channel)
    assert found == mask
    assert found.is_layer_mask


def test_a_layer_parameter_refuses_a_mask(scene: Scene) -> None:
    """PF_LAYER as the second parameter wants a layer, and says so."""
    scene.register(params=[LEADING[0], (PF_LAYER, "layer", "", None)])
    outcome = scene.run(scene.image, scene.host.add_mask(scene.layer))

    assert outcome.status == PDB_EXECUTION_ERROR
    assert "works on a layer, but Layer mask is none" in outcome.message


@pytest.mark.parametrize("count", [0, 1, 2])
def test_many_drawables_come_as_a_list(scene: Scene, count: int) -> None:
    """With `many_drawables` the function gets a list of any length."""
    scene.register(params=LEADING, many_drawables=True)
    chosen = [scene.layer, scene.below][:count]
    scene.run(scene.image, chosen)

    assert scene.given == [(scene.image, chosen)]


def test_an_image_alone_may_lead(scene: Scene) -> None:
    """Without a drawable parameter it does not matter what is selected."""
    scene.register(params=[LEADING[0], (PF_INT, "n", "", 1)])
    scene.run(scene.image, [scene.layer, scene.below])

    assert scene.given == [(scene.image, 1)]


@pytest.mark.parametrize(
    ("results", "returned", "expected"),
    [
        ([], "ignored", ()),
        ([(PF_INT, "n", "")], 4, (4,)),
        ([(PF_INT, "n", "")], 4.9, (4,)),
        ([(PF_LAYER, "l", "")], None, (None,)),
        ([(PF_INT, "n", ""), (PF_STRING, "s", "")], (4, 5), (4, "5")),
    ],
)
def test_results_are_those_that_were_declared(
    scene: Scene, results: list[Any], returned: Any, expected: tuple[Any, ...]
) -> None:
    """None, the bare value, or a tuple of exactly as many."""
    scene.register(lambda *_: returned, results=results)
    outcome = scene.run()

    assert [outcome.status, outcome.results] == [PDB_SUCCESS, expected]


@pytest.mark.parametrize("returned", [None, 4, (4,), (1, 2, 3), [1, 2]])
def test_too_many_or_too_few_results_are_an_error(scene: Scene, returned: Any) -> None:
    """Several declared results must come as a tuple of that length."""
    scene.register(lambda *_: returned, results=[(PF_INT, "n", ""), (PF_INT, "m", "")])
    outcome = scene.run()

    assert outcome.status == PDB_EXECUTION_ERROR
    assert "declares 2 results" in outcome.message


@pytest.mark.parametrize(
    ("kind", "returned"), [(PF_INT, (4,)), (PF_INT, "four"), (PF_LAYER, 4), (PF_LAYER, "layer")]
)
def test_a_result_of_another_type_is_an_error(scene: Scene, kind: int, returned: Any) -> None:
    """The sentence names the result, its declared type, and what came instead."""
    scene.register(lambda *_: returned, results=[(kind, "what", "")])
    outcome = scene.run()

    assert outcome.status == PDB_EXECUTION_ERROR
    assert outcome.message.startswith("The result what is a PF_")
    assert repr(returned) in outcome.message


def give_up(*_: Any) -> None:
    fail("It cannot be done.")


def raise_error(*_: Any) -> None:
    raise error("It is not allowed.")


def stumble(*_: Any) -> None:
    raise ZeroDivisionError("by nothing")


def stumble_without_words(*_: Any) -> None:
    raise KeyError


def cancel(*_: Any) -> None:
    raise CancelError


def fail_and_go_on(*_: Any) -> None:
    try:
        fail("A part of it cannot be done.")
    except error:
        gimp.message("The rest is done.")


@pytest.mark.parametrize(
    ("function", "status", "told"),
    [
        (give_up, PDB_EXECUTION_ERROR, ["It cannot be done."]),
        (raise_error, PDB_EXECUTION_ERROR, ["It is not allowed."]),
        (
            stumble,
            PDB_EXECUTION_ERROR,
            ["The plug-in Test It stopped with ZeroDivisionError: by nothing"],
        ),
        (stumble_without_words, PDB_EXECUTION_ERROR, ["The plug-in Test It stopped with KeyError"]),
        (cancel, PDB_CANCEL, []),
        (
            fail_and_go_on,
            PDB_SUCCESS,
            ["The rest is done.", "A part of it cannot be done."],
        ),
    ],
)
def test_the_user_is_told_exactly_once(
    scene: Scene, function: Any, status: int, told: list[str]
) -> None:
    """Every way to end has its status, and says its sentence once."""
    scene.register(function)

    assert scene.run().status == status
    assert scene.host.messages == told


def test_a_traceback_goes_to_standard_error(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only an unexpected exception leaves a traceback, with the script's own line."""
    scene.register(give_up)
    scene.run()
    assert capsys.readouterr().err == ""

    scene.register(stumble)
    scene.run()
    assert "ZeroDivisionError: by nothing" in capsys.readouterr().err


def test_interrupts_are_not_swallowed(scene: Scene) -> None:
    """Ctrl+C and a request to exit leave the run."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    scene.register(interrupted)

    with pytest.raises(KeyboardInterrupt):
        scene.run()


def test_unknown_names_are_mistakes_of_the_caller(scene: Scene) -> None:
    """The headless host knows which procedures and parameters there are."""
    scene.register()

    with pytest.raises(error, match="has no parameter spni"):
        scene.run(spni=4)
    with pytest.raises(gimp.error, match="no procedure plug-in-nope"):
        scene.host.run("plug-in-nope", scene.image)


def test_what_lies_beside_the_file_can_be_imported(scene: Scene, tmp_path: Path) -> None:
    """When the file is loaded, and when its function runs, as in GIMP; not in between."""
    (tmp_path / "beside_it_early.py").write_text("number = 1\n")
    (tmp_path / "beside_it_late.py").write_text("number = 2\n")
    file = tmp_path / "file.py"
    file.write_text(
        "from gimpfu import *\nimport beside_it_early\n"
        "def run():\n"
        "    import beside_it_late\n"
        "    return beside_it_early.number + beside_it_late.number, gimp.own_directory\n"
        "register('plug-in-beside', '', '', '', '', '', None, '', [],"
        " [(PF_INT, 'n', ''), (PF_STRING, 'folder', '')], run)\n"
        "main()\n"
    )
    scene.host.load(file)
    before = list(sys.path)

    assert scene.host.run("plug-in-beside").results == (3, str(tmp_path))
    assert sys.path == before


def test_the_plug_in_of_the_gimp_tests_loads_without_gimp(scene: Scene) -> None:
    """A file for GIMP is loaded as it is, registers everything, and runs."""
    names = scene.host.load(FIXTURE)

    assert "plug-in-fixture-all" in names
    assert gimp.own_directory == str(FIXTURE.parent)
    assert scene.host.run("plug-in-fixture-results", scene.image).results[1:] == (
        42,
        0.5,
        "text",
        True,
    )
