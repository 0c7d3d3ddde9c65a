"""Statistics of a network's layers on samples, and how much noise in each matters."""

from nntc.encoder.calibration.calibration import Calibration, calibrate_network
from nntc.encoder.calibration.collect import collect
from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.output_bias import OutputBias
from nntc.encoder.calibration.sensitivity import Sensitivities, Sensitivity
from nntc.encoder.calibration.statistics import Statistics, TensorStatistics

__all__ = [
    "Along",
    "Calibration",
    "OutputBias",
    "Sensitivities",
    "Sensitivity",
    "Statistics",
    "TensorStatistics",
    "calibrate_network",
    "collect",
]
