"""Many edits from one list: one bad line stops nothing, and what is done is not made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint import places
from overpaint.cli import run
from overpaint.commands import batch as module

REMOVE = {"version": 1, "edit": "remove", "seed": 4}
STYLE = {"version": 1, "edit": "style", "seed": 4, "look": {"style": "oil"}}


def write(folder: Path, *lines: Any) -> Path:
    """A picture, a mask, and a list with these lines."""
    y, x = np.mgrid[:40, :60]
    picture = np.dstack([x * 4 % 256, y * 6 % 256, (x + y) * 2 % 256]).astype(np.uint8)
    Image.fromarray(picture).save(folder / "in.png")
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 10:30] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    jobs = folder / "jobs.jsonl"
    jobs.write_text(
        "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines)
    )
    return jobs


def line(out: str, recipe: dict[str, Any] = REMOVE, **more: Any) -> dict[str, Any]:
    return {"image": "in.png", "mask": "mask.png", "out": out, "recipe": recipe, **more}


def told(jobs: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    status = run(["batch", str(jobs), "--json", *more])
    return status, json.loads(capsys.readouterr().out)


def test_one_bad_line_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each failure names its line and what to do; the exit status says that there were some."""
    jobs = write(
        tmp_path,
        line("a.png"),
        "{not json",
        line("b.png", {"version": 1, "edit": "polish"}),
        "",
        line("c.png", image="nobody.png"),
        line("d.png", STYLE, mask=None),
        {**line("e.png"), "extra": 1},
        line("f.png", {"edit": "remove"}),  # all the rest has defaults
    )
    status, report = told(jobs, capsys)
    assert status == 1
    assert [each["line"] for each in report["made"]] == [1, 6, 8]
    assert [each["line"] for each in report["failed"]] == [2, 3, 5, 7]
    assert all(each["error"] and each["hint"] for each in report["failed"])
    assert (tmp_path / "a.png").exists()
    assert (tmp_path / "d.png").exists()


def test_the_same_command_makes_only_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A result that is gone, and a line that was changed, are made again; or all on demand."""
    jobs = write(tmp_path, line("a.png"), line("b.png"), line("c.png"))
    assert told(jobs, capsys)[0] == 0
    first = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").unlink()
    jobs = write(tmp_path, line("a.png"), line("b.png"), line("c.png", {**REMOVE, "seed": 5}))
    _, report = told(jobs, capsys)
    assert report["done_before"] == [1]
    assert [each["line"] for each in report["made"]] == [2, 3]
    _, report = told(jobs, capsys, "--again")
    assert len(report["made"]) == 3
    assert (tmp_path / "a.png").read_bytes() == first


def test_a_list_that_is_not_there_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written."""
    assert run(["batch", str(tmp_path / "nobody.jsonl")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


STRANGE = {
    "no image": line("x.png", image=None),
    "no out": {**line("x.png"), "out": None},
    "a zero byte": line("x.png", image="in\0.png"),
    "half a letter": line("\ud800.png"),
    "too long a name": line("x" * 300 + ".png"),
    "too deep": "[" * 100_000,
    "only a number": "7",
    "no edit": line("x.png", {}),
    "over its image": line("in.png"),
    "over its mask": line("./mask.png"),
    "over an earlier result": line("./a.png"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_a_line_that_is_strange_stops_nothing_and_overwrites_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told with its number, once; what comes before and after it is made."""
    jobs = write(tmp_path, line("a.png"), STRANGE[case], line("b.png"))
    before = {name: (tmp_path / name).read_bytes() for name in ("in.png", "mask.png")}
    status, report = told(jobs, capsys)

    assert status == 1
    assert [each["line"] for each in report["made"]] == [1, 3]
    ((number, code, sentence),) = [
        (each["line"], each["code"], each["error"]) for each in report["failed"]
    ]
    assert (number, code != "unexpected") == (2, True)
    assert "Line 2" not in sentence
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_defect_in_one_line_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is told like any failure, and the report is there."""
    jobs = write(tmp_path, line("a.png"), line("b.png"))
    real = module._run

    def broken(job: Any) -> Any:
        if job.out.name == "a.png":
            raise ZeroDivisionError("nobody knows")
        return real(job)

    monkeypatch.setattr(module, "_run", broken)
    _, report = told(jobs, capsys)

    assert [(each["line"], each["code"]) for each in report["failed"]] == [(1, "unexpected")]
    assert [each["line"] for each in report["made"]] == [2]


def test_a_list_from_any_editor_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mark at the start, ends of lines as Windows has them, Unicode's own inside of a text."""
    prompted = {**STYLE, "prompt": "waves\u2028foam"}
    written = [json.dumps(each, ensure_ascii=False) for each in (line("a.png"), line("b.png"))]
    written.append(json.dumps(line("c.png", prompted), ensure_ascii=False))
    jobs = write(tmp_path)
    jobs.write_bytes(("\ufeff" + "\r\n".join(written)).encode())
    status, report = told(jobs, capsys)

    assert (status, [each["line"] for each in report["made"]]) == (0, [1, 2, 3])


def test_several_pictures_of_one_line_are_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have numbers in their names; the report says where they are."""
    jobs = write(tmp_path, line("a.png", {**REMOVE, "count": 2}))
    _, first = told(jobs, capsys)
    _, second = told(jobs, capsys)

    assert first["made"][0]["saved"] == [str(tmp_path / f"a-{n}.png") for n in (1, 2)]
    assert second["done_before"] == [1]


def test_what_an_edit_has_to_say_is_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A prompt that no offline style matches is styled all the same: who reads must know."""
    jobs = write(tmp_path, line("a.png", {"edit": "style", "prompt": "qwertz"}))
    _, report = told(jobs, capsys)
    assert any("qwertz" in each for each in report["made"][0]["notices"])

    run(["batch", str(jobs), "--again"])
    assert f"Line 1: {report['made'][0]['notices'][0]}" in capsys.readouterr().err


def test_two_runs_over_one_list_do_not_make_everything_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second is refused while the first is at work, and only then."""
    jobs = write(tmp_path, line("a.png"))
    hold = places.Hold(tmp_path / ".jobs.jsonl.done.lock")
    assert run(["batch", str(jobs)]) == 1
    assert "Another 'overpaint batch'" in capsys.readouterr().err
    hold.release()

    assert run(["batch", str(jobs)]) == 0
    assert not list(tmp_path.glob("*.lock"))


def test_an_interrupted_run_tells_what_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 130 and the report so far; the same command goes on."""
    jobs = write(tmp_path, line("a.png"), line("b.png"))
    real = module._run

    def interrupted(job: Any) -> Any:
        if job.out.name == "b.png":
            raise KeyboardInterrupt
        return real(job)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_run", interrupted)
        status, report = told(jobs, capsys)
    assert (status, [each["line"] for each in report["made"]]) == (130, [1])

    status, report = told(jobs, capsys)
    assert (status, report["done_before"]) == (0, [1])


def test_a_folder_where_nothing_can_be_noted_is_said_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all of it would be made, and paid, again."""
    jobs = write(tmp_path, line("a.png"))

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(places, "Hold", refused)
    assert run(["batch", str(jobs)]) == 1
    assert "cannot be noted" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
