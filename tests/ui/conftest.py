"""One GIMP of each version for all tests with our windows; each test meets it like new."""

import os
from collections.abc import Iterator

import pytest
from tests import lab
from tests.ui import scene as scenes
from tests.ui.scene import Scene


@pytest.fixture(scope="session", params=lab.VERSIONS)
def gimp_with_window(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """A GIMP with a window, the plug-in, and a server on loopback."""
    home = tmp_path_factory.mktemp(f"scene-{request.param}")
    try:
        with scenes.started(request.param, home) as scene:
            yield scene
    except lab.LabUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def scene(gimp_with_window: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """OpenAI's server is the usual provider; nothing was ever sent to it."""
    gimp_with_window.dress(**gimp_with_window.hosted())
    yield gimp_with_window
    _report(gimp_with_window.desktop, request)


@pytest.fixture
def desktop(gimp_with_window: Scene, request: pytest.FixtureRequest) -> Iterator[lab.Desktop]:
    """A user who changed no setting."""
    gimp_with_window.dress()
    yield gimp_with_window.desktop
    _report(gimp_with_window.desktop, request)


def _report(desktop: lab.Desktop, request: pytest.FixtureRequest) -> None:
    # Shown by pytest where the test failed.
    print(desktop.messages(), [window.title for window in desktop.windows()])
    scenes.shoot(desktop, f"end-of-{request.node.originalname}")
