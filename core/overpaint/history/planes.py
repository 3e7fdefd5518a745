"""Pixels as history stores them: lossless, quick to write, about half as large.

One line of JSON that names the arrays, then each array: its bytes in planes (all first bytes of
all first channels, and so on), each byte as the difference to its left neighbour, deflated by
run lengths and Huffman codes only. Of a photograph that is smaller than zlib's fastest makes it
and takes two thirds of the time for 8 bits, a quarter for floats.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from overpaint.language import _

__all__ = ["Array", "pack", "unpack"]

Array: TypeAlias = npt.NDArray[Any]

FORMAT = 1
DTYPES: dict[str, "np.dtype[Any]"] = {"uint8": np.dtype("u1"), "float32": np.dtype("<f4")}


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Return *arrays*, uint8 or float32 of shape (height, width) or (height, width, n)."""
    blobs, listed = [], []
    for name, array in arrays.items():
        dtype = DTYPES[array.dtype.name]
        blob = _deflated(np.ascontiguousarray(array, dtype))
        blobs.append(blob)
        listed.append(
            {"name": name, "dtype": array.dtype.name, "shape": array.shape, "bytes": len(blob)}
        )
    head = json.dumps({"format": FORMAT, "arrays": listed}).encode()
    return b"\n".join([head, b"".join(blobs)])


def unpack(data: bytes) -> dict[str, Array]:
    """Return what :func:`pack` was given; raises ValueError for what is damaged."""
    line, _newline, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["format"] != FORMAT:
            raise ValueError(
                _("its format is {given!r}, not {known}").format(given=head["format"], known=FORMAT)
            )
        arrays, start = {}, 0
        for row in head["arrays"]:
            blob = memoryview(rest)[start : start + row["bytes"]]
            start += row["bytes"]
            arrays[row["name"]] = _inflated(blob, DTYPES[row["dtype"]], tuple(row["shape"]))
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError(
            _("it is damaged ({kind}: {error})").format(kind=type(error).__name__, error=error)
        ) from error
    return arrays


def _deflated(array: Array) -> bytes:
    height, width = array.shape[:2]
    planes = np.moveaxis(array.view(np.uint8).reshape(height, width, -1), 2, 0)
    differences = np.array(planes, order="C")
    differences[:, :, 1:] -= planes[:, :, :-1]
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    return packer.compress(differences.data) + packer.flush()


def _inflated(blob: memoryview, dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape)) * dtype.itemsize
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(blob, size)
    if len(raw) != size:
        raise ValueError(
            _("it is cut off: {there} of {size} bytes").format(there=len(raw), size=size)
        )
    if unpacker.decompress(unpacker.unconsumed_tail, 1) or not unpacker.eof:
        raise ValueError(_("it holds more than it says"))
    differences = np.frombuffer(raw, np.uint8).reshape(-1, *shape[:2])
    planes = np.add.accumulate(differences, axis=2, dtype=np.uint8)
    array: Array = np.ascontiguousarray(np.moveaxis(planes, 0, 2)).view(dtype).reshape(shape)
    return array
