"""The core process as anything that speaks the protocol sees it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from overpaint import wire

ENDS = wire.Answer | wire.Outlook
ARGV = [sys.executable, "-I", "-m", "overpaint.serve"]
RECIPE = {"version": 1, "edit": "remove", "seed": 1}


class Client:
    """A bare client: no threads, no time limits but the test's own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.connection = wire.Connection("test")
        self.raw(b"".join(bytes(part) for part in self.connection.hello()))

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, *messages: wire.Message) -> None:
        for message in messages:
            self.raw(b"".join(bytes(part) for part in self.connection.send(message)))

    def next(self) -> wire.Message | None:
        assert self.process.stdout is not None
        while (message := self.connection.next_message()) is None:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return None
            self.connection.receive(data)
        return message

    def answers(self) -> Iterator[wire.Message]:
        while (message := self.next()) is not None:
            yield message
            if isinstance(message, wire.Done | wire.Failure | wire.RegionPlanned | ENDS):
                return


@contextmanager
def core() -> Iterator[Client]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(ARGV, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield Client(process)
        finally:
            process.kill()


SELECTED = wire.Rectangle(15, 25, 10, 2)


def strip(rows: int) -> wire.Strip:
    return wire.Strip(pixels=bytes([10, 200, 30, 255]) * (30 * rows))


def run(
    recipe: dict[str, object] = RECIPE,
    views: int = 0,
    strips: tuple[wire.Message, ...] = (strip(1), strip(17), strip(2)),
) -> tuple[wire.Message, ...]:
    edit = wire.RunEdit(
        recipe=recipe,
        canvas_width=50,
        canvas_height=50,
        document="",
        region=wire.Rectangle(10, 20, 30, 20),
        format="R'G'B'A u8",
        selected=SELECTED,
        selection=bytes([255]) * 20,
        shown=None,
        views=views,
    )
    return (edit, *strips)


def plan(recipe: dict[str, object] = RECIPE) -> wire.PlanEdit:
    return wire.PlanEdit(
        recipe=recipe, canvas_width=50, canvas_height=50, selection=wire.Rectangle(5, 5, 9, 9)
    )


def test_requests_are_answered_in_order_one_process_for_many() -> None:
    """One core answers plans and runs one after the other; patches come before done."""
    with core() as client:
        client.send(plan())
        client.send(*run())
        client.send(*run())
        kinds = [[answer.type for answer in client.answers()] for _ in range(3)]

    assert kinds[0] == ["region"]
    assert ["progress", "patch", "done"] == kinds[1] == kinds[2]


def test_a_patch_carries_the_recipe_with_its_seed() -> None:
    """A run without a seed comes back with the one it drew, so that it can be repeated."""
    with core() as client:
        client.send(*run({"version": 1, "edit": "remove"}))
        (patch,) = (a for a in client.answers() if isinstance(a, wire.PatchMade))

    assert isinstance(patch.recipe["seed"], int)
    assert patch.mask is None


def patch_of(**recipe: object) -> wire.PatchMade:
    with core() as client:
        client.send(*run({**RECIPE, **recipe}))
        (patch,) = (a for a in client.answers() if isinstance(a, wire.PatchMade))
    return patch


def test_a_patch_is_no_larger_than_what_may_have_changed() -> None:
    """Of an engine that copies pixels only what is selected comes back, or what that grew to."""
    exact, grown = patch_of(), patch_of(grow=3)

    assert exact.region == SELECTED
    assert grown.region == wire.Rectangle(12, 22, 16, 8)
    assert grown.mask is not None


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ([plan({"version": 9, "edit": "remove"})], "recipe-invalid"),
        ([plan({"version": 1, "edit": "remove", "provider": "nobody"})], "provider-unknown"),
        (run({"version": 1, "edit": "dance"}), "recipe-invalid"),
        ([wire.Done(seconds={})], "unexpected"),
        (run(strips=(strip(19), strip(2))), "unexpected"),
        (run(strips=(strip(21), strip(2), strip(3))), "unexpected"),
        (run(strips=(wire.Strip(pixels=b""),)), "unexpected"),
        (run(strips=(wire.Strip(pixels=b"not rows"),)), "unexpected"),
        (run(strips=(strip(3), plan())), "unexpected"),
    ],
)
def test_a_request_that_cannot_be_met_leaves_the_core_ready(
    request_: Sequence[wire.Message], code: str
) -> None:
    """A failure has code, sentence and hint; the next request works."""
    with core() as client:
        client.send(*request_)
        failure = client.next()
        client.send(plan())
        after = client.next()

    assert isinstance(failure, wire.Failure)
    assert code == failure.code
    assert failure.sentence
    assert failure.hint
    assert isinstance(after, wire.RegionPlanned)


def test_cancel_ends_the_process() -> None:
    """Cancel needs no answer: the process is gone."""
    with core() as client:
        client.send(wire.Cancel())

        assert client.next() is None
        assert client.process.wait(5) == 0


def test_the_end_of_stdin_ends_the_process() -> None:
    """A core never outlives its shell."""
    with core() as client:
        assert client.process.stdin is not None
        client.process.stdin.close()

        assert client.process.wait(5) == 0


def test_a_shell_that_talks_nonsense_ends_the_process_with_a_line() -> None:
    """Bytes that are no frame end the core with status 2 and one line on stderr."""
    with core() as client:
        client.raw(b"GET / HTTP/1.1\r\n\r\n")

        assert client.process.wait(5) == 2
        assert client.process.stderr is not None
        words = client.process.stderr.read().decode()
        assert "broke the protocol" in words
        assert "Traceback" not in words


def test_a_reference_goes_with_the_next_run_and_is_named_in_its_recipe() -> None:
    """What was sent before a run is in that run's recipe by its digest, and not in the next."""
    picture = wire.Reference(role="subject", width=3, height=2, pixels=bytes(range(24)))
    with core() as client:
        client.send(picture)
        client.send(*run())
        client.send(*run())
        named = [
            answer.recipe["references"]
            for _ in range(2)
            for answer in client.answers()
            if isinstance(answer, wire.PatchMade)
        ]
    assert named == [[sha256(bytes(range(24))).hexdigest()], []]


def ask(what: str, **about: object) -> list[wire.Message]:
    with core() as client:
        client.send(wire.Ask(what=what, about=about))
        return list(client.answers())


def test_a_dialog_learns_who_can_do_what() -> None:
    """Facts name every provider with its abilities, the usual one, and the named styles."""
    (answer,) = ask("facts")

    assert isinstance(answer, wire.Answer)
    by_name = {each["name"]: each for each in answer.data["providers"]}
    assert answer.data["provider"] == "embedded"
    assert by_name["embedded"]["receiver"] == ""
    assert by_name["gemini"]["models"]
    assert by_name["gemini"]["privacy"] == "ask"
    assert "impressionist" in [each["id"] for each in answer.data["styles"]]


def test_history_is_asked_for_one_image() -> None:
    """Nothing was made of it; a run that is not there cannot be removed, in a sentence."""
    mark = {"edit": "inpaint", "provider": "gemini", "seed": 3, "prompt": "a door"}
    image = {"name": "[photo] (imported)", "size": [40, 30], "marks": [mark]}
    (answer,) = ask("history", limit=5, search="", image=image)
    (failed,) = ask("remove-run", run="abcd2345")

    assert isinstance(answer, wire.Answer)
    assert answer.data == {"runs": []}
    assert isinstance(failed, wire.Failure)
    assert failed.code == "run-unknown"


def test_a_forecast_draws_the_mask_over_the_crop() -> None:
    """The outlook has the crop's size; what changes is tinted, all else is as it came."""
    with core() as client:
        client.send(
            wire.Forecast(
                recipe=RECIPE,
                canvas_width=50,
                canvas_height=50,
                region=wire.Rectangle(10, 20, 30, 20),
                selected=SELECTED,
                selection=bytes([255]) * 20,
                width=30,
                height=20,
                pixels=bytes([10, 200, 30, 255]) * 600,
                roles=[],
            )
        )
        (outlook,) = client.answers()

    assert isinstance(outlook, wire.Outlook)
    assert outlook.data["receiver"] is None
    assert outlook.data["requests"] == 1
    pixels = bytes(outlook.pixels)
    tinted = {
        (number % 30, number // 30)
        for number in range(600)
        if pixels[3 * number : 3 * number + 3] != bytes([10, 200, 30])
    }
    assert tinted == {(x, y) for x in range(5, 15) for y in range(5, 7)}


def test_a_run_with_views_shows_before_and_after() -> None:
    """A dialog gets the crop as it was, and each candidate as it would lie, before its patch."""
    with core() as client:
        client.send(*run(views=15))
        answers = list(client.answers())

    views = [answer for answer in answers if isinstance(answer, wire.View)]
    assert [(view.stage, view.width, view.height) for view in views] == [
        ("original", 15, 10),
        ("result", 15, 10),
    ]
    kinds = [answer.type for answer in answers]
    assert kinds.index("patch") > max(i for i, kind in enumerate(kinds) if kind == "view")


def test_settings_are_changed_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a dialog changes is saved, and the answer says how it is now; keys are never told."""
    monkeypatch.setenv("OVERPAINT_CONFIG", str(tmp_path))
    with core() as client:
        change = {"daily_budget": 2.5, "providers": {"gemini": {"privacy": "allow"}}}
        client.send(wire.Ask(what="change-settings", about=change))
        (answer,) = client.answers()
        client.send(wire.Ask(what="change-key", about={"provider": "gemini", "secret": "sesame"}))
        (kept,) = client.answers()
        client.send(wire.Ask(what="settings", about={}))
        (told,) = client.answers()

    assert isinstance(answer, wire.Answer)
    assert answer.data["daily_budget"] == 2.5
    assert isinstance(kept, wire.Answer)
    assert isinstance(told, wire.Answer)
    gemini = next(each for each in told.data["providers"] if each["name"] == "gemini")
    assert (gemini["privacy"], gemini["key"]) == ("allow", kept.data["where"])
    assert "sesame" not in repr(told)


def test_wrong_settings_are_refused_in_a_sentence() -> None:
    """A setting that cannot be is a failure with a hint, and nothing is saved."""
    (failure,) = ask("change-settings", providers={"gemini": {"privacy": "perhaps"}})

    assert isinstance(failure, wire.Failure)
    assert "perhaps" in failure.sentence


def test_the_setup_is_checked() -> None:
    """Check Setup lists what was looked at, and that all is well here."""
    (answer,) = ask("check-setup")

    assert isinstance(answer, wire.Answer)
    assert answer.data["ok"]
    assert len(answer.data["findings"]) > 5


def test_a_template_takes_the_users_words() -> None:
    """A preset put over a prompt keeps what was said; what it asks for stands there as a gap."""
    with core() as client:
        client.send(wire.Ask(what="facts", about={}))
        (facts,) = client.answers()
        assert isinstance(facts, wire.Answer)
        for template in facts.data["templates"]:
            edit = (template["edits"] or ["inpaint"])[0]
            about = {"id": template["id"], "edit": edit, "prompt": "a fox", "negative": ""}
            client.send(wire.Ask(what="template", about=about))
            (answer,) = client.answers()
            assert isinstance(answer, wire.Answer), template
            assert "a fox" in answer.data["prompt"]
            assert len(answer.data["prompt"] + answer.data["negative"]) > len("a fox")


def test_a_dialog_opens_where_history_cannot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A history that cannot be opened costs the earlier prompts, not the dialog."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("OVERPAINT_DATA", str(tmp_path / "file"))
    (answer,) = ask("facts")

    assert isinstance(answer, wire.Answer)
    assert answer.data["prompts"] == []
