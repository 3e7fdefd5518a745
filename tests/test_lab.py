"""The lab: how it sets itself up, what it says when it cannot, and that its GIMPs are real."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from tests import lab
from tests.lab import __main__ as command
from tests.lab import host, lock, provision, releases, sources
from tests.lab.sandbox import Sandbox

REPOSITORY = Path(__file__).parent.parent

# Stands in for bubblewrap: does what the step at hand should leave behind, or fails on demand
# (asked for by a variable whose name is among those that are passed on inside).
FAKE_BWRAP = """\
    #!{python}
    import os, pathlib, sys
    words = sys.argv[1:]
    cache = pathlib.Path({cache!r})
    known = ("debootstrap", "install", "xvfb-run", "-c")
    step = next((each for each in known if each in words), "other")
    with (cache / "steps").open("a") as steps:
        steps.write(step + "\\n")
    if step == "debootstrap":
        target = next(each for each in words if each.endswith(".unpacking"))
        pathlib.Path(target, "var/lib/apt/lists").mkdir(parents=True)
    if os.environ.get("PIP_FAIL") == step:
        sys.exit("E: the line was cut")
    if step == "xvfb-run":
        registry = pathlib.Path(os.environ["HOME"], ".config/GIMP/3.0/pluginrc")
        registry.parent.mkdir(parents=True)
        registry.touch()
    if step == "-c":
        print("3.0.9\\n/usr/bin/python3.99")
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder, and a machine whose bubblewrap and debootstrap are fakes."""
    cache = tmp_path / "cache"
    tools = tmp_path / "tools"
    for folder in (cache, tools):
        folder.mkdir()
    script(tools / "bwrap", FAKE_BWRAP.format(python=sys.executable, cache=str(cache)))
    script(tools / "debootstrap", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("OVERPAINT_LAB", str(cache))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(provision, "require_mirror", lambda *_: None)
    return cache


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(textwrap.dedent(text))
    path.chmod(0o755)


def steps(cache: Path) -> list[str]:
    """Which steps were run, in order."""
    return (cache / "steps").read_text().split()


def quiet(_: str) -> None:
    """Say nothing."""


# Setting up


def test_sets_up_once(fake: Path) -> None:
    """A finished set-up is found again without running anything."""
    first = lab.provide("3.0", say=quiet)
    done = steps(fake)
    second = lab.provide("3.0", say=quiet)

    assert (first.release, first.python) == ("3.0.9", "/usr/bin/python3.99")
    assert first == second
    assert done == steps(fake)


@pytest.mark.parametrize("failing", ["debootstrap", "install", "xvfb-run"])
def test_resumes(fake: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """What stopped half way is not taken for complete; the next run does that step again."""
    monkeypatch.setenv("PIP_FAIL", failing)
    with pytest.raises(lab.LabUnavailable):
        lab.provide("3.0", say=quiet)
    with pytest.raises(lab.LabUnavailable, match="not set up"):
        lab.gimp("3.0")
    monkeypatch.delenv("PIP_FAIL")
    found = lab.provide("3.0", say=quiet)

    assert found.release == "3.0.9"
    assert (2 if failing == "debootstrap" else 1) == steps(fake).count("debootstrap")
    assert not (fake / "3.0.unpacking").exists()


def test_a_new_package_is_added(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system set up before the list of packages grew is completed, not unpacked again."""
    lab.provide("3.0", say=quiet)
    monkeypatch.setattr(provision, "PACKAGES", (*releases.PACKAGES, "one-more"))
    lab.provide("3.0", say=quiet)

    assert steps(fake).count("debootstrap") == 1
    assert steps(fake).count("install") == 2


def test_the_log_names_the_reason(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed step is reported with apt's own error, and where the log is."""
    monkeypatch.setenv("PIP_FAIL", "install")
    with pytest.raises(lab.LabUnavailable) as caught:
        lab.provide("3.0", say=quiet)

    assert caught.value.sentence.endswith("E: the line was cut")
    assert str(fake / "3.0.log") in caught.value.hint


def test_two_runs_take_turns(tmp_path: Path) -> None:
    """A second run says that it waits, and starts when the first has ended."""
    said: list[str] = []
    waiting, entered = Event(), Event()

    def say(sentence: str) -> None:
        said.append(sentence)
        waiting.set()

    def second() -> None:
        with lock.exclusive(tmp_path / "lock", say):
            entered.set()

    with lock.exclusive(tmp_path / "lock", said.append):
        thread = Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    thread.join(10)

    assert said == ["waiting for another run"]
    assert entered.is_set()


# What it says when it cannot


def test_without_root(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root is told so before anything is touched."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(lab.LabUnavailable, match="needs root"):
        lab.provide("3.0", say=quiet)

    assert list(fake.iterdir()) == []


def test_without_apt(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the tools and without apt-get is told what is missing."""
    monkeypatch.setenv("PATH", str(fake))
    with pytest.raises(lab.LabUnavailable, match=r"debootstrap and bubblewrap.*no apt-get"):
        lab.provide("3.0", say=quiet)


@pytest.mark.usefixtures("fake")
def test_unknown_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor Debian does not know is named."""
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    with pytest.raises(lab.LabUnavailable, match="abacus"):
        lab.provide("3.0", say=quiet)


def test_without_network(tmp_path: Path) -> None:
    """A mirror that cannot be reached is named, with the reason."""
    mirror = (tmp_path / "debian").as_uri()
    with pytest.raises(lab.LabUnavailable, match=f"{mirror}/dists/forky/Release"):
        provision.require_mirror(mirror, "forky")


def test_status(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--status` only looks: a sentence, a hint, status 1."""
    status = command.main(["--status", "3.2"])

    assert status == 1
    assert "GIMP 3.2 is not set up" in capsys.readouterr().err
    assert list(fake.iterdir()) == []


# What it reads of the host


def test_mirror_from_both_formats(tmp_path: Path) -> None:
    """The main archive is told from security archives, other vendors and what is disabled."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://security.example/debian-security x main\n")
    (tmp_path / "sources.list.d/a.list").write_text("# deb http://old.example/debian x main\n")
    found = [sources.host_mirror(tmp_path)]
    (tmp_path / "sources.list.d/b.sources").write_text(
        "Types: deb\nEnabled: no\nURIs: http://off.example/debian\n\n"
        "Types: deb-src\nURIs: http://source.example/debian\n\n"
        "Types: deb deb-src\n# why\nURIs: http://vendor.example/apt\n https://new.example/debian/\n"
    )
    found.append(sources.host_mirror(tmp_path))
    line = "deb [arch=amd64 signed-by=/k.gpg] http://short.example/debian bookworm main\n"
    (tmp_path / "sources.list").write_text(line)
    found.append(sources.host_mirror(tmp_path))

    assert found == [
        sources.FALLBACK_MIRROR,
        "https://new.example/debian",
        "http://short.example/debian",
    ]


def test_local_folders_of_pip() -> None:
    """Folders that pip's settings name are found, an index with the files that lie beside it."""
    options = [
        ("FIND_LINKS", "/srv/wheels https://example.org/x"),
        ("extra-index-url", "file:///srv/py%20pi/simple\n/srv/other"),
        ("cache-dir", "/var/cache/pip"),
    ]

    assert [Path("/srv/wheels"), Path("/srv/py pi"), Path("/srv/other")] == host.local_paths(
        options
    )


@pytest.mark.usefixtures("fake")
def test_a_gimp_of_the_host(tmp_path: Path) -> None:
    """A GIMP of the right version on the machine is taken, and runs with a private HOME."""
    script(tmp_path / "tools/gimp-console", "#!/bin/sh\necho GIMP version 3.2.1\n")
    gimp = lab.gimp("3.2")
    room = gimp.sandbox(tmp_path / "home")
    done = room.run(["/bin/sh", "-c", "echo $HOME; pwd"])

    assert (gimp.release, gimp.program, gimp.root) == ("3.2.1", "gimp", None)
    assert [str(tmp_path / "home")] * 2 == done.stdout.split()
    with pytest.raises(lab.LabUnavailable):
        lab.gimp("3.0")


def test_a_timeout_ends_all(tmp_path: Path) -> None:
    """A command that takes too long is ended together with what it started."""
    room = Sandbox(None, tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        room.run(["/bin/sh", "-c", "(sleep 2; touch late) & sleep 60"], timeout=0.5)
    time.sleep(2)

    assert not (tmp_path / "late").exists()


# The real ones


@pytest.fixture(params=lab.VERSIONS)
def gimp(request: pytest.FixtureRequest) -> lab.Gimp:
    """Each GIMP in turn."""
    try:
        return lab.gimp(request.param)
    except lab.LabUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.gimp
def test_batch(gimp: lab.Gimp, tmp_path: Path) -> None:
    """A script runs in the very GIMP asked for, and its words are told from GIMP's chatter."""
    done = gimp.batch("print('noise'); report(Gimp.version())", gimp.sandbox(tmp_path))

    assert [gimp.release] == done.reports
    assert gimp.release.startswith(gimp.version)
    assert "noise" in done.stdout


@pytest.mark.gimp
def test_batch_that_fails(gimp: lab.Gimp, tmp_path: Path) -> None:
    """The traceback of a script that raised reaches the test."""
    with pytest.raises(lab.GimpScriptFailed, match="ZeroDivisionError") as caught:
        gimp.batch("half = 1\nhalf / 0", gimp.sandbox(tmp_path))

    assert "script.py" in caught.value.traceback
    assert "line 2" in caught.value.traceback


PLUG_IN = """\
    #!/usr/bin/env python3
    import sys
    import gi
    gi.require_version("Gimp", "3.0")
    gi.require_version("GimpUi", "3.0")
    from gi.repository import Gimp, GimpUi, GLib, GObject
    from menu import LABEL

    class Plant(Gimp.PlugIn):
        def do_set_i18n(self, name):
            return False

        def do_query_procedures(self):
            return ["lab-plant"]

        def do_create_procedure(self, name):
            made = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
            made.set_image_types("*")
            made.set_menu_label(LABEL)
            made.add_menu_path("<Image>/Filters")
            flags = GObject.ParamFlags.READWRITE
            made.add_string_argument("name", "_Name", "", "weed", flags)
            return made

        def run(self, procedure, mode, image, drawables, config, data):
            GimpUi.init("plant")
            dialog = GimpUi.ProcedureDialog.new(procedure, config, "Plant a layer")
            dialog.fill(None)
            answer = Gimp.PDBStatusType.CANCEL
            if dialog.run():
                layer = drawables[0].copy()
                layer.set_name(config.get_property("name"))
                image.insert_layer(layer, None, 0)
                answer = Gimp.PDBStatusType.SUCCESS
            return procedure.new_return_values(answer, GLib.Error())

    Gimp.main(Plant.__gtype__, sys.argv)
"""


def plant(gimp: lab.Gimp, home: Path, label: str) -> None:
    """Install a plug-in that takes its menu label from a module beside it."""
    folder = gimp.user_folder(home) / "plug-ins" / "plant"
    if not folder.exists():
        folder.mkdir(parents=True)
        script(folder / "plant.py", PLUG_IN)
    (folder / "menu.py").write_text(f"LABEL = {label!r}\n")


@pytest.mark.gimp
def test_plug_ins_are_asked_anew(gimp: lab.Gimp, tmp_path: Path) -> None:
    """A change in a module beside a plug-in shows at the next start in the same HOME."""
    look = "report(Gimp.get_pdb().lookup_procedure('lab-plant').get_menu_label())"
    labels = ["First", "Second one"]
    found = []
    for label in labels:
        plant(gimp, tmp_path, label)
        found += gimp.batch(look, gimp.sandbox(tmp_path)).reports

    assert labels == found


@pytest.mark.gimp
def test_sandbox(gimp: lab.Gimp, tmp_path: Path) -> None:
    """Both sides see HOME at one path; the rest is read-only, private or gone with the command."""
    if gimp.root is None:
        pytest.skip("the host's own GIMP runs without a sandbox")
    room = gimp.sandbox(tmp_path, read_only=[REPOSITORY])
    asked = """
        touch "$HOME/seen"
        for each in /usr /etc /var %s; do touch $each/x 2>/dev/null && echo wrote $each; done
        mkdir locked; chmod 500 locked; touch locked/x 2>/dev/null && echo not locked
        cat /proc/net/dev | grep -c eth
        sleep 600 & ls /proc | grep -c '^[0-9]'
    """
    done = room.run(["sh", "-c", asked % REPOSITORY], check=False, timeout=20)

    assert (tmp_path / "seen").exists()
    assert done.stdout.split() == ["0", "5"]


@pytest.mark.gimp
def test_python_inside(gimp: lab.Gimp, tmp_path: Path) -> None:
    """A virtual environment with pip can be made of GIMP's own Python."""
    room = gimp.sandbox(tmp_path)
    room.run([gimp.python, "-m", "venv", "venv"])

    assert "pip" in room.run(["venv/bin/python", "-m", "pip", "--version"]).stdout


@pytest.mark.gimp
@pytest.mark.window
def test_desktop(gimp: lab.Gimp, tmp_path: Path) -> None:
    """A window comes up whose menus, plug-ins and undo work while scripts run in the session."""
    plant(gimp, tmp_path, "_Q plant")
    with lab.Desktop(gimp, gimp.sandbox(tmp_path)) as desktop:
        desktop.python(
            "image = Gimp.Image.new(640, 480, Gimp.ImageBaseType.RGB)\n"
            "layer = Gimp.Layer.new(image, 'Sky', 640, 480, Gimp.ImageType.RGB_IMAGE, 100,\n"
            "                       Gimp.LayerMode.NORMAL)\n"
            "image.insert_layer(layer, None, 0)\n"
            "Gimp.Display.new(image)\n"
        )
        window = desktop.wait_for_window("640.480")
        desktop.wait_until_still()
        shot = desktop.screenshot(tmp_path / "shot.png")
        desktop.key("alt+r", "q")
        dialog = desktop.wait_for_window("^Plant a layer$")
        desktop.activate(dialog)
        desktop.key("alt+n", "ctrl+a")
        desktop.type("Äpfel 10 €")
        desktop.key("alt+o")
        desktop.wait_until_gone(dialog)
        names = "report([each.get_name() for each in image.get_layers()])"
        after = desktop.python(names)
        desktop.activate(window)
        desktop.key("ctrl+z")
        desktop.wait_until_still()
        undone = desktop.python(names)

    assert shot.read_bytes()[:4] == b"\x89PNG"
    assert after == [["Äpfel 10 €", "Sky"]]
    assert undone == [["Sky"]]


@pytest.mark.gimp
@pytest.mark.window
def test_desktop_after_a_crash(gimp: lab.Gimp, tmp_path: Path) -> None:
    """A GIMP that was killed is noticed, and another one starts on the same HOME."""
    with lab.Desktop(gimp, gimp.sandbox(tmp_path)) as desktop:
        with pytest.raises(lab.GimpScriptFailed, match="KeyError"):
            desktop.python("{}['x']")
        waiting = desktop.start_python(
            "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
        )
        with pytest.raises(lab.DesktopFailed, match="GIMP has ended"):
            waiting.result()
        desktop.start_gimp()

        assert desktop.python("report(len(Gimp.get_images()))") == [0]


@pytest.mark.gimp
@pytest.mark.window
def test_as_the_host(gimp: lab.Gimp, tmp_path: Path) -> None:
    """On a machine that has this GIMP itself, batch and desktop work without bubblewrap."""
    code = tmp_path / "code.py"
    code.write_text(textwrap.dedent(AS_THE_HOST))
    environment = {"PYTHONPATH": str(REPOSITORY)}
    room = gimp.sandbox(tmp_path, read_only=[REPOSITORY], env=environment)
    lines = room.run([gimp.python, code, gimp.version]).stdout.splitlines()

    assert lines[:3] == ["None", gimp.release, gimp.release]
    assert len(lines[3].split()) == 2, "bubblewrap and this script itself"


AS_THE_HOST = """\
    import sys
    from pathlib import Path
    from tests import lab

    gimp = lab.gimp(sys.argv[1])
    room = gimp.sandbox(Path("inner").absolute())
    print(gimp.root)
    print(*gimp.batch("report(Gimp.version())", room).reports)
    with lab.Desktop(gimp, room) as desktop:
        print(*desktop.python("report(Gimp.version())"))
    print(*[each.name for each in Path("/proc").iterdir() if each.name.isdigit()])
"""
