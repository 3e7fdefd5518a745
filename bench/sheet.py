"""Contact sheets: rows of pictures with a line of text above each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

__all__ = ["write"]

WIDTH = 300
LINE = 14
GAP = 4

Cell = tuple[str, npt.NDArray[np.uint8]]


def write(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Write *rows* of labelled pictures as one PNG; the pictures of a row have one size."""
    heights = [round(WIDTH * row[0][1].shape[0] / row[0][1].shape[1]) for row in rows]
    columns = max(len(row) for row in rows)
    size = (columns * (WIDTH + GAP), sum(heights) + len(rows) * (LINE + GAP))
    sheet = Image.new("RGB", size, "black")
    draw = ImageDraw.Draw(sheet)
    y = 0
    for row, height in zip(rows, heights, strict=True):
        for column, (label, pixels) in enumerate(row):
            x = column * (WIDTH + GAP)
            draw.text((x, y), label, fill="white")
            small = Image.fromarray(pixels).resize((WIDTH, height), Image.Resampling.LANCZOS)
            sheet.paste(small, (x, y + LINE))
        y += height + LINE + GAP
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
