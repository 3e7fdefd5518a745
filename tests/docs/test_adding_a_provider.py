"""The worked example of docs/adding-a-provider.md is installed and used as it stands there."""

import base64
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from tests.servers import Server, job, run_provider

from overpaint.codec import decode, encode_png
from overpaint.errors import Busy, ContentRefused, KeyRejected, ModelUnknown, RequestRejected
from overpaint.prompt import compose
from overpaint.providers import registry
from overpaint.providers.base import Setup
from overpaint.recipe import Edit, Recipe

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-provider.md"
BLOCK = re.compile(r"^```\w+ ([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = "test-key-marked-1"


class AcmeServer(Server):
    """Acme Pictures: paints what the mask shows in red. *refusal* is what it answers instead."""

    refusal: tuple[int, dict[str, str]] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/edits", self._edit), web.get("/v1/models", self._models)]

    async def _edit(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"reason": f"no such key: {KEY}"}, status=401)
        if self.refusal:
            status, body = self.refusal
            return web.json_response(body, status=status)
        asked = await request.json()
        picture = decode(base64.b64decode(asked["picture"]))
        mask = decode(base64.b64decode(asked["mask"]))[:, :, :1] / 255
        painted = picture * (1 - mask) + np.array([255, 0, 0]) * mask
        made = base64.b64encode(encode_png(painted.astype(np.uint8))).decode()
        return web.json_response({"picture": made, "cost": 0.02})

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(["acme-1", "acme-2"])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path in which the example's package is installed."""
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = [
        f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in found.items())
        for group, found in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._from_others.cache_clear()
    yield tmp_path
    sys.modules.pop("overpaint_acme", None)
    registry._from_others.cache_clear()


@pytest.mark.usefixtures("site")
def test_the_example_is_found_and_makes_an_edit() -> None:
    """Installed by its entry point, it is in the registry and changes what the mask shows."""
    with AcmeServer() as server:
        provider = registry.get("acme", Setup(base_url=f"{server.url}/v1", key=KEY))
        recipe = Recipe(edit=Edit.INPAINT, prompt="a gate", provider="acme")
        words = compose(recipe, provider.capabilities.dialect)
        what = job(prompt=words.prompt, negative=words.negative)

        outcome = run_provider(provider, what)

    assert "acme" in registry.names()
    assert registry.entry("acme").keys == ("ACME_API_KEY",)
    assert outcome.usage is not None
    assert outcome.usage.cost == 0.02
    [picture] = outcome.pictures
    assert (picture[what.mask == 255] == (255, 0, 0)).all()
    assert (picture[what.mask == 0] == what.pixels[what.mask == 0]).all()
    [request] = server.of("/v1/edits")
    assert "a gate" in request.json["prompt"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"reason": "policy"}, ContentRefused),
        (404, {"reason": "model"}, ModelUnknown),
        (400, {"reason": "else"}, RequestRejected),
        (429, {}, Busy),
    ],
)
@pytest.mark.usefixtures("site")
def test_the_examples_errors_are_ours(
    status: int, body: dict[str, str], error: type[Exception]
) -> None:
    """What its service refuses comes out as the documented error."""
    with AcmeServer() as server:
        server.refusal = (status, body)
        provider = registry.get("acme", Setup(base_url=f"{server.url}/v1", key=KEY))
        with pytest.raises(error):
            run_provider(provider)


@pytest.mark.usefixtures("site")
def test_the_example_does_not_show_a_key() -> None:
    """A server that quotes the key in its error is not quoted."""
    with AcmeServer() as server, pytest.raises(KeyRejected) as raised:
        run_provider(registry.get("acme", Setup(base_url=f"{server.url}/v1", key=f"{KEY}x")))

    assert KEY not in str(raised.value)


def test_the_examples_own_test_passes(site: Path) -> None:
    """The test on the page runs as it is, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(site)],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
