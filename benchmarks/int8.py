"""8-bit integers by onnxruntime's quantization tools, and zstd over the file.

Dynamic: weights in 8 bits, for each channel where the operator allows it, activations as they come; static:
both, activations in ranges seen on the calibration samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import onnx
import zstandard
from nntc.encoder.integers.tool import Samples, with_initializers
from numpy.typing import NDArray
from onnx import version_converter
from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

Batch = Mapping[str, NDArray[Any]]
Kind = Literal["dynamic", "static"]
ZSTD_LEVEL = 19
_PER_CHANNEL_OPSET = 13


def quantize(
    model: Path, kind: Kind, samples: Sequence[Batch], folder: Path, *, per_channel: bool = True
) -> tuple[Path, int]:
    """Quantize a model; return the quantized file, in `folder`, and the bytes it takes by zstd.

    Args:
        model: float ONNX file.
        kind: what to quantize, see this module's description.
        samples: to calibrate static quantization.
        folder: where to leave files.
        per_channel: one scale for each output channel, where the operator allows it; for each tensor else.

    """
    prepared, target = folder / f"{model.stem}-prepared.onnx", folder / f"{model.stem}-{kind}.onnx"
    original = onnx.load(model)
    if next(entry.version for entry in original.opset_import if not entry.domain) < _PER_CHANNEL_OPSET:
        original = version_converter.convert_version(original, _PER_CHANNEL_OPSET)
    onnx.save(with_initializers(original), prepared)
    quant_pre_process(prepared, prepared, skip_symbolic_shape=True)
    if kind == "dynamic":
        quantize_dynamic(prepared, target, per_channel=per_channel, weight_type=QuantType.QInt8)
    else:
        quantize_static(prepared, target, Samples(iter(samples)), per_channel=per_channel)
    return target, len(zstandard.compress(target.read_bytes(), ZSTD_LEVEL))
