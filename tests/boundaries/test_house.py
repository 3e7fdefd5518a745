"""The house: start-up time's cause, no secrets, no traces of a workplace."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = {"cv2", "patchmatch", "PIL", "httpx", "rich", "scipy", "skimage", "pytest"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return {name.split(".")[0] for name in json.loads(out.stdout)}


def test_a_core_process_starts_without_heavy_libraries() -> None:
    """What is slow to import is imported where it is used."""
    assert not loaded_by("overpaint.serve") & (HEAVY | {"http"})


def test_the_command_line_starts_without_heavy_libraries() -> None:
    """`overpaint --help` does not wait for a picture library."""
    assert not loaded_by("overpaint.cli") & (HEAVY | {"numpy"})


def test_no_key_is_in_the_repository() -> None:
    """Nothing in a file looks like a key of one of the vendors."""
    shapes = re.compile(rb"\b(sk-[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{30,}|ghp_[A-Za-z0-9]{30,})")

    found = [path for path in tracked() if shapes.search(path.read_bytes())]

    assert not found
