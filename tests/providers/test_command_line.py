"""The command line with every provider, against its server: edit, refusal, crash, history."""

import contextlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from tests.servers import Server
from tests.servers.faults import status
from tests.servers.vendors import KEY, VENDORS, Vendor

from overpaint import cli
from overpaint.providers import registry

pytestmark = pytest.mark.slow

SIZE = (600, 480)
MODULE = ("-m", "overpaint")
CRASH = """
import os, signal, sys
from overpaint import cli, files
files.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.fixture(
    params=[
        pytest.param(vendor, id=vendor.name, marks=pytest.mark.xdist_group(f"cli-{vendor.name}"))
        for vendor in VENDORS
    ]
)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return request.param


@pytest.fixture
def server(vendor: Vendor) -> Iterator[Server]:
    with vendor.server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture and a mask, in a folder of their own."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (40, 50, 3)).astype(np.uint8))
    small.resize(SIZE, Image.Resampling.BICUBIC).save(tmp_path / "photo.png")
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[150:300, 200:350] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


Done = subprocess.CompletedProcess[str]


def environment(vendor: Vendor, folder: Path) -> dict[str, str]:
    keys = dict.fromkeys(registry.entry(vendor.name).keys[:1], vendor.key)
    places = {"OVERPAINT_CONFIG": folder / "config", "OVERPAINT_DATA": folder / "data"}
    return {**os.environ, **{name: str(place) for name, place in places.items()}, **keys}


def overpaint(vendor: Vendor, folder: Path, *arguments: str) -> Done:
    """Run a command in this process: starting one of its own costs more than most commands."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment(vendor, folder)),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = cli.run(list(arguments))
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def started(vendor: Vendor, folder: Path, *arguments: str, start: tuple[str, ...] = MODULE) -> Done:
    """Run a command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=folder,
        env=environment(vendor, folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def edit(vendor: Vendor, server: Server, out: str, *more: str) -> list[str]:
    words = ["inpaint", "photo.png", "--mask", "mask.png", "--prompt", "a wooden door"]
    words += ["--provider", vendor.name, "--base-url", server.url + vendor.base, "--seed", "5"]
    if vendor.model:
        words += ["--model", vendor.model]
    for name, value in vendor.options.items():
        words += ["--option", f"{name}={value}"]
    return [*words, "-o", out, *more]


def layers(path: Path) -> dict[str, bytes]:
    """The layers of an OpenRaster file, by their names."""
    with zipfile.ZipFile(path) as archive:
        stack = ET.fromstring(archive.read("stack.xml")).findall("stack/layer")
        return {each.get("name", ""): archive.read(each.get("src", "")) for each in stack}


def of_history(vendor: Vendor, folder: Path) -> list[dict[str, Any]]:
    return json.loads(overpaint(vendor, folder, "history", "list", "--json").stdout)


def test_an_edit_goes_out_and_comes_back_as_a_layer(
    vendor: Vendor, server: Server, folder: Path
) -> None:
    """Only the region leaves; the result is a layer named after the prompt, and in the history."""
    done = started(vendor, folder, *edit(vendor, server, "out.ora", "--json"))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(layers(folder / "out.ora")) == {"a wooden door", "Original"}
    assert 0 < told["bytes_sent"] < 8_000_000
    assert told["candidates"][0]["recipe"]["seed"] == 5
    (record,) = of_history(vendor, folder)
    assert record["state"] == "done"
    assert record["provider"] == vendor.name
    assert record["document"] == "photo.png"


def test_a_dry_run_sends_nothing(vendor: Vendor, server: Server, folder: Path) -> None:
    """Who would get what is printed, in words and for machines; the server hears nothing."""
    done = overpaint(vendor, folder, *edit(vendor, server, "out.ora", "--dry-run"))
    machines = overpaint(vendor, folder, *edit(vendor, server, "out.ora", "--dry-run", "--json"))

    assert done.returncode == 0, done.stderr
    assert server.url.removeprefix("http://") in done.stdout
    told = json.loads(machines.stdout)
    assert told["requests"] == 1
    assert "a wooden door" in told["prompt"]
    assert not server.requests
    assert not (folder / "out.ora").exists()


def test_after_a_crash_the_result_can_be_placed(
    vendor: Vendor, server: Server, folder: Path
) -> None:
    """Killed between answer and saving: the history places the very pixels of a quiet run."""
    killed = started(vendor, folder, *edit(vendor, server, "lost.ora"), start=("-c", CRASH))
    assert killed.returncode < 0
    (record,) = of_history(vendor, folder)
    jobs = len(server.requests)

    placed = overpaint(
        vendor, folder, "history", "place", record["id"], "photo.png", "-o", "placed.ora"
    )

    assert placed.returncode == 0, placed.stderr
    assert len(server.requests) == jobs, "placing asked the server again"
    quiet = overpaint(vendor, folder, *edit(vendor, server, "quiet.ora"))
    assert quiet.returncode == 0, quiet.stderr
    assert layers(folder / "placed.ora") == layers(folder / "quiet.ora")


def test_no_key_is_left_anywhere(vendor: Vendor, server: Server, folder: Path) -> None:
    """Whatever happens, the marked key is in no output, and in no file that was written."""
    said = []
    for fault in (None, status(401, "echo"), status(500, "echo"), status(400, "echo")):
        server.fault, server.fault_at = fault, vendor.strikes(fault or status(500, "echo"))
        done = overpaint(vendor, folder, *edit(vendor, server, f"out{len(said)}.ora"))
        assert done.returncode == (0 if fault is None else 1), done.stderr
        said.append(done.stdout + done.stderr)
    said.append(overpaint(vendor, folder, "history", "list", "--json").stdout)
    runs = [record["id"] for record in of_history(vendor, folder)]
    said += [overpaint(vendor, folder, "history", "show", run).stdout for run in runs]
    said.append(overpaint(vendor, folder, "keys", "list").stdout)

    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 6
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert not [text for text in said if KEY in text]


def test_keys_can_be_checked_without_paying(vendor: Vendor, server: Server, folder: Path) -> None:
    """A right key is told from a wrong one, and nothing is made."""
    words = ["keys", "check", vendor.name, "--base-url", server.url + vendor.base]
    for name, value in vendor.options.items():
        words += ["--option", f"{name}={value}"]

    good = overpaint(vendor, folder, *words)

    assert good.returncode == 0, good.stderr
    asked = [each for each in server.requests if vendor.makes(each.method, each.path)]
    assert not [each for each in asked if b"prompt" in each.body], "something was made"


@pytest.mark.xdist_group("cli-words")
def test_a_wish_is_rewritten_by_a_language_model(folder: Path) -> None:
    """The words that come back are printed, ready to be used as a prompt."""
    vendor = next(each for each in VENDORS if each.name == "gateway")
    with vendor.server() as server:
        words = ["rewrite", "a door", "--by", "gateway", "--model", "talker", "--json"]
        words += ["--base-url", server.url + vendor.base, "--for", "openai"]
        done = overpaint(vendor, folder, *words)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["prompt"]
    assert not list((folder / "data").rglob("*.png"))


@pytest.mark.xdist_group("cli-words")
def test_a_preset_adds_its_words(folder: Path) -> None:
    """A preset's parts reach the final prompt, beside the user's own words."""
    vendor = next(each for each in VENDORS if each.name == "openai")
    listed = overpaint(vendor, folder, "presets", "--json")
    preset = next(name for name, each in json.loads(listed.stdout).items() if not each["asks"])

    with vendor.server() as server:
        words = edit(vendor, server, "out.ora", "--dry-run", "--json")
        plain = json.loads(overpaint(vendor, folder, *words).stdout)["prompt"]
        more = json.loads(overpaint(vendor, folder, *words, "--preset", preset).stdout)["prompt"]

    assert "a wooden door" in more
    assert len(more) > len(plain)


def test_the_other_edits_go_the_same_way(vendor: Vendor, server: Server, folder: Path) -> None:
    """Two variations are two layers, a style takes its reference or says why not, and a picture
    made from words alone is not the blank that it began with.
    """
    tail = edit(vendor, server, "unused")[6:-2]
    picture = ["photo.png", "--mask", "mask.png"]
    commands = {
        "vary": [*picture, "--prompt", "older", "--count", "2"],
        "style": [*picture, "--prompt", "watercolour", "--reference", "photo.png"],
        "generate": ["--size", "640x480", "--prompt", "a door"],
    }

    for name, words in commands.items():
        done = overpaint(vendor, folder, name, *words, *tail, "-o", f"{name}.ora", "--json")
        assert done.returncode == 0, (name, done.stderr, done.stdout)

    told = json.loads(overpaint(vendor, folder, "history", "list", "--json").stdout)
    assert [(each["recipe"]["edit"], each["candidates"]) for each in told] == [
        ("generate", 1),
        ("style", 1),
        ("variation", 2),
    ]
    with zipfile.ZipFile(folder / "vary.ora") as archive:
        stack = ET.fromstring(archive.read("stack.xml")).findall("stack/layer")
    assert [layer.get("visibility") for layer in stack] == [None, "hidden", None]
    made = np.asarray(Image.open(io.BytesIO(layers(folder / "generate.ora")["a door"])))
    assert (made[..., :3] != 128).any(axis=2).mean() > 0.9


def layered(path: Path, count: int) -> None:
    """Write an OpenRaster file of *count* layers that differ."""
    rng = np.random.default_rng(7)
    stack = "".join(f'<layer name="L{n}" src="data/{n}.png" x="{n}"/>' for n in range(count))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", f'<image w="320" h="256"><stack>{stack}</stack></image>')
        for number in range(count):
            small = Image.fromarray(rng.integers(0, 255, (16, 20, 4)).astype(np.uint8))
            file = io.BytesIO()
            small.resize((320, 256), Image.Resampling.BICUBIC).save(file, "PNG")
            archive.writestr(f"data/{number}.png", file.getvalue())


def test_layers_get_one_style_with_the_whole_as_anchor(
    vendor: Vendor, server: Server, folder: Path
) -> None:
    """The whole is made first where references go along; a layer that fails twice is asked for
    alone the third time, and nothing that was paid for is asked for again.
    """
    layered(folder / "doc.ora", 3)
    words = edit(vendor, server, "out.ora", "--json")
    words[0:4] = ["style", "doc.ora", "--each-layer"]
    made = lambda: sum(vendor.makes(each.method, each.path) for each in server.requests)  # noqa: E731

    planned = overpaint(vendor, folder, *words, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    requests = json.loads(planned.stdout)["requests"]
    assert requests in (3, 4)
    assert made() == 0

    server.fault = fault = status(500, "json")
    strikes = vendor.strikes(fault)
    # The last layer of a run fails: after the whole and two others, then, alone, at once.
    for others in (requests - 1, 0):
        seen: list[str] = []

        def last(method: str, path: str, seen: list[str] = seen, others: int = others) -> bool:
            if strikes(method, path):
                seen.append(path)
            return strikes(method, path) and len(seen) > others

        server.fault_at = last
        broken = overpaint(vendor, folder, *words)
        assert broken.returncode == 1, broken.stdout
        assert len(seen) == others + 1
    server.fault = None
    before = made()
    done = overpaint(vendor, folder, *words)
    assert done.returncode == 0, done.stderr
    assert made() - before == 1
    assert json.loads(done.stdout)["reused"] == 2
