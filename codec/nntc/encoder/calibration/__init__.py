"""What a network does with samples of its inputs: statistics and sensitivities to encode it by."""

from nntc.encoder.calibration.calibration import Calibration, calibrate
from nntc.encoder.calibration.collect import collect
from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.output_bias import OutputBias
from nntc.encoder.calibration.sensitivity import Sensitivities, Sensitivity
from nntc.encoder.calibration.statistics import Statistics, TensorStatistics
from nntc.encoder.network.checkpoint import Checkpoint
from nntc.encoder.network.divergence import Divergence, OutputForm, OutputKind, Reference
from nntc.encoder.network.samples import ModelInput, Samples, load_samples, model_inputs
from nntc.encoder.network.session import Network, Session

__all__ = [
    "Along",
    "Calibration",
    "Checkpoint",
    "Divergence",
    "ModelInput",
    "Network",
    "OutputBias",
    "OutputForm",
    "OutputKind",
    "Reference",
    "Samples",
    "Sensitivities",
    "Sensitivity",
    "Session",
    "Statistics",
    "TensorStatistics",
    "calibrate",
    "collect",
    "load_samples",
    "model_inputs",
]
