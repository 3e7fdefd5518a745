"""The journal: nothing that was handed over is lost, whatever ends the process."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from overpaint import places
from overpaint.app import outlook
from overpaint.errors import ConnectionLost, FileUnwritable, HistoryProblem, RunUnknown
from overpaint.geometry import Box, Extent
from overpaint.history import Framed, Image, Journal, Mark, Run, State, database
from overpaint.history.planes import pack, unpack
from overpaint.picture import Source
from overpaint.providers.base import Usage
from overpaint.recipe import Edit, Recipe

PNG = b"\x89PNG not looked into "
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ONE = (Framed(Box(0, 0, 40, 30), Extent(1024, 768)),)
TWO = (*ONE, Framed(Box(-4, 2, 40, 30), Extent(1024, 768)))


def a_run(
    prompt: str = "a red door",
    *,
    shots: tuple[Framed, ...] = ONE,
    dtype: type = np.uint8,
    estimate: float | None = None,
    shown: bool = False,
) -> Run:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (30, 40, 4)).astype(np.uint8)
    if dtype == np.float32:
        pixels = (rng.normal(0.5, 1, (30, 40, 4))).astype(np.float32)
    selection = np.zeros((30, 40), np.uint8)
    selection[10:20, 10:20] = 200
    return Run(
        recipe=Recipe(edit=Edit.INPAINT, prompt=prompt, provider="somebody", seed=7),
        provider="somebody",
        model="model-1",
        region=Box(5, 6, 40, 30),
        canvas=Extent(400, 300),
        source=Source(pixels, selection, selection if shown else None),
        shots=shots,
        copied=False,
        prompt=f"Final words: {prompt}",
        document="house.xcf",
        estimate=estimate,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "history") as opened:
        yield opened


def test_a_run_is_on_disk_before_its_request_leaves(journal: Journal) -> None:
    """When begin returns, another process sees the run with all that placing it again needs."""
    run = a_run(dtype=np.float32, shown=True)

    run_id = journal.begin(run)

    with Journal.open(journal.folder) as other:
        record = other.record(run_id)
        source = other.source(run_id)
    assert record.state is State.RUNNING
    assert record.recipe == run.recipe
    assert (record.facts.region, record.facts.canvas) == (run.region, run.canvas)
    assert (record.facts.shots, record.facts.copied) == (run.shots, run.copied)
    assert source.pixels.dtype == np.float32
    assert np.array_equal(source.pixels, run.source.pixels)
    assert np.array_equal(source.selection, run.source.selection)
    assert source.shown is not None
    assert np.array_equal(source.shown, run.source.selection)


def test_a_run_goes_its_way(journal: Journal) -> None:
    """Job names, candidates, texts, usage and the end are all found again."""
    run_id = journal.begin(a_run(shots=TWO))
    journal.submitted(run_id, "job-1")
    journal.submitted(run_id, "job-2")
    paths = [journal.candidate(run_id, 0, shot, PNG + bytes([shot]), "Here.") for shot in (0, 1)]
    journal.candidate(run_id, 3, 1, PNG)
    journal.usage(run_id, Usage(cost=0.25, request_id="r1"))
    journal.usage(run_id, Usage(cost=0.5))
    journal.finish(run_id, State.DONE)

    record = journal.record(run_id)
    kept = journal.candidates(run_id)

    assert record.state is State.DONE
    assert record.remote_ids == ("job-1", "job-2")
    assert record.cost == 0.75
    assert record.count == 2
    assert record.ended is not None
    assert record.ended >= record.began
    assert [(each.number, each.complete) for each in kept] == [(0, True), (3, False)]
    assert [kept[0].files[shot] for shot in (0, 1)] == paths
    assert paths[1].read_bytes() == PNG + b"\x01"
    assert paths[1].suffix == ".png"
    assert kept[0].text == "Here.\nHere."


def test_the_same_bytes_may_come_twice_but_others_never_replace_them(journal: Journal) -> None:
    """A candidate on disk is never overwritten."""
    run_id = journal.begin(a_run())
    first = journal.candidate(run_id, 1, 0, PNG)

    assert journal.candidate(run_id, 1, 0, PNG) == first
    with pytest.raises(ValueError, match="another candidate"):
        journal.candidate(run_id, 1, 0, b"\xff\xd8\xff other")
    assert first.read_bytes() == PNG


def test_a_failure_keeps_what_it_said(journal: Journal) -> None:
    """Code, sentence and hint are stored, but no name or password of an address."""
    run_id = journal.begin(a_run())

    journal.finish(
        run_id, State.FAILED, ConnectionLost("http://user:marked-1@host/v1 broke off.", "Look.")
    )

    error = journal.record(run_id).error
    assert error is not None
    assert (error.code, error.hint) == ("connection-lost", "Look.")
    assert error.sentence == "http://host/v1 broke off."


def test_runs_come_newest_first_and_can_be_searched(journal: Journal) -> None:
    """Every word must be found, in any case; limits and filters hold."""
    ids = [journal.begin(a_run(prompt)) for prompt in ("Äpfel on a table", "a table", "50% off")]
    journal.finish(ids[1], State.DONE)

    def found(*arguments: object, **filters: object) -> list[str]:
        return [record.id for record in journal.runs(*arguments, **filters)]  # type: ignore[arg-type]

    assert found() == ids[::-1]
    assert found(2) == ids[:0:-1]
    assert found(search="TABLE äpfel") == [ids[0]]
    assert found(search="50% house") == [ids[2]]
    assert found(search="%") == [ids[2]]
    assert found(search=ids[1]) == [ids[1]]
    assert found(state=State.DONE) == [ids[1]]
    assert found(provider="nobody") == []
    assert found(since=datetime.now(UTC) + timedelta(hours=1)) == []


def test_ids_are_short_and_can_be_typed(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of an id is enough where it is one run's only; lookalikes are read as meant."""
    letters = iter("abcd0123" + "abce0123")
    monkeypatch.setattr("overpaint.history.journal.secrets.choice", lambda _: next(letters))
    one, two = journal.begin(a_run()), journal.begin(a_run())

    assert journal.record("ABCDOI").id == one == "abcd0123"
    assert journal.record("abce").id == two
    for unknown in ("abc", "x", "", "%", "abcd01234"):
        with pytest.raises(RunUnknown):
            journal.record(unknown)


def test_spending_is_known_by_the_moment(journal: Journal) -> None:
    """Costs count from the moment they were told."""
    run_id = journal.begin(a_run())
    journal.usage(run_id, Usage(cost=0.25))
    journal.usage(run_id, Usage(cost=None, input_tokens=12))

    assert journal.spent(LONG_AGO) == 0.25
    assert journal.spent(datetime.now(UTC) + timedelta(seconds=1)) == 0


@pytest.mark.parametrize(
    ("told", "state", "error", "spent"),
    [
        (None, State.RUNNING, None, 0.4),
        (0.1, State.RUNNING, None, 0.4),
        (0.1, State.DONE, None, 0.1),
        (None, State.DONE, None, 0.4),
        (0.6, State.CANCELLED, None, 0.6),
        (None, State.CANCELLED, None, 0.4),
        (None, State.FAILED, ConnectionLost("It broke off."), 0.4),
        (None, State.FAILED, HistoryProblem("No room."), 0.0),
    ],
)
def test_where_nobody_told_the_price_the_estimate_counts(
    journal: Journal,
    told: float | None,
    state: State,
    error: ConnectionLost | None,
    spent: float,
) -> None:
    """What may have been charged counts against the day's budget, also after it was removed."""
    run_id = journal.begin(a_run(estimate=0.4))
    if told is not None:
        journal.usage(run_id, Usage(cost=told))
    if state is not State.RUNNING:
        journal.finish(run_id, state, error)

    assert journal.spent(LONG_AGO) == pytest.approx(spent)
    if state is not State.RUNNING:
        journal.clear()
        assert journal.runs() == []
        assert journal.spent(LONG_AGO) == pytest.approx(spent)


def test_export_writes_what_came_and_what_it_came_from(journal: Journal, tmp_path: Path) -> None:
    """Candidates leave byte for byte, the recipe as JSON; nothing is overwritten."""
    run_id = journal.begin(a_run(dtype=np.float32))
    journal.candidate(run_id, 1, 0, PNG)

    files = journal.export(run_id, tmp_path / "out")

    names = {path.name.removeprefix(run_id): path for path in files}
    assert set(names) == {".json", "-source.png", "-selection.png", "-1.png"}
    assert names["-1.png"].read_bytes() == PNG
    facts = json.loads(names[".json"].read_text("utf-8"))
    assert Recipe.from_dict(facts["recipe"]) == a_run().recipe
    with pytest.raises(FileUnwritable):
        journal.export(run_id, tmp_path / "out")


def test_candidates_come_out_even_where_the_source_is_damaged(
    journal: Journal, tmp_path: Path
) -> None:
    """Damage to one file is said, and does not take the others along."""
    run_id = journal.begin(a_run())
    journal.candidate(run_id, 1, 0, PNG)
    source = journal.record(run_id).folder / "source"
    source.write_bytes(source.read_bytes()[:-40])

    with pytest.raises(HistoryProblem, match="damaged"):
        journal.source(run_id)
    assert f"{run_id}-1.png" in {path.name for path in journal.export(run_id, tmp_path / "out")}


def test_pruning_takes_what_cost_nothing_first(journal: Journal) -> None:
    """The newest stays; then what was paid for is kept before what can be made again for free."""
    costs = (0.5, 0.0, 0.5, 0.0, 0.0)
    ids = [journal.begin(a_run(estimate=cost)) for cost in costs]
    for run_id, cost in zip(ids, costs, strict=True):
        journal.candidate(run_id, 0, 0, PNG * 1000)
        if cost:
            journal.usage(run_id, Usage(cost=cost))
        journal.finish(run_id, State.DONE)
    size = journal.record(ids[0]).bytes

    journal.prune(max_bytes=3 * size + 2000)

    assert [record.id for record in journal.runs()] == [ids[4], ids[2], ids[0]]


def test_pruning_removes_the_oldest_first(journal: Journal) -> None:
    """Age and size are limits; what is at work and the newest stay; what was spent stays known."""
    ids = [journal.begin(a_run()) for _ in range(4)]
    for run_id in ids[1:]:
        journal.candidate(run_id, 1, 0, PNG * 1000)
        journal.usage(run_id, Usage(cost=1.0))
        journal.finish(run_id, State.DONE)
    size = journal.record(ids[1]).bytes
    folders = {run_id: journal.record(run_id).folder for run_id in ids}

    assert journal.prune(max_bytes=3 * size + 100, max_days=1).runs == 0
    pruned = journal.prune(max_bytes=2 * size + 100)
    assert (pruned.runs, pruned.bytes) == (1, size)
    assert [record.id for record in journal.runs()] == [ids[3], ids[2], ids[0]]
    assert {run_id for run_id, folder in folders.items() if folder.exists()} == set(ids) - {ids[1]}
    assert journal.prune(max_bytes=0, max_days=0).runs == 0
    assert journal.prune(max_days=1e-9).runs == 1
    assert [record.id for record in journal.runs()] == [ids[3], ids[0]]
    assert journal.clear().runs == 1
    assert [record.id for record in journal.runs()] == [ids[0]]
    assert journal.spent(LONG_AGO) == 3.0


def test_a_file_seen_first_by_another_process_keeps_its_text(journal: Journal) -> None:
    """Between file and row, another process may have adopted it."""
    run_id = journal.begin(a_run())
    (journal.record(run_id).folder / "01-000.png").write_bytes(PNG)
    with Journal.open(journal.folder) as other:
        other.candidates(run_id)

    journal.candidate(run_id, 1, 0, PNG, "Here.")

    assert journal.candidates(run_id)[0].text == "Here."


MADE = Mark("inpaint", "somebody", 8, "a red door")
"""What the second candidate of `a_run` says on its layer."""


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (Image("[house] (imported)", Extent(9, 9)), {"house.xcf", "house.xcf: Sky", "[house]"}),
        (Image("HOUSE.xcf", Extent(9, 9)), {"house.xcf", "house.xcf: Sky", "[house]"}),
        (Image("work.xcf", Extent(9, 9)), set()),
        (Image("work.xcf", Extent(9, 9), (MADE,)), {"house.xcf", "house.xcf: Sky", "[house]"}),
        (Image("work.xcf", Extent(9, 9), (replace(MADE, seed=5),)), set()),
        (Image("[Unbenannt]", Extent(400, 300)), {"[Untitled]"}),
        (Image("[Unbenannt]", Extent(401, 300)), set()),
    ],
)
def test_what_was_made_of_an_image_is_found_under_any_name(
    journal: Journal, image: Image, found: set[str]
) -> None:
    """By the name without what GIMP writes around it, or by the recipes on its layers."""
    run = a_run()
    two = replace(run, recipe=replace(run.recipe, count=2))
    other = replace(run, recipe=replace(run.recipe, seed=99))
    journal.begin(replace(two, document="house.xcf"))
    for document in ("[house] (exportiert)", "house.xcf: Sky", "[Untitled]", "housework.xcf"):
        journal.begin(replace(other, document=document))

    documents = {each.facts.document for each in journal.runs(image=image)}

    assert documents == {each.replace("[house]", "[house] (exportiert)") for each in found}
    assert len(journal.runs(1, image=image)) == min(1, len(found))
    assert journal.runs(search="nobody", image=image) == []


def test_one_run_can_be_removed(journal: Journal) -> None:
    """The others stay, and one at work cannot go."""
    gone, left = (journal.begin(a_run()) for _ in range(2))
    journal.finish(gone, State.DONE)
    folder = journal.record(gone).folder

    assert journal.remove(gone).runs == 1
    assert not folder.exists()
    assert [each.id for each in journal.runs()] == [left]
    with pytest.raises(RunUnknown, match="still at work"):
        journal.remove(left)


def test_what_is_cleared_is_gone_from_the_disk(journal: Journal) -> None:
    """No file holds a prompt any more, not even the database's unused pages."""
    run_id = journal.begin(a_run("marked-prompt-1"))
    journal.candidate(run_id, 1, 0, PNG)
    journal.finish(run_id, State.DONE)

    journal.clear()

    left = [path for path in journal.folder.rglob("*") if path.is_file()]
    assert {path.name.partition("-")[0] for path in left} == {"journal.sqlite3"}
    assert not any(b"marked-prompt-1" in path.read_bytes() for path in left)


def test_folders_of_runs_that_never_began_are_swept(journal: Journal) -> None:
    """A crash before the row leaves a folder: it goes, unless it may be beginning right now."""
    old, new = (journal.folder / "2026-01" / name for name in ("old00000", "new00000"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "source").write_bytes(b"x")
    os.utime(old, (0, 0))

    journal.clear()

    assert (old.exists(), new.exists()) == (False, True)


def test_files_are_the_users_alone(tmp_path: Path) -> None:
    """Whatever the umask: folders are 0700, files 0600."""
    before = os.umask(0)
    try:
        with Journal.open(tmp_path / "data" / "history") as journal:
            run_id = journal.begin(a_run())
            journal.candidate(run_id, 1, 0, PNG)
            data = tmp_path / "data"
            modes = {path: path.stat().st_mode for path in (data, *data.rglob("*"))}
    finally:
        os.umask(before)

    assert len(modes) == 11
    for path, mode in modes.items():
        assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), path


# Crashes


def test_a_run_whose_process_is_gone_counts_as_interrupted(tmp_path: Path) -> None:
    """A file without a row, as a crash between the two leaves it, becomes a candidate again."""
    journal = Journal.open(tmp_path)
    run_id = journal.begin(a_run(shots=TWO))
    folder = journal.record(run_id).folder
    (folder / "01-000.png").write_bytes(PNG)
    (folder / ".01-001.png.abcd").write_bytes(b"half")
    journal.close()

    with Journal.open(tmp_path) as later:
        record = later.record(run_id)
        kept = later.candidates(run_id)

    assert record.state is State.INTERRUPTED
    assert record.count == 1
    assert [(each.number, set(each.files), each.complete) for each in kept] == [(1, {0}, False)]


def test_a_run_at_work_is_not_touched_by_others(journal: Journal) -> None:
    """Only the end of its process makes a run interrupted."""
    run_id = journal.begin(a_run())

    with Journal.open(journal.folder) as other:
        assert other.recover() == []
        assert other.clear().runs == 0
        assert other.record(run_id).state is State.RUNNING


def no_locks(*_: object) -> None:
    raise OSError(37, "No locks available")


def test_without_locks_a_run_counts_as_at_work_for_a_day(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have none: history works there as well."""
    monkeypatch.setattr(places, "_lock", no_locks)
    run_id = journal.begin(a_run())

    assert journal.record(run_id).state is State.RUNNING
    assert journal.recover() == []
    os.utime(journal.record(run_id).folder / "running", (0, 0))
    assert journal.recover() == [run_id]


def test_a_file_that_the_user_removed_is_not_offered(journal: Journal) -> None:
    """What is on disk counts, not what was."""
    run_id = journal.begin(a_run(shots=TWO))
    for shot in (0, 1):
        path = journal.candidate(run_id, 1, shot, PNG)
    path.unlink()

    kept = journal.candidates(run_id)

    assert [(set(each.files), each.complete) for each in kept] == [({0}, False)]


WRITERS = """
import os, random, signal, sys, time
from pathlib import Path
from tests.core.test_history import PNG, TWO, a_run
from overpaint.history import Journal

def write():
    journal = Journal.open(Path(sys.argv[1]))
    run_id = journal.begin(a_run(shots=TWO))
    for number in range(10_000):
        for shot in (0, 1):
            journal.candidate(run_id, number, shot, PNG + f"{number} {shot} ".encode() * 500)
            os.write(1, f"{run_id} {number} {shot}\\n".encode())
            os.write(pulse, b".")

rng = random.Random(3)
beat, pulse = os.pipe()
for _ in range(int(sys.argv[2])):
    writers = []
    for _ in range(2):
        writers.append(os.fork())
        if writers[-1] == 0:
            write()
    os.read(beat, rng.choice((1, 1000)))
    for _ in range(rng.randrange(25)):
        os.read(beat, 1)
    time.sleep(rng.uniform(0, 0.01))
    for writer in writers:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
"""


def start_writers(folder: Path, rounds: int) -> subprocess.Popen[str]:
    """Two processes at once that write candidates, name each that is kept, and are killed."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITERS, str(folder), str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_no_kill_loses_a_candidate(tmp_path: Path) -> None:
    """Killed at random moments, two at once: what was kept is there whole, history opens."""
    told = start_writers(tmp_path, 10).communicate()[0].splitlines()
    kept = {
        (run_id, int(number), int(shot)) for run_id, number, shot in (line.split() for line in told)
    }

    with Journal.open(tmp_path) as journal:
        records = journal.runs(None)
        found = {
            (record.id, each.number, shot): path.read_bytes()
            for record in records
            for each in journal.candidates(record.id)
            for shot, path in each.files.items()
        }
        for record in records:
            assert journal.source(record.id).extent == Extent(40, 30)
    assert {record.state for record in records} == {State.INTERRUPTED}
    assert len(kept) > 20
    assert kept <= set(found)
    for (_, number, shot), data in found.items():
        assert data == PNG + f"{number} {shot} ".encode() * 500


@pytest.mark.parametrize("damage", ["garbage", "middle", "missing"])
def test_a_damaged_database_is_made_again_from_the_files(tmp_path: Path, damage: str) -> None:
    """Runs and candidates outlive the database; the damaged one is set aside."""
    with Journal.open(tmp_path) as journal:
        ids = [journal.begin(a_run(f"wish {number}" * 50)) for number in range(9)]
        for run_id in ids[1:]:
            journal.candidate(run_id, 1, 0, PNG)
            journal.finish(run_id, State.DONE)
    file = tmp_path / "journal.sqlite3"
    data = bytearray(file.read_bytes())
    if damage == "garbage":
        file.write_bytes(b"no database " * 1000)
    elif damage == "middle":
        data[4096 : len(data) - 100] = os.urandom(len(data) - 100 - 4096)
        file.write_bytes(data)
    else:
        file.unlink()
        file.write_bytes(b"x" * 10_000)

    with Journal.open(tmp_path) as journal:
        records = {record.id: record for record in journal.runs()}
        assert set(records) == set(ids)
        assert records[ids[0]].state is State.INTERRUPTED
        assert records[ids[1]].state is State.DONE
        assert journal.candidates(ids[1])[0].complete
        assert list(tmp_path.glob("journal.sqlite3.damaged-*"))
        journal.clear()
    assert not list(tmp_path.glob("journal.sqlite3.damaged-*"))


# Several at once


def test_two_processes_and_many_threads_write_at_once(journal: Journal) -> None:
    """GIMP and the command line may edit at the same time."""
    others = start_writers(journal.folder, 2)
    run_id = journal.begin(a_run(shots=TWO))
    failed: list[Exception] = []

    def write(number: int) -> None:
        try:
            for shot in (0, 1):
                journal.candidate(run_id, number, shot, PNG * 10_000)
                journal.usage(run_id, Usage(cost=0.5))
        except Exception as error:  # noqa: BLE001, told below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = others.communicate()[0].splitlines()

    assert len(told) > 2
    assert not failed
    assert journal.record(run_id).cost == 8
    assert [each.complete for each in journal.candidates(run_id)] == [True] * 8


# What the disk refuses


@dataclass
class Disk:
    free: int


def test_nothing_is_begun_where_results_could_not_be_kept(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little room is said before anything is sent, and nothing is left behind."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free=1 << 20))

    with pytest.raises(HistoryProblem, match="Only 1 MB"):
        journal.begin(a_run())
    assert journal.runs() == []


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_said(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin leaves nothing; a candidate that cannot be kept leaves the run as it was."""
    run_id = journal.begin(a_run())
    monkeypatch.setattr(places, "write_whole", full)

    with pytest.raises(HistoryProblem, match="No space left") as caught:
        journal.begin(a_run())
    assert "room" in caught.value.hint
    with pytest.raises(HistoryProblem, match="No space left"):
        journal.candidate(run_id, 1, 0, PNG)
    assert [record.id for record in journal.runs()] == [run_id]
    assert len(list(journal.folder.glob("*/*"))) == 1


def failing(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_candidate_without_a_row_is_kept_all_the_same(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the database fails, the picture is safe and found."""
    run_id = journal.begin(a_run())
    with monkeypatch.context() as patch:
        patch.setattr("overpaint.history.ledger.Ledger._execute", failing)
        path = journal.candidate(run_id, 1, 0, PNG)

    assert path.read_bytes() == PNG
    assert journal.candidates(run_id)[0].files == {0: path}


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    """A file in place of the folder ends in one sentence."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(HistoryProblem):
        Journal.open(tmp_path / "file" / "history")


# The database's versions

SHA256 = {0: "ef6e9dcf30ed67d8"}


def digest(statements: tuple[str, ...]) -> str:
    text = re.sub(r"\s+", " ", ";".join(statements))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_migrations_are_only_added() -> None:
    """What users' databases went through stays as it was."""
    assert {number: digest(each) for number, each in enumerate(database.MIGRATIONS)} == SHA256


@pytest.mark.parametrize("version", range(len(database.MIGRATIONS)))
def test_every_older_database_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """From blank and from each version: the journal works, and has the newest version."""
    file = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(file)
    for statements in database.MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()

    with Journal.open(tmp_path) as journal:
        run_id = journal.begin(a_run())
        journal.finish(run_id, State.DONE)
        assert journal.record(run_id).state is State.DONE
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(database.MIGRATIONS),)
    connection.close()


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    """An older Overpaint says so instead of guessing."""
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(HistoryProblem, match="newer"):
        Journal.open(tmp_path)


# Pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 1, 4), (7, 5, 4), (6, 9), (3, 1, 4)])
def test_pixels_come_back_exactly(dtype: type, shape: tuple[int, ...]) -> None:
    """Every bit, also of infinities and of what is no number."""
    rng = np.random.default_rng(2)
    array = rng.integers(0, 256, (*shape, np.dtype(dtype).itemsize)).astype(np.uint8)
    array = array.view(dtype)[..., 0]
    other = np.asfortranarray(rng.integers(0, 256, (4, 4)).astype(np.uint8))

    back = unpack(pack({"one": array, "two": other}))

    assert back["one"].dtype == array.dtype
    assert back["one"].tobytes() == np.ascontiguousarray(array).tobytes()
    assert np.array_equal(back["two"], other)


def test_damaged_pixels_are_refused() -> None:
    """Nothing that was cut off, changed or blown up is taken for a picture."""
    whole = pack({"one": np.arange(200, dtype=np.uint8).reshape(10, 20)})

    for bad in (
        b"",
        whole[:-1],
        whole[:-20],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole.replace(b"[10, 20]", b"[10, 10]"),
        whole.replace(b'"format": 1', b'"format": 9'),
        b"[]\n",
    ):
        with pytest.raises(ValueError):
            unpack(bad)


def test_what_took_long_before_is_expected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The middle of the last edits of the same kind; of other models and failures nothing."""
    recipe = a_run().recipe
    assert outlook.usual_seconds(recipe) is None
    real, ahead = time.time, [0.0]
    monkeypatch.setattr("time.time", lambda: real() + ahead[0])
    with Journal.open() as journal:
        for seconds, model, failed in (
            (10, None, False),
            (14, None, False),
            (90, None, False),
            (500, "slow", False),
            (500, None, True),
        ):
            run = replace(a_run(), recipe=replace(recipe, model=model))
            run_id = journal.begin(run)
            journal.candidate(run_id, 0, 0, PNG)
            ahead[0] = seconds
            journal.finish(run_id, State.FAILED if failed else State.DONE)
    assert outlook.usual_seconds(recipe) == pytest.approx(14, abs=1)
