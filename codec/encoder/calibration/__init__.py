"""What a network does with samples of its inputs: statistics and sensitivities to encode it by."""

from codec.encoder.calibration.collect import collect
from codec.encoder.calibration.divergence import Divergence, OutputForm, OutputKind, Reference
from codec.encoder.calibration.layers import Along
from codec.encoder.calibration.samples import ModelInput, Samples, load_samples, model_inputs
from codec.encoder.calibration.session import Network, Session
from codec.encoder.calibration.statistics import Statistics, TensorStatistics

__all__ = [
    "Along",
    "Divergence",
    "ModelInput",
    "Network",
    "OutputForm",
    "OutputKind",
    "Reference",
    "Samples",
    "Session",
    "Statistics",
    "TensorStatistics",
    "collect",
    "load_samples",
    "model_inputs",
]
