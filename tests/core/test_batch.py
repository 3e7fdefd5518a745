"""Many edits from one list: one bad line stops nothing, and what is done is not made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint.cli import run

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
