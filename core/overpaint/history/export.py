"""Writing a run out: its facts with the recipe, what came, and what it came from."""

from pathlib import Path

import numpy as np

from overpaint.codec import encode_png
from overpaint.errors import FileUnwritable
from overpaint.history.records import Kept, Record
from overpaint.language import _
from overpaint.picture import Source

__all__ = ["write"]


def write(record: Record, kept: list[Kept], source: Source | None, folder: Path) -> list[Path]:
    """Write it all to *folder* and return the files.

    Candidates go out as they came, *source* and its selection as 8-bit PNGs to look at, clipped
    to sRGB. Raises FileUnwritable, also where one of the files is there already.
    """
    made = {".json": record.facts.to_json().encode()}
    if source is not None:
        pixels = source.pixels
        if pixels.dtype != np.uint8:
            pixels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
        made["-source.png"] = encode_png(np.asarray(pixels, np.uint8))
        made["-selection.png"] = encode_png(source.selection)
    single = len(record.facts.shots) == 1
    for each in kept:
        for shot, file in each.files.items():
            name = f"-{each.number}" if single else f"-{each.number}-{shot}"
            made[name + file.suffix] = file.read_bytes()
    files = {folder / f"{record.id}{name}": data for name, data in made.items()}
    for path in files:
        if path.exists():
            raise FileUnwritable(
                _("{path} is there already.").format(path=path), _("Name another folder.")
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            path.write_bytes(data)
    except OSError as error:
        raise FileUnwritable(
            _("Nothing can be written to {folder}: {reason}.").format(
                folder=folder, reason=error.strerror or error
            ),
            _("Choose another folder, or make room."),
        ) from error
    return list(files)
