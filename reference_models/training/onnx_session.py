"""ONNX files as functions, run as they would be anywhere."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import torch

from reference_models.training.tasks import Run


def session(path: Path, threads: int) -> Run:
    """Return the function from a model's only input to its first output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = model.get_inputs()[0].name

    def run(inputs: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(model.run(None, {name: inputs.cpu().numpy()})[0]).to(inputs.device)

    return run
