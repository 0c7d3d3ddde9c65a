"""Networks as ONNX files whose weights are those of the network, bit for bit.

The exporter that traces is chosen: it makes one LSTM node of an LSTM and writes opset 17 itself. `PRESERVE`
keeps it from folding normalizations into convolutions, which would undo few-valued weights.
"""

from __future__ import annotations

import io
import warnings

import torch
from torch import nn

from reference_models.training.tasks import Signature

OPSET = 17


def export(network: nn.Module, signature: Signature) -> bytes:
    """Write a network in evaluation mode as ONNX, any number of examples in a batch."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation of this exporter, advice about LSTM batches
        torch.onnx.export(
            network,
            (signature.example,),
            file,
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=[signature.input],
            output_names=[signature.output],
            dynamic_axes={signature.input: {0: "batch"}, signature.output: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=_has_recurrence(network),
        )
    return file.getvalue()


def _has_recurrence(network: nn.Module) -> bool:
    """Tell whether there is an LSTM, whose weights reach their node's layout by folding of constants."""
    return any(isinstance(module, nn.LSTM) for module in network.modules())
