"""Photographs that installable packages ship, to measure on.

From the Python index (dependency group "bench"):

    photograph                  package       licence, as the package states it
    astronaut                   scikit-image  public domain (NASA)
    rocket                      scikit-image  public domain (SpaceX)
    china, flower               scikit-learn  CC-BY 2.0
    grace_hopper                matplotlib    public domain (US Navy)
    chelsea, coffee             scikit-image  CC0
    brick, grass, gravel        scikit-image  CC0

From Debian, fetched with apt-get download and unpacked into out/bench, not installed:

    building, home, fruits,     opencv-doc    Apache-2.0 and BSD-3-Clause
    leuven, squirrel, aloe,
    footballer, butterfly,
    barrier, wall
    dune, garden, meadow, leaf, mate-backgrounds  GPL-2+
    storm, water

The last five of the first table are in the evaluation set that PyPatchMatch is developed with,
which might flatter it: they are used only where there are not enough others. The last four of the
second are textures more than pictures, for variations.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["PHOTOS", "Photo", "PhotoMissing", "available", "load", "named"]

Rgb = npt.NDArray[np.uint8]

CACHE = Path(__file__).resolve().parents[1] / "out" / "bench" / "debian"


class PhotoMissing(Exception):
    """A package with a photograph cannot be had; says what to install."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph: its *name*, and the file *path* inside a *package*.

    *familiar*: PyPatchMatch is developed with it.
    """

    name: str
    package: str
    path: str
    debian: bool = False
    familiar: bool = False


def _skimage(name: str, file: str, *, familiar: bool = False) -> Photo:
    return Photo(name, "scikit-image", f"skimage/data/{file}", familiar=familiar)


def _opencv(name: str, file: str) -> Photo:
    return Photo(name, "opencv-doc", f"usr/share/doc/opencv-doc/examples/{file}", debian=True)


def _mate(name: str, file: str) -> Photo:
    return Photo(name, "mate-backgrounds", f"usr/share/backgrounds/mate/{file}", debian=True)


PHOTOS = (
    _skimage("astronaut", "astronaut.png"),
    _opencv("building", "data/building.jpg"),
    Photo("china", "scikit-learn", "sklearn/datasets/images/china.jpg"),
    _opencv("home", "data/home.jpg"),
    _skimage("rocket", "rocket.jpg"),
    _opencv("squirrel", "data/squirrel_cls.jpg"),
    Photo("flower", "scikit-learn", "sklearn/datasets/images/flower.jpg"),
    _opencv("leuven", "data/leuvenA.jpg"),
    _opencv("fruits", "data/fruits.jpg"),
    _mate("dune", "nature/Dune.jpg"),
    _opencv("barrier", "text/scenetext05.jpg"),
    _opencv("footballer", "data/messi5.jpg"),
    _opencv("aloe", "data/aloeL.jpg"),
    _mate("garden", "nature/Garden.jpg"),
    Photo("grace_hopper", "matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg"),
    _opencv("wall", "text/scenetext04.jpg"),
    _opencv("butterfly", "data/butterfly.jpg"),
    _skimage("chelsea", "chelsea.png", familiar=True),
    _skimage("coffee", "coffee.png", familiar=True),
    _skimage("brick", "brick.png", familiar=True),
    _skimage("grass", "grass.png", familiar=True),
    _skimage("gravel", "gravel.png", familiar=True),
    _mate("meadow", "nature/GreenMeadow.jpg"),
    _mate("leaf", "nature/RainDrops.jpg"),
    _mate("storm", "nature/Storm.jpg"),
    _mate("water", "nature/Aqua.jpg"),
)


def available(count: int) -> Iterator[Photo]:
    """Yield up to *count* photographs whose packages can be had, in the order of PHOTOS."""
    missing: set[str] = set()
    for photo in PHOTOS:
        if count < 1:
            return
        if photo.package in missing:
            continue
        try:
            _find(photo)
        except PhotoMissing as reason:
            missing.add(photo.package)
            print(f"left out: {reason}")
            continue
        count -= 1
        yield photo


def named(*names: str) -> Iterator[Photo]:
    """Yield the photographs of these names, as far as their packages can be had."""
    yield from (photo for photo in available(len(PHOTOS)) if photo.name in names)


def load(photo: Photo, pixels: int) -> Rgb:
    """Return *photo* as uint8 (height, width, 3), reduced to at most about *pixels* pixels."""
    with Image.open(_find(photo)) as file:
        picture = file.convert("RGB")
    factor = (pixels / (picture.width * picture.height)) ** 0.5
    if factor < 1:
        size = (round(picture.width * factor), round(picture.height * factor))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _find(photo: Photo) -> Path:
    folder = _unpacked(photo.package) if photo.debian else _installed(photo.package)
    path = folder / photo.path
    if not path.is_file():
        raise PhotoMissing(f"this release of {photo.package} does not ship {photo.path}")
    return path


def _installed(package: str) -> Path:
    try:
        return Path(str(metadata.distribution(package).locate_file("")))
    except metadata.PackageNotFoundError:
        raise PhotoMissing(f"{package} is not installed: pip install {package}") from None


def _unpacked(package: str) -> Path:
    folder = CACHE / package
    if folder.is_dir():
        return folder
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise PhotoMissing(f"{package} comes from Debian, and there is no apt-get here")
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f"fetching Debian's {package} for its photographs")
    got = subprocess.run(
        ["apt-get", "download", package], cwd=CACHE, capture_output=True, check=False
    )
    archives = sorted(CACHE.glob(f"{package}_*.deb"))
    if got.returncode or not archives:
        raise PhotoMissing(f"{package} could not be downloaded: apt-get update, then try again")
    unfinished = CACHE / f"{package}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", archives[-1], unfinished], check=True)
    archives[-1].unlink()
    unfinished.rename(folder)
    return folder
