"""An edit as its dialog drives it, without widgets: the headless host, the real core."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.shell.test_commands import HEIGHT, WIDTH, host, launch, scene, soft_square

from gimpfu import gimp, headless
from overpaint import wire
from shell import messages, recipes, session
from shell.conversation import Conversation

__all__ = ["host"]

VALUES = {
    "prompt": "",
    "negative": "",
    "grow": 0,
    "feather": 0,
    "context": -1,
    "seed": 1,
    "provider": "",
    "model": "",
    "strength": -1.0,
    "count": 1,
}


class Dialog(session.Listener):
    """A listener that remembers."""

    def __init__(self) -> None:
        self.outlooks: list[wire.Outlook] = []
        self.views: list[wire.View] = []
        self.candidates: list[int] = []
        self.lost: list[int] = []
        self.troubles: list[messages.ShellError] = []
        self.blind: list[messages.ShellError] = []
        self.ends = 0

    def outlook(self, outlook: wire.Outlook) -> None:
        self.outlooks.append(outlook)

    def view(self, view: wire.View) -> None:
        self.views.append(view)

    def candidate(self, number: int) -> None:
        self.candidates.append(number)

    def gone(self, number: int) -> None:
        self.lost.append(number)

    def ended(self, _notices: list[str]) -> None:
        self.ends += 1

    def trouble(self, error: messages.ShellError) -> None:
        self.troubles.append(error)

    def unforeseen(self, error: messages.ShellError) -> None:
        self.blind.append(error)


@pytest.fixture
def talk(host: headless.Host) -> Iterator[Conversation]:  # noqa: ARG001, it starts the core
    conversation = Conversation()
    yield conversation
    conversation.close()


def wait(talk: Conversation, done: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "nothing came"
        talk.pump()
        time.sleep(0.005)


def request(edit: str = "inpaint", **values: Any) -> session.Request:
    given = {**VALUES, **values}
    return session.Request(recipes.recipe(edit, given), recipes.name(edit, given))


def finished(
    host: headless.Host, talk: Conversation, count: int = 1, prompt: str = "a boat"
) -> tuple[Any, Any, session.Session, Dialog]:
    """An image and its layer, with a run that is over."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.run(request(count=count, prompt=prompt))
    wait(talk, lambda: dialog.ends)
    return image, layer, edit, dialog


def test_the_crop_is_foreseen_and_nothing_changes(host: headless.Host, talk: Conversation) -> None:
    """The dialog is shown the region, tinted by the mask, and its facts; the document is still."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)

    edit.foresee(request())
    wait(talk, lambda: dialog.outlooks)

    outlook = dialog.outlooks[0]
    assert outlook.data["region"][2:] == [outlook.width, outlook.height]
    assert image.layers == [layer]
    assert not host.undo_steps(image)


def test_of_many_changes_in_a_row_the_last_is_foreseen(
    host: headless.Host, talk: Conversation
) -> None:
    """Turning a knob quickly asks the core no more than it can answer; the last word counts."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)

    for grow in range(20):
        edit.foresee(request(grow=grow))
    wait(talk, lambda: len(dialog.outlooks) == 2)
    first, last = dialog.outlooks

    assert not talk.busy
    assert bytes(first.pixels) != bytes(last.pixels)


def test_a_candidate_becomes_a_layer_only_when_kept(
    host: headless.Host, talk: Conversation
) -> None:
    """A run adds nothing; keeping adds one masked layer, in one step, named after the prompt."""
    image, layer, edit, dialog = finished(host, talk)
    assert image.layers == [layer]
    assert [view.stage for view in dialog.views] == ["original", "result"]

    made = edit.keep(dialog.candidates)

    assert image.layers == [made, layer]
    assert made.name == "a boat"
    x, y = made.offsets
    selected = image.selection.read_pixels(x, y, made.width, made.height, "Y u8")
    assert made.mask.read_pixels(0, 0, made.width, made.height, "Y u8") == selected
    assert len(host.undo_steps(image)) == 1


def test_several_that_are_kept_come_into_one_group(host: headless.Host, talk: Conversation) -> None:
    """Two of three candidates: a group named after the prompt, one step, the first one shown."""
    image, layer, edit, dialog = finished(host, talk, count=3)
    assert dialog.candidates == [0, 1, 2]

    group = edit.keep([0, 2])

    assert image.layers == [group, layer]
    assert [child.visible for child in group.children] == [True, False]
    assert len(host.undo_steps(image)) == 1
    host.undo(image)
    assert image.layers == [layer]


def test_a_layer_that_moved_takes_its_result_along(host: headless.Host, talk: Conversation) -> None:
    """Moved by (7, -3) while waiting: so is the result, and the user is told."""
    _image, layer, edit, _dialog = finished(host, talk)
    layer.set_offsets(7, -3)
    made = edit.keep([0])

    assert made.offsets == (40 + 7, 30 - 3)
    assert any("moved" in said for said in host.messages)


def test_a_layer_that_was_deleted_leaves_its_place(host: headless.Host, talk: Conversation) -> None:
    """The result of a deleted layer comes on top of what is left, and the user is told."""
    image, layer, edit, _dialog = finished(host, talk)
    other = host.add_layer(image, "Other", bytes(3 * WIDTH * HEIGHT))
    image.remove_layer(layer)

    made = edit.keep([0])

    assert image.layers == [made, other]
    assert any("deleted" in said for said in host.messages)


def test_a_layer_that_was_scaled_is_told(host: headless.Host, talk: Conversation) -> None:
    """The result has the size and place that it was made for; the user is told to look."""
    _image, _layer, edit, _dialog = finished(host, talk)
    made = edit._candidates[0]
    before = made.run.target.place
    target = replace(made.run.target, place=before._replace(width=2 * WIDTH))
    edit._candidates[0] = replace(made, run=replace(made.run, target=target))

    made = edit.keep([0])

    assert made.offsets == (40, 30)
    assert any("scaled or cropped" in said for said in host.messages)


def test_another_selection_changes_nothing(host: headless.Host, talk: Conversation) -> None:
    """The mask is the selection that the run was made from, whatever is selected by now."""
    image, _layer, edit, _dialog = finished(host, talk)
    before = soft_square()
    host.set_selection(image, bytes([255]) * (WIDTH * HEIGHT))

    made = edit.keep([0])

    mask = made.mask.read_pixels(0, 0, made.width, made.height, "Y u8")
    rows = [before[y * WIDTH + 40 : y * WIDTH + 70] for y in range(30, 50)]
    assert mask == b"".join(rows)
    assert any("selection changed" in said for said in host.messages)


def test_a_closed_image_is_told(host: headless.Host, talk: Conversation) -> None:
    """Nothing can be added to an image that is gone: a sentence says so, and where to look."""
    image, _layer, edit, _dialog = finished(host, talk)
    gimp.delete(image)

    with pytest.raises(messages.DocumentUnsuitable, match="closed"):
        edit.keep([0])


def test_after_a_cancel_the_next_run_goes_on(host: headless.Host, talk: Conversation) -> None:
    """Cancelling leaves the document as it is and the dialog ready."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.run(request())
    edit.cancel()
    assert not edit.running

    edit.run(request())
    wait(talk, lambda: dialog.ends)

    assert image.layers == [layer]
    assert dialog.candidates == [0]


def test_a_failure_leaves_the_dialog_ready(host: headless.Host, talk: Conversation) -> None:
    """What the core refuses is told with its code, and the next run works."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.run(request(provider="nobody"))
    wait(talk, lambda: dialog.troubles)

    (trouble,) = dialog.troubles
    assert isinstance(trouble, messages.EditFailed)
    assert trouble.code == "provider-unknown"
    assert not edit.running
    edit.run(request())
    wait(talk, lambda: dialog.ends)


def test_a_core_that_dies_is_told_and_replaced(host: headless.Host, talk: Conversation) -> None:
    """A core killed in the middle is a sentence; the dialog goes on with another one."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.foresee(request())
    wait(talk, lambda: dialog.outlooks)
    edit.run(request())
    talk._core._process.kill()
    wait(talk, lambda: dialog.troubles)
    assert isinstance(dialog.troubles[0], messages.CoreTrouble)

    edit.run(request())
    wait(talk, lambda: dialog.ends)
    assert image.layers == [layer]


def test_a_core_that_cannot_live_is_not_started_for_ever(
    host: headless.Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thing that is asked starts one core at most; its trouble is told, and all is still."""
    starts = tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x')"
    launch(tmp_path, monkeypatch, [sys.executable, "-c", code])
    image, layer = scene(host)
    talk, dialog = Conversation(), Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.run(request())
    wait(talk, lambda: dialog.troubles)
    for _ in range(100):
        talk.pump()
        time.sleep(0.01)

    assert len(dialog.troubles) == 1
    assert starts.read_text() == "x"
    assert not edit.running


def test_an_image_that_is_gone_is_told_before_a_run(
    host: headless.Host, talk: Conversation
) -> None:
    """Generate in the window of a closed image is a sentence, not silence."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    gimp.delete(image)

    with pytest.raises(messages.DocumentUnsuitable, match="not there any more"):
        edit.run(request())
    edit.foresee(request())

    assert not edit.running
    assert isinstance(dialog.blind[0], messages.DocumentUnsuitable)


def test_a_document_that_goes_while_the_core_plans_is_told(
    host: headless.Host, talk: Conversation
) -> None:
    """An image closed between the plan and the reading ends the run with a sentence."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    edit.run(request())
    gimp.delete(image)
    wait(talk, lambda: dialog.troubles)

    assert isinstance(dialog.troubles[0], messages.DocumentUnsuitable)
    assert not edit.running


def test_a_second_result_lies_over_the_first(host: headless.Host, talk: Conversation) -> None:
    """The layer is edited twice: what was added last can be seen, and the dialog says that the
    first result is not looked at.
    """
    image, layer, edit, dialog = finished(host, talk)
    first = edit.keep(dialog.candidates)
    edit.foresee(request())
    wait(talk, lambda: dialog.outlooks)
    assert edit.overlaid()

    edit.run(request(prompt="another"))
    wait(talk, lambda: dialog.ends == 2)
    second = edit.keep([1])

    assert image.layers == [second, first, layer]


def test_another_selection_is_no_longer_what_is_shown(
    host: headless.Host, talk: Conversation
) -> None:
    """Before a crop is sent, the dialog can find out that it is not the one that was looked at."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    assert not edit.is_as_shown()
    edit.foresee(request())
    wait(talk, lambda: dialog.outlooks)
    assert edit.is_as_shown()

    host.set_selection(image, soft_square().replace(b"M", b"N"))  # 77 is 78 now, the bounds stay
    assert not edit.is_as_shown()

    edit.look_anew()  # what it will show is not shown yet
    assert not edit.is_as_shown()
    edit.foresee(request())
    assert not edit.is_as_shown()
    wait(talk, lambda: len(dialog.outlooks) == 2)
    assert edit.is_as_shown()


def test_what_was_just_typed_is_not_foreseen_yet(host: headless.Host, talk: Conversation) -> None:
    """Before a crop is sent, the dialog can find out that it would be another one than was shown,
    or go to somebody else; other words go with the same crop.
    """
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)
    assert not edit.is_foreseen(request())
    edit.foresee(request(prompt="a boat"))
    assert not edit.is_foreseen(request(prompt="a boat"))
    wait(talk, lambda: dialog.outlooks)

    assert edit.is_foreseen(request(prompt="a red boat", seed=7, negative="people"))
    for others in ({"grow": 9}, {"context": 40}, {"provider": "gemini"}, {"count": 4}):
        assert not edit.is_foreseen(request(**others)), others
    assert not edit.is_foreseen(replace(request(), roles=["style"]))

    edit.foresee(request(grow=9))
    wait(talk, lambda: len(dialog.outlooks) == 2)
    assert edit.is_foreseen(request(grow=9))
    assert bytes(dialog.outlooks[1].pixels) != bytes(dialog.outlooks[0].pixels)


def test_candidates_of_an_earlier_run_can_still_be_kept(
    host: headless.Host, talk: Conversation
) -> None:
    """After another word the first candidate is still there; both are added in one step to undo,
    each from what was selected then.
    """
    image, layer, edit, dialog = finished(host, talk, prompt="a boat")
    host.set_selection(image, bytes([255]) * (WIDTH * HEIGHT))
    edit.run(request(prompt="a red boat"))
    wait(talk, lambda: dialog.ends == 2)
    assert dialog.candidates == [0, 1]
    steps = len(host.undo_steps(image))

    edit.keep([0, 1])

    second, first, last = image.layers
    assert (second.name, first.name, last) == ("a red boat", "a boat", layer)
    assert (first.width, second.width) == (30, WIDTH)
    assert len(host.undo_steps(image)) == steps + 1


def test_old_candidates_make_room(
    host: headless.Host, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What earlier runs have made is let go, the oldest first, where all of it is too large."""
    _image, _layer, edit, dialog = finished(host, talk)
    monkeypatch.setattr(session, "ROOM", 0)

    edit.run(request(count=2))
    wait(talk, lambda: dialog.ends == 2)

    assert dialog.lost == [0]
    assert dialog.candidates == [0, 1, 2]
    edit.keep([1, 2])


def test_a_layer_that_goes_while_it_is_read_is_told_and_the_next_run_works(
    host: headless.Host, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A core that has got half of a picture is not left waiting; the window goes on."""
    image, layer = scene(host)
    dialog = Dialog()
    edit = session.Session(image, layer, talk, dialog)

    def halfway(target: Any, source: Any) -> Iterator[bytes]:
        whole = b"".join(strips(target, source))
        yield whole[: len(whole) // source.region.height]
        raise RuntimeError("the layer is gone")

    strips = session.canvas.strips
    with monkeypatch.context() as patched:
        patched.setattr(session.canvas, "strips", halfway)
        edit.run(request())
        wait(talk, lambda: dialog.troubles)
    stopped = edit.running
    edit.run(request())
    wait(talk, lambda: dialog.ends)

    assert [type(error) for error in dialog.troubles] == [messages.DocumentUnsuitable]
    assert not stopped
    assert len(dialog.candidates) == 1
    assert image.layers == [layer]
