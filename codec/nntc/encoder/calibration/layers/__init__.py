"""Layers by kind, one file for each: what weights are multiplied with."""

from nntc.encoder.calibration.layers.embedding import TableInput
from nntc.encoder.calibration.layers.find import Layer, find_layer
from nntc.encoder.calibration.layers.layer import Along, LayerInput, Placement

__all__ = ["Along", "Layer", "LayerInput", "Placement", "TableInput", "find_layer"]
