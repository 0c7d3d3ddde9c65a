"""Loading weights that others have trained: PyTorch state dicts, ONNX files, `.nntc` files."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nntc
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reference_models.errors import ReferenceModelError

Array = NDArray[np.generic]

_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "BatchNormalization")
_COUNTER = "num_batches_tracked"  # of a normalization in training; no ONNX file has it


def load_weights(network: nn.Module, path: Path) -> None:
    """Give a network the weights of a file.

    Parameters
    ----------
    network
        Of the same layers.
    path
        `.onnx`, `.nntc`, or a PyTorch state dict such as torchvision publishes, in which nothing but tensors
        is accepted.

    Raises
    ------
    ReferenceModelError
        E_WEIGHTS where they do not fit.
    """
    try:
        network.load_state_dict(_read(network, path))
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, nntc.NntcError) as e:
        raise ReferenceModelError("E_WEIGHTS", f"{path}: {e}") from e


def _read(network: nn.Module, path: Path) -> dict[str, Tensor]:
    if path.suffix == ".onnx":
        return _from_onnx(network, onnx.load(path))
    if path.suffix == ".nntc":
        with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
            nntc.decode(path, Path(folder) / "model.onnx")
            return _from_onnx(network, onnx.load(Path(folder) / "model.onnx"))
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _from_onnx(network: nn.Module, model: onnx.ModelProto) -> dict[str, Tensor]:
    """Match tensors by name where the file has the network's names, else by the order of the nodes."""
    state = network.state_dict()
    wanted = [name for name in state if not name.endswith(_COUNTER)]
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in arrays:  # the exporter stores equal tensors once
            arrays[node.output[0]] = arrays[node.input[0]]
    if set(wanted) <= set(arrays):
        found = {name: arrays[name] for name in wanted}
    else:
        inorder = list(_in_order(model, arrays))
        if len(inorder) != len(wanted):
            raise ValueError(f"{len(inorder)} tensors for a network of {len(wanted)}")
        found = dict(zip(wanted, inorder, strict=True))
    loaded = {name: torch.from_numpy(np.array(array)) for name, array in found.items()}
    return dict(state) | loaded


def _in_order(model: onnx.ModelProto, arrays: dict[str, Array]) -> Iterator[Array]:
    for node in model.graph.node:
        if node.op_type in _WEIGHTED:
            yield from (arrays[name] for name in node.input if name in arrays)
