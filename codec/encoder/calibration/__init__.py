"""What a network does with samples of its inputs: statistics and sensitivities to encode it by."""

from codec.encoder.calibration.calibration import Calibration, calibrate
from codec.encoder.calibration.checkpoint import Checkpoint
from codec.encoder.calibration.collect import collect
from codec.encoder.calibration.divergence import Divergence, OutputForm, OutputKind, Reference
from codec.encoder.calibration.layers import Along
from codec.encoder.calibration.offsets import Offset
from codec.encoder.calibration.samples import ModelInput, Samples, load_samples, model_inputs
from codec.encoder.calibration.sensitivity import Sensitivities, Sensitivity
from codec.encoder.calibration.session import Network, Session
from codec.encoder.calibration.statistics import Statistics, TensorStatistics

__all__ = [
    "Along",
    "Calibration",
    "Checkpoint",
    "Divergence",
    "ModelInput",
    "Network",
    "Offset",
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
